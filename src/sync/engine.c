/* Engine: one cycle at a time, from the source through the masker into the archive */
#include "sync/engine.h"

#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "sync/engine-internal.h"

/* A batch holds the archive's write lock, so it is short; but each commit costs, so it is not a session long. */
#define BATCH_USEC  (100 * USEC_PER_MSEC)
#define BATCH_BYTES (4 * 1024 * 1024)

/* A read transaction is left and entered again after this time: agentsview's `sync --full` waits 5 s for it, then gives
 * its swap up. */
#define READ_USEC (300 * USEC_PER_MSEC)

/* Markers within this time before now are looked at again: clocks are coarse, and a commit may come after its mark. */
#define MARKER_SLACK_USEC (10 * USEC_PER_SEC)

/* Life of the engine */

int engine_new(const EngineSettings *settings, const EngineHooks *hooks, Engine **ret)
{
        _cleanup_(engine_freep) Engine *e = calloc(1, sizeof(*e));
        int r;

        if (!e)
                return -ENOMEM;
        if (hooks)
                e->hooks = *hooks;
        r = engine_settings_copy(settings, &e->settings);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(e);
        return 0;
}

static void close_archive(Engine *e)
{
        e->masker = masker_free(e->masker);
        e->reader = reader_free(e->reader);
        e->archive = archive_close(e->archive);
        e->has_policy = false;
        e->looked = false;
}

static void drop_new_secrets(Engine *e)
{
        for (size_t i = 0; i < e->n_new_secrets; i++) {
                free(e->new_secrets[i].session_id);
                rule_counts_free(e->new_secrets[i].rules, e->new_secrets[i].n_rules);
        }
        free(e->new_secrets);
        e->new_secrets = NULL;
        e->n_new_secrets = 0;
}

Engine *engine_free(Engine *e)
{
        if (!e)
                return NULL;
        close_archive(e);
        drop_new_secrets(e);
        row_masker_done(&e->row_masker);
        e->identity = identity_free(e->identity);
        e->rules = ruleset_unref(e->rules);
        engine_settings_done(&e->settings);
        free(e);
        return NULL;
}

int engine_set_settings(Engine *e, const EngineSettings *settings)
{
        EngineSettings copy = { 0 };
        int r;

        r = engine_settings_copy(settings, &copy);
        if (r < 0)
                return r;
        if (strcmp(copy.archive_path, e->settings.archive_path) != 0 ||
            strcmp(copy.source_path, e->settings.source_path) != 0)
                close_archive(e);
        e->masker = masker_free(e->masker);
        e->identity = identity_free(e->identity);
        e->rules_are_stale = true;
        e->has_policy = false;
        e->looked = false;
        engine_settings_done(&e->settings);
        e->settings = copy;
        return 0;
}

static int load_rules(const EngineSettings *s, Ruleset **ret, char **reterr)
{
        RulesetOptions options = { .folders = s->rules_folders, .disable = s->rules_disable };

        return ruleset_load(&options, ret, reterr);
}

int engine_check_rules(const EngineSettings *settings, char **reterr)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;

        return load_rules(settings, &rules, reterr);
}

int engine_open_archive(Engine *e, char **reterr)
{
        _cleanup_free_ char *last = NULL, *marker = NULL;
        int r;

        if (e->archive)
                return 0;
        r = archive_open(e->settings.archive_path, &e->archive, reterr);
        if (r < 0)
                return r;
        e->totals.total_synced = (uint64_t) archive_meta_get_int(e->archive, "total_synced", 0);
        e->totals.total_secrets = (uint64_t) archive_meta_get_int(e->archive, "total_masked", 0);
        e->totals.last_sync_at_usec = 0;
        if (archive_meta_get(e->archive, "last_synced_at", &last) > 0)
                (void) parse_timestamp(last, &e->totals.last_sync_at_usec);
        r = archive_cursor_count(e->archive, &e->n_cursors);
        if (r >= 0)
                r = archive_meta_get(e->archive, "source_marker", &marker);
        (void) snprintf(e->marker, sizeof(e->marker), "%s", r > 0 ? marker : "");
        return 0;
}

