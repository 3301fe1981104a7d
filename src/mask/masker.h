/*
 * Masker: takes a text and returns it without secrets
 *
 * A secret becomes "[REDACTED:rule-id]"; its key, its quotes and the text around it stay. Output is valid UTF-8 (broken
 * bytes become U+FFFD), and masking it again changes nothing. A text that cannot be searched within the limits, such as a few
 * seconds of CPU time (mask/budget.h), is masked as a whole ("[REDACTED:unscannable]"): it fails closed.
 *
 * A masker remembers the secrets it found (by their text, only in memory) until masker_forget(), and also masks them in later
 * texts where they stand without context; and their beginnings where a text was cut off, at its end or before "...". It belongs
 * to one thread.
 */
#pragma once

#include "base/hash.h"
#include "mask/known-values.h"
#include "mask/known.h"
#include "mask/ruleset.h"
#include "mask/text-part.h"

typedef struct Masker Masker;

typedef enum MaskFormat {
        MASK_TEXT,
        MASK_JSON, /* a JSON document: its strings are masked and it stays valid; in any other text, lines that are JSON stay valid */
} MaskFormat;

/* One masked secret. Never its text. */
typedef struct Finding {
        const char *rule;     /* its id; owned by the ruleset */
        size_t start, end;    /* byte offsets in the input text */
        uint64_t fingerprint; /* keyed: the same secret has the same one wherever it stands */
        bool number;          /* of JSON: what replaces it is quoted */
} Finding;

/* Borrowed: valid until the masker's next call, or, where nothing had to change, as long as the input. */
typedef struct Masked {
        const char *text;
        size_t size;
        const Finding *findings; /* in order of start, not overlapping */
        size_t n_findings;
} Masked;

/* Takes a reference to @rules; copies @key. */
Masker *masker_new(Ruleset *rules, const HashKey *key);

/* Wipes and frees. Takes NULL; returns NULL. */
Masker *masker_free(Masker *m);
DEFINE_CLEANUP(Masker *, masker_free)

/* A home folder whose path becomes "~" in every text from now on, where it stands as a path of its own ("/home/al" not in
 * "/home/alice"). Copied; beyond the eighth one it is ignored. */
void masker_add_home(Masker *m, const char *home);

/* The values in a person's own files are secrets in every text from now on: see known-values.h. Takes a reference; NULL: nothing
 * is known. Call it before the first text. */
void masker_set_known_values(Masker *m, KnownValues *values);

/* Are there any? Then what they mask stays masked, whatever happens to the files. */
bool masker_has_known_values(const Masker *m);

/* @progress is called now and then while a text takes long; NULL: nothing is called. */
void masker_set_progress(Masker *m, MaskProgress progress, void *userdata);

/* Forgets (wipes) the remembered secrets: the next session begins. */
void masker_forget(Masker *m);

/* How many different secrets are remembered. Grows while a session is read; when it grew after a text was masked, that
 * text may hold one of them without context, and is worth masking again. */
size_t masker_n_known(const Masker *m);

/* Were there more than KNOWN_SECRETS_MAX? Then copies of the others, which stand without their context, are not masked. */
bool masker_is_full(const Masker *m);

/*
 * Calls @func for each place in @text, unmasked, where a remembered secret may begin, escaped or not; see KnownFunc.
 * Quicker than masking; it may name places where there is none. Returns 1 (@func returned true), 0 or -ENOMEM.
 */
int masker_find_known(Masker *m, const char *text, size_t size, KnownFunc func, void *userdata);

/* Was a secret found in what is encoded? Then more copies of it may be, which masker_find_known() does not look for. */
bool masker_knows_encoded(const Masker *m);

/* What may be kept of a secret, in a place that holds no secrets: see recall.h. */
typedef struct Remembered {
        uint64_t fingerprint;
        int64_t shape;
        const char *rule; /* its id */
} Remembered;

/* What is kept of secret @number, below masker_n_known(). */
Remembered masker_remembered(const Masker *m, size_t number);

/* Lets masker_recall() search for it, until masker_forget(). Returns false if no rule with that id is in force any longer. */
bool masker_add_remembered(Masker *m, const Remembered *remembered);

/* Searches @text, unmasked, for what masker_add_remembered() was told: what is found is remembered again, with its text,
 * and so is masked from now on. Returns 1 (something was found), 0 or -ENOMEM. */
int masker_recall(Masker *m, const char *text, size_t size);

/*
 * Masks one text of @size bytes. @text may hold any bytes, NUL too, and be NULL when @size is 0.
 * Returns 0 or -ENOMEM; *@ret is set in the first case only.
 */
int masker_mask(Masker *m, MaskFormat format, const char *text, size_t size, Masked *ret);

/* The same of @part of a text that is valid UTF-8, by what there is round it: what is found tells where, in *@ret. */
int masker_mask_part(Masker *m, const char *text, size_t size, TextPart part, Masked *ret);

/*
 * Gives the memory of a large masked text to the caller, who frees it, so that it need not be copied: *@masked is what
 * masker_mask() set last. NULL: the text is small, or the caller's own; copy it.
 */
char *masker_take_text(Masker *m, const Masked *masked);
