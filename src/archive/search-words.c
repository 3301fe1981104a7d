/*
 * SearchIndex: words in scripts that write without spaces
 *
 * The tokenizer takes a run of Chinese or Japanese as one word, so that nothing within it would be found. With an
 * invisible space (U+200B) after each character every character is a word, and what a person types is a phrase of them.
 */
#include "archive/search-internal.h"

#include <string.h>

#include "base/time-util.h"

#define SPACE "\xe2\x80\x8b"

/* Chinese characters and kana: the length of the one at @s, or 0. */
static size_t wide_length(const unsigned char *s, size_t n)
{
        uint32_t c;

        if (n >= 3 && s[0] >= 0xe3 && s[0] <= 0xef) {
                c = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
                return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
                                                       (c >= 0xf900 && c <= 0xfaff)
                                       ? 3
                                       : 0;
        }
        /* the supplementary planes 2 and 3 */
        return n >= 4 && s[0] == 0xf0 && s[1] >= 0xa0 && s[1] <= 0xbf ? 4 : 0;
}

int search_split_words(StrBuf *b, const char *text, size_t size)
{
        const unsigned char *s = (const unsigned char *) text;

        for (size_t i = 0, n; i < size; i += n) {
                size_t run = 0;

                n = wide_length(s + i, size - i);
                if (n > 0) {
                        (void) strbuf_append(b, s + i, n);
                        (void) strbuf_puts(b, SPACE);
                        continue;
                }
                for (run = i + 1;
                     run < size && (s[run] < 0xe3 || wide_length(s + run, size - run) == 0); run++)
                        ;
                n = run - i;
                (void) strbuf_append(b, s + i, n);
        }
        return b->failed ? -ENOMEM : 0;
}

int64_t search_first_docid(uint64_t usec)
{
        uint64_t msec = usec / USEC_PER_MSEC;
        const uint64_t latest = (uint64_t) (INT64_MAX / SEARCH_DOCS_PER_MSEC) - 1;

        return (int64_t) (msec < latest ? msec : latest) * SEARCH_DOCS_PER_MSEC;
}

void search_join_words(char *text)
{
        char *to = text;

        while (*text)
                if (strncmp(text, SPACE, strlen(SPACE)) == 0)
                        text += strlen(SPACE);
                else
                        *to++ = *text++;
        *to = 0;
}

static void split_function(sqlite3_context *context, int n_arguments, sqlite3_value **arguments)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        const char *text = (const char *) sqlite3_value_text(arguments[0]);

        if (!text)
                return;
        if (search_split_words(&b, text, (size_t) sqlite3_value_bytes(arguments[0])) < 0)
                sqlite3_result_error_nomem(context);
        else
                sqlite3_result_text64(context, b.data ?: "", b.size, SQLITE_TRANSIENT, SQLITE_UTF8);
}

int search_add_functions(sqlite3 *db)
{
        return sqlite_errno(db, sqlite3_create_function(db, "split_words", 1,
                                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                                        split_function, NULL, NULL));
}
