/*
 * Bench: how fast the masker is, and what that compares with
 *
 * One run measures the whole rule set on a mix of source code, shell output and JSON; for comparison, on the same text, the
 * literals alone with each matcher, the patterns one after the other with PCRE2's JIT, and memchr(), which is the speed of
 * memory. Then: one long line and short records, and the cost from 1 KB to 64 MB. Numbers are CPU times, the best of several
 * runs. With --limits, the exit status says whether all limits are met.
 *
 *     bench-mask [--limits] [--hits] [--rules FOLDER] [FILE...]     (FILEs instead of the mix)
 *
 * --hits only counts how often a literal of the rules occurs in the text.
 */
#include <getopt.h>
#include <malloc.h>
#include <string.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "mask/masker.h"
#include "mask/ruleset-internal.h"

#define MIX_SIZE    (10U << 20)
#define RECORD_SIZE (16U << 10)
#define SAMPLE_SIZE (1U << 20) /* for slow ones */
#define N_RUNS      5

static const HashKey key = { "bench" };

static bool limits;
static unsigned n_worse;

static void require_at_least(const char *what, double got, double limit)
{
        if (limits && got < limit) {
                printf("! %s: %.1f, has to be %.1f or more\n", what, got, limit);
                n_worse++;
        }
}

static void require_at_most(const char *what, double got, double limit)
{
        if (limits && got > limit) {
                printf("! %s: %.1f, has to be %.1f or less\n", what, got, limit);
                n_worse++;
        }
}

static void must(int r)
{
        if (r < 0) {
                fprintf(stderr, "bench: %s\n", strerror(-r));
                exit(2);
        }
}

static Ruleset *load(const char *folder)
{
        const char *folders[] = { folder, NULL };
        RulesetOptions options = { .folders = folders };
        char *error = NULL;
        Ruleset *rules = NULL;
        int r = ruleset_load(&options, &rules, &error);

        if (error)
                fprintf(stderr, "bench: %s\n", error);
        must(r);
        return rules;
}

/* The next of a sequence of numbers that is the same in every run. */
static uint32_t next_random(uint32_t *state)
{
        *state = *state * 1664525 + 1013904223;
        return *state >> 8;
}

/* A function in a language with braces; names are made from words of code. */
static void put_code(StrBuf *b, uint32_t *state)
{
        static const char *const words[] = { "read", "buffer", "token", "index",  "parse", "state",
                                             "key",  "node",   "value", "result", "count", "size",
                                             "line", "path",   "error", "config" };
#define WORD words[next_random(state) % ELEMENTSOF(words)]
        (void) strbuf_printf(b, "/* Reads the %s of a %s, and says whether the %s was there. */\n",
                             WORD, WORD, WORD);
        (void) strbuf_printf(b, "static int %s_%s(struct %s *%s, const char *%s)\n{\n", WORD, WORD,
                             WORD, WORD, WORD);
        for (int i = 0; i < 12; i++)
                (void) strbuf_printf(
                                b,
                                "        if (%s->%s[%u] != %s_%s(&%s, \"%s: %%s\\n\", %u))\n                return -%u;\n",
                                WORD, WORD, next_random(state) % 64, WORD, WORD, WORD, WORD,
                                next_random(state) % 999, next_random(state) % 40);
        (void) strbuf_puts(b, "        return 0;\n}\n\n");
#undef WORD
}

static void put_shell(StrBuf *b, uint32_t *state)
{
        for (int i = 0; i < 20; i++)
                (void) strbuf_printf(
                                b,
                                "-rw-r--r--  1 build build %7u Nov %2u %02u:%02u src/module-%u/file_%u.o\n",
                                next_random(state) % 4000000, next_random(state) % 30 + 1,
                                next_random(state) % 24, next_random(state) % 60,
                                next_random(state) % 90, next_random(state) % 9000);
        (void) strbuf_printf(
                        b, "commit %08x%08x%08x%08x%08x\nAuthor: A. Person <person@example.org>\n",
                        next_random(state), next_random(state), next_random(state),
                        next_random(state), next_random(state));
        (void) strbuf_printf(b, "[%3u/412] \x1b[32mCompiling\x1b[0m src/module-%u/file_%u.c\n",
                             next_random(state) % 412, next_random(state) % 90,
                             next_random(state) % 9000);
}

