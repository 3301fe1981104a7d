/* Explain: what the judge reads in a text, and why it decides as it does */
#include "ctl/explain.h"

#include <math.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/text.h"

typedef struct Explainer {
        const Ruleset *rules;
        const ExplainOptions *options;
        View view;
        JsonArray array;
        size_t line, at; /* of the source: line number, and up to where lines were counted */
        size_t n;
} Explainer;

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

static int print_json(Explainer *e, const Candidate *c, const Explanation *x, const char *rule)
{
        struct json_object *o = json_new(), *reasons = json_new_array();
        _cleanup_free_ char *name = piece(e, c->name_start, c->name_end), *value = NULL;
        size_t start, end;

        view_range(&e->view, c->start, c->end, &start, &end);
        json_add_text(o, "form", judge_form_name(c->form));
        json_add_text(o, "kind", judge_kind_name(c->kind));
        json_add_text(o, "name", name);
        json_add_count(o, "start", start);
        json_add_count(o, "end", end);
        if (e->options->show_values) {
                value = piece(e, c->start, c->end);
                json_add_text(o, "value", value);
        }
        json_add_text(o, "rule", x->verdict.secret ? rule : NULL);
        json_add_text(o, "veto", x->verdict.veto);
        if (!x->verdict.veto) {
                json_add(o, "score", json_object_new_double(x->verdict.score / 1024.0));
                json_add(o, "threshold", json_object_new_double(x->verdict.threshold / 1024.0));
        }
        for (size_t i = 0; i < x->n_reasons; i++) {
                struct json_object *reason = json_new();

                json_add_text(reason, "feature", x->reasons[i].feature);
                json_add(reason, "points", json_object_new_double(x->reasons[i].points / 1024.0));
                json_append(reasons, reason);
        }
        json_add(o, "reasons", reasons);
        return json_array_print(&e->array, o);
}

static void print_text(Explainer *e, const Candidate *c, const Explanation *x, const char *rule)
{
        _cleanup_free_ char *name = piece(e, c->name_start, c->name_end), *value = NULL;
        size_t start, end, line, column;

        view_range(&e->view, c->start, c->end, &start, &end);
        find_line(e, start, &line, &column);
        printf(P_("%zu:%zu: %s, named '%s' (%s), %zu byte\n",
                  "%zu:%zu: %s, named '%s' (%s), %zu bytes\n", end - start),
               line, column, judge_form_name(c->form), name ?: "", judge_kind_name(c->kind),
               end - start);
        if (e->options->show_values) {
                value = piece(e, c->start, c->end);
                printf("    %s\n", value ?: "");
        }
        if (x->verdict.veto) {
                printf(_("    stays: %s\n"), x->verdict.veto);
                return;
        }
        if (x->verdict.secret)
                printf(_("    masked by %s: %.4f, at least %.4f is needed\n"), rule ?: "-",
                       probability(x->verdict.score), probability(x->verdict.threshold));
        else
                printf(_("    stays: %.4f, at least %.4f is needed\n"),
                       probability(x->verdict.score), probability(x->verdict.threshold));
        for (size_t i = 0; i < x->n_reasons; i++)
                printf("    %+.1f %s%s", x->reasons[i].points / 1024.0, x->reasons[i].feature,
                       i + 1 < x->n_reasons ? "," : "\n");
}

static int on_candidate(void *userdata, const Candidate *c)
{
        Explainer *e = userdata;
        Explanation x;
        const char *rule;

        judge_explain(&e->view, c, ruleset_caution(e->rules), &x);
        rule = ruleset_judge_id(e->rules, &e->view, c, &x.verdict);
        e->n++;
        if (e->options->json)
                return print_json(e, c, &x, rule);
        print_text(e, c, &x, rule);
        return 0;
}

static void explainer_done(Explainer *e)
{
        view_done(&e->view);
}

int explain_text(const Ruleset *rules, const char *text, size_t size, const ExplainOptions *options)
{
        _cleanup_(explainer_done) Explainer e = { .rules = rules, .options = options, .line = 1 };
        int r;

        e.view.known = ruleset_ids(rules);
        r = view_set(&e.view, text, size);
        if (r >= 0)
                r = judge_read_all(&e.view, on_candidate, &e);
        if (options->json)
                json_array_end(&e.array);
        else if (r >= 0 && e.n == 0)
                puts(_("No value here stands beside a name that secrets have. For secrets with a "
                       "format of their own, see 'rules test'."));
        return r;
}
