/* SearchIndex: full text search in the archive; making it and keeping it up */
#include "archive/search-index.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/query-internal.h"
#include "archive/search-internal.h"
#include "base/file-util.h"
#include "base/time-util.h"

/* Grows when the index's own shape changes. */
#define INDEX_VERSION 3

/* The index may be busy being built by another process. */
#define BUSY_MSEC 60000

/* Between two commits: an interrupted build continues from the last one. */
#define BATCH_DOCUMENTS 5000

/* Numbers of one millisecond that are tried before the next one's. */
#define TAKEN_MAX 64

/* Words of replaced messages stay in the index until this part of it is such; then it is rebuilt. */
#define STALE_PERCENT_MAX 30

#define TOKENIZER "tokenize = 'unicode61 remove_diacritics 2'"

static const char make_sql[] =
                "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
                "CREATE TABLE seen (session_id TEXT PRIMARY KEY, change_seq INTEGER NOT NULL) WITHOUT ROWID;"
                /* session_id is NULL where the document was replaced: its words are still in the index, so its number is
                 * not used again */
                "CREATE TABLE docs (docid INTEGER PRIMARY KEY, session_id TEXT, "
                "ordinal INTEGER NOT NULL, UNIQUE (session_id, ordinal));"
                "CREATE VIRTUAL TABLE words USING fts5 (text, thinking, tool, content = '', " TOKENIZER
                ");"
                /* words gathered in memory before they are written: a fifth less CPU than with the default of 1 MB
                 * (measured) */
                "INSERT INTO words (words, rank) VALUES ('hashsize', 33554432);";

const char *search_index_reason(SearchIndex *x)
{
        return sqlite_reason(x->db);
}

SearchIndex *search_index_close(SearchIndex *x)
{
        if (!x)
                return NULL;
        sqlite_close(x->db);
        free(x->path);
        free(x->archive_path);
        free(x);
        return NULL;
}

static int remove_files(const char *path)
{
        static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++) {
                _cleanup_free_ char *name = NULL;

                name = xasprintf("%s%s", path, suffixes[i]);
                if (unlink(name) < 0 && errno != ENOENT)
                        return -errno;
        }
        return 0;
}

/* The index is beside its archive. NULL without memory; the caller owns it. */
static char *index_path(const char *archive_path)
{
        _cleanup_free_ char *folder = path_folder(archive_path);

        return path_join(folder, "search.db");
}

int search_index_remove(const char *archive_path)
{
        _cleanup_free_ char *path = index_path(archive_path);

        return remove_files(path);
}

