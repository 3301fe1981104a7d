/* Scanner: patterns, and what goes on after their bounds */
#include "mask/extent.h"
#include "mask/scanner-internal.h"

/* How often patterns are tried without their bounds in one word. */
#define BEYOND_MAX 8

/* Runs @p on @text from @start on. Returns 1 (found), 0, or -1: it hit a limit. */
static int match(Scanner *s, Pattern *p, const char *text, size_t size, size_t start, size_t limit)
{
        const pcre2_code *code = pattern_ready(&s->rules->compiling, p);
        int r;

        if (!code)
                return 0;
        if (!budget_spend(&s->budget, PATTERN_STEPS))
                return -1;
        (void) pcre2_set_offset_limit(s->context, limit);
        r = pcre2_match(code, (PCRE2_SPTR) text, size, start, 0, s->match, s->context);
        return r >= 0 ? 1 : r == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

int scanner_run_pattern(Scanner *s, Pattern *p, const char *text, size_t size, size_t start,
                        size_t limit)
{
        int r = match(s, p, text, size, start, limit);

        s->limited = s->limited || r < 0;
        return r;
}

Parts scanner_matched_parts(const Scanner *s, const Rule *rule)
{
        const size_t *found = pcre2_get_ovector_pointer(s->match);
        Parts p = { .context = found[0] };

        for (size_t i = 0; i < rule->n_secrets; i++) {
                const size_t *group = found + 2 * rule->secrets[i];

                if (group[0] != PCRE2_UNSET && group[0] < group[1]) {
                        p.parts[p.n].start = group[0];
                        p.parts[p.n++].end = group[1];
                }
        }
        return p;
}

size_t scanner_window_end(const View *v, size_t at, size_t after)
{
        return v->size - at > after ? at + after : v->size;
}

/*
 * The upper bound of a repeat says how far one try goes, and not where a credential ends: what goes on after it in the same word is
 * a part of it, as far as the pattern without bounds goes. Where that one hits a limit, the bounds hold.
 */
Parts scanner_without_bounds(Scanner *s, Rule *rule, Parts p)
{
        const View *v = &s->view;
        size_t size = scanner_window_end(v, p.context, RULE_WINDOW_MAX);
        bool goes_on = false;
        Parts open;

        for (size_t i = 0; i < p.n; i++)
                goes_on = goes_on || extent_in_word(v, p.parts[i].end);
        if (!goes_on || !pattern_is_set(&rule->open) ||
            match(s, &rule->open, v->text, size, p.context,
                  rule->at_literal ? PCRE2_UNSET : p.context) <= 0)
                return p;
        open = scanner_matched_parts(s, rule);
        for (size_t i = 0; i < p.n && i < open.n; i++) {
                size_t end = p.parts[i].end;

                if (open.parts[i].start != p.parts[i].start)
                        continue;
                while ((end < open.parts[i].end || open.parts[i].end == size) &&
                       extent_in_word(v, end))
                        end++;
                p.parts[i].end = end;
        }
        return p;
}

/* A literal of so many characters is its issuer's own, and stands in nothing else by chance. */
#define OWN_MIN 5

/*
 * Is the word of the literal at @at longer than a bound of the rule? Else it is no match for another reason. A short literal
 * stands in any long run of base64: there only what is a limit of work counts. In one word that is asked a few times.
 */
static bool is_beyond_bounds(Scanner *s, const Rule *rule, size_t at, size_t literal)
{
        size_t bound = literal >= OWN_MIN ? rule->bound : rule->work_bound;

        if (!pattern_is_set(&rule->open))
                return false;
        if (at < s->tried.start || at >= s->tried.end) {
                s->tried = (Range){ at, extent_word(&s->view, at) };
                s->n_tried = 0;
        }
        return s->tried.end - at > bound && s->n_tried++ < BEYOND_MAX;
}

int scanner_run_rule(Scanner *s, Rule *rule, size_t start, size_t at, size_t end, size_t *size)
{
        size_t limit = rule->at_literal ? PCRE2_UNSET : at;
        int r = scanner_run_pattern(s, &rule->pattern, s->view.text, *size, start, limit);

        if (r != 0 || !is_beyond_bounds(s, rule, at, end - at))
                return r;
        *size = scanner_window_end(&s->view, at, RULE_WINDOW_MAX);
        return match(s, &rule->open, s->view.text, *size, start, limit);
}

int scanner_try_commands(Scanner *s, const Rule *rule, size_t *done, size_t at)
{
        CommandSecrets secrets;
        int r = 0;

        if (at < *done)
                return 0;
        commands_read(rule->commands, rule->n_commands, s->view.text, s->view.size, at, &secrets);
        for (size_t k = 0; r >= 0 && k < secrets.n; k++)
                r = scanner_take(s, rule, at < secrets.at[k].start ? at : secrets.at[k].start,
                                 secrets.at[k].start, secrets.at[k].end);
        if (secrets.n > 0)
                *done = secrets.end;
        return r < 0 ? r : 0;
}
