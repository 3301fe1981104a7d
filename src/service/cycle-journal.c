/* What the journal says about cycles */
#include "service/cycle-journal.h"

#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "base/strbuf.h"
#include "base/time-util.h"
#include "service/log.h"

#define ERRORS_TOLD_MAX 20 /* sessions that get a message of their own in one cycle */

void cycle_journal_done(CycleJournal *j)
{
        free(j->last_error);
        *j = (CycleJournal){ 0 };
}

/* Returns 1 when it is another one now. */
static int set_error(CycleJournal *j, const char *sentence)
{
        char *copy;

        if (strcmp(j->last_error ?: "", sentence ?: "") == 0)
                return 0;
        copy = sentence ? xstrdup(sentence) : NULL;
        free(j->last_error);
        j->last_error = copy;
        return 1;
}

/* The places that a message is about. */
#define PLACES(s)                                             \
        { "SCRUBJAY_SOURCE", .text = (s)->source_path },      \
        {                                                     \
                "SCRUBJAY_ARCHIVE", .text = (s)->archive_path \
        }

/* Why cycles cannot run. */
static void tell_failure(const Settings *s, const CycleResult *result)
{
        switch (result->failure) {
        case CYCLE_SOURCE_MISSING:
                log_event(LOG_NOTICE, MESSAGE_SOURCE_MISSING, LOG_FIELDS(PLACES(s)), "%s",
                          result->sentence ?: "The source does not exist yet, waiting for it.");
                break;
        case CYCLE_SOURCE_UNAVAILABLE:
                log_event(LOG_ERR, MESSAGE_SOURCE_FAILED, LOG_FIELDS(PLACES(s)), "%s",
                          result->sentence ?: "The source cannot be used.");
                break;
        case CYCLE_ARCHIVE_UNAVAILABLE:
                log_event(LOG_ERR, MESSAGE_ARCHIVE_FAILED, LOG_FIELDS(PLACES(s)), "%s",
                          result->sentence ?: "The archive cannot be used.");
                break;
        case CYCLE_RULES_INVALID:
                log_event(LOG_ERR, MESSAGE_RULES_BROKEN, LOG_FIELDS(PLACES(s)), "%s",
                          result->sentence ?: "The masking rules cannot be used.");
                break;
        case CYCLE_OK:
        case CYCLE_STOPPING:
                break;
        }
}

/* What failed before works again. */
static void tell_recovery(const Settings *s, CycleFailure was)
{
        switch (was) {
        case CYCLE_SOURCE_MISSING:
        case CYCLE_SOURCE_UNAVAILABLE:
                log_event(LOG_NOTICE, MESSAGE_SOURCE_BACK, LOG_FIELDS(PLACES(s)),
                          "The source '%s' can be read again.", s->source_path);
                break;
        case CYCLE_ARCHIVE_UNAVAILABLE:
                log_event(LOG_NOTICE, MESSAGE_ARCHIVE_BACK, LOG_FIELDS(PLACES(s)),
                          "The archive '%s' can be written again.", s->archive_path);
                break;
        case CYCLE_RULES_INVALID:
                log_event(LOG_NOTICE, MESSAGE_RULES_BACK, LOG_FIELDS(PLACES(s)),
                          "The masking rules can be used again.");
                break;
        case CYCLE_OK:
        case CYCLE_STOPPING:
                break;
        }
}

/* Tells two lists of session errors apart; nothing secret in it, so the key may be fixed. */
static uint64_t digest_errors(const CycleResult *result)
{
        static const HashKey key = { "session errors" };
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (result->n_errors == 0)
                return 0;
        for (size_t i = 0; i < result->n_errors; i++)
                (void) strbuf_printf(&b, "%s\n%s\n", result->errors[i].session_id,
                                     result->errors[i].reason);
        return b.failed ? 0 : hash_bytes(&key, b.data, b.size);
}

static void tell_session_errors(const CycleResult *result)
{
        uint64_t n = result->n_errors + result->n_errors_left_out;

        for (size_t i = 0; i < result->n_errors && i < ERRORS_TOLD_MAX; i++)
                log_event(LOG_WARNING, MESSAGE_SESSION_FAILED,
                          LOG_FIELDS({ "SCRUBJAY_SESSION", result->errors[i].session_id }),
                          "The session '%s' could not be synced: %s", result->errors[i].session_id,
                          result->errors[i].reason);
        if (n > ERRORS_TOLD_MAX)
                log_event(LOG_WARNING, MESSAGE_SESSION_FAILED,
                          LOG_FIELDS({ "SCRUBJAY_COUNT", .number = n - ERRORS_TOLD_MAX }),
                          "%" PRIu64 " more session%s could not be synced.", n - ERRORS_TOLD_MAX,
                          PLURAL(n - ERRORS_TOLD_MAX));
}

