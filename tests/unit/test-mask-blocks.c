/* mask: what makes it quick changes no answer: blocks, wherever they fall, and what is kept of names */
#include <string.h>

#include "mask/encoded.h"
#include "mask/name-cache.h"
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

/* Pieces of what is read in another way than as it stands, between words and long tokens. */
static size_t fill(char *text, size_t size)
{
        static const char *const pieces[] = { "\n",
                                              "\r\n",
                                              "=\n",
                                              "=",
                                              "\\n",
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

/* A line of its own before a text moves it within the blocks, and changes nothing else. */
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

static bool is_base64(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               (c && strchr("+/-_", c));
}

/* A line of JSON in base64, of 24 characters or more, is found wherever it stands in text. */
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

/* What was noted is said of that name and that rule alone, or forgotten. */
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
