/*
 * Which of our values goes in which column of agentsview's schema, and with which type
 *
 * The schema is agentsview's (0.46.1), created and migrated by its own `pg serve` or by `scrubjayctl remote setup`. An older
 * one lacks columns, and a newer one has more. Core columns must exist; the others are written if they exist.
 */
#pragma once

#include "base/strbuf.h"
#include "remote/remote.h"

/* The tables that we write. */
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
        PG_VALUE,    /* our value */
        PG_OWNER,    /* our mark */
        PG_REVISION, /* changes when the text does, and only then */
        PG_NOW,      /* the server's time, which open pages watch */
        PG_KEPT, /* our value, unless somebody changed it there: the column @shadow has what we last sent */
} PgUse;

typedef struct PgColumn {
        const char *name;
        PgType type;
        PgUse use;
        int from;             /* column of our table */
        const char *fallback; /* replaces an empty text; NULL: SQL's NULL, also for other types */
        const char *shadow;
        bool is_core;
        size_t most;      /* bytes that fit in its index; 0: it has no index */
        bool keeps_empty; /* an empty text stays empty, and only a missing one becomes NULL */
        bool is_name;     /* a text made from our number, which distinguishes rows */
} PgColumn;

typedef struct PgLayout {
        const char *name;
        RemoteTable table;
        const char *key; /* as SQL; NULL: rows may be equal */
        const PgColumn *columns;
        size_t n_columns;
        const char *among; /* the key is unique among rows that match this condition; NULL: among all */
        const char *array; /* instead of a table: the column of sessions that holds them; or NULL */
} PgLayout;

/* The layout of a table. */
const PgLayout *pg_layout(PgTable table);

/* The table there for one of ours; N_PG_TABLES: there is none. */
PgTable pg_table_of(RemoteTable table);

/* A value in its column's type. Its text is borrowed from the values or from @scratch. */
typedef struct PgCell {
        bool is_null;
        const char *text;
        size_t size;
        int64_t number;
} PgCell;

/* Converts a value. @scratch holds a text that had to be changed. Returns 0 or -ENOMEM. */
int pg_cell(const PgColumn *column, const Value *values, StrBuf *scratch, PgCell *ret);

/* Can the row be stored there: do its numbers fit the keys, and is its id valid there? */
bool pg_row_fits(RemoteTable table, const Value *values);

/* Is the value sent with the row, rather than set by the statement that stores the row? */
bool pg_column_is_sent(const PgColumn *column);

/* Is it part of a row's digest? What follows from the rest, or may be changed by others, is not. */
bool pg_column_is_digested(const PgColumn *column);

/* The digest of a row here, over the columns that exist there (@has); and SQL for the same digest there. */
int pg_digest(PgTable table, const bool *has, const Value *values, StrBuf *scratch, uint64_t *ret);
int pg_digest_sql(PgTable table, const bool *has, StrBuf *sql);
