/*
 * The messages of one session: read, masked, written
 *
 * The source's messages and the archive's are both in order of ordinal, so a merge shows what changed: a message with the
 * archived fingerprint stays; another one is masked and written; one that the source lacks is removed.
 */
#include <inttypes.h>
#include <string.h>

#include "sync/left-out.h"
#include "sync/session-internal.h"

/* Archived messages that are known at a time. */
#define ARCHIVED_PAGE ((size_t) 1024)

/* Every row of it is the session's, whatever the source says; a tool call without an id gets its number as one. */
static int own_message(Message *m, const Value *id, Arena *arena)
{
        m->values[MESSAGE_SESSION_ID] = *id;
        for (size_t i = 0; i < m->n_calls; i++) {
                Value *call = m->calls[i], *key = call + CALL_TOOL_USE_ID;

                call[CALL_SESSION_ID] = *id;
                if (key->type != VALUE_TEXT || key->size == 0) {
                        char number[24];
                        int n = snprintf(number, sizeof(number), "%" PRId64,
                                         call[CALL_CALL_INDEX].integer);

                        *key = value_text(arena_copy(arena, number, (size_t) n), (size_t) n);
                        if (!key->text)
                                return -ENOMEM;
                }
        }
        for (size_t i = 0; i < m->n_events; i++)
                m->events[i][EVENT_SESSION_ID] = *id;
        return 0;
}

static int mask_own_message(SessionSync *s, Message *m)
{
        RowMasker *rm = &s->e->row_masker;
        int r;

        row_masker_clear(rm);
        rm->metadata_only = s->privacy == PRIVACY_METADATA;
        r = mask_message(rm, m);
        return r < 0 ? r : own_message(m, &s->id, &rm->arena);
}

/* The meaning of a failure to read or to write a message of the archive: without memory for it, only the session fails. */
static int message_failed(SessionSync *s, int error)
{
        return error == -ENOMEM ? error : engine_archive_failed(s->e, error);
}

/* Writes a masked message with its findings and links. */
static int write_message(SessionSync *s, const Message *m, bool replaces)
{
        Engine *e = s->e;
        int64_t ordinal = m->values[MESSAGE_ORDINAL].integer;
        uint64_t n_before;
        int r;

        /* findings of a text that was masked before cannot be found again: they stay beside the new ones */
        replaces = replaces && !s->from_archive;
        r = secrets_count_new(e, m, &s->secrets);
        if (r >= 0)
                r = session_count_findings(s, ordinal, replaces, &n_before);
        if (r < 0)
                return r;
        r = archive_message_put(e->archive, m, s->change, replaces);
        if (r < 0)
                return message_failed(s, r);
        r = session_put_findings(s, ordinal, m->values + MESSAGE_TIMESTAMP, n_before);
        if (r >= 0 && s->privacy == PRIVACY_FULL)
                r = session_put_links(e, s->values, m);
        if (r < 0)
                return r;
        if (m->n_left_out > 0)
                cycle_result_add_large(&e->batch, s->id.text, s->id.size,
                                       "a text in it is larger than MaxMessageSize= allows");
        e->batch.messages_written++;
        e->batch_bytes += m->n_bytes;
        return 0;
}

static bool same_values(const Value *a, const Value *b, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (a[i].type != b[i].type || a[i].integer != b[i].integer ||
                    a[i].size != b[i].size ||
                    (a[i].size > 0 && memcmp(a[i].text, b[i].text, a[i].size) != 0))
                        return false;
        return true;
}

static bool same_message(const Message *a, const Message *b)
{
        return a->n_calls == b->n_calls && a->n_events == b->n_events &&
               same_values(a->values, b->values, N_MESSAGE_COLUMNS) &&
               (a->n_calls == 0 ||
                same_values(a->calls[0], b->calls[0], a->n_calls * N_CALL_COLUMNS)) &&
               (a->n_events == 0 ||
                same_values(a->events[0], b->events[0], a->n_events * N_EVENT_COLUMNS));
}