int engine_reset(Engine *e, char **reterr)
{
        int r;

        r = engine_open_archive(e, reterr);
        if (r < 0)
                return r;
        e->has_policy = false;
        e->looked = false;
        r = archive_begin(e->archive);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "resyncs",
                                         archive_meta_get_int(e->archive, "resyncs", 0) + 1);
        if (r >= 0)
                r = archive_commit(e->archive);
        if (r < 0) {
                format_error(reterr, "Cannot reset the cursors in '%s': %s.",
                             e->settings.archive_path, archive_reason(e->archive));
                archive_rollback(e->archive);
        }
        return r;
}

void engine_totals(const Engine *e, EngineTotals *ret)
{
        *ret = e->totals;
}

/* What the files of the engine share */

int engine_archive_failed(Engine *e, int error)
{
        CycleResult *result = e->result;

        if (result->failure != CYCLE_OK)
                return error;
        result->failure = CYCLE_ARCHIVE_UNAVAILABLE;
        if (error == -ENOSPC || error == -EDQUOT)
                format_error(&result->sentence,
                             "The disk is full: the archive '%s' cannot be written. Nothing is lost; "
                             "it goes on when there is space.",
                             e->settings.archive_path);
        else
                format_error(&result->sentence, "The archive '%s' cannot be written: %s.",
                             e->settings.archive_path,
                             error == -ENOMEM ? "out of memory" : archive_reason(e->archive));
        return error;
}

static int source_failed(Engine *e, int error)
{
        CycleResult *result = e->result;

        if (result->failure != CYCLE_OK)
                return error;
        result->failure = CYCLE_SOURCE_UNAVAILABLE;
        if (error == -EBUSY)
                format_error(&result->sentence,
                             "'%s' is locked by another program; trying again later.",
                             e->settings.source_path);
        else
                format_error(&result->sentence, "Cannot read '%s': %s.", e->settings.source_path,
                             error == -ENOMEM ? "out of memory" : reader_reason(e->reader));
        reader_close(e->reader);
        e->looked = false;
        return error;
}

bool engine_tick(Engine *e)
{
        if (e->hooks.on_progress && !e->hooks.on_progress(e->hooks.userdata, &e->progress))
                e->stopping = true;
        return !e->stopping;
}

int batch_begin(Engine *e)
{
        int r;

        if (archive_in_transaction(e->archive))
                return 0;
        r = archive_begin(e->archive);
        if (r < 0)
                return engine_archive_failed(e, r);
        e->batch_began_usec = now_usec(CLOCK_MONOTONIC);
        e->batch_bytes = 0;
        return 0;
}

/* The batch's counts are facts now. */
static int count_batch(Engine *e)
{
        CycleResult *result = e->result, *batch = &e->batch;
        int r = 0;

        result->sessions_synced += batch->sessions_synced;
        result->secrets_detected += batch->secrets_detected;
        result->messages_written += batch->messages_written;
        result->sessions_removed += batch->sessions_removed;
        for (size_t i = 0; r >= 0 && i < batch->n_rules; i++)
                r = cycle_result_add_rule(result, batch->rules[i].rule, batch->rules[i].n);
        cycle_result_done(batch);
        return r;
}

int batch_commit(Engine *e)
{
        int r;

        if (!archive_in_transaction(e->archive))
                return 0;
        read_end(e); /* a commit may take its time */
        r = archive_commit(e->archive);
        if (r >= 0)
                r = count_batch(e);
        if (r < 0)
                return engine_archive_failed(e, r);
        for (size_t i = 0; i < e->n_new_secrets; i++)
                if (e->hooks.on_secrets)
                        e->hooks.on_secrets(e->hooks.userdata, e->new_secrets[i].session_id,
                                            e->new_secrets[i].rules, e->new_secrets[i].n_rules);
        drop_new_secrets(e);
        return 0;
}

int batch_commit_if_due(Engine *e)
{
        int r;

        if (!archive_in_transaction(e->archive) ||
            (e->batch_bytes < BATCH_BYTES &&
             now_usec(CLOCK_MONOTONIC) - e->batch_began_usec < BATCH_USEC))
                return 0;
        r = batch_commit(e);
        return r < 0 ? r : 1;
}

void batch_rollback(Engine *e)
{
        e->batch_is_tainted = false;
        if (e->archive)
                archive_rollback(e->archive);
        cycle_result_done(&e->batch);
        drop_new_secrets(e);
}

int read_begin(Engine *e)
{
        if (reader_in_transaction(e->reader)) {
                if (!read_is_due(e))
                        return 0;
                read_end(e);
        }
        e->read_began_usec = now_usec(CLOCK_MONOTONIC);
        e->read_serial++;
        return reader_begin(e->reader);
}

