/* watch: what counts as a change of the source, and what does not */
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "service/watch.h"
#include "test.h"

static char base[] = "/tmp/test-watch-XXXXXX";

static void begin(void)
{
        _cleanup_free_ char *command = NULL;

        if (strstr(base, "XXXXXX") && !mkdtemp(base))
                REQUIRE(false);
        REQUIRE(asprintf(&command, "find '%s' -mindepth 1 -delete", base) > 0);
        REQUIRE(system(command) == 0);
}

static char *at(const char *name)
{
        char *path = path_join(base, name);

        REQUIRE(path);
        return path;
}

static void make_folder(const char *name)
{
        _cleanup_free_ char *path = at(name);

        REQUIRE(folder_make(path) == 0);
}

static void append(const char *name)
{
        _cleanup_free_ char *path = at(name);
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

        REQUIRE(fd >= 0 && write(fd, "x", 1) == 1);
}

static void move(const char *from, const char *to)
{
        _cleanup_free_ char *a = at(from), *b = at(to);

        REQUIRE(rename(a, b) == 0);
}

static void drop(const char *name)
{
        _cleanup_free_ char *path = at(name);

        REQUIRE(remove(path) == 0);
}

static Watch *watch(const char *name)
{
        _cleanup_free_ char *path = at(name);
        Watch *w = NULL;

        REQUIRE(watch_new(path, &w) == 0);
        return w;
}

/* Dispatches everything so far: inotify queues events before the call that causes them returns. */
static int happened(Watch *w)
{
        struct pollfd p = { .fd = watch_fd(w), .events = POLLIN };
        int answer = 0;

        while (poll(&p, 1, 0) > 0) {
                int r = watch_dispatch(w);

                if (r < 0)
                        return r;
                answer = answer || r;
        }
        return answer;
}

TEST(writes_to_database_and_wal_count)
{
        begin();
        append("sessions.db");
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        CHECK(watch_has_folder(w));
        CHECK_INT(happened(w), 0);
        append("sessions.db");
        CHECK_INT(happened(w), 1);
        append("sessions.db-wal");
        CHECK_INT(happened(w), 1);
        CHECK_INT(happened(w), 0);
}

TEST(other_files_do_not)
{
        begin();
        append("sessions.db");
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        append("sessions.db-shm");
        append("sessions.db2");
        append("sessions.d");
        append("db.write.lock");
        drop("sessions.db-shm");
        CHECK_INT(happened(w), 0);
}

TEST(a_swap_counts)
{
        begin();
        append("sessions.db");
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        append("sessions.db.new");
        CHECK_INT(happened(w), 0);
        move("sessions.db.new", "sessions.db");
        CHECK_INT(happened(w), 1);
        append("sessions.db");
        CHECK_INT(happened(w), 1);
}

TEST(vanishing_and_appearing_count)
{
        begin();
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        append("sessions.db");
        CHECK_INT(happened(w), 1);
        drop("sessions.db");
        CHECK_INT(happened(w), 1);
        append("sessions.db");
        CHECK_INT(happened(w), 1);
}

TEST(a_folder_is_waited_for_step_by_step)
{
        begin();
        _cleanup_(watch_freep) Watch *w = watch("a/b/c/sessions.db");

        CHECK(!watch_has_folder(w));
        append("unrelated");
        CHECK_INT(happened(w), 0);
        make_folder("a");
        CHECK_INT(happened(w), 0);
        CHECK(!watch_has_folder(w));
        make_folder("a/b/c");
        CHECK_INT(happened(w), 1);
        CHECK(watch_has_folder(w));
        append("a/b/c/sessions.db");
        CHECK_INT(happened(w), 1);
}

TEST(a_folder_that_is_there_at_once_is_not_missed)
{
        begin();
        _cleanup_(watch_freep) Watch *w = watch("a/b/sessions.db");

        make_folder("x/b");
        append("x/b/sessions.db");
        move("x", "a");
        CHECK_INT(happened(w), 1);
        CHECK(watch_has_folder(w));
}

