/*
 * Which column of agentsview's schema gets what of ours, and as what
 *
 * The schema is agentsview's (0.46.1), made and migrated by its own `pg serve` or by `scrubjayctl remote setup`: an older or
 * newer one lacks columns, or has more. Core columns must be there; of the others those that are there are written.
 */
#pragma once

#include "base/strbuf.h"
#include "remote/remote.h"

/* Tables there that are written. */
typedef enum PgTable {
        PG_SESSIONS,
        PG_MESSAGES,
        PG_CALLS,
        PG_STARS,
        PG_PINS,
        PG_USAGE,
        PG_LABELS, /* in a column of sessions */
        N_PG_TABLES,
} PgTable;

#define PG_COLUMNS_MAX 64

typedef enum PgType {
        PG_TEXT,
        PG_INT,
        PG_LONG, /* 64 bits */
        PG_REAL, /* the bits of a double */
        PG_BOOL,
        PG_TIME, /* microseconds */
} PgType;

typedef enum PgUse {
        PG_VALUE,    /* the value of ours */
        PG_OWNER,    /* our mark */
        PG_REVISION, /* changes with the text, and only then */
        PG_NOW,      /* the server's time: it is what an open page looks at */
        PG_KEPT, /* the value of ours, unless somebody there set another: @shadow is what we said last */
} PgUse;

typedef struct PgColumn {
        const char *name;
        PgType type;
        PgUse use;
        int from;             /* column of our table */
        const char *fallback; /* in place of an empty text; NULL: SQL's NULL, also for others */
        const char *shadow;
        bool is_core;
        size_t most;      /* bytes that fit in its index; 0: it has none */
        bool keeps_empty; /* an empty text is none that is missing */
        bool is_name;     /* a text, of our number, by which rows are told apart */
} PgColumn;

typedef struct PgLayout {
        const char *name;
        RemoteTable table;
        const char *key; /* as SQL; NULL: rows need not differ */
        const PgColumn *columns;
        size_t n_columns;
        const char *among; /* of the rows there that the key is unique of; or NULL: of all */
        const char *array; /* the column of sessions that has all of a session's, in place of a table; or NULL */
} PgLayout;

/* What a table there is made of. */
const PgLayout *pg_layout(PgTable table);

/* The table there for one of ours; N_PG_TABLES: it has none. */
PgTable pg_table_of(RemoteTable table);

/* What a column's row holds. Text is borrowed from the values or from @scratch. */
typedef struct PgCell {
        bool is_null;
        const char *text;
        size_t size;
        int64_t number;
} PgCell;

/* @scratch keeps a text that had to be written anew. Returns 0 or -ENOMEM. */
int pg_cell(const PgColumn *column, const Value *values, StrBuf *scratch, PgCell *ret);

/* Can the row be there: do its numbers fit the keys, and is its id one? */
bool pg_row_fits(RemoteTable table, const Value *values);

/* Does it come with the row, rather than with the statement that stores it? */
bool pg_column_is_sent(const PgColumn *column);

/* Is it part of a row's digest? What follows from the rest, or is another's to change, is not. */
bool pg_column_is_digested(const PgColumn *column);

/* The digest of a row here, of the columns of which @has says that they are there; and SQL for the same there. */
int pg_digest(PgTable table, const bool *has, const Value *values, StrBuf *scratch, uint64_t *ret);
int pg_digest_sql(PgTable table, const bool *has, StrBuf *sql);
