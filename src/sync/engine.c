/* Engine: one cycle at a time, from the source through the masker into the archive */
#include "sync/engine.h"

#include <inttypes.h>
#include <malloc.h>
#include <string.h>

#include "base/file-util.h"
#include "base/strv.h"
#include "base/time-util.h"
#include "source/file-state.h"
#include "sync/engine-internal.h"

/* Markers within this time before now are read again: clocks are coarse, and a commit may come after its mark. */
#define MARKER_SLACK_USEC (10 * USEC_PER_SEC)

/* A cycle that read this much leaves caches that are worth giving back. */
#define MUCH_BYTES ((uint64_t) 4 * 1024 * 1024)

/* Of the file that lists home folders. */
#define HOMES_BYTES_MAX ((size_t) 64 * 1024)

/* Life of the engine */

Engine *engine_new(const EngineSettings *settings, const EngineHooks *hooks)
{
        Engine *e = xcalloc(1, sizeof(*e));

        e->settings = *settings;
        if (hooks)
                e->hooks = *hooks;
        return e;
}

/* Reads the time in meta @key; 0: there is none. */
static uint64_t meta_time(Engine *e, const char *key)
{
        _cleanup_free_ char *text = NULL;
        uint64_t usec = 0;

        if (archive_meta_get(e->archive, key, &text) > 0)
                (void) parse_timestamp(text, &usec);
        return usec;
}

static void close_archive(Engine *e)
{
        e->masker = masker_free(e->masker);
        e->reader = reader_free(e->reader);
        e->archive = archive_close(e->archive);
        e->has_policy = false;
        e->looked = false;
}

Engine *engine_free(Engine *e)
{
        if (!e)
                return NULL;
        close_archive(e);
        batch_drop_secrets(e);
        row_masker_done(&e->row_masker);
        look_back_done(&e->look_back);
        conversation_done(&e->conversation);
        known_files_done(&e->known_files);
        arena_done(&e->session_arena);
        stuck_list_done(&e->stuck);
        e->unshared = strv_free(e->unshared);
        e->identity = identity_free(e->identity);
        e->rules = ruleset_unref(e->rules);
        free(e->source_state);
        free(e);
        return NULL;
}

void engine_set_settings(Engine *e, const EngineSettings *settings)
{
        if (strcmp(settings->archive_path, e->settings.archive_path) != 0 ||
            strcmp(settings->source_path, e->settings.source_path) != 0)
                close_archive(e);
        e->masker = masker_free(e->masker);
        e->identity = identity_free(e->identity);
        e->rules_are_stale = true;
        e->has_policy = false;
        e->looked = false;
        e->settings = *settings;
}

static RulesetOptions rules_options(const EngineSettings *s)
{
        return (RulesetOptions){ .folders = s->rules_folders,
                                 .disable = s->rules_disable,
                                 .caution = s->caution,
                                 .cache = s->cache };
}

int engine_check_rules(const EngineSettings *settings, char **reterr)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        RulesetOptions options = rules_options(settings);

        return ruleset_load(&options, &rules, reterr);
}

int engine_open_archive(Engine *e, char **reterr)
{
        _cleanup_free_ char *marker = NULL;
        int r;

        if (e->archive)
                return 0;
        r = archive_open(e->settings.archive_path, &e->archive, reterr);
        if (r < 0)
                return r;
        e->archive_replaced = r > 0;
        e->totals.total_synced = (uint64_t) archive_meta_get_int(e->archive, "total_synced", 0);
        e->totals.total_secrets = (uint64_t) archive_meta_get_int(e->archive, "total_masked", 0);
        e->totals.last_sync_at_usec = meta_time(e, "last_synced_at");
        e->totals.last_verified_at_usec = meta_time(e, "last_verified_at");
        e->n_cursors = archive_cursor_count(e->archive);
        engine_load_traces(e);
        stuck_list_done(&e->stuck);
        (void) stuck_read(e->settings.archive_path, &e->stuck); /* an aid, see there */
        r = archive_meta_get(e->archive, "source_marker", &marker);
        (void) snprintf(e->marker, sizeof(e->marker), "%s", r > 0 ? marker : "");
        e->seen_rowid = archive_meta_get_int(e->archive, "source_rowid", INT64_MIN);
        e->data_version = archive_meta_get_int(e->archive, "source_data_version", 0);
        return 0;
}

