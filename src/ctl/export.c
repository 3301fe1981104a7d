/* scrubjayctl export: the masked archive in other forms, to keep or to give away */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "archive/snapshot.h"
#include "base/file-util.h"
#include "base/terminal-text.h"
#include "base/time-util.h"
#include "ctl/bar.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/render.h"
#include "ctl/session-text.h"
#include "ctl/text.h"

#define FILE_NAME_MAX 200 /* bytes; file systems take 255 */

typedef struct Ids {
        char **list;
        size_t n;
        bool with_trash;
        size_t n_left_out; /* in the trash */
} Ids;

static void ids_done(Ids *ids)
{
        for (size_t i = 0; i < ids->n; i++)
                free(ids->list[i]);
        free(ids->list);
}

static int on_session(void *userdata, const SessionRow *s)
{
        Ids *ids = userdata;

        if (s->trashed && !ids->with_trash) {
                ids->n_left_out++;
                return 0;
        }
        APPEND(ids->list, ids->n, value_copy(s->values + SESSION_ID));
        return 0;
}

/* A new file, private. NULL with errno. */
static FILE *create_file(const char *path)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        FILE *f;

        if (fd < 0)
                return NULL;
        f = fdopen(fd, "w");
        if (!f)
                (void) fd_close(fd);
        return f;
}

static int cannot_write(const char *path, int r)
{
        if (r == -EEXIST)
                print_error(_("'%s' already exists. Give a new or empty folder."), path);
        else
                print_error(_("'%s' cannot be written: %s."), path, strerror(-r));
        return r;
}

static int write_jsonl(Query *q, const Ids *ids, const char *folder)
{
        _cleanup_free_ char *path = path_join(folder, "sessions.jsonl");
        _cleanup_(bar_freep) Bar *bar = bar_new();
        FILE *f;
        int r = 0;

        f = create_file(path);
        if (!f)
                return cannot_write(path, -errno);
        for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                bar_update(bar, ids->n - i, now_usec(CLOCK_MONOTONIC));
                r = render_json(q, ids->list[i], NULL, f);
        }
        r = file_finish(f, r);
        return r < 0 ? cannot_write(path, r) : 0;
}

/* A file name from an id: what a file system or a terminal may not take becomes "_". */
static char *file_name(const char *folder, const char *id)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        size_t size = strnlen(id, FILE_NAME_MAX);
        char *name = NULL;
        uint32_t c;

        (void) strbuf_printf(&b, "%s/%s", folder, *id == '.' ? "_" : "");
        for (size_t n; size > 0; id += n, size -= n) {
                n = utf8_read(id, size, &c);
                if (char_is_unsafe(c) || c == '/' || c == ':' || c == '\\')
                        (void) strbuf_putc(&b, '_');
                else
                        (void) strbuf_append(&b, id, n);
        }
        (void) strbuf_puts(&b, ".md");
        (void) strbuf_take(&b, &name);
        return name;
}

static int write_markdown(Query *q, const Ids *ids, const char *folder)
{
        _cleanup_(bar_freep) Bar *bar = bar_new();
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ids->n; i++) {
                _cleanup_free_ char *path = file_name(folder, ids->list[i]);
                FILE *f = create_file(path);

                bar_update(bar, ids->n - i, now_usec(CLOCK_MONOTONIC));
                if (!f)
                        return cannot_write(path, -errno);
                r = file_finish(f, render_markdown(q, ids->list[i], NULL, f));
                if (r < 0)
                        return cannot_write(path, r);
        }
        return 0;
}

static int write_agentsview(const Ids *ids, const char *folder)
{
        _cleanup_free_ char *archive = NULL, *path = path_join(folder, "sessions.db"),
                            *home = path_join(folder, "home"), *error = NULL;
        int r;

        r = places_archive(&archive);
        if (r < 0)
                return r;
        r = snapshot_write(archive, ids->list, ids->n, path, &error);
        if (r == -EEXIST)
                return cannot_write(path, r);
        if (r < 0) {
                print_error(_("'%s' cannot be written: %s."), path, error ?: strerror(-r));
                return r;
        }
        /* an empty home, so that agentsview finds no transcripts to parse again */
        r = folder_make(home);
        return r < 0 ? cannot_write(home, r) : 0;
}

static void say_how_to_open(const char *folder)
{
        _cleanup_free_ char *absolute = realpath(folder, NULL);

        printf(_("Look at it in a browser:\n  HOME='%s/home' AGENTSVIEW_DATA_DIR='%s' agentsview "
                 "serve --no-sync\n"),
               absolute ?: folder, absolute ?: folder);
}

int command_export(int argc, char *argv[])
{
        bool jsonl = false, markdown = false, agentsview = false;
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_(ids_done) Ids ids = { 0 };
        SessionFilter filter = { 0 };
        const Option options[] = {
                { "jsonl", NULL, N_("one JSON file, one session per line"), OPTION_FLAG, &jsonl },
                { "markdown", NULL, N_("a Markdown file for each session"), OPTION_FLAG,
                  &markdown },
                { "agentsview", NULL, N_("a database for agentsview"), OPTION_FLAG, &agentsview },
                { "project", N_("NAME"), N_("only this project (name or glob)"), OPTION_STRING,
                  &filter.project },
                { "agent", N_("NAME"), N_("only this agent (claude, codex ...)"), OPTION_STRING,
                  &filter.agent },
                { "since", N_("TIME"), N_("active since: yesterday, 3d, 2026-01-31"), OPTION_TIME,
                  &filter.since_usec },
                { "starred", NULL, N_("only starred sessions"), OPTION_FLAG, &filter.starred },
                { "trash", NULL, N_("include sessions in agentsview's trash"), OPTION_FLAG,
                  &ids.with_trash },
        };
        const Usage usage = {
                .arguments = N_("DIR"),
                .summary = N_("Writes masked sessions to a folder, in one of three formats. "
                              "Existing files are never overwritten."),
                .example = "scrubjayctl export --agentsview ~/shared-sessions",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = 1,
        };
        const char *folder;
        int first = options_parse(&usage, argc, argv);
        int r;

        if (jsonl + markdown + agentsview != 1) {
                print_error(_("Give a format: --jsonl, --markdown or --agentsview."));
                return STATUS_USAGE;
        }
        folder = argv[first];
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        r = query_sessions(q, &filter, on_session, &ids);
        if (r < 0)
                return query_failed(q, r);
        r = folder_make(folder);
        if (r < 0)
                return cannot_write(folder, r), STATUS_FAILED;
        r = jsonl      ? write_jsonl(q, &ids, folder)
            : markdown ? write_markdown(q, &ids, folder)
                       : write_agentsview(&ids, folder);
        if (r < 0)
                return STATUS_FAILED;
        printf(P_("%zu session written to '%s'.\n", "%zu sessions written to '%s'.\n", ids.n),
               ids.n, folder);
        if (ids.n_left_out > 0)
                printf(P_("%zu session in the trash was left out; --trash includes it.\n",
                          "%zu sessions in the trash were left out; --trash includes them.\n",
                          ids.n_left_out),
                       ids.n_left_out);
        if (agentsview)
                say_how_to_open(folder);
        return STATUS_DONE;
}
