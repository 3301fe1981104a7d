/* mask: a text that comes in pieces is masked as if it came at once */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mask/mask-stream.h"
#include "mask/secret-maker.h"
#include "test.h"

#define PIECE MASK_STREAM_PIECE_MIN
/* Several pieces in one chunk of the scanner; and many of both. */
#define LONG_TEXT    ((size_t) 500 * 1024)
#define LONGEST_TEXT ((size_t) 4 * 1024 * 1024)

static uint32_t seed;

/* xorshift32: different texts in every run. */
static uint32_t next_random(void)
{
        if (!seed) {
                const char *given = getenv("SCRUBJAY_TEST_SEED");

                seed = (given ? (uint32_t) strtoul(given, NULL, 10) : (uint32_t) time(NULL)) | 1;
                printf("# SCRUBJAY_TEST_SEED=%u\n", seed);
        }
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed;
}

static Masker *masker_of(const char *folder)
{
        static const HashKey key = { "k" };
        const char *folders[] = { folder, NULL };
        RulesetOptions options = { .folders = folders };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        Masker *m = NULL;

        REQUIRE(ruleset_load(&options, &rules, NULL) == 0 && (m = masker_new(rules, &key)));
        return m;
}

static Masker *new_masker(void)
{
        return masker_of(TEST_RULES_DIR);
}

static void put_made(StrBuf *b, const char *template)
{
        char *made = NULL;

        REQUIRE(secret_make(template, &made) == 0);
        (void) strbuf_puts(b, made);
        free(made);
}

/* Random letters and digits. */
static void put_random(StrBuf *b, size_t n)
{
        static const char letters[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

        for (; n > 0; n--)
                (void) strbuf_putc(b, letters[next_random() % 62]);
}

/* Prose and code with secrets: the context before reveals some of them, which are repeated without it. */
static void fill(StrBuf *b, size_t size)
{
        static const char *const pieces[] = {
                "export API_TOKEN={alnum:36}\n",
                "ghp_{alnum:36} ",
                "\"password\": \"{alnum:24}\",\n",
                "postgres://u:{alnum:14}@host/db ",
                "{base64:64}\n",
                "AKIA{base32:16}\n",
                "sk_live_{alnum:24}...",
                "\\\"secret\\\": \\\"{alnum:30}\\\"\\n",
                "\nThis is the key:\n-----BEGIN PRIVATE KEY-----\n{base64:64}\n{base64:64}\n{base64:30}==\n-----END PRIVATE KEY-----\n",
                "\x1b[31mxoxb-{digit:12}-{alnum:24}\x1b[0m ",
                "\xC3\xA4\xE2\x80\xA6",
                "\xC3",
                "\xF0\x9F\x98\x80",
                "\xE2\x82",
        };
        static const char *const words[] = { "the ",     "session ", "reads\n",        "a ",
                                             "value(",   ") ",       "file.c:12: ",    "/usr/lib/",
                                             "x = 1;\n", "\t\t",     "configuration ", "\\n",
                                             "0x1f " };
        StrBuf bare = { 0 };

        while (b->size < size) {
                for (uint32_t n = next_random() % 200; n > 0; n--)
                        (void) strbuf_puts(b, words[next_random() % ELEMENTSOF(words)]);
                if (bare.size > 40 && next_random() % 3 == 0) {
                        (void) strbuf_puts(b, " it was ");
                        (void) strbuf_append(b, bare.data, bare.size);
                        (void) strbuf_puts(b, " then\n");
                        strbuf_clear(&bare);
                }
                put_made(b, pieces[next_random() % ELEMENTSOF(pieces)]);
                if (bare.size == 0) {
                        put_random(&bare, 44);
                        (void) strbuf_puts(b, "\nDB_PASSWORD=");
                        (void) strbuf_append(b, bare.data, bare.size);
                        (void) strbuf_puts(b, "\n");
                }
        }
        REQUIRE(!b->failed);
        strbuf_done(&bare);
}

typedef struct Output {
        StrBuf text;
        size_t n_findings, last_line;
} Output;

static int take_text(void *userdata, const char *text, size_t size)
{
        Output *o = userdata;

        return strbuf_append(&o->text, text, size);
}

static int take_finding(void *userdata, size_t line, const char *rule)
{
        Output *o = userdata;

        CHECK(line >= o->last_line);
        o->last_line = line;
        o->n_findings++;
        return 0;
}

/* Feeds @text in pieces of any size up to @max. */
static int feed(MaskStream *s, const char *text, size_t size, size_t max, bool learning)
{
        int r = 0;

        mask_stream_begin(s, learning);
        for (size_t at = 0, n; r == 0 && at < size; at += n) {
                n = 1 + next_random() % max;
                n = n < size - at ? n : size - at;
                r = mask_stream_feed(s, text + at, n);
        }
        return r < 0 ? r : mask_stream_end(s);
}

static int stream_with(Masker *m, const char *text, size_t size, size_t max, bool twice,
                       Output *ret)
{
        _cleanup_(mask_stream_freep) MaskStream *s = NULL;
        const MaskSink sink = { take_text, take_finding, ret };

        s = mask_stream_new(m, PIECE, &sink);
        if (twice)
                CHECK_INT(feed(s, text, size, max, true), 0);
        CHECK_INT(ret->text.size, 0);
        return feed(s, text, size, max, false);
}

static int stream(const char *text, size_t size, size_t max, bool twice, Output *ret)
{
        _cleanup_(masker_freep) Masker *m = new_masker();

        return stream_with(m, text, size, max, twice, ret);
}

static void check_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
        size_t at = 0;

        while (at < a_size && at < b_size && a[at] == b[at])
                at++;
        if (at < a_size || at < b_size)
                printf("# another byte at %zu of %zu and %zu\n", at, a_size, b_size);
        CHECK(at == a_size && at == b_size);
}