/* Writes a message that was masked again, if it is not archived as it is now. */
static int rewrite_if_changed(SessionSync *s, const Message *m)
{
        Engine *e = s->e;
        Message archived;
        int r;

        if (s->from_archive) {
                if (!e->row_masker.changed)
                        return 0;
        } else {
                r = archive_message_get(e->archive, s->id.text, s->id.size,
                                        m->values[MESSAGE_ORDINAL].integer, &archived);
                if (r < 0)
                        return message_failed(s, r);
                if (r > 0 && same_message(m, &archived))
                        return 0;
        }
        s->rewritten = true;
        r = engine_note_traces(e); /* what was written before lacks this masking */
        return r < 0 ? r : write_message(s, m, true);
}

/* A message whose text only the archive has still: masked again from there. */
static int remask_kept(SessionSync *s, int64_t ordinal)
{
        Message m;
        int r;

        r = archive_message_get(s->e->archive, s->id.text, s->id.size, ordinal, &m);
        if (r <= 0)
                return r < 0 ? message_failed(s, r) : 0;
        m.fingerprint = 0; /* it is masked twice: what the source has of it is taken as soon as it has it again */
        s->from_archive = true;
        r = mask_own_message(s, &m);
        if (r >= 0)
                r = rewrite_if_changed(s, &m);
        s->from_archive = false;
        return r;
}

static int keep_message(SessionSync *s, int64_t ordinal)
{
        return s->full ? remask_kept(s, ordinal) : 0;
}

static int remove_message(SessionSync *s, int64_t ordinal)
{
        int r;

        if (s->left_out)
                return keep_message(s, ordinal);
        r = archive_message_remove(s->e->archive, s->id.text, s->id.size, ordinal);
        if (r < 0)
                return engine_archive_failed(s->e, r);
        s->shrunk = s->edited = true;
        return 0;
}

/* There is one as long as has_more is set: then the last ordinal is no largest number. */
static int next_page(SessionSync *s)
{
        int64_t from = INT64_MIN;
        int r;

        if (s->archived && s->n_archived > 0)
                from = s->archived[s->n_archived - 1].ordinal + 1;
        if (!s->archived)
                s->archived = xmalloc(ARCHIVED_PAGE * sizeof(*s->archived));
        r = archive_messages(s->e->archive, s->id.text, s->id.size, from, s->archived,
                             ARCHIVED_PAGE, &s->n_archived);
        if (r < 0)
                return engine_archive_failed(s->e, r);
        s->next = 0;
        s->has_more = s->n_archived == ARCHIVED_PAGE &&
                      s->archived[ARCHIVED_PAGE - 1].ordinal < INT64_MAX;
        return 0;
}

/*
 * The next archived message, or NULL. They are read page by page, so that a long session takes no more memory. What is
 * written meanwhile is before it, and so before every later page.
 */
static int peek_archived(SessionSync *s, const ArchivedMessage **ret)
{
        int r = s->next == s->n_archived && s->has_more ? next_page(s) : 0;

        if (r < 0)
                return r;
        *ret = s->next < s->n_archived ? s->archived + s->next : NULL;
        return 0;
}

/* Removes the archived messages before @ordinal that the source lacks: those that are still to come. */
static int remove_until(SessionSync *s, int64_t ordinal, const ArchivedMessage **ret_next)
{
        int r;

        while ((r = peek_archived(s, ret_next)) >= 0 && *ret_next &&
               (*ret_next)->ordinal < ordinal) {
                s->next++;
                r = remove_message(s, (*ret_next)->ordinal);
                if (r < 0)
                        break;
        }
        return r;
}

/* The archived message of @ordinal, or NULL; those before it that the source lacks are removed on the way. */
static int find_archived(SessionSync *s, int64_t ordinal, const ArchivedMessage **ret)
{
        int r;

        r = remove_until(s, ordinal, ret);
        if (r < 0)
                return r;
        if (*ret && (*ret)->ordinal == ordinal)
                s->next++;
        else
                *ret = NULL;
        return 0;
}

static bool is_empty(const Value *v)
{
        return v->type != VALUE_TEXT || v->size == 0;
}

/* Whether the archive has texts of a message that the source keeps no longer. Returns 1, 0, or a negative errno. */
static int has_left_out(SessionSync *s, const Message *m)
{
        Message archived;
        int r;

        if (!left_out_maybe(m))
                return 0;
        r = archive_message_get(s->e->archive, s->id.text, s->id.size,
                                m->values[MESSAGE_ORDINAL].integer, &archived);
        if (r < 0)
                return message_failed(s, r);
        return r > 0 && left_out_from(m, &archived);
}