static int open_database(SearchIndex *x)
{
        _cleanup_close_ int fd = -1;
        int64_t version = 0;
        int r;

        /* made here, so that it is private from the first byte on */
        fd = open(x->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = sqlite_errno(NULL, sqlite3_open_v2(x->path, &x->db,
                                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI |
                                                               SQLITE_OPEN_NOMUTEX,
                                               NULL));
        if (r < 0)
                return r;
        (void) sqlite3_busy_timeout(x->db, BUSY_MSEC);
        r = sqlite_run(x->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; "
                              "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536");
        if (r >= 0)
                r = search_add_functions(x->db);
        if (r >= 0)
                r = sqlite_query_int(x->db, "PRAGMA user_version", &version);
        if (r < 0)
                return r;
        if (version == 0) {
                r = sqlite_run(x->db, "BEGIN IMMEDIATE");
                if (r >= 0)
                        r = sqlite_query_int(x->db, "PRAGMA user_version", &version);
                if (r >= 0 && version == 0)
                        r = sqlite_run(x->db, make_sql);
                if (r >= 0 && version == 0)
                        r = sqlite_runf(x->db, "PRAGMA user_version = %d", INDEX_VERSION);
                if (r >= 0)
                        r = sqlite_run(x->db, "COMMIT");
                version = INDEX_VERSION;
        }
        if (r < 0)
                return r;
        return version == INDEX_VERSION ? query_attach_archive(x->db, x->archive_path) : -EUCLEAN;
}

/* Opens it; one that is damaged or of another version is deleted and created again. */
static int reopen(SearchIndex *x)
{
        int r;

        r = open_database(x);
        if (r != -EUCLEAN && r != -EMEDIUMTYPE)
                return r;
        sqlite_close(x->db);
        x->db = NULL;
        r = remove_files(x->path);
        return r < 0 ? r : open_database(x);
}

int search_index_open(const char *archive_path, SearchIndex **ret, char **reterr)
{
        _cleanup_(search_index_closep) SearchIndex *x = xcalloc(1, sizeof(*x));
        int r;

        x->archive_path = xstrdup(archive_path);
        x->path = index_path(archive_path);
        r = reopen(x);
        if (r < 0) {
                format_error(reterr, "%s: %s", x->path,
                             x->db ? sqlite_reason(x->db) : strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(x);
        return 0;
}

static int64_t get_meta(SearchIndex *x, const char *schema, const char *key)
{
        int64_t n = 0;

        (void) sqlite_query_intf(x->db, &n,
                                 "SELECT CAST(value AS INTEGER) FROM %s.meta WHERE key = '%s'",
                                 schema, key);
        return n;
}

static int set_meta(SearchIndex *x, const char *key, int64_t value)
{
        return sqlite_runf(x->db, "INSERT OR REPLACE INTO main.meta VALUES ('%s', %" PRId64 ")",
                           key, value);
}

/* Whether words may be in it whose text is gone. Returns 1, 0 or a negative errno. */
static int must_be_made_anew(SearchIndex *x)
{
        int64_t n_docs = 0, n_stale = get_meta(x, "main", "stale"), found = 0;
        int r;

        if (get_meta(x, "main", "policy") != get_meta(x, "archive", "policy"))
                return sqlite_query_int(x->db, "SELECT 1 FROM seen LIMIT 1", &found);
        r = sqlite_query_int(x->db,
                             "SELECT 1 FROM archive.session_deletes d JOIN seen USING (session_id) "
                             "WHERE d.cause <> 'trash' AND NOT EXISTS "
                             "(SELECT 1 FROM archive.sessions s WHERE s.id = d.session_id) LIMIT 1",
                             &found);
        if (r != 0)
                return r;
        if (n_stale == 0)
                return 0;
        r = sqlite_query_int(x->db, "SELECT count(*) FROM docs", &n_docs);
        return r < 0 ? r : n_stale * 100 > n_docs * STALE_PERCENT_MAX;
}

static int make_anew(SearchIndex *x)
{
        int r;

        sqlite_close(x->db);
        x->db = NULL;
        r = remove_files(x->path);
        return r < 0 ? r : open_database(x);
}

/* The statements of an update. */
typedef struct Updater {
        sqlite3_stmt *sessions; /* that changed */
        sqlite3_stmt *forget;   /* documents that were replaced or are gone */
        sqlite3_stmt *fresh;    /* the session's new documents and their times */
        sqlite3_stmt *add_doc;
        sqlite3_stmt *add_fresh;
        sqlite3_stmt *add_words; /* of all fresh documents */
        sqlite3_stmt *mark;
        uint64_t serial;      /* of the last document */
        uint64_t n_documents; /* since the last commit */
        int64_t n_stale;
} Updater;

static void updater_done(Updater *u)
{
        sqlite3_stmt *const all[] = { u->sessions,  u->forget,    u->fresh, u->add_doc,
                                      u->add_fresh, u->add_words, u->mark };

        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                (void) sqlite3_finalize(all[i]);
}

static int updater_prepare(SearchIndex *x, Updater *u)
{
        const struct {
                sqlite3_stmt **stmt;
                const char *sql;
        } all[] = {
                { &u->sessions,
                  "SELECT s.id, s.change_seq, coalesce(n.change_seq, -1) FROM archive.sessions s "
                  "LEFT JOIN seen n ON n.session_id = s.id WHERE s.change_seq > ?1 AND "
                  "s.change_seq > coalesce(n.change_seq, -1) ORDER BY s.change_seq LIMIT 500" },
                { &u->forget,
                  "UPDATE docs SET session_id = NULL WHERE session_id = ?1 AND (ordinal < 0 OR "
                  "NOT EXISTS (SELECT 1 FROM archive.messages m WHERE m.session_id = ?1 AND "
                  "m.ordinal = docs.ordinal AND m.change_seq <= ?2))" },
                { &u->fresh,
                  "SELECT -1, coalesce(ended_at, started_at) FROM archive.sessions WHERE id = ?1 AND "
                  "coalesce(display_name, session_name, '') <> '' UNION ALL "
                  "SELECT m.ordinal, coalesce(nullif(m.timestamp, ''), s.started_at) "
                  "FROM archive.messages m JOIN archive.sessions s ON s.id = m.session_id WHERE "
                  "m.session_id = ?1 AND m.change_seq > ?2" },
                { &u->add_doc,
                  "INSERT OR IGNORE INTO docs (docid, session_id, ordinal) VALUES (?1, ?2, ?3)" },
                { &u->add_fresh, "INSERT INTO temp.fresh VALUES (?1)" },
                { &u->add_words,
                  "INSERT INTO words (rowid, text, thinking, tool) "
                  "SELECT d.docid, split_words(" SEARCH_TEXT "), split_words(" SEARCH_THINKING
                  "), split_words(" SEARCH_TOOL ") "
                  "FROM temp.fresh f CROSS JOIN docs d ON d.docid = f.docid "
                  "JOIN archive.sessions s ON s.id = d.session_id "
                  "LEFT JOIN archive.messages m ON m.session_id = d.session_id AND "
                  "m.ordinal = d.ordinal ORDER BY f.docid" },
                { &u->mark, "INSERT OR REPLACE INTO seen VALUES (?1, ?2)" },
        };
        int r;

        r = sqlite_run(x->db, "CREATE TABLE IF NOT EXISTS temp.fresh (docid INTEGER PRIMARY KEY)");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(all); i++)
                r = sqlite_prepare(x->db, all[i].sql, all[i].stmt);
        return r;
}

/* Gives the message @ordinal a number, by the time @text: documents are then in the order of time. */
static int add_document(SearchIndex *x, Updater *u, const char *id, int64_t ordinal,
                        const char *text)
{
        uint64_t usec = 0;
        int r, n_taken = 0;

        (void) parse_timestamp(text, &usec);
        (void) sqlite_bind_text(u->add_doc, 2, id, strlen(id));
        (void) sqlite3_bind_int64(u->add_doc, 3, ordinal);
        do {
                int64_t docid = search_first_docid(usec) +
                                (int64_t) (++u->serial % SEARCH_DOCS_PER_MSEC);

                (void) sqlite3_bind_int64(u->add_doc, 1, docid);
                (void) sqlite3_bind_int64(u->add_fresh, 1, docid);
                r = sqlite_execute(u->add_doc);
                /* where many have no time, or one, they go on into the next milliseconds */
                if (++n_taken % TAKEN_MAX == 0)
                        usec += USEC_PER_MSEC;
        } while (r >= 0 && sqlite3_changes(x->db) == 0); /* another one has this number */
        if (r >= 0)
                r = sqlite_execute(u->add_fresh);
        u->n_documents++;
        return r;
}

static int update_session(SearchIndex *x, Updater *u, const char *id, int64_t change, int64_t seen)
{
        sqlite3_stmt *const of_session[] = { u->forget, u->fresh, u->mark };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(of_session); i++)
                (void) sqlite_bind_text(of_session[i], 1, id, strlen(id));
        (void) sqlite3_bind_int64(u->forget, 2, seen);
        (void) sqlite3_bind_int64(u->fresh, 2, seen);
        (void) sqlite3_bind_int64(u->mark, 2, change);
        r = sqlite_execute(u->forget);
        if (r < 0)
                return r;
        u->n_stale += sqlite3_changes(x->db);
        while ((r = sqlite_step(u->fresh)) > 0) {
                r = add_document(x, u, id, sqlite3_column_int64(u->fresh, 0),
                                 row_text(u->fresh, 1));
                if (r < 0)
                        break;
        }
        (void) sqlite3_reset(u->fresh);
        return r < 0 ? r : sqlite_execute(u->mark);
}

/* One batch, in its own transaction. Returns 1: there is more, 0, or a negative errno. */
static int update_batch(SearchIndex *x, Updater *u, int64_t *done)
{
        int64_t after = *done;
        int r, last = 0;

        (void) sqlite3_bind_int64(u->sessions, 1, after);
        u->n_documents = 0;
        while (u->n_documents < BATCH_DOCUMENTS && (last = sqlite_step(u->sessions)) > 0) {
                const char *id = (const char *) sqlite3_column_text(u->sessions, 0);
                int64_t change = sqlite3_column_int64(u->sessions, 1);

                r = id ? update_session(x, u, id, change, sqlite3_column_int64(u->sessions, 2))
                       : -ENOMEM;
                if (r < 0) {
                        (void) sqlite3_reset(u->sessions);
                        return r;
                }
                *done = change;
        }
        (void) sqlite3_reset(u->sessions);
        if (last < 0)
                return last;
        /* in the order of their numbers: FTS5 writes what it has collected whenever a number goes back */
        r = sqlite_execute(u->add_words);
        if (r >= 0)
                r = sqlite_run(x->db, "DELETE FROM temp.fresh");
        if (r >= 0)
                r = set_meta(x, "change", *done);
        if (r >= 0)
                r = set_meta(x, "serial", (int64_t) u->serial);
        if (r >= 0)
                r = set_meta(x, "stale", u->n_stale);
        return r < 0 ? r : *done > after;
}

static void report(SearchIndex *x, int64_t done, SearchProgress on_progress, void *userdata)
{
        int64_t n = 0;

        if (on_progress &&
            sqlite_query_intf(x->db, &n,
                              "SELECT count(*) FROM archive.sessions WHERE change_seq > %" PRId64,
                              done) > 0)
                on_progress(userdata, n > 0 ? (uint64_t) n : 0);
}

static int update_all(SearchIndex *x, SearchProgress on_progress, void *userdata)
{
        _cleanup_(updater_done) Updater u = { .n_stale = get_meta(x, "main", "stale"),
                                              .serial = (uint64_t) get_meta(x, "main", "serial") };
        int64_t done = get_meta(x, "main", "change");
        int r;

        r = updater_prepare(x, &u);
        if (r >= 0)
                r = set_meta(x, "policy", get_meta(x, "archive", "policy"));
        if (r < 0)
                return r;
        do {
                report(x, done, on_progress, userdata);
                r = sqlite_run(x->db, "BEGIN IMMEDIATE");
                if (r < 0)
                        return r;
                r = update_batch(x, &u, &done);
                if (r >= 0) {
                        int k = sqlite_run(x->db, "COMMIT");

                        r = k < 0 ? k : r;
                }
                if (r < 0)
                        (void) sqlite_run(x->db, "ROLLBACK");
        } while (r > 0);
        return r;
}

int search_index_update(SearchIndex *x, SearchProgress on_progress, void *userdata)
{
        int64_t newest = get_meta(x, "archive", "change_seq");
        int r;

        if (newest == get_meta(x, "main", "archive_change") &&
            get_meta(x, "main", "policy") == get_meta(x, "archive", "policy"))
                return 0;
        r = must_be_made_anew(x);
        if (r > 0)
                r = make_anew(x);
        if (r >= 0)
                r = update_all(x, on_progress, userdata);
        return r < 0 ? r : set_meta(x, "archive_change", newest);
}
