/*
 * The road of a parcel, from archive to settled ledger, against a remote in memory: every step failing in every way
 */
#include <time.h>

#include "archive-fixture.h"
#include "memory-remote.h"
#include "remote/delivery.h"
#include "remote/ledger.h"

/* An archive that somebody works with, and what delivers it. */
typedef struct World {
        Fixture f;
        Delivery *delivery;
        RemoteOptions options;
        unsigned n_made;
        int64_t seq;
        uint64_t seed;
} World;

static uint64_t dice(World *w, uint64_t n)
{
        w->seed = w->seed * 6364136223846793005U + 1442695040888963407U;
        return (w->seed >> 33) % n;
}

static void sql(World *w, const char *format, ...) _printf_(2, 3);

static void sql(World *w, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        REQUIRE(vasprintf(&text, format, ap) > 0);
        va_end(ap);
        if (sqlite_run(w->f.db, text) < 0) {
                fprintf(stderr, "%s: %s\n", text, sqlite_reason(w->f.db));
                exit(1);
        }
}

static int64_t number(World *w, const char *text)
{
        int64_t n = 0;

        REQUIRE(sqlite_query_int(w->f.db, text, &n) >= 0);
        return n;
}

/* The file that new ones are copied from: creating one takes a while. */
static void world_make(World *w, uint64_t seed)
{
        *w = (World){ .seed = seed * 2 + 1 };
        fixture_make_in(&w->f, access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", "");
        REQUIRE(sqlite_run(w->f.db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; "
                                    "INSERT OR REPLACE INTO meta VALUES ('change_seq', 0), "
                                    "('last_synced_at', '2026-01-01T00:00:00.000Z')") >= 0);
        w->options = (RemoteOptions){ .name = "team",
                                      .url = "memory:",
                                      .machine = "here",
                                      .archive_path = w->f.path,
                                      .timeout_usec = MEMORY_TIMEOUT_USEC };
}

static void remove_ledger(World *w)
{
        static const char *const ends[] = { "", "-wal", "-shm" };

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                _cleanup_free_ char *path = NULL;

                REQUIRE(asprintf(&path, "%s.remotes%s", w->f.path, ends[i]) > 0);
                (void) unlink(path);
        }
}

static void world_done(World *w)
{
        delivery_free(w->delivery);
        remove_ledger(w);
        fixture_done(&w->f);
}

static Delivery *world_delivery(World *w)
{
        if (!w->delivery)
                REQUIRE(delivery_new_for(&memory_backend, &w->options, NULL, NULL, &w->delivery,
                                         NULL) == 0);
        return w->delivery;
}

/* As after a kill: nothing but the ledger is left. */
static void restart(World *w)
{
        w->delivery = delivery_free(w->delivery);
}

static int deliver(World *w)
{
        return delivery_run(world_delivery(w));
}

/* Work */

static int64_t next_change(World *w)
{
        sql(w, "UPDATE meta SET value = %" PRId64 " WHERE key = 'change_seq'", ++w->seq);
        return w->seq;
}

static void set_meta(World *w, const char *key)
{
        sql(w, "INSERT OR REPLACE INTO meta VALUES ('%s', %" PRId64 ")", key, w->seq);
}

static void add_messages(World *w, unsigned session, int64_t from, uint64_t n)
{
        for (int64_t i = from; i < from + (int64_t) n; i++)
                sql(w,
                    "INSERT INTO messages (session_id, ordinal, content, fingerprint, change_seq) "
                    "VALUES ('s%u', %" PRId64 ", 'text %" PRIu64 "', 0, %" PRId64 ")",
                    session, i, dice(w, 1U << 30), w->seq);
}

static void add_session(World *w)
{
        unsigned s = ++w->n_made;

        next_change(w);
        sql(w,
            "INSERT INTO sessions (id, user_id, project, change_seq) VALUES ('s%u', 'ann', 'p', "
            "%" PRId64 ")",
            s, w->seq);
        add_messages(w, s, 0, 1 + dice(w, 9));
}

static void touch(World *w, unsigned s, bool shrunk)
{
        sql(w, "UPDATE sessions SET change_seq = %" PRId64 "%s WHERE id = 's%u'", w->seq,
            shrunk ? ", shrunk_seq = change_seq" : "", s);
        if (shrunk)
                sql(w, "UPDATE sessions SET shrunk_seq = %" PRId64 " WHERE id = 's%u'", w->seq, s);
}

