/* The tools that a model is given over the masked archive */
#include "ctl/mcp-tools.h"

#include <inttypes.h>
#include <string.h>

#include "archive/search-index.h"
#include "base/strbuf.h"
#include "base/time-util.h"
#include "ctl/findings.h"
#include "ctl/json-out.h"
#include "ctl/moment.h"
#include "ctl/places.h"
#include "ctl/render.h"
#include "ctl/session-text.h"

#define HITS_MAX     50
#define SESSIONS_MAX 100
#define FINDINGS_MAX 100

/* Bytes of a session's text in one answer: some thousand tokens. */
#define PIECE_MAX 24000

/* Of a title or a first message in a list. */
#define TITLE_MAX 200

#define FILTERS                                                                                     \
        "\"project\":{\"type\":\"string\",\"description\":\"project name, or a glob\"},"            \
        "\"agent\":{\"type\":\"string\",\"description\":\"agent (claude, codex ...), or a glob\"}," \
        "\"since\":{\"type\":\"string\",\"description\":\"not before: 2026-01-31, yesterday, 3d, an ISO time\"},"

#define READ_ONLY "\"annotations\":{\"readOnlyHint\":true,\"openWorldHint\":false}"

static const char descriptions[] =
                "[{\"name\":\"search_messages\",\"description\":\"Messages of archived sessions in which all the words "
                "occur, newest first.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{" FILTERS
                "\"query\":{\"type\":\"string\",\"description\":\"words; \\\"a phrase\\\"; begin*\"},"
                "\"until\":{\"type\":\"string\",\"description\":\"before then\"},"
                "\"role\":{\"type\":\"string\",\"description\":\"user or assistant\"},"
                "\"in\":{\"type\":\"string\",\"enum\":[\"text\",\"thinking\",\"tool\"]},"
                "\"session_id\":{\"type\":\"string\"},"
                "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":50}},\"required\":[\"query\"]}," READ_ONLY
                "},{\"name\":\"list_sessions\",\"description\":\"Archived sessions, the one with the latest activity "
                "first.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{" FILTERS
                "\"starred\":{\"type\":\"boolean\"},"
                "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}}}," READ_ONLY
                "},{\"name\":\"read_session\",\"description\":\"A session's messages as Markdown, in pieces: call again "
                "with next_offset while there is one.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{"
                "\"session_id\":{\"type\":\"string\",\"description\":\"an id, or its first characters\"},"
                "\"message\":{\"type\":\"integer\",\"description\":\"only this message and those around it\"},"
                "\"around\":{\"type\":\"integer\",\"minimum\":0,\"description\":\"how many before and after it (3)\"},"
                "\"tools\":{\"type\":\"string\",\"enum\":[\"all\",\"names\",\"none\"],\"description\":\"tool calls with "
                "input and results, their names (default), or none\"},"
                "\"offset\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"session_id\"]}," READ_ONLY
                "},{\"name\":\"sessions_of_commit\",\"description\":\"The sessions that made a commit, or that have to do "
                "with a pull request.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{"
                "\"commit\":{\"type\":\"string\",\"description\":\"its id, or the first four digits or more\"},"
                "\"pull_request\":{\"type\":\"string\",\"description\":\"its URL or number\"}}}," READ_ONLY
                "},{\"name\":\"list_findings\",\"description\":\"Secrets that were masked and are not acknowledged: how many, "
                "where, by which rule. Never the secret.\",\"inputSchema\":{\"type\":\"object\",\"properties\":{" FILTERS
                "\"rule\":{\"type\":\"string\"},"
                "\"all\":{\"type\":\"boolean\",\"description\":\"those that are acknowledged as well\"},"
                "\"limit\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":100}}}," READ_ONLY "}]";

struct json_object *mcp_tools(void)
{
        return json_tokener_parse(descriptions);
}

/* A call in progress. */
typedef struct Call {
        struct json_object *arguments; /* NULL: none */
        char *sentence;                /* why it cannot be done */
        Query *q;
        struct json_object *rows;
        uint64_t limit;
        bool more;
} Call;

