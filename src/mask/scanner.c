/* Scanner: where the secrets of a text stand */
#include "mask/scanner.h"

#include <string.h>

#include "base/bytes-find.h"
#include "mask/extent.h"
#include "mask/guard.h"
#include "mask/judge-words.h"
#include "mask/scanner-internal.h"

/* A chunk and its view fit the second cache; after it the view goes on as far as a rule may look. */
#define CHUNK_SIZE 524288
#define AHEAD      RULE_WINDOW_MAX

/* How far around the place where two lines were joined rules look for their literals. */
#define JOINT_BEHIND 4096
#define JOINT_AHEAD  CUT_WINDOW

/* No rule of ours comes near. A pattern that does is stopped before it costs a millisecond, and the text is masked. */
#define MATCH_LIMIT 50000
#define DEPTH_LIMIT 5000
#define HEAP_LIMIT  1024 /* KB */

/* How far the word round a beginning goes back. */
#define CUT_WORD_MAX 64

/* How often a pattern is tried again in the window of one literal, after a guard refused what it found. */
#define TRIES_MAX 8

Scanner *scanner_new(Ruleset *rules, const HashKey *key)
{
        Scanner *s = xcalloc(1, sizeof(*s));

        s->rules = ruleset_ref(rules);
        s->key = *key;
        s->view.known = ruleset_ids(rules);
        s->scratch = literal_scratch_new(rules->literals);
        s->known = known_new();
        s->names = name_cache_new();
        s->done = xcalloc(rules->n_rules + 1, sizeof(*s->done));
        s->match = pcre2_match_data_create(CAPTURE_GROUPS_MAX + 1, NULL);
        s->context = pcre2_match_context_create(NULL);
        s->stack = pcre2_jit_stack_create(32 * 1024, 512 * 1024, NULL);
        if (!s->match || !s->context || !s->stack)
                memory_is_out();
        (void) pcre2_set_match_limit(s->context, MATCH_LIMIT);
        (void) pcre2_set_depth_limit(s->context, DEPTH_LIMIT);
        (void) pcre2_set_heap_limit(s->context, HEAP_LIMIT);
        pcre2_jit_stack_assign(s->context, NULL, s->stack);
        return s;
}

Scanner *scanner_free(Scanner *s)
{
        if (!s)
                return NULL;
        (void) literal_scratch_free(s->scratch);
        literal_hits_done(&s->hits);
        view_done(&s->view);
        (void) known_free(s->known);
        (void) name_cache_free(s->names);
        pcre2_match_data_free(s->match);
        pcre2_match_context_free(s->context);
        pcre2_jit_stack_free(s->stack);
        (void) ruleset_unref(s->rules);
        for (size_t i = 0; i < s->n_homes; i++)
                free(s->homes[i]);
        free(s->done);
        free(s);
        return NULL;
}

void scanner_add_home(Scanner *s, const char *home)
{
        char *copy;

        if (!home || home[0] != '/' || !home[1] || s->n_homes == HOMES_MAX)
                return;
        copy = xstrdup(home);
        for (size_t n = strlen(copy); n > 1 && copy[n - 1] == '/'; n--)
                copy[n - 1] = 0;
        s->homes[s->n_homes++] = copy;
}

void scanner_forget(Scanner *s)
{
        known_clear(s->known);
        view_drop_if_large(&s->view);
}

Known *scanner_known(const Scanner *s)
{
        return s->known;
}

Budget *scanner_budget(Scanner *s)
{
        return &s->budget;
}

size_t scanner_n_known(const Scanner *s)
{
        return known_n(s->known);
}

/* Does the judge say that this part of the view is a password, where the place does? */
static bool is_password(Scanner *s, const char *secret, size_t n)
{
        const View *v = &s->view;
        size_t start = (size_t) (secret - v->text);
        char quote = at(v, start + n);

        if (!budget_spend(&s->budget, JUDGE_STEPS))
                return true;
        if (start == 0 || v->text[start - 1] != quote || !is_any(quote, "\"'`"))
                quote = 0;
        return judge_is_password(secret, n, quote, s->rules->caution, JUDGE_KNOWN_PLACE);
}