int engine_reset(Engine *e, Resync resync, char **reterr)
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
        if (r >= 0 && resync == RESYNC_IDENTITY)
                r = archive_meta_set_int(e->archive, "identity_resync", 1);
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
        const KnownValues *known = e->known_files.values;

        *ret = e->totals;
        if (!known)
                return;
        ret->known_values = known_values_n(known);
        ret->known_files = known_values_n_read(known);
        ret->known_unread = known_values_n_files(known) - ret->known_files;
}

/* Opening the parts */

static int need_rules(Engine *e)
{
        RulesetOptions options = rules_options(&e->settings);
        _cleanup_free_ char *reason = NULL;
        Ruleset *rules = NULL;
        int r;

        if (e->rules && !e->rules_are_stale)
                return 0;
        /* first: where they change meanwhile, they are loaded once more */
        if (ruleset_files_digest(&options, &e->loaded_files) < 0)
                e->loaded_files = 0;
        r = ruleset_load(&options, &rules, &reason);
        e->rules_are_stale = false;
        e->has_leftovers = true;
        if (r >= 0) {
                (void) ruleset_unref(e->rules);
                e->rules = rules;
                e->masker = masker_free(e->masker);
                return 0;
        }
        e->loaded_files = 0;
        if (e->rules) {
                e->result->warning_kind = WARNING_RULES;
                format_error(&e->result->warning, "%s The previous rules stay in force.",
                             reason ?: "The rules cannot be read.");
                return 0;
        }
        e->result->failure = CYCLE_RULES_INVALID;
        e->result->sentence = TAKE_PTR(reason);
        return r;
}

/* The previous one is gone: is this another one, or was it rebuilt? A person may still have the old one. */
static int notice_new_archive(Engine *e)
{
        char now[TIMESTAMP_MAX];

        if (!e->archive_is_gone)
                return 0;
        e->archive_is_gone = false;
        e->archive_vanished = e->n_cursors == 0;
        if (!e->archive_vanished)
                return 0;
        e->archive_replaced = true;
        format_timestamp(now, now_usec(CLOCK_REALTIME));
        return archive_meta_set(e->archive, "began_anew_at", now);
}

/* Within one large text: alive. Whether to stop is asked after it. */
static void on_masking(void *userdata)
{
        (void) engine_tick(userdata);
}

static int need_archive(Engine *e)
{
        bool had_sessions = e->archive && e->n_cursors > 0;
        int r;

        if (e->archive && !archive_is_in_place(e->archive)) {
                close_archive(e); /* it was removed, or replaced: what is written now would be lost */
                e->archive_is_gone = e->archive_is_gone || had_sessions;
        }
        r = engine_open_archive(e, &e->result->sentence);
        if (r < 0) {
                e->result->failure = CYCLE_ARCHIVE_UNAVAILABLE;
                return r;
        }
        r = notice_new_archive(e);
        if (r < 0)
                return engine_archive_failed(e, r);
        r = e->settings.archive_is_shared ? archive_share(e->archive) : 0;
        if (r < 0)
                return engine_archive_failed(e, r);
        return 0;
}

Identity *engine_identity(Engine *e)
{
        if (!e->identity)
                e->identity = identity_new(e->settings.user_id, e->settings.user_name);
        return e->identity;
}

/*
 * The policy in force. The rules need not be loaded for it where their files are those of the last cycle that wrote: then
 * their digest is known.
 */