static void call_done(Call *c)
{
        free(c->sentence);
        (void) query_close(c->q);
        (void) json_object_put(c->rows);
}

/* Says why the call cannot be done. Returns -EINVAL. */
static int cannot(Call *c, const char *format, ...) _printf_(2, 3);

static int cannot(Call *c, const char *format, ...)
{
        va_list ap;

        free(c->sentence);
        va_start(ap, format);
        c->sentence = xvasprintf(format, ap);
        va_end(ap);
        return -EINVAL;
}

/* Arguments: each is optional, and NULL or unchanged if it is not given. */

static int get_text(Call *c, const char *name, const char **ret)
{
        struct json_object *value = NULL;

        if (!c->arguments || !json_object_object_get_ex(c->arguments, name, &value) || !value)
                return 0;
        if (!json_object_is_type(value, json_type_string))
                return cannot(c, "'%s' must be a string.", name);
        *ret = json_object_get_string(value);
        return 0;
}

static int get_number(Call *c, const char *name, uint64_t max, uint64_t *ret)
{
        struct json_object *value = NULL;
        int64_t n;

        if (!c->arguments || !json_object_object_get_ex(c->arguments, name, &value) || !value)
                return 0;
        n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : -1;
        if (n < 0)
                return cannot(c, "'%s' must be a whole number, 0 or more.", name);
        *ret = (uint64_t) n < max ? (uint64_t) n : max;
        return 0;
}

static int get_flag(Call *c, const char *name, bool *ret)
{
        struct json_object *value = NULL;

        if (!c->arguments || !json_object_object_get_ex(c->arguments, name, &value) || !value)
                return 0;
        if (!json_object_is_type(value, json_type_boolean))
                return cannot(c, "'%s' must be true or false.", name);
        *ret = json_object_get_boolean(value);
        return 0;
}

static int get_time(Call *c, const char *name, uint64_t *ret)
{
        const char *text = NULL;
        int r;

        r = get_text(c, name, &text);
        if (r < 0 || !text)
                return r;
        return parse_moment(text, now_usec(CLOCK_REALTIME), ret) < 0
                               ? cannot(c,
                                        "'%s' must be a time such as 2026-01-31, yesterday or 3d.",
                                        name)
                               : 0;
}

/* One of @words; *@ret is its index. */
static int get_word(Call *c, const char *name, const char *const *words, size_t n, size_t *ret)
{
        const char *text = NULL;
        int r;

        r = get_text(c, name, &text);
        if (r < 0 || !text)
                return r;
        for (size_t i = 0; i < n; i++)
                if (strcmp(words[i], text) == 0) {
                        *ret = i;
                        return 0;
                }
        return cannot(c, "'%s' has an invalid value.", name);
}

/* The session that "session_id" means; the caller owns *@ret, which is NULL if it is not given. */
static int get_session(Call *c, char **ret)
{
        char *ids[2] = { NULL };
        const char *text = NULL;
        int r, n;

        r = get_text(c, "session_id", &text);
        if (r < 0 || !text)
                return r;
        n = query_find_sessions(c->q, text, ELEMENTSOF(ids), ids);
        if (n == 1) {
                *ret = ids[0];
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(ids); i++)
                free(ids[i]);
        if (n < 0)
                return n;
        return n == 0 ? cannot(c, "There is no session '%s'.", text)
                      : cannot(c, "Several ids begin with '%s'; give more characters.", text);
}

/* A title is enough to choose by. */
static void add_cut(struct json_object *o, const char *key, const char *text)
{
        size_t n = strlen(text);

        if (n > TITLE_MAX) {
                n = TITLE_MAX;
                while (n > 0 && ((unsigned char) text[n] & 0xC0) == 0x80)
                        n--;
        }
        json_add(o, key, json_object_new_string_len(text, (int) n));
}

static int see_trash(void *userdata, const SessionRow *s)
{
        *(bool *) userdata = s->trashed;
        return 0;
}

/* What a person threw away is not shown to a model. */
static bool is_trashed(Call *c, const char *session_id)
{
        bool trashed = true;

        (void) query_session(c->q, session_id, see_trash, &trashed);
        return trashed;
}

