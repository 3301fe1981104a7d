/* worker: a request in, progress and a result out, with the real engine on its thread */
#include <poll.h>

#include "base/time-util.h"
#include "fixture.h"
#include "service/settings-load.h"
#include "service/worker.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)

static char folder[] = "/tmp/test-worker-XXXXXX";

static void clear(void)
{
        _cleanup_free_ char *command = NULL;

        if (strstr(folder, "XXXXXX") && !mkdtemp(folder))
                REQUIRE(false);
        REQUIRE(asprintf(&command, "find '%s' -mindepth 1 -delete", folder) > 0);
        REQUIRE(system(command) == 0);
}

static Settings *load(void)
{
        _cleanup_free_ char *source = path_join(folder, "sessions.db"),
                            *archive = path_join(folder, "a.db");
        _cleanup_free_ char *why = NULL;
        Settings *s = NULL;

        REQUIRE(setenv("SCRUBJAY_MASK_RULESDIR", TEST_RULES_DIR, 1) == 0);
        REQUIRE(setenv("SCRUBJAY_IDENTITY_USERID", "me@example.org", 1) == 0);
        REQUIRE(settings_load(&(SettingsOptions){ .source = source,
                                                  .archive = archive,
                                                  .system_folder = folder },
                              &s, &why) == 0);
        return s;
}

/* A source with @n sessions, each with one message. */
static void make_source(int n)
{
        _cleanup_free_ char *path = path_join(folder, "sessions.db"), *sql = NULL;

        REQUIRE(asprintf(&sql,
                         "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
                         " INSERT INTO sessions (id, message_count) SELECT 's' || i, 1 FROM n;"
                         "INSERT INTO messages (session_id, ordinal, role, content)"
                         " SELECT id, 0, 'user', 'hello' FROM sessions;",
                         n) > 0);
        fixture_sql(path, AGENTSVIEW_SCHEMA);
        fixture_sql(path, sql);
}

/* Takes reports until a cycle is finished; the caller owns the last one. */
static WorkerReport finish(Worker *w, uint64_t *ret_n_reports)
{
        uint64_t end = now_usec(CLOCK_MONOTONIC) + PATIENCE_USEC;

        for (;;) {
                struct pollfd p = { .fd = worker_fd(w), .events = POLLIN };
                WorkerReport report;

                REQUIRE(now_usec(CLOCK_MONOTONIC) < end);
                REQUIRE(poll(&p, 1, 1000) >= 0);
                if (!(p.revents & POLLIN))
                        continue;
                worker_take(w, &report);
                if (ret_n_reports)
                        (*ret_n_reports)++;
                if (report.finished)
                        return report;
                worker_report_done(&report);
        }
}

TEST(a_missing_source_is_reported)
{
        clear();
        _cleanup_(settings_unrefp) Settings *settings = load();
        _cleanup_(worker_freep) Worker *w = NULL;

        REQUIRE(worker_new(settings, &w) == 0);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        _cleanup_(worker_report_done) WorkerReport report = finish(w, NULL);

        CHECK_INT(report.result.failure, CYCLE_SOURCE_MISSING);
        CHECK(report.result.sentence && strstr(report.result.sentence, folder));
}

TEST(a_cycle_reports_while_it_runs)
{
        uint64_t n_reports = 0, ticks;

        clear();
        make_source(500);
        _cleanup_(settings_unrefp) Settings *settings = load();
        _cleanup_(worker_freep) Worker *w = NULL;

        REQUIRE(worker_new(settings, &w) == 0);
        ticks = worker_ticks(w);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        _cleanup_(worker_report_done) WorkerReport report = finish(w, &n_reports);

        CHECK_INT(report.result.failure, CYCLE_OK);
        CHECK_INT(report.result.sessions_synced, 500);
        CHECK_INT(report.totals.total_synced, 500);
        CHECK(report.totals.last_sync_at_usec > 0);
        CHECK(worker_ticks(w) > ticks + 100);
        CHECK(n_reports > 1);

        worker_start(w, CYCLE_LOOK, RESYNC_ALL);
        _cleanup_(worker_report_done) WorkerReport again = finish(w, NULL);

        CHECK_INT(again.result.sessions_synced, 500);
        CHECK_INT(again.totals.total_synced, 1000);
}

TEST(a_cycle_ends_early_when_asked)
{
        clear();
        make_source(3000);
        _cleanup_(settings_unrefp) Settings *settings = load();
        _cleanup_(worker_freep) Worker *w = NULL;

        REQUIRE(worker_new(settings, &w) == 0);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        worker_stop(w);
        _cleanup_(worker_report_done) WorkerReport report = finish(w, NULL);

        CHECK_INT(report.result.failure, CYCLE_STOPPING);
        CHECK(report.result.sessions_synced < 3000);
}

TEST(freeing_ends_a_running_cycle)
{
        uint64_t began;

        clear();
        make_source(3000);
        _cleanup_(settings_unrefp) Settings *settings = load();
        Worker *w = NULL;

        REQUIRE(worker_new(settings, &w) == 0);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        began = now_usec(CLOCK_MONOTONIC);
        CHECK(!worker_free(w));
        CHECK(now_usec(CLOCK_MONOTONIC) - began < PATIENCE_USEC);
}

TEST(new_settings_are_in_force_in_the_next_cycle)
{
        clear();
        make_source(10);
        _cleanup_(settings_unrefp) Settings *settings = load(), *other = NULL;
        _cleanup_(worker_freep) Worker *w = NULL;

        REQUIRE(worker_new(settings, &w) == 0);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        _cleanup_(worker_report_done) WorkerReport first = finish(w, NULL);

        CHECK_INT(first.result.sessions_synced, 10);
        REQUIRE(setenv("SCRUBJAY_PRIVACY_EXCLUDE", "p", 1) == 0);
        other = load();
        REQUIRE(unsetenv("SCRUBJAY_PRIVACY_EXCLUDE") == 0);
        worker_set_settings(w, other);
        worker_start(w, CYCLE_LOOK, RESYNC_NONE);
        _cleanup_(worker_report_done) WorkerReport second = finish(w, NULL);

        CHECK_INT(second.result.failure, CYCLE_OK);
        CHECK_INT(second.result.sessions_removed, 10);
        clear();
        (void) rmdir(folder);
}
