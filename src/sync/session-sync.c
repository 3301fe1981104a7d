/*
 * One session: read, mask, write
 *
 * The source's messages and the archive's are both in order of ordinal, so what changed falls out of a merge: a message
 * whose fingerprint is the archived one stays; another is masked and written; one that the source lacks goes.
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "mask/utf8.h"
#include "sync/engine-internal.h"
#include "sync/left-out.h"

/* Archived messages that are known at a time. */
#define ARCHIVED_PAGE ((size_t) 1024)

typedef struct SessionSync {
        Engine *e;
        Value id;
        Value values[N_SESSION_COLUMNS];
        Privacy privacy;
        bool known; /* the archive has it */
        bool has_cursor;
        bool left_out; /* agentsview keeps no text of it any longer: nothing is removed */
        bool full;     /* write all messages: masked under another policy, or never */
        bool from_archive; /* its messages are the archived ones, masked before: the source has it no more */
        int64_t change;

        ArchivedMessage *archived; /* a page of them */
        size_t n_archived, next;
        bool has_more; /* behind the page */

        Value row[N_SESSION_COLUMNS]; /* masked */
        int64_t last_ordinal;         /* of the messages read; -1: none */
        uint64_t n_read;              /* of the source's */
        size_t first_written; /* where the first message that was written begins in the texts to look back at */
        bool shrunk, edited;    /* a message went, or has another text than before */
        bool shares;            /* see session_share() */
        bool rewritten;         /* a message that was masked before is masked otherwise now */
        SessionSecrets secrets; /* that it did not have before */
} SessionSync;

static void session_sync_done(SessionSync *s)
{
        arena_clear(&s->e->session_arena);
        free(s->archived);
        session_secrets_done(&s->secrets);
}

/* Says what is wrong with this session; the cycle goes on without it. */
static int session_failed(Engine *e, const Value *id, const char *reason)
{
        int r;

        r = cycle_result_add_error(e->result, id->type == VALUE_TEXT ? id->text : "(no id)",
                                   id->type == VALUE_TEXT ? id->size : strlen("(no id)"), reason);
        return r < 0 ? r : -EBADMSG;
}

/* What a failure to read the source means for this session: damaged pages and endless rows are its own matter. */
static int read_failed(SessionSync *s, int error)
{
        if (error == -EUCLEAN)
                return session_failed(
                                s->e, &s->id,
                                "Its rows in the source are damaged. Run `agentsview sync --full`.");
        if (error == -ECANCELED)
                return session_failed(s->e, &s->id, "Reading its rows took too long.");
        if (error == -EFBIG)
                return session_failed(s->e, &s->id,
                                      "A text in it is larger than SQLite can hand out.");
        return error;
}

/* Why the id cannot be a key of the archive, or NULL. */
static const char *id_problem(const Value *id)
{
        if (id->type != VALUE_TEXT || id->size == 0)
                return "It has no id.";
        if (id->size > SESSION_ID_MAX)
                return "Its id is longer than 1024 bytes.";
        if (utf8_valid_length(id->text, id->size) != id->size)
                return "Its id is not UTF-8 text.";
        for (size_t i = 0; i < id->size; i++)
                if ((unsigned char) id->text[i] < ' ' || id->text[i] == 0x7f)
                        return "Its id holds control characters.";
        return NULL;
}

static int copy_values(Arena *arena, const Value *from, size_t n, Value *to)
{
        for (size_t i = 0; i < n; i++) {
                to[i] = from[i];
                if (from[i].type != VALUE_TEXT)
                        continue;
                to[i].text = arena_copy(arena, from[i].text, from[i].size);
                if (!to[i].text)
                        return -ENOMEM;
        }
        return 0;
}

/* The session's own row */

static Value text_value(Arena *arena, const char *text)
{
        return value_text(arena_copy(arena, text, strlen(text)), strlen(text));
}

int session_identify(Engine *e, Value *values)
{
        Arena *arena = &e->row_masker.arena;
        const Value *cwd = values + SESSION_CWD;
        Project project;
        int r;

        r = identity_project(e->identity, cwd->text, cwd->type == VALUE_TEXT ? cwd->size : 0,
                             &project);
        if (r < 0)
                return r;
        values[SESSION_USER_ID] = text_value(arena, identity_user_id(e->identity));
        values[SESSION_USER_NAME] = text_value(arena, identity_user_name(e->identity));
        values[SESSION_PROJECT_ID] = text_value(arena, project.id);
        values[SESSION_PROJECT_NAME] = *project.name ? text_value(arena, project.name)
                                                     : values[SESSION_PROJECT];
        if (e->settings.machine)
                values[SESSION_MACHINE] = text_value(arena, e->settings.machine);
        return 0;
}

