/* scrubjayctl share: one session as a page to give away */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/render-html.h"
#include "ctl/rules-load.h"
#include "ctl/session-text.h"
#include "ctl/text.h"

/* The parts of the session's row that say whether it may be given away, and its title. */
typedef struct Row {
        char *title;
        bool is_trashed, is_metadata_only;
} Row;

static void row_done(Row *row)
{
        free(row->title);
}

static int on_session(void *userdata, const SessionRow *s)
{
        Row *row = userdata;

        row->title = session_title(s->values);
        row->is_trashed = s->trashed;
        row->is_metadata_only = s->metadata_only;
        return 0;
}

static int check_row(Query *q, const char *id, Row *ret)
{
        int r = query_session(q, id, on_session, ret);

        if (r < 0)
                return query_failed(q, r);
        if (ret->is_trashed) {
                print_error(_("This session is in agentsview's trash. Restore it there to share it."));
                return STATUS_FAILED;
        }
        if (ret->is_metadata_only) {
                print_error(_("Only metadata of this session is archived (MetadataOnly=), so there "
                              "is nothing to share."));
                return STATUS_FAILED;
        }
        return STATUS_DONE;
}

static void print_preview(const Row *row, const PageSummary *s, const char *path)
{
        _cleanup_free_ char *shown = printable(path), *title = text_cut(row->title, 72);

        printf("%s\n  ", title);
        printf(P_("%" PRIu64 " message, ", "%" PRIu64 " messages, ", s->n_messages), s->n_messages);
        printf(P_("%" PRIu64 " tool call\n  ", "%" PRIu64 " tool calls\n  ", s->n_calls),
               s->n_calls);
        printf(P_("%" PRIu64 " masked place", "%" PRIu64 " masked places", s->n_masked),
               s->n_masked);
        if (s->n_found > 0)
                printf(P_(", and %" PRIu64 " more that the current rules mask",
                          ", and %" PRIu64 " more that the current rules mask", s->n_found),
                       s->n_found);
        printf(_("\n  to '%s'\n"), shown);
        puts(_("Read it before you give it away: rules mask what they recognise, not everything "
               "that is private."));
}

/* Asks; only "y" and "yes" are one. */
static int is_agreed(void)
{
        char line[16] = "";

        if (!isatty(STDIN_FILENO)) {
                print_error(_("There is no terminal to ask on. Use --yes to write it."));
                return STATUS_USAGE;
        }
        printf("%s ", _("Write it? [y/N]"));
        (void) fflush(stdout);
        if (!fgets(line, sizeof(line), stdin))
                line[0] = 0;
        line[strcspn(line, "\n")] = 0;
        return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0 ? STATUS_DONE
                                                                          : STATUS_FAILED;
}

static int write_page(Query *q, const char *id, Masker *masker, const PageSummary *summary,
                      const char *path)
{
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
        int r;

        if (!f) {
                if (errno == EEXIST)
                        print_error(_("'%s' already exists. Give another name with --output."),
                                    path);
                else
                        print_error(_("'%s' cannot be written: %s."), path, strerror(errno));
                return STATUS_FAILED;
        }
        (void) TAKE_FD(fd);
        r = file_finish(f, render_html(q, id, masker, summary, f));
        if (r >= 0)
                return STATUS_DONE;
        print_error(_("'%s' cannot be written: %s."), path, strerror(-r));
        (void) unlink(path); /* half a session says something else than a whole one */
        return STATUS_FAILED;
}

/* "ID.html" in this folder, of characters that each file system takes. */
static char *default_path(const char *id)
{
        char *path = xasprintf("%.200s.html", id);

        for (char *p = path; *p; p++)
                if ((unsigned char) *p <= ' ' || strchr("/\\:*?\"<>|", *p) ||
                    (p == path && *p == '.'))
                        *p = '_';
        return path;
}

int command_share(int argc, char *argv[])
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *masker = NULL;
        _cleanup_free_ char *id = NULL, *path = NULL;
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_(row_done) Row row = { 0 };
        const char *output = NULL;
        PageSummary summary;
        bool yes = false;
        const Option options[] = {
                { "output", N_("FILE"), N_("write to this file (ID.html in this folder)"),
                  OPTION_STRING, &output },
                { "yes", NULL, N_("do not ask"), OPTION_FLAG, &yes },
        };
        const Usage usage = {
                .arguments = N_("ID"),
                .summary = N_("Writes a session as one HTML page to give away, without scripts or "
                              "requests and with masked places marked. Everything is masked once "
                              "more with the current rules. Shows a summary first, and asks."),
                .example = "scrubjayctl share 0199a1b2 --output session.html",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = 1,
        };
        int first = options_parse(&usage, argc, argv);
        int r;

        if (places_open_archive(&q) < 0 || session_find(q, argv[first], &id) < 0)
                return STATUS_FAILED;
        r = check_row(q, id, &row);
        if (r != STATUS_DONE)
                return r;
        if (rules_load_active(&rules) < 0 || rules_new_masker(rules, &masker) < 0)
                return STATUS_FAILED;
        path = output ? xstrdup(output) : default_path(id);
        (void) query_begin(q); /* exactly what was shown is written */
        r = render_html_prepare(q, id, masker, &summary);
        if (r < 0)
                return query_failed(q, r);
        print_preview(&row, &summary, path);
        r = yes ? STATUS_DONE : is_agreed();
        if (r == STATUS_DONE)
                r = write_page(q, id, masker, &summary, path);
        else if (r == STATUS_FAILED)
                print_error(_("Nothing was written."));
        (void) query_end(q);
        return r;
}