static int sync_message(SessionSync *s, Message *m)
{
        int64_t ordinal = m->values[MESSAGE_ORDINAL].integer;
        const ArchivedMessage *archived = NULL;
        size_t begin;
        int r;

        s->last_ordinal = ordinal;
        s->n_read++;
        r = find_archived(s, ordinal, &archived);
        if (r >= 0 && archived && (s->full || archived->fingerprint != m->fingerprint)) {
                r = has_left_out(s, m);
                if (r > 0) {
                        s->left_out = true;
                        return keep_message(s, ordinal);
                }
        }
        if (r < 0)
                return r;
        s->e->result->bytes_read += m->n_bytes;
        s->e->progress.bytes_read += m->n_bytes;
        r = look_back_add(&s->e->look_back, m, &begin);
        if (r < 0)
                return r;
        if (archived && archived->fingerprint == m->fingerprint && !s->full) {
                /* It stays; but its secrets are searched for in what is new, and those of what is new in it. */
                r = archived->has_findings ? mask_own_message(s, m) : 0;
                if (s->first_written < begin)
                        look_back_skip(&s->e->look_back);
                if (r >= 0)
                        look_back_learn(&s->e->look_back, s->e->masker, s->first_written, begin);
                return r;
        }

        r = mask_own_message(s, m);
        if (r < 0)
                return r;
        look_back_learn(&s->e->look_back, s->e->masker, 0, begin);
        if (begin < s->first_written)
                s->first_written = begin;
        s->edited = s->edited || (archived && archived->fingerprint != m->fingerprint);
        if (archived && s->full)
                r = engine_note_traces(s->e);
        return r < 0 ? r : write_message(s, m, archived != NULL);
}

/* A message of the archive, which stays as it is unless something in it is recalled. */
static int share_message(SessionSync *s, Message *m)
{
        size_t begin;

        return look_back_add(&s->e->look_back, m, &begin);
}

/* A message of the archive, masked again: only what the rules now find in it is written. */
static int remask_message(SessionSync *s, Message *m)
{
        size_t begin;
        int r;

        r = look_back_add(&s->e->look_back, m, &begin);
        if (r >= 0)
                r = mask_own_message(s, m);
        if (r < 0)
                return r;
        look_back_learn(&s->e->look_back, s->e->masker, 0, begin);
        return rewrite_if_changed(s, m);
}

/* The second pass: a secret that was learned later may be in an earlier message without context. */
int session_check_message(SessionSync *s, Message *m)
{
        int r;

        if (s->left_out && !s->from_archive)
                return 0; /* the archive has more of it than the source: share_left_out() */
        r = look_back_concerns(&s->e->look_back, s->e->masker, m);
        if (r > 0 && s->left_out && !s->from_archive && has_left_out(s, m) != 0)
                return remask_kept(s, m->values[MESSAGE_ORDINAL].integer);
        if (r <= 0)
                return r;
        r = mask_own_message(s, m);
        return r < 0 ? r : rewrite_if_changed(s, m);
}

/*
 * Reads the session's messages and hands each to @func, in read transactions that stay short. A result of 1 ends the
 * walk. Returns 0 or a negative errno.
 */
static int for_each_source_message(SessionSync *s, MessageFunc func)
{
        Engine *e = s->e;
        int64_t last = INT64_MIN;
        bool first = true;
        Message m;
        int r, k = 0;

        r = reader_messages(e->reader, s->id.text, s->id.size, INT64_MIN);
        while (r >= 0 && (r = reader_message_next(e->reader, &m)) > 0) {
                int64_t ordinal = m.values[MESSAGE_ORDINAL].integer;

                if (!first && ordinal == last) {
                        r = 0; /* the second one of an ordinal has no place in the archive: ordinals are keys */
                        continue;
                }
                first = false;
                last = ordinal;
                k = func(s, &m);
                if (k != 0)
                        return k < 0 ? k : 0;
                if (!read_is_due(e))
                        continue;
                read_end(e); /* this ends the list of sessions, too, which then begins again */
                (void) engine_tick(e); /* a session in hand is finished */
                r = read_begin(e);
                if (r < 0 || ordinal == INT64_MAX)
                        return r;
                r = reader_messages(e->reader, s->id.text, s->id.size, ordinal + 1);
        }
        return r < 0 ? session_read_failed(s, r) : 0;
}

