/* What a cycle did, in numbers */
#include "sync/status.h"

#include <string.h>

#include "base/strbuf.h"

#define ERRORS_MAX \
        1000 /* kept by text; a source that is broken throughout must not fill the memory */
#define LARGE_MAX 100
#define ID_MAX    200 /* bytes of a session id shown in an error */

static void free_rules(RuleCount *rules, size_t n_rules)
{
        for (size_t i = 0; i < n_rules; i++)
                free(rules[i].rule);
        free(rules);
}

void rule_counts_add(RuleCount **rules, size_t *n_rules, const char *rule, uint32_t n)
{
        for (size_t i = 0; i < *n_rules; i++)
                if (strcmp((*rules)[i].rule, rule) == 0) {
                        (*rules)[i].n += n;
                        return;
                }
        APPEND(*rules, *n_rules, (RuleCount){ .rule = xstrdup(rule), .n = n });
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
        free_rules(r->rules, r->n_rules);
        *r = (CycleResult){ 0 };
}

/* Cuts a copy of @id at ID_MAX and replaces what is not printable ASCII, so that any log can contain it. */
static char *printable_id(const char *id, size_t size)
{
        bool cut = size > ID_MAX;
        char *copy = xstrndup(id, cut ? ID_MAX : size);

        for (char *p = copy; *p; p++)
                if (*p < ' ' || *p > '~')
                        *p = '?';
        if (cut)
                memcpy(copy + ID_MAX - 3, "...", 3);
        return copy;
}

void cycle_result_add_error(CycleResult *r, const char *session_id, size_t size, const char *reason)
{
        _cleanup_free_ char *id = printable_id(session_id, size);

        for (size_t i = 0; i < r->n_errors; i++) /* it may be tried twice in a cycle */
                if (strcmp(r->errors[i].session_id, id) == 0)
                        return;
        if (r->n_errors < ERRORS_MAX)
                APPEND(r->errors, r->n_errors, (SessionError){ TAKE_PTR(id), xstrdup(reason) });
        else
                r->n_errors_left_out++;
}

void cycle_result_add_large(CycleResult *r, const char *session_id, size_t size, const char *reason)
{
        const SessionError *last = r->n_large > 0 ? r->large + r->n_large - 1 : NULL;

        if (r->n_large >= LARGE_MAX || (last && strlen(last->session_id) == size &&
                                        memcmp(last->session_id, session_id, size) == 0))
                return;
        APPEND(r->large, r->n_large,
               (SessionError){ printable_id(session_id, size), xstrdup(reason) });
}

void cycle_result_warn_many(CycleResult *r, const char *session_id, size_t size, unsigned n)
{
        _cleanup_free_ char *id = NULL;

        if (r->warning)
                return;
        id = printable_id(session_id, size);
        format_error(&r->warning,
                     "The session '%s' has more than %u different secrets: copies of further ones "
                     "are not masked where they stand without context. If it must not be kept, name "
                     "its project in [Privacy] Exclude= or MetadataOnly=.",
                     id, n);
        r->warning_kind = WARNING_MANY_SECRETS;
}

void session_secrets_done(SessionSecrets *s)
{
        free(s->session_id);
        free(s->project);
        free_rules(s->rules, s->n_rules);
        free_rules(s->pasted, s->n_pasted);
        *s = (SessionSecrets){ 0 };
}