static bool has(World *w, unsigned s)
{
        _cleanup_free_ char *text = NULL;

        REQUIRE(asprintf(&text, "SELECT count(*) FROM sessions WHERE id = 's%u'", s) > 0);
        return number(w, text) > 0;
}

static void grow(World *w, unsigned s)
{
        _cleanup_free_ char *text = NULL;

        REQUIRE(asprintf(&text,
                         "SELECT coalesce(max(ordinal), -1) FROM messages WHERE session_id = 's%u'",
                         s) > 0);
        add_messages(w, s, number(w, text) + 1, 1 + dice(w, 9));
        touch(w, s, false);
}

/* Changes a message, which has one call or none. */
static void edit(World *w, unsigned s)
{
        int64_t ordinal = (int64_t) dice(w, 8);

        sql(w,
            "UPDATE messages SET content = 'other %" PRIu64 "', change_seq = %" PRId64
            " WHERE session_id = 's%u' AND ordinal = %" PRId64,
            dice(w, 1U << 30), w->seq, s, ordinal);
        sql(w, "DELETE FROM tool_calls WHERE session_id = 's%u' AND message_ordinal = %" PRId64, s,
            ordinal);
        if (dice(w, 2) > 0)
                sql(w,
                    "INSERT INTO tool_calls (session_id, message_ordinal, tool_use_id, call_index) SELECT "
                    "session_id, ordinal, 'call %" PRIu64
                    "', 0 FROM messages WHERE session_id = 's%u' AND ordinal = %" PRId64,
                    dice(w, 3), s, ordinal);
        touch(w, s, false);
}

static void lose(World *w, unsigned s)
{
        int64_t ordinal = (int64_t) dice(w, 8);

        sql(w, "DELETE FROM messages WHERE session_id = 's%u' AND ordinal >= %" PRId64, s, ordinal);
        sql(w, "DELETE FROM tool_calls WHERE session_id = 's%u' AND message_ordinal >= %" PRId64, s,
            ordinal);
        touch(w, s, true);
}

static void remove_session(World *w, unsigned s)
{
        static const char *const tables[] = { "messages", "tool_calls", "session_stars" };

        for (size_t i = 0; i < ELEMENTSOF(tables); i++)
                sql(w, "DELETE FROM %s WHERE session_id = 's%u'", tables[i], s);
        sql(w, "DELETE FROM sessions WHERE id = 's%u'", s);
        sql(w,
            "INSERT OR REPLACE INTO session_deletes VALUES ('s%u', 'ann', 'p', 'deleted', NULL, %" PRId64
            ")",
            s, w->seq);
        set_meta(w, "deletes_change_seq");
}

static void trash(World *w, unsigned s)
{
        sql(w,
            "INSERT OR REPLACE INTO session_deletes VALUES ('s%u', 'ann', 'p', 'trash', NULL, %" PRId64
            ")",
            s, w->seq);
        touch(w, s, false);
        set_meta(w, "deletes_change_seq");
}

static void star(World *w, unsigned s)
{
        if (dice(w, 2) > 0)
                sql(w,
                    "INSERT OR REPLACE INTO session_stars (session_id, user_id) VALUES ('s%u', 'ann')",
                    s);
        else
                sql(w, "DELETE FROM session_stars WHERE session_id = 's%u'", s);
        set_meta(w, "stars_change_seq");
}

static void something(World *w)
{
        unsigned s = 1 + (unsigned) dice(w, w->n_made > 0 ? w->n_made : 1);

        if (!has(w, s) || dice(w, 5) == 0) {
                add_session(w);
                return;
        }
        sql(w, "BEGIN IMMEDIATE");
        next_change(w);
        switch (dice(w, 12)) {
        case 0:
                remove_session(w, s);
                break;
        case 1:
                trash(w, s);
                break;
        case 2:
        case 3:
                star(w, s);
                break;
        case 4:
        case 5:
                lose(w, s);
                break;
        case 6:
        case 7:
        case 8:
                grow(w, s);
                break;
        default:
                edit(w, s);
        }
        sql(w, "COMMIT");
}

/* What the server must have */

