/*
 * Conversation: what is known of a session's secrets before and after it is read
 *
 * A session shares its secrets with its parents and children, in whatever order they arrive, and what was masked in it stays
 * masked, whatever happens to the text that revealed it. So the archive keeps the fingerprint and the shape of each secret
 * (mask/recall.h). They are searched for only if the session's own text does not reveal them now, which is rare: a session
 * without relatives that reveals its secrets itself costs a look at its list of them.
 */
#pragma once

#include "archive/archive-secrets.h"
#include "mask/masker.h"

typedef struct ConversationSecret {
        ArchivedSecret archived;
        bool is_new;  /* not archived yet */
        bool is_told; /* a text of the current session reveals it */
        bool is_refuted; /* the text that revealed it is unchanged, and the rules now say that it is not a secret */
} ConversationSecret;

typedef struct Conversation {
        Value id;   /* of the current session; borrowed */
        Value name; /* of the conversation */
        bool has_relatives;
        bool is_note; /* this is not the session but a note on it: what it reveals stays, whatever the session reveals */
        int64_t applied; /* see archive_conversation_get() */
        ConversationSecret *secrets;
        size_t n;
        uint32_t *places; /* of the secrets by fingerprint: index + 1; a power of two, at most half full */
        size_t n_places;
        Arena arena;
} Conversation;

/* Frees all; or forgets the session and keeps the memory. */
void conversation_done(Conversation *c);

/* Begins with session @id, which has to outlive it: what the archive knows of its conversation. Returns 0 or a negative
 * errno. */
int conversation_begin(Conversation *c, Archive *a, const Value *id);

/* The secret of that fingerprint, or NULL. */
ConversationSecret *conversation_find(const Conversation *c, uint64_t fingerprint);

/* Adds one that is not there yet. Returns 0 or -ENOMEM. */
int conversation_add(Conversation *c, uint64_t fingerprint, const char *rule);

/* Adds what the masker itself found, numbers @from to @until. Returns 0 or -ENOMEM. */
int conversation_told(Conversation *c, const Masker *masker, size_t from, size_t until);

/*
 * Lets the masker search for those that the session's text does not reveal. @policy is in force; with @refutes, a secret
 * that the session revealed under another policy, and does not now, is not a secret. *@ret_newest: the last change in which
 * one of them became known. Returns how many are searched for.
 */
size_t conversation_recall(Conversation *c, Masker *masker, int64_t policy, bool refutes,
                           int64_t *ret_newest);

/*
 * Writes what changed of it; @change is the change under way. With @keeps, what the session does not reveal stays as it is.
 * Returns 1 (there are new secrets, with which others may have to be masked), 0, or a negative errno.
 */
int conversation_settle(Conversation *c, Archive *a, int64_t policy, int64_t change, bool keeps);
