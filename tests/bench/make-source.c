/*
 * Fills a database of agentsview's shape with sessions, the same ones each time
 *
 *     make-source DATABASE SHAPE COUNT CODE SHELL PROSE
 *
 * The tables must exist. CODE, SHELL and PROSE are files with the text from which messages are made. Shapes:
 *
 *     real    COUNT realistic sessions: their lengths are heavy-tailed (Pareto), sizes lognormal like those of 73
 *             published sessions (see sizes[]); three of four messages have a tool call with its result; there is a secret in
 *             every 200 KB, and now and then a commit or a pull request
 *     team    COUNT sessions of 100 messages of 1,000 bytes, every third with a tool call of 200 bytes and a result of 800
 *     tiny    COUNT sessions of one short message
 *     long    one session of COUNT messages
 *     huge    one session with one message of COUNT bytes
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"

#define BYTES_MAX    (1024.0 * 1024)
#define PARETO_ALPHA 1.2
#define PARETO_MIN   5.0
#define MESSAGES_MAX 5000.0
#define SECRET_EVERY (200 * 1024)
#define CORPUS_MAX   (64u * 1024 * 1024)
#define BEGAN_USEC \
        (1767225600 * USEC_PER_SEC) /* 2026-01-01; such old markers are outside of every window */

typedef struct Text {
        char *data;
        size_t size;
} Text;

typedef struct Maker {
        sqlite3 *db;
        sqlite3_stmt *session, *message, *call, *event, *finish;
        Text code, shell, prose;
        uint64_t random;      /* decides counts and sizes: the same on every machine */
        uint64_t text_random; /* decides which piece of the machine's text is taken */
        uint64_t bytes, next_secret;
        int64_t message_id, n_sessions;
} Maker;

static void fail(Maker *m, const char *what)
{
        fprintf(stderr, "make-source: %s: %s\n", what, m->db ? sqlite_reason(m->db) : "");
        exit(1);
}

/* splitmix64 */
static uint64_t next_of(uint64_t *state)
{
        uint64_t z = *state += 0x9e3779b97f4a7c15;

        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
}

static uint64_t next_random(Maker *m)
{
        return next_of(&m->random);
}

/* In (0, 1]. */
static double next_unit(Maker *m)
{
        return ((double) (next_random(m) >> 11) + 1) / 9007199254740992.0;
}

static bool chance(Maker *m, double probability)
{
        return next_unit(m) <= probability;
}

typedef enum Size {
        SIZE_QUESTION,
        SIZE_ANSWER,
        SIZE_THINKING,
        SIZE_INPUT,
        SIZE_OUTPUT,
} Size;

/* Bytes: the median, and the deviation of the logarithm. */
static const struct {
        double median, sigma;
} sizes[] = {
        [SIZE_QUESTION] = { 76, 1.47 },  [SIZE_ANSWER] = { 121, 1.04 },
        [SIZE_THINKING] = { 200, 1.23 }, [SIZE_INPUT] = { 158, 0.97 },
        [SIZE_OUTPUT] = { 380, 2.00 },
};

static size_t random_size(Maker *m, Size size)
{
        double normal = sqrt(-2 * log(next_unit(m))) * cos(2 * M_PI * next_unit(m));

        return (size_t) fmin(BYTES_MAX,
                             fmax(20, sizes[size].median * exp(sizes[size].sigma * normal)));
}

static int64_t pareto_count(Maker *m)
{
        return (int64_t) fmin(MESSAGES_MAX, PARETO_MIN * pow(next_unit(m), -1 / PARETO_ALPHA));
}

