/*
 * judge-dump: what the judge reads and counts, as JSON
 *
 *   judge-dump --describe              the names of the numbers
 *   judge-dump < lines.jsonl           for each {"id", "text"} a line: its candidates with their features and hashes
 *   judge-dump --time < lines.jsonl    how much CPU time a candidate takes, from its keyword to the verdict
 *
 * Training reads this output, so there is only one implementation of reading and counting. Positions are bytes of "text".
 */
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "mask/judge.h"

#define FORMAT_VERSION 1

typedef struct Dump {
        View view;
        struct json_object *candidates;
        bool only_time;
        uint64_t nsec, n_decided;
} Dump;

static struct json_object *names(size_t n, const char *(*name)(unsigned) )
{
        struct json_object *list = json_object_new_array();

        for (unsigned i = 0; i < n; i++)
                (void) json_object_array_add(list, json_object_new_string(name(i)));
        return list;
}

static const char *form_name(unsigned i)
{
        return judge_form_name((JudgeForm) i);
}

static const char *kind_name(unsigned i)
{
        return judge_kind_name((JudgeKind) i);
}

static const char *feature_name(unsigned i)
{
        return judge_feature_name((JudgeFeature) i);
}

static int describe(void)
{
        struct json_object *o = json_object_new_object();

        (void) json_object_object_add(o, "version", json_object_new_int(FORMAT_VERSION));
        (void) json_object_object_add(o, "features", names(JUDGE_FEATURES_N, feature_name));
        (void) json_object_object_add(o, "value_hashes", json_object_new_int(JUDGE_VALUE_BITS));
        (void) json_object_object_add(o, "word_hashes", json_object_new_int(JUDGE_WORD_BITS));
        (void) json_object_object_add(o, "forms", names(JUDGE_FORMS_N, form_name));
        (void) json_object_object_add(o, "kinds", names(JUDGE_KINDS_N, kind_name));
        (void) puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        (void) json_object_put(o);
        return 0;
}

static struct json_object *range(const View *v, size_t start, size_t end)
{
        struct json_object *list = json_object_new_array();

        view_range(v, start, end, &start, &end);
        (void) json_object_array_add(list, json_object_new_int64((int64_t) start));
        (void) json_object_array_add(list, json_object_new_int64((int64_t) end));
        return list;
}

static struct json_object *hashes(const uint16_t *h, size_t n)
{
        struct json_object *list = json_object_new_array();

        for (size_t i = 0; i < n; i++)
                (void) json_object_array_add(list, json_object_new_int(h[i]));
        return list;
}

static int add_candidate(void *userdata, const Candidate *c)
{
        Dump *d = userdata;
        Measures m;
        struct json_object *o = json_object_new_object(), *features = json_object_new_array();

        judge_measure(&d->view, c, &m);
        judge_measure_hashes(&d->view, c, &m);
        (void) json_object_object_add(o, "form", json_object_new_string(judge_form_name(c->form)));
        (void) json_object_object_add(o, "kind", json_object_new_string(judge_kind_name(c->kind)));
        (void) json_object_object_add(o, "name", range(&d->view, c->name_start, c->name_end));
        (void) json_object_object_add(o, "value", range(&d->view, c->start, c->end));
        for (size_t i = 0; i < JUDGE_FEATURES_N; i++)
                (void) json_object_array_add(features, json_object_new_int(m.features[i]));
        (void) json_object_object_add(o, "features", features);
        (void) json_object_object_add(o, "v", hashes(m.values, m.n_values));
        (void) json_object_object_add(o, "w", hashes(m.words, m.n_words));
        return json_object_array_add(d->candidates, o);
}

static int decide(void *userdata, const Candidate *c)
{
        Dump *d = userdata;
        Verdict verdict;

        judge_decide(&d->view, c, CAUTION_NORMAL, &verdict);
        d->n_decided++;
        return 0;
}

static uint64_t cpu_nsec(void)
{
        struct timespec t;

        (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return (uint64_t) t.tv_sec * 1000000000U + (uint64_t) t.tv_nsec;
}

/* The scanner finds keywords differently; what it does after that is measured, often enough for the clock. */
static void time_text(Dump *d)
{
        for (size_t i = 0; i < d->view.size; i++) {
                uint64_t before = d->n_decided, began;

                (void) judge_read_keyword(&d->view, i, decide, d);
                if (d->n_decided == before)
                        continue;
                began = cpu_nsec();
                for (int n = 0; n < 20; n++)
                        (void) judge_read_keyword(&d->view, i, decide, d);
                d->nsec += (cpu_nsec() - began) / 20;
                d->n_decided = before + (d->n_decided - before) / 21;
        }
}

static int dump_line(Dump *d, const char *line)
{
        struct json_object *in = json_tokener_parse(line), *text = NULL, *id = NULL, *out;

        if (!in || !json_object_object_get_ex(in, "text", &text) ||
            !json_object_object_get_ex(in, "id", &id) ||
            view_set(&d->view, json_object_get_string(text),
                     (size_t) json_object_get_string_len(text)) < 0)
                return -1;
        if (d->only_time) {
                time_text(d);
                (void) json_object_put(in);
                return 0;
        }
        d->candidates = json_object_new_array();
        if (judge_read_all(&d->view, add_candidate, d) < 0)
                return -1;
        out = json_object_new_object();
        (void) json_object_object_add(out, "id", json_object_get(id));
        (void) json_object_object_add(out, "candidates", d->candidates);
        (void) puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN));
        (void) json_object_put(out);
        (void) json_object_put(in);
        return 0;
}

int main(int argc, char **argv)
{
        Dump d = { 0 };
        char *line = NULL;
        size_t allocated = 0;
        int r = 0;

        if (argc == 2 && strcmp(argv[1], "--describe") == 0)
                return describe();
        d.only_time = argc == 2 && strcmp(argv[1], "--time") == 0;
        if (argc > 1 && !d.only_time) {
                (void) fprintf(stderr, "usage: judge-dump [--describe | --time] < lines.jsonl\n");
                return 2;
        }
        for (size_t n = 1; r == 0 && getline(&line, &allocated, stdin) > 0; n++) {
                r = dump_line(&d, line);
                if (r < 0)
                        (void) fprintf(stderr,
                                       "judge-dump: line %zu is no object with \"id\" and \"text\".\n",
                                       n);
        }
        if (d.n_decided > 0)
                printf("%" PRIu64 " candidates, %.2f microseconds each\n", d.n_decided,
                       (double) d.nsec / 1000 / (double) d.n_decided);
        free(line);
        view_done(&d.view);
        return r < 0 ? 1 : 0;
}
