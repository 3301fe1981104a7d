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
        RemoteUrl url;
        Http *http;
        char *name, *org_id, *password_file;
        char *place; /* host:port, for people */
        bool gzip;

        StrBuf blocks[N_REMOTE_TABLES];    /* rows in RowBinary */
        char *insert_sql[N_REMOTE_TABLES]; /* as a URL parameter */
        StrBuf row_head;                   /* org_id, as each row begins */

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
int clickhouse_run(ClickHouse *c, const char *sql, ClickHouseRowCallback on_row, void *userdata);

/* Takes the answer to what http_begin() sent, sends it again after a moment where that may help, and explains an answer that
 * is an error. @n_rows: how much of the answer was handed over already, for then it cannot be asked for again; NULL: nothing
 * is handed over. */
int clickhouse_finish(ClickHouse *c, const HttpRequest *request, const size_t *n_rows);

/* Blocks, as RemoteBackend has them. */
int clickhouse_put(Remote *remote, RemoteTable table, const Value *values, uint64_t version,
                   size_t *ret_size);
int clickhouse_send(Remote *remote, RemoteTable table);
void clickhouse_drop(Remote *remote);

/* Waits for the block that is on its way. */
int clickhouse_settle(ClickHouse *c);

/* A text as a row has it. Returns 0 or -ENOMEM. */
int clickhouse_put_text(StrBuf *b, const char *text, size_t n);

void clickhouse_blocks_done(ClickHouse *c);

/* Appends the URL parameters that every request has. Returns 0 or -ENOMEM. */
int clickhouse_parameters(ClickHouse *c, StrBuf *b);

/* Appends @text as a URL parameter's value. Returns 0 or -ENOMEM. */
int clickhouse_escape_url(StrBuf *b, const char *text);

/* Appends 'text', escaped. Returns 0 or -ENOMEM. */
int clickhouse_quote(StrBuf *b, const char *text);

/* Appends `name`, escaped. */
int clickhouse_name(StrBuf *b, const char *name);

/* Makes what is missing and checks what is there. */
int clickhouse_prepare_tables(ClickHouse *c, bool *ret_made);

/* SQL for the digest of a row, as wire_digest() has it. */
int clickhouse_digest_sql(RemoteTable table, StrBuf *b);

/* The key of a table behind org_id, as SQL. */
const char *clickhouse_key(RemoteTable table);