static int on_session(void *userdata, const SessionRow *s)
{
        static const int columns[] = {
                SESSION_ID,         SESSION_PROJECT,           SESSION_AGENT_TYPE,
                SESSION_STARTED_AT, SESSION_ENDED_AT,          SESSION_MESSAGE_COUNT,
                SESSION_GIT_BRANCH, SESSION_PARENT_SESSION_ID, SESSION_RELATIONSHIP_TYPE
        };
        _cleanup_free_ char *title = session_title(s->values);
        struct json_object *o;
        Call *c = userdata;

        if (s->trashed)
                return 0;
        if (json_object_array_length(c->rows) >= c->limit) {
                c->more = true;
                return 1; /* that is enough */
        }
        o = json_new();
        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                json_add_value(o, session_table.columns[columns[i]].name, s->values + columns[i]);
        json_add_bool(o, "starred", s->starred);
        json_add_count(o, "masked_places", s->n_findings);
        add_cut(o, "title", title);
        json_append(c->rows, o);
        return 0;
}

/* {@key: the rows, "more": ...} */
static void take_rows(Call *c, const char *key, struct json_object **ret)
{
        *ret = json_new();
        json_add(*ret, key, TAKE_PTR(c->rows));
        json_add_bool(*ret, "more", c->more);
}

static int list_sessions(Call *c, SessionFilter *filter, struct json_object **ret)
{
        int r;

        r = query_sessions(c->q, filter, on_session, c);
        if (r >= 0)
                take_rows(c, "sessions", ret);
        return r;
}

static int tool_list_sessions(Call *c, struct json_object **ret)
{
        SessionFilter filter = { 0 };
        int r;

        c->limit = 20;
        if ((r = get_text(c, "project", &filter.project)) < 0 ||
            (r = get_text(c, "agent", &filter.agent)) < 0 ||
            (r = get_time(c, "since", &filter.since_usec)) < 0 ||
            (r = get_flag(c, "starred", &filter.starred)) < 0 ||
            (r = get_number(c, "limit", SESSIONS_MAX, &c->limit)) < 0)
                return r;
        return list_sessions(c, &filter, ret);
}

static int tool_sessions_of_commit(Call *c, struct json_object **ret)
{
        SessionFilter filter = { 0 };
        int r;

        c->limit = SESSIONS_MAX;
        if ((r = get_text(c, "commit", &filter.commit)) < 0 ||
            (r = get_text(c, "pull_request", &filter.pr)) < 0)
                return r;
        if (!filter.commit == !filter.pr)
                return cannot(c, "Give either 'commit' or 'pull_request'.");
        if (filter.commit && !commit_is_plausible(filter.commit))
                return cannot(c, "'%s' is not a commit id: give four or more hexadecimal digits.",
                              filter.commit);
        return list_sessions(c, &filter, ret);
}

static int on_hit(void *userdata, const SearchHit *hit)
{
        struct json_object *o;
        _cleanup_(strbuf_done) StrBuf snippet = { 0 };
        Call *c = userdata;

        if (is_trashed(c, hit->session_id))
                return 0;
        if (json_object_array_length(c->rows) >= c->limit) {
                c->more = true;
                return 1;
        }
        for (const char *p = hit->snippet; *p; p++)
                if (*p != SEARCH_MATCH_BEGIN && *p != SEARCH_MATCH_END)
                        (void) strbuf_putc(&snippet, *p);
        o = json_new();
        json_add_text(o, "session_id", hit->session_id);
        json_add_text(o, "project", hit->project);
        json_add_text(o, "agent", hit->agent);
        if (hit->ordinal >= 0)
                json_add_count(o, "message", (uint64_t) hit->ordinal);
        json_add_text(o, "role", hit->role);
        json_add_text(o, "time", hit->timestamp);
        json_add_text(o, "snippet", snippet.data ?: "");
        json_append(c->rows, o);
        return 0;
}

