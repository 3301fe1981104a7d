/*
 * scrubjayctl state: the sync state as JSON, out of the archive and into it
 *
 * Import is the only command that writes the archive. It takes the archive's lock, so it never does so beside the daemon.
 */
#include <inttypes.h>
#include <string.h>

#include "archive/archive.h"
#include "archive/sync-state.h"
#include "base/sqlite-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/text.h"

#define INPUT_MAX ((size_t) 1 << 30)

static int write_out(const SyncState *s, const char *file)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        int r;

        if (file) {
                r = sync_state_save(s, file);
                if (r < 0)
                        print_error(_("'%s' cannot be written: %s."), file, strerror(-r));
                return r < 0 ? STATUS_FAILED : STATUS_DONE;
        }
        if (sync_state_format(s, &b) < 0)
                return STATUS_FAILED;
        fwrite(b.data, 1, b.size, stdout);
        return STATUS_DONE;
}

static int run_export(const char *file)
{
        _cleanup_(sync_state_done) SyncState s = { 0 };
        _cleanup_(query_closep) Query *q = NULL;
        int r;

        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        r = sync_state_export(query_database(q), &s);
        return r < 0 ? query_failed(q, r) : write_out(&s, file);
}

static int read_stdin(SyncState *ret, char **reterr)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        size_t n;

        do {
                if (strbuf_reserve(&b, 64 * 1024) < 0)
                        return -ENOMEM;
                n = fread(b.data + b.size, 1, 64 * 1024, stdin);
                b.size += n;
        } while (n > 0 && b.size < INPUT_MAX);
        if (strbuf_puts(&b, "") < 0)
                return -ENOMEM;
        return sync_state_parse(b.data, b.size, _("standard input"), ret, reterr);
}

static int read_in(const char *file, SyncState *ret)
{
        _cleanup_free_ char *error = NULL;
        int r;

        /* for the daemon a missing file is an empty state; a person who names one means it */
        if (file && access(file, F_OK) < 0) {
                r = -errno;
                print_error(_("'%s' cannot be read: %s."), file, strerror(-r));
                return r;
        }
        r = file ? sync_state_load(file, ret, &error) : read_stdin(ret, &error);
        if (r >= 0 && ret->version == 0) { /* any object of JSON; its totals would be none */
                error = xstrdup("it has no \"version\"");
                r = -EBADMSG;
        }
        if (r < 0)
                print_error(_("The sync state cannot be used, and nothing was changed: %s."),
                            error ?: strerror(-r));
        return r;
}

static void say_result(const SyncState *s, const SyncImport *result)
{
        if (result->outdated) {
                printf(_("The state has version %" PRId64
                         ", older than %d: its totals were imported, and its sessions will be "
                         "synced again.\n"),
                       s->version, SYNC_VERSION);
                return;
        }
        printf(P_("%" PRIu64 " cursor imported", "%" PRIu64 " cursors imported", result->n_taken),
               result->n_taken);
        if (result->n_unknown > 0) {
                printf(", ");
                printf(P_("%" PRIu64 " left out: the archive does not hold its session",
                          "%" PRIu64 " left out: the archive does not hold their sessions",
                          result->n_unknown),
                       result->n_unknown);
        }
        puts(".");
}

/* Imports into the archive at @path, whose lock is held. */
static int import_into(const char *path, const SyncState *s)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        SyncImport result;
        int r;

        r = sqlite_errno(NULL, sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL));
        if (r >= 0) {
                (void) sqlite3_busy_timeout(db, 5000);
                r = sync_state_import(s, db, &result);
        }
        if (r == -EPROTONOSUPPORT)
                print_error(_("The sync state has version %" PRId64
                              ", made by a newer scrubjay; nothing was changed."),
                            s->version);
        else if (r < 0)
                print_error(_("The archive cannot be written, and nothing was changed: %s."),
                            sqlite_reason(db));
        if (r < 0)
                return STATUS_FAILED;
        say_result(s, &result);
        return STATUS_DONE;
}

static int run_import(const char *file)
{
        _cleanup_(archive_closep) Archive *archive = NULL;
        _cleanup_(sync_state_done) SyncState s = { 0 };
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_free_ char *path = NULL, *error = NULL;
        int r;

        if (places_archive(&path) < 0 || read_in(file, &s) < 0)
                return STATUS_FAILED;
        /* archive_open() would make one; there is nothing to import into then */
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        r = archive_open(path, &archive, &error);
        if (r == -EBUSY)
                print_error(_("scrubjayd is using the archive. Stop it first ('systemctl --user "
                              "stop scrubjay'), and start it again afterwards."));
        else if (r < 0)
                print_error("%s", error ?: strerror(-r));
        return r < 0 ? STATUS_FAILED : import_into(path, &s);
}

int command_state(int argc, char *argv[])
{
        const Usage usage = {
                .arguments = N_("export|import [FILE]"),
                .summary = N_("Exports the sync state (how far each session is synced, and the "
                              "totals) as JSON, or imports it. An import takes only the cursors of "
                              "sessions that the archive holds; other sessions are synced as new "
                              "ones. Without FILE: standard output or input."),
                .example = "scrubjayctl state export state.json",
                .min_arguments = 1,
                .max_arguments = 2,
        };
        const char *file;
        int first = options_parse(&usage, argc, argv);

        file = first + 1 < argc ? argv[first + 1] : NULL;
        if (strcmp(argv[first], "export") == 0)
                return run_export(file);
        if (strcmp(argv[first], "import") == 0)
                return run_import(file);
        print_error(_("state takes export or import, not '%s'."), argv[first]);
        return STATUS_USAGE;
}