void read_end(Engine *e)
{
        if (e->reader)
                reader_end(e->reader);
}

bool read_is_due(const Engine *e)
{
        return now_usec(CLOCK_MONOTONIC) - e->read_began_usec > READ_USEC;
}

/* Opening the parts */

static int need_rules(Engine *e)
{
        _cleanup_free_ char *reason = NULL;
        Ruleset *rules = NULL;
        int r;

        if (e->rules && !e->rules_are_stale)
                return 0;
        r = load_rules(&e->settings, &rules, &reason);
        e->rules_are_stale = false;
        if (r >= 0) {
                (void) ruleset_unref(e->rules);
                e->rules = rules;
                e->has_policy = false;
                e->masker = masker_free(e->masker);
                return 0;
        }
        if (e->rules) {
                format_error(&e->result->warning, "%s The rules that were in force stay in force.",
                             reason ?: "The rules cannot be read.");
                return 0;
        }
        e->result->failure = CYCLE_RULES_INVALID;
        e->result->sentence = TAKE_PTR(reason);
        return r;
}

static int need_archive(Engine *e)
{
        int r;

        r = engine_open_archive(e, &e->result->sentence);
        if (r < 0) {
                e->result->failure = CYCLE_ARCHIVE_UNAVAILABLE;
                return r;
        }
        if (!e->identity) {
                r = identity_new(e->settings.user_id, e->settings.user_name, &e->identity);
                if (r < 0)
                        return engine_archive_failed(e, r);
        }
        if (!e->masker) {
                r = masker_new(e->rules, archive_key(e->archive), &e->masker);
                if (r >= 0)
                        r = masker_set_home(e->masker, e->settings.mask_home);
                if (r < 0)
                        return engine_archive_failed(e, r);
                e->row_masker.masker = e->masker;
                row_masker_forget_words(&e->row_masker);
        }
        if (!e->has_policy)
                e->policy = policy_digest(&e->settings, e->rules,
                                          archive_meta_get_int(e->archive, "resyncs", 0),
                                          identity_user_id(e->identity),
                                          identity_user_name(e->identity), archive_key(e->archive));
        e->has_policy = true;
        return 0;
}

/* Returns 1 (opened just now), 0, or a negative errno with the failure in the result. */
static int need_source(Engine *e)
{
        int r;

        if (!e->reader) {
                r = reader_new(e->settings.source_path, archive_key(e->archive), &e->reader);
                if (r < 0)
                        return engine_archive_failed(e, r);
        }
        r = reader_open(e->reader, &e->result->sentence);
        if (r < 0)
                e->result->failure = r == -ENOENT ? CYCLE_SOURCE_MISSING : CYCLE_SOURCE_UNAVAILABLE;
        if (r != 0)
                e->looked = false;
        if (r > 0)
                e->opened = true;
        return r;
}

/* The cycle */

/* Whether the session is out of step, asked by id. Returns 1 (it is), 0, or a negative errno. */
static int is_changed(Engine *e, const SourceSession *s)
{
        const Value *id = s->values + SESSION_ID;
        Cursor cursor;
        int r;

        if (id->type != VALUE_TEXT)
                return 1; /* session_sync() says what is wrong with it */
        r = archive_cursor_get(e->archive, id->text, id->size, &cursor);
        if (r < 0)
                return engine_archive_failed(e, r);
        return r == 0 || cursor.fingerprint != s->fingerprint || cursor.policy != e->policy;
}

/* A walk through sessions of the source, in row order. */
typedef struct Walk {
        const char *marker; /* only sessions marked since; NULL: all, with the cursors beside them */
        int64_t after;      /* the last row dealt with */
        uint64_t n_total;   /* of sessions, where it is known; else 0 */

        Cursor cursor; /* the one at or behind the session in hand */
        bool at_end;   /* of the cursors */

        int64_t batch_after; /* `after` when the batch began */
        uint64_t batch_done; /* sessions dealt with until then */
        int64_t *bad; /* rows of sessions that were found bad when a part of them was written */
        size_t n_bad, n_bad_max;
} Walk;

static void walk_done(Walk *w)
{
        free(w->bad);
}

static bool walk_knows_bad(const Walk *w, int64_t rowid)
{
        for (size_t i = 0; i < w->n_bad; i++)
                if (w->bad[i] == rowid)
                        return true;
        return false;
}

