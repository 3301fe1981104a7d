/*
 * One session: read, mask, write
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "mask/utf8.h"
#include "sync/session-internal.h"

static void session_sync_done(SessionSync *s)
{
        arena_clear(&s->e->session_arena);
        free(s->archived);
        session_secrets_done(&s->secrets);
}

/* Notes what is wrong with this session; the cycle continues without it. */
int session_failed(Engine *e, const Value *id, const char *reason)
{
        cycle_result_add_error(e->result, id->type == VALUE_TEXT ? id->text : "(no id)",
                               id->type == VALUE_TEXT ? id->size : strlen("(no id)"), reason);
        return -EBADMSG;
}

int session_too_large(SessionSync *s, int r)
{
        _cleanup_free_ char *reason = NULL;

        if (r != -ENOMEM || s->e->result->failure != CYCLE_OK)
                return r;
        format_error(&reason,
                     "There is no memory for its message %" PRId64
                     " and the findings in it. It is tried again at the next audit at the latest; a "
                     "smaller MaxMessageSize= needs less.",
                     s->last_ordinal);
        return session_failed(s->e, &s->id, reason);
}

/* What a failure to read the source means for this session: damaged pages and endless rows are its own matter. */
int session_read_failed(SessionSync *s, int error)
{
        if (error == -EUCLEAN)
                return session_failed(
                                s->e, &s->id,
                                "Its rows in the source are damaged. Run `agentsview sync --full`.");
        if (error == -ECANCELED)
                return session_failed(s->e, &s->id, "Reading its rows took too long.");
        if (error == -EFBIG)
                return session_failed(s->e, &s->id,
                                      "A text in it is larger than SQLite can return.");
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
                        return "Its id contains control characters.";
        return NULL;
}

/* The session's own row */

Value session_text_value(Arena *arena, const char *text)
{
        size_t size = strlen(text);
        const char *copy = arena_copy(arena, text, size);

        if (!copy)
                memory_is_out();
        return value_text(copy, size);
}

int session_count_findings(SessionSync *s, int64_t ordinal, bool replaces, uint64_t *ret)
{
        int r;

        *ret = 0;
        if (!replaces || s->e->row_masker.n_findings == 0)
                return 0;
        r = archive_findings_count(s->e->archive, s->id.text, s->id.size, ordinal, ret);
        return r < 0 ? engine_archive_failed(s->e, r) : 0;
}

int session_put_findings(SessionSync *s, int64_t ordinal, const Value *time, uint64_t n_before)
{
        Engine *e = s->e;
        uint64_t n = e->row_masker.n_findings, n_added = n > n_before ? n - n_before : 0;
        char seen_at[TIMESTAMP_MAX] = "";
        int r = 0;

        if (n > 0)
                secrets_time(seen_at, time, s->values + SESSION_STARTED_AT);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                const RowFinding *f = e->row_masker.findings + i;
                const ArchivedFinding finding = { ordinal, f->field, f->rule, f->fingerprint,
                                                  seen_at };

                r = archive_finding_put(e->archive, s->id.text, s->id.size, &finding);
        }
        e->batch.secrets_detected += s->full ? n : n_added;
        e->batch.secrets_added += n_added;
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

static int mask_own_row(SessionSync *s)
{
        RowMasker *rm = &s->e->row_masker;
        int r;

        memcpy(s->row, s->values, sizeof(s->row));
        row_masker_clear(rm);
        rm->metadata_only = s->privacy == PRIVACY_METADATA;
        r = mask_row(rm, &session_table, s->row);
        s->row[SESSION_ID] = s->values[SESSION_ID];
        return r;
}

static int recall_message(SessionSync *s, Message *m)
{
        int r;

        r = recall_rows(s->e->masker, &message_table, m->values, 1);
        if (r >= 0)
                r = recall_rows(s->e->masker, &call_table, m->n_calls > 0 ? m->calls[0] : NULL,
                                m->n_calls);
        if (r >= 0)
                r = recall_rows(s->e->masker, &event_table, m->n_events > 0 ? m->events[0] : NULL,
                                m->n_events);
        return r < 0 ? r : 0;
}

/* What no text of the session reveals now, but one did, or one of a relative does: it may be in what was written just now and,
 * if the session was not yet masked with it, in all of it. */
static int recall(SessionSync *s)
{
        Masker *masker = s->e->masker;
        LookBack *texts = &s->e->look_back;
        Conversation *c = &s->e->conversation;
        size_t n_told = masker_n_known(masker), n, from = s->first_written;
        int64_t newest;
        int r;

        r = conversation_told(c, masker, 0, n_told);
        if (r < 0)
                return r;
        n = conversation_recall(c, masker, s->e->policy, !s->from_archive && !s->edited, &newest) +
            known_files_recall(&s->e->known_files, masker);
        if (n == 0)
                return 0;
        if (s->full || s->from_archive || (c->has_relatives && newest > c->applied))
                from = 0;
        r = recall_rows(masker, &session_table, s->values, 1);
        if (r >= 0 && texts->size > texts->texts.size)
                r = session_for_each_message(s, recall_message);
        else if (r >= 0 && from < texts->size)
                r = masker_recall(masker, texts->texts.data + from, texts->size - from);
        if (r >= 0)
                look_back_learn(texts, masker, 0, texts->size);
        return r < 0 ? r : 0;
}