TEST(a_long_text_is_masked_as_all_of_it_is)
{
        for (int round = 0; round < 12; round++) {
                _cleanup_(strbuf_done) StrBuf text = { 0 };
                _cleanup_(masker_freep) Masker *m = new_masker();
                _cleanup_(strbuf_done) StrBuf whole = { 0 };
                Output out = { 0 };
                Masked masked;

                fill(&text, round < 11 ? LONG_TEXT : LONGEST_TEXT);
                for (int i = 0; i < 2; i++)
                        REQUIRE(masker_mask(m, MASK_TEXT, text.data, text.size, &masked) == 0);
                REQUIRE(strbuf_append(&whole, masked.text, masked.size) == 0);
                CHECK_INT(stream(text.data, text.size, round % 2 ? 100 : 300000, true, &out), 0);
                check_same(whole.data, whole.size, out.text.data, out.text.size);
                CHECK_INT(out.n_findings, masked.n_findings);
                strbuf_done(&out.text);
        }
}

/* As the second reading of @first, by a stream that has read it, or by one that has not, and so searches all of it. */
static int read_again(const StrBuf *first, const StrBuf *second, bool fresh, Output *ret)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(mask_stream_freep) MaskStream *s = NULL;
        const MaskSink sink = { take_text, take_finding, ret };

        s = mask_stream_new(m, PIECE, &sink);
        CHECK_INT(feed(s, first->data, first->size, 100000, true), 0);
        if (fresh) {
                s = mask_stream_free(s);
                s = mask_stream_new(m, PIECE, &sink);
        }
        return feed(s, second->data, second->size, 100000, false);
}

static void check_read_again(const StrBuf *first, const StrBuf *second)
{
        Output noted = { 0 }, searched = { 0 };

        CHECK_INT(read_again(first, second, false, &noted), 0);
        CHECK_INT(read_again(first, second, true, &searched), 0);
        check_same(noted.text.data, noted.text.size, searched.text.data, searched.text.size);
        CHECK_INT(noted.n_findings, searched.n_findings);
        strbuf_done(&noted.text);
        strbuf_done(&searched.text);
}