static int walk_next_cursor(Engine *e, Walk *w)
{
        int r = archive_cursor_list_next(e->archive, &w->cursor);

        w->at_end = r <= 0;
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Begins or goes on behind w->after, in a read transaction. */
static int walk_begin(Engine *e, Walk *w)
{
        ReaderFrom from = { .marker = w->marker, .after_rowid = w->after };
        int r;

        r = read_begin(e);
        if (r >= 0)
                r = reader_list(e->reader, &from);
        if (r < 0)
                return source_failed(e, r);
        if (w->marker)
                return 0;
        r = archive_cursor_list(e->archive, w->after);
        return r < 0 ? engine_archive_failed(e, r) : walk_next_cursor(e, w);
}

/* The cursor in the session's own place says of most sessions that they are in step, and saves the look-up by id. */
static int walk_in_step(Engine *e, Walk *w, const SourceSession *s)
{
        int r = 0;

        if (w->marker)
                return 0;
        while (!w->at_end && w->cursor.source_rowid < s->rowid && r >= 0)
                r = walk_next_cursor(e, w);
        if (r < 0 || w->at_end || w->cursor.source_rowid != s->rowid)
                return r;
        return w->cursor.fingerprint == s->fingerprint && w->cursor.policy == e->policy;
}

/*
 * A session was found bad. If a part of it is written already, its batch is rolled back, and the walk goes back to the
 * batch's beginning to do it again without the bad one. Returns 1 (gone back), 0, or a negative errno.
 */
static int walk_leave_out(Engine *e, Walk *w, int64_t rowid)
{
        e->had_errors = true;
        if (!e->batch_is_tainted)
                return 0;
        if (w->n_bad == w->n_bad_max) {
                size_t n = w->n_bad_max > 0 ? w->n_bad_max * 2 : 16;
                int64_t *grown = reallocarray(w->bad, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                w->bad = grown;
                w->n_bad_max = n;
        }
        w->bad[w->n_bad++] = rowid;
        batch_rollback(e);
        w->after = w->batch_after;
        e->progress.sessions_done = w->batch_done;
        return 1;
}

/* One session of the walk. Returns 1 when the walk has to begin anew behind w->after, 0, or a negative errno. */
static int walk_session(Engine *e, Walk *w, const SourceSession *s)
{
        int r;

        r = walk_in_step(e, w, s);
        if (r == 0 && !walk_knows_bad(w, s->rowid)) {
                r = is_changed(e, s);
                if (r > 0) {
                        if (!engine_tick(e))
                                return -ECANCELED;
                        r = session_sync(e, s);
                        e->batch.sessions_synced += r > 0;
                }
                if (r == -EBADMSG)
                        r = walk_leave_out(e, w, s->rowid);
                else if (r > 0)
                        r = 0;
                if (r != 0)
                        return r;
        }
        if (r < 0)
                return r;
        w->after = s->rowid;
        e->progress.sessions_done++;
        e->progress.sessions_pending = w->n_total > e->progress.sessions_done
                                                       ? w->n_total - e->progress.sessions_done
                                                       : 0;
        r = batch_commit_if_due(e);
        if (r > 0 || (r == 0 && !archive_in_transaction(e->archive))) {
                w->batch_after = w->after;
                w->batch_done = e->progress.sessions_done;
        }
        return r;
}

/* Brings all sessions of a walk into step. Returns 0, or a negative errno that ends the cycle. */
static int walk_sessions(Engine *e, const char *marker)
{
        _cleanup_(walk_done) Walk w = { .marker = marker,
                                        .after = INT64_MIN,
                                        .batch_after = INT64_MIN };
        SourceSession s;
        unsigned n = 0, serial;
        int r = 0, k;

        if (!marker) {
                r = reader_count(e->reader, &w.n_total);
                if (r < 0)
                        return source_failed(e, r);
        }
        do {
                r = walk_begin(e, &w);
                serial = e->read_serial;
                while (r == 0 && (k = reader_list_next(e->reader, &s)) != 0) {
                        r = k < 0 ? source_failed(e, k) : walk_session(e, &w, &s);
                        /* the transaction was left meanwhile, or shall be (the clock is not asked for each session) */
                        if (r == 0 &&
                            (!reader_in_transaction(e->reader) || serial != e->read_serial ||
                             (++n % 64 == 0 && read_is_due(e))))
                                r = 1;
                }
                archive_cursor_list_end(e->archive);
                if (e->reader)
                        reader_list_end(e->reader);
                if (r > 0)
                        read_end(e);
        } while (r > 0);
        return r < 0 ? r : batch_commit(e);
}

/*
 * Sessions that the archive has under an older policy and the source has no more: masked again from the archive. With
 * @has_source, those that the source has are left alone: they failed just now, and will be tried again.
 */
static int remask_stale(Engine *e, bool has_source)
{
        _cleanup_free_ char *after = NULL;
        int n, r = 0;

        do {
                char *ids[64] = { NULL };

                n = archive_stale_sessions(e->archive, e->policy, after, ELEMENTSOF(ids), ids);
                if (n < 0)
                        return engine_archive_failed(e, n);
                for (int i = 0; i < n; i++) {
                        bool skip = r < 0;

                        if (!skip && !engine_tick(e))
                                r = -ECANCELED;
                        if (r >= 0 && has_source) {
                                int k = reader_has_session(e->reader, ids[i], strlen(ids[i]));

                                r = k < 0 ? source_failed(e, k) : r;
                                skip = k > 0;
                        }
                        if (r >= 0 && !skip) {
                                r = session_remask(e, ids[i]);
                                e->batch.sessions_synced += r > 0;
                                if (r >= 0)
                                        r = batch_commit_if_due(e);
                        }
                        free(after);
                        after = ids[i];
                }
        } while (r >= 0 && n > 0);
        return r;
}

/* Stars, pins and deletions: small tables, read in one short transaction. */
static int mirror_small_tables(Engine *e)
{
        int r;

        r = batch_begin(e);
        if (r < 0)
                return r;
        r = read_begin(e);
        if (r >= 0)
                r = mirror_deletions(e);
        if (r >= 0)
                r = mirror_stars(e);
        if (r >= 0)
                r = mirror_pins(e);
        read_end(e);
        if (r < 0 && e->result->failure == CYCLE_OK)
                return source_failed(e, r);
        return r;
}

/* Where the next window begins: before now, whatever the markers say (a file's time may lie in the future). */
static void next_marker(char ret[static TIMESTAMP_MAX])
{
        uint64_t now = now_usec(CLOCK_REALTIME);

        format_timestamp(ret, now > MARKER_SLACK_USEC ? now - MARKER_SLACK_USEC : 0);
}

/* What is written at the end of a cycle that changed something. */
static int write_facts(Engine *e, uint64_t synced, uint64_t secrets)
{
        char now[TIMESTAMP_MAX];
        int r;

        r = batch_begin(e);
        if (r < 0)
                return r;
        format_timestamp(now, e->totals.last_sync_at_usec);
        r = archive_meta_set(e->archive, "source_marker", e->marker);
        if (r >= 0 && !e->had_errors)
                r = archive_meta_set_int(e->archive, "policy", e->policy);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "sync_version", SYNC_VERSION);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "total_synced", (int64_t) synced);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "total_masked", (int64_t) secrets);
        if (r >= 0)
                r = archive_meta_set(e->archive, "last_synced_at", now);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/*
 * The end of a cycle that ran through: the next window begins at @marker, unless a session was left behind in this one.
 * A look that found nothing writes nothing.
 */
