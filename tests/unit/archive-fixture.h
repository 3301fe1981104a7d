/* An archive with the real schema in its own folder, filled with SQL */
#pragma once

#include "archive/archive.h"
#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "test.h"

typedef struct Fixture {
        char folder[64];
        char *path;
        sqlite3 *db; /* for writing */
} Fixture;

/* Makes the archive at f->path. */
static _unused_ void fixture_make_at(Fixture *f, const char *sql)
{
        _cleanup_free_ char *error = NULL;
        Archive *a = NULL;

        if (archive_open(f->path, &a, &error) < 0)
                fprintf(stderr, "%s\n", error);
        REQUIRE(a);
        archive_close(a);
        REQUIRE(sqlite3_open(f->path, &f->db) == SQLITE_OK);
        if (sqlite_run(f->db, sql) < 0)
                fprintf(stderr, "%s\n", sqlite_reason(f->db));
        REQUIRE(sqlite3_errcode(f->db) == SQLITE_OK);
}

static _unused_ void fixture_make_in(Fixture *f, const char *where, const char *sql)
{
        *f = (Fixture){ 0 };
        (void) snprintf(f->folder, sizeof(f->folder), "%s/scrubjay-test-XXXXXX", where);
        REQUIRE(mkdtemp(f->folder));
        REQUIRE((f->path = path_join(f->folder, "archive.db")) != NULL);
        fixture_make_at(f, sql);
}

static _unused_ void fixture_make(Fixture *f, const char *sql)
{
        fixture_make_in(f, "/tmp", sql);
}

static void fixture_done(Fixture *f)
{
        static const char *const suffixes[] = { "", "-wal", "-shm", ".lock" };
        _cleanup_free_ char *key = path_join(f->folder, "fingerprint.key");

        sqlite_close(f->db);
        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                _cleanup_free_ char *path = NULL;

                REQUIRE(asprintf(&path, "%s%s", f->path, suffixes[i]) > 0);
                (void) unlink(path);
        }
        (void) unlink(key);
        (void) rmdir(f->folder);
        free(f->path);
}