/* All texts of the session: what any of them reveals is masked in each. */
static int sync_texts(SessionSync *s)
{
        LookBack *texts = &s->e->look_back;
        size_t n_known = 0;
        int r, due;

        masker_forget(s->e->masker);
        look_back_clear(texts);
        r = session_sync_messages(s);
        if (r >= 0 && !s->from_archive)
                r = session_keep_row_texts(s);
        if (r >= 0)
                r = mask_own_row(s);
        if (r >= 0)
                r = secrets_count_new(s->e, NULL, &s->secrets);
        if (r >= 0) { /* what a name reveals may be in any message */
                n_known = masker_n_known(s->e->masker);
                look_back_learn(texts, s->e->masker, 0, texts->size);
        }
        if (r >= 0)
                r = recall(s);
        due = r >= 0 ? look_back_is_due(texts, s->e->masker) : r;
        if (due > 0)
                r = session_for_each_message(s, session_check_message);
        look_back_clear(texts);
        if (r >= 0 && (due > 0 || masker_n_known(s->e->masker) > n_known))
                r = mask_own_row(s);
        return r;
}

/* The row, its findings, the trash's tombstone, and what is to be announced. */
static int write_row(SessionSync *s)
{
        Engine *e = s->e;
        const Value *row = s->row, *deleted_at;
        bool replaces = s->known && !s->from_archive;
        uint64_t n_before;
        char *when;
        int r;

        r = session_count_findings(s, ARCHIVE_NO_ORDINAL, replaces, &n_before);
        if (r < 0)
                return r;
        if (replaces)
                r = archive_findings_remove(e->archive, s->id.text, s->id.size, ARCHIVE_NO_ORDINAL);
        if (r >= 0)
                r = archive_session_put(e->archive, row, s->change, s->shrunk,
                                        s->privacy == PRIVACY_METADATA);
        if (r < 0)
                return engine_archive_failed(e, r);
        r = session_put_findings(s, ARCHIVE_NO_ORDINAL, s->values + SESSION_STARTED_AT, n_before);
        if (r < 0)
                return r;
        deleted_at = row + SESSION_DELETED_AT;
        if (deleted_at->type == VALUE_TEXT && deleted_at->size > 0) {
                when = arena_copy(&e->row_masker.arena, deleted_at->text, deleted_at->size);
                if (!when)
                        return -ENOMEM;
                r = archive_tombstone_put(e->archive, s->id.text, s->id.size,
                                          row[SESSION_USER_ID].text, row[SESSION_USER_ID].size,
                                          row[SESSION_PROJECT].text, row[SESSION_PROJECT].size,
                                          DELETE_TRASH, when);
        } else
                r = archive_tombstone_remove(e->archive, s->id.text, s->id.size);
        if (r < 0)
                return engine_archive_failed(e, r);
        secrets_announce(e, &s->id, row + SESSION_PROJECT_NAME, &s->secrets);
        return 0;
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

/* If only the archive has texts of it, they are searched there. */
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
        if (r >= 0 && masker_is_full(e->masker))
                cycle_result_warn_many(&e->batch, s->id.text, s->id.size, KNOWN_SECRETS_MAX);
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

/* A project that the setting names may take a session in, or let it go: then all of it is written again, notes too. */
static int follow_privacy(SessionSync *s)
{
        Engine *e = s->e;
        Value archived[N_SESSION_COLUMNS];
        bool metadata_only;
        int r;

        if (!s->known || s->full || !e->settings.metadata_only || !*e->settings.metadata_only)
                return 0;
        r = archive_session_get(e->archive, s->id.text, s->id.size, archived, &metadata_only);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (r == 0 || metadata_only == (s->privacy == PRIVACY_METADATA))
                return 0;
        s->full = true;
        return pins_are_due(e, &s->id);
}

/* Takes a session out of the archive because the settings exclude it. Returns 1, 0 (it was not there) or negative. */
static int exclude(Engine *e, const Value *values)
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
        r = values_copy(&s->e->session_arena, source->values, N_SESSION_COLUMNS, s->values);
        if (r >= 0)
                r = values_copy(&s->e->session_arena, &hash, 1, &file_hash);
        if (r < 0)
                return engine_archive_failed(e, r);
        session_identify(e, s->values);
        s->privacy = policy_privacy(&e->settings, s->values);
        if (s->privacy == PRIVACY_EXCLUDED)
                return exclude(e, s->values);
        r = s->has_cursor ? 1 : archive_has_session(e->archive, s->id.text, s->id.size);
        s->known = r > 0;
        if (r < 0)
                return engine_archive_failed(e, r);
        r = engine_need_masker(e);
        if (r >= 0 && s->known)
                r = session_keep_identity(e, &s->id, s->values);
        if (r >= 0)
                r = batch_begin(e);
        if (r < 0)
                return r;
        before = archive_n_changes(e->archive);
        r = follow_privacy(s);
        if (r >= 0)
                r = session_too_large(s, write_session(s, source, &file_hash));
        /* without memory SQLite may have rolled back all of it */
        e->batch_is_tainted = r == -EBADMSG && (archive_n_changes(e->archive) != before ||
                                                !archive_in_transaction(e->archive));
        return r < 0 ? r : 1;
}

