/*
 * scrubjayctl: the command for people
 *
 * It speaks D-Bus to the daemon and reads the archive directly, read-only. It never reads agentsview's database.
 */
#include <getopt.h>
#include <locale.h>
#include <stdarg.h>
#include <string.h>

#include "base/process.h"
#include "base/strbuf.h"
#include "config.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

typedef struct Command {
        const char *name;
        const char *arguments;
        const char *summary;
        int (*run)(int argc, char *argv[]);
} Command;

static const Command commands[] = {
        { NULL, NULL, N_("The service"), NULL },
        { "status", NULL, N_("what runs, what is archived, what to do next"), command_status },
        { "sync", NULL, N_("sync now, and wait until it is done"), command_sync },
        { "resync", NULL, N_("mask and sync every session again"), command_resync },
        { "watch", NULL, N_("show syncs and new secrets as they happen"), command_watch },
        { "log-level", N_("[LEVEL]"), N_("show or set the log level"), command_log_level },
        { "doctor", NULL, N_("check settings, files and service"), command_doctor },
        { "remote", N_("VERB"), N_("list and check the remotes"), command_remote },
        { NULL, NULL, N_("The archive"), NULL },
        { "sessions", NULL, N_("list sessions"), command_sessions },
        { "show", N_("ID"), N_("show a session"), command_show },
        { "search", N_("TEXT"), N_("search all sessions"), command_search },
        { "blame", N_("FILE[:LINE]"), N_("which session wrote a file or a line"), command_blame },
        { "findings", NULL, N_("which secrets were masked, and where"), command_findings },
        { "stats", NULL, N_("count sessions by week, agent and project"), command_stats },
        { "share", N_("ID"), N_("write a session as a page to give away"), command_share },
        { "mcp", NULL, N_("let a model read the archive"), command_mcp },
        { "export", N_("DIR"), N_("write sessions as JSON, Markdown or a database"),
          command_export },
        { "state", N_("VERB [FILE]"), N_("export or import the sync state"), command_state },
        { "verify", NULL, N_("look for secrets that were missed"), command_verify },
        { NULL, NULL, N_("Masking"), NULL },
        { "mask", NULL, N_("mask text from standard input"), command_mask },
        { "rules", NULL, N_("list and test the rules"), command_rules },
};

void print_error(const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf sentence = { 0 }, line = { 0 };
        va_list ap;

        va_start(ap, format);
        (void) strbuf_vprintf(&sentence, format, ap);
        va_end(ap);
        /* what it quotes may come from anywhere */
        (void) put_printable(&line, PRINTABLE_TEXT, sentence.data ?: "", sentence.size);
        fprintf(stderr, "scrubjayctl: %s\n", line.data ?: "");
}

void command_end(int status)
{
        pager_close();
        if (fflush(stdout) != 0 || ferror(stdout)) {
                if (errno != EPIPE && status != STATUS_USAGE) /* else it was told */
                        print_error(_("The output could not be written: %m."));
                status = status == STATUS_USAGE ? status : STATUS_FAILED;
        }
        exit(status);
}

static void print_help(void)
{
        puts(_("Usage: scrubjayctl [--archive=PATH] [--config=FILE] COMMAND [OPTION...]"));
        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                const Command *c = commands + i;
                char name[64];

                if (!c->name) {
                        printf("\n%s:\n", _(c->summary));
                        continue;
                }
                if (!c->run)
                        continue;
                (void) snprintf(name, sizeof(name), "  %s", c->name);
                help_print_row(name, " ", c->arguments ? _(c->arguments) : NULL, _(c->summary), 22);
        }
        puts(_("\n'scrubjayctl COMMAND --help' shows more; every listing takes --json.\nExit "
               "status: 0 success, 1 failure, 2 usage error. Manual: scrubjayctl(1)."));
}

static const Command *find_command(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (commands[i].run && strcmp(commands[i].name, name) == 0)
                        return commands + i;
        return NULL;
}

static void explain_unknown(const char *name)
{
        const char *nearest = NULL;
        size_t fewest = 3; /* with more errors it is another word */

        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                size_t n = commands[i].run ? typing_errors(name, commands[i].name) : SIZE_MAX;

                if (n < fewest && n < strlen(name)) {
                        fewest = n;
                        nearest = commands[i].name;
                }
        }
        if (nearest)
                print_error(_("There is no command '%s'. Did you mean '%s'? See 'scrubjayctl "
                              "--help'."),
                            name, nearest);
        else
                print_error(_("There is no command '%s'. See 'scrubjayctl --help'."), name);
}

/* The options before the command. Returns -1 to go on, or an exit status. */
static int parse_global_options(int argc, char *argv[])
{
        static const struct option known[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, 'V' },
                { "archive", required_argument, NULL, 'a' },
                { "config", required_argument, NULL, 'c' },
                { 0 },
        };
        int code;

        opterr = 0;
        while ((code = getopt_long(argc, argv, "+:h", known, NULL)) >= 0)
                switch (code) {
                case 'h':
                        print_help();
                        return STATUS_DONE;
                case 'V':
                        puts("scrubjayctl " SCRUBJAY_VERSION);
                        return STATUS_DONE;
                case 'a':
                        places.archive = optarg;
                        break;
                case 'c':
                        places.config = optarg;
                        break;
                case ':':
                        print_error(_("Option '%s' needs a value."), argv[optind - 1]);
                        return STATUS_USAGE;
                default:
                        print_error(_("Unknown option '%s'. See 'scrubjayctl --help'."),
                                    argv[optind - 1]);
                        return STATUS_USAGE;
                }
        return -1;
}

int main(int argc, char *argv[])
{
        char help[] = "--help", *name;
        const Command *command;
        int r;

        process_keep_private();
        (void) setlocale(LC_ALL, "");
        (void) bindtextdomain("scrubjay", getenv("SCRUBJAY_LOCALE_DIR") ?: SCRUBJAY_LOCALE_DIR);
        (void) textdomain("scrubjay");
        terminal_init();

        memory_before_end("", pager_close);
        r = parse_global_options(argc, argv);
        if (r >= 0)
                return r;
        if (optind >= argc) {
                print_error(_("No command was given. See 'scrubjayctl --help'."));
                return STATUS_USAGE;
        }
        name = argv[optind];
        if (strcmp(name, "help") == 0 && optind + 1 == argc) {
                print_help();
                return STATUS_DONE;
        }
        if (strcmp(name, "help") == 0) { /* "help show" is "show --help" */
                name = argv[optind + 1];
                argv[optind] = name;
                argv[optind + 1] = help;
        }
        command = find_command(name);
        if (!command) {
                explain_unknown(name);
                return STATUS_USAGE;
        }
        command_end(command->run(argc - optind, argv + optind));
}
