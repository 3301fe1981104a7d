/* SearchIndex: asking it */
#include <ctype.h>
#include <string.h>

#include "archive/query-internal.h"
#include "archive/search-index.h"
#include "archive/search-internal.h"

/* Hits that get snippets at once: a screen or two. */
#define CHUNK 64

/* Bytes of a text around its first match that a snippet is made from. */
#define WINDOW_BEFORE 2000
#define WINDOW_SIZE   20000

/* Whether a token of the tokenizer can begin here: letters and digits, or anything beyond ASCII. */
static bool has_word(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (isalnum((unsigned char) s[i]) || (unsigned char) s[i] >= 0x80)
                        return true;
        return false;
}

/* What is searched for: all the words make a hit, and any of them is worth showing. */
typedef struct Match {
        StrBuf all, any;
} Match;

static void match_done(Match *m)
{
        strbuf_done(&m->all);
        strbuf_done(&m->any);
}

/* Appends one word or phrase, quoted, so that nothing in it is an operator. */
static void put_quoted(StrBuf *b, const char *separator, const char *term, size_t n, bool is_prefix)
{
        if (b->size > 0)
                (void) strbuf_puts(b, separator);
        (void) strbuf_putc(b, '"');
        (void) search_split_words(b, term, n);
        (void) strbuf_puts(b, is_prefix ? "\"*" : "\"");
}

static void put_term(Match *m, const char *term, size_t n, bool is_prefix)
{
        if (!has_word(term, n))
                return;
        put_quoted(&m->all, " ", term, n, is_prefix);
        put_quoted(&m->any, " OR ", term, n, is_prefix);
}

/* What people type as FTS5 wants it. Returns 0, -EINVAL (no word) or -ENOMEM. */
static int make_match(const char *text, Match *m)
{
        while (*text) {
                size_t n;

                text += strspn(text, " \t\n");
                if (*text == '"') {
                        n = strcspn(++text, "\"");
                        put_term(m, text, n, text[n] == '"' && text[n + 1] == '*');
                        text += n + (text[n] == '"');
                        text += *text == '*';
                        continue;
                }
                n = strcspn(text, " \t\n\"");
                put_term(m, text, n, n > 1 && text[n - 1] == '*');
                text += n;
        }
        if (m->all.failed || m->any.failed)
                return -ENOMEM;
        return m->all.size > 0 ? 0 : -EINVAL;
}

/* The first word, for finding where in a long text to look; "" when it is quoted or a prefix. */
static void first_word(const char *match, char *ret, size_t size)
{
        size_t n;

        match += strspn(match, "\"");
        n = strcspn(match, "\" \xe2"); /* up to a split, too */
        if (n >= size)
                n = size - 1;
        memcpy(ret, match, n);
        ret[n] = 0;
}

/* The columns of the index, and what a snippet of a hit in them is made from. */
static const struct {
        const char *columns, *text;
} parts[] = {
        [SEARCH_IN_ALL] = { "", SEARCH_TEXT " || char(10) || " SEARCH_THINKING
                                            " || char(10) || " SEARCH_TOOL },
        [SEARCH_IN_TEXT] = { "{text} : ", SEARCH_TEXT },
        [SEARCH_IN_THINKING] = { "{thinking} : ", SEARCH_THINKING },
        [SEARCH_IN_TOOL] = { "{tool} : ", SEARCH_TOOL },
};

static void bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
        (void) sqlite_bind_text(stmt, i, text, text ? strlen(text) : 0);
}