/* @late: a secret stands there that only the text after it tells to be one. */
static void fill_with(StrBuf *b, const char *late, size_t size)
{
        for (size_t stop = b->size + size; b->size < stop;) {
                fill(b, b->size + PIECE / 2);
                (void) strbuf_printf(b, "\n it was %s then\n", late);
        }
}

TEST(a_second_reading_masks_what_the_first_found_and_learned)
{
        for (int round = 0; round < 6; round++) {
                _cleanup_(strbuf_done) StrBuf text = { 0 }, late = { 0 };

                put_random(&late, 20);
                if (round % 2)
                        (void) strbuf_puts(&late, "%2B");
                put_random(&late, 11);
                fill_with(&text, late.data, 8 * PIECE);
                if (round > 1)
                        (void) strbuf_printf(&text, "DB_PASSWORD=%s\n", late.data);
                if (round > 3)
                        (void) strbuf_printf(&text, "\n it was %.20s...\n", late.data);
                fill(&text, text.size + (round % 3) * PIECE);
                check_read_again(&text, &text);
        }
}

/* Lines with a token now and then. Returns how many of them. */
static size_t fill_with_tokens(StrBuf *b, size_t size)
{
        size_t n = 0;

        for (size_t stop = b->size + size; b->size < stop; n++) {
                for (uint32_t i = 500 + next_random() % 1000; i > 0; i--)
                        (void) strbuf_puts(b, "a line of a file\n");
                (void) strbuf_puts(b, "export API_TOKEN=");
                put_random(b, 36);
                (void) strbuf_putc(b, '\n');
        }
        return n;
}

/* A file may be written between the two: put in, appended, cut off, or another text instead of a part. */
TEST(a_second_reading_searches_what_has_changed)
{
        _cleanup_(strbuf_done) StrBuf first = { 0 }, more = { 0 };

        (void) fill_with_tokens(&first, 6 * PIECE);
        (void) fill_with_tokens(&more, 2 * PIECE);
        for (int round = 0; round < 10; round++) {
                size_t at = next_random() % (first.size - 100), cut = 0;
                _cleanup_(strbuf_done) StrBuf second = { 0 }, token = { 0 };

                (void) strbuf_puts(&token, "\nDB_PASSWORD=");
                put_random(&token, 24);
                (void) strbuf_putc(&token, '\n');
                if (round % 5 == 1)
                        at = first.size;
                if (round % 5 == 2)
                        cut = first.size - at;
                if (round % 5 == 3)
                        cut = next_random() % (first.size - at);
                if (round % 5 == 4) /* of the same length */
                        cut = token.size;
                (void) strbuf_append(&second, first.data, at);
                if (round % 5 == 4)
                        (void) strbuf_append(&second, token.data, token.size);
                else if (round % 5 != 2)
                        (void) strbuf_append(&second, more.data, more.size);
                REQUIRE(strbuf_append(&second, first.data + at + cut, first.size - at - cut) == 0);
                check_read_again(&first, &second);
        }
}

/* What is searched is learned; what was noted is masked without it. */
TEST(a_second_reading_searches_nothing_twice)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(mask_stream_freep) MaskStream *s = NULL;
        Output out = { 0 };
        const MaskSink sink = { take_text, take_finding, &out };
        size_t n = fill_with_tokens(&text, 5 * PIECE);

        s = mask_stream_new(m, PIECE, &sink);
        CHECK_INT(feed(s, text.data, text.size, 100000, true), 0);
        CHECK_INT(masker_n_known(m), n);
        masker_forget(m);
        CHECK_INT(feed(s, text.data, text.size, 100000, false), 0);
        CHECK_INT(out.n_findings, n);
        CHECK_INT(masker_n_known(m), 0);
        strbuf_done(&out.text);
}