static void tell_numbers(const Settings *s, const CycleResult *r)
{
        _cleanup_(strbuf_done) StrBuf took = { 0 };
        bool idle = r->sessions_synced == 0 && r->sessions_removed == 0 && r->n_errors == 0;

        format_time_span(&took, r->elapsed_usec / USEC_PER_MSEC * USEC_PER_MSEC);
        log_event(idle ? LOG_DEBUG : LOG_INFO, MESSAGE_CYCLE_DONE,
                  LOG_FIELDS({ "SCRUBJAY_SYNCED", .number = r->sessions_synced },
                             { "SCRUBJAY_SKIPPED", .number = r->sessions_skipped },
                             { "SCRUBJAY_REMOVED", .number = r->sessions_removed },
                             { "SCRUBJAY_SECRETS", .number = r->secrets_detected },
                             { "SCRUBJAY_SECRETS_NEW", .number = r->secrets_new },
                             { "SCRUBJAY_ERRORS", .number = r->n_errors + r->n_errors_left_out },
                             { "SCRUBJAY_MESSAGES", .number = r->messages_written },
                             { "SCRUBJAY_BYTES", .number = r->bytes_read },
                             { "SCRUBJAY_ELAPSED_USEC", .number = r->elapsed_usec },
                             { "SCRUBJAY_CPU_USEC", .number = r->cpu_usec }),
                  "Synced %" PRIu64 " session%s (%" PRIu64 " unchanged, %" PRIu64
                  " failed), masked %" PRIu64 " secret%s (%" PRIu64 " new), in %s.",
                  r->sessions_synced, PLURAL(r->sessions_synced), r->sessions_skipped,
                  r->n_errors + r->n_errors_left_out, r->secrets_detected,
                  PLURAL(r->secrets_detected), r->secrets_new, took.data ?: "0");
}

static void tell_done(const Settings *s, uint64_t n_synced, const CycleResult *result)
{
        if (result->source_swapped)
                log_event(LOG_NOTICE, MESSAGE_SOURCE_SWAPPED, LOG_FIELDS(PLACES(s)),
                          "Another file replaced '%s', so it was opened again.", s->source_path);
        if (result->full &&
            n_synced > result->sessions_synced) /* the very first time is no resync */
                log_event(LOG_NOTICE, MESSAGE_RESYNC, LOG_FIELDS(PLACES(s)),
                          "All sessions were synced again, because rules or settings changed or by "
                          "request.");
        if (result->mended)
                log_event(LOG_WARNING, MESSAGE_MADE_PRIVATE, LOG_FIELDS(PLACES(s)),
                          "Others had access to '%s'; now only you have access.", result->mended);
        for (size_t i = 0; i < result->n_large; i++)
                log_event(LOG_WARNING, MESSAGE_TEXT_LEFT_OUT,
                          LOG_FIELDS({ "SCRUBJAY_SESSION", result->large[i].session_id }),
                          "The session '%s' was archived without all of its text: %s.",
                          result->large[i].session_id, result->large[i].reason);
        for (size_t i = 0; i < result->n_rules; i++)
                log_event(LOG_NOTICE, MESSAGE_SECRETS_MASKED,
                          LOG_FIELDS({ "SCRUBJAY_RULE", result->rules[i].rule },
                                     { "SCRUBJAY_COUNT", .number = result->rules[i].n }),
                          "Masked %" PRIu32 " new secret%s by the rule '%s'.", result->rules[i].n,
                          PLURAL(result->rules[i].n), result->rules[i].rule);
        tell_numbers(s, result);
}

static void tell_warning(const Settings *s, const CycleResult *result)
{
        static const struct {
                int level;
                const char *id;
        } messages[] = {
                [WARNING_NONE] = { LOG_WARNING, NULL },
                [WARNING_RULES] = { LOG_WARNING, MESSAGE_RULES_BROKEN },
                [WARNING_ARCHIVE_DAMAGED] = { LOG_ERR, MESSAGE_ARCHIVE_DAMAGED },
                [WARNING_TEXTS_LEFT_OUT] = { LOG_WARNING, MESSAGE_SOURCE_LEFT_OUT },
                [WARNING_ARCHIVE_VANISHED] = { LOG_ERR, MESSAGE_ARCHIVE_VANISHED },
                [WARNING_SESSION_STUCK] = { LOG_WARNING, MESSAGE_SESSION_STUCK },
                [WARNING_KNOWN_FILES] = { LOG_WARNING, MESSAGE_KNOWN_FILES },
                [WARNING_MANY_SECRETS] = { LOG_WARNING, MESSAGE_MANY_SECRETS },
        };

        log_event(messages[result->warning_kind].level, messages[result->warning_kind].id,
                  LOG_FIELDS(PLACES(s)), "%s", result->warning);
}

/* The sentence for Status after a cycle that ran; NULL: all is well. */
static void sentence_of(const CycleResult *result, char **ret)
{
        uint64_t n = result->n_errors + result->n_errors_left_out;

        *ret = NULL;
        if (n == 1)
                format_error(ret, "The session '%s' could not be synced: %s",
                             result->errors[0].session_id, result->errors[0].reason);
        else if (n > 1)
                format_error(ret, "%" PRIu64 " sessions could not be synced; the first is '%s': %s",
                             n, result->errors[0].session_id, result->errors[0].reason);
        else if (result->warning)
                *ret = xstrdup(result->warning);
}

int cycle_journal_add(CycleJournal *j, const Settings *settings, uint64_t n_synced,
                      const CycleResult *result)
{
        _cleanup_free_ char *sentence = NULL;
        uint64_t digest;

        if (result->failure == CYCLE_STOPPING) {
                tell_done(settings, n_synced, result);
                return 0;
        }
        if (result->failure != CYCLE_OK) {
                int changed = set_error(j, result->sentence ?: "The cycle could not run.");

                if (result->failure != j->failure || changed)
                        tell_failure(settings, result);
                j->failure = result->failure;
                return changed;
        }
        tell_recovery(settings, j->failure);
        j->failure = CYCLE_OK;
        digest = digest_errors(result);
        if (digest != j->told_errors)
                tell_session_errors(result);
        j->told_errors = digest;
        tell_done(settings, n_synced, result);
        sentence_of(result, &sentence);
        if (result->warning && strcmp(result->warning, j->last_error ?: "") != 0)
                tell_warning(settings, result);
        return set_error(j, sentence);
}