int session_mask_row(Engine *e, Value *values, Privacy privacy)
{
        Value id = values[SESSION_ID];
        int r;

        e->row_masker.metadata_only = privacy == PRIVACY_METADATA;
        r = mask_row(&e->row_masker, &session_table, values);
        values[SESSION_ID] = id;
        return r;
}

int session_put_findings(Engine *e, const Value *id, int64_t ordinal)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < e->row_masker.n_findings; i++) {
                const RowFinding *f = e->row_masker.findings + i;

                r = archive_finding_put(e->archive, id->text, id->size, ordinal, f->field, f->rule,
                                        f->fingerprint);
                if (r >= 0)
                        r = cycle_result_add_rule(&e->batch, f->rule, 1);
        }
        if (r >= 0)
                e->batch.secrets_detected += e->row_masker.n_findings;
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Messages */

/* Every row of it is the session's, whatever the source says; a tool call without an id gets its number as one. */
static int own_message(Message *m, const Value *id, Arena *arena)
{
        m->values[MESSAGE_SESSION_ID] = *id;
        for (size_t i = 0; i < m->n_calls; i++) {
                Value *call = m->calls[i], *key = call + CALL_TOOL_USE_ID;

                call[CALL_SESSION_ID] = *id;
                if (key->type != VALUE_TEXT || key->size == 0) {
                        char number[24];

                        (void) snprintf(number, sizeof(number), "%" PRId64,
                                        call[CALL_CALL_INDEX].integer);
                        *key = text_value(arena, number);
                        if (key->type != VALUE_TEXT)
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

/* Writes a masked message with its findings and links. */
static int write_message(SessionSync *s, const Message *m, bool replaces)
{
        Engine *e = s->e;
        int64_t ordinal = m->values[MESSAGE_ORDINAL].integer;
        int r;

        r = secrets_count_new(e, m, &s->secrets);
        if (r < 0)
                return r;
        /* findings of a text that was masked before cannot be found again: they stay beside the new ones */
        r = archive_message_put(e->archive, m, s->change, replaces && !s->from_archive);
        if (r < 0)
                return engine_archive_failed(e, r);
        r = session_put_findings(e, &s->id, ordinal);
        if (r >= 0 && s->privacy == PRIVACY_FULL)
                r = session_put_links(e, s->values, m);
        if (r < 0)
                return r;
        if (m->n_left_out > 0)
                r = cycle_result_add_large(&e->batch, s->id.text, s->id.size,
                                           "a text in it is larger than MaxMessageSize= allows");
        if (r < 0)
                return r;
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
               same_values(a->calls[0], b->calls[0], a->n_calls * N_CALL_COLUMNS) &&
               same_values(a->events[0], b->events[0], a->n_events * N_EVENT_COLUMNS);
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
                        return engine_archive_failed(e, r);
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
                return r < 0 ? engine_archive_failed(s->e, r) : 0;
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

        if (!s->archived)
                s->archived = malloc(ARCHIVED_PAGE * sizeof(*s->archived));
        if (!s->archived)
                return -ENOMEM;
        if (s->n_archived > 0)
                from = s->archived[s->n_archived - 1].ordinal + 1;
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
 * written meanwhile lies before it, and so before every page that is still to come.
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
                return engine_archive_failed(s->e, r);
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
                /* It stays; but a secret in it is looked for in what is new, too, and one of what is new in it. */
                r = archived->has_findings ? mask_own_message(s, m) : 0;
                if (s->first_written < begin)
                        look_back_skip(&s->e->look_back);
                return r < 0 ? r
                             : look_back_learn(&s->e->look_back, s->e->masker, s->first_written,
                                               begin);
        }

        r = mask_own_message(s, m);
        if (r >= 0)
                r = look_back_learn(&s->e->look_back, s->e->masker, 0, begin);
        if (r < 0)
                return r;
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

        s->last_ordinal = m->values[MESSAGE_ORDINAL].integer;
        return look_back_add(&s->e->look_back, m, &begin);
}

/* A message of the archive, masked again: only what the rules now find in it is written. */
static int remask_message(SessionSync *s, Message *m)
{
        size_t begin;
        int r;

        s->last_ordinal = m->values[MESSAGE_ORDINAL].integer;
        r = look_back_add(&s->e->look_back, m, &begin);
        if (r >= 0)
                r = mask_own_message(s, m);
        if (r >= 0)
                r = look_back_learn(&s->e->look_back, s->e->masker, 0, begin);
        return r < 0 ? r : rewrite_if_changed(s, m);
}

/* The second look: a secret that was learned later may stand without context in an earlier message. */
static int check_message(SessionSync *s, Message *m)
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

typedef int (*MessageFunc)(SessionSync *, Message *);

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
                read_end(e); /* this ends the list of sessions, too, which then begins anew */
                (void) engine_tick(e); /* a session in hand is finished */
                r = read_begin(e);
                if (r < 0 || ordinal == INT64_MAX)
                        return r;
                r = reader_messages(e->reader, s->id.text, s->id.size, ordinal + 1);
        }
        return r < 0 ? read_failed(s, r) : 0;
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
                r = archive_message_get(s->e->archive, s->id.text, s->id.size, archived->ordinal,
                                        &m);
                if (r < 0)
                        return engine_archive_failed(s->e, r);
                k = r > 0 ? func(s, &m) : 0;
                if (k != 0)
                        return k < 0 ? k : 0;
        }
        return r;
}

