/* mask: optimizations change no answer: blocks, wherever they begin, and what is remembered about names */
#include <string.h>

#include "mask/cut.h"
#include "mask/encoded.h"
#include "mask/name-cache.h"
#include "mask/utf8.h"
#include "mask/view.h"
#include "test.h"

#define TEXT_MAX 700

static uint32_t seed = 1;

/* xorshift32: the same texts in every run. */
static uint32_t next_random(void)
{
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed;
}

/* Pieces that are not read as they are, between words and long tokens. */
static size_t fill(char *text, size_t size)
{
        static const char *const pieces[] = { "\n",
                                              "\r\n",
                                              "\r",
                                              "=\n",
                                              "=",
                                              "\\n",
                                              "\\r\\n",
                                              "\\u0000",
                                              "\\u001b[1m",
                                              "\\\"",
                                              "\x1b[0m",
                                              "%3D",
                                              "\xC2\xAD",
                                              "\xC3\xA4",
                                              "\xE2\x80\x8B",
                                              "\xE2\x82\xAC",
                                              "[REDACTED:unscannable]",
                                              " ",
                                              "/",
                                              "+" };
        static const char letters[] =
                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        size_t n = 0;

        while (n + 110 < size) {
                if (next_random() % 2) {
                        const char *p = pieces[next_random() % ELEMENTSOF(pieces)];

                        memcpy(text + n, p, strlen(p));
                        n += strlen(p);
                        continue;
                }
                for (size_t k = next_random() % (next_random() % 4 ? 20 : 100); k > 0; k--)
                        text[n++] = letters[next_random() % (sizeof(letters) - 1)];
        }
        return n;
}

/* A line before a text moves it within the blocks, and changes nothing else. */
static void check_view(const char *text, size_t size, size_t shift, bool join)
{
        View alone = { .join = join }, moved = { .join = join };
        char longer[TEXT_MAX + 64];

        memset(longer, '\n', shift);
        memcpy(longer + shift, text, size);
        REQUIRE(view_set(&alone, text, size) == 0);
        REQUIRE(view_set(&moved, longer, shift + size) == 0);
        CHECK_INT(moved.size, alone.size + shift);
        CHECK(memcmp(moved.text + shift, alone.text, alone.size) == 0);
        CHECK_INT(moved.map.n, alone.map.n);
        CHECK_INT(moved.breaks, alone.breaks);
        view_done(&alone);
        view_done(&moved);
}

TEST(a_view_is_the_same_wherever_its_blocks_fall)
{
        for (int round = 0; round < 400; round++) {
                char text[TEXT_MAX];
                size_t n = fill(text, sizeof(text));

                for (size_t shift = 1; shift < 40; shift += 3) {
                        check_view(text, n, shift, false);
                        check_view(text, n, shift, true);
                }
        }
}

/* Is the end of a line left out of it? */
static bool joins_lines(const View *v)
{
        for (size_t i = 0; i < v->map.n; i++)
                if (view_joins_lines(v, v->map.pieces + i))
                        return true;
        return false;
}

TEST(a_view_knows_where_one_that_joins_may_join_lines)
{
        size_t n_joined = 0, n_none = 0;

        for (int round = 0; round < 20000; round++) {
                View plain = { 0 }, joined = { .join = true };
                char text[TEXT_MAX];
                size_t n = fill(text, round % 2 ? sizeof(text) : 300);

                for (size_t i = next_random() % n; round % 4 == 0 && i < n;
                     i += 1 + next_random() % n)
                        text[i] = 0;
                REQUIRE(view_set(&plain, text, n) == 0);
                REQUIRE(view_set(&joined, text, n) == 0);
                n_joined += joins_lines(&joined);
                n_none += !view_may_join_lines(&plain);
                CHECK(view_may_join_lines(&plain) || !joins_lines(&joined));
                view_done(&plain);
                view_done(&joined);
        }
        CHECK(n_joined > 1000);
        CHECK(n_none > 200);
}

/* As cuts_after(), which remembers what it read. */
static size_t cut_after(const char *text, size_t size, size_t at, bool ends)
{
        size_t limit = size - at > CUT_WINDOW ? at + CUT_WINDOW : size;

        for (size_t i = at; i < limit; i++) {
                if (text[i] == '\n')
                        return 0;
                if (limit - i >= 3 &&
                    (memcmp(text + i, "...", 3) == 0 || memcmp(text + i, "\xE2\x80\xA6", 3) == 0))
                        return i;
        }
        return ends && limit == size ? size : 0;
}

