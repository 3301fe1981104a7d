/*
 * Batches: several sessions in one transaction of the archive, several in one of the source
 *
 * And what it means when either fails.
 */
#include <string.h>

#include "sync/engine-internal.h"

/*
 * Keys are random (UUIDs), so a batch of small sessions writes nearly every page of the indexes once, however many
 * sessions it has: the larger the better, up to what memory and the work that a kill undoes allow.
 */
#define BATCH_USEC  (1 * USEC_PER_SEC)
#define BATCH_BYTES (8 * 1024 * 1024)

/* A read transaction is ended and begun again after this time: agentsview's `sync --full` waits 5 s for it, then gives up its
 * swap. */
#define READ_USEC (300 * USEC_PER_MSEC)

void batch_drop_secrets(Engine *e)
{
        for (size_t i = 0; i < e->n_new_secrets; i++)
                session_secrets_done(e->new_secrets + i);
        free(e->new_secrets);
        e->new_secrets = NULL;
        e->n_new_secrets = 0;
}

int engine_archive_failed(Engine *e, int error)
{
        CycleResult *result = e->result;

        if (result->failure != CYCLE_OK)
                return error;
        result->failure = CYCLE_ARCHIVE_UNAVAILABLE;
        if (error == -ENOSPC || error == -EDQUOT)
                format_error(&result->sentence,
                             "The disk is full: the archive '%s' cannot be written. Nothing is "
                             "lost; syncing continues when there is space.",
                             e->settings.archive_path);
        else
                format_error(&result->sentence, "The archive '%s' cannot be written: %s.",
                             e->settings.archive_path,
                             error == -ENOMEM ? "there is no memory" : archive_reason(e->archive));
        return error;
}

int engine_source_failed(Engine *e, int error)
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
                             error == -ENOMEM ? "there is no memory" : reader_reason(e->reader));
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
static void count_batch(Engine *e)
{
        CycleResult *result = e->result, *batch = &e->batch;

        result->sessions_synced += batch->sessions_synced;
        result->secrets_detected += batch->secrets_detected;
        result->secrets_added += batch->secrets_added;
        result->secrets_new += batch->secrets_new;
        result->messages_written += batch->messages_written;
        result->sessions_removed += batch->sessions_removed;
        e->totals.total_synced += batch->sessions_synced;
        e->totals.total_secrets += batch->secrets_added;
        for (size_t i = 0; i < batch->n_rules; i++)
                rule_counts_add(&result->rules, &result->n_rules, batch->rules[i].rule,
                                batch->rules[i].n);
        for (size_t i = 0; i < batch->n_large; i++)
                cycle_result_add_large(result, batch->large[i].session_id,
                                       strlen(batch->large[i].session_id), batch->large[i].reason);
        if (batch->warning && !result->warning) {
                result->warning = TAKE_PTR(batch->warning);
                result->warning_kind = batch->warning_kind;
        }
        cycle_result_done(batch);
}

/* With the sessions that they count: a kill or a stop in mid-cycle loses neither. */
static int write_totals(Engine *e)
{
        const EngineTotals *t = &e->totals;
        int r = 0;

        if (e->batch.sessions_synced > 0)
                r = archive_meta_set_int(e->archive, "total_synced",
                                         (int64_t) (t->total_synced + e->batch.sessions_synced));
        if (r >= 0 && e->batch.secrets_added > 0)
                r = archive_meta_set_int(e->archive, "total_masked",
                                         (int64_t) (t->total_secrets + e->batch.secrets_added));
        return r;
}

int batch_commit(Engine *e)
{
        int r;

        if (!archive_in_transaction(e->archive))
                return 0;
        read_end(e); /* a commit may take its time */
        r = write_totals(e);
        if (r >= 0)
                r = archive_commit(e->archive);
        if (r < 0)
                return engine_archive_failed(e, r);
        count_batch(e);
        for (size_t i = 0; i < e->n_new_secrets; i++)
                if (e->hooks.on_secrets)
                        e->hooks.on_secrets(e->hooks.userdata, e->new_secrets + i);
        batch_drop_secrets(e);
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

/* In meta while there are some: this process may end before they are wiped. */
#define META_TRACES "has_traces"

void engine_load_traces(Engine *e)
{
        e->has_traces = archive_meta_get_int(e->archive, META_TRACES, 0) != 0;
}

int engine_note_traces(Engine *e)
{
        int r;

        if (e->has_traces)
                return 0;
        r = archive_meta_set_int(e->archive, META_TRACES, 1);
        if (r < 0)
                return engine_archive_failed(e, r);
        e->has_traces = true;
        return 0;
}

int engine_wipe_traces(Engine *e)
{
        int r;

        if (!e->has_traces || archive_in_transaction(e->archive))
                return 0;
        r = archive_wipe_traces(e->archive);
        if (r == -EBUSY)
                return 0;
        if (r >= 0)
                r = archive_meta_set_int(e->archive, META_TRACES, 0);
        if (r < 0)
                return engine_archive_failed(e, r);
        e->has_traces = false;
        return 0;
}

void batch_rollback(Engine *e)
{
        e->batch_is_tainted = false;
        if (e->archive) {
                archive_rollback(e->archive);
                engine_load_traces(e);
        }
        cycle_result_done(&e->batch);
        batch_drop_secrets(e);
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