static uint64_t sum_here(Feed *f, RemoteTable table, const char *id, uint64_t *n)
{
        Value values[REMOTE_COLUMNS_MAX];
        uint64_t sum = 0, digest;
        FeedSession session;

        if (table == REMOTE_SESSIONS) {
                feed_seek(f, -1);
                while (feed_next(f, &session) > 0) {
                        (void) memory_digest(NULL, table, session.values, &digest);
                        sum += digest;
                        ++*n;
                }
                return sum;
        }
        feed_rows(f, remote_table(table), id, INT64_MIN, -1);
        while (feed_next_row(f, remote_table(table), values, NULL) > 0) {
                (void) memory_digest(NULL, table, values, &digest);
                sum += digest;
                ++*n;
        }
        return sum;
}

static uint64_t sum_all_here(World *w, Feed *f, RemoteTable table, uint64_t *n)
{
        uint64_t sum = 0;

        if (table == REMOTE_SESSIONS || table >= REMOTE_STARS)
                return sum_here(f, table, NULL, n);
        for (unsigned s = 1; s <= w->n_made; s++) {
                char id[32];

                (void) snprintf(id, sizeof(id), "s%u", s);
                sum += sum_here(f, table, id, n);
        }
        return sum;
}

static uint64_t sum_there(RemoteTable table, const char *user, uint64_t *n)
{
        uint64_t sum = 0;

        for (size_t i = 0; i < memory_server.n_rows; i++) {
                const MemoryRow *row = memory_server.rows + i;

                if (row->table != table || strcmp(row->user, user) != 0 || !memory_is_seen(row))
                        continue;
                sum += row->digest;
                ++*n;
        }
        return sum;
}

/* Not tombstones of sessions that were never shared. */
static bool is_equal(World *w)
{
        _cleanup_(feed_closep) Feed *f = NULL;
        bool equal = true;

        REQUIRE(feed_open(w->f.path, &f, NULL) == 0);
        for (RemoteTable table = 0; table < REMOTE_DELETES; table++) {
                uint64_t n_here = 0, n_there = 0, here = sum_all_here(w, f, table, &n_here),
                         there = sum_there(table, "ann", &n_there);

                if (here == there && n_here == n_there)
                        continue;
                fprintf(stderr, "%s: %" PRIu64 " rows here, %" PRIu64 " there\n",
                        remote_table(table)->name, n_here, n_there);
                equal = false;
        }
        return equal;
}

static int count_difference(void *userdata, const char *id, RemoteTable table,
                            DeliveryDifference difference, uint64_t n_here, uint64_t n_there)
{
        fprintf(stderr, "%s of '%s' %s: %" PRIu64 " rows here, %" PRIu64 " there\n",
                remote_table(table)->name, id,
                difference == DIFFERENCE_WAITING ? "waits" : "differs", n_here, n_there);
        ++*(unsigned *) userdata;
        return 0;
}

static unsigned n_differences(World *w)
{
        _cleanup_(delivery_freep) Delivery *d = NULL;
        unsigned n = 0;

        REQUIRE(delivery_new_for(&memory_backend, &w->options, NULL, NULL, &d, NULL) == 0);
        CHECK_INT(delivery_check(d, count_difference, &n), 0);
        return n;
}

/* Until nothing can arrive any more, and everything is there. */
static bool deliver_at_last(World *w)
{
        int r;

        memory_server.fault_after = -1;
        r = deliver(w);
        if (r < 0)
                fprintf(stderr, "%s\n", delivery_reason(w->delivery));
        for (int i = 0; r >= 0 && i < 500 && delivery_next_due(w->delivery) != USEC_INFINITY; i++) {
                (void) usleep(MEMORY_TIMEOUT_USEC / 4);
                r = deliver(w);
        }
        CHECK(r < 0 || delivery_next_due(w->delivery) == USEC_INFINITY);
        return r >= 0;
}

static bool is_right(World *w, const char *when)
{
        bool right = deliver_at_last(w) && is_equal(w) && n_differences(w) == 0;

        if (!right)
                fprintf(stderr, "not right: %s, seed %" PRIu64 "\n", when, w->seed);
        CHECK(right);
        return right;
}

TEST(everything_arrives_and_is_deleted)
{
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        add_session(&w);
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        CHECK(delivery_progress(w.delivery)->rows_sent > 2);
        CHECK_INT(deliver(&w), 0);
        CHECK_INT(delivery_progress(w.delivery)->rows_sent, 0);
        next_change(&w);
        remove_session(&w, 1);
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        CHECK_INT(n_differences(&w), 0);
        world_done(&w);
}

TEST(without_anything_to_do_nobody_is_asked)
{
        World w;
        uint64_t n;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        REQUIRE(deliver(&w) == 0);
        n = memory_server.n_requests;
        CHECK_INT(deliver(&w), 0);
        CHECK_INT(memory_server.n_requests, n);
        world_done(&w);
}

