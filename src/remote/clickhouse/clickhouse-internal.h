/*
 * What the files of the ClickHouse backend share
 */
#pragma once

#include "remote/clickhouse/http.h"
#include "remote/clickhouse/remote-url.h"
#include "remote/clickhouse/wire.h"
#include "remote/remote.h"

typedef struct ClickHouse {
        Remote base;
        const RemoteOptions *options;
        const RemoteIdentity *us; /* from open() on */
        const char *org_id;
        RemoteUrl url;
        Http *http;
        char *place; /* host:port, for people */
        bool gzip, is_open;

        StrBuf blocks[N_REMOTE_TABLES];    /* rows in RowBinary */
        size_t n_rows[N_REMOTE_TABLES];    /* in them */
        char *insert_sql[N_REMOTE_TABLES]; /* as a URL parameter */
        StrBuf row_head;                   /* org_id, as each row begins */
        StrBuf scratch;                    /* of digests */

        /* the block that the server works on; it is kept until it is acknowledged */
        StrBuf sent, sent_parameters;
        HttpRequest sent_request; /* its body is NULL where there is none */
} ClickHouse;

/* What a statement answers, line by line: TabSeparated, split and unescaped in place. */
#define CLICKHOUSE_CELLS_MAX 8

typedef int (*ClickHouseRowCallback)(void *userdata, char **cells, size_t n_cells);

/* Sets the reason. Returns @error. */
int clickhouse_fail(ClickHouse *c, int error, const char *format, ...) _printf_(3, 4);

/* Runs a statement; @on_row may be NULL. Returns 0 or a negative errno with the reason set. */
int clickhouse_run(ClickHouse *c, const StrBuf *sql, ClickHouseRowCallback on_row, void *userdata);

/* Takes the answer to what http_begin() sent, sends it again after a moment where that may help, and explains an answer that
 * is an error. @n_rows: how much of the answer was handed over already, for then it cannot be asked for again; NULL: nothing
 * is handed over. */
int clickhouse_finish(ClickHouse *c, const HttpRequest *request, const size_t *n_rows);

/* Begins a call of RemoteBackend: what the last one said no longer holds. */
ClickHouse *clickhouse_begin(Remote *remote);

/* Rows that a statement means: those of @ids, or of messages @rows, or all; of our own, or of anybody; and what they are
 * older than. */
typedef struct Selection {
        RemoteTable table;
        const char *const *ids; /* sessions */
        size_t n_ids;
        const RemoteChange *rows; /* messages; in REMOTE_CALLS the calls of these */
        size_t n_rows;
        bool all;       /* neither ids nor rows */
        bool own;       /* only those whose origin is one of ours */
        bool unnamed;   /* with @own: also those of our user that have no origin */
        uint64_t stamp; /* 0: any */
} Selection;

/* Appends its condition. */
void clickhouse_where(ClickHouse *c, StrBuf *b, const Selection *s);

/* Appends: column IN (our names). */
int clickhouse_names(ClickHouse *c, StrBuf *b, const char *column);

/* The name of a table's column with the session's id. */
const char *clickhouse_id_column(RemoteTable table);

/* What a batch replaces or removes goes. Three parts: before the rows, after them, and after the session rows. */
int clickhouse_remove(ClickHouse *c, const RemoteBatch *batch);
int clickhouse_replace_rows(ClickHouse *c, const RemoteBatch *batch);
int clickhouse_replace_sessions(ClickHouse *c, const RemoteBatch *batch);

/* Where rows of an organisation without a name were before; and they go. */
#define CLICKHOUSE_FORMER_ORG "default"
int clickhouse_clear_former(ClickHouse *c);

/* Sees whether we are the one that delivers here; where there is none, we are. Returns 0; -EEXIST: another archive is. */
int clickhouse_claim(ClickHouse *c);

/* Blocks, as RemoteBackend has them. */
int clickhouse_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);
int clickhouse_send(Remote *remote, const RemoteBatch *batch);

/* Forgets all blocks, also one that is on its way (it may be stored or not). */
void clickhouse_drop(ClickHouse *c);

/* Waits for the block that is on its way. */
int clickhouse_settle(ClickHouse *c);

/* A text as a row has it. Returns 0 or -ENOMEM. */
int clickhouse_put_text(StrBuf *b, const char *text, size_t n);

void clickhouse_blocks_done(ClickHouse *c);

/* Appends the URL parameters that every request has. */
void clickhouse_parameters(ClickHouse *c, StrBuf *b);

/* Appends @text as a URL parameter's value. */
void clickhouse_escape_url(StrBuf *b, const char *text);

/* Appends 'text', escaped. Returns 0 or -ENOMEM. */
int clickhouse_quote(StrBuf *b, const char *text);

/* Appends `name`, escaped. */
int clickhouse_name(StrBuf *b, const char *name);

/* Makes what is missing and checks what is there. */
int clickhouse_prepare_tables(ClickHouse *c, bool *ret_made); /* only checks, where it only looks */

/* SQL for the digest of a row, as wire_digest() has it. */
int clickhouse_digest_sql(RemoteTable table, StrBuf *b);
