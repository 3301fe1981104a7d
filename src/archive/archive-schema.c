/* The archive's schema: made, checked, migrated */
#include "archive/archive-schema.h"

#include "archive/archive.h"

/* What a table has beside the columns of its model. */
static const struct Definition {
        const Table *table;
        const char *more;
} definitions[] = {
        { &session_table, "metadata_only INTEGER NOT NULL DEFAULT 0, "
                          "change_seq INTEGER NOT NULL, "
                          "shrunk_seq INTEGER NOT NULL DEFAULT 0" },
        { &message_table, "fingerprint INTEGER NOT NULL, change_seq INTEGER NOT NULL" },
        { &call_table, NULL },
        { &event_table, NULL },
        { &link_table, NULL },
        { &star_table, NULL },
        { &pin_table, NULL },
};

static const char *const other_tables =
                "CREATE TABLE session_deletes (session_id TEXT PRIMARY KEY, user_id TEXT, project TEXT, "
                "cause TEXT NOT NULL, created_at TEXT, change_seq INTEGER NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE findings (id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, ordinal INTEGER, "
                "field TEXT NOT NULL, rule TEXT NOT NULL, fingerprint INTEGER NOT NULL, found_at TEXT);"
                "CREATE INDEX findings_by_message ON findings (session_id, ordinal);"
                /* in the order of the source's rows, so that an audit is a merge of two scans */
                "CREATE TABLE cursors (source_rowid INTEGER PRIMARY KEY, session_id TEXT NOT NULL UNIQUE, "
                "fingerprint INTEGER NOT NULL, policy INTEGER NOT NULL, last_ordinal INTEGER NOT NULL, "
                "file_hash TEXT, synced_at TEXT);"
                "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
                /* tells an archive that was built anew from the one that a remote was fed from */
                "INSERT INTO meta VALUES ('archive_id', lower(hex(randomblob(16))));";

static int make_table(sqlite3 *db, const struct Definition *d)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        int r;

        (void) strbuf_printf(&sql, "CREATE TABLE %s (", d->table->name);
        if (d->more) /* first: behind a long text, they are at the end of a chain of pages */
                (void) strbuf_printf(&sql, "%s, ", d->more);
        for (size_t i = 0; i < d->table->n_columns; i++)
                (void) strbuf_printf(&sql, "%s %s, ", d->table->columns[i].name,
                                     d->table->columns[i].kind == COLUMN_NUMBER ? "INTEGER"
                                                                                : "TEXT");
        r = strbuf_printf(&sql, "PRIMARY KEY (%s))", d->table->key);
        return r < 0 ? r : sqlite_run(db, sql.data);
}

static int make_tables(sqlite3 *db)
{
        int r;

        /* 8 KB pages: a third less CPU than 4 KB when written, and a message more writes five of them; with 16 KB the first
         * would be 4 % less, and the second twice as much (measured on session text). Set before the first table. */
        r = sqlite_run(db, "PRAGMA page_size = 8192; BEGIN IMMEDIATE");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(definitions); i++)
                r = make_table(db, definitions + i);
        if (r >= 0)
                r = sqlite_run(db, other_tables);
        if (r >= 0)
                r = sqlite_runf(db, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
                                ARCHIVE_APPLICATION_ID, ARCHIVE_SCHEMA_VERSION);
        if (r < 0)
                (void) sqlite_run(db, "ROLLBACK");
        return r;
}

int archive_schema_prepare(sqlite3 *db)
{
        SqliteIdentity is;
        int r;

        r = sqlite_identify(db, &is);
        if (r < 0)
                return r;
        if (is.application_id == 0 && is.n_objects == 0)
                return make_tables(db);
        if (is.application_id != ARCHIVE_APPLICATION_ID)
                return -EMEDIUMTYPE;
        if (is.version > ARCHIVE_SCHEMA_VERSION)
                return -EPROTONOSUPPORT;
        return 0;
}
