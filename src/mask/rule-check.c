/* Rule check: do the examples of a rules file hold? */
#include "mask/rule-check.h"

#include <string.h>

#include "base/time-util.h"
#include "mask/masker.h"
#include "mask/rule-parse.h"
#include "mask/secret-maker.h"

/* Both are far above what any rules need: no file of those that come with scrubjay has more than 20 KB of examples. */
#define EXAMPLES_MAX (1U << 20)
#define CPU_USEC_MAX (60 * USEC_PER_SEC)

/* How session text wraps what a person saw; "%" stands for it. */
typedef struct Wrapping {
        const char *name, *before, *after;
        int depth; /* how often it is escaped as a JSON string */
} Wrapping;

static const Wrapping wrappings[] = {
        { "in a line", "", "\n", 0 },
        { "in a JSON string", "{\"content\":\"", "\"}", 1 },
        { "in a JSON string in a JSON string", "{\"a\":\"{\\\"b\\\":\\\"", "\\\"}\"}", 2 },
        { "in a line of a diff", "@@ -1 +1 @@\n+", "\n", 0 },
        { "after a line number", "    12\t", "\n", 0 },
        { "between colours", "\x1b[32m", "\x1b[0m", 0 },
};

typedef struct Checker {
        Ruleset *rules;
        Masker *masker;
        RuleProblem problem;
        void *userdata;
        RuleCheck counts;
        const char *path;
        size_t n_bytes; /* of the examples, made */
        uint64_t end_usec;
        char **reterr;
} Checker;

/* A text and which of its bytes are to be masked. */
typedef struct Marked {
        StrBuf text, marks; /* a byte of @marks is 1 where that of @text is part of a secret */
} Marked;

static void marked_done(Marked *m)
{
        strbuf_done(&m->text);
        strbuf_done(&m->marks);
}

static void marked_put(Marked *m, const char *bytes, size_t n, char mark)
{
        (void) strbuf_append(&m->text, bytes, n);
        for (size_t i = 0; i < n; i++)
                (void) strbuf_putc(&m->marks, mark);
}

/* Reads the << and >> of an example. */
static void marked_read(Marked *m, const char *example)
{
        char mark = 0;

        for (const char *p = example; *p; p++) {
                if (strncmp(p, "<<", 2) == 0 || strncmp(p, ">>", 2) == 0) {
                        mark = *p++ == '<';
                        continue;
                }
                marked_put(m, p, 1, mark);
        }
}

/* One character as a JSON string has it. Returns its length. */
static size_t escape(char c, char to[static 8])
{
        static const char plain[] = "\"\\\n\r\t", letters[] = "\"\\nrt";
        const char *p = c ? strchr(plain, c) : NULL;

        if (p) {
                to[0] = '\\';
                to[1] = letters[p - plain];
                return 2;
        }
        if ((unsigned char) c < 0x20)
                return (size_t) snprintf(to, 8, "\\u%04x", (unsigned) c);
        to[0] = c;
        return 1;
}

static void marked_escape(Marked *m)
{
        Marked out = { 0 };

        for (size_t i = 0; i < m->text.size; i++) {
                char escaped[8] = { 0 };

                marked_put(&out, escaped, escape(m->text.data[i], escaped), m->marks.data[i]);
        }
        marked_done(m);
        *m = out;
}

static void marked_wrap(Marked *m, const Wrapping *w)
{
        Marked out = { 0 };

        for (int i = 0; i < w->depth; i++)
                marked_escape(m);
        marked_put(&out, w->before, strlen(w->before), 0);
        for (size_t i = 0; i < m->text.size; i++)
                marked_put(&out, m->text.data + i, 1, m->marks.data[i]);
        marked_put(&out, w->after, strlen(w->after), 0);
        marked_done(m);
        *m = out;
}

/* Is exactly what is marked found? */
static bool is_found(const Marked *m, const Masked *masked)
{
        size_t at = 0;

        for (size_t i = 0; i <= masked->n_findings; i++) {
                size_t start = i < masked->n_findings ? masked->findings[i].start : m->text.size;
                size_t end = i < masked->n_findings ? masked->findings[i].end : start;

                for (; at < start; at++)
                        if (m->marks.data[at])
                                return false;
                for (; at < end; at++)
                        if (!m->marks.data[at])
                                return false;
        }
        return true;
}

static bool is_found_by(const Masked *masked, const char *id)
{
        for (size_t i = 0; i < masked->n_findings; i++)
                if (strcmp(masked->findings[i].rule, id) == 0)
                        return true;
        return false;
}