TEST(how_it_comes_makes_no_difference)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        Output once = { 0 }, other = { 0 };

        fill(&text, LONG_TEXT);
        CHECK_INT(stream(text.data, text.size, 1 << 20, false, &once), 0);
        CHECK_INT(stream(text.data, text.size, 7, false, &other), 0);
        check_same(once.text.data, once.text.size, other.text.data, other.text.size);
        CHECK_INT(once.n_findings, other.n_findings);
        strbuf_done(&once.text);
        strbuf_done(&other.text);
}

TEST(a_short_text_is_masked_as_a_whole)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        Output out = { 0 };
        Masked masked;

        put_made(&text, "{\"password\": 8391752084653, \"a\": [1, \"ghp_{alnum:36}\"]}");
        CHECK_INT(stream(text.data, text.size, 5, false, &out), 0);
        REQUIRE(masker_mask(m, MASK_JSON, text.data, text.size, &masked) == 0);
        check_same(masked.text, masked.size, out.text.data, out.text.size);
        CHECK(out.n_findings >= 1);
        strbuf_clear(&out.text);
        CHECK_INT(stream("", 0, 5, false, &out), 0);
        CHECK_INT(out.text.size, 0);
        strbuf_done(&out.text);
}

TEST(output_comes_before_the_end_and_memory_stays)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(mask_stream_freep) MaskStream *s = NULL;
        Output out = { 0 };
        const MaskSink sink = { take_text, take_finding, &out };

        fill(&text, PIECE);
        s = mask_stream_new(m, PIECE, &sink);
        for (int i = 1; i < 20; i++) {
                REQUIRE(mask_stream_feed(s, text.data, text.size) == 0);
                CHECK(out.text.size == 0 || (size_t) i * text.size >= 2 * PIECE); /* it is long */
                CHECK(i < 3 || out.text.size > (size_t) (i - 3) * PIECE / 2);
        }
        strbuf_done(&out.text);
}

/* Nothing shows where it ends: nothing of it appears in the output, nor what follows it. */
TEST(a_secret_longer_than_any_window_ends_the_output)
{
        static const struct {
                const char *begins, *goes_on, *rule;
        } forms[] = {
                { "-----BEGIN PRIVATE KEY-----\n", "{base64:64}\n", "private-key" },
                { "ghp_{alnum:20}", "{alnum:64}", "github-pat" },
        };

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                _cleanup_(masker_freep) Masker *m = new_masker();
                _cleanup_(mask_stream_freep) MaskStream *s = NULL;
                _cleanup_(strbuf_done) StrBuf text = { 0 };
                Output out = { 0 };
                const MaskSink sink = { take_text, take_finding, &out };
                size_t line;

                (void) strbuf_puts(&text, "before\n");
                put_made(&text, forms[i].begins);
                while (text.size < 12 * PIECE)
                        put_made(&text, forms[i].goes_on);
                REQUIRE(!text.failed);
                s = mask_stream_new(m, PIECE, &sink);
                CHECK_INT(feed(s, text.data, text.size, 100000, false), -EFBIG);
                CHECK_STR(out.text.data, "before\n[REDACTED:unscannable]");
                CHECK_STR(mask_stream_endless(s, &line), forms[i].rule);
                CHECK_INT(line, 2);
                strbuf_done(&out.text);
        }
}

/* Is no piece of @token in @text? */
static bool is_gone(const StrBuf *token, const StrBuf *text)
{
        for (int i = 0; i < 200; i++) {
                size_t at = i == 0 ? token->size - 24 : next_random() % (token->size - 24);

                if (memmem(text->data, text->size, token->data + at, 24)) {
                        printf("# of %zu bytes, what stands at %zu came out\n", token->size, at);
                        return false;
                }
        }
        return true;
}

