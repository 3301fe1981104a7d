/* Scanner: what the judge takes for a secret */
#include <string.h>

#include "mask/extent.h"
#include "mask/guard.h"
#include "mask/judge-words.h"
#include "mask/scanner-internal.h"

size_t scanner_value_end(Scanner *s, const Candidate *c, size_t end)
{
        if (end != c->end || end - c->start < JUDGE_VALUE_MAX)
                return end;
        if (end < s->word.start || end > s->word.end)
                s->word = (Range){ end, extent_word(&s->view, end) };
        return s->word.end;
}

static bool has_letter(const char *s, size_t n)
{
        return n > 0 && text_classes(s, n) & (CLASS_UPPER | CLASS_LOWER);
}

/*
 * Does the name stand in a value that was found to be no secret, and its own value after that? "PASS=config.pass TERM=xterm": the
 * second pass names nothing. But "Authorization: token x" does, and "a = token = x".
 */
static bool is_in_stayed(const Scanner *s, const Candidate *c)
{
        const Range *stayed = &s->stayed;
        bool beside = c->form == FORM_OPERATOR &&
                      !has_letter(s->view.text + c->name_end, c->start - c->name_end);

        return c->name_start >= stayed->start && c->name_end <= stayed->end &&
               c->start >= stayed->end && !beside &&
               (c->form == FORM_OPERATOR || c->form == FORM_WORD || c->form == FORM_LINE ||
                c->form == FORM_GAP || c->form == FORM_COPULA) &&
               !(c->keyword_start == stayed->start && c->keyword_end == stayed->end);
}

/* Notes what stays, where it is one word that a name or an option has. */
static void note_stayed(Scanner *s, const Candidate *c)
{
        const char *value = s->view.text + c->start;

        if ((c->form == FORM_OPERATOR || c->form == FORM_OPTION || c->form == FORM_PAIR) &&
            c->start >= c->name_end && !c->quote && !memchr(value, ' ', c->end - c->start) &&
            !is_any(value[c->end - c->start - 1], ":="))
                s->stayed = (Range){ c->start, c->end };
}

/* An identifier that is barely a secret beside its name is looked for nowhere else: it may be the name of anything. */
#define BARELY 1024

static bool is_barely_secret(const View *v, const Candidate *c, const Verdict *verdict)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = 0;
        bool lower = false; /* what has none is drawn at random as often as not */

        if (verdict->score >= verdict->threshold + BARELY)
                return false;
        for (; i < n && ((is_name(s[i]) && s[i] != '-') || s[i] == '.'); i++)
                lower = lower || is_lower(s[i]);
        return i == n && lower && text_is_name(s, n);
}

static int take_judged(void *userdata, const Candidate *c)
{
        Scanner *s = userdata;
        const View *v = &s->view;
        Candidate rest = *c; /* without what was masked before at either end */
        size_t end;
        const Rule *rule;
        Verdict verdict;
        int r;

        while (rest.start < rest.end && view_is_marker(v, rest.start))
                rest.start++;
        while (rest.start < rest.end && view_is_marker(v, rest.end - 1))
                rest.end--;
        if (rest.end - rest.start < JUDGE_VALUE_MIN ||
            memchr(v->text + rest.start, MARKER, rest.end - rest.start))
                return 0;
        c = &rest;
        if (is_in_stayed(s, c))
                return 0;
        if (!budget_spend(&s->budget, JUDGE_STEPS))
                return 0;
        judge_decide(v, c, s->rules->caution, &verdict);
        /* What stays whatever the name is needs no look at the names of issuers; a key may be the key of one. */
        rule = verdict.veto || (verdict.score < verdict.threshold - JUDGE_KNOWN_NAME &&
                                c->kind != KIND_KEY)
                               ? NULL
                               : ruleset_judge_rule(s->rules, v, c, &verdict);
        if (!rule) {
                note_stayed(s, c);
                return 0;
        }
        end = scanner_value_end(s, c, c->end);
        /* What is called a pin and has letters names one of a plug or a chip as often as not. */
        s->only_here = is_barely_secret(v, c, &verdict) ||
                       (c->kind == KIND_PIN && has_letter(v->text + c->start, c->end - c->start));
        r = scanner_take(s, rule, c->name_start < c->start ? c->name_start : c->start, c->start,
                         end);
        s->only_here = false;
        if (r > 0 && c->start >= c->name_end && c->form != FORM_COLUMN && end > s->judged)
                s->judged = end;
        return r < 0 ? r : 0;
}

int scanner_try_judge(Scanner *s, size_t at)
{
        if (at < s->judged)
                return 0;
        s->judged = at + 1;
        if (!budget_spend(&s->budget, JUDGE_STEPS))
                return 0;
        return judge_read_keyword(&s->view, at, take_judged, s);
}