static void report(Checker *c, const char *id, bool positive, size_t i, const Wrapping *w,
                   const Masked *masked)
{
        _cleanup_free_ char *sentence = NULL;

        c->counts.n_failed++;
        format_error(&sentence, "%s: %s example %zu, %s: %s", id,
                     positive ? "positive" : "negative", i + 1, w->name,
                     !positive ? "is masked"
                     : masked->n_findings == 0
                                     ? "nothing is masked"
                                     : "what is masked differs from what is between << and >>");
        c->problem(c->userdata, sentence ?: "no memory");
}

static int too_much(Checker *c, const char *id, const char *what)
{
        format_error(c->reterr, "%s: checked up to the rule '%s': %s, which is the limit", c->path,
                     id, what);
        return -E2BIG;
}

static int check_example(Checker *c, const char *id, const char *example, bool positive, size_t i)
{
        _cleanup_free_ char *made = NULL;
        int r;

        r = secret_make(example, &made);
        if (r == -E2BIG)
                return too_much(c, id, "one of its examples is larger than 128 KiB");
        if (r < 0)
                return r;
        c->n_bytes += strlen(made);
        if (c->n_bytes > EXAMPLES_MAX)
                return too_much(c, id, "the examples are larger than 1 MiB");
        if (now_usec(CLOCK_PROCESS_CPUTIME_ID) > c->end_usec)
                return too_much(c, id, "the examples took more than a minute of CPU time");
        c->counts.n_examples++;
        for (size_t k = 0; k < ELEMENTSOF(wrappings); k++) {
                _cleanup_(marked_done) Marked m = { 0 };
                Masked masked;

                marked_read(&m, made);
                marked_wrap(&m, &wrappings[k]);
                if (m.text.failed || m.marks.failed)
                        return -ENOMEM;
                masker_forget(c->masker);
                r = masker_mask(c->masker, wrappings[k].depth > 0 ? MASK_JSON : MASK_TEXT,
                                m.text.data, m.text.size, &masked);
                if (r < 0)
                        return r;
                c->counts.n_cases++;
                if (positive ? !is_found(&m, &masked) : is_found_by(&masked, id))
                        report(c, id, positive, i, &wrappings[k], &masked);
        }
        return 0;
}

/* Returns 1, 0 (there are none) or a negative errno. */
static int check_examples(Checker *c, const char *id, struct json_object *examples,
                          const char *kind)
{
        struct json_object *list = json_object_object_get(examples, kind);
        size_t n = list ? json_object_array_length(list) : 0;

        for (size_t i = 0; i < n; i++) {
                const char *example = json_object_get_string(json_object_array_get_idx(list, i));
                int r = check_example(c, id, example, strcmp(kind, "positive") == 0, i);

                if (r < 0)
                        return r;
        }
        return n > 0;
}

static void checker_done(Checker *c)
{
        (void) masker_free(c->masker);
}

static int check_rule(Checker *c, size_t i, struct json_object *object)
{
        struct json_object *examples = json_object_object_get(object, "examples");
        _cleanup_free_ char *reason = NULL;
        _cleanup_(rule_done) Rule rule = { 0 };
        int r, more;

        /* It was loaded from the same file, which may have been written to since. */
        r = rule_parse(object, &rule, &reason);
        if (r < 0) {
                format_error(c->reterr, "%s: rule %zu: %s", c->path, i + 1, reason);
                return r;
        }
        c->counts.n_rules++;
        r = check_examples(c, rule.id, examples, "positive");
        more = r < 0 ? r : check_examples(c, rule.id, examples, "negative");
        c->counts.n_untried += r == 0 || more == 0;
        return more < 0 ? more : 0;
}

int rule_check_file(Ruleset *rules, const char *path, RuleProblem problem, void *userdata,
                    RuleCheck *ret, char **reterr)
{
        static const HashKey key = { "rule examples" };
        _cleanup_(checker_done) Checker c = { .rules = rules,
                                              .problem = problem,
                                              .userdata = userdata,
                                              .path = path,
                                              .reterr = reterr };
        _cleanup_(json_object_putp) struct json_object *document = NULL;
        struct json_object *list;
        size_t size;
        int r;

        r = rule_file_read(path, &document, &size, reterr);
        if (r < 0)
                return r;
        c.masker = masker_new(rules, &key);
        c.end_usec = now_usec(CLOCK_PROCESS_CPUTIME_ID) + CPU_USEC_MAX;
        list = rule_file_rules(document);
        for (size_t i = 0; list && i < json_object_array_length(list); i++) {
                r = check_rule(&c, i, json_object_array_get_idx(list, i));
                if (r < 0)
                        return r;
        }
        *ret = c.counts;
        return 0;
}
