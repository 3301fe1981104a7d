/* Judge: the model, and what it makes of a candidate */
#include <limits.h>

#include "base/bytes-find.h"
#include "mask/guard.h"
#include "mask/judge-data.h"
#include "mask/judge-words.h"

/* More of a value tells nothing more. */
#define ASKED_MAX 256

/* A feature of the model is one of the reader's, or one of the two scores of hashes. */
_Static_assert(JUDGE_MODEL_FEATURES == JUDGE_FEATURES_N + 2,
               "data/judge/model.txt knows other features");

static int16_t hash_score(const int8_t *weights, int bias, const uint16_t *hashes, size_t n)
{
        int sum = bias;

        for (size_t i = 0; i < n; i++)
                sum += weights[hashes[i]];
        return (int16_t) (sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

/* Walks down a tree; what each feature adds goes to @points, which may be NULL. */
static inline __attribute__((always_inline)) int tree_score(const JudgeNode *tree,
                                                            const int16_t *features, int *points)
{
        const JudgeNode *node = tree;

        while (node->feature != JUDGE_LEAF) {
                const JudgeNode *next = features[node->feature] <= node->threshold
                                                        ? node + 1
                                                        : tree + node->right;

                if (points)
                        points[node->feature] += next->mean - node->mean;
                node = next;
        }
        return node->mean;
}

static bool has_digit(const char *s, size_t n)
{
        while (n > 0 && !is_digit(s[n - 1]))
                n--;
        return n > 0;
}

/* The same of all trees, one after the other. */
static inline __attribute__((always_inline)) int trees_score(const int16_t *features, int *points)
{
        int score = judge_base;

        for (size_t i = 0; i < judge_n_trees; i++) {
                score += tree_score(judge_nodes + judge_roots[i], features, points);
                if (!points && i + 1 == judge_early_trees && score < judge_early_score)
                        break;
        }
        return score;
}

/* The score of the candidate, in 1/1024 of a natural logarithm of odds. */
static int model_score(const View *v, const Candidate *c, Measures *m, int *points)
{
        int16_t features[JUDGE_MODEL_FEATURES], value, word;

        judge_measure_hashes(v, c, m);
        value = hash_score(judge_value_weights, judge_value_bias, m->values, m->n_values);
        word = hash_score(judge_word_weights, judge_word_bias, m->words, m->n_words);
        /*
         * Most of what stands beside a name is no secret, and its characters and the words round it say so. What has a digit
         * may be random, whose characters say anything.
         */
        if (!points && !has_digit(v->text + c->start, c->end - c->start) &&
            judge_gate[0] * value + judge_gate[1] * word < judge_gate[2])
                return INT16_MIN;
        judge_measure(v, c, m);
        memcpy(features, m->features, sizeof(m->features));
        features[JUDGE_FEATURES_N] = value;
        features[JUDGE_FEATURES_N + 1] = word;
        /* Without points this is a loop of its own, and most of the model's time. */
        return points ? trees_score(features, points) : trees_score(features, NULL);
}

/* What the last word of the name says: "token_id", "passwordField" name something about a secret. */
static bool is_about_something(const View *v, const Candidate *c)
{
        const char *s = v->text + c->keyword_end;
        size_t n = c->name_end - c->keyword_end, i = 0, end;
        unsigned last = 0;

        while ((end = judge_next_word(s, n, &i))) {
                last = judge_word(s + i, end - i);
                i = end;
        }
        return last & WORD_AFTER;
}

/* A variable: $NAME, %NAME%, @name@; with nothing else. */
static bool is_variable(const char *s, size_t n)
{
        size_t i = 1;

        if (n < 2 || !is_any(s[0], "$%@&") || is_digit(s[1]))
                return false;
        while (i < n && (is_letter(s[i]) || s[i] == '_' || is_digit(s[i]) || s[i] == '.'))
                i++;
        return s[0] == '$' || s[0] == '&' ? i == n && text_is_words(s + 1, n - 1)
                                          : i + 1 == n && s[i] == s[0];
}

/* self.next_token(), os.environ["X"], read(f): names with brackets after them, where no quotes say that it is a text. */
static bool is_call(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = 0;

        if (c->quote || (!is_letter(s[0]) && s[0] != '_'))
                return false;
        while (i < n && (is_name(s[i]) || is_any(s[i], ".:?!>&*")))
                i++;
        if (i == n)
                return is_any(at(v, c->end), "([{") && text_is_words(s, n);
        return is_any(s[i], "([{") && text_is_words(s, i) &&
               (is_any(s[n - 1], ")]}") || is_any(at(v, c->end), " \n\"'`)]},;"));
}

static bool is_identifier(const char *s, size_t n)
{
        size_t i = 0;

        while (i < n && (is_name(s[i]) || is_any(s[i], ".()")))
                i++;
        return i == n;
}

/* YAML's name for a value that stands elsewhere: "password: *shared" */
static bool is_alias(const Candidate *c, const char *s, size_t n)
{
        size_t i = 1;

        while (i < n && is_name(s[i]))
                i++;
        return c->operator== ':' && !c->quote && s[0] == '*' && i == n &&
                        text_is_words(s + 1, n - 1);
}

/* The value is the name as code writes it: "user.apiToken" of API_TOKEN, "ApiTokenField" of apiToken. */
static bool is_name_again(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start, *dot;
        size_t n = c->end - c->start, i = 0;

        if (c->name_start >= c->name_end || c->name_end > c->start)
                return false;
        for (size_t k = 0; k < n; k++)
                if (!is_name(s[k]) && s[k] != '.')
                        return false;
        dot = memrchr(s, '.', n);
        i = dot ? (size_t) (dot - s) + 1 : 0;
        for (size_t k = c->name_start; k < c->name_end; k++) {
                if (!is_letter(v->text[k]) && !is_digit(v->text[k]))
                        continue;
                while (i < n && !is_letter(s[i]) && !is_digit(s[i]))
                        i++;
                if (i == n || to_lower(s[i++]) != to_lower(v->text[k]))
                        return false;
        }
        return i == n || (c->name_start < c->keyword_start && text_is_words(s + i, n - i));
}

/* 0x1F: no key is as short as a number */
static bool is_number(const char *s, size_t n)
{
        size_t i = 2;

        if (n < 3 || n > 18 || s[0] != '0' || to_lower(s[1]) != 'x')
                return false;
        while (i < n && (is_digit(s[i]) || (to_lower(s[i]) >= 'a' && to_lower(s[i]) <= 'f')))
                i++;
        return i == n;
}

/* A count of tokens has no more digits than this; a secret made of digits alone has more, or is quoted. */
#define COUNT_MAX 9

/* "output_tokens": 1234, which is most of what stands beside a name in an agent's log */
static bool is_count(const View *v, const Candidate *c)
{
        char plural = at(v, c->keyword_end), next = at(v, c->keyword_end + 1);
        bool upper = is_upper(v->text[c->keyword_end - 1]); /* "TOKENS", and not "tokenSecret" */
        size_t i = c->start;

        if (c->kind != KIND_TOKEN || c->quote || c->end - i > COUNT_MAX ||
            plural != (upper ? 'S' : 's') || (is_letter(next) && is_upper(next) == upper))
                return false;
        while (i < c->end && is_digit(v->text[i]))
                i++;
        return i == c->end;
}

/* "^9.0.10": what a package's name stands beside, also one that holds a keyword ("jsonwebtoken") */
static bool is_version(const char *s, size_t n)
{
        size_t i = 0, n_dots = 0;

        while (i < n && is_any(s[i], "^~<>=v "))
                i++;
        for (; i < n && (is_digit(s[i]) || (i > 0 && s[i] == '.' && is_digit(s[i - 1]))); i++)
                n_dots += s[i] == '.';
        return i == n && n_dots >= 2;
}

/* "key = other_name;": a statement, whose texts would have quotes */
static bool is_statement(const View *v, const Candidate *c)
{
        return c->operator== '=' && !c->quote && c->start> c->name_end + 2 &&
               is_blank(v->text[c->name_end]) &&
               is_blank(v->text[c->start - 1]) && at(v, c->end) == ';' &&
               !is_digit(v->text[c->start]) && is_identifier(v->text + c->start, c->end - c->start);
}

/* "2014-12-18" */
static bool is_date(const char *s, size_t n)
{
        static const char form[] = "0000-00-00";

        for (size_t i = 0; i < n && i < sizeof(form) - 1; i++)
                if (form[i] == '0' ? !is_digit(s[i]) : s[i] != form[i])
                        return false;
        return n == sizeof(form) - 1;
}

/* How far the beginning of a resource's name is looked for. */
#define RESOURCE_MAX 200

static bool begins_with(const View *v, size_t i, const char *word)
{
        size_t n = strlen(word);

        return v->size - i >= n && memcmp(v->text + i, word, n) == 0;
}

/* A part of one that colons divide: "arn:aws:secretsmanager:eu-west-1:1234:secret:name" */
static bool is_in_resource_name(const View *v, const Candidate *c)
{
        size_t i = c->name_start, low = i > RESOURCE_MAX ? i - RESOURCE_MAX : 0;

        if (c->kind != KIND_SECRET || c->name_end + 1 != c->start || before(v, i) != ':')
                return false;
        while (i > low && (is_name(v->text[i - 1]) || is_any(v->text[i - 1], ":*/.")))
                i--;
        return begins_with(v, i, "arn:");
}

/* jwt = require("jsonwebtoken") */
static bool is_module(const View *v, const Candidate *c)
{
        static const char *const words[] = { "require(", "import(", "include(" };
        bool called = false;

        for (size_t k = 0; c->quote && k < ELEMENTSOF(words); k++)
                called = called || (c->start > strlen(words[k]) &&
                                    begins_with(v, c->start - strlen(words[k]) - 1, words[k]));
        for (size_t i = c->start; called && i < c->end; i++)
                called = !is_upper(v->text[i]);
        return called;
}

/* A regular expression: it names a range of characters ("[a-z]+"), or goes from one end to the other ("^\\s*$"). */
static bool is_expression(const char *s, size_t n)
{
        static const char *const ranges[] = { "a-z", "A-Z", "0-9" };
        static const char *const classes[] = { "\\s", "\\d", "\\w", "\\.", ".*", ".+" };
        bool whole = n > 4 && s[0] == '^' && s[n - 1] == '$';

        for (size_t k = 0; k < ELEMENTSOF(ranges); k++) {
                const char *range = bytes_find(s, n, ranges[k], 3);

                if (range && memchr(s, '[', (size_t) (range - s)) &&
                    memchr(range, ']', (size_t) (s + n - range)))
                        return true;
        }
        for (size_t k = 0; whole && k < ELEMENTSOF(classes); k++)
                if (bytes_find(s, n, classes[k], 2))
                        return true;
        return false;
}

static const char *find_veto(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start;

        if (is_count(v, c))
                return "a number of tokens";
        if (is_about_something(v, c))
                return "the name is of something about a secret";
        if (text_is_reference(s, n) || is_variable(s, n) || is_alias(c, s, n))
                return "a reference or a placeholder";
        if (is_any(c->operator, "e!") && !c->quote && is_identifier(s, n))
                return "compared with a variable";
        if (is_name_again(v, c))
                return "the name itself";
        if (is_number(s, n))
                return "a number";
        if (is_version(s, n))
                return "a version";
        if (c->kind == KIND_PIN && is_date(s, n))
                return "a date";
        if (is_in_resource_name(v, c))
                return "a part of a resource's name";
        if (is_module(v, c))
                return "a module";
        if (is_expression(s, n))
                return "a regular expression";
        if (c->kind == KIND_PIN && !has_digit(s, n))
                return "a PIN without digits";
        if (is_statement(v, c))
                return "another name";
        if (judge_word(s, n) & WORD_TYPE)
                return "a type or a constant";
        if (is_call(v, c))
                return "a call";
        return NULL;
}

const char *judge_model_name(void)
{
        return judge_training;
}

void judge_decide(const View *v, const Candidate *c, JudgeCaution caution, Verdict *ret)
{
        Measures m;

        *ret = (Verdict){ .score = INT_MIN,
                          .threshold = judge_thresholds[caution][c->kind][c->form] };
        judge_words_ready();
        ret->veto = find_veto(v, c);
        if (ret->veto)
                return;
        ret->score = model_score(v, c, &m, NULL);
        ret->secret = ret->score >= ret->threshold;
}

/* Is it one beside the name, where @less than usual is needed? */
static bool is_beside_password(const char *s, size_t n, char quote, JudgeCaution caution, int less)
{
        static const char name[] = "PASSWORD=";
        const size_t keyword = sizeof(name) - 2;
        char text[sizeof(name) + ASKED_MAX + 1];
        Candidate c = { .name_end = keyword,
                        .keyword_end = keyword,
                        .start = keyword + 1 + (quote != 0),
                        .form = FORM_OPERATOR,
                        .kind = KIND_PASSWORD,
                        .place = PLACE_START,
                        .operator= '=',
                        .quote = quote };
        View v = { .text = text };
        Verdict verdict;

        n = n < ASKED_MAX ? n : ASKED_MAX;
        c.end = c.start + n;
        memcpy(text, name, keyword + 1);
        text[keyword + 1] = text[c.end] = quote;
        memcpy(text + c.start, s, n);
        v.size = c.end + (quote != 0);
        judge_decide(&v, &c, caution, &verdict);
        explicit_bzero(text, sizeof(text));
        return !verdict.veto && verdict.score >= verdict.threshold - less;
}

bool judge_is_password(const char *s, size_t n, char quote, JudgeCaution caution, int less)
{
        const char *last;

        if (is_beside_password(s, n, quote, caution, less))
                return true;
        /* Of a few words one that is a secret by itself is enough. */
        last = memrchr(s, ' ', n);
        return last && is_beside_password(last + 1, (size_t) (s + n - last) - 1, quote, caution, 0);
}

static const char *model_feature_name(size_t i)
{
        if (i < JUDGE_FEATURES_N)
                return judge_feature_name((JudgeFeature) i);
        return i == JUDGE_FEATURES_N ? "value-characters" : "words-around";
}

void judge_explain(const View *v, const Candidate *c, JudgeCaution caution, Explanation *ret)
{
        int points[JUDGE_MODEL_FEATURES] = { 0 };
        Measures m;

        *ret = (Explanation){ 0 };
        judge_decide(v, c, caution, &ret->verdict);
        if (ret->verdict.veto)
                return;
        (void) model_score(v, c, &m, points);
        for (size_t k = 0; k < JUDGE_REASONS_MAX; k++) {
                size_t best = 0;

                for (size_t i = 1; i < JUDGE_MODEL_FEATURES; i++)
                        if (abs(points[i]) > abs(points[best]))
                                best = i;
                if (points[best] == 0)
                        break;
                ret->reasons[k] = (Reason){ model_feature_name(best), points[best] };
                ret->n_reasons++;
                points[best] = 0;
        }
}