/* Comparing them with nothing would be half of a first delivery's work. */
TEST(digests_leave_out_missing_rows)
{
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        for (unsigned i = 0; i < 20; i++) {
                add_session(&w);
                add_messages(&w, w.n_made, 9, 20);
        }
        REQUIRE(deliver(&w) == 0);
        CHECK_INT(memory_server.n_digests, 40); /* of each session, and of its first message */
        CHECK_INT(n_differences(&w), 0);
        world_done(&w);
}

/* Each request of a delivery fails, one after the other, in each way; the process lives on, or is killed. */
static void fail_each_step(bool has_transactions, MemoryFault fault, bool killed)
{
        bool failed = true;

        for (int step = 0; failed; step++) {
                World w;

                memory_server_reset(has_transactions);
                world_make(&w, 7);
                for (int i = 0; i < 4; i++)
                        add_session(&w);
                REQUIRE(deliver(&w) == 0);
                sql(&w, "INSERT INTO session_stars (session_id, user_id) VALUES ('s1', 'ann')");
                next_change(&w);
                set_meta(&w, "stars_change_seq");
                grow(&w, 1);
                edit(&w, 1);
                lose(&w, 2);
                remove_session(&w, 3);
                trash(&w, 4);
                add_session(&w);
                memory_server.fault = fault;
                memory_server.fault_after = step;
                failed = deliver(&w) < 0;
                if (killed)
                        restart(&w);
                if (step == 2)
                        remove_ledger(&w);
                next_change(&w);
                lose(&w, 1);
                (void) is_right(&w, "a step failed");
                world_done(&w);
                REQUIRE(step < 100);
        }
}

TEST(each_step_fails_in_each_way)
{
        for (int fault = 0; fault < N_FAULTS; fault++)
                for (int kind = 0; kind < 4; kind++)
                        fail_each_step(kind & 1, (MemoryFault) fault, kind & 2);
}

/* Requests that are on their way stay there until they are released. */
static bool hold_late_rows(void)
{
        bool has_rows = false;

        for (size_t i = 0; i < memory_server.n_late; i++) {
                memory_server.late[i].deadline_usec = UINT64_MAX;
                has_rows = has_rows || memory_server.late[i].n_rows > 0;
        }
        return has_rows;
}

/* Keeps a copy of the ledger, or puts the copy back. */
static void keep_ledger(World *w, bool back)
{
        _cleanup_free_ char *command = NULL;

        restart(w);
        if (back)
                remove_ledger(w);
        REQUIRE(asprintf(&command, "%s %s.remotes%s %s.remotes%s", back ? "mv" : "cp", w->f.path,
                         back ? ".old" : "", w->f.path, back ? "" : ".old") > 0);
        REQUIRE(system(command) == 0);
}

static void remove_ledger_copy(World *w)
{
        _cleanup_free_ char *path = NULL;

        REQUIRE(asprintf(&path, "%s.remotes.old", w->f.path) > 0);
        (void) unlink(path);
}

/* Rows are on their way; the ledger, which knew of them, is lost, and so is the session: nothing reveals them when they
 * arrive. Returns whether there were such rows. */
static bool lose_what_knew(World *w, bool has_copy)
{
        if (!hold_late_rows())
                return false;
        restart(w);
        if (has_copy)
                keep_ledger(w, true);
        else
                remove_ledger(w);
        next_change(w);
        remove_session(w, 3);
        CHECK_INT(deliver(w), 0);
        CHECK(is_equal(w));
        memory_arrive(true);
        CHECK(!is_equal(w));
        (void) is_right(w, "the ledger was lost");
        return true;
}

static unsigned lose_ledger_at_each_step(bool has_copy)
{
        unsigned n_tried = 0;
        bool failed = true;

        for (int step = 0; failed; step++) {
                World w;

                memory_server_reset(false);
                world_make(&w, 7);
                w.options.timeout_usec = 60 *
                                         MEMORY_TIMEOUT_USEC; /* a busy machine takes its time */
                add_session(&w);
                REQUIRE(deliver(&w) == 0);
                keep_ledger(&w, false);
                add_session(&w);
                REQUIRE(deliver(&w) == 0);
                add_session(&w);
                memory_server.fault = FAULT_LATE;
                memory_server.fault_after = step;
                failed = deliver(&w) < 0;
                n_tried += lose_what_knew(&w, has_copy);
                remove_ledger_copy(&w);
                world_done(&w);
                REQUIRE(step < 100);
        }
        return n_tried;
}