static int for_each_message(SessionSync *s, MessageFunc func)
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
                                "Its row in the source says that it has messages, and there are "
                                "none. Run `agentsview sync --full`.");
        if (r > 0)
                r = reader_lost_rows(s->e->reader);
        if (r > 0)
                return session_failed(
                                s->e, &s->id,
                                "Tool calls or results of it belong to no message in the source. "
                                "Run `agentsview sync --full`.");
        return r < 0 ? read_failed(s, r) : 0;
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
static int keep_row_texts(SessionSync *s)
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
                            copy_values(&s->e->session_arena, archived + i, 1, s->values + i) < 0)
                                r = -ENOMEM;
        return r < 0 ? engine_archive_failed(s->e, r) : 0;
}

/* The first look at all messages. */
static int sync_messages(SessionSync *s)
{
        const ArchivedMessage *left;
        int r;

        r = s->from_archive ? 0 : is_left_out(s);
        if (r < 0)
                return read_failed(s, r);
        s->left_out = r > 0;
        s->has_more = s->known;
        r = for_each_message(s, s->shares         ? share_message
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

static int mask_own_row(SessionSync *s)
{
        memcpy(s->row, s->values, sizeof(s->row));
        row_masker_clear(&s->e->row_masker);
        return session_mask_row(s->e, s->row, s->privacy);
}

static int recall_message(SessionSync *s, Message *m)
{
        int r;

        r = recall_rows(s->e->masker, &message_table, m->values, 1);
        if (r >= 0)
                r = recall_rows(s->e->masker, &call_table, m->calls[0], m->n_calls);
        if (r >= 0)
                r = recall_rows(s->e->masker, &event_table, m->events[0], m->n_events);
        return r < 0 ? r : 0;
}

/* What no text of the session tells now, but one did, or one of a relative does: it may stand in what was written just now,
 * and, where the session was not yet masked with it, in all of it. */
static int recall(SessionSync *s)
{
        Masker *masker = s->e->masker;
        LookBack *texts = &s->e->look_back;
        Conversation *c = &s->e->conversation;
        size_t n_told = masker_n_known(masker), n, from = s->first_written;
        int64_t newest;
        int r;

        r = conversation_told(c, masker, 0, n_told);
        if (r >= 0)
                r = conversation_recall(c, masker, s->e->policy, !s->from_archive && !s->edited, &n,
                                        &newest);
        if (r < 0 || n == 0)
                return r;
        if (s->full || s->from_archive || (c->has_relatives && newest > c->applied))
                from = 0;
        r = recall_rows(masker, &session_table, s->values, 1);
        if (r >= 0 && texts->size > texts->texts.size)
                r = for_each_message(s, recall_message);
        else if (r >= 0 && from < texts->size)
                r = masker_recall(masker, texts->texts.data + from, texts->size - from);
        return r < 0 ? r : look_back_learn(texts, masker, 0, texts->size);
}

/* All texts of the session: what any of them tells is masked in each. */
static int sync_texts(SessionSync *s)
{
        LookBack *texts = &s->e->look_back;
        size_t n_known = 0;
        int r, due;

        masker_forget(s->e->masker);
        look_back_clear(texts);
        r = sync_messages(s);
        if (r >= 0 && !s->from_archive)
                r = keep_row_texts(s);
        if (r >= 0)
                r = mask_own_row(s);
        if (r >= 0)
                r = secrets_count_new(s->e, NULL, &s->secrets);
        if (r >= 0) { /* what a name tells may stand in any message */
                n_known = masker_n_known(s->e->masker);
                r = look_back_learn(texts, s->e->masker, 0, texts->size);
        }
        if (r >= 0)
                r = recall(s);
        due = r >= 0 ? look_back_is_due(texts, s->e->masker) : r;
        if (due > 0)
                r = for_each_message(s, check_message);
        look_back_clear(texts);
        if (r >= 0 && (due > 0 || masker_n_known(s->e->masker) > n_known))
                r = mask_own_row(s);
        return r;
}

int pins_are_due(Engine *e, const Value *id)
{
        int r = archive_has_pins(e->archive, id);

        if (r <= 0)
                return r < 0 ? engine_archive_failed(e, r) : 0;
        r = archive_meta_set_int(e->archive, "pins_fingerprint", 0);
        if (r >= 0)
                r = engine_note_traces(e);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

int session_settle(Engine *e, int64_t change, bool keeps)
{
        Conversation *c = &e->conversation;
        int r, learned;

        learned = conversation_settle(c, e->archive, e->policy, change, keeps);
        r = learned > 0 ? pins_are_due(e, &c->id) : learned;
        if (r >= 0 && learned > 0 && c->has_relatives)
                r = archive_due_put(e->archive, &c->name);
        if (r >= 0 && c->has_relatives)
                r = archive_conversation_applied(e->archive, &c->id, change);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* The row, its findings, the trash's tombstone; and what is to be announced. */
static int write_row(SessionSync *s)
{
        Engine *e = s->e;
        const Value *row = s->row, *deleted_at;
        int r = 0;

        if (s->known && !s->from_archive)
                r = archive_findings_remove(e->archive, s->id.text, s->id.size, ARCHIVE_NO_ORDINAL);
        if (r >= 0)
                r = archive_session_put(e->archive, row, s->change, s->shrunk,
                                        s->privacy == PRIVACY_METADATA);
        if (r < 0)
                return engine_archive_failed(e, r);
        r = session_put_findings(e, &s->id, ARCHIVE_NO_ORDINAL);
        if (r < 0)
                return r;
        deleted_at = row + SESSION_DELETED_AT;
        if (deleted_at->type == VALUE_TEXT && deleted_at->size > 0)
                r = archive_tombstone_put(e->archive, s->id.text, s->id.size,
                                          row[SESSION_USER_ID].text, row[SESSION_USER_ID].size,
                                          row[SESSION_PROJECT].text, row[SESSION_PROJECT].size,
                                          DELETE_TRASH,
                                          arena_copy(&e->row_masker.arena, deleted_at->text,
                                                     deleted_at->size));
        else
                r = archive_tombstone_remove(e->archive, s->id.text, s->id.size);
        if (r >= 0)
                r = secrets_announce(e, &s->id, row + SESSION_PROJECT_NAME, &s->secrets);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* With its parent and its children a session is one conversation. */
static int begin_conversation(SessionSync *s)
{
        const Value *parent = s->values + SESSION_PARENT_SESSION_ID;
        Engine *e = s->e;
        int r = 0;

        if (!id_problem(parent))
                r = archive_conversation_join(e->archive, &e->session_arena, &s->id, parent,
                                              s->change);
        if (r >= 0)
                r = conversation_begin(&e->conversation, e->archive, &s->id);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Where only the archive has texts of it, they are looked at there. */
static int share_left_out(SessionSync *s)
{
        Engine *e = s->e;
        int r;

        r = archive_conversation_applied(e->archive, &s->id, 0);
        if (r >= 0)
                r = archive_due_put(e->archive, &e->conversation.name);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

static int write_session(SessionSync *s, const SourceSession *source, const Value *file_hash)
{
        Engine *e = s->e;
        Cursor cursor = {
                .source_rowid = source->rowid,
                .fingerprint = source->fingerprint,
                .policy = e->policy,
                .file_hash = *file_hash,
        };
        int r;

        s->change = archive_next_change(e->archive);
        r = begin_conversation(s);
        if (r >= 0)
                r = sync_texts(s);
        if (r >= 0)
                r = write_row(s);
        if (r >= 0)
                r = session_settle(e, s->change, s->from_archive);
        if (r >= 0 && s->left_out)
                r = share_left_out(s);
        if (r < 0)
                return r;
        e->n_left_out += s->left_out;
        cursor.last_ordinal = s->last_ordinal;
        r = archive_cursor_put(e->archive, s->id.text, s->id.size, &cursor, !s->has_cursor);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* The hash of a transcript is hex; anything else is not kept. */
static Value hex_only(Value v)
{
        for (size_t i = 0; i < v.size; i++)
                if (!strchr("0123456789abcdefABCDEF", v.text[i]) || v.text[i] == 0)
                        return (Value){ 0 };
        return v.size <= 128 ? v : (Value){ 0 };
}

/* Within a read transaction. */
static int sync_source_session(SessionSync *s, const SourceSession *source)
{
        Engine *e = s->e;
        Value file_hash = { 0 }, hash = hex_only(source->file_hash);
        int64_t before;
        Cursor cursor;
        int r;

        r = archive_cursor_get(e->archive, s->id.text, s->id.size, &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        s->has_cursor = r > 0;
        s->full = !s->has_cursor || cursor.policy != e->policy;
        if (!s->full && cursor.fingerprint == source->fingerprint)
                return 0;
        row_masker_clear(&e->row_masker);
        r = copy_values(&s->e->session_arena, source->values, N_SESSION_COLUMNS, s->values);
        if (r >= 0)
                r = copy_values(&s->e->session_arena, &hash, 1, &file_hash);
        if (r >= 0)
                r = session_identify(e, s->values);
        if (r >= 0) /* what it filled in lives in the row masker; the session lives longer */
                r = copy_values(&s->e->session_arena, s->values, N_SESSION_COLUMNS, s->values);
        if (r < 0)
                return engine_archive_failed(e, r);
        s->privacy = policy_privacy(&e->settings, s->values);
        if (s->privacy == PRIVACY_EXCLUDED)
                return session_exclude(e, s->values);
        r = s->has_cursor ? 1 : archive_has_session(e->archive, s->id.text, s->id.size);
        s->known = r > 0;
        if (r < 0)
                return engine_archive_failed(e, r);
        r = batch_begin(e);
        if (r < 0)
                return r;
        before = archive_n_changes(e->archive);
        r = write_session(s, source, &file_hash);
        e->batch_is_tainted = r == -EBADMSG && archive_n_changes(e->archive) != before;
        return r < 0 ? r : 1;
}

int session_sync(Engine *e, const SourceSession *source)
{
        _cleanup_(session_sync_done) SessionSync s = { .e = e,
                                                       .last_ordinal = -1,
                                                       .first_written = SIZE_MAX };
        const Value *id = source->values + SESSION_ID;
        const char *problem = id_problem(id);

        if (problem) {
                /* it may hold anything: the row says which one is meant */
                char row[48];
                Value place;

                (void) snprintf(row, sizeof(row), "(row %" PRId64 ")", source->rowid);
                place = value_text(row, strlen(row));
                return session_failed(e, &place, problem);
        }
        s.id = *id;
        s.id.text = arena_copy(&e->session_arena, id->text, id->size);
        if (!s.id.text)
                return engine_archive_failed(e, -ENOMEM);
        return sync_source_session(&s, source);
}

int session_exclude(Engine *e, const Value *values)
{
        const Value *id = values + SESSION_ID, *user = values + SESSION_USER_ID;
        Cursor cursor;
        int r;

        r = archive_cursor_get(e->archive, id->text, id->size, &cursor);
        if (r <= 0)
                return r < 0 ? engine_archive_failed(e, r) : 0;
        r = batch_begin(e);
        if (r < 0)
                return r;
        r = engine_note_traces(e);
        if (r >= 0)
                r = archive_session_purge(e->archive, id->text, id->size);
        if (r > 0) {
                e->batch.sessions_removed++;
                r = archive_tombstone_put(e->archive, id->text, id->size, user->text, user->size,
                                          NULL, 0, DELETE_EXCLUDED, NULL);
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Masking again from the archive */

/* The row as it is archived, and what of it may be. Returns 1, 0 (it is not archived), or a negative errno. */
static int read_archived(SessionSync *s)
{
        Value values[N_SESSION_COLUMNS];
        Engine *e = s->e;
        bool metadata_only;
        int r;

        r = archive_session_get(e->archive, s->id.text, s->id.size, values, &metadata_only);
        if (r <= 0)
                return r < 0 ? engine_archive_failed(e, r) : 0;
        r = copy_values(&e->session_arena, values, N_SESSION_COLUMNS, s->values);
        if (r < 0)
                return engine_archive_failed(e, r);
        s->privacy = policy_privacy(&e->settings, s->values);
        if (metadata_only && s->privacy == PRIVACY_FULL)
                s->privacy = PRIVACY_METADATA; /* its text was never kept */
        return 1;
}

int session_remask(Engine *e, const char *id)
{
        _cleanup_(session_sync_done) SessionSync s = {
                .e = e,
                .id = value_text(id, strlen(id)),
                .last_ordinal = -1,
                .first_written = SIZE_MAX,
                .known = true,
                .from_archive = true,
        };
        Cursor cursor = { 0 };
        int r;

        r = read_archived(&s);
        if (r <= 0)
                return r;
        if (s.privacy == PRIVACY_EXCLUDED)
                return session_exclude(e, s.values);
        r = batch_begin(e);
        if (r < 0)
                return r;
        r = archive_cursor_get(e->archive, id, s.id.size, &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        s.has_cursor = r > 0;
        s.change = archive_next_change(e->archive);
        r = begin_conversation(&s);
        if (r >= 0)
                r = sync_texts(&s);
        if (r >= 0)
                r = write_row(&s);
        if (r >= 0)
                r = session_settle(e, s.change, true);
        if (r < 0)
                return r;
        cursor.policy = e->policy;
        cursor.last_ordinal = s.last_ordinal;
        r = archive_cursor_put(e->archive, id, s.id.size, &cursor, !s.has_cursor);
        return r < 0 ? engine_archive_failed(e, r) : 1;
}

/* What the conversation learned */

int session_share(Engine *e, const Value *id)
{
        _cleanup_(session_sync_done) SessionSync s = {
                .e = e,
                .id = *id,
                .last_ordinal = -1,
                .first_written = SIZE_MAX,
                .known = true,
                .from_archive = true,
                .shares = true,
        };
        int r, found;

        found = read_archived(&s);
        if (found < 0)
                return found;
        r = batch_begin(e);
        if (r < 0)
                return r;
        s.change = archive_next_change(e->archive);
        r = conversation_begin(&e->conversation, e->archive, id);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (found > 0) {
                r = sync_texts(&s);
                if (r >= 0 && (s.rewritten || e->row_masker.changed))
                        r = write_row(&s);
                if (r >= 0)
                        r = pins_are_due(e, id);
        }
        return r < 0 ? r : session_settle(e, s.change, true);
}

/* All sessions of one conversation that were not masked with all that it knows now. */
static int share_conversation(Engine *e, const Value *name)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value unused;
        int n, r;

        r = archive_conversation_get(e->archive, &arena, name, &unused, NULL);
        if (r <= 0) /* a session without relatives: a note of its own told it */
                return r < 0 ? engine_archive_failed(e, r) : session_share(e, name);
        do {
                char *ids[64] = { NULL };

                n = archive_late_sessions(e->archive, name, ELEMENTSOF(ids), ids);
                if (n < 0)
                        return engine_archive_failed(e, n);
                for (int i = 0; i < n; i++) {
                        Value id = value_text(ids[i], strlen(ids[i]));

                        if (r >= 0 && !engine_tick(e))
                                r = -ECANCELED;
                        if (r >= 0)
                                r = session_share(e, &id);
                        if (r >= 0)
                                r = batch_commit_if_due(e);
                        free(ids[i]);
                }
        } while (r >= 0 && n > 0);
        return r;
}

int conversations_share(Engine *e)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value name;
        int r;

        while ((r = archive_due_get(e->archive, &arena, &name)) > 0) {
                r = share_conversation(e, &name);
                if (r >= 0)
                        r = batch_begin(e);
                if (r < 0)
                        return r;
                r = archive_due_remove(e->archive, &name);
                if (r < 0)
                        break;
                arena_clear(&arena);
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}