/* However long a found token is, and wherever chunks and windows begin: none of it stays. */
TEST(a_long_token_is_masked_to_its_end)
{
        static const struct {
                const char *before, *token, *after;
        } forms[] = {
                { "export API_TOKEN=", "", "\nls\n" },
                { "{\"password\": \"", "", "\", \"user\": \"al\"}\n" },
                { "\\\"secret\\\": \\\"", "", "\\\", and\n" },
                { "a token: ", "ghp_", " after\n" },
                { "", "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ{alnum:300}.", "\n" },
                { "curl -H 'Authorization: Bearer ", "", "' http://host/\n" },
                { "xoxb-", "", "\n" },
        };
        static const size_t sizes[] = { 2000, 100000, 600000, 1300000 };
        size_t n_found = 0;

        for (size_t i = 0; i < ELEMENTSOF(forms) * ELEMENTSOF(sizes); i++) {
                size_t form = i / ELEMENTSOF(sizes), size = sizes[i % ELEMENTSOF(sizes)];
                _cleanup_(strbuf_done) StrBuf text = { 0 }, token = { 0 }, whole = { 0 };
                _cleanup_(masker_freep) Masker *m = new_masker();
                Output out = { 0 };
                Masked masked;

                for (uint32_t n = next_random() % 100000; n > 0; n--)
                        (void) strbuf_puts(&text, n % 9 ? "the word " : "ends.\n");
                (void) strbuf_printf(&text, "\n%s", forms[form].before);
                put_made(&token, forms[form].token);
                put_random(&token, size + next_random() % size);
                (void) strbuf_append(&text, token.data, token.size);
                REQUIRE(strbuf_puts(&text, forms[form].after) == 0);
                REQUIRE(masker_mask(m, MASK_TEXT, text.data, text.size, &masked) == 0);
                REQUIRE(strbuf_append(&whole, masked.text, masked.size) == 0);
                n_found += masked.n_findings == 1;
                if (masked.n_findings == 1)
                        CHECK(is_gone(&token, &whole));
                CHECK(strstr(whole.data, forms[form].after));
                if (token.size < 6 * PIECE) {
                        CHECK_INT(stream(text.data, text.size, 100000, i % 2, &out), 0);
                        check_same(whole.data, whole.size, out.text.data, out.text.size);
                        strbuf_done(&out.text);
                }
        }
        /* the judge rejects one in some thousands of random values, at any length */
        CHECK(n_found + 1 >= ELEMENTSOF(forms) * ELEMENTSOF(sizes));
}

/* A value with a secret in it, in some form and of some length. */
static void put_value(StrBuf *b)
{
        static const char *const values[] = {
                "\"the session reads a file\\n\\tand \\u00e9 writes \\\"{alnum:8}\\\"\"",
                "-12.5e+3",
                "[]",
                "{}",
                "[true,false,null,NaN,[[1,2],{\"a\":\"b\"}]]",
                "{\"password\":8{digit:12},\"user\":\"al\"}",
                "{\"password\": \"{alnum:24}\", \"pin\": 4{digit:7}}",
                "\"export API_TOKEN={alnum:36}\\nls\"",
                "\"{\\\"secret\\\": \\\"{alnum:30}\\\", \\\"api_key\\\":73{digit:14}}\"",
                "[\"ghp_{alnum:36}\",\"AKIA{base32:16}\"]",
                "\"-----BEGIN PRIVATE KEY-----\\n{base64:64}\\n{base64:64}\\n-----END PRIVATE KEY-----\\n\"",
                "{\"token\":\"\\u0041{alnum:30}\\u0042\",\"n\":[0,1{digit:4}]}",
        };

        if (next_random() % 50 > 0) {
                put_made(b, values[next_random() % ELEMENTSOF(values)]);
                return;
        }
        /* A string without a space, longer than what is read after a place. */
        (void) strbuf_puts(b, "\"");
        for (uint32_t n = next_random() % 6000; n > 0; n--)
                (void) strbuf_puts(b, n % 7 ? "abc_def,ghi/" : "\\\\\\n\\u00e9\\\"");
        (void) strbuf_puts(b, "\"");
}

typedef enum Form {
        COMPACT,
        PRETTY,
        LINES,
        MIXED,
        N_FORMS,
} Form;