TEST(a_lost_ledger_delivers_and_deletes_again)
{
        CHECK(lose_ledger_at_each_step(false) > 1);
}

TEST(an_old_ledger_delivers_and_deletes_again)
{
        CHECK(lose_ledger_at_each_step(true) > 1);
}

/* Messages there have stamps that the clock has not reached; when the ledger is gone, only the remote reveals it. */
TEST(a_ledger_removed_while_the_remote_is_open_is_noticed)
{
        World w;

        memory_server_reset(false);
        world_make(&w, 7);
        add_session(&w);
        REQUIRE(deliver(&w) == 0);
        for (size_t i = 0; i < memory_server.n_rows; i++)
                if (memory_server.rows[i].table == REMOTE_MESSAGES)
                        memory_server.rows[i].stamp += USEC_PER_HOUR / USEC_PER_MSEC;
        remove_ledger(&w);
        next_change(&w);
        sql(&w, "UPDATE messages SET content = 'other', change_seq = %" PRId64, w.seq);
        touch(&w, 1, false);
        CHECK_INT(deliver(&w), 0);
        CHECK(is_right(&w, "the ledger went"));
        world_done(&w);
}

/* Another archive from the same source, or the same one restored: it knows nothing of what was delivered. */
static void build_anew(World *w)
{
        sql(w, "UPDATE meta SET value = 'archive %" PRIu64 "' WHERE key = 'archive_id'",
            dice(w, 1U << 30));
        if (dice(w, 2) > 0)
                remove_ledger(w);
        restart(w);
}

static void poison(World *w)
{
        for (size_t i = 0; i < memory_server.n_rows; i++)
                if (strcmp(memory_server.rows[i].user, "ann") == 0 && dice(w, 4) == 0)
                        memory_server.rows[i].stamp = UINT64_MAX - dice(w, 3);
        restart(w);
}

/* Rows vanish there: a disk was restored. */
static void lose_there(World *w)
{
        size_t n = 0;

        for (size_t i = 0; i < memory_server.n_rows; i++)
                if (strcmp(memory_server.rows[i].user, "ann") == 0 && dice(w, 4) == 0)
                        memory_row_done(memory_server.rows + i);
                else
                        memory_server.rows[n++] = memory_server.rows[i];
        memory_server.n_rows = n;
        remove_ledger(w);
        restart(w);
}

static void misfortune(World *w)
{
        switch (dice(w, 24)) {
        case 0:
                build_anew(w);
                break;
        case 1:
                poison(w);
                break;
        case 2:
                remove_ledger(w);
                break;
        case 3:
                lose_there(w);
                break;
        case 4:
                memory_arrive(true);
                break;
        case 5:
        case 6:
        case 7:
                restart(w);
                break;
        default:
                break;
        }
}

static void play(World *w, unsigned n_rounds)
{
        for (unsigned i = 0; i < n_rounds; i++) {
                for (uint64_t n = dice(w, 4); n > 0; n--)
                        something(w);
                memory_server.fault = (MemoryFault) dice(w, N_FAULTS);
                memory_server.fault_after = dice(w, 3) > 0 ? (int) dice(w, 30) : -1;
                (void) deliver(w);
                misfortune(w);
        }
}

static MemoryRow foreign_row(void)
{
        return (MemoryRow){ .table = REMOTE_SESSIONS,
                            .session = strdup("theirs"),
                            .key = strdup("0|theirs|||"),
                            .origin = strdup("another"),
                            .user = strdup("bob"),
                            .digest = 77,
                            .stamp = UINT64_MAX };
}

TEST(random_rounds)
{
        uint64_t seed = (uint64_t) time(NULL);
        const char *given = getenv("SCRUBJAY_TEST_SEED");

        if (given)
                seed = strtoull(given, NULL, 10);
        fprintf(stderr, "SCRUBJAY_TEST_SEED=%" PRIu64 "\n", seed);
        for (unsigned i = 0; i < 60; i++) {
                uint64_t n = 0;
                World w;

                memory_server_reset(i & 1);
                memory_add(&memory_server.rows, &memory_server.n_rows, foreign_row());
                world_make(&w, seed + i);
                play(&w, 50);
                if (!is_right(&w, "after random rounds"))
                        fprintf(stderr, "round %u\n", i);
                CHECK_INT(sum_there(REMOTE_SESSIONS, "bob", &n), 77);
                world_done(&w);
        }
}

