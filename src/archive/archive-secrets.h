/*
 * The archive's memory of secrets: what was masked in a conversation, and which sessions belong to one
 *
 * A conversation is a session with its parents and children. Its secrets are kept once, as fingerprint and shape
 * (recall.h), without their text.
 */
#pragma once

#include "archive/archive.h"
#include "base/arena.h"

/* The shape of a secret that is not searched for elsewhere. */
#define ARCHIVE_SHAPE_NONE INT64_MIN

typedef struct ArchivedSecret {
        uint64_t fingerprint;
        const char *rule;
        int64_t shape;  /* or ARCHIVE_SHAPE_NONE */
        int64_t policy; /* under which a text last revealed it */
        Value teller;   /* the session whose text reveals it; VALUE_NULL: none does now */
        int64_t change; /* in which it became known */
} ArchivedSecret;

/* Calls @func, which returns 0 or a negative errno, for each secret of a conversation; borrowed until it returns. */
int archive_secrets(Archive *a, const Value *conversation,
                    int (*func)(void *userdata, const ArchivedSecret *secret), void *userdata);

/* Writes one, or writes it again. Returns 0 or a negative errno. */
int archive_secret_put(Archive *a, const Value *conversation, const ArchivedSecret *secret);

/* Forgets one. Returns 0 or a negative errno. */
int archive_secret_remove(Archive *a, const Value *conversation, uint64_t fingerprint);

/* Whether a finding in any session ever had it. Returns 1, 0 or a negative errno. */
int archive_secret_seen(Archive *a, uint64_t fingerprint);

/* Which conversation a session is in: @ret_name is allocated in @arena, or is @id where it has no relatives. *@ret_applied:
 * up to which change it was masked with the conversation's secrets. Returns 1 (it has relatives), 0, or a negative errno. */
int archive_conversation_get(Archive *a, Arena *arena, const Value *id, Value *ret_name,
                             int64_t *ret_applied);

/* Joins the conversations of two sessions, which need not be archived yet. @change: the one under way. */
int archive_conversation_join(Archive *a, Arena *arena, const Value *id, const Value *other,
                              int64_t change);

/* Notes that a session was masked with all its conversation's secrets as of @change. */
int archive_conversation_applied(Archive *a, const Value *id, int64_t change);

/* The session is removed; with the last session of a conversation, its secrets are forgotten. */
int archive_conversation_leave(Archive *a, const char *id, size_t size);

/* Notes that some session of a conversation may not have been masked with all its secrets: a list that outlives a kill. */
int archive_due_put(Archive *a, const Value *conversation);

/* The first of the list after @after (in @arena; an empty text: of all), in its place. Returns 1, 0 (none), or a negative errno. */
int archive_due_next(Archive *a, Arena *arena, Value *after);

/* Removes it from the list. Returns 0 or a negative errno. */
int archive_due_remove(Archive *a, const Value *conversation);

/* Ids of such sessions after @after (NULL: of all), at most @max, each owned by the caller. Returns how many, or a negative errno. */
int archive_late_sessions(Archive *a, const Value *conversation, const char *after, size_t max,
                          char **ret);

/* Whether messages of a session are pinned. Returns 1, 0 or a negative errno. */
int archive_has_pins(Archive *a, const Value *id);
