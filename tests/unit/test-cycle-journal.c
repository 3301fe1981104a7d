/* cycle-journal: what is reported once, and the sentence that Status shows */
#include <unistd.h>

#include "service/cycle-journal.h"
#include "service/log.h"
#include "test.h"

static Settings settings = { .source_path = (char *) "/s/sessions.db",
                             .archive_path = (char *) "/a/archive.db" };
static char told[65536]; /* what was logged since begin() */
static int log_fd = -1;

/* From now on stderr is a file that said() reads. */
static void begin(void)
{
        static char path[] = "/tmp/test-cycle-journal-XXXXXX";

        if (log_fd < 0) {
                log_fd = mkstemp(path);
                REQUIRE(log_fd >= 0 && unlink(path) == 0);
        }
        REQUIRE(ftruncate(log_fd, 0) == 0);
        log_set_target(LOG_TARGET_CONSOLE);
}

static int add(CycleJournal *j, const CycleResult *result)
{
        int saved = dup(STDERR_FILENO), r;

        REQUIRE(saved >= 0 && lseek(log_fd, 0, SEEK_END) >= 0 && dup2(log_fd, STDERR_FILENO) >= 0);
        r = cycle_journal_add(j, &settings, 1000, result);
        REQUIRE(dup2(saved, STDERR_FILENO) >= 0 && close(saved) == 0);
        return r;
}

/* How often the log holds @text since begin(). */
static unsigned n_told(const char *text)
{
        ssize_t size = pread(log_fd, told, sizeof(told) - 1, 0);
        unsigned n = 0;

        REQUIRE(size >= 0);
        told[size] = 0;
        for (const char *p = told; (p = strstr(p, text)); p++)
                n++;
        return n;
}

static int fail(CycleJournal *j, CycleFailure failure, const char *sentence)
{
        return add(j, &(CycleResult){ .failure = failure, .sentence = (char *) sentence });
}

TEST(a_failure_is_reported_when_it_begins_and_ends)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };

        begin();
        CHECK_INT(fail(&j, CYCLE_ARCHIVE_UNAVAILABLE, "The disk is full."), 1);
        CHECK_STR(j.last_error, "The disk is full.");
        for (int i = 0; i < 5; i++)
                CHECK_INT(fail(&j, CYCLE_ARCHIVE_UNAVAILABLE, "The disk is full."), 0);
        CHECK_INT(n_told("The disk is full."), 1);
        CHECK_INT(add(&j, &(CycleResult){ 0 }), 1);
        CHECK(!j.last_error);
        CHECK_INT(n_told("can be written again"), 1);
        CHECK_INT(add(&j, &(CycleResult){ 0 }), 0);
        CHECK_INT(n_told("again"), 1);
}

TEST(another_cause_is_reported)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };

        begin();
        CHECK_INT(fail(&j, CYCLE_SOURCE_MISSING, "It does not exist yet."), 1);
        CHECK_INT(fail(&j, CYCLE_SOURCE_UNAVAILABLE, "It is locked."), 1);
        CHECK_INT(fail(&j, CYCLE_SOURCE_UNAVAILABLE, "It is damaged."), 1);
        CHECK_INT(n_told("locked") + n_told("damaged") + n_told("not exist"), 3);
        CHECK_STR(j.last_error, "It is damaged.");
        CHECK_INT(add(&j, &(CycleResult){ 0 }), 1);
        CHECK_INT(n_told("can be read again"), 1);
}

TEST(session_errors_are_reported_once_and_kept_short)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };
        _cleanup_(cycle_result_done) CycleResult many = { 0 };

        begin();
        for (int i = 0; i < 30; i++) {
                char id[32];

                (void) snprintf(id, sizeof(id), "session-%d", i);
                cycle_result_add_error(&many, id, strlen(id), "its rows are damaged");
        }
        CHECK_INT(add(&j, &many), 1);
        CHECK(j.last_error && strstr(j.last_error, "30 sessions") &&
              strstr(j.last_error, "'session-0'"));
        CHECK_INT(n_told("could not be synced: its rows"), 20);
        CHECK_INT(n_told("10 more sessions"), 1);
        CHECK_INT(add(&j, &many), 0);
        CHECK_INT(n_told("could not be synced: its rows"), 20);
        CHECK_INT(add(&j, &(CycleResult){ 0 }), 1);
        CHECK_INT(add(&j, &many), 1);
        CHECK_INT(n_told("could not be synced: its rows"), 40);
}

TEST(a_stop_is_no_error)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };

        begin();
        CHECK_INT(fail(&j, CYCLE_STOPPING, "It was stopped."), 0);
        CHECK(!j.last_error);
}

TEST(idle_cycles_are_logged_only_at_debug)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };

        begin();
        (void) add(&j, &(CycleResult){ .sessions_skipped = 7 });
        CHECK_INT(n_told("Synced"), 0);
        log_set_max_level(LOG_DEBUG);
        (void) add(&j, &(CycleResult){ .sessions_skipped = 7 });
        CHECK_INT(n_told("Synced 0 sessions (7 unchanged"), 1);
        log_set_max_level(LOG_INFO);
        (void) add(&j, &(CycleResult){ .sessions_synced = 3, .secrets_detected = 2 });
        CHECK_INT(n_told("Synced 3 sessions (0 unchanged, 0 failed), masked 2 secrets (0 new)"), 1);
        (void) add(&j,
                   &(CycleResult){ .sessions_synced = 1, .secrets_detected = 1, .secrets_new = 1 });
        CHECK_INT(n_told("Synced 1 session (0 unchanged, 0 failed), masked 1 secret (1 new)"), 1);
}

TEST(rules_and_swaps_are_reported)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };
        _cleanup_(cycle_result_done) CycleResult result = { .source_swapped = true, .full = true };

        begin();
        rule_counts_add(&result.rules, &result.n_rules, "some-rule", 4);
        (void) add(&j, &result);
        CHECK_INT(n_told("Masked 4 new secrets by the rule 'some-rule'"), 1);
        CHECK_INT(n_told("Another file replaced '/s/sessions.db'"), 1);
        CHECK_INT(n_told("All sessions were synced again"), 1);
        result.sessions_synced = 1000;
        (void) add(&j, &result);
        CHECK_INT(n_told("All sessions were synced again"), 1); /* the first time ever */
}

TEST(a_warning_is_shown_and_logged_once)
{
        _cleanup_(cycle_journal_done) CycleJournal j = { 0 };

        begin();
        for (int i = 0; i < 3; i++)
                (void) add(&j,
                           &(CycleResult){ .warning = (char *) "New rules are broken, the old ones stay." });
        CHECK_STR(j.last_error, "New rules are broken, the old ones stay.");
        CHECK_INT(n_told("New rules are broken"), 1);
}

TEST(levels_and_targets_have_names)
{
        for (int level = LOG_EMERG; level <= LOG_DEBUG; level++)
                CHECK_INT(log_level_from_name(log_level_name(level)), level);
        CHECK_INT(log_level_from_name("4"), LOG_WARNING);
        CHECK_INT(log_level_from_name("8"), -EINVAL);
        CHECK_INT(log_level_from_name(""), -EINVAL);
        CHECK(!log_level_name(8));
        for (int t = LOG_TARGET_AUTO; t <= LOG_TARGET_NULL; t++)
                CHECK_INT(log_target_from_name(log_target_name((LogTarget) t)), t);
        CHECK_INT(log_target_from_name("kmsg"), -EINVAL);
}