TEST(somebody_elses_session_is_left_alone_and_reported)
{
        MemoryRow theirs = foreign_row();
        uint64_t n = 0;
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        free(theirs.session);
        free(theirs.key);
        theirs.session = strdup("s1");
        theirs.key = strdup("0|s1|||");
        memory_add(&memory_server.rows, &memory_server.n_rows, theirs);
        add_session(&w);
        add_session(&w);
        CHECK_INT(deliver(&w), 0);
        CHECK(delivery_has_conflicts(w.delivery));
        CHECK(strstr(delivery_warning(w.delivery), "'s1'") &&
              strstr(delivery_warning(w.delivery), "bob"));
        CHECK_INT(sum_there(REMOTE_SESSIONS, "bob", &n), 77);
        n = 0;
        (void) sum_there(REMOTE_SESSIONS, "ann", &n);
        CHECK_INT(n, 1);
        CHECK_INT(n_differences(&w), 0);
        world_done(&w);
}

TEST(an_impossible_version_is_reported_and_repaired)
{
        uint64_t now;
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        REQUIRE(deliver(&w) == 0);
        for (size_t i = 0; i < memory_server.n_rows; i++)
                memory_server.rows[i].stamp = UINT64_MAX;
        restart(&w);
        CHECK_INT(deliver(&w), 0);
        CHECK(delivery_warning(w.delivery) && strstr(delivery_warning(w.delivery), "clock"));
        CHECK(is_equal(&w));
        now = now_usec(CLOCK_REALTIME) / USEC_PER_MSEC + 1000;
        for (size_t i = 0; i < memory_server.n_rows; i++)
                CHECK(memory_server.rows[i].stamp < now);
        next_change(&w);
        grow(&w, 1);
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        CHECK(delivery_progress(w.delivery)->rows_sent < 12); /* what changed, and nothing else */
        CHECK(!delivery_warning(w.delivery));
        world_done(&w);
}

TEST(a_second_archive_is_reported_and_sends_nothing)
{
        World here, there;
        uint64_t n;

        memory_server_reset(false);
        world_make(&here, 1);
        world_make(&there, 2);
        add_session(&here);
        add_session(&there);
        add_session(&there);
        CHECK_INT(deliver(&here), 0);
        CHECK_INT(deliver(&there), -EEXIST);
        CHECK(is_equal(&here));
        CHECK_INT(deliver(&here), 0);
        /* a person decides; from then on, the first one is refused */
        {
                _cleanup_(ledger_closep) Ledger *l = NULL;

                REQUIRE(ledger_open(there.f.path, &l, NULL) == 0);
                REQUIRE(ledger_remote_set_known(l, "team", LEDGER_RESEND) == 0);
        }
        CHECK_INT(deliver(&there), 0);
        CHECK(is_equal(&there));
        add_session(&here);
        n = memory_server.n_rows;
        CHECK_INT(deliver(&here), -EEXIST);
        CHECK_INT(memory_server.n_rows, n);
        world_done(&here);
        world_done(&there);
}

TEST(an_archive_that_is_moved_away_is_followed)
{
        _cleanup_free_ char *aside = NULL;
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        REQUIRE(deliver(&w) == 0);
        REQUIRE(asprintf(&aside, "%s.aside", w.f.path) > 0);
        REQUIRE(rename(w.f.path, aside) == 0);
        CHECK_INT(deliver(&w), -ENOENT);
        sqlite_close(w.f.db);
        fixture_make_at(&w.f, "");
        sql(&w, "INSERT OR REPLACE INTO meta VALUES ('change_seq', 0), "
                "('last_synced_at', '2026-01-01T00:00:00.000Z')");
        w.seq = 0;
        add_session(&w);
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        CHECK_INT(n_differences(&w), 0);
        REQUIRE(unlink(aside) == 0);
        world_done(&w);
}