static int need_policy(Engine *e)
{
        RulesetOptions options = rules_options(&e->settings);
        int64_t resyncs;
        uint64_t files, known;
        int r;

        if (e->has_policy)
                return 0;
        r = ruleset_files_digest(&options, &files);
        if (r >= 0 && (uint64_t) archive_meta_get_int(e->archive, "rules_files", 0) == files) {
                e->rules_digest = (uint64_t) archive_meta_get_int(e->archive, "rules_digest", 0);
                e->rules_are_stale = !e->rules || ruleset_digest(e->rules) != e->rules_digest;
        } else {
                e->rules_are_stale = e->rules_are_stale || r < 0 || e->loaded_files != files;
                r = need_rules(e);
                if (r < 0)
                        return r;
                e->rules_digest = ruleset_digest(e->rules);
                e->rules_files = e->result->warning_kind == WARNING_RULES ? 0 : files;
        }
        resyncs = archive_meta_get_int(e->archive, "resyncs", 0);
        e->takes_identity = archive_meta_get_int(e->archive, "identity_resync", 0) > 0;
        e->masker = masker_free(e->masker); /* it has the values from before */
        r = known_files_load(&e->known_files, e->archive, e->settings.known_files, &known);
        if (r < 0)
                return engine_archive_failed(e, r);
        e->policy = policy_digest(&e->settings, e->rules_digest, known, resyncs,
                                  archive_key(e->archive));
        e->has_policy = true;
        return 0;
}

/*
 * Each home folder that is or was that of whoever runs this: a path from before stays masked, whoever runs it today. They
 * are kept beside the archive, not in it, which may be shared.
 */
static int add_homes(Engine *e)
{
        _cleanup_free_ char *path = NULL, *known = NULL, *all = NULL;
        const char *home = e->settings.mask_home;
        bool is_known = false;
        size_t size;
        char *rest;
        int r;

        if (!home)
                return 0;
        path = xasprintf("%s.homes", e->settings.archive_path);
        r = file_read(path, HOMES_BYTES_MAX, &known, &size);
        if (r < 0 && r != -ENOENT)
                return r;
        all = xasprintf("%s%s\n", known ?: "", home);
        rest = known;
        for (char *p; (p = strsep(&rest, "\n"));) {
                is_known = is_known || strcmp(p, home) == 0;
                masker_add_home(e->masker, p);
        }
        if (is_known)
                return 0;
        masker_add_home(e->masker, home);
        return file_write_atomic(path, 0600, all, strlen(all));
}

int engine_need_masker(Engine *e)
{
        int r;

        if (e->masker)
                return 0;
        r = need_rules(e);
        if (r < 0)
                return r;
        if (ruleset_digest(e->rules) != e->rules_digest) {
                e->has_policy = false; /* somebody changed their files since the policy was made */
                return -EAGAIN;
        }
        e->masker = masker_new(e->rules, archive_key(e->archive));
        r = add_homes(e);
        if (r < 0) {
                e->masker = masker_free(e->masker);
                return engine_archive_failed(e, r);
        }
        masker_set_known_values(e->masker, e->known_files.values);
        masker_set_progress(e->masker, on_masking, e);
        e->row_masker.masker = e->masker;
        row_masker_forget_words(&e->row_masker);
        return 0;
}

/* Returns 1 (opened just now), 0, or a negative errno with the failure in the result. */
static int need_source(Engine *e)
{
        int r;

        if (!e->reader)
                e->reader = reader_new(e->settings.source_path, archive_key(e->archive));
        reader_expect(e->reader, e->data_version);
        reader_set_max(e->reader, e->settings.max_message_bytes ?: READER_MAX_BYTES);
        r = reader_open(e->reader, &e->result->sentence);
        if (r < 0)
                e->result->failure = r == -ENOENT ? CYCLE_SOURCE_MISSING : CYCLE_SOURCE_UNAVAILABLE;
        if (r != 0)
                e->looked = e->usage_is_seen = false;
        if (r > 0)
                e->opened = true;
        return r;
}

