/*
 * LookBack: may a secret be in what was read before it was learned?
 *
 * A secret that its context reveals in one message may be bare in an earlier one, which is already written. Reading and masking
 * the whole session again for each secret in it would double the cost of a sync. So the texts are kept as they were read, and
 * searched for what was learned later; only if something is found is a second pass worth it.
 */
#pragma once

#include "base/strbuf.h"
#include "mask/masker.h"
#include "model/session.h"

typedef struct LookBack {
        StrBuf texts; /* of the session so far: unmasked, in memory only, wiped; not more than fit */
        size_t size;  /* of all of them: places count in these, kept or not */
        size_t skipped_until; /* where the last text ends that is not masked now, since it was before */
        struct Learned {
                size_t from, until; /* where in the texts it may be unseen */
        } * learned;                /* of each secret that the masker remembers */
        size_t n_learned;
} LookBack;

/* Wipes and frees, or wipes and keeps the memory for the next session. */
void look_back_done(LookBack *lb);
void look_back_clear(LookBack *lb);

/* Keeps the texts of an unmasked message, and sets *@ret_begin to where they begin among all of them. Returns 0 or -ENOMEM. */
int look_back_add(LookBack *lb, const Message *m, size_t *ret_begin);

/* Notes that what the masker learned just now may be unseen in the texts from @from until @until. */
void look_back_learn(LookBack *lb, const Masker *masker, size_t from, size_t until);

/* Says that the texts added last are not masked now, but stay as they were masked in an earlier sync: what was learned in
 * a text that changed (from place 0 on) may stand in them, too. */
void look_back_skip(LookBack *lb);

/* May something learned be where it was not seen? Returns 1, 0 or -ENOMEM. */
int look_back_is_due(LookBack *lb, Masker *masker);

/* May something learned be in @m at all? The second pass begins with this. Forgets the texts that were kept. Returns 1, 0 or
 * -ENOMEM. */
int look_back_concerns(LookBack *lb, Masker *masker, const Message *m);
