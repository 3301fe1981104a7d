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

        /* the block that is being sent, kept until it is acknowledged */
        StrBuf sent, sent_parameters;
        HttpRequest sent_request; /* its body is NULL if there is none */
} ClickHouse;

/* The most columns in an answer, which comes line by line: TabSeparated, split and unescaped in place. */
#define CLICKHOUSE_CELLS_MAX 8

typedef int (*ClickHouseRowCallback)(void *userdata, char **cells, size_t n_cells);

/* Sets the reason. Returns @error. */
int clickhouse_fail(ClickHouse *c, int error, const char *format, ...) _printf_(3, 4);

/* Runs a statement; @on_row may be NULL. Returns 0 or a negative errno with the reason set. */
int clickhouse_run(ClickHouse *c, const StrBuf *sql, ClickHouseRowCallback on_row, void *userdata);

/* Waits for the answer to what http_begin() sent, sends it again after a moment if that may help, and explains an error.
 * @n_rows: how many rows were passed to a callback; if there are any, it is not sent again. NULL: there is no callback. */
int clickhouse_finish(ClickHouse *c, const HttpRequest *request, const size_t *n_rows);

/* Begins a call of RemoteBackend: clears what the last one set. */
ClickHouse *clickhouse_begin(Remote *remote);

/* The rows that a statement applies to: of the sessions @ids, of the messages @rows, or all; only ours, or anybody's; and only
 * those older than @stamp. */
typedef struct Selection {
        RemoteTable table;
        const char *const *ids; /* sessions */
        size_t n_ids;
        const RemoteChange *rows; /* messages; in REMOTE_CALLS, their calls */
        size_t n_rows;
        bool all;       /* neither ids nor rows */
        bool own;       /* only those with an origin of ours */
        bool unnamed;   /* with @own: also our user's that have no origin */
        uint64_t stamp; /* 0: any */
} Selection;

/* Appends its WHERE. */
void clickhouse_where(ClickHouse *c, StrBuf *b, const Selection *s);

/* Appends: column IN (our names). */
int clickhouse_names(ClickHouse *c, StrBuf *b, const char *column);

/* The name of the table's column with the session id. */
const char *clickhouse_id_column(RemoteTable table);

/* Delete what a batch removes or replaces: before its rows are sent, after them, and after the session rows. */
int clickhouse_remove(ClickHouse *c, const RemoteBatch *batch);
int clickhouse_replace_rows(ClickHouse *c, const RemoteBatch *batch);
int clickhouse_replace_sessions(ClickHouse *c, const RemoteBatch *batch);

/* Earlier versions put rows without OrgId= there; this deletes them. */
#define CLICKHOUSE_FORMER_ORG "default"
int clickhouse_clear_former(ClickHouse *c);

/* Checks that we are the archive that delivers here; if there is none, we become it. Returns 0; -EEXIST: another archive is. */
int clickhouse_claim(ClickHouse *c);

/* Blocks; see RemoteBackend. */
int clickhouse_put(Remote *remote, RemoteTable table, const Value *values, uint64_t stamp);
int clickhouse_send(Remote *remote, const RemoteBatch *batch);

/* Forgets all blocks, even one that is being sent (it may be stored or not). */
void clickhouse_drop(ClickHouse *c);

/* Waits for the block that is being sent. */
int clickhouse_settle(ClickHouse *c);

/* Appends a text in RowBinary. Returns 0 or -ENOMEM. */
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

/* Creates what is missing and checks what is there; with only_looks, it only checks. *@ret_made: a table was created. */
int clickhouse_prepare_tables(ClickHouse *c, bool *ret_made);

/* Appends SQL for the digest of a row, as wire_digest() computes it. */
int clickhouse_digest_sql(RemoteTable table, StrBuf *b);