/* The cycle */

/* Stars, pins, labels and the like, and deletions: small tables, read in one short transaction. */
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
                r = mirror_rows(e);
        read_end(e);
        if (r < 0 && r != -EAGAIN && e->result->failure == CYCLE_OK)
                return engine_source_failed(e, r);
        return r;
}

/* Until when this cycle is sure to see what was marked, by our clock (a file's time may be in the future). */
static void now_with_slack(char ret[static TIMESTAMP_MAX])
{
        uint64_t now = now_usec(CLOCK_REALTIME);

        format_timestamp(ret, now > MARKER_SLACK_USEC ? now - MARKER_SLACK_USEC : 0);
}

/* Where the next window begins: at @sure, or at the newest mark where that is earlier, for our clock may be ahead of that
 * of agentsview. */
static int next_marker(Engine *e, const char *sure, char ret[static TIMESTAMP_MAX])
{
        int r = reader_newest_marker(e->reader, ret, TIMESTAMP_MAX);

        if (r < 0)
                return engine_source_failed(e, r);
        if (r == 0 || strcmp(ret, sure) > 0)
                (void) snprintf(ret, TIMESTAMP_MAX, "%s", sure);
        return 0;
}

/* For the next look whether the rules are the same. */
static int write_rules_facts(Engine *e)
{
        uint64_t files = e->rules_files;
        int r;

        e->rules_files = 0;
        if (files == 0)
                return 0;
        r = archive_meta_set_int(e->archive, "rules_files", (int64_t) files);
        return r < 0 ? r
                     : archive_meta_set_int(e->archive, "rules_digest", (int64_t) e->rules_digest);
}

/* What is written at the end of a cycle that changed something. */
static int write_facts(Engine *e)
{
        char now[TIMESTAMP_MAX];
        int r;

        r = batch_begin(e);
        if (r < 0)
                return r;
        format_timestamp(now, e->totals.last_sync_at_usec);
        r = archive_meta_set(e->archive, "source_marker", e->marker);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "source_rowid", e->seen_rowid);
        if (reader_data_version(e->reader) > e->data_version)
                e->data_version = reader_data_version(e->reader);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "source_data_version", e->data_version);
        if (r >= 0)
                r = write_rules_facts(e);
        if (r >= 0 && e->takes_identity && e->result->full && !e->had_errors) {
                e->takes_identity = false;
                r = archive_meta_set_int(e->archive, "identity_resync", 0);
        }
        if (r >=
            0) /* a session that failed keeps its old policy in its cursor: each audit tries it again */
                r = archive_meta_set_int(e->archive, "policy", e->policy);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, "sync_version", SYNC_VERSION);
        if (r >= 0)
                r = archive_meta_set(e->archive, "last_synced_at", now);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Both sides, as they are when all is equal: the source's files before they were read, the archive's last change, and the
 * policy it is under. NULL: not known. */
static char *both_sides(const Engine *e)
{
        return e->source_state ? xasprintf("%" PRId64 " %" PRId64 " %s", e->policy,
                                           archive_last_change(e->archive), e->source_state)
                               : NULL;
}

/* Was neither side written to since all was equal? */
static bool is_still_equal(Engine *e)
{
        _cleanup_free_ char *now = both_sides(e), *was = NULL;

        return now && e->stuck.n == 0 && archive_meta_get(e->archive, "verified", &was) > 0 &&
               strcmp(was, now) == 0;
}

static void note_source_state(Engine *e)
{
        (void) file_state_get(e->settings.source_path, now_usec(CLOCK_REALTIME), &e->source_state);
}