/* The session in hand; NULL when it is no longer. */
static void tell_in_hand(Engine *e, const Value *id, uint64_t fingerprint)
{
        SessionVersion version = { .fingerprint = fingerprint, .policy = e->policy };

        if (id && id->size <= SESSION_ID_MAX)
                memcpy(version.id, id->text ?: "", id->size);
        stuck_hold(e->settings.archive_path, id ? &version : NULL);
        if (e->hooks.on_session)
                e->hooks.on_session(e->hooks.userdata, id ? &version : NULL);
}

int session_sync(Engine *e, const SourceSession *source)
{
        _cleanup_(session_sync_done) SessionSync s = { .e = e,
                                                       .last_ordinal = -1,
                                                       .first_written = SIZE_MAX };
        const Value *id = source->values + SESSION_ID;
        const char *problem = id_problem(id);
        int r;

        if (problem) {
                /* it may hold anything: the row says which one is meant */
                char row[48];
                Value place;

                (void) snprintf(row, sizeof(row), "(row %" PRId64 ")", source->rowid);
                place = value_text(row, strlen(row));
                return session_failed(e, &place, problem);
        }
        s.id = value_text(arena_copy(&e->session_arena, id->text, id->size), id->size);
        tell_in_hand(e, &s.id, source->fingerprint);
        r = sync_source_session(&s, source);
        tell_in_hand(e, NULL, 0);
        return r;
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
        r = values_copy(&e->session_arena, values, N_SESSION_COLUMNS, s->values);
        if (r < 0)
                return engine_archive_failed(e, r);
        s->privacy = policy_privacy(&e->settings, s->values);
        if (metadata_only && s->privacy == PRIVACY_FULL)
                s->privacy = PRIVACY_METADATA; /* its text was never kept */
        return 1;
}

/* Does @func with an archived session in hand. */
static int with_archived(SessionSync *s, int (*func)(SessionSync *s))
{
        Engine *e = s->e;
        int r;

        r = archive_cursor_get(e->archive, s->id.text, s->id.size, &s->cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        s->has_cursor = r > 0;
        if (r == 0)
                s->cursor = (Cursor){ 0 };
        tell_in_hand(e, &s->id, s->cursor.fingerprint);
        r = session_too_large(s, func(s));
        tell_in_hand(e, NULL, 0);
        return r;
}

static int remask(SessionSync *s)
{
        Engine *e = s->e;
        int r;

        r = read_archived(s);
        if (r <= 0)
                return r;
        if (s->privacy == PRIVACY_EXCLUDED)
                return exclude(e, s->values);
        r = engine_need_masker(e);
        if (r >= 0 && e->takes_identity)
                session_take_identity(e, s->values);
        if (r >= 0)
                r = batch_begin(e);
        if (r < 0)
                return r;
        s->change = archive_next_change(e->archive);
        r = begin_conversation(s);
        if (r >= 0)
                r = sync_texts(s);
        if (r >= 0)
                r = write_row(s);
        if (r >= 0)
                r = session_settle(e, s->change, true);
        if (r < 0)
                return r;
        s->cursor.policy = e->policy;
        s->cursor.last_ordinal = s->last_ordinal;
        r = archive_cursor_put(e->archive, s->id.text, s->id.size, &s->cursor, !s->has_cursor);
        return r < 0 ? engine_archive_failed(e, r) : 1;
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

        return with_archived(&s, remask);
}

/* What the conversation learned */

static int share(SessionSync *s)
{
        Engine *e = s->e;
        int r, found;

        found = read_archived(s);
        if (found < 0)
                return found;
        r = engine_need_masker(e);
        if (r >= 0)
                r = batch_begin(e);
        if (r < 0)
                return r;
        s->change = archive_next_change(e->archive);
        r = conversation_begin(&e->conversation, e->archive, &s->id);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (found > 0) {
                r = sync_texts(s);
                if (r >= 0 && (s->rewritten || e->row_masker.changed))
                        r = write_row(s);
                if (r >= 0)
                        r = pins_are_due(e, &s->id);
        }
        return r < 0 ? r : session_settle(e, s->change, true);
}

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

        return with_archived(&s, share);
}
