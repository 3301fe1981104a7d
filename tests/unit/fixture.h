/*
 * A source database of agentsview's shape, built from SQL, and a folder of its own
 *
 * AGENTSVIEW_SCHEMA is tests/lib/agentsview.sql, the part of agentsview's tables that scrubjay reads; the tests in
 * tests/agentsview run against the real ones.
 */
#pragma once

#include <ftw.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "test.h"

#include "agentsview-schema.h"

/* The folder of this test program, removed at its end. */
static char fixture_folder[] = "/tmp/scrubjay-test-XXXXXX";

static int fixture_remove(const char *path, _unused_ const struct stat *st, _unused_ int type,
                          _unused_ struct FTW *ftw)
{
        return remove(path);
}

static void fixture_clean(void)
{
        (void) nftw(fixture_folder, fixture_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* @name in the folder; the caller frees. */
static _unused_ char *fixture_path(const char *name)
{
        static bool made;
        char *path;

        if (!made) {
                REQUIRE(mkdtemp(fixture_folder));
                made = true;
                atexit(fixture_clean);
        }
        REQUIRE((path = path_join(fixture_folder, name)) != NULL);
        return path;
}

static _unused_ void fixture_sql(const char *path, const char *sql)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;

        REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
                fprintf(stderr, "fixture: %s\n", sqlite3_errmsg(db));
                exit(1);
        }
}

/* The first column of the first row; INT64_MIN if there is none. */
static _unused_ int64_t fixture_int(const char *path, const char *sql)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        int64_t i = INT64_MIN;

        REQUIRE(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        REQUIRE(sqlite_query_int(db, sql, &i) >= 0);
        return i;
}

/* The same as text, which the caller frees; NULL if there is none. */
static _unused_ char *fixture_text(const char *path, const char *sql)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;

        REQUIRE(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK);
        REQUIRE(sqlite_prepare(db, sql, &stmt) >= 0);
        if (sqlite_step(stmt) <= 0 || !sqlite3_column_text(stmt, 0))
                return NULL;
        return strdup((const char *) sqlite3_column_text(stmt, 0));
}