static void fill_json(StrBuf *b, Form form, size_t size)
{
        static const char *const before[] = { "[", "\xEF\xBB\xBF{\n", "", "a log\n[1, 2\n" };
        static const char *const between[] = { ",", ",\n", "\n",
                                               "\n[12] worker: {ready}, 17 left\n" };
        static const char *const after[] = { "]", "\n}\n", "\n", "\n[end]\n{" };

        (void) strbuf_puts(b, before[form]);
        for (unsigned n = 0; b->size < size; n++) {
                (void) strbuf_puts(b, n > 0 ? between[form] : "");
                if (form == PRETTY)
                        (void) strbuf_printf(b, "  \"item %u\": ", n);
                else if (form != COMPACT)
                        (void) strbuf_printf(b, "{\"item\":%u,\"value\":", n);
                put_value(b);
                if (form >= LINES)
                        (void) strbuf_puts(b, "}");
        }
        REQUIRE(strbuf_puts(b, after[form]) == 0);
}

/* The length of the line that begins at @at, with its end. */
static size_t line_size(const StrBuf *text, size_t at)
{
        const char *end = memchr(text->data + at, '\n', text->size - at);

        return end ? (size_t) (end + 1 - text->data) - at : text->size - at;
}

/* Line by line, or as one document. */
static void check_json(const StrBuf *before, const StrBuf *after, Form form)
{
        size_t i = 0, k = 0;

        while (form >= LINES && i < before->size && k < after->size) {
                size_t n = line_size(before, i), m = line_size(after, k);

                if (json_is_valid(before->data + i, n))
                        CHECK(json_is_valid(after->data + k, m));
                i += n;
                k += m;
        }
        if (form < LINES)
                i = form == PRETTY ? 3 : 0; /* its byte order mark */
        CHECK(i == before->size ? k == after->size
                                : json_value_length(after->data + i, after->size - i) > 0);
}

TEST(json_of_any_length_stays_json)
{
        for (int form = 0; form < N_FORMS; form++) {
                _cleanup_(strbuf_done) StrBuf text = { 0 };
                _cleanup_(masker_freep) Masker *m = new_masker();
                const JsonLexer begin = { 0 };
                Output out = { 0 };
                Masked masked;

                fill_json(&text, form, 7 * PIECE);
                for (int i = 0; i < 2; i++)
                        REQUIRE(masker_mask_part(m, text.data, text.size,
                                                 (TextPart){ .until = text.size, .json = &begin },
                                                 &masked) == 0);
                CHECK_INT(stream(text.data, text.size, 300000, true, &out), 0);
                CHECK(out.n_findings > 100);
                check_json(&text, &out.text, form);
                check_same(masked.text, masked.size, out.text.data, out.text.size);
                strbuf_done(&out.text);
        }
}

/* The second window cannot be searched: what is masked of it does not begin within an escape. */
TEST(an_escape_is_not_cut)
{
        static const char rule[] =
                        "[{\"id\":\"slow\",\"literals\":[\"start\"],\"pattern\":\"start(?:(?:a+)+)+b\"}]";
        char folder[] = "/tmp/scrubjay-stream-XXXXXX";
        _cleanup_free_ char *file = NULL;
        FILE *f;

        REQUIRE(mkdtemp(folder) && asprintf(&file, "%s/slow.json", folder) > 0);
        REQUIRE((f = fopen(file, "we")) && fputs(rule, f) >= 0 && fclose(f) == 0);
        for (int before = 0; before < 6; before++) {
                _cleanup_(masker_freep) Masker *m = masker_of(folder);
                _cleanup_(strbuf_done) StrBuf text = { 0 };
                Output out = { 0 };

                (void) strbuf_printf(&text, "{\"%.*s\":\"", before, "abcdef");
                while (text.size < 3 * PIECE)
                        (void) strbuf_puts(&text, "\\u00e9");
                (void) strbuf_puts(&text, "start");
                for (int i = 0; i < 400; i++)
                        (void) strbuf_putc(&text, 'a');
                REQUIRE(strbuf_puts(&text, "!b\"}") == 0);
                CHECK_INT(stream_with(m, text.data, text.size, 300000, false, &out), 0);
                CHECK(out.text.size < text.size); /* some of it was masked */
                CHECK(json_is_valid(out.text.data, out.text.size));
                strbuf_done(&out.text);
        }
        (void) unlink(file);
        (void) rmdir(folder);
}