/* A line with a secret: made from a format, so that there is none here or in a repository. */
static void put_secret(Maker *m, StrBuf *b)
{
        static const char alphabet[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz0189";
        static const struct {
                const char *before, *after;
                unsigned length, letters; /* characters of the alphabet */
        } forms[] = {
                { "export GITHUB_TOKEN=gh"
                  "p_",
                  "", 36, 62 },
                { "aws_access_key_id = AK"
                  "IA",
                  "", 16, 32 },
                { "DB_PASSWORD=", "", 24, 62 },
                { "DATABASE_URL=postgres://app:", "@db.example.net/prod", 20, 62 },
                { "Authorization: Bearer ", "", 40, 62 },
                { "remote: https://oauth2:gl"
                  "pat-",
                  "@gitlab.example.net/a/b.git", 20, 62 },
        };
        size_t form = next_random(m) % ELEMENTSOF(forms);

        (void) strbuf_printf(b, "\n%s", forms[form].before);
        for (unsigned i = 0; i < forms[form].length; i++)
                (void) strbuf_putc(b, alphabet[next_random(m) % forms[form].letters]);
        (void) strbuf_printf(b, "%s\n", forms[form].after);
}

static bool inside_character(char c)
{
        return ((unsigned char) c & 0xc0) == 0x80;
}

/* Appends @size bytes of @t from the start of some line on, whole characters only. */
static void put_slice(Maker *m, StrBuf *b, const Text *t, size_t size)
{
        while (size > 0) {
                size_t start = next_of(&m->text_random) % t->size, n;
                const char *line = memchr(t->data + start, '\n', t->size - start);

                start = line ? (size_t) (line - t->data) + 1 : 0;
                n = t->size - start < size ? t->size - start : size;
                size -= n;
                while (n > 0 && start + n < t->size && inside_character(t->data[start + n]))
                        n--;
                (void) strbuf_append(b, t->data + start, n);
        }
}

/* A text for one message: a piece of @t, with a secret in it if one is due. */
static void make_text(Maker *m, StrBuf *b, const Text *t, size_t size)
{
        strbuf_clear(b);
        m->bytes += size;
        if (m->bytes < m->next_secret) {
                put_slice(m, b, t, size);
        } else {
                put_slice(m, b, t, size / 2);
                put_secret(m, b);
                put_slice(m, b, t, size - size / 2);
                m->next_secret = m->bytes + SECRET_EVERY;
        }
        if (b->failed)
                fail(m, "memory");
}

static void bind_buf(sqlite3_stmt *stmt, int index, const StrBuf *b)
{
        (void) sqlite_bind_text(stmt, index, b->data ?: "", b->size);
}

static void execute(Maker *m, sqlite3_stmt *stmt)
{
        if (sqlite_execute(stmt) < 0)
                fail(m, "insert");
}

static void make_id(Maker *m, char ret[static 37])
{
        uint64_t a = next_random(m), b = next_random(m);

        (void) snprintf(ret, 37, "%08x-%04x-4%03x-a%03x-%012" PRIx64, (unsigned) (a >> 32),
                        (unsigned) (a >> 16) & 0xffff, (unsigned) a & 0xfff,
                        (unsigned) (b >> 48) & 0xfff, b & 0xffffffffffff);
}

/* A session's row; ids are random, so that their order is not that of the rows. */
static void add_session(Maker *m, char ret_id[static 37], const StrBuf *first)
{
        char began[TIMESTAMP_MAX], ended[TIMESTAMP_MAX], cwd[64];
        unsigned project = (unsigned) (next_random(m) % 40);
        uint64_t time = BEGAN_USEC + (uint64_t) m->n_sessions++ * 10 * USEC_PER_SEC;

        make_id(m, ret_id);
        (void) snprintf(cwd, sizeof(cwd), "/home/dev/src/project-%u", project);
        format_timestamp(began, time);
        format_timestamp(ended, time + 20 * USEC_PER_MIN);
        (void) sqlite3_bind_text(m->session, 1, ret_id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(m->session, 2, cwd + strlen("/home/dev/src/"), -1, SQLITE_STATIC);
        (void) sqlite_bind_text(m->session, 3, first->data, first->size < 200 ? first->size : 200);
        (void) sqlite3_bind_text(m->session, 4, began, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(m->session, 5, ended, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(m->session, 6, cwd, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(m->session, 7, (int64_t) (next_random(m) >> 1));
        execute(m, m->session);
}

static void add_message(Maker *m, const char *id, int64_t ordinal, bool by_agent,
                        const StrBuf *content, const StrBuf *thinking, bool has_call)
{
        const char *role = by_agent ? "assistant" : "user";

        m->message_id++;
        (void) sqlite3_bind_int64(m->message, 1, m->message_id);
        (void) sqlite3_bind_text(m->message, 2, id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(m->message, 3, ordinal);
        (void) sqlite3_bind_text(m->message, 4, role, -1, SQLITE_STATIC);
        bind_buf(m->message, 5, content);
        bind_buf(m->message, 6, thinking);
        (void) sqlite3_bind_int(m->message, 7, has_call);
        execute(m, m->message);
}

/* A tool call of the message just added, with its result, of the two sizes @given; NULL: of random sizes. */
static void add_call(Maker *m, const char *id, int64_t ordinal, const size_t *given)
{
        static const char *const tools[] = { "Bash", "Read", "Edit" };
        _cleanup_(strbuf_done) StrBuf input = { 0 }, output = { 0 };
        size_t tool = chance(m, 0.5) ? 0 : 1 + next_random(m) % 2;
        bool as_event = chance(m, 0.9), commit = tool == 0 && chance(m, 0.02);
        bool request = tool == 0 && !commit && chance(m, 0.01);
        unsigned number = (unsigned) next_random(m);

        make_text(m, &input, tool == 2 ? &m->code : &m->shell,
                  given ? given[0] : random_size(m, SIZE_INPUT));
        make_text(m, &output, tool == 0 ? &m->shell : &m->code,
                  given ? given[1] : random_size(m, SIZE_OUTPUT));
        if (commit) {
                strbuf_clear(&input);
                (void) strbuf_puts(&input, "git commit -m 'Mend the parser'");
                (void) strbuf_printf(&output, "\n[main %07x] Mend the parser\n", number >> 4);
        } else if (request) {
                strbuf_clear(&input);
                (void) strbuf_puts(&input, "gh pr create --fill");
                (void) strbuf_printf(&output, "\nhttps://github.com/acme/parser/pull/%u\n",
                                     number % 5000);
        }
        (void) sqlite3_bind_int64(m->call, 1, m->message_id);
        (void) sqlite3_bind_text(m->call, 2, id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(m->call, 3, tools[tool], -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(m->call, 4, m->message_id);
        bind_buf(m->call, 5, &input);
        (void) sqlite3_bind_int64(m->call, 6, (int64_t) output.size);
        if (as_event)
                (void) sqlite3_bind_null(m->call, 7);
        else
                bind_buf(m->call, 7, &output);
        execute(m, m->call);
        if (!as_event)
                return;
        (void) sqlite3_bind_text(m->event, 1, id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int64(m->event, 2, ordinal);
        (void) sqlite3_bind_int64(m->event, 3, m->message_id);
        bind_buf(m->event, 4, &output);
        execute(m, m->event);
}

static void add_real_message(Maker *m, const char *id, int64_t ordinal, const StrBuf *first)
{
        _cleanup_(strbuf_done) StrBuf content = { 0 }, thinking = { 0 };
        bool by_agent = ordinal > 0 && chance(m, 0.94), has_call = by_agent && chance(m, 0.76);
        const Text *text = by_agent || chance(m, 0.5) ? &m->code : &m->prose;

        if (ordinal > 0)
                make_text(m, &content, text,
                          random_size(m, by_agent ? SIZE_ANSWER : SIZE_QUESTION));
        if (by_agent && chance(m, 0.09))
                make_text(m, &thinking, &m->prose, random_size(m, SIZE_THINKING));
        if (chance(m, 0.002))
                (void) strbuf_printf(&content, "\nSee https://github.com/acme/parser/pull/%u\n",
                                     (unsigned) next_random(m) % 5000);
        add_message(m, id, ordinal, by_agent, ordinal > 0 ? &content : first, &thinking, has_call);
        if (has_call)
                add_call(m, id, ordinal, NULL);
}

static void make_real(Maker *m, int64_t n_messages)
{
        _cleanup_(strbuf_done) StrBuf first = { 0 };
        char id[37];

        make_text(m, &first, &m->prose, random_size(m, SIZE_QUESTION));
        add_session(m, id, &first);
        for (int64_t i = 0; i < n_messages; i++)
                add_real_message(m, id, i, &first);
}

/* The load with which other writers to the same kind of server were measured. */
static void make_team(Maker *m)
{
        static const StrBuf none = { 0 };
        _cleanup_(strbuf_done) StrBuf content = { 0 };
        char id[37];

        for (int64_t i = 0; i < 100; i++) {
                bool has_call = (m->message_id + 1) % 3 == 0;

                make_text(m, &content, i % 2 == 1 ? &m->code : &m->prose, 1000);
                if (i == 0)
                        add_session(m, id, &content);
                add_message(m, id, i, i % 2 == 1, &content, &none, has_call);
                if (has_call)
                        add_call(m, id, i, (const size_t[]){ 200, 800 });
        }
}

/* A session with one message of @size bytes. */
static void make_plain(Maker *m, const Text *text, size_t size)
{
        static const StrBuf none = { 0 };
        _cleanup_(strbuf_done) StrBuf content = { 0 };
        char id[37];

        make_text(m, &content, text, size);
        add_session(m, id, &content);
        add_message(m, id, 0, false, &content, &none, false);
}

static void make(Maker *m, const char *shape, int64_t count)
{
        if (strcmp(shape, "real") == 0)
                for (int64_t i = 0; i < count; i++)
                        make_real(m, pareto_count(m));
        else if (strcmp(shape, "team") == 0)
                for (int64_t i = 0; i < count; i++)
                        make_team(m);
        else if (strcmp(shape, "tiny") == 0)
                for (int64_t i = 0; i < count; i++)
                        make_plain(m, &m->prose, 40 + next_random(m) % 80);
        else if (strcmp(shape, "long") == 0)
                make_real(m, count);
        else if (strcmp(shape, "huge") == 0)
                make_plain(m, &m->code, (size_t) count);
        else
                fail(m, "no such shape");
}

static void prepare(Maker *m)
{
        const struct {
                sqlite3_stmt **stmt;
                const char *sql;
        } statements[] = {
                { &m->session,
                  "INSERT INTO sessions (id, project, first_message, started_at, "
                  "ended_at, created_at, sync_marker, local_modified_at, cwd, file_hash) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?4, ?5, ?5, ?6, printf('%016x', ?7))" },
                { &m->message,
                  "INSERT INTO messages (id, session_id, ordinal, role, content, "
                  "thinking_text, has_tool_use, content_length, timestamp) VALUES "
                  "(?1, ?2, ?3, ?4, ?5, ?6, ?7, length(?5), '2026-01-01T00:00:00.000Z')" },
                { &m->call, "INSERT INTO tool_calls (message_id, session_id, tool_name, category, "
                            "tool_use_id, input_json, result_content_length, result_content, "
                            "call_index) VALUES (?1, ?2, ?3, ?3, 'toolu_' || ?4, "
                            "json_object('command', ?5), ?6, ?7, 0)" },
                { &m->event, "INSERT INTO tool_result_events (session_id, "
                             "tool_call_message_ordinal, tool_use_id, source, status, content, "
                             "content_length) VALUES (?1, ?2, 'toolu_' || ?3, 'tool_result', "
                             "'completed', ?4, length(?4))" },
                { &m->finish,
                  "UPDATE sessions SET (message_count, user_message_count) = (SELECT count(*), "
                  "sum(role = 'user') FROM messages WHERE session_id = sessions.id)" },
        };

        for (size_t i = 0; i < ELEMENTSOF(statements); i++)
                if (sqlite_prepare(m->db, statements[i].sql, statements[i].stmt) < 0)
                        fail(m, "prepare");
}

int main(int argc, char **argv)
{
        Maker m = { .random = 1, .next_secret = SECRET_EVERY };

        if (argc != 7) {
                fprintf(stderr, "make-source DATABASE SHAPE COUNT CODE SHELL PROSE\n");
                return 2;
        }
        if (file_read(argv[4], CORPUS_MAX, &m.code.data, &m.code.size) < 0 ||
            file_read(argv[5], CORPUS_MAX, &m.shell.data, &m.shell.size) < 0 ||
            file_read(argv[6], CORPUS_MAX, &m.prose.data, &m.prose.size) < 0)
                fail(&m, "cannot read the text");
        if (sqlite3_open(argv[1], &m.db) != SQLITE_OK)
                fail(&m, "open");
        prepare(&m);
        if (sqlite_run(m.db, "PRAGMA synchronous = OFF; BEGIN") < 0)
                fail(&m, "begin");
        make(&m, argv[2], strtoll(argv[3], NULL, 10));
        execute(&m, m.finish);
        sqlite3_finalize(m.session);
        sqlite3_finalize(m.message);
        sqlite3_finalize(m.call);
        sqlite3_finalize(m.event);
        sqlite3_finalize(m.finish);
        if (sqlite_run(m.db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)") < 0)
                fail(&m, "commit");
        (void) sqlite3_close(m.db);
        printf("{\"sessions\": %" PRId64 ", \"messages\": %" PRId64 ", \"text_bytes\": %" PRIu64
               "}\n",
               m.n_sessions, m.message_id, m.bytes);
        free(m.code.data);
        free(m.shell.data);
        free(m.prose.data);
        return 0;
}