TEST(nothing_is_removed_while_an_archive_is_filled)
{
        uint64_t n = 0;
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        for (int i = 0; i < 3; i++)
                add_session(&w);
        REQUIRE(deliver(&w) == 0);
        /* rebuilt, with only the first session so far */
        sql(&w, "DELETE FROM meta WHERE key = 'last_synced_at'");
        sql(&w, "UPDATE meta SET value = 'another' WHERE key = 'archive_id'");
        sql(&w,
            "DELETE FROM sessions WHERE id > 's1'; DELETE FROM messages WHERE session_id > 's1'");
        CHECK_INT(deliver(&w), 0);
        (void) sum_there(REMOTE_SESSIONS, "ann", &n);
        CHECK_INT(n, 3);
        sql(&w, "INSERT INTO meta VALUES ('last_synced_at', '2026-01-01T00:00:00.000Z')");
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        CHECK_INT(n_differences(&w), 0);
        world_done(&w);
}

/* No session can be left out of a removal: it fails, and is tried again later. */
TEST(a_removal_that_is_refused_ends_the_delivery)
{
        World w;

        memory_server_reset(true);
        world_make(&w, 1);
        for (int i = 0; i < 4; i++)
                add_session(&w);
        REQUIRE(deliver(&w) == 0);
        next_change(&w);
        remove_session(&w, 2);
        remove_session(&w, 3);
        memory_server.keeps_rows = true;
        CHECK_INT(deliver(&w), -ERANGE);
        memory_server.keeps_rows = false;
        CHECK_INT(deliver(&w), 0);
        CHECK(is_equal(&w));
        world_done(&w);
}

static uint64_t n_rows_there(RemoteTable table, const char *session)
{
        uint64_t n = 0;

        for (size_t i = 0; i < memory_server.n_rows; i++)
                n += memory_server.rows[i].table == table &&
                     strcmp(memory_server.rows[i].session, session) == 0;
        return n;
}

/* Nothing of it is there, but the others are. */
static void check_left_out(World *w, const char *session, uint64_t n_others)
{
        uint64_t n = 0;

        for (RemoteTable table = 0; table < N_REMOTE_TABLES; table++)
                CHECK_INT(n_rows_there(table, session), 0);
        (void) sum_there(REMOTE_SESSIONS, "ann", &n);
        CHECK_INT(n, n_others);
        CHECK(delivery_has_conflicts(w->delivery));
        CHECK(strstr(delivery_warning(w->delivery), "left out"));
}

/* A message that the server has is masked later, with a value that the server refuses. */
static void spoil(World *w, unsigned s, bool shrunk)
{
        next_change(w);
        sql(w,
            "UPDATE messages SET content = 'masked bad', change_seq = %" PRId64
            " WHERE session_id = 's%u' AND ordinal = 0",
            w->seq, s);
        if (shrunk)
                sql(w, "DELETE FROM messages WHERE session_id = 's%u' AND ordinal > 0", s);
        touch(w, s, shrunk);
}

/* Whatever it had there, and whyever it was to change: the old version may contain what nobody may read any more. */
TEST(a_rejected_session_is_deleted_from_the_remote)
{
        for (int kind = 0; kind < 8; kind++) {
                bool is_shrunk = kind & 1, is_starred = kind & 2, has_transactions = kind & 4;
                World w;

                memory_server_reset(has_transactions);
                world_make(&w, 3);
                for (int i = 0; i < 9; i++)
                        add_session(&w);
                if (is_starred)
                        sql(&w,
                            "INSERT INTO session_stars (session_id, user_id) VALUES ('s4', 'ann'), "
                            "('s5', 'ann')");
                REQUIRE(deliver(&w) == 0);
                memory_server.refuses = "bad";
                spoil(&w, 4, is_shrunk);
                next_change(&w);
                grow(&w, 6);
                CHECK_INT(deliver(&w), 0);
                check_left_out(&w, "s4", 8);
                CHECK_INT(n_rows_there(REMOTE_STARS, "s5"), is_starred);
                CHECK(n_differences(&w) > 0); /* it is reported to a person */
                CHECK_INT(deliver(&w), 0);
                CHECK_INT(delivery_progress(w.delivery)->rows_sent, 0); /* it is not tried again */
                sql(&w, "UPDATE messages SET content = 'good' WHERE session_id = 's4'");
                next_change(&w);
                grow(&w, 4);
                CHECK(is_right(&w, "a session is taken again"));
                CHECK(!delivery_has_conflicts(w.delivery));
                world_done(&w);
        }
}