/* Appends @plain in base64, in lines of @line characters; 0: in one. */
static void put_base64(StrBuf *b, const StrBuf *plain, size_t line)
{
        static const char digits[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = 0;

        for (size_t i = 0; i + 3 <= plain->size; i += 3) {
                const unsigned char *p = (const unsigned char *) plain->data + i;
                uint32_t bits = (uint32_t) p[0] << 16 | (uint32_t) p[1] << 8 | p[2];

                for (int shift = 18; shift >= 0; shift -= 6)
                        (void) strbuf_putc(b, digits[bits >> shift & 63]);
                n += 4;
                if (line > 0 && n % line == 0)
                        (void) strbuf_putc(b, '\n');
        }
}

/* Places where another text was repaired say nothing about this one. */
TEST(findings_of_a_part_are_reported_by_its_own_bytes)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        Masked masked;

        REQUIRE(masker_mask(m, MASK_TEXT, "\xff\xff\xff \xff", 5, &masked) == 0);
        put_made(&text, "it was ghp_{alnum:36}\n");
        REQUIRE(masker_mask_part(m, text.data, text.size, (TextPart){ .until = text.size },
                                 &masked) == 0);
        CHECK_INT(masked.n_findings, 1);
        CHECK_INT(masked.n_findings > 0 ? masked.findings[0].start : 0, strlen("it was "));
}

static void count_call(void *userdata)
{
        (*(size_t *) userdata)++;
}

/* A text and the runs of base64 in it share one budget: their steps are counted together, and whoever waits is told. */
TEST(runs_of_base64_are_in_the_budget_of_the_text)
{
        _cleanup_(strbuf_done) StrBuf plain = { 0 }, text = { 0 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        size_t n_calls = 0;
        Masked masked;

        while (plain.size < 4800)
                (void) strbuf_puts(&plain, "pw=");
        while (text.size < 128 * 1024) {
                put_base64(&text, &plain, 0);
                (void) strbuf_putc(&text, ' ');
        }
        REQUIRE(!text.failed);
        masker_set_progress(m, count_call, &n_calls);
        REQUIRE(masker_mask(m, MASK_TEXT, text.data, text.size, &masked) == 0);
        CHECK(n_calls > 0);
}

/* A run of base64 in many pieces, with lines and without: wherever it is cut, what it encodes is read. */
TEST(a_secret_in_a_long_run_of_base64_is_found)
{
        for (size_t line = 0; line <= 76; line += 76) {
                _cleanup_(strbuf_done) StrBuf plain = { 0 }, text = { 0 };
                Output out = { 0 };
                size_t n_secrets = 0;

                while (plain.size < 5 * PIECE) {
                        for (uint32_t i = 100 + next_random() % 900; i > 0; i--)
                                (void) strbuf_puts(&plain, "a line of a file\n");
                        put_made(&plain, "ghp_{alnum:36}\n");
                        n_secrets++;
                }
                (void) strbuf_puts(&text, "\xC3\xA4 data: ");
                put_base64(&text, &plain, line);
                REQUIRE(strbuf_puts(&text, "\nthe end\n") == 0);
                CHECK_INT(stream(text.data, text.size, 100000, false, &out), 0);
                CHECK(out.n_findings + 1 >= n_secrets && out.n_findings <= n_secrets);
                CHECK(memmem(out.text.data, out.text.size, "\nthe end\n", 9) != NULL);
                strbuf_done(&out.text);
        }
}