/* Does nothing that a person or a rule says stands against this secret, or the beginning of one? */
static bool is_not_refused(Scanner *s, const Rule *rule, const char *secret, size_t n)
{
        const Guards *g = &rule->guards;

        /* A key's body was looked at already, and what is cut off in its midst ("...") is no placeholder. */
        if (g->placeholder && rule->kind != RULE_PRIVATE_KEY && text_is_placeholder(secret, n))
                return false;
        if (g->judged && !is_password(s, secret, n))
                return false;
        for (size_t i = 0; i < g->n_refused; i++)
                if (scanner_run_pattern(s, &g->refused[i], secret, n, 0, PCRE2_UNSET) != 0)
                        return false;
        for (size_t i = 0; i < s->rules->n_allow; i++)
                if (scanner_run_pattern(s, &s->rules->allow[i].pattern, secret, n, 0,
                                        PCRE2_UNSET) != 0)
                        return false;
        return true;
}

/* Do the rule's guards let this secret pass? */
static bool passes_guards(Scanner *s, const Rule *rule, const char *secret, size_t n)
{
        const Guards *g = &rule->guards;

        if (n == 0 || n < g->min_length || (g->max_length && n > g->max_length))
                return false;
        if (g->needs && !rule_needs_are_met(g->needs, secret, n))
                return false;
        for (size_t i = 0; g->alphabet && i < n; i++)
                if (!g->alphabet[(unsigned char) secret[i]])
                        return false;
        if (g->entropy > 0 && text_entropy(secret, n) < g->entropy)
                return false;
        if (g->checksum == CHECKSUM_GITHUB_CRC32 && !text_has_github_checksum(secret, n))
                return false;
        if (g->checksum == CHECKSUM_LUHN && !text_has_luhn(secret, n))
                return false;
        if (g->dictionary && text_is_phrase(secret, n))
                return false;
        return is_not_refused(s, rule, secret, n);
}

/* Adds @start..@end of the view; an escape or a character that it would cut is taken whole. Where it ends with the view, and the
 * text does not, it is noted: see go_on_with_word(). */
static int add_span(Scanner *s, size_t context, size_t start, size_t end, Span span)
{
        size_t unused;

        view_range(&s->view, start, end, &span.start, &span.end);
        view_range(&s->view, context, context, &span.context, &unused);
        while (span.start > 0 && ((unsigned char) s->view.source[span.start] & 0xC0) == 0x80)
                span.start--;
        while (span.end < s->view.source_size &&
               ((unsigned char) s->view.source[span.end] & 0xC0) == 0x80)
                span.end++;
        span.start += s->base;
        span.end += s->base;
        span.context += s->base;
        if (end == s->view.size && span.end < s->size &&
            span_is_better(&span, &s->open[s->view.join]))
                s->open[s->view.join] = span;
        return spans_add(s->spans, span);
}

/*
 * Is it something that was not found in the text as it is? Two lines are one only where a form is whole then and was not
 * before: a long token on a line of its own has a next line, too.
 */
static bool is_whole_only_joined(const Scanner *s, const Rule *rule, size_t start, size_t end)
{
        ViewJoint joint = view_joint(&s->view, start, end);
        size_t from, to;

        if (joint != VIEW_JOINT_LINES)
                return joint == VIEW_JOINT_UNSEEN;
        if (rule->kind != RULE_PATTERN)
                return false;
        view_range(&s->view, start, start + 1, &from, &to);
        for (size_t i = 0; i < s->spans->n; i++)
                if (s->spans->items[i].start <= s->base + from &&
                    s->spans->items[i].end > s->base + from)
                        return false;
        return true;
}