/* A tool's result as sessions have it: source code in a JSON string. */
static void put_json(StrBuf *b, uint32_t *state)
{
        StrBuf code = { 0 };

        put_code(&code, state);
        (void) strbuf_printf(
                        b,
                        "{\"type\":\"tool_result\",\"id\":\"toolu_%08x%08x\",\"n\":%u,\"content\":\"",
                        next_random(state), next_random(state), next_random(state) % 100);
        for (size_t i = 0; i < code.size; i++) {
                if (code.data[i] == '\n')
                        (void) strbuf_puts(b, "\\n");
                else if (code.data[i] == '"' || code.data[i] == '\\')
                        (void) strbuf_printf(b, "\\%c", code.data[i]);
                else
                        (void) strbuf_putc(b, code.data[i]);
        }
        (void) strbuf_puts(b, "\"}\n");
        strbuf_done(&code);
}

static void make_mix(StrBuf *b)
{
        uint32_t state = 1;

        while (b->size < MIX_SIZE && !b->failed) {
                put_code(b, &state);
                put_shell(b, &state);
                put_json(b, &state);
        }
        must(b->failed ? -ENOMEM : 0);
        b->size = MIX_SIZE;
}

static void read_files(StrBuf *b, int n, char *files[])
{
        for (int i = 0; i < n; i++) {
                char *text = NULL;
                size_t size;

                must(file_read(files[i], 256U << 20, &text, &size));
                must(strbuf_append(b, text, size));
                free(text);
        }
}

/* What a measured function does once with @size bytes. */
typedef void (*Work)(void *userdata, const char *text, size_t size);

/* MB/s of CPU time: the best of N_RUNS, after one to warm up. */
static double measure(Work work, void *userdata, const char *text, size_t size)
{
        uint64_t best = UINT64_MAX;

        for (int i = 0; i <= N_RUNS; i++) {
                uint64_t begin = now_usec(CLOCK_THREAD_CPUTIME_ID), took;

                work(userdata, text, size);
                took = now_usec(CLOCK_THREAD_CPUTIME_ID) - begin;
                if (i > 0 && took < best)
                        best = took ?: 1;
        }
        return (double) size / (double) best;
}

static void work_mask(void *userdata, const char *text, size_t size)
{
        Masked masked;

        masker_forget(userdata);
        must(masker_mask(userdata, MASK_TEXT, text, size, &masked));
}

static void work_records(void *userdata, const char *text, size_t size)
{
        Masked masked;

        masker_forget(userdata);
        for (size_t at = 0; at < size; at += RECORD_SIZE)
                must(masker_mask(userdata, MASK_TEXT, text + at,
                                 size - at < RECORD_SIZE ? size - at : RECORD_SIZE, &masked));
}

/* The same small text many times, so that the clock can measure it. */
static void work_small(void *userdata, const char *text, size_t size)
{
        for (size_t done = 0; done < SAMPLE_SIZE; done += size) {
                Masked masked;

                must(masker_mask(userdata, MASK_TEXT, text, size, &masked));
        }
}

typedef struct LiteralWork {
        LiteralSet *set;
        LiteralScratch *scratch;
        LiteralHits hits;
} LiteralWork;

static void work_literals(void *userdata, const char *text, size_t size)
{
        LiteralWork *w = userdata;

        must(literal_set_scan(w->set, w->scratch, text, size, &w->hits));
}

static void work_patterns(void *userdata, const char *text, size_t size)
{
        Ruleset *rules = userdata;
        pcre2_match_data *match = pcre2_match_data_create(32, NULL);

        for (size_t i = 0; i < rules->n_rules; i++) {
                Rule *rule = &rules->rules[i];
                Pattern search = { 0 };
                size_t at = 0;

                if (!rule->text || rule->kind != RULE_PATTERN ||
                    pattern_compile(rule->text, 0, &search, NULL) < 0)
                        continue;
                (void) pcre2_jit_compile(search.code, PCRE2_JIT_COMPLETE);
                while (at < size &&
                       pcre2_match(search.code, (PCRE2_SPTR) text, size, at, 0, match, NULL) > 0)
                        at = pcre2_get_ovector_pointer(match)[1] + 1;
                pattern_done(&search);
        }
        pcre2_match_data_free(match);
}

static void work_memchr(void *userdata, const char *text, size_t size)
{
        *(const void *volatile *) userdata = memchr(text, 0, size);
}

static Masker *new_masker(Ruleset *rules)
{
        Masker *m = NULL;

        m = masker_new(rules, &key);
        return m;
}

static void count_hits(const char *folder, const StrBuf *text)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
        LiteralWork w = { .set = rules->literals };

        w.scratch = literal_scratch_new(w.set);
        work_literals(&w, text->data, text->size);
        printf("%.0f hits of literals a MB\n", (double) w.hits.n / ((double) text->size / 1e6));
        (void) literal_scratch_free(w.scratch);
        literal_hits_done(&w.hits);
}