static int finish_cycle(Engine *e, const char *marker, int64_t changes_before)
{
        uint64_t synced = e->totals.total_synced + e->result->sessions_synced;
        uint64_t secrets = e->totals.total_secrets + e->result->secrets_detected;
        int r = 0;

        e->totals.last_sync_at_usec = now_usec(CLOCK_REALTIME);
        if (!e->had_errors)
                (void) snprintf(e->marker, sizeof(e->marker), "%s", marker);
        if (archive_n_changes(e->archive) != changes_before || e->result->full)
                r = write_facts(e, synced, secrets);
        if (r >= 0)
                r = batch_commit(e);
        if (r < 0)
                return r;
        e->totals.total_synced = synced;
        e->totals.total_secrets = secrets;
        r = archive_cursor_count(e->archive, &e->n_cursors);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* If the archive was last filled from another file than the one just opened, its marker and revisions mean nothing. */
static int check_source_file(Engine *e)
{
        _cleanup_free_ char *was = NULL, *is = NULL;
        int r;

        if (!e->opened)
                return 0;
        e->opened = false;
        r = reader_identity(e->reader, &is);
        if (r < 0)
                return engine_archive_failed(e, r);
        r = archive_meta_get(e->archive, "source_file", &was);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (r > 0 && strcmp(was, is) == 0)
                return 0;
        e->result->source_swapped = r > 0;
        r = batch_begin(e);
        if (r >= 0) {
                e->marker[0] = 0;
                r = archive_meta_set(e->archive, "source_file", is);
                if (r >= 0)
                        r = archive_meta_set_int(e->archive, "deletion_revision", 0);
                if (r < 0)
                        r = engine_archive_failed(e, r);
        }
        return r;
}

/* The question asked most often, and the cheapest: is it the same file, and did nobody commit? Returns 1, 0 or
 * negative. */
static int nothing_changed(Engine *e)
{
        int r;

        r = need_source(e);
        if (r != 0)
                return r < 0 ? r : 0;
        r = reader_changed(e->reader);
        if (r < 0)
                return source_failed(e, r);
        if (r == 0)
                e->totals.last_sync_at_usec = now_usec(CLOCK_REALTIME);
        return r == 0;
}

static int run_cycle(Engine *e, CycleKind kind)
{
        char next[TIMESTAMP_MAX];
        int64_t changes;
        int r, opened;

        if (kind == CYCLE_NORMAL && e->looked && !e->had_errors) {
                r = nothing_changed(e);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        r = need_rules(e);
        if (r >= 0)
                r = need_archive(e);
        if (r < 0)
                return r;
        e->result->full = archive_meta_get_int(e->archive, "policy", 0) != e->policy;
        opened = need_source(e);
        if (opened == -ENOENT && e->result->full) {
                r = remask_stale(e, false);
                return r < 0 ? r : batch_commit(e);
        }
        if (opened < 0)
                return opened;

        changes = archive_n_changes(e->archive);
        reader_mark_seen(e->reader);
        next_marker(next);
        r = check_source_file(e);
        if (r < 0)
                return r;

        e->had_errors = false;
        if (e->marker[0] && kind != CYCLE_AUDIT && !e->result->full &&
            reader_has_markers(e->reader))
                /* after the clock was set back, now is before where the last window ended */
                r = walk_sessions(e, strcmp(e->marker, next) < 0 ? e->marker : next);
        else
                r = walk_sessions(e, NULL);
        if (r < 0)
                return r;
        r = mirror_small_tables(e);
        if (r < 0)
                return r;
        if (e->result->full && e->n_cursors > 0) {
                r = remask_stale(e, true);
                if (r < 0)
                        return r;
        }
        r = finish_cycle(e, next, changes);
        if (r >= 0)
                e->looked = true;
        return r;
}

void engine_cycle(Engine *e, CycleKind kind, CycleResult *ret)
{
        uint64_t began = now_usec(CLOCK_MONOTONIC), cpu = now_usec(CLOCK_THREAD_CPUTIME_ID);
        int r;

        *ret = (CycleResult){ 0 };
        e->result = ret;
        e->progress = (Progress){ 0 };
        e->stopping = false;
        r = run_cycle(e, kind);
        read_end(e);
        if (r == -ECANCELED && e->stopping) {
                /* what is done is done: the batch is whole sessions */
                r = batch_commit(e);
                if (r >= 0 && ret->failure == CYCLE_OK) {
                        ret->failure = CYCLE_STOPPING;
                        format_error(&ret->sentence,
                                     "Stopped before the end of the cycle; what was "
                                     "done is committed.");
                }
                e->looked = false;
        }
        if (r < 0) {
                batch_rollback(e);
                e->looked = false;
                if (ret->failure == CYCLE_OK) {
                        ret->failure = CYCLE_ARCHIVE_UNAVAILABLE;
                        format_error(&ret->sentence, "The cycle failed: %s.", strerror(-r));
                }
                if (ret->failure == CYCLE_ARCHIVE_UNAVAILABLE)
                        close_archive(e);
        }
        if (e->n_cursors > ret->sessions_synced)
                ret->sessions_skipped = e->n_cursors - ret->sessions_synced;
        ret->elapsed_usec = now_usec(CLOCK_MONOTONIC) - began;
        ret->cpu_usec = now_usec(CLOCK_THREAD_CPUTIME_ID) - cpu;
        e->result = NULL;
}