int scanner_take(Scanner *s, const Rule *rule, size_t context, size_t start, size_t end)
{
        Span span = { .rule = rule->id, .rank = rule->rank };
        const char *secret;
        KnownSecret known;
        size_t n;
        int r;

        /* What was masked before is no secret; what stands beside it may be one. */
        while (start < end && view_is_marker(&s->view, start))
                start++;
        while (start < end && view_is_marker(&s->view, end - 1))
                end--;
        secret = s->view.text + start;
        n = end - start;
        if (s->view.join && !is_whole_only_joined(s, rule, start, end))
                return 0;
        if (!passes_guards(s, rule, secret, n))
                return 0;
        span.fingerprint = hash_bytes(&s->key, secret, n);
        if (ruleset_allows(s->rules, span.fingerprint))
                return 0;
        known = (KnownSecret){ (char *) secret, n, rule->id, span.fingerprint, rule->rank };
        if (!s->only_here)
                (void) known_add(s->known, &known);
        r = add_span(s, context, start, end, span);
        return r < 0 ? r : 1;
}

/* A secret that reached the end of the view before this one: the word that it ends with is a part of it, however long that is. */
static int go_on_with_word(Scanner *s)
{
        Span span = s->open[s->view.join];
        size_t start, end;

        s->open[s->view.join] = (Span){ 0 };
        if (!span.rule)
                return 0;
        /* The last unit once more: it may have been a part of an escape. */
        start = view_position(&s->view, span.end - 1 - s->base);
        end = extent_word(&s->view, start);
        return end > start ? add_span(s, start, start, end, span) : 0;
}

static ssize_t take_match(Scanner *s, Rule *rule, size_t size)
{
        Parts p = scanner_matched_parts(s, rule), open = scanner_without_bounds(s, rule, p);
        size_t reached = 0;

        for (size_t i = 0; i < p.n; i++) {
                size_t start = p.parts[i].start,
                       end = extent_complete(&s->view, p.context, start, open.parts[i].end, size);
                int r = scanner_take(s, rule, p.context, start, end);

                if (r == 0 && open.parts[i].end > p.parts[i].end) {
                        end = extent_complete(&s->view, p.context, start, p.parts[i].end, size);
                        r = scanner_take(s, rule, p.context, start, end);
                }
                if (r < 0)
                        return r;
                if (r > 0)
                        reached = end > reached ? end : reached;
        }
        return (ssize_t) reached;
}

/* Returns 1 (found), 0 or -ENOMEM. */
static int find_pattern(Scanner *s, Rule *rule, size_t *done, size_t at, size_t end)
{
        size_t start = at, size = scanner_window_end(&s->view, at, rule->after);

        if (!rule->at_literal) {
                start = at > rule->before ? at - rule->before : 0;
                start = start > *done ? start : *done;
        }
        for (int i = 0; i < TRIES_MAX && start <= at; i++) {
                ssize_t reached;

                if (scanner_run_rule(s, rule, start, at, end, &size) <= 0)
                        return 0;
                start = pcre2_get_ovector_pointer(s->match)[0] + 1;
                reached = take_match(s, rule, size);
                if (reached < 0)
                        return -ENOMEM;
                if (reached > 0) {
                        *done = (size_t) reached;
                        return 1;
                }
        }
        return 0;
}

/* The form at @start was cut off at @cut; its literal is @at..@end. Is it a secret as far as it goes? A word may follow ("key-value1",
 * "sk_live_example"), after a long prefix one without capitals. Within a word ("dummy-key-1234") and before an address
 * ("ftp://10.0.0.5") forms begin by chance: the judge is asked for that word. */
