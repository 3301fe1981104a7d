/*
 * The secrets that no session had: counted while it is written, announced when it is committed
 *
 * Some of them have just been pasted, which a person wants to know at once. It must not be said of what lay there for
 * long: of the backlog that a first sync or a resync brings, of old transcripts that agentsview finds late, or of a
 * secret that another session holds already.
 */
#include <string.h>

#include "base/time-util.h"
#include "mask/view.h"
#include "sync/engine-internal.h"

/* Transcripts are written at once, but agentsview may have been off for a working day. */
#define JUST_NOW_USEC (12 * USEC_PER_HOUR)

/* In one session; whoever pastes more is told about these. */
#define PASTED_MAX 100

/* Returns 0, or -EINVAL: it does not say. */
static int read_time(const Value *time, uint64_t *ret_usec)
{
        char text[TIMESTAMP_MAX + 16];

        if (time->type != VALUE_TEXT || time->size == 0 || time->size >= sizeof(text))
                return -EINVAL;
        memcpy(text, time->text, time->size);
        text[time->size] = 0;
        return parse_timestamp(text, ret_usec);
}

void secrets_time(char ret[static TIMESTAMP_MAX], const Value *time, const Value *fallback)
{
        uint64_t usec;

        if (read_time(time, &usec) < 0 && read_time(fallback, &usec) < 0)
                usec = now_usec(CLOCK_REALTIME);
        (void) format_timestamp(ret, usec);
}

static bool is_just_now(const Engine *e, const Message *m)
{
        uint64_t usec;

        if (!e->follows || e->result->full)
                return false;
        return read_time(m->values + MESSAGE_TIMESTAMP, &usec) < 0 ||
               usec + JUST_NOW_USEC > now_usec(CLOCK_REALTIME);
}

static const char *describe_rule(const Engine *e, const char *id)
{
        RuleInfo info;

        if (strcmp(id, KNOWN_VALUE) == 0)
                return "value of a file of KnownFiles=";
        for (size_t i = 0; i < ruleset_n_rules(e->rules); i++)
                if (strcmp(ruleset_rule(e->rules, i, &info)->id, id) == 0 && info.description)
                        return info.description;
        return id;
}

static uint64_t count_all(const RuleCount *rules, size_t n_rules)
{
        uint64_t n = 0;

        for (size_t i = 0; i < n_rules; i++)
                n += rules[i].n;
        return n;
}

/* One finding whose secret is new to the conversation; @just_now: and said just now. */
static int add_new(Engine *e, const RowFinding *f, bool just_now, SessionSecrets *secrets)
{
        int r;

        r = archive_secret_seen(e->archive, f->fingerprint);
        if (r != 0)
                return r < 0 ? r : 0;
        rule_counts_add(&secrets->rules, &secrets->n_rules, f->rule, 1);
        if (just_now && count_all(secrets->pasted, secrets->n_pasted) < PASTED_MAX)
                rule_counts_add(&secrets->pasted, &secrets->n_pasted, describe_rule(e, f->rule), 1);
        return 0;
}

int secrets_count_new(Engine *e, const Message *m, SessionSecrets *secrets)
{
        const RowMasker *rm = &e->row_masker;
        bool just_now = m && rm->n_findings > 0 && is_just_now(e, m);

        for (size_t i = 0; i < rm->n_findings; i++) {
                const RowFinding *f = rm->findings + i;
                int r;

                if (conversation_find(&e->conversation, f->fingerprint))
                        continue;
                r = conversation_add(&e->conversation, f->fingerprint, f->rule);
                if (r < 0)
                        return r;
                r = add_new(e, f, just_now, secrets);
                if (r < 0)
                        return engine_archive_failed(e, r);
        }
        return 0;
}

void secrets_announce(Engine *e, const Value *id, const Value *project, SessionSecrets *secrets)
{
        for (size_t i = 0; i < secrets->n_rules; i++)
                rule_counts_add(&e->batch.rules, &e->batch.n_rules, secrets->rules[i].rule,
                                secrets->rules[i].n);
        e->batch.secrets_new += count_all(secrets->rules, secrets->n_rules);
        if (secrets->n_rules == 0)
                return;
        secrets->session_id = xstrndup(id->text, id->size);
        secrets->project = project->type == VALUE_TEXT ? xstrndup(project->text, project->size)
                                                       : xstrdup("");
        APPEND(e->new_secrets, e->n_new_secrets, TAKE_STRUCT(*secrets));
}