static int tool_search_messages(Call *c, struct json_object **ret)
{
        static const char *const parts[] = { "", "text", "thinking", "tool" };
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *path = NULL, *error = NULL, *session = NULL;
        SearchFilter filter = { 0 };
        size_t part = SEARCH_IN_ALL;
        int r;

        c->limit = 20;
        if ((r = get_text(c, "query", &filter.text)) < 0 ||
            (r = get_text(c, "project", &filter.project)) < 0 ||
            (r = get_text(c, "agent", &filter.agent)) < 0 ||
            (r = get_text(c, "role", &filter.role)) < 0 ||
            (r = get_time(c, "since", &filter.since_usec)) < 0 ||
            (r = get_time(c, "until", &filter.until_usec)) < 0 ||
            (r = get_word(c, "in", parts, ELEMENTSOF(parts), &part)) < 0 ||
            (r = get_session(c, &session)) < 0 ||
            (r = get_number(c, "limit", HITS_MAX, &c->limit)) < 0)
                return r;
        if (!filter.text)
                return cannot(c, "'query', the text to search for, is missing.");
        filter.part = (SearchPart) part;
        filter.session_id = session;
        if (places_archive(&path) < 0)
                return cannot(c, "The archive cannot be found.");
        r = search_index_open(path, &x, &error);
        if (r < 0)
                return cannot(c, "The search index cannot be made: %s.", error ?: strerror(-r));
        r = search_index_update(x, NULL, NULL);
        if (r >= 0)
                r = search_index_find(x, &filter, on_hit, c);
        if (r == -EINVAL)
                return cannot(c, "There is no word to search for in '%s'.", filter.text);
        if (r < 0 && r != -ENOMEM)
                return cannot(c, "The search index cannot be used: %s.", search_index_reason(x));
        if (r >= 0)
                take_rows(c, "hits", ret);
        return r;
}

/* What is written to it is kept from @skip on, PIECE_MAX bytes long; the next byte fails. */
typedef struct Piece {
        StrBuf text;
        uint64_t at, skip;
        bool more;
} Piece;

static ssize_t piece_write(void *cookie, const char *bytes, size_t size)
{
        Piece *p = cookie;
        size_t skip = p->at < p->skip ? (p->skip - p->at < size ? (size_t) (p->skip - p->at) : size)
                                      : 0;
        size_t n = size - skip, room = PIECE_MAX - p->text.size;

        p->at += size;
        if (n > room) {
                n = room;
                p->more = true;
        }
        (void) strbuf_append(&p->text, bytes + skip, n);
        return p->more || p->text.failed ? 0 : (ssize_t) size;
}

static bool is_continuation(char c)
{
        return ((unsigned char) c & 0xC0) == 0x80;
}

/* A piece neither begins nor ends within a character. */
static void piece_trim(Piece *p)
{
        size_t begin = 0, end = p->text.size;

        while (begin < end && is_continuation(p->text.data[begin]))
                begin++;
        while (p->more && end > begin && is_continuation(p->text.data[end - 1]))
                end--;
        if (p->more && end > begin && (unsigned char) p->text.data[end - 1] >= 0xC0)
                end--;
        if (end > begin)
                memmove(p->text.data, p->text.data + begin, end - begin);
        p->skip += begin;
        p->text.size = end - begin;
}