static bool is_secret_so_far(const Scanner *s, size_t at, size_t start, size_t end, size_t cut)
{
        const char *text = s->view.text;
        size_t low = start > CUT_WORD_MAX ? start - CUT_WORD_MAX : 0;

        while (start > low && (is_name(text[start - 1]) || text[start - 1] == '-'))
                start--;
        if (start == at && end - at >= KNOWN_MIN &&
            text_classes(text + end, cut - end) & CLASS_UPPER)
                return true;
        return !text_is_word_and_number(text + end, cut - end) &&
               (start == at || judge_is_password(text + start, cut - start, 0, CAUTION_HIGH, 0));
}

/* Can what begins at @start, or before it, and ends at @cut be a secret? Asked first, since matching a part takes far longer. */
static bool ends_as_token(const char *text, size_t start, size_t cut)
{
        size_t last = cut - KNOWN_MIN;

        start = start < last ? start : last;
        return cut >= KNOWN_MIN && text_is_token(text + start, cut - start);
}

/* Where the text was cut off, the beginning of a rule's form at the literal @at..@end is enough. */
static int try_beginning(Scanner *s, Rule *rule, size_t at, size_t end)
{
        const size_t *found = pcre2_get_ovector_pointer(s->match);
        size_t cut, start = at;
        const char *text = s->view.text;
        Span span = { .rule = rule->id, .rank = rule->rank };

        if (rule->secrets[0] > 0 && !pattern_is_set(&rule->lead))
                return 0;
        cut = cuts_after(&s->cuts, &s->view, at, s->last_chunk);
        if (cut <= end || !budget_spend(&s->budget, PATTERN_STEPS))
                return 0;
        if (!ends_as_token(text, rule->secrets[0] > 0 ? cut : at, cut))
                return 0;
        if (!rule->at_literal)
                start = at > rule->before ? at - rule->before : 0;
        (void) pcre2_set_offset_limit(s->context, rule->at_literal ? PCRE2_UNSET : at);
        /* Native code is not made for this: it is rare. */
        if (pcre2_match(rule->pattern.code, (PCRE2_SPTR) text, cut, start, PCRE2_PARTIAL_SOFT,
                        s->match, s->context) != PCRE2_ERROR_PARTIAL)
                return 0;
        start = found[0];
        if (rule->secrets[0] > 0) {
                if (scanner_run_pattern(s, &rule->lead, text, cut, start, PCRE2_UNSET) <= 0)
                        return 0;
                start = found[1];
        }
        end = end > start ? end : start;
        if (cut - start < KNOWN_MIN || !text_is_token(text + start, cut - start) ||
            !is_not_refused(s, rule, text + start, cut - start) ||
            !is_secret_so_far(s, at, start, end, cut))
                return 0;
        span.fingerprint = hash_bytes(&s->key, text + start, cut - start);
        return ruleset_allows(s->rules, span.fingerprint) ? 0
                                                          : add_span(s, start, start, cut, span);
}

static int try_pattern(Scanner *s, Rule *rule, size_t *done, size_t at, size_t end)
{
        int r;

        if (at < *done)
                return 0;
        r = find_pattern(s, rule, done, at, end);
        return r == 0 && !s->view.join && !s->limited ? try_beginning(s, rule, at, end)
               : r < 0                                ? r
                                                      : 0;
}

/* An assignment that a rule looks at. */
typedef struct Assignment {
        Scanner *scanner;
        Rule *rule;
} Assignment;

/* Does the name of an assignment match the rule's? */
static bool name_matches(void *userdata, const char *name, size_t n)
{
        const Assignment *a = userdata;
        Scanner *s = a->scanner;
        Rule *rule = a->rule;
        uint32_t number = (uint32_t) (rule - s->rules->rules);
        uint64_t hash = name_cache_hash(name, n);
        int r = name_cache_get(s->names, number, hash, name, n);

        if (r < 0) {
                r = scanner_run_pattern(s, &rule->name, name, n, 0, PCRE2_UNSET);
                if (r >= 0) /* what hit a limit is not known */
                        name_cache_note(s->names, number, hash, name, n, r > 0);
        }
        return r > 0;
}

