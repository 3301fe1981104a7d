/* Options of a command: one table gives the parsing and the help text */
#include "ctl/options.h"

#include <ctype.h>
#include <getopt.h>
#include <string.h>

#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/moment.h"
#include "ctl/places.h"
#include "ctl/text.h"

#define OPTIONS_MAX 16
#define HELP_WIDTH  80

enum {
        CODE_HELP = 'h',
        CODE_ARCHIVE = 0x100,
        CODE_CONFIG,
        CODE_FIRST, /* of the command's own table */
};

int parse_number(const char *s, uint64_t *ret)
{
        uint64_t n = 0;

        if (!*s)
                return -EINVAL;
        for (; *s; s++) {
                if (!isdigit((unsigned char) *s))
                        return -EINVAL;
                if (__builtin_mul_overflow(n, (uint64_t) 10, &n) ||
                    __builtin_add_overflow(n, (uint64_t) (*s - '0'), &n))
                        return -ERANGE;
        }
        *ret = n;
        return 0;
}

static int parse_word(const Option *o, const char *argument)
{
        const char *word = o->words;

        for (unsigned value = o->first_word; *word; value++) {
                size_t n = strcspn(word, ",");

                if (strlen(argument) == n && memcmp(word, argument, n) == 0) {
                        *(unsigned *) o->value = value;
                        return 0;
                }
                word += n;
                word += strspn(word, ", ");
        }
        print_error(_("--%s takes one of %s; '%s' is unknown."), o->name, o->words, argument);
        return -EINVAL;
}

static int option_set(const Option *o, const char *argument)
{
        int r = 0;

        switch (o->type) {
        case OPTION_FLAG:
                *(bool *) o->value = true;
                return 0;
        case OPTION_STRING:
                *(const char **) o->value = argument;
                return 0;
        case OPTION_NUMBER:
                r = parse_number(argument, o->value);
                if (r < 0)
                        print_error(_("--%s takes a whole number, not '%s'."), o->name, argument);
                return r;
        case OPTION_TIME:
                r = parse_moment(argument, now_usec(CLOCK_REALTIME), o->value);
                if (r < 0)
                        print_error(_("--%s takes a time such as 'yesterday', '3d' or "
                                      "'2026-01-31', not '%s'."),
                                    o->name, argument);
                return r;
        case OPTION_WORD:
                return parse_word(o, argument);
        }
        return -EINVAL;
}

void help_print_row(const char *name, const char *between, const char *argument, const char *help,
                    size_t column)
{
        size_t used = text_width(name) +
                      (argument ? text_width(between) + text_width(argument) : 0);

        printf("%s%s%s%*s%s\n", name, argument ? between : "", argument ?: "",
               used < column ? (int) (column - used) : 1, "", help);
}

static void help_row(const char *name, const char *argument, const char *help)
{
        char option[64];

        (void) snprintf(option, sizeof(option), "  --%s", name);
        help_print_row(option, "=", argument, help, 24);
}

/* A paragraph, broken at spaces. */
static void print_paragraph(const char *text)
{
        size_t used = 0;

        while (*text) {
                size_t n = strcspn(text, " ");
                _cleanup_free_ char *word = xstrndup(text, n);
                size_t width = text_width(word);

                if (used > 0 && used + 1 + width > HELP_WIDTH) {
                        putchar('\n');
                        used = 0;
                }
                printf("%s%.*s", used > 0 ? " " : "", (int) n, text);
                used += width + (used > 0);
                text += n;
                text += strspn(text, " ");
        }
        putchar('\n');
}

static void help_print(const Usage *u, const char *command)
{
        printf(_("Usage: scrubjayctl %s [OPTION...]%s%s\n"), command, u->arguments ? " " : "",
               u->arguments ? _(u->arguments) : "");
        putchar('\n');
        print_paragraph(_(u->summary));
        putchar('\n');
        for (size_t i = 0; i < u->n_options; i++)
                help_row(u->options[i].name,
                         u->options[i].argument ? _(u->options[i].argument) : NULL,
                         _(u->options[i].help));
        help_row("archive", _("PATH"), _("read this archive"));
        help_row("config", _("FILE"), _("use only this settings file"));
        help_row("help", NULL, _("show this help"));
        printf(_("\nExample: %s\n"), u->example);
}

static int count_check(const Usage *u, const char *command, int n)
{
        if (n < u->min_arguments)
                print_error(_("%s needs an argument: %s. See 'scrubjayctl %s --help'."), command,
                            _(u->arguments), command);
        else if (u->max_arguments >= 0 && n > u->max_arguments)
                print_error(_("%s was given too many arguments. See 'scrubjayctl %s --help'."),
                            command, command);
        else
                return 0;
        return -EINVAL;
}

int options_clash(const char *one, const char *other)
{
        print_error(_("%s cannot be combined with %s."), one, other);
        return -EINVAL;
}

int options_need(const char *one, const char *other)
{
        print_error(_("%s needs %s."), one, other);
        return -EINVAL;
}

/* A name that was typed wrongly must not be taken for "there is none yet", nor be ignored by who needs no settings. */
static int check_places(void)
{
        if (places.archive && !*places.archive) {
                print_error(_("Option '%s' needs a value."), "--archive");
                return -EINVAL;
        }
        if (places.config && access(places.config, F_OK) < 0) {
                print_error(_("There is no settings file '%s'."), places.config);
                return -ENOENT;
        }
        return 0;
}

int options_parse(const Usage *usage, int argc, char *argv[])
{
        struct option known[OPTIONS_MAX + 4] = {
                { "help", no_argument, NULL, CODE_HELP },
                { "archive", required_argument, NULL, CODE_ARCHIVE },
                { "config", required_argument, NULL, CODE_CONFIG },
        };
        int code;

        for (size_t i = 0; i < usage->n_options && i < OPTIONS_MAX; i++)
                known[3 + i] = (struct option){ usage->options[i].name,
                                                usage->options[i].argument ? required_argument
                                                                           : no_argument,
                                                NULL, CODE_FIRST + (int) i };
        optind = 0; /* main() has used getopt before; 0 makes it start again */
        opterr = 0;
        while ((code = getopt_long(argc, argv, ":h", known, NULL)) >= 0)
                switch (code) {
                case CODE_HELP:
                        help_print(usage, argv[0]);
                        command_end(STATUS_DONE);
                case CODE_ARCHIVE:
                        places.archive = optarg;
                        break;
                case CODE_CONFIG:
                        places.config = optarg;
                        break;
                case ':':
                        print_error(_("Option '%s' needs a value."), argv[optind - 1]);
                        command_end(STATUS_USAGE);
                case '?':
                        print_error(_("%s has no option '%s'. See 'scrubjayctl %s --help'."),
                                    argv[0], argv[optind - 1], argv[0]);
                        command_end(STATUS_USAGE);
                default:
                        if (option_set(usage->options + (code - CODE_FIRST), optarg) < 0)
                                command_end(STATUS_USAGE);
                }
        if (count_check(usage, argv[0], argc - optind) < 0 || check_places() < 0)
                command_end(STATUS_USAGE);
        return optind;
}