static int tool_read_session(Call *c, struct json_object **ret)
{
        static const char *const tools[] = {
                [TOOLS_ALL] = "all", [TOOLS_NAMES] = "names", [TOOLS_NONE] = "none"
        };
        uint64_t message = UINT64_MAX, around = 3;
        RenderOptions options = { 0 };
        _cleanup_free_ char *id = NULL;
        size_t shown = TOOLS_NAMES;
        MessageRange range;
        Piece piece = { 0 };
        FILE *f;
        int r;

        if ((r = get_session(c, &id)) < 0 ||
            (r = get_number(c, "message", INT64_MAX, &message)) < 0 ||
            (r = get_number(c, "around", 1000, &around)) < 0 ||
            (r = get_number(c, "offset", INT64_MAX, &piece.skip)) < 0 ||
            (r = get_word(c, "tools", tools, ELEMENTSOF(tools), &shown)) < 0)
                return r;
        if (!id)
                return cannot(c, "'session_id' is missing.");
        if (is_trashed(c, id))
                return cannot(c, "This session is in the trash.");
        if (message != UINT64_MAX) {
                r = query_message_range(c->q, id, (int64_t) message, around, &range);
                if (r == 0)
                        return cannot(c, "The session has no such message.");
                if (r < 0)
                        return r;
                options.range = &range;
        }
        options.tools = (ToolsShown) shown;
        f = fopencookie(&piece, "w", (cookie_io_functions_t){ .write = piece_write });
        if (!f)
                return -ENOMEM;
        r = render_markdown(c->q, id, &options, f);
        (void) fclose(f);
        if (r == -EPIPE && piece.more)
                r = 0;
        if (r >= 0 && piece.text.failed)
                r = -ENOMEM;
        if (r >= 0) {
                piece_trim(&piece);
                *ret = json_new();
                json_add_text(*ret, "session_id", id);
                json_add(*ret, "text",
                         json_object_new_string_len(piece.text.data ?: "", (int) piece.text.size));
                if (piece.more)
                        json_add_count(*ret, "next_offset", piece.skip + piece.text.size);
        }
        strbuf_done(&piece.text);
        return r;
}

static int on_group(void *userdata, const FindingGroupRow *g)
{
        Call *c = userdata;

        if (json_object_array_length(c->rows) >= c->limit) {
                c->more = true;
                return 0;
        }
        json_append(c->rows, finding_secret_json(g));
        return 0;
}

static int tool_list_findings(Call *c, struct json_object **ret)
{
        FindingFilter filter = { 0 };
        bool all = false;
        int r;

        c->limit = 50;
        if ((r = get_text(c, "project", &filter.project)) < 0 ||
            (r = get_text(c, "rule", &filter.rule)) < 0 ||
            (r = get_time(c, "since", &filter.since_usec)) < 0 ||
            (r = get_flag(c, "all", &all)) < 0 ||
            (r = get_number(c, "limit", FINDINGS_MAX, &c->limit)) < 0)
                return r;
        filter.open_only = !all;
        filter.limit = c->limit + 1;
        r = query_finding_groups(c->q, &filter, GROUP_SECRET, on_group, c);
        if (r >= 0)
                take_rows(c, "secrets", ret);
        return r;
}

static const struct {
        const char *name;
        int (*call)(Call *c, struct json_object **ret);
} tools[] = {
        { "search_messages", tool_search_messages },
        { "list_sessions", tool_list_sessions },
        { "read_session", tool_read_session },
        { "sessions_of_commit", tool_sessions_of_commit },
        { "list_findings", tool_list_findings },
};

/* The archive as it is now: it may have been replaced since the last call. */
static int open_archive(Call *c)
{
        _cleanup_free_ char *path = NULL, *sentence = NULL;
        int r;

        if (places_archive(&path) < 0)
                return cannot(c, "The archive cannot be found.");
        r = query_open(path, &c->q);
        if (r >= 0)
                return 0;
        sentence = places_explain_archive(path, r);
        return cannot(c, "%s", sentence);
}

int mcp_tool_call(const char *name, struct json_object *arguments, struct json_object **ret)
{
        _cleanup_(call_done) Call c = { .arguments = arguments };
        int r;

        for (size_t i = 0; i < ELEMENTSOF(tools); i++) {
                if (strcmp(tools[i].name, name) != 0)
                        continue;
                c.rows = json_new_array();
                r = open_archive(&c);
                if (r >= 0) {
                        (void) query_begin(c.q);
                        r = tools[i].call(&c, ret);
                        (void) query_end(c.q);
                }
                if (r == -ENOMEM)
                        return r;
                if (r >= 0)
                        return 1;
                if (!c.sentence)
                        (void) cannot(&c, "The archive cannot be read: %s.",
                                      c.q ? query_reason(c.q) : strerror(-r));
                *ret = json_object_new_string(c.sentence);
                return 0;
        }
        return -ENOENT;
}
