/*
 * What the files of the PostgreSQL backend share
 */
#pragma once

#include "remote/postgresql/connection-settings.h"
#include "remote/postgresql/connection.h"
#include "remote/postgresql/postgresql-columns.h"
#include "remote/remote.h"

/* Where agentsview keeps its tables, unless Schema= says another one. */
#define PG_DEFAULT_SCHEMA "agentsview"

/* Whose a session is stands in its owner_marker, and who delivers in sync_metadata: both begin so. */
#define PG_MARK "scrubjay:"

/* A session that was put, and has not been sent. */
typedef struct PgSession {
        char *id;
        bool has_text; /* messages or calls were put */
        size_t group;  /* which transaction it goes in */
} PgSession;

/* What goes in one transaction: sessions, and the slices of rows that go in one statement each. */
typedef struct PgGroup {
        size_t first_slice;
        size_t n_rows, n_bytes;
} PgGroup;

typedef struct PostgreSql {
        Remote base;
        const RemoteOptions *options;
        const RemoteIdentity *us; /* from open() on */
        ConnectionSettings settings;
        Connection connection;
        bool is_open;
        char *schema; /* quoted */

        bool has[N_PG_TABLES][PG_COLUMNS_MAX]; /* columns that are there */
        bool has_excluded, has_tool_flag;      /* excluded_sessions; sessions.has_tool_calls */
        char *left_out;                        /* columns of ours that are not; or NULL */
        char *plain;                           /* a session that no scrubjay brought; or NULL */

        char *claim; /* the row that says that we deliver, as we wrote it last; "": there is none */
        char *next_claim; /* as the transaction in hand has it; or NULL */
        uint64_t next_stamp;
        char *ours, *kin; /* marks of this archive, and of others of the same person, as SQL arrays */

        StrBuf blocks[N_PG_TABLES]; /* rows in COPY's binary format */
        size_t n_rows[N_PG_TABLES]; /* in them */
        bool has_put[N_PG_TABLES];  /* any, since the last batch */
        bool is_staged;             /* rows are in the temporary tables */
        PgSession *sessions;
        size_t n_sessions;
        PgGroup *groups;
        size_t n_groups;
        size_t slice, slice_rows, slice_bytes;
        StrBuf scratch, digested;
} PostgreSql;

/* Sets the reason. Returns @error. */
int postgresql_fail(PostgreSql *p, int error, const char *format, ...) _printf_(3, 4);
int postgresql_no_memory(PostgreSql *p);

/* The reason why a call of the connection returned @r, which is negative. */
int postgresql_failed(PostgreSql *p, int r);

/* Begins a call of RemoteBackend: what the last one said no longer holds. */
PostgreSql *postgresql_begin(Remote *remote);

/* Runs a statement whose text was made in @sql; with texts as parameters, NULL-terminated. Where @ret is not NULL, its rows are
 * the caller's. Returns 0 or a negative errno with the reason set. */
int postgresql_run(PostgreSql *p, StrBuf *sql, const char *const *parameters, PGresult **ret);
int postgresql_runf(PostgreSql *p, const char *const *parameters, PGresult **ret,
                    const char *format, ...) _printf_(4, 5);

/* One text of a result; NULL is "". */
const char *postgresql_text(const PGresult *result, int row, int column);

static inline void result_clearp(PGresult **result)
{
        if (*result)
                pq()->PQclear(*result);
}

/* Appends 'text' as an element of an SQL array, with what stands between. Returns 0 or -ENOMEM. */
int postgresql_add_element(StrBuf *array, const char *text);

/* Sees that the schema is one that we can write, and that we may. */
int postgresql_check_schema(PostgreSql *p);

/* How long the server lets a statement take; 0: as long as it likes. */
int postgresql_limit_statements(PostgreSql *p, uint64_t usec);

/* Makes the temporary tables. */
int postgresql_make_staging(PostgreSql *p);
#define PG_STAGING "pg_temp.scrubjay_"

/* Sees whether we are the one that delivers here; where there is none, we are. *@ret_stamp: the highest of ours. */
int postgresql_claim(PostgreSql *p, bool *ret_is_new, uint64_t *ret_stamp);
int postgresql_still_ours(PostgreSql *p);

/* The person that a claim's value names; NULL: it is none, or names nobody. */
const char *postgresql_user_of(const char *value);

/* Begins a transaction: it goes on only while we are the one that delivers, and notes the stamp. */
int postgresql_begin_work(PostgreSql *p, uint64_t stamp);
int postgresql_commit(PostgreSql *p);
/* Whether or not one was begun. */
int postgresql_roll_back(PostgreSql *p);

/* Rows, as RemoteBackend has them. */
int postgresql_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);
int postgresql_send(Remote *remote, const RemoteBatch *batch);

/* Brings what was put to the temporary tables; session rows only @all. */
int postgresql_stage(PostgreSql *p, bool all);

/* What an administrator runs, as RemoteBackend has it. */
int postgresql_setup(Remote *remote, StrBuf *ret);

/* Forgets what was put. */
void postgresql_drop(PostgreSql *p);
void postgresql_rows_done(PostgreSql *p);