static int take_assignment(void *userdata, const Candidate *c)
{
        const Assignment *a = userdata;
        Scanner *s = a->scanner;
        const View *v = &s->view;
        Parts p;

        if (c->form > FORM_OPTION || c->rest)
                return 0;
        if (scanner_run_pattern(s, &a->rule->pattern, v->text + c->start, c->end - c->start, 0,
                                PCRE2_UNSET) <= 0)
                return 0;
        p = scanner_matched_parts(s, a->rule);
        for (size_t i = 0; i < p.n; i++) {
                size_t start = c->start + p.parts[i].start,
                       end = scanner_value_end(s, c, c->start + p.parts[i].end);

                if (scanner_take(s, a->rule, c->name_start < start ? c->name_start : start, start,
                                 end) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int try_assignment(Scanner *s, Rule *rule, size_t start, size_t end)
{
        Assignment a = { s, rule };

        return judge_read_at(&s->view, start, end, rule->name.code ? name_matches : NULL,
                             take_assignment, &a);
}

/* None of the literal's rules took what stands there: it may be the issuer's, in a form that was not published. What @rule refuses by
 * name is none. */
static int try_near(Scanner *s, const Rule *rule, LiteralHit hit)
{
        Rule near = { .id = rule->id,
                      .rank = rule->rank + 2,
                      .guards = { .refused = rule->guards.refused,
                                  .n_refused = rule->guards.n_refused } };
        size_t end;
        int r;

        if (!s->rules->prefixes[hit.literal] || hit.start < s->near)
                return 0;
        end = extent_near_form(&s->view, hit.start, hit.start + s->rules->sizes[hit.literal]);
        if (end == 0)
                return 0;
        r = scanner_take(s, &near, hit.start, hit.start, end);
        if (r > 0)
                s->near = end;
        return r < 0 ? r : 0;
}

/* Most rules are not tried on most texts: what is noted of each is not cleared, but outdated. */
static size_t *rule_place(Scanner *s, uint32_t rule)
{
        struct Done *done = s->done + rule;

        if (done->round != s->round)
                *done = (struct Done){ .round = s->round };
        return &done->until;
}

static int try_hit(Scanner *s, LiteralHit hit)
{
        const Ruleset *rules = s->rules;
        const Rule *prefix = NULL; /* the first rule that begins with the literal */
        bool taken = false;

        for (uint32_t i = rules->use_starts[hit.literal]; i < rules->use_starts[hit.literal + 1];
             i++) {
                Rule *rule = &rules->rules[rules->uses[i]];
                size_t *done = rule_place(s, rules->uses[i]);
                int r = 0;

                switch (rule->kind) {
                case RULE_PATTERN:
                        r = try_pattern(s, rule, done, hit.start,
                                        hit.start + rules->sizes[hit.literal]);
                        if ((rule->at_literal || rule->secrets[0] == 0) && !prefix)
                                prefix = rule;
                        taken = taken || *done > hit.start;
                        break;
                case RULE_ASSIGNMENT:
                        r = try_assignment(s, rule, hit.start,
                                           hit.start + rules->sizes[hit.literal]);
                        break;
                case RULE_COMMAND:
                        r = scanner_try_commands(s, rule, done, hit.start);
                        break;
                case RULE_PRIVATE_KEY:
                        r = scanner_try_key(s, rule, done, hit.start);
                        break;
                case RULE_JUDGE:
                        r = scanner_try_judge(s, hit.start);
                        break;
                }
                if (r < 0)
                        return r;
        }
        return prefix && !taken && !s->view.join ? try_near(s, prefix, hit) : 0;
}

static int find_rules(Scanner *s)
{
        size_t end;
        int r;

        if (++s->round == 0) {
                memset(s->done, 0, s->rules->n_rules * sizeof(*s->done));
                s->round = 1;
        }
        s->judged = s->near = 0;
        s->stayed = s->word = s->tried = (Range){ 0 };
        /* A literal counts where it starts, and may go on after the chunk. */
        end = s->view.size - s->end > s->rules->longest ? s->end + s->rules->longest : s->view.size;
        r = literal_set_scan(s->rules->literals, s->scratch, s->view.text + s->first,
                             end - s->first, &s->hits);
        for (size_t i = 0; r >= 0 && i < s->hits.n; i++) {
                LiteralHit hit = s->hits.hits[i];

                hit.start += (uint32_t) s->first;
                if (hit.start >= s->end)
                        break;
                if (!budget_spend(&s->budget, 1))
                        s->limited = true;
                if (s->limited)
                        break;
                r = try_hit(s, hit);
        }
        return r;
}

static int add_known(Scanner *s, const KnownSecret *secret, size_t start, size_t end)
{
        static const Rule given = { 0 }; /* no guards: only what a person says stands against it */

        if (secret->given && (ruleset_allows(s->rules, secret->fingerprint) ||
                              !is_not_refused(s, &given, secret->text, secret->size)))
                return 0;
        return add_span(s, start, start, end,
                        (Span){ .rule = secret->rule,
                                .rank = secret->rank + 8,
                                .fingerprint = secret->fingerprint });
}

static int on_known(void *userdata, const KnownSecret *secret, size_t start, size_t end)
{
        Scanner *s = userdata;

        if (s->view.join && view_joint(&s->view, start, end) == VIEW_JOINT_NONE)
                return 0;
        return add_known(s, secret, start, end);
}

/* Where the text was cut off, a beginning is enough. */
static int find_known_beginnings(Scanner *s)
{
        const View *v = &s->view;
        size_t low = s->first, cut = s->first;

        while (low < s->end && (cut = known_next_cut(v->text, s->end, cut)) <= s->end) {
                const KnownSecret *secret;
                size_t start;

                if (cut == s->end && !s->last_chunk)
                        break;
                secret = known_before_cut(s->known, v->text, low, cut, &start, &s->budget);
                if (secret && add_known(s, secret, start, cut) < 0)
                        return -ENOMEM;
                low = cut;
                cut++;
        }
        return 0;
}

static int find_known(Scanner *s)
{
        int r = known_each(s->known, s->view.text, s->view.size, s->first, s->end, on_known, s,
                           &s->budget);

        if (r >= 0 && known_any(s->known) && !s->view.join)
                r = find_known_beginnings(s);
        s->limited = s->limited || s->budget.exceeded;
        return r;
}

static int find_home(Scanner *s, const char *home)
{
        const View *v = &s->view;
        size_t n = strlen(home), at = s->first;
        size_t end = v->size - s->end > n ? s->end + n : v->size;
        const char *p;

        while (n > 0 && at < s->end && (p = bytes_find(v->text + at, end - at, home, n))) {
                at = (size_t) (p - v->text);
                if (at >= s->end)
                        break;
                if (extent_is_path(v, at, at + n) &&
                    add_span(s, at, at, at + n, (Span){ .rank = 99 }) < 0)
                        return -ENOMEM;
                at += n;
        }
        return 0;
}

/* Makes the view of the chunk that begins at @at, with what a rule may look at round it. */
static int open_chunk(Scanner *s, const char *text, size_t size, size_t at)
{
        size_t until = s->part.until - at > CHUNK_SIZE ? at + CHUNK_SIZE : s->part.until;
        size_t end = size - until > AHEAD ? until + AHEAD : size;
        size_t base = scanner_view_start(text, at > TEXT_BEHIND ? at - TEXT_BEHIND : 0);
        int r;

        r = view_set(&s->view, text + base, end - base);
        if (r < 0)
                return r;
        s->base = base;
        cuts_begin(&s->cuts);
        s->first = view_position(&s->view, at - base);
        s->last_chunk = until == size && !s->part.goes_on;
        s->end = until == size ? s->view.size : view_position(&s->view, until - base);
        return 0;
}

/* Searches the chunks before @until for secrets that were learned after them. */
static int find_known_again(Scanner *s, const char *text, size_t size, size_t until)
{
        int r = 0;

        for (size_t at = s->part.from; r >= 0 && at < until; at += CHUNK_SIZE) {
                r = open_chunk(s, text, size, at);
                if (r >= 0)
                        r = find_known(s);
        }
        return r;
}

static int find_here(Scanner *s)
{
        int r = find_rules(s);

        return r < 0 ? r : find_known(s);
}

/* Searches the joined view around each place where lines were joined: from the line's start to a little after it. */
static int find_at_joints(Scanner *s)
{
        const View *v = &s->view;
        const size_t first = s->first, last = s->end;
        int r = 0;

        s->end = s->first;
        for (size_t i = 0; r >= 0 && i < v->map.n; i++) {
                const MapPiece *p = &v->map.pieces[i];
                size_t low = p->start > JOINT_BEHIND ? p->start - JOINT_BEHIND : 0,
                       high = p->start + JOINT_AHEAD;
                const char *line;

                if (!view_joins_lines(v, p))
                        continue;
                line = memrchr(v->text + low, '\n', p->start - low);
                low = line ? (size_t) (line - v->text) + 1 : low;
                low = low > first ? low : first;
                high = high < last ? high : last;
                if (low > s->end) {
                        r = s->first < s->end ? find_here(s) : 0;
                        s->first = low;
                }
                s->end = high > s->end ? high : s->end;
        }
        if (r >= 0 && s->first < s->end)
                r = find_here(s);
        s->first = first;
        s->end = last;
        return r;
}

/* Searches the chunk again in a joined view: all of it if something unseen breaks a word, otherwise where lines were joined. */
static int find_broken(Scanner *s, const char *text, size_t size, size_t at)
{
        bool breaks = s->view.breaks;
        int r;

        if (!breaks && !s->open[true].rule && !view_may_join_lines(&s->view))
                return 0;
        s->view.join = true;
        r = open_chunk(s, text, size, at);
        if (r >= 0)
                r = go_on_with_word(s);
        if (r >= 0)
                r = breaks ? find_here(s) : find_at_joints(s);
        s->view.join = false;
        return r;
}

/* Are there more known secrets than *@n? Sets *@n to their number. */
static bool has_learned(const Scanner *s, size_t *n)
{
        size_t before = *n;

        *n = known_n(s->known);
        return *n > before;
}

int scanner_run(Scanner *s, const char *text, size_t size, TextPart part, Spans *spans)
{
        size_t n_known = known_n(s->known), known_until = part.from;
        int r = 0;

        s->spans = spans;
        s->part = part;
        s->limited = false;
        s->open_key = NULL;
        s->key_end = 0;
        s->size = size;
        memset(s->open, 0, sizeof(s->open));
        for (size_t at = part.from; r >= 0 && !s->limited && at < part.until; at += CHUNK_SIZE) {
                r = open_chunk(s, text, size, at);
                if (r >= 0)
                        r = scanner_go_on_with_key(s);
                if (r >= 0)
                        r = go_on_with_word(s);
                if (r >= 0)
                        r = find_here(s);
                if (has_learned(s, &n_known))
                        known_until = at;
                for (size_t i = 0; r >= 0 && i < s->n_homes; i++)
                        r = find_home(s, s->homes[i]);
                if (r >= 0)
                        r = find_broken(s, text, size, at);
                if (has_learned(s, &n_known))
                        known_until = at + CHUNK_SIZE;
                s->limited = s->limited || spans->n > SPANS_MAX;
        }
        if (r >= 0 && !s->limited)
                r = find_known_again(s, text, size, known_until);
        if (r < 0)
                return r;
        spans_merge(spans);
        return s->limited ? 1 : 0;
}