/* The same with the archived messages. */
static int for_each_archived_message(SessionSync *s, MessageFunc func)
{
        const ArchivedMessage *archived;
        Message m;
        int r, k;

        s->n_archived = s->next = 0;
        s->has_more = true;
        while ((r = peek_archived(s, &archived)) >= 0 && archived) {
                s->next++;
                s->last_ordinal = archived->ordinal;
                r = archive_message_get(s->e->archive, s->id.text, s->id.size, archived->ordinal,
                                        &m);
                if (r < 0)
                        return message_failed(s, r);
                k = r > 0 ? func(s, &m) : 0;
                if (k != 0)
                        return k < 0 ? k : 0;
        }
        return r;
}

int session_for_each_message(SessionSync *s, MessageFunc func)
{
        return s->from_archive ? for_each_archived_message(s, func)
                               : for_each_source_message(s, func);
}

/*
 * What the source's rows say of one another: a session that should have messages and has none, or rows that hang on no
 * message, is one whose rows are not what they were. Asked before anything is removed.
 */
static int check_rows(SessionSync *s)
{
        const Value *count = s->values + SESSION_MESSAGE_COUNT;
        int r;

        r = s->n_read == 0 && count->type == VALUE_INTEGER && count->integer > 0
                            ? reader_leaves_out_text(s->e->reader, s->id.text, s->id.size)
                            : 1;
        if (r == 0)
                return session_failed(
                                s->e, &s->id,
                                "Its row in the source says that it has messages, but there are "
                                "none. Run `agentsview sync --full`.");
        if (r > 0)
                r = reader_lost_rows(s->e->reader);
        if (r > 0)
                return session_failed(
                                s->e, &s->id,
                                "Some of its tool calls or results belong to no message in the "
                                "source. Run `agentsview sync --full`.");
        return r < 0 ? session_read_failed(s, r) : 0;
}

/* Whether the source keeps no text of the session: what is archived of it then stays. Returns 1, 0, or a negative errno. */
static int is_left_out(SessionSync *s)
{
        int r;

        if (!s->known)
                return 0;
        r = reader_leaves_out_text(s->e->reader, s->id.text, s->id.size);
        if (r != 0)
                return r;
        r = reader_has_text(s->e->reader, s->id.text, s->id.size);
        return r < 0 ? r : r == 0;
}

/* What the archive has of the row and the source has not: its first message, which no session loses, and, where all text
 * is left out, the other texts. */
int session_keep_row_texts(SessionSync *s)
{
        Value archived[N_SESSION_COLUMNS];
        bool metadata_only;
        int r;

        if (!s->known || (!s->left_out && !is_empty(s->values + SESSION_FIRST_MESSAGE)))
                return 0;
        r = archive_session_get(s->e->archive, s->id.text, s->id.size, archived, &metadata_only);
        for (size_t i = 0; r > 0 && i < N_SESSION_COLUMNS; i++)
                if ((session_table.columns[i].kind == COLUMN_TEXT && s->left_out) ||
                    i == SESSION_FIRST_MESSAGE)
                        if (is_empty(s->values + i) && !is_empty(archived + i) &&
                            values_copy(&s->e->session_arena, archived + i, 1, s->values + i) < 0)
                                r = -ENOMEM;
        return r < 0 ? engine_archive_failed(s->e, r) : 0;
}

/* The first look at all messages. */
int session_sync_messages(SessionSync *s)
{
        const ArchivedMessage *left;
        int r;

        r = s->from_archive ? 0 : is_left_out(s);
        if (r < 0)
                return session_read_failed(s, r);
        s->left_out = r > 0;
        s->has_more = s->known;
        r = session_for_each_message(s, s->shares         ? share_message
                                        : s->from_archive ? remask_message
                                                          : sync_message);
        if (r >= 0 && !s->from_archive)
                r = check_rows(s);
        while (r >= 0 && (r = peek_archived(s, &left)) >= 0 && left) {
                s->next++;
                r = remove_message(s, left->ordinal);
        }
        s->edited = s->edited || s->left_out;
        return r;
}
