/*
 * Masking rows: every text column of a row through the masker
 */
#pragma once

#include "base/arena.h"
#include "mask/masker.h"
#include "model/session.h"

/* A finding with the place that it was found in. */
typedef struct RowFinding {
        char *field;      /* in the arena: "content", "tool_calls/0/input_json" ... */
        const char *rule; /* owned by the ruleset */
        uint64_t fingerprint;
} RowFinding;

/* What masking one message, or one session's row, needs and gives. */
typedef struct RowMasker {
        Masker *masker; /* borrowed */
        bool metadata_only;
        Arena arena; /* masked texts and field names, until row_masker_clear() */
        RowFinding *findings;
        size_t n_findings;
        bool changed; /* a value of the row or message is not what it was before */
        struct MaskedText {
                const char *text; /* unmasked; borrowed */
                size_t size;
                size_t n_known; /* secrets that the masker remembered when it was masked */
        } * texts;              /* of the row or message, in order */
        size_t n_texts;
        struct LastWord {
                const Column *column;
                char text[48];
                size_t size;
        } last_words[256]; /* short names that were clean, since most rows repeat them */
} RowMasker;

void row_masker_done(RowMasker *rm);

/* Forgets findings and texts of the last row, whose unmasked texts must be there until then. */
void row_masker_clear(RowMasker *rm);

/* Forgets which words were clean: the rules changed. What the masker remembers is looked for in them all the same. */
void row_masker_forget_words(RowMasker *rm);

/*
 * Masks @values in place: texts become masked ones (in the arena, or the same where clean), what is not a time becomes
 * NULL, and with metadata_only texts become "". What was learned from its last text may stand bare in its first one: where
 * it may, the row is masked twice. Returns 0 or -ENOMEM.
 */
int mask_row(RowMasker *rm, const Table *table, Value *values);

/* The same for a message with its calls and events. The lengths of its texts become those of the masked ones. */
int mask_message(RowMasker *rm, Message *m);

/* Lets the masker look in the texts of @n_rows rows for what it remembers without its text (masker_recall()). Returns 1
 * (something was found), 0 or -ENOMEM. */
int recall_rows(Masker *masker, const Table *table, const Value *rows, size_t n_rows);
