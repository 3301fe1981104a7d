/* Remotes: URL, wire types, filter, plan, back-off, password, ledger */
#include <fcntl.h>
#include <pthread.h>

#include "base/url.h"
#include "fixture.h"
#include "remote/backoff.h"
#include "remote/clickhouse/remote-url.h"
#include "remote/clickhouse/wire.h"
#include "remote/filter.h"
#include "remote/ledger.h"
#include "remote/password.h"
#include "remote/plan.h"

#define TEXT(s) value_text((s), strlen(s))

TEST(a_url_is_taken_apart)
{
        static const struct {
                const char *url, *user, *password, *host, *database;
                unsigned port;
                bool tls;
        } cases[] = {
                { "clickhouse+https://u@h/d", "u", NULL, "h", "d", 8443, true },
                { "clickhouse+http://h", "default", NULL, "h", "default", 8123, false },
                { "clickhouse+http://u:p%40x@h:99/d", "u", "p@x", "h", "d", 99, false },
                { "clickhouse+https://a%3ab@[::1]:1/d", "a:b", NULL, "::1", "d", 1, true },
                { "clickhouse+http://u@x@h/", "u@x", NULL, "h", "default", 8123, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(remote_url_done) RemoteUrl u = { 0 };

                REQUIRE(remote_url_parse(cases[i].url, &u, NULL) == 0);
                CHECK_STR(u.backend, "clickhouse");
                CHECK_STR(u.user, cases[i].user);
                CHECK(!u.password == !cases[i].password);
                if (cases[i].password)
                        CHECK_STR(u.password, cases[i].password);
                CHECK_STR(u.host, cases[i].host);
                CHECK_STR(u.database, cases[i].database);
                CHECK_INT(u.port, cases[i].port);
                CHECK_INT(u.tls, cases[i].tls);
        }
}

TEST(an_invalid_url_is_refused_without_repeating_it)
{
        static const char *const cases[] = {
                "",
                "clickhouse",
                "clickhouse://h/d",
                "clickhouse+ftp://h/d",
                "clickhouse+http://",
                "clickhouse+http:///d",
                "clickhouse+http://h:0/d",
                "clickhouse+http://h:65536/d",
                "clickhouse+http://h:12x/d",
                "clickhouse+http://h:/d",
                "clickhouse+http://h/d/e",
                "clickhouse+http://h/d?x=secret",
                "clickhouse+http://h/%0a",
                "clickhouse+http://h/%zz",
                "clickhouse+http://u:secret@/d",
                "clickhouse+http://[::1/d",
                "http://x+y/d",
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(remote_url_done) RemoteUrl u = { 0 };
                _cleanup_free_ char *error = NULL;
                int r = remote_url_parse(cases[i], &u, &error);

                if (r != -EINVAL)
                        fprintf(stderr, "accepted: %s\n", cases[i]);
                CHECK_INT(r, -EINVAL);
                CHECK(error && !strstr(error, "secret"));
        }
}

TEST(values_fit_their_columns)
{
        Value n = value_integer(INT64_MAX), negative = value_integer(-7), null = { 0 };
        Value time = TEXT("2026-01-02T03:04:05.678Z"), no_time = TEXT("yesterday");
        Value text = TEXT("x");

        CHECK_INT(wire_value(WIRE_UINT32, &n).number, UINT32_MAX);
        CHECK_INT(wire_value(WIRE_UINT32, &negative).number, 0);
        CHECK_INT(wire_value(WIRE_UINT32, &text).number, 0);
        CHECK(wire_value(WIRE_UINT32_OR_NULL, &null).is_null);
        CHECK(!wire_value(WIRE_UINT32_OR_NULL, &n).is_null);
        CHECK_INT(wire_value(WIRE_BOOL, &n).number, 1);
        CHECK_INT(wire_value(WIRE_TIME, &time).number, 1767323045678);
        CHECK(wire_value(WIRE_TIME_OR_NULL, &no_time).is_null);
        CHECK(!wire_value(WIRE_TIME, &no_time).is_null);
        CHECK_INT(wire_value(WIRE_TEXT, &null).size, 0);
        CHECK_INT(wire_value(WIRE_TEXT, &n).size, 0);
}

TEST(a_key_that_would_become_another_ones_is_not_sent)
{
        Value row[N_MESSAGE_COLUMNS] = { [MESSAGE_ORDINAL] = value_integer(0) };

        CHECK(wire_key_fits(REMOTE_MESSAGES, row));
        row[MESSAGE_ORDINAL] = value_integer(UINT32_MAX);
        CHECK(wire_key_fits(REMOTE_MESSAGES, row));
        row[MESSAGE_ORDINAL] = value_integer((int64_t) UINT32_MAX + 1);
        CHECK(!wire_key_fits(REMOTE_MESSAGES, row));
        row[MESSAGE_ORDINAL] = value_integer(-1);
        CHECK(!wire_key_fits(REMOTE_MESSAGES, row));
        row[MESSAGE_ORDINAL] = (Value){ 0 };
        CHECK(!wire_key_fits(REMOTE_MESSAGES, row));
}

TEST(all_columns_have_room)
{
        for (size_t i = 0; i < N_REMOTE_TABLES; i++)
                CHECK(remote_table((RemoteTable) i)->n_columns <= REMOTE_COLUMNS_MAX);
}

TEST(a_digest_tells_columns_apart)
{
        _cleanup_(strbuf_done) StrBuf scratch = { 0 };
        Value a[N_STAR_COLUMNS] = { TEXT("ab"), TEXT("c") },
              b[N_STAR_COLUMNS] = { TEXT("a"), TEXT("bc") };
        uint64_t x, y;

        REQUIRE(wire_digest(REMOTE_STARS, a, &scratch, &x) == 0);
        REQUIRE(wire_digest(REMOTE_STARS, b, &scratch, &y) == 0);
        CHECK(x != y);
}

TEST(the_filter_goes_by_project)
{
        static const char *const open[] = { "op*", NULL }, *const half[] = { "half", NULL };
        Value row[N_SESSION_COLUMNS] = { [SESSION_PROJECT] = TEXT("open") };
        RemoteOptions o = { 0 };

        CHECK_INT(filter_share(&o, row), SHARE_ALL);
        o.projects = open;
        CHECK_INT(filter_share(&o, row), SHARE_ALL);
        row[SESSION_PROJECT] = TEXT("half");
        CHECK_INT(filter_share(&o, row), SHARE_NOTHING);
        o.projects = NULL;
        o.metadata_only = half;
        CHECK_INT(filter_share(&o, row), SHARE_METADATA);
        o.exclude = half;
        CHECK_INT(filter_share(&o, row), SHARE_NOTHING);
}

TEST(the_filter_knows_the_home_folder_it_is_given)
{
        static const char *const below[] = { "~/secret*", NULL }, *const itself[] = { "~", NULL };
        static const struct {
                const char *home, *cwd;
                Share below, itself;
        } cases[] = {
                { "/home/a", "/home/a/secret", SHARE_NOTHING, SHARE_ALL },
                { "/home/a", "/home/a/secrets/x", SHARE_NOTHING, SHARE_ALL },
                { "/home/a", "~/secret", SHARE_NOTHING, SHARE_ALL },
                { "/home/a", "/home/a", SHARE_ALL, SHARE_NOTHING },
                { "/home/a", "/home/b/secret", SHARE_ALL, SHARE_ALL },
                /* what is special in a glob is not special in a home folder's path */
                { "/home/[a]*", "/home/[a]*/secret", SHARE_NOTHING, SHARE_ALL },
                { "/home/[a]*", "/home/ax/secret", SHARE_ALL, SHARE_ALL },
                { NULL, "~/secret", SHARE_NOTHING, SHARE_ALL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Value row[N_SESSION_COLUMNS] = { [SESSION_CWD] = TEXT(cases[i].cwd) };
                RemoteOptions o = { .home = cases[i].home, .exclude = below };

                CHECK_INT(filter_share(&o, row), cases[i].below);
                o.exclude = itself;
                CHECK_INT(filter_share(&o, row), cases[i].itself);
        }
}

TEST(metadata_has_no_text)
{
        Value row[N_MESSAGE_COLUMNS];

        for (size_t i = 0; i < N_MESSAGE_COLUMNS; i++)
                row[i] = TEXT("x");
        filter_strip(&message_table, row);
        CHECK_INT(row[MESSAGE_CONTENT].type, VALUE_NULL);
        CHECK_INT(row[MESSAGE_THINKING_TEXT].type, VALUE_NULL);
        CHECK_INT(row[MESSAGE_ROLE].type, VALUE_TEXT);
        CHECK_INT(row[MESSAGE_MODEL].type, VALUE_TEXT);
}

TEST(hold_time_counts_from_the_last_activity)
{
        RemoteOptions o = { .hold_usec = USEC_PER_HOUR };
        Value row[N_SESSION_COLUMNS] = { [SESSION_STARTED_AT] = TEXT("1970-01-01T01:00:00Z"),
                                         [SESSION_ENDED_AT] = TEXT("1970-01-01T02:00:00Z") };

        CHECK_INT(filter_due_usec(&o, row, 7), 3 * USEC_PER_HOUR);
        row[SESSION_ENDED_AT] = (Value){ 0 };
        CHECK_INT(filter_due_usec(&o, row, 7), 2 * USEC_PER_HOUR);
        row[SESSION_STARTED_AT] = (Value){ 0 };
        CHECK_INT(filter_due_usec(&o, row, 7), USEC_PER_HOUR + 7);
        o.hold_usec = USEC_INFINITY;
        CHECK(filter_due_usec(&o, row, 7) == USEC_INFINITY);
        o.hold_usec = 0;
        CHECK_INT(filter_due_usec(&o, row, 7), 0);
}

static DeliveryStep step(RemoteOptions o, LedgerState state, int64_t had, int64_t has)
{
        FeedSession session = {
                .values = { [SESSION_ID] = TEXT("s"), [SESSION_PROJECT] = TEXT("p") },
                .change_seq = has,
                .synced_at_usec = 100
        };
        LedgerEntry entry = { .state = state, .change_seq = had };

        return delivery_plan(&o, &session, &entry, 200).step;
}

TEST(what_is_planned_for_a_session)
{
        static const char *const p[] = { "p", NULL };
        RemoteOptions all = { 0 }, none = { .exclude = p }, metadata = { .metadata_only = p },
                      held = { .hold_usec = 1000 },
                      both = { .hold_usec = 1000, .metadata_only = p };

        CHECK_INT(step(all, LEDGER_NONE, 0, 5), DELIVERY_SEND);
        CHECK_INT(step(all, LEDGER_SHARED, 5, 5), DELIVERY_KEEP);
        CHECK_INT(step(all, LEDGER_SHARED, 4, 5), DELIVERY_UPDATE);
        CHECK_INT(step(all, LEDGER_UNKNOWN, 0, 5), DELIVERY_UPDATE);
        CHECK_INT(step(all, LEDGER_METADATA, 5, 5), DELIVERY_UPDATE);
        CHECK_INT(step(all, LEDGER_WITHDRAWN, 0, 5), DELIVERY_SEND);
        CHECK_INT(step(all, LEDGER_CONFLICT, 0, 5), DELIVERY_SEND);
        CHECK_INT(step(none, LEDGER_NONE, 0, 5), DELIVERY_REFUSE);
        CHECK_INT(step(none, LEDGER_SHARED, 5, 5), DELIVERY_WITHDRAW);
        CHECK_INT(step(none, LEDGER_UNKNOWN, 0, 5), DELIVERY_WITHDRAW);
        CHECK_INT(step(none, LEDGER_WITHDRAWN, 0, 5), DELIVERY_REFUSE);
        CHECK_INT(step(metadata, LEDGER_METADATA, 5, 5), DELIVERY_KEEP);
        CHECK_INT(step(metadata, LEDGER_SHARED, 5, 5), DELIVERY_UPDATE);
        CHECK_INT(step(held, LEDGER_NONE, 0, 5), DELIVERY_HOLD);
        CHECK_INT(step(held, LEDGER_SHARED, 5, 5), DELIVERY_KEEP);
        CHECK_INT(step(both, LEDGER_SHARED, 5, 5), DELIVERY_UPDATE); /* removing never waits */
}

TEST(waits_double_and_have_a_limit)
{
        uint64_t low = BACKOFF_MIN_USEC / 2, high = BACKOFF_MIN_USEC;
        Backoff b = { 0 };

        for (int i = 0; i < 40; i++) {
                Backoff most = b;

                backoff_failed(&b, -ECONNREFUSED, 0, 1000, 0);
                backoff_failed(&most, -ECONNREFUSED, 0, 1000, high - low);
                CHECK_INT(b.until_usec, 1000 + low);
                CHECK_INT(most.until_usec, 1000 + high);
                high = high * 2 < BACKOFF_MAX_USEC ? high * 2 : BACKOFF_MAX_USEC;
                low = high / 2;
        }
        backoff_succeeded(&b);
        CHECK_INT(b.until_usec, 0);
        backoff_failed(&b, -ECONNREFUSED, 0, 0, 0);
        CHECK_INT(b.until_usec, BACKOFF_MIN_USEC / 2);
}

TEST(failures_that_need_a_person_are_retried_slowly)
{
        Backoff b = { 0 };

        backoff_failed(&b, -EACCES, 0, 0, 0);
        CHECK_INT(b.until_usec, BACKOFF_MAX_USEC / 2);
        CHECK(backoff_is_slow(-EPROTOTYPE));
        CHECK(!backoff_is_slow(-ETIMEDOUT));
}

TEST(a_server_may_ask_for_time)
{
        Backoff b = { 0 };

        backoff_failed(&b, -EBUSY, 90 * USEC_PER_SEC, 0, 0);
        CHECK_INT(b.until_usec, 90 * USEC_PER_SEC);
        backoff_failed(&b, -EBUSY, USEC_PER_DAY, 0, 0);
        CHECK_INT(b.until_usec, BACKOFF_ASKED_MAX_USEC);
        backoff_succeeded(&b);
        backoff_failed(&b, -EACCES, USEC_PER_SEC, 0, 0);
        CHECK_INT(b.until_usec, BACKOFF_MAX_USEC / 2);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
        REQUIRE(folder_make_parent(path) == 0);
        REQUIRE(file_write_atomic(path, mode, text, strlen(text)) == 0);
        REQUIRE(chmod(path, mode) == 0);
}

TEST(where_a_password_comes_from)
{
        _cleanup_free_ char *credential = fixture_path("credentials/remote-team-password"),
                            *usual = fixture_path("config/scrubjay/remote-team-password"),
                            *named = fixture_path("named"), *config = fixture_path("config"),
                            *credentials = fixture_path("credentials"), *error = NULL;
        char *password = NULL;

        setenv("XDG_CONFIG_HOME", config, 1);
        unsetenv("CREDENTIALS_DIRECTORY");
        CHECK_INT(password_load("team", NULL, &password, NULL), 0);
        CHECK(!password);
        write_file(usual, "usual\n", 0600);
        CHECK_INT(password_load("team", NULL, &password, NULL), 1);
        CHECK_STR(password, "usual");
        password = password_free(password);
        CHECK_INT(password_load("team", named, &password, &error), -ENOENT);
        CHECK(error && strstr(error, named));
        write_file(named, "named\r\n", 0600);
        CHECK_INT(password_load("team", named, &password, NULL), 1);
        CHECK_STR(password, "named");
        password = password_free(password);
        setenv("CREDENTIALS_DIRECTORY", credentials, 1);
        write_file(credential, "credential", 0444);
        CHECK_INT(password_load("team", named, &password, NULL), 1);
        CHECK_STR(password, "credential");
        password = password_free(password);
        unsetenv("CREDENTIALS_DIRECTORY");
        REQUIRE(chmod(named, 0640) == 0);
        free(error);
        error = NULL;
        CHECK_INT(password_load("team", named, &password, &error), -EACCES);
        CHECK(error && strstr(error, "chmod 600") && !strstr(error, "named\r"));
}

TEST(the_ledger_remembers)
{
        _cleanup_free_ char *archive = fixture_path("ledger/archive.db"),
                            *path = ledger_path(archive);
        _cleanup_(ledger_closep) Ledger *l = NULL;
        _cleanup_(ledger_remote_done) LedgerRemote remote = { 0 }, back = { 0 };
        LedgerEntry entry;
        struct stat st;
        char *ids[3];

        REQUIRE(folder_make_parent(archive) == 0);
        CHECK_INT(ledger_open_read_only(archive, &l), -ENOENT);
        REQUIRE(ledger_open(archive, &l, NULL) == 0);
        REQUIRE(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 0777, 0600);

        CHECK_INT(ledger_remote_get(l, "a", &back), 0);
        remote.target = strdup("t");
        remote.archive_id = strdup("id");
        remote.cursor_seq = 9;
        remote.version = 12;
        remote.list_digests[2] = UINT64_MAX;
        CHECK_INT(ledger_remote_put(l, "a", &remote), 0);
        CHECK_INT(ledger_remote_set_known(l, "a", LEDGER_KNOWN), 0);
        CHECK_INT(ledger_remote_put(l, "a", &remote), 0);
        CHECK_INT(ledger_remote_get(l, "a", &back), 1);
        CHECK_INT(back.known, LEDGER_KNOWN);
        CHECK_INT(back.version, 12);
        CHECK(back.list_digests[2] == UINT64_MAX);
        ledger_remote_done(&back);

        CHECK_INT(ledger_check_archive(l, "id", 9), 0);
        CHECK_INT(ledger_remote_get(l, "a", &back), 1);
        CHECK_INT(back.known, LEDGER_KNOWN);
        ledger_remote_done(&back);
        CHECK_INT(ledger_check_archive(l, "id", 8), 0);
        CHECK_INT(ledger_remote_get(l, "a", &back), 1);
        CHECK_INT(back.known, LEDGER_ASK);

        CHECK_INT(ledger_get(l, "a", "s", &entry), 0);
        CHECK_INT(entry.state, LEDGER_NONE);
        for (int i = 0; i < 3; i++) {
                char id[] = { 's', (char) ('0' + i), 0 };

                CHECK_INT(ledger_put(l, "a", id, &(LedgerEntry){ LEDGER_SHARED, i, 7 }), 0);
        }
        CHECK_INT(ledger_put(l, "a", "s1", &(LedgerEntry){ LEDGER_GONE, 0, -1 }), 0);
        CHECK_INT(ledger_put(l, "b", "s4", &(LedgerEntry){ LEDGER_UNKNOWN, 0, -1 }), 0);
        CHECK_INT(ledger_held(l, "a", NULL, 3, ids), 2);
        CHECK_STR(ids[1], "s2");
        free(ids[0]);
        free(ids[1]);
        CHECK_INT(ledger_clear(l, "a"), 0);
        CHECK_INT(ledger_held(l, "a", NULL, 3, ids), 0);
        CHECK_INT(ledger_get(l, "b", "s4", &entry), 0);
        CHECK_INT(entry.state, LEDGER_UNKNOWN);
}

/* One of two couriers that come at the same moment. */
static void *open_ledger(void *archive)
{
        _cleanup_(ledger_closep) Ledger *l = NULL;
        intptr_t r = ledger_open(archive, &l, NULL);

        return (void *) r;
}

TEST(a_ledger_is_made_once_whoever_comes)
{
        for (int i = 0; i < 50; i++) {
                _cleanup_free_ char *archive = NULL, *name = NULL, *aside = NULL;
                pthread_t threads[4];

                REQUIRE(asprintf(&name, "together-%d.db", i) > 0);
                archive = fixture_path(name);
                REQUIRE(asprintf(&aside, "%s.remotes.broken", archive) > 0);
                for (size_t t = 0; t < ELEMENTSOF(threads); t++)
                        REQUIRE(pthread_create(threads + t, NULL, open_ledger, archive) == 0);
                for (size_t t = 0; t < ELEMENTSOF(threads); t++) {
                        void *result = NULL;

                        REQUIRE(pthread_join(threads[t], &result) == 0);
                        CHECK_INT((intptr_t) result, 0);
                }
                CHECK(access(aside, F_OK) < 0);
        }
}
