/*
 * Judge data: what the model knows
 *
 * Constants that the build makes from data/judge/words.txt and model.txt (tools/judge/README.md describes their format).
 * Private to the judge.
 */
#pragma once

#include "mask/judge-chars.h"
#include "mask/judge-sizes.h" /* JUDGE_DICTIONARY_BITS */

/* A Bloom filter of words of 3 to 12 lower-case letters. */
extern const uint8_t judge_dictionary[];

#define JUDGE_DICTIONARY_HASHES 3
#define JUDGE_CHAR_CLASSES      40

/* 8 * log2 of the probability of a class of characters after another one. */
extern const int8_t judge_bigrams[JUDGE_CHAR_CLASSES * JUDGE_CHAR_CLASSES];

/* The classes of the bigrams. */
static inline unsigned judge_char_class(char c)
{
        if (is_letter(c))
                return (unsigned) ((c | 0x20) - 'a');
        if (is_digit(c))
                return 26;
        switch (c) {
        case 0:
                return 27;
        case '_':
        case '-':
                return 28;
        case ' ':
                return 29;
        case '.':
                return 30;
        case '/':
        case ':':
                return 31;
        default:
                return is_wide(c) ? 33 : 32;
        }
}

/* A word that is being looked up in the dictionary, letter by letter. */
typedef struct DictionaryLook {
        uint32_t hashes[JUDGE_DICTIONARY_HASHES];
} DictionaryLook;

static inline DictionaryLook judge_dictionary_begin(void)
{
        return (DictionaryLook){ { FNV_BASIS, FNV_BASIS + 7919, FNV_BASIS + 2 * 7919 } };
}

static inline void judge_dictionary_step(DictionaryLook *look, char lower)
{
        for (size_t i = 0; i < JUDGE_DICTIONARY_HASHES; i++)
                look->hashes[i] = hash_step(look->hashes[i], lower);
}

static inline bool judge_dictionary_has(const DictionaryLook *look)
{
        for (size_t i = 0; i < JUDGE_DICTIONARY_HASHES; i++) {
                uint32_t bit = hash_finish(look->hashes[i]) % JUDGE_DICTIONARY_BITS;

                if (!(judge_dictionary[bit / 8] >> (bit % 8) & 1))
                        return false;
        }
        return true;
}

/* A node of a tree. If the feature is at most the threshold, the next node follows, otherwise node @right of the tree. A leaf's
 * mean is its value. */
typedef struct JudgeNode {
        uint16_t feature;
        int16_t threshold;
        uint16_t right;
        int16_t mean; /* of the leaves below */
} JudgeNode;

#define JUDGE_LEAF UINT16_MAX

extern const JudgeNode judge_nodes[];
extern const uint32_t judge_roots[];
extern const size_t judge_n_trees;
extern const char judge_training[]; /* the digest of what it was trained on */
extern const int judge_base;

/* After this many trees, a candidate with a lower score is rejected. */
extern const size_t judge_early_trees;
extern const int judge_early_score;

/* The weights of the two scores, and the sum below which a candidate is rejected. */
extern const int judge_gate[3];

/* What each hash adds to its score. */
extern const int8_t judge_value_weights[1 << JUDGE_VALUE_BITS],
                judge_word_weights[1 << JUDGE_WORD_BITS];
extern const int judge_value_bias, judge_word_bias;

/* The least score of a secret. */
extern const int judge_thresholds[JUDGE_CAUTIONS_N][JUDGE_KINDS_N][JUDGE_FORMS_N];
