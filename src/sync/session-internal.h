/*
 * What the files that sync one session share
 */
#pragma once

#include "sync/engine-internal.h"

typedef struct SessionSync {
        Engine *e;
        Value id;
        Value values[N_SESSION_COLUMNS];
        Privacy privacy;
        bool known; /* the archive has it */
        bool has_cursor;
        bool left_out; /* agentsview keeps no text of it any longer: nothing is removed */
        bool full;     /* write all messages: masked under another policy, or never */
        bool from_archive; /* its messages are the archived ones, masked before: the source no longer has it */
        int64_t change;
        Cursor cursor; /* of an archived session that is masked again */

        ArchivedMessage *archived; /* a page of them */
        size_t n_archived, next;
        bool has_more; /* after the page */

        Value row[N_SESSION_COLUMNS]; /* masked */
        int64_t last_ordinal;         /* of the messages read; -1: none */
        uint64_t n_read;              /* of the source's */
        size_t first_written; /* where the first message that was written begins in the texts to look back at */
        bool shrunk, edited;    /* a message went, or has another text than before */
        bool shares;            /* see session_share() */
        bool rewritten;         /* a message that was masked before is masked otherwise now */
        SessionSecrets secrets; /* that no session had before */
} SessionSync;

typedef int (*MessageFunc)(SessionSync *, Message *);

/* Notes what is wrong with this session; the cycle continues without it. Returns -EBADMSG. */
int session_failed(Engine *e, const Value *id, const char *reason);

/* The same if @r, which is otherwise returned, says that there is no memory for a large text or for what was found in one. */
int session_too_large(SessionSync *s, int r);

/* The same for a failure to read its rows, if that is its own matter; else returns @error. */
int session_read_failed(SessionSync *s, int error);

/* @text as a value, copied. It is small: without memory for it the program ends. */
Value session_text_value(Arena *arena, const char *text);

/* How many findings the row just masked had until now; 0 where it has none now, or is no row that @replaces another.
 * Returns 0 or a negative errno. */
int session_count_findings(SessionSync *s, int64_t ordinal, bool replaces, uint64_t *ret);

/* Writes the findings of the row just masked, which was said at @time; @n_before: see session_count_findings(). Returns 0 or
 * a negative errno. */
int session_put_findings(SessionSync *s, int64_t ordinal, const Value *time, uint64_t n_before);

/* The first look at all messages: masks and writes those that changed. Returns 0 or a negative errno. */
int session_sync_messages(SessionSync *s);

/* Hands each message to @func, those of the archive with from_archive; a result of 1 ends it. Returns 0 or negative. */
int session_for_each_message(SessionSync *s, MessageFunc func);

/* The second look at one: a secret that was learned later may stand without context in it. */
int session_check_message(SessionSync *s, Message *m);

/* Texts of the row that the source leaves out stay as they are archived. Returns 0 or a negative errno. */
int session_keep_row_texts(SessionSync *s);