/* All that an audit writes that changed nothing. */
static int write_verified(Engine *e)
{
        _cleanup_free_ char *sides = both_sides(e);
        char now[TIMESTAMP_MAX];
        int r;

        e->totals.last_verified_at_usec = e->totals.last_sync_at_usec;
        r = batch_begin(e);
        if (r < 0)
                return r;
        format_timestamp(now, e->totals.last_verified_at_usec);
        r = archive_meta_set(e->archive, "last_verified_at", now);
        if (r >= 0)
                r = archive_meta_set(e->archive, "verified",
                                     sides && e->n_left_out == 0 ? sides : "");
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* Now, with the archive's precision: a restart must not change what Status shows. */
static uint64_t now_as_stored(void)
{
        return now_usec(CLOCK_REALTIME) / USEC_PER_MSEC * USEC_PER_MSEC;
}

/*
 * The end of a cycle that ran through: the next window begins at @marker, unless a session failed in this one.
 * With @compared_all nothing differs now, or it had errors. A look that found nothing writes nothing.
 */
static int finish_cycle(Engine *e, const char *marker, int64_t changes_before, bool compared_all)
{
        int r = 0;

        e->totals.last_sync_at_usec = now_as_stored();
        if (!e->had_errors)
                (void) snprintf(e->marker, sizeof(e->marker), "%s", marker);
        if (archive_n_changes(e->archive) != changes_before || e->result->full)
                r = write_facts(e);
        if (r >= 0 && compared_all && !e->had_errors)
                r = write_verified(e);
        if (r >= 0)
                r = batch_commit(e);
        if (r < 0)
                return r;
        r = archive_end_filling(e->archive);
        if (r < 0)
                return engine_archive_failed(e, r);
        e->n_cursors = archive_cursor_count(e->archive);
        return 0;
}

/* If the archive was last filled from another file than the one just opened, its marker and revisions mean nothing. */
static int check_source_file(Engine *e)
{
        _cleanup_free_ char *was = NULL, *is = NULL;
        int r;

        if (!e->opened)
                return 0;
        e->opened = false;
        is = reader_identity(e->reader);
        r = archive_meta_get(e->archive, "source_file", &was);
        if (r < 0)
                return engine_archive_failed(e, r);
        if (r > 0 && strcmp(was, is) == 0)
                return 0;
        e->result->source_swapped = r > 0;
        r = batch_begin(e);
        if (r >= 0) {
                e->marker[0] = 0;
                e->seen_rowid = INT64_MIN;
                r = archive_meta_set(e->archive, "source_file", is);
                if (r >= 0)
                        r = archive_meta_set(e->archive, "source_marker", "");
                if (r >= 0)
                        r = archive_meta_set_int(e->archive, "deletion_revision", 0);
                if (r < 0)
                        return engine_archive_failed(e, r);
                /* now: a session that fails rolls back what its batch holds */
                r = batch_commit(e);
        }
        return r;
}

/* The question asked most often, and the cheapest: is it the same file, and did nobody commit? Returns 1, 0 or
 * negative. */
static int nothing_changed(Engine *e)
{
        int r;

        if (!e->archive || !archive_is_in_place(e->archive))
                return 0;
        r = need_source(e);
        if (r != 0)
                return r < 0 ? r : 0;
        r = reader_changed(e->reader);
        if (r < 0)
                return engine_source_failed(e, r);
        if (r == 0)
                e->totals.last_sync_at_usec = now_as_stored();
        return r == 0;
}

/* What failed there stays as it was under its old policy: each audit tries it again, until none is left. */
static int mask_stale(Engine *e)
{
        bool were_left = archive_meta_get_int(e->archive, "stale_left", 0) > 0;
        int left, r;

        if (e->n_cursors == 0 || (!e->result->full && !were_left))
                return 0;
        left = walk_stale(e, true);
        if (left < 0 || (left > 0) == were_left)
                return left;
        r = batch_begin(e);
        if (r < 0)
                return r;
        r = archive_meta_set_int(e->archive, "stale_left", left);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

static int run_cycle(Engine *e, CycleKind kind)
{
        char sure[TIMESTAMP_MAX], next[TIMESTAMP_MAX];
        bool by_marker;
        int64_t changes;
        int r, opened;

        if (known_files_are_stale(&e->known_files))
                e->has_policy = e->looked = false;
        if (kind == CYCLE_NORMAL && e->looked && !e->had_errors && !e->has_traces) {
                r = nothing_changed(e);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        if (!e->archive && access(e->settings.archive_path, F_OK) < 0) {
                r = need_rules(e); /* with broken rules there is no archive */
                if (r < 0)
                        return r;
        }
        r = need_archive(e);
        if (r >= 0)
                r = need_policy(e);
        if (r < 0)
                return r;
        e->result->full = archive_meta_get_int(e->archive, "policy", 0) != e->policy;
        free(TAKE_PTR(e->source_state));
        /* before the source is opened, which may be swapped then; only where all will be compared */
        if (kind >= CYCLE_AUDIT || e->result->full || !e->marker[0])
                note_source_state(e);
        if (kind == CYCLE_SURE && !e->result->full && is_still_equal(e))
                return 0;
        opened = need_source(e);
        stuck_begin(e);
        if (opened == -ENOENT && e->result->full) {
                r = walk_stale(e, false);
                if (r >= 0)
                        r = conversations_share(e);
                if (r >= 0 && stuck_n_due(e) > 0)
                        r = stuck_sync(e);
                return r < 0 ? r : batch_commit(e);
        }
        if (opened < 0)
                return opened;

        changes = archive_n_changes(e->archive);
        reader_mark_seen(e->reader);
        now_with_slack(sure);
        r = next_marker(e, sure, next);
        if (r >= 0)
                r = check_source_file(e);
        if (r < 0)
                return r;

        e->had_errors = false;
        /* not after the clock was set back: what was marked between then and now is before the window; nor after the service
         * was stuck in a session, which it may have reached through a resync */
        by_marker = e->marker[0] && strcmp(e->marker, sure) <= 0 && kind < CYCLE_AUDIT &&
                    !e->result->full && reader_has_markers(e->reader) &&
                    (e->looked || e->stuck.n == 0);
        if (!by_marker)
                e->usage_is_seen = false;
        r = walk_sessions(e, by_marker ? e->marker : NULL);
        if (r < 0)
                return r;
        r = conversations_share(e);
        if (r >= 0)
                r = mirror_small_tables(e);
        if (r >= 0 && !by_marker)
                r = mask_stale(e);
        if (r >= 0) /* what notes, and sessions that only the archive has, revealed */
                r = conversations_share(e);
        if (r < 0)
                return r;
        r = finish_cycle(e, next, changes, !by_marker);
        if (r >= 0 && stuck_n_due(e) > 0) {
                r = stuck_sync(e);
                if (r >= 0)
                        r = finish_cycle(e, next, changes, !by_marker);
        }
        if (r < 0)
                return r;
        if (!by_marker)
                stuck_forget_unmet(e);
        e->looked = e->usage_is_seen = true;
        return r;
}

/* What became of the previous archive; a damaged one is reported until a person has looked at it. */
static void warn_of_archive(Engine *e)
{
        CycleResult *result = e->result;
        const char *moved = e->archive ? archive_moved_aside(e->archive) : NULL;

        result->archive_replaced = e->archive_replaced;
        e->archive_replaced = false;
        result->mended = e->archive ? archive_take_mended(e->archive) : NULL;
        if (result->warning)
                return;
        if (e->archive_vanished) {
                result->warning_kind = WARNING_ARCHIVE_VANISHED;
                format_error(&result->warning,
                             "The archive '%s' was moved or removed while it was in use, and a new "
                             "one was built from the source. What agentsview no longer had is only "
                             "in the old archive. To use the old one again, stop the service, put "
                             "it back in its place, and start the service. To continue with the new "
                             "one, restart the service.",
                             e->settings.archive_path);
                return;
        }
        if (!moved)
                return;
        result->warning_kind = WARNING_ARCHIVE_DAMAGED;
        format_error(&result->warning,
                     "The archive was damaged and was moved to '%s'; a new one was built from the "
                     "source. What agentsview no longer had is only in the damaged one, and so is "
                     "text that has been purged or masked since. Check the disk, and remove that "
                     "file when you no longer need it.",
                     moved);
}

/* agentsview was told to keep less than before: a person should know why the archive does not follow. */
static void warn_of_left_out(Engine *e)
{
        if (e->n_left_out == 0 || e->result->warning)
                return;
        format_error(&e->result->warning,
                     "agentsview keeps less text of %" PRIu64
                     " session%s than the archive has (archive_content in its config.toml). "
                     "Archived text stays.",
                     e->n_left_out, PLURAL(e->n_left_out));
        e->result->warning_kind = WARNING_TEXTS_LEFT_OUT;
}

/* A file that is not as it should be: until it is, or is taken out of the settings. */
static void warn_of_known_files(Engine *e)
{
        if (!e->known_files.problem || e->result->warning)
                return;
        e->result->warning = xstrdup(e->known_files.problem);
        e->result->warning_kind = WARNING_KNOWN_FILES;
}

/* After a cycle that read much: gives back the caches, and what the allocator kept. */
static void release_memory(Engine *e)
{
        row_masker_done(&e->row_masker);
        e->row_masker.masker = e->masker;
        if (e->masker)
                masker_forget(e->masker);
        look_back_done(&e->look_back);
        conversation_done(&e->conversation);
        arena_done(&e->session_arena);
        if (e->archive)
                archive_release_memory(e->archive);
        if (e->reader)
                reader_release_memory(e->reader);
        (void) malloc_trim(0);
}

void engine_cycle(Engine *e, CycleKind kind, CycleResult *ret)
{
        uint64_t began = now_usec(CLOCK_MONOTONIC), cpu = now_usec(CLOCK_THREAD_CPUTIME_ID);
        int r;

        *ret = (CycleResult){ 0 };
        e->result = ret;
        e->progress = (Progress){ 0 };
        e->stopping = false;
        e->n_left_out = 0;
        e->unshared = strv_free(e->unshared);
        e->last_stuck[0] = 0;
        e->follows = e->looked;
        r = run_cycle(e, kind);
        if (r == -EAGAIN) {
                read_end(e);
                batch_rollback(e);
                r = run_cycle(e, kind);
        }
        read_end(e);
        if (e->archive && !archive_in_transaction(e->archive)) {
                int k = engine_wipe_traces(e); /* with or without a source */

                r = r < 0 ? r : k;
        }
        if (r >= 0)
                warn_of_archive(e);
        if (r >= 0)
                warn_of_left_out(e);
        if (r >= 0)
                warn_of_known_files(e);
        if (r >= 0)
                stuck_warn(e);
        if (r == -ECANCELED && e->stopping) {
                /* finished work is kept: a batch consists of whole sessions */
                r = batch_commit(e);
                if (r >= 0 && ret->failure == CYCLE_OK) {
                        ret->failure = CYCLE_STOPPING;
                        format_error(&ret->sentence,
                                     "Stopped before the end of the cycle; finished work is committed.");
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
                if (ret->failure == CYCLE_ARCHIVE_UNAVAILABLE) {
                        if (r == -EUCLEAN && e->archive)
                                archive_suspect(e->archive);
                        close_archive(e);
                }
        }
        if (e->n_cursors > ret->sessions_synced)
                ret->sessions_skipped = e->n_cursors - ret->sessions_synced;
        if (ret->bytes_read > MUCH_BYTES)
                release_memory(e);
        else if (e->has_leftovers)
                (void) malloc_trim(0);
        e->has_leftovers = false;
        ret->elapsed_usec = now_usec(CLOCK_MONOTONIC) - began;
        ret->cpu_usec = now_usec(CLOCK_THREAD_CPUTIME_ID) - cpu;
        e->result = NULL;
}