static void bench_rules(const char *folder, const StrBuf *text)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
        _cleanup_(masker_freep) Masker *m = new_masker(rules);
        LiteralWork w = { .set = rules->literals };
        double speed = measure(work_mask, m, text->data, text->size);

        printf("%-44s %8.0f MB/s\n", "all rules", speed);
        w.scratch = literal_scratch_new(w.set);
        printf("%-44s %8.0f MB/s\n", "the literals alone",
               measure(work_literals, &w, text->data, text->size));
        (void) literal_scratch_free(w.scratch);
        literal_hits_done(&w.hits);
        require_at_least("MB/s of all rules", speed, 300);
}

static void bench_load(const char *folder)
{
        uint64_t begin = now_usec(CLOCK_PROCESS_CPUTIME_ID);
        size_t before = mallinfo2().uordblks;
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
        double ms = (double) (now_usec(CLOCK_PROCESS_CPUTIME_ID) - begin) / 1000;
        double mb = (double) (mallinfo2().uordblks - before) / 1e6;

        printf("%zu rules: loaded in %.1f ms of CPU, %.1f MB\n", ruleset_n_rules(rules), ms, mb);
        require_at_most("ms to load", ms, 150);
        require_at_most("MB of compiled rules", mb, 16);
}

static void bench_shapes(const char *folder, const StrBuf *text)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
        _cleanup_(masker_freep) Masker *m = new_masker(rules);
        _cleanup_free_ char *line = malloc(text->size);
        double one, records, ratio;

        must(line ? 0 : -ENOMEM);
        for (size_t i = 0; i < text->size; i++)
                line[i] = text->data[i] == '\n' ? ' ' : text->data[i];
        one = measure(work_mask, m, line, text->size);
        records = measure(work_records, m, line, text->size);
        ratio = 100 * (one > records ? one / records - 1 : records / one - 1);
        printf("one line of %.0f MB %8.0f MB/s, records of 16 KB %8.0f MB/s: %.0f %% apart\n",
               (double) text->size / 1e6, one, records, ratio);
        require_at_most("% between a line and records", ratio, 20);
}

static void bench_sizes(const char *folder, const StrBuf *text)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
        _cleanup_(masker_freep) Masker *m = new_masker(rules);
        double slowest = 1e9, fastest = 0;

        for (size_t size = 1U << 10; size <= 64U << 20; size *= 4) {
                _cleanup_free_ char *copy = malloc(size);
                double speed;

                must(copy ? 0 : -ENOMEM);
                for (size_t at = 0; at < size; at += text->size)
                        memcpy(copy + at, text->data,
                               size - at < text->size ? size - at : text->size);
                speed = size < SAMPLE_SIZE ? measure(work_small, m, copy, size) * SAMPLE_SIZE /
                                                             (double) size
                                           : measure(work_mask, m, copy, size);
                printf("%9zu KB %8.0f MB/s\n", size >> 10, speed);
                slowest = speed < slowest ? speed : slowest;
                fastest = speed > fastest ? speed : fastest;
        }
        /* Quadratic cost would differ by the ratio of the sizes, 65536. */
        require_at_most("times the slowest size", fastest / slowest, 3);
}

int main(int argc, char *argv[])
{
        static const struct option options[] = { { "limits", no_argument, NULL, 'l' },
                                                 { "rules", required_argument, NULL, 'r' },
                                                 { "hits", no_argument, NULL, 'h' },
                                                 { 0 } };
        const char *folder = TEST_RULES_DIR;
        bool hits = false;
        StrBuf text = { 0 };
        const void *found;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (c == '?')
                        return 2;
                if (c == 'l')
                        limits = true;
                else if (c == 'h')
                        hits = true;
                else
                        folder = optarg;
        }
        if (optind < argc)
                read_files(&text, argc - optind, argv + optind);
        else
                make_mix(&text);
        if (hits) {
                count_hits(folder, &text);
                strbuf_done(&text);
                return 0;
        }

        bench_load(folder);
        bench_rules(folder, &text);
        {
                _cleanup_(ruleset_unrefp) Ruleset *rules = load(folder);
                size_t size = text.size < SAMPLE_SIZE ? text.size : SAMPLE_SIZE;

                printf("%-44s %8.1f MB/s\n", "PCRE2 with JIT, pattern after pattern",
                       measure(work_patterns, rules, text.data, size));
        }
        printf("%-44s %8.0f MB/s\n", "memchr()",
               measure(work_memchr, &found, text.data, text.size));
        bench_shapes(folder, &text);
        bench_sizes(folder, &text);
        strbuf_done(&text);
        return n_worse > 0 ? 1 : 0;
}