TEST(a_cut_is_found_whatever_was_asked_before)
{
        static const char *const pieces[] = { "...", "..", ".", "\xE2\x80\xA6", "\xE2\x80", "\n" };

        for (int round = 0; round < 2000; round++) {
                char text[2 * CUT_WINDOW];
                View v = { .text = text };
                Cuts cuts;

                while (v.size + 100 < sizeof(text)) {
                        const char *p = pieces[next_random() % ELEMENTSOF(pieces)];
                        size_t n = next_random() % (next_random() % 4 ? 90 : 10);

                        memset(text + v.size, 'x', n);
                        v.size += n;
                        if (round % 2) {
                                memcpy(text + v.size, p, strlen(p));
                                v.size += strlen(p);
                        }
                }
                cuts_begin(&cuts);
                for (size_t at = 0; at < v.size; at += next_random() % (round % 3 ? 4 : 200))
                        CHECK_INT(cuts_after(&cuts, &v, at, round % 5),
                                  cut_after(text, v.size, at, round % 5));
        }
}

/* The length of the sequence that @p begins with, as in Unicode's table 3-7; 0: it is broken. */
static size_t sequence(const unsigned char *p, size_t size)
{
        static const unsigned char table[][5] = {
                { 0x00, 0x7F, 1, 0, 0 },       { 0xC2, 0xDF, 2, 0x80, 0xBF },
                { 0xE0, 0xE0, 3, 0xA0, 0xBF }, { 0xE1, 0xEC, 3, 0x80, 0xBF },
                { 0xED, 0xED, 3, 0x80, 0x9F }, { 0xEE, 0xEF, 3, 0x80, 0xBF },
                { 0xF0, 0xF0, 4, 0x90, 0xBF }, { 0xF1, 0xF3, 4, 0x80, 0xBF },
                { 0xF4, 0xF4, 4, 0x80, 0x8F },
        };

        for (size_t k = 0; k < ELEMENTSOF(table); k++) {
                size_t n = table[k][2];

                if (p[0] < table[k][0] || p[0] > table[k][1])
                        continue;
                if (n > size || (n > 1 && (p[1] < table[k][3] || p[1] > table[k][4])))
                        return 0;
                for (size_t i = 2; i < n; i++)
                        if (p[i] < 0x80 || p[i] > 0xBF)
                                return 0;
                return n;
        }
        return 0;
}

TEST(utf8_is_valid_up_to_the_first_broken_byte)
{
        for (int round = 0; round < 20000; round++) {
                char text[TEXT_MAX];
                size_t size = fill(text, sizeof(text)), valid = 0, n;

                for (int k = round % 3; k > 0; k--)
                        text[next_random() % size] = (char) next_random();
                while (valid < size && (n = sequence((unsigned char *) text + valid, size - valid)))
                        valid += n;
                CHECK_INT(utf8_valid_length(text, size), valid);
        }
}

static bool is_base64(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c && strchr("+/-_", c));
}

/* A line of JSON in base64, of 24 characters or more, is found wherever it is in a text. */
TEST(encoded_text_is_found_wherever_it_stands)
{
        static const char encoded[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6Ikp";
        _cleanup_(strbuf_done) StrBuf decoded = { 0 };

        for (size_t length = 16; length < sizeof(encoded); length++)
                for (size_t before = 0; before < 80; before++) {
                        char text[256];
                        size_t size = fill(text, sizeof(text)), at = 0;
                        Encoded e;
                        bool found = false;

                        size = before < size ? before : size;
                        for (size_t i = 0; i < size; i++)
                                text[i] = is_base64(text[i]) && i % 20 < 19 ? text[i] : ' ';
                        if (size > 0)
                                text[size - 1] = ' ';
                        memcpy(text + size, encoded, length);
                        memset(text + size + length, '.', before);
                        while (encoded_next(text, size + length + before, &at, &e, &decoded) > 0)
                                found = found || (e.start == size && e.end == size + length);
                        CHECK_INT(found, length >= 24);
                }
}

static bool is_odd(uint32_t rule, const char *name, size_t size)
{
        for (size_t i = 0; i < size; i++)
                rule += (unsigned char) name[i] * (uint32_t) (i + 1);
        return rule % 2;
}

/* What was noted applies to that name and that rule alone, or is forgotten. */
TEST(a_name_is_known_for_itself_alone)
{
        NameCache *c = name_cache_new();
        size_t n_known = 0;

        REQUIRE(c);
        for (int i = 0; i < 100000; i++) {
                char name[NAME_CACHE_MAX + 4];
                size_t n = next_random() % (i % 10 ? 4 : sizeof(name));
                uint32_t rule = next_random() % 20;
                uint64_t hash;
                int r;

                for (size_t k = 0; k < n; k++)
                        name[k] = "abc\0"[next_random() % 4];
                hash = name_cache_hash(name, n);
                r = name_cache_get(c, rule, hash, name, n);
                n_known += r >= 0;
                if (r >= 0)
                        CHECK_INT(r, is_odd(rule, name, n));
                name_cache_note(c, rule, hash, name, n, is_odd(rule, name, n));
        }
        CHECK(n_known > 10000);
        (void) name_cache_free(c);
}
