/* The archive's schema: declared, made, checked */
#include "archive/archive-schema.h"

#include "model/session.h"
#include <string.h>

/*
 * The tables. A column added here reaches the archives of older versions too (archive_schema_prepare()), if it may be NULL
 * or has a DEFAULT; a new version needs ARCHIVE_SCHEMA_VERSION to grow, once for all that a release adds.
 */
static const struct Definition {
        const char *name;
        const Table *model;         /* whose columns it has beside its own, or NULL */
        const char *const *columns; /* its own, NULL-terminated */
        const char *key,
                        *options; /* of a table without a model: PRIMARY KEY, if no column says it */
        const char *fill;         /* its first content, or NULL */
} definitions[] = {
        { .model = &session_table,
          .columns = (const char *const[]){ "metadata_only INTEGER NOT NULL DEFAULT 0",
                                            "change_seq INTEGER NOT NULL",
                                            "shrunk_seq INTEGER NOT NULL DEFAULT 0", NULL } },
        { .model = &message_table,
          .columns = (const char *const[]){ "fingerprint INTEGER NOT NULL",
                                            "change_seq INTEGER NOT NULL", NULL } },
        { .model = &call_table },
        { .model = &event_table },
        { .model = &link_table },
        { .model = &star_table },
        { .model = &pin_table },
        { .model = &label_table },
        { .model = &parent_table },
        { .model = &usage_table },
        { .name = "session_deletes",
          .columns = (const char *const[]){ "session_id TEXT PRIMARY KEY", "user_id TEXT",
                                            "project TEXT", "cause TEXT NOT NULL",
                                            "created_at TEXT", "change_seq INTEGER NOT NULL",
                                            NULL },
          .options = "WITHOUT ROWID" },
        { .name = "findings",
          .columns = (const char *const[]){ "id INTEGER PRIMARY KEY", "session_id TEXT NOT NULL",
                                            "ordinal INTEGER", "field TEXT NOT NULL",
                                            "rule TEXT NOT NULL", "fingerprint INTEGER NOT NULL",
                                            "found_at TEXT", NULL } },
        /* Each secret that was ever found, and when a message had it first: it stays, whatever becomes of the message. A
         * secret that is not in here is new. (found_at of a finding is the message's time as well.) */
        { .name = "secrets_seen",
          .columns = (const char *const[]){ "fingerprint INTEGER PRIMARY KEY", "first_seen TEXT",
                                            NULL },
          .fill = "UPDATE findings SET found_at = coalesce((SELECT timestamp FROM messages m WHERE "
                  "m.session_id = findings.session_id AND m.ordinal = findings.ordinal), (SELECT "
                  "started_at FROM sessions WHERE id = session_id), found_at); "
                  "INSERT INTO secrets_seen SELECT fingerprint, min(found_at) FROM findings GROUP BY "
                  "fingerprint" },
        /* Each different secret of a conversation, once; findings name its places. @shape: see recall.h, NULL: it is not looked
         * for elsewhere. @teller: the session whose text tells it, as of @policy; NULL: that text is gone. */
        { .name = "secrets",
          .columns = (const char *const[]){ "conversation TEXT NOT NULL",
                                            "fingerprint INTEGER NOT NULL", "rule TEXT NOT NULL",
                                            "shape INTEGER", "policy INTEGER NOT NULL DEFAULT 0",
                                            "teller TEXT", "change_seq INTEGER NOT NULL DEFAULT 0",
                                            NULL },
          .key = "conversation, fingerprint",
          .options = "WITHOUT ROWID",
          .fill = "INSERT INTO secrets (conversation, fingerprint, rule) SELECT session_id, "
                  "fingerprint, min(rule) FROM findings GROUP BY session_id, fingerprint" },
        /* Of the sessions that have relatives: which conversation they are in, and up to which change of its secrets they
         * were masked. One with no row is a conversation by itself, and has its id as name. */
        { .name = "conversations",
          .columns = (const char *const[]){ "session_id TEXT PRIMARY KEY",
                                            "conversation TEXT NOT NULL",
                                            "applied INTEGER NOT NULL DEFAULT 0", NULL },
          .options = "WITHOUT ROWID" },
        /* those with a secret that some of their sessions may not have been masked with */
        { .name = "conversations_due",
          .columns = (const char *const[]){ "conversation TEXT PRIMARY KEY", NULL },
          .options = "WITHOUT ROWID" },
        /* in the order of the source's rows, so that an audit is a merge of two scans */
        { .name = "cursors",
          .columns = (const char *const[]){ "source_rowid INTEGER PRIMARY KEY",
                                            "session_id TEXT NOT NULL UNIQUE",
                                            "fingerprint INTEGER NOT NULL",
                                            "policy INTEGER NOT NULL",
                                            "last_ordinal INTEGER NOT NULL", "file_hash TEXT",
                                            "synced_at TEXT", NULL } },
        /* archive_id distinguishes a rebuilt archive from the one that was delivered to a remote */
        { .name = "meta",
          .columns = (const char *const[]){ "key TEXT PRIMARY KEY", "value", NULL },
          .options = "WITHOUT ROWID",
          .fill = "INSERT INTO meta VALUES ('archive_id', lower(hex(randomblob(16))))" },
};

