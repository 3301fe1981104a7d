/* Explain: what is masked in a text, and why the judge decides as it does */
#include "ctl/explain.h"

#include <math.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/text.h"
#include "mask/judge.h"

typedef struct Explainer {
        const Ruleset *rules;
        const ExplainOptions *options;
        View view;
        Masked masked;
        bool *told; /* of each finding: a value beside a name is in it */
        JsonArray array;
        size_t line, at; /* of the source: line number, and up to where lines were counted */
        size_t n;
} Explainer;

/* A value beside a name, and what becomes of it. */
typedef struct Explained {
        const Candidate *candidate;
        Explanation why;
        size_t start, end;   /* in the source */
        const char *rule;    /* that masks it; NULL: none does */
        bool is_whole;       /* all of it */
        bool is_by_judgment; /* the judge's rule does, for what it saw here */
} Explained;

/* The first finding that ends after byte @at. */
static size_t find_finding(const Explainer *e, size_t at)
{
        size_t low = 0, high = e->masked.n_findings;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (e->masked.findings[middle].end <= at)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

/* What masks the value: the judge's word is not the last one. */
static void find_rule(Explainer *e, Explained *x)
{
        const char *judged = ruleset_judge_id(e->rules, &e->view, x->candidate, &x->why.verdict);

        for (size_t i = find_finding(e, x->start);
             i < e->masked.n_findings && e->masked.findings[i].start < x->end; i++) {
                const Finding *f = e->masked.findings + i;

                e->told[i] = true;
                if (x->rule)
                        continue;
                x->rule = f->rule;
                x->is_whole = f->start <= x->start && f->end >= x->end;
                x->is_by_judgment = x->is_whole && x->why.verdict.secret && judged &&
                                    strcmp(f->rule, judged) == 0;
        }
}

/* The probability that a score stands for. */
static double probability(int score)
{
        return 1 / (1 + exp(-score / 1024.0));
}

/* Line and column of byte @at of the source; candidates come almost in order. */
static void find_line(Explainer *e, size_t at, size_t *ret_line, size_t *ret_column)
{
        size_t start;

        if (at < e->at) {
                e->line = 1;
                e->at = 0;
        }
        for (; e->at < at; e->at++)
                e->line += e->view.source[e->at] == '\n';
        for (start = at; start > 0 && e->view.source[start - 1] != '\n'; start--)
                ;
        *ret_line = e->line;
        *ret_column = at - start + 1;
}

static char *piece(const Explainer *e, size_t start, size_t end)
{
        Value text = value_text(e->view.text + start, end - start);

        return printable_value(&text);
}

static int print_json(Explainer *e, const Explained *x)
{
        struct json_object *o = json_new(), *reasons = json_new_array();
        const Candidate *c = x->candidate;
        const Verdict *v = &x->why.verdict;
        _cleanup_free_ char *name = piece(e, c->name_start, c->name_end), *value = NULL;

        json_add_text(o, "form", judge_form_name(c->form));
        json_add_text(o, "kind", judge_kind_name(c->kind));
        json_add_text(o, "name", name);
        json_add_count(o, "start", x->start);
        json_add_count(o, "end", x->end);
        if (e->options->show_values) {
                value = piece(e, c->start, c->end);
                json_add_text(o, "value", value);
        }
        json_add_text(o, "rule", x->rule);
        json_add_text(o, "veto", v->veto);
        if (!v->veto) {
                json_add(o, "score", json_object_new_double(v->score / 1024.0));
                json_add(o, "threshold", json_object_new_double(v->threshold / 1024.0));
        }
        for (size_t i = 0; i < x->why.n_reasons; i++) {
                struct json_object *reason = json_new();

                json_add_text(reason, "feature", x->why.reasons[i].feature);
                json_add(reason, "points",
                         json_object_new_double(x->why.reasons[i].points / 1024.0));
                json_append(reasons, reason);
        }
        json_add(o, "reasons", reasons);
        return json_array_print(&e->array, o);
}

/* What becomes of the value, and what the judge said of it. */
static void print_verdict(const Explained *x)
{
        const Verdict *v = &x->why.verdict;
        double score = probability(v->score), needed = probability(v->threshold);

        if (x->is_by_judgment)
                printf(_("    masked by %s: %.4f, at least %.4f is needed\n"), x->rule, score,
                       needed);
        else if (!x->rule && v->veto)
                printf(_("    stays: %s\n"), v->veto);
        else if (!x->rule && v->score >= v->threshold)
                printf(_("    stays, since no rule in force masks it: %.4f, at least %.4f is needed\n"),
                       score, needed);
        else if (!x->rule)
                printf(_("    stays: %.4f, at least %.4f is needed\n"), score, needed);
        else if (v->veto)
                printf(x->is_whole ? _("    masked by %s; by its name alone it would stay: %s\n")
                                   : _("    masked in part, by %s; by its name alone it would stay: %s\n"),
                       x->rule, v->veto);
        else
                printf(x->is_whole ? _("    masked by %s; by its name alone: %.4f, at least %.4f is needed\n")
                                   : _("    masked in part, by %s; by its name alone: %.4f, at least %.4f is needed\n"),
                       x->rule, score, needed);
}

static void print_text(Explainer *e, const Explained *x)
{
        const Candidate *c = x->candidate;
        _cleanup_free_ char *name = piece(e, c->name_start, c->name_end), *value = NULL;
        size_t line, column;

        find_line(e, x->start, &line, &column);
        printf(P_("%zu:%zu: %s, named '%s' (%s), %zu byte\n",
                  "%zu:%zu: %s, named '%s' (%s), %zu bytes\n", x->end - x->start),
               line, column, judge_form_name(c->form), name ?: "", judge_kind_name(c->kind),
               x->end - x->start);
        if (e->options->show_values) {
                value = piece(e, c->start, c->end);
                printf("    %s\n", value ?: "");
        }
        print_verdict(x);
        for (size_t i = 0; !x->why.verdict.veto && i < x->why.n_reasons; i++)
                printf("    %+.1f %s%s", x->why.reasons[i].points / 1024.0,
                       x->why.reasons[i].feature, i + 1 < x->why.n_reasons ? "," : "\n");
}

static int on_candidate(void *userdata, const Candidate *c)
{
        Explainer *e = userdata;
        Explained x = { .candidate = c };

        judge_explain(&e->view, c, ruleset_caution(e->rules), &x.why);
        view_range(&e->view, c->start, c->end, &x.start, &x.end);
        find_rule(e, &x);
        e->n++;
        if (e->options->json)
                return print_json(e, &x);
        print_text(e, &x);
        return 0;
}

/* What is masked for its form, or because it is known from elsewhere. */
static int explain_nameless(Explainer *e, const Finding *f)
{
        Value text = value_text(e->view.source + f->start, f->end - f->start);
        _cleanup_free_ char *value = e->options->show_values ? printable_value(&text) : NULL;
        size_t line, column;

        e->n++;
        if (e->options->json) {
                struct json_object *o = json_new();

                json_add_count(o, "start", f->start);
                json_add_count(o, "end", f->end);
                if (value)
                        json_add_text(o, "value", value);
                json_add_text(o, "rule", f->rule);
                json_add(o, "reasons", json_new_array());
                return json_array_print(&e->array, o);
        }
        find_line(e, f->start, &line, &column);
        printf(P_("%zu:%zu: no name, %zu byte\n", "%zu:%zu: no name, %zu bytes\n",
                  f->end - f->start),
               line, column, f->end - f->start);
        if (value)
                printf("    %s\n", value);
        printf(_("    masked by %s, without a name\n"), f->rule);
        return 0;
}

static void explainer_done(Explainer *e)
{
        view_done(&e->view);
        free(e->told);
}

int explain_text(const Ruleset *rules, Masker *masker, const char *text, size_t size,
                 const ExplainOptions *options)
{
        _cleanup_(explainer_done) Explainer e = { .rules = rules, .options = options, .line = 1 };
        int r;

        e.view.known = ruleset_ids(rules);
        r = masker_mask(masker, MASK_JSON, text, size, &e.masked);
        if (r >= 0) {
                e.told = xcalloc(e.masked.n_findings + 1, sizeof(*e.told));
                r = view_set(&e.view, text, size);
        }
        if (r >= 0)
                r = judge_read_all(&e.view, on_candidate, &e);
        for (size_t i = 0; r >= 0 && i < e.masked.n_findings; i++)
                if (!e.told[i])
                        r = explain_nameless(&e, e.masked.findings + i);
        if (options->json)
                json_array_end(&e.array);
        else if (r >= 0 && e.n == 0)
                puts(_("Nothing here is masked, and no value stands beside a name that secrets have."));
        return r;
}