TEST(a_folder_that_leaves_is_waited_for_again)
{
        begin();
        make_folder("a/b");
        append("a/b/sessions.db");
        _cleanup_(watch_freep) Watch *w = watch("a/b/sessions.db");

        move("a/b", "a/c");
        CHECK_INT(happened(w), 1);
        CHECK(!watch_has_folder(w));
        append("a/c/sessions.db");
        CHECK_INT(happened(w), 0);
        move("a/c", "a/b");
        CHECK_INT(happened(w), 1);
        append("a/b/sessions.db");
        CHECK_INT(happened(w), 1);
        drop("a/b/sessions.db");
        drop("a/b");
        CHECK_INT(happened(w), 1);
        drop("a");
        CHECK_INT(happened(w), 0);
        make_folder("a/b");
        CHECK_INT(happened(w), 1);
        append("a/b/sessions.db");
        CHECK_INT(happened(w), 1);
}

TEST(a_file_in_the_place_of_a_folder_is_waited_out)
{
        begin();
        append("a");
        _cleanup_(watch_freep) Watch *w = watch("a/sessions.db");

        CHECK(!watch_has_folder(w));
        drop("a");
        make_folder("a");
        CHECK_INT(happened(w), 1);
        CHECK(watch_has_folder(w));
}

TEST(a_link_is_followed)
{
        _cleanup_free_ char *link = NULL;

        begin();
        make_folder("real");
        make_folder("here");
        append("real/data.db");
        link = at("here/sessions.db");
        REQUIRE(symlink("../real/data.db", link) == 0);
        _cleanup_(watch_freep) Watch *w = watch("here/sessions.db");

        append("real/data.db-wal");
        CHECK_INT(happened(w), 1);
        append("real/data.db");
        CHECK_INT(happened(w), 1);
        append("real/other.db");
        CHECK_INT(happened(w), 0);
        drop("here/sessions.db");
        CHECK_INT(happened(w), 1);
        append("real/data.db");
        CHECK_INT(happened(w), 0);
        append("here/sessions.db");
        CHECK_INT(happened(w), 1);
}

static sqlite3 *open_database(const char *name, int flags)
{
        _cleanup_free_ char *path = at(name);
        sqlite3 *db = NULL;

        REQUIRE(sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK);
        return db;
}

static void run(sqlite3 *db, const char *sql)
{
        REQUIRE(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

TEST(reading_does_not_wake_the_reader)
{
        sqlite3 *writer, *reader;

        begin();
        writer = open_database("sessions.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
        run(writer, "PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES (1)");
        sqlite3_close(writer);
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        /* this creates -wal and -shm, and may remove them again */
        for (int i = 0; i < 3; i++) {
                reader = open_database("sessions.db", SQLITE_OPEN_READONLY);
                run(reader, "BEGIN; SELECT * FROM t; COMMIT");
                sqlite3_close(reader);
                CHECK_INT(happened(w), 0);
        }
        reader = open_database("sessions.db", SQLITE_OPEN_READONLY);
        run(reader, "SELECT * FROM t");
        CHECK_INT(happened(w), 0);

        writer = open_database("sessions.db", SQLITE_OPEN_READWRITE);
        CHECK_INT(happened(w), 0);
        run(writer, "INSERT INTO t VALUES (2)");
        CHECK_INT(happened(w), 1);
        run(reader, "SELECT * FROM t");
        CHECK_INT(happened(w), 0);
        sqlite3_close(writer);
        sqlite3_close(reader);
}

TEST(a_storm_of_events_is_one_change)
{
        begin();
        append("sessions.db");
        _cleanup_(watch_freep) Watch *w = watch("sessions.db");

        for (int i = 0; i < 40000;
             i++) /* beyond the queue's usual 16384, in case they are not merged */
                append(i % 2 ? "sessions.db" : "sessions.db-wal");
        CHECK_INT(happened(w), 1);
        CHECK_INT(happened(w), 0);
        begin();
        (void) rmdir(base);
}