/* When its project is shared only as metadata from now on; when it is deleted. */
TEST(a_rejected_and_reverted_session_is_deleted_from_the_remote)
{
        static const char *const projects[] = { "q", NULL };
        World w;

        memory_server_reset(true);
        world_make(&w, 3);
        add_session(&w);
        add_session(&w);
        sql(&w, "UPDATE sessions SET project = 'q', machine = 'bad' WHERE id = 's2'");
        REQUIRE(deliver(&w) == 0);
        memory_server.refuses = "bad"; /* without text, so it can be sent as metadata as well */
        w.options.metadata_only = projects;
        restart(&w);
        CHECK_INT(deliver(&w), 0);
        check_left_out(&w, "s2", 1);
        next_change(&w);
        remove_session(&w, 2);
        CHECK_INT(deliver(&w), 0);
        CHECK(!delivery_has_conflicts(w.delivery));
        world_done(&w);
}

/* For a tombstone, a star or a pin, only its session is left out. */
TEST(a_row_of_a_list_that_is_refused_bars_its_own_session)
{
        for (int has_transactions = 0; has_transactions < 2; has_transactions++) {
                World w;

                memory_server_reset(has_transactions);
                world_make(&w, 3);
                for (int i = 0; i < 7; i++)
                        add_session(&w);
                REQUIRE(deliver(&w) == 0);
                memory_server.refuses = "bad";
                next_change(&w);
                trash(&w, 2);
                trash(&w, 5);
                sql(&w, "UPDATE session_deletes SET cause = 'bad' WHERE session_id = 's5'");
                sql(&w,
                    "INSERT INTO session_stars (session_id, user_id, created_at) VALUES ('s1', 'ann', "
                    "''), ('s3', 'ann', 'bad'), ('s6', 'ann', '')");
                set_meta(&w, "stars_change_seq");
                CHECK_INT(deliver(&w), 0);
                check_left_out(&w, "s3", 5);
                CHECK_INT(n_rows_there(REMOTE_SESSIONS, "s5"), 0);
                CHECK_INT(n_rows_there(REMOTE_DELETES, "s5"), 0);
                CHECK_INT(n_rows_there(REMOTE_DELETES, "s2"), 1);
                CHECK_INT(n_rows_there(REMOTE_STARS, "s1"), 1);
                CHECK_INT(n_rows_there(REMOTE_STARS, "s6"), 1);
                world_done(&w);
        }
}

/* By halving, on the open connection. */
TEST(a_rejected_session_is_found_with_few_requests)
{
        World w;

        memory_server_reset(true);
        world_make(&w, 3);
        for (int i = 0; i < 200; i++)
                add_session(&w);
        sql(&w, "UPDATE messages SET content = 'bad' WHERE session_id IN ('s20', 's133')");
        memory_server.refuses = "bad";
        CHECK_INT(deliver(&w), 0);
        CHECK(memory_server.n_batches < 50);
        CHECK_INT(memory_server.n_opened, 1);
        check_left_out(&w, "s20", 198);
        CHECK_INT(n_rows_there(REMOTE_SESSIONS, "s133"), 0);
        CHECK(strstr(delivery_warning(w.delivery), "2 sessions ('s133' is one)"));
        world_done(&w);
}

TEST(a_survey_asks_a_slow_server_for_less_each_time)
{
        World w;
        int r = 0;

        memory_server_reset(true);
        world_make(&w, 5);
        for (int i = 0; i < 40; i++)
                add_session(&w);
        CHECK_INT(deliver(&w), 0);
        remove_ledger(&w);
        restart(&w);
        memory_server.page_most = 3;
        for (int i = 0; i < 8 && (i == 0 || r == -ETIMEDOUT); i++)
                r = deliver(&w);
        CHECK_INT(r, 0);
        memory_server.page_most = 0;
        CHECK(is_right(&w, "by small pages"));
        world_done(&w);
}

TEST(it_stops_between_any_two_steps)
{
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        (void) world_delivery(&w);
        delivery_stop(w.delivery);
        CHECK_INT(deliver(&w), -ECANCELED);
        restart(&w);
        CHECK(is_right(&w, "after a stop"));
        world_done(&w);
}

TEST(waiting_changes_do_not_count_as_differences)
{
        unsigned n = 0;
        World w;

        memory_server_reset(false);
        world_make(&w, 1);
        add_session(&w);
        REQUIRE(deliver(&w) == 0);
        next_change(&w);
        grow(&w, 1);
        star(&w, 1);
        CHECK(n_differences(&w) > 0); /* all of them, of what waits: see tests/remote */
        CHECK_INT(deliver(&w), 0);
        n = n_differences(&w);
        CHECK_INT(n, 0);
        world_done(&w);
}
