/*
 * Known: the secrets found so far, searched where they stand without context
 *
 * Only every fourth position of a text is looked up, since each secret is entered with four strings of five bytes that begin at
 * successive bytes: one of them falls on such a position wherever the secret stands. They are taken from where a secret differs
 * from the others, not from the prefix that all tokens of a kind share. Where a text was cut off, the beginning of a secret
 * counts, too.
 */
#pragma once

#include "base/cleanup.h"
#include "mask/budget.h"

/* Shorter ones are common text by chance; so is a shorter beginning of one. */
#define KNOWN_MIN 8
#define KNOWN_MAX 4096

/* More are not remembered: a session with so many is a dump of data. */
#define KNOWN_SECRETS_MAX 32768

typedef struct Known Known;

typedef struct KnownSecret {
        char *text;
        size_t size;
        const char *rule;
        uint64_t fingerprint;
        unsigned rank;
        bool given;  /* by a person's own files: masked however common it is (known-values.h) */
        bool common; /* set by known_add(): its beginning alone tells nothing */
} KnownSecret;

/* NULL without memory. */
Known *known_new(void);
/* Wipes. Takes NULL; returns NULL. */
Known *known_free(Known *k);
DEFINE_CLEANUP(Known *, known_free)

/* Has what is in @given (borrowed; NULL: nothing) found as well, and remembered where it is. Set before known_each(). */
void known_set_given(Known *k, const Known *given);

/* Wipes and forgets all that was added; what is given stays. */
void known_clear(Known *k);
/* Was there one more than KNOWN_SECRETS_MAX since known_clear()? */
bool known_is_full(const Known *k);
/* Is there anything to look for, added or given? */
bool known_any(const Known *k);
/* How many there are. */
size_t known_n(const Known *k);

/* Remembers a copy of a secret, when it is distinct enough or given. Returns whether it is new. */
bool known_add(Known *k, const KnownSecret *secret);

/* Told of a known secret at @start..@end of a text. Returns 0, or a negative errno, which ends the search. */
typedef int (*KnownMatch)(void *userdata, const KnownSecret *secret, size_t start, size_t end);

/* The secret of that number, from 0 in order of adding. */
const KnownSecret *known_secret(const Known *k, size_t number);

/* Is @start..@end a word of its own, and not a part of a longer one? */
bool known_stands_alone(const char *text, size_t size, size_t start, size_t end);

/* Calls @func for each known secret, as a word of its own, that begins at @from..@until in @text; they may overlap. One of several
 * words is found, too, where other blanks or the end of a line stand between them. Returns what @func returned last, or
 * -ENOMEM. A @budget that is exceeded ends the search. */
int known_each(Known *k, const char *text, size_t size, size_t from, size_t until, KnownMatch func,
               void *userdata, Budget *budget);

/* The secret whose beginning, the longest, stands before @end, where the text was cut off, and at or after @low. Returns it,
 * and where it begins in *@ret_start; or NULL. */
const KnownSecret *known_before_cut(const Known *k, const char *text, size_t low, size_t end,
                                    size_t *ret_start, Budget *budget);

/* Where @text was cut off at or after @at: the place of the next "..." or U+2026, or @size. */
size_t known_next_cut(const char *text, size_t size, size_t at);

/* Told of a place where a secret, or its beginning, may stand: its number, from 0 in order of adding, and where. True ends
 * the search. */
typedef bool (*KnownFunc)(void *userdata, size_t number, size_t start);

/*
 * Calls @func for each place in @text where a secret stands, or its beginning, up to the text's end, the end of a line or a sign
 * that text was left out. It can be mistaken, but not miss one. Returns what @func returned last, and true when @budget is
 * exceeded; false without a place.
 */
bool known_find(const Known *k, const char *text, size_t size, KnownFunc func, void *userdata,
                Budget *budget);
