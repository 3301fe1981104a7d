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

/* Candidates collected within one read transaction. */
#define CHUNK_MAX 512

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

/* A session that may have to be synced. */
typedef struct Candidate {
        int64_t rowid;
        bool failed;
} Candidate;

/* Whether the session is in step. Returns 1 (it is not), 0, or a negative errno. */
static int is_candidate(Engine *e, const SourceSession *s)
{
        const Value *id = s->values + SESSION_ID;
        Cursor cursor;
        int r;

        if (id->type != VALUE_TEXT)
                return 1; /* session_sync() says what is wrong with it */
        r = archive_cursor_get(e->archive, id->text, id->size, &cursor);
        if (r < 0)
                return r;
        return r == 0 || cursor.fingerprint != s->fingerprint || cursor.policy != e->policy;
}

/* The cursors beside a list of all sessions, both in row order. */
typedef struct Merge {
        bool on;
        bool at_end;
        Cursor cursor;
} Merge;

static int merge_next(Engine *e, Merge *m)
{
        int r = archive_cursor_list_next(e->archive, &m->cursor);

        m->at_end = r <= 0;
        return r < 0 ? r : 0;
}

/* Whether the cursor in the session's own place says that it is in step; most do, and save the look-up by id. */
static int merge_says_in_step(Engine *e, Merge *m, const SourceSession *s)
{
        int r = 0;

        while (m->on && !m->at_end && m->cursor.source_rowid < s->rowid && r >= 0)
                r = merge_next(e, m);
        if (r < 0 || !m->on || m->at_end || m->cursor.source_rowid != s->rowid)
                return r;
        return m->cursor.fingerprint == s->fingerprint && m->cursor.policy == e->policy;
}

/*
 * Collects up to CHUNK_MAX candidates. A list of all sessions (no @marker) begins behind *@after, which moves to the
 * last session looked at; *@ret_complete says that the list is at its end.
 */
static int collect_candidates(Engine *e, const char *marker, int64_t *after, Candidate *ret,
                              size_t *ret_n, bool *ret_complete)
{
        ReaderFrom from = { .marker = marker, .after_rowid = *after };
        Merge merge = { .on = !marker };
        size_t n = 0, n_seen = 0;
        SourceSession s;
        int r, k = 0;

        if (merge.on) {
                r = archive_cursor_list(e->archive, *after);
                if (r >= 0)
                        r = merge_next(e, &merge);
                if (r < 0)
                        return engine_archive_failed(e, r);
        }
        r = read_begin(e);
        if (r >= 0)
                r = reader_list(e->reader, &from);
        if (r < 0)
                return source_failed(e, r);
        while (n < CHUNK_MAX && (r = reader_list_next(e->reader, &s)) > 0) {
                k = merge_says_in_step(e, &merge, &s);
                if (k == 0) {
                        k = is_candidate(e, &s);
                        if (k > 0)
                                ret[n++] = (Candidate){ .rowid = s.rowid };
                }
                if (k < 0)
                        break;
                *after = s.rowid;
                if (k == 0 || n == 0 || ret[n - 1].rowid != s.rowid)
                        e->progress.sessions_done++;
                /* An audit of many sessions is cut, so that its transaction stays short. */
                if (++n_seen % 1024 == 0 && read_is_due(e))
                        break;
        }
        if (merge.on)
                archive_cursor_list_end(e->archive);
        reader_list_end(e->reader);
        if (k < 0)
                return engine_archive_failed(e, k);
        if (r < 0)
                return source_failed(e, r);
        *ret_complete = r == 0;
        *ret_n = n;
        return 0;
}

/*
 * Syncs the candidates of one chunk, in batches. A session that turns out to be bad may have written a part already:
 * its batch is rolled back and done again without it. Returns 0, or a negative errno that ends the cycle.
 */
static int sync_candidates(Engine *e, Candidate *candidates, size_t n)
{
        uint64_t done = e->progress.sessions_done, pending = e->progress.sessions_pending;
        size_t i = 0, batch_start = 0;
        int r;

        while (i < n) {
                e->progress.sessions_done = done + i;
                e->progress.sessions_pending = pending > i ? pending - i : 0;
                if (!engine_tick(e))
                        return -ECANCELED;
                r = candidates[i].failed ? 0 : session_sync(e, candidates[i].rowid);
                if (r == -EBADMSG) {
                        e->had_errors = true;
                        candidates[i].failed = true;
                        batch_rollback(e);
                        i = batch_start;
                        continue;
                }
                if (r < 0)
                        return r;
                e->batch.sessions_synced += r > 0;
                i++;
                r = batch_commit_if_due(e);
                if (r < 0)
                        return r;
                if (r > 0)
                        batch_start = i;
        }
        e->progress.sessions_done = done + n;
        return batch_commit(e);
}

/* All sessions, chunk after chunk. */
static int sync_all(Engine *e)
{
        Candidate candidates[CHUNK_MAX];
        int64_t after = INT64_MIN;
        uint64_t total = 0;
        bool complete = false;
        size_t n;
        int r;

        r = reader_count(e->reader, &total);
        if (r < 0)
                return source_failed(e, r);
        while (!complete) {
                r = collect_candidates(e, NULL, &after, candidates, &n, &complete);
                if (r < 0)
                        return r;
                e->progress.sessions_pending = total > e->progress.sessions_done
                                                               ? total - e->progress.sessions_done
                                                               : n;
                r = sync_candidates(e, candidates, n);
                if (r < 0)
                        return r;
        }
        return 0;
}

/*
 * The sessions whose marker is at or past where the last look ended. A window that holds more than a chunk of changes
 * (after `sync --full`, say) is a case for the list of all.
 */
static int sync_window(Engine *e, const char *marker)
{
        Candidate candidates[CHUNK_MAX];
        int64_t after = INT64_MIN;
        bool complete;
        size_t n;
        int r;

        r = collect_candidates(e, marker, &after, candidates, &n, &complete);
        if (r < 0)
                return r;
        if (!complete)
                return sync_all(e);
        e->progress.sessions_pending = n;
        return sync_candidates(e, candidates, n);
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
                r = sync_window(e, strcmp(e->marker, next) < 0 ? e->marker : next);
        else
                r = sync_all(e);
        if (r < 0)
                return r;
        r = mirror_small_tables(e);
        if (r < 0)
                return r;
        if (e->result->full) {
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
