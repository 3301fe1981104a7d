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

/* A session's owner_marker, and the key in sync_metadata that says who delivers, begin with this. */
#define PG_MARK "scrubjay:"

/* A session that was put and not sent yet. */
typedef struct PgSession {
        char *id;
        bool has_text; /* messages or calls were put */
        size_t group;  /* the transaction that it belongs to */
} PgSession;

/* One transaction: sessions, and slices of their rows, each of which is one statement. */
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

        bool has[N_PG_TABLES][PG_COLUMNS_MAX]; /* columns that exist there */
        bool has_excluded, has_tool_flag;      /* excluded_sessions; sessions.has_tool_calls */
        char *left_out;                        /* columns of ours that do not; or NULL */
        char *plain; /* a session that did not come from scrubjay; or NULL */

        char *claim; /* the value of the row that says that we deliver, as we last wrote it; or NULL */
        char *next_claim; /* as the current transaction writes it; or NULL */
        uint64_t next_stamp;
        char *ours, *kin; /* marks of this archive, and those plus the same person's others, as SQL arrays */

        StrBuf blocks[N_PG_TABLES]; /* rows in COPY's binary format */
        size_t n_rows[N_PG_TABLES]; /* in them */
        bool has_put[N_PG_TABLES];  /* were any put since the last batch? */
        bool is_staged;             /* the temporary tables have rows */
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

/* Sets the reason for a failed call of the connection. Returns a negative errno. */
int postgresql_failed(PostgreSql *p, int r);

/* Begins a call of RemoteBackend: clears what the last one set. */
PostgreSql *postgresql_begin(Remote *remote);

/* Runs the statement in @sql, with texts as parameters (NULL-terminated). If @ret is not NULL, the caller owns *@ret. Returns 0
 * or a negative errno with the reason set. */
int postgresql_run(PostgreSql *p, StrBuf *sql, const char *const *parameters, PGresult **ret);
int postgresql_runf(PostgreSql *p, const char *const *parameters, PGresult **ret,
                    const char *format, ...) _printf_(4, 5);

/* A value of a result as text; "" for NULL. */
const char *postgresql_text(const PGresult *result, int row, int column);

static inline void result_clearp(PGresult **result)
{
        if (*result)
                pq()->PQclear(*result);
}

/* Appends @text as an element of an SQL array, after the opening brace or a comma. Returns 0 or -ENOMEM. */
int postgresql_add_element(StrBuf *array, const char *text);

/* Checks that we can write to the schema, and that we may. */
int postgresql_check_schema(PostgreSql *p);

/* Sets how long a statement may take; 0: no limit. */
int postgresql_limit_statements(PostgreSql *p, uint64_t usec);

/* Creates the temporary tables. */
int postgresql_make_staging(PostgreSql *p);
#define PG_STAGING "pg_temp.scrubjay_"

/* Checks that we are the archive that delivers here; if there is none, we become it. *@ret_stamp: our highest. */
int postgresql_claim(PostgreSql *p, bool *ret_is_new, uint64_t *ret_stamp);
int postgresql_still_ours(PostgreSql *p);

/* The person that a claim names; NULL: it is not a claim, or names nobody. */
const char *postgresql_user_of(const char *value);

/* Begins a transaction, which notes the stamp; fails if another delivery has begun. */
int postgresql_begin_work(PostgreSql *p, uint64_t stamp);
int postgresql_commit(PostgreSql *p);
/* Also allowed if none was begun. */
int postgresql_roll_back(PostgreSql *p);

/* Rows; see RemoteBackend. */
int postgresql_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);
int postgresql_send(Remote *remote, const RemoteBatch *batch);

/* Sends what was put to the temporary tables; session rows only if @all. */
int postgresql_stage(PostgreSql *p, bool all);

/* What an administrator runs; see RemoteBackend. */
int postgresql_setup(Remote *remote, StrBuf *ret);

/* Forgets what was put. */
void postgresql_drop(PostgreSql *p);
void postgresql_rows_done(PostgreSql *p);