/* Puts hits in the temporary table "hit", which is a small index itself: its snippets are right in every language. */
static int fill_hits(SearchIndex *x, const SearchFilter *filter, const char *match, uint64_t limit,
                     int64_t before)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 }, columns_match = { 0 };
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        char word[64];

        (void) strbuf_printf(&columns_match, "%s(%s)", parts[filter->part].columns, match);
        (void) strbuf_printf(
                        &sql,
                        "INSERT INTO temp.hit (rowid, text) SELECT h.docid, split_words(substr(h.text, "
                        "max(1, instr(lower(h.text), lower(?5)) - ?6), ?7)) FROM "
                        "(SELECT d.docid, %s AS text FROM words w CROSS JOIN docs d ON d.docid = w.rowid "
                        "JOIN archive.sessions s ON s.id = d.session_id "
                        "LEFT JOIN archive.messages m ON m.session_id = d.session_id AND "
                        "m.ordinal = d.ordinal WHERE w.words MATCH ?1 AND %s "
                        "AND (?3 IS NULL OR d.session_id = ?3) AND w.rowid < ?8 AND w.rowid >= ?9 "
                        "AND (?10 IS NULL OR s.agent_type GLOB ?10) AND (?11 IS NULL OR m.role = ?11) "
                        "ORDER BY w.rowid DESC LIMIT ?4) h",
                        parts[filter->part].text, PROJECT_MATCHES(2));
        if (sql.failed || columns_match.failed)
                return -ENOMEM;
        stmt = sqlite_make(x->db, sql.data);
        first_word(match, word, sizeof(word));
        bind_text(stmt, 1, columns_match.data);
        bind_text(stmt, 2, filter->project);
        bind_text(stmt, 3, filter->session_id);
        (void) sqlite3_bind_int64(stmt, 4, (int64_t) limit);
        bind_text(stmt, 5, word);
        (void) sqlite3_bind_int(stmt, 6, WINDOW_BEFORE);
        (void) sqlite3_bind_int(stmt, 7, WINDOW_SIZE);
        (void) sqlite3_bind_int64(stmt, 8, before);
        (void) sqlite3_bind_int64(stmt, 9, search_first_docid(filter->since_usec));
        bind_text(stmt, 10, filter->agent);
        bind_text(stmt, 11, filter->role);
        return sqlite_execute(stmt);
}

/* Returns what is in "hit", of which a window may lack some of the words. *@ret_n counts, *@ret_last is the smallest document. */
static int read_hits(SearchIndex *x, const char *any, SearchCallback on_hit, void *userdata,
                     uint64_t *ret_n, int64_t *ret_last)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        int r;

        *ret_n = 0;
        stmt = sqlite_make(
                        x->db,
                        "SELECT d.session_id, s.project, s.agent_type, d.ordinal, m.role, "
                        "coalesce(m.timestamp, s.started_at), coalesce(k.snippet, substr(h.text, 1, 160)), "
                        "h.rowid FROM temp.hit h JOIN docs d ON d.docid = h.rowid "
                        "JOIN archive.sessions s ON s.id = d.session_id "
                        "LEFT JOIN archive.messages m ON m.session_id = d.session_id AND m.ordinal = d.ordinal "
                        "LEFT JOIN (SELECT rowid AS id, snippet(hit, 0, char(1), char(2), '…', 24) AS snippet "
                        "FROM temp.hit WHERE hit MATCH ?1) k ON k.id = h.rowid ORDER BY h.rowid DESC");
        (void) sqlite_bind_text(stmt, 1, any, strlen(any));
        while ((r = sqlite_step(stmt)) > 0) {
                _cleanup_free_ char *snippet = xstrdup(row_text(stmt, 6));
                SearchHit hit = {
                        .session_id = row_text(stmt, 0),
                        .project = row_text(stmt, 1),
                        .agent = row_text(stmt, 2),
                        .ordinal = sqlite3_column_int64(stmt, 3),
                        .role = row_text(stmt, 4),
                        .timestamp = row_text(stmt, 5),
                        .snippet = snippet,
                };

                search_join_words(snippet);

                (*ret_n)++;
                *ret_last = sqlite3_column_int64(stmt, 7);
                r = on_hit(userdata, &hit);
                if (r != 0)
                        return r;
        }
        return r;
}

int search_index_find(SearchIndex *x, const SearchFilter *filter, SearchCallback on_hit,
                      void *userdata)
{
        uint64_t n_left = filter->limit > 0 ? filter->limit : UINT64_MAX, n = 0, want;
        _cleanup_(match_done) Match match = { 0 };
        int64_t before = filter->until_usec > 0 ? search_first_docid(filter->until_usec)
                                                : INT64_MAX;
        int r;

        r = make_match(filter->text, &match);
        if (r < 0)
                return r;
        do {
                want = n_left < CHUNK ? n_left : CHUNK;
                r = sqlite_run(x->db,
                               "DROP TABLE IF EXISTS temp.hit; CREATE VIRTUAL TABLE temp.hit "
                               "USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')");
                if (r >= 0)
                        r = fill_hits(x, filter, match.all.data, want, before);
                if (r >= 0)
                        r = read_hits(x, match.any.data, on_hit, userdata, &n, &before);
                n_left -= n;
        } while (r == 0 && n == want && n_left > 0);
        return r;
}
