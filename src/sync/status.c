/* What a cycle did, in numbers */
#include "sync/status.h"

#include <string.h>

#include "base/strbuf.h"

#define ERRORS_MAX \
        1000 /* kept by text; a source that is broken throughout must not fill the memory */
#define LARGE_MAX 100
#define ID_MAX    200 /* bytes of a session id shown in an error */

void rule_counts_free(RuleCount *rules, size_t n_rules)
{
        for (size_t i = 0; i < n_rules; i++)
                free(rules[i].rule);
        free(rules);
}

int rule_counts_add(RuleCount **rules, size_t *n_rules, const char *rule, uint32_t n)
{
        RuleCount *grown;
        char *copy;

        for (size_t i = 0; i < *n_rules; i++)
                if (strcmp((*rules)[i].rule, rule) == 0) {
                        (*rules)[i].n += n;
                        return 0;
                }
        grown = reallocarray(*rules, *n_rules + 1, sizeof(**rules));
        if (!grown)
                return -ENOMEM;
        *rules = grown;
        copy = strdup(rule);
        if (!copy)
                return -ENOMEM;
        grown[(*n_rules)++] = (RuleCount){ .rule = copy, .n = n };
        return 0;
}

static void free_errors(SessionError *errors, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(errors[i].session_id);
                free(errors[i].reason);
        }
        free(errors);
}

void cycle_result_done(CycleResult *r)
{
        free(r->sentence);
        free(r->warning);
        free(r->mended);
        free_errors(r->errors, r->n_errors);
        free_errors(r->large, r->n_large);
        rule_counts_free(r->rules, r->n_rules);
        *r = (CycleResult){ 0 };
}

/* Cuts a copy of @id at ID_MAX and replaces what is not printable ASCII, so that it can stand in any log. */
static char *printable_id(const char *id, size_t size)
{
        bool cut = size > ID_MAX;
        char *copy = strndup(id, cut ? ID_MAX : size);

        if (!copy)
                return NULL;
        for (char *p = copy; *p; p++)
                if (*p < ' ' || *p > '~')
                        *p = '?';
        if (cut)
                memcpy(copy + ID_MAX - 3, "...", 3);
        return copy;
}

static int add_error(SessionError **errors, size_t *n, const char *session_id, size_t size,
                     const char *reason)
{
        _cleanup_free_ char *id = printable_id(session_id, size), *text = strdup(reason);
        SessionError *grown;

        if (!id || !text)
                return -ENOMEM;
        grown = reallocarray(*errors, *n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        *errors = grown;
        grown[(*n)++] = (SessionError){ .session_id = TAKE_PTR(id), .reason = TAKE_PTR(text) };
        return 0;
}

int cycle_result_add_error(CycleResult *r, const char *session_id, size_t size, const char *reason)
{
        if (r->n_errors >= ERRORS_MAX) {
                r->n_errors_left_out++;
                return 0;
        }
        return add_error(&r->errors, &r->n_errors, session_id, size, reason);
}

int cycle_result_add_large(CycleResult *r, const char *session_id, size_t size, const char *reason)
{
        const SessionError *last = r->n_large > 0 ? r->large + r->n_large - 1 : NULL;

        if (r->n_large >= LARGE_MAX || (last && strlen(last->session_id) == size &&
                                        memcmp(last->session_id, session_id, size) == 0))
                return 0;
        return add_error(&r->large, &r->n_large, session_id, size, reason);
}

int cycle_result_warn_many(CycleResult *r, const char *session_id, size_t size, unsigned n)
{
        _cleanup_free_ char *id = NULL;

        if (r->warning)
                return 0;
        id = printable_id(session_id, size);
        if (!id)
                return -ENOMEM;
        format_error(&r->warning,
                     "The session '%s' has more than %u different secrets: copies of further ones that "
                     "stand without their context are not masked. If it must not be kept, name its "
                     "project in [Privacy] Exclude= or MetadataOnly=.",
                     id, n);
        r->warning_kind = WARNING_MANY_SECRETS;
        return r->warning ? 0 : -ENOMEM;
}

int cycle_result_add_rule(CycleResult *r, const char *rule, uint32_t n)
{
        return rule_counts_add(&r->rules, &r->n_rules, rule, n);
}

void session_secrets_done(SessionSecrets *s)
{
        free(s->session_id);
        free(s->project);
        rule_counts_free(s->rules, s->n_rules);
        rule_counts_free(s->pasted, s->n_pasted);
        *s = (SessionSecrets){ 0 };
}