static const char *const indexes[] = {
        "findings_by_message ON findings (session_id, ordinal)",
        "findings_by_secret ON findings (fingerprint, rule, session_id)",
        "sessions_without_text ON sessions (id) WHERE metadata_only",
        "conversations_by_name ON conversations (conversation)",
};

static const char *definition_name(const struct Definition *d)
{
        return d->model ? d->model->name : d->name;
}

/* Calls @func for each column: its own first, since after a long text they are at the end of a chain of pages. */
static int for_each_column(const struct Definition *d,
                           int (*func)(void *userdata, const char *column), void *userdata)
{
        char column[128];
        int r = 0;

        for (size_t i = 0; r >= 0 && d->columns && d->columns[i]; i++)
                r = func(userdata, d->columns[i]);
        for (size_t i = 0; r >= 0 && d->model && i < d->model->n_columns; i++) {
                const Column *c = d->model->columns + i;

                (void) snprintf(column, sizeof(column), "%s %s", c->name,
                                c->kind == COLUMN_NUMBER ? "INTEGER"
                                : c->kind == COLUMN_REAL ? "REAL"
                                                         : "TEXT");
                r = func(userdata, column);
        }
        return r;
}

static int append_column(void *userdata, const char *column)
{
        StrBuf *sql = userdata;

        return strbuf_printf(sql, "%s%s", sql->data[sql->size - 1] == '(' ? "" : ", ", column);
}

static int make_table(sqlite3 *db, const struct Definition *d)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        const char *key = d->model ? d->model->key : d->key;

        (void) strbuf_printf(&sql, "CREATE TABLE %s (", definition_name(d));
        (void) for_each_column(d, append_column, &sql);
        if (key)
                (void) strbuf_printf(&sql, ", PRIMARY KEY (%s)", key);
        (void) strbuf_printf(&sql, ") %s; %s", d->options ?: "", d->fill ?: "");
        return sqlite_run(db, sql.data);
}

typedef struct Existing {
        sqlite3 *db;
        const char *table;
        sqlite3_stmt *has_column;
} Existing;

static int add_if_missing(void *userdata, const char *column)
{
        Existing *e = userdata;
        int r;

        (void) sqlite_bind_text(e->has_column, 2, column, strcspn(column, " "));
        r = sqlite_step(e->has_column);
        (void) sqlite3_reset(e->has_column);
        if (r != 0)
                return r < 0 ? r : 0;
        return sqlite_runf(e->db, "ALTER TABLE %s ADD COLUMN %s", e->table, column);
}

/* Makes the table, or adds the columns that it lacks. */
static int bring_up_to_date(sqlite3 *db, const struct Definition *d)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *has_column = NULL;
        Existing existing = { .db = db, .table = definition_name(d) };
        int r;

        has_column = sqlite_make(
                        db, "SELECT 1 FROM pragma_table_info(?1) WHERE name = coalesce(?2, name)");
        (void) sqlite_bind_text(has_column, 1, existing.table, strlen(existing.table));
        r = sqlite_exists(has_column);
        if (r < 0)
                return r;
        existing.has_column = has_column;
        return r == 0 ? make_table(db, d) : for_each_column(d, add_if_missing, &existing);
}

/* What is declared and not there is made; nothing else is touched. */
static int make_what_is_missing(sqlite3 *db)
{
        int r;

        /* 8 KB pages: a third less CPU than 4 KB when written, and a message more writes five of them; with 16 KB the first
         * would be 4 % less, and the second twice as much (measured on session text). Set before the first table; where
         * there is one, it changes nothing. */
        r = sqlite_run(db, "PRAGMA page_size = 8192; BEGIN IMMEDIATE");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(definitions); i++)
                r = bring_up_to_date(db, definitions + i);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(indexes); i++)
                r = sqlite_runf(db, "CREATE INDEX IF NOT EXISTS %s", indexes[i]);
        if (r >= 0)
                r = sqlite_runf(db, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                                ARCHIVE_APPLICATION_ID, ARCHIVE_SCHEMA_VERSION);
        if (r < 0)
                (void) sqlite_run(db, "ROLLBACK");
        return r;
}

int archive_schema_check(sqlite3 *db)
{
        SqliteIdentity is;
        int r;

        r = sqlite_identify(db, &is);
        if (r < 0)
                return r;
        if (is.application_id == 0 && is.n_objects == 0)
                return -ENOENT;
        if (is.application_id != ARCHIVE_APPLICATION_ID)
                return -EMEDIUMTYPE;
        if (is.version > ARCHIVE_SCHEMA_VERSION)
                return -EPROTONOSUPPORT;
        return is.version < ARCHIVE_SCHEMA_VERSION;
}

int archive_schema_prepare(sqlite3 *db)
{
        int r = archive_schema_check(db);

        return r > 0 || r == -ENOENT ? make_what_is_missing(db) : r;
}
