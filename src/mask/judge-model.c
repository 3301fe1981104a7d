/* Judge: the model, and what it makes of a candidate */
#include <limits.h>

#include "mask/guard.h"
#include "mask/judge-data.h"
#include "mask/judge-veto.h"
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

const char *judge_model_name(void)
{
        return judge_training;
}

/* So much more is needed of a name in a list of strings, where most are; and of a word, or what is short, beside "key", which is the
 * name of anything. */
#define LISTED_MORE   2048
#define KEY_MORE      1024
#define KEY_SHORT_MAX 8

/* What devices have ("key 7 x", "key x") is a password, however short; a word is one only where its encoding says so. */
static bool is_unlikely_key(const View *v, const Candidate *c)
{
        size_t i = c->start;

        if (c->kind != KIND_KEY)
                return false;
        if (c->form != FORM_WORD && c->end - c->start <= KEY_SHORT_MAX)
                return true;
        while (i < c->end && is_lower(v->text[i]))
                i++;
        return i == c->end && (c->form != FORM_WORD || c->start == c->name_end + 1);
}

static int threshold_of(const View *v, const Candidate *c, JudgeCaution caution)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start;
        bool listed = c->listed && !memchr(s, '-', n) && text_is_name(s, n);

        return judge_thresholds[caution][c->kind][c->form] + (listed ? LISTED_MORE : 0) +
               (is_unlikely_key(v, c) ? KEY_MORE : 0);
}

void judge_decide(const View *v, const Candidate *c, JudgeCaution caution, Verdict *ret)
{
        Measures m;

        *ret = (Verdict){ .score = INT_MIN, .threshold = threshold_of(v, c, caution) };
        judge_words_ready();
        ret->veto = judge_find_veto(v, c);
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
