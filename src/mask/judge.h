/*
 * Judge: is it a secret, as far as name, value and place can tell?
 *
 * A value without a form of its own ("hunter2", 40 random letters) is a secret because of what is beside it: DB_PASSWORD=...,
 * "api_key": "...", the password is ..., a column with the title "password". The reader finds a keyword's name and every value
 * that it may name (judge_read). What can be counted in name, value and place are the features (judge_measure). A model that
 * was trained on such features (data/judge, tools/judge) says how likely the value is a secret.
 *
 * Nothing here allocates memory, and how far it reads is bounded everywhere.
 */
#pragma once

#include "mask/view.h"

/* How name and value are written together. */
#define JUDGE_FORMS(X)                                                                             \
        X(OPERATOR, "operator") /* name = value, name: value, "name" => value */                   \
        X(CALL, "call")         /* setName("value") */                                             \
        X(ARGUMENT, "argument") /* "name", "value" */                                              \
        X(ELEMENT, "element")   /* <name>value</name> */                                           \
        X(MEMBER, "member")     /* "name": {"value": "..."}; name="..." value="..."; either way */ \
        X(OPTION, "option")     /* --name value; "--name", "value" */                              \
        X(QUOTED, "quoted")     /* name "value" */                                                 \
        X(WORD, "word")         /* name value */                                                   \
        X(GAP, "gap")           /* name, a tab or several blanks, value */                         \
        X(COPULA, "copula")     /* the name of x is now value */                                   \
        X(REVERSE, "reverse")   /* value is the name; value as name */                             \
        X(PAIR, "pair")         /* log in with user / value */                                     \
        X(COLUMN, "column")     /* a cell of a table below the name */                             \
        X(LINE, "line")         /* the line after the name's */

/* What the keyword names. */
#define JUDGE_KINDS(X)              \
        X(NONE, "none")             \
        X(PASSWORD, "password")     \
        X(PASS, "pass")             \
        X(SECRET, "secret")         \
        X(TOKEN, "token")           \
        X(API_KEY, "api-key")       \
        X(KEY, "key")               \
        X(AUTH, "auth")             \
        X(CREDENTIAL, "credential") \
        X(PIN, "pin")               \
        X(LOGIN, "login")

/* Where the name is in its line. */
#define JUDGE_PLACES(X)                                                               \
        X(WITHIN, "within")                                                           \
        X(START, "start")     /* at its start, or after bullets, numbers and signs */ \
        X(COMMAND, "command") /* after export, env, -e or the like */                 \
        X(STRING, "string")   /* at the start of a string */

#define JUDGE_ENUM_FORM(id, name)  FORM_##id,
#define JUDGE_ENUM_KIND(id, name)  KIND_##id,
#define JUDGE_ENUM_PLACE(id, name) PLACE_##id,

typedef enum JudgeForm { JUDGE_FORMS(JUDGE_ENUM_FORM) JUDGE_FORMS_N } JudgeForm;
typedef enum JudgeKind { JUDGE_KINDS(JUDGE_ENUM_KIND) JUDGE_KINDS_N } JudgeKind;
typedef enum JudgePlace { JUDGE_PLACES(JUDGE_ENUM_PLACE) JUDGE_PLACES_N } JudgePlace;

/* Their names, as judge-dump and explanations show them. */
const char *judge_form_name(JudgeForm form);
const char *judge_kind_name(JudgeKind kind);

/* What may be a secret: positions are bytes of the view. */
typedef struct Candidate {
        size_t name_start, name_end;
        size_t keyword_start, keyword_end; /* in the name */
        size_t start, end;                 /* of the value, without quotes */
        JudgeForm form;
        JudgeKind kind;
        JudgePlace place;
        char operator; /* "=", ":", or a sign that stands for what was read */
        char quote;    /* 0: the value has none */
        bool name_quoted;
        bool foreign; /* the keyword is not an English word */
        bool rest;    /* the value is the rest of the line */
        bool listed;  /* name and value are in the middle of a list of strings */
} Candidate;

/* A word that names secrets. */
typedef struct Keyword {
        const char *text; /* lower case */
        JudgeKind kind;
        unsigned flags; /* of judge-reader.c */
} Keyword;

/* A keyword of so many bytes is a part of many words. */
#define JUDGE_KEYWORD_SHORT 3

/* Keyword @i; NULL after the last one. A text may have it in any case (of ASCII letters). */
const Keyword *judge_keyword(size_t i);

/* Shorter values are ignored. */
#define JUDGE_VALUE_MIN 3

/* A value without quotes that has this many bytes may be longer. */
#define JUDGE_VALUE_MAX 1024

/* Called for each candidate; a negative result ends the search. */
typedef int (*CandidateFunc)(void *userdata, const Candidate *candidate);

/* Calls @func for each value that @keyword, at @start of @v, may name. Returns 0, or what @func returned. */
int judge_read(const View *v, size_t start, const Keyword *keyword, CandidateFunc func,
               void *userdata);

/* The same for the keyword at @start, if there is one. */
int judge_read_keyword(const View *v, size_t start, CandidateFunc func, void *userdata);

/* Is a name one whose values are wanted? */
typedef bool (*NameFunc)(void *userdata, const char *name, size_t n);

/* The same for any word @start..@end of a name, keyword or not, if @wants that name: it is asked once, before anything is read. */
int judge_read_at(const View *v, size_t start, size_t end, NameFunc wants, CandidateFunc func,
                  void *userdata);

/* Calls @func for every candidate of @v, keyword by keyword. For tools: the scanner has a quicker way to find keywords. */
int judge_read_all(const View *v, CandidateFunc func, void *userdata);

/*
 * What is counted of a candidate. Each is a 16-bit integer: shares are in 1/256, logarithms in 1/16 bits; the rest are counts,
 * classes (whose order means nothing), and yes or no.
 */
#define JUDGE_FEATURES(X)                     \
        /* the value's characters */          \
        X(LENGTH, "length")                   \
        X(DIGITS, "digits")                   \
        X(UPPERS, "uppers")                   \
        X(LOWERS, "lowers")                   \
        X(SPECIALS, "specials")               \
        X(WIDES, "wides")                     \
        X(N_DIGITS, "n-digits")               \
        X(N_SPECIALS, "n-specials")           \
        X(CLASSES, "classes")                 \
        X(CHANGES, "changes")                 \
        X(ENTROPY, "entropy")                 \
        X(SPREAD, "spread")                   \
        X(VOWELS, "vowels")                   \
        X(CONSONANT_RUN, "consonant-run")     \
        X(DIGIT_RUN, "digit-run")             \
        X(SAME_RUN, "same-run")               \
        X(STEP_RUN, "step-run")               \
        X(KEYBOARD, "keyboard")               \
        X(HUMPS, "humps")                     \
        X(LEET, "leet")                       \
        X(YEAR, "year")                       \
        X(BLANKS, "blanks")                   \
        X(UNDERSCORES, "underscores")         \
        X(DASHES, "dashes")                   \
        X(DOTS, "dots")                       \
        X(SLASHES, "slashes")                 \
        X(FIRST, "first")                     \
        X(LAST, "last")                       \
        X(END_DIGITS, "end-digits")           \
        X(BIGRAMS, "bigrams")                 \
        /* the value's words */               \
        X(IN_WORDS, "in-words")               \
        X(N_WORDS, "n-words")                 \
        X(WORD_LENGTH, "word-length")         \
        X(LETTERS_LEFT, "letters-left")       \
        X(PHRASE, "phrase")                   \
        X(PIECES, "pieces")                   \
        X(PIECES_KNOWN, "pieces-known")       \
        X(PIECES_SHORT, "pieces-short")       \
        X(PIECE_UNKNOWN, "piece-unknown")     \
        X(PIECE_LENGTH, "piece-length")       \
        X(PLACEHOLDERS, "placeholders")       \
        X(TYPES, "types")                     \
        X(CREDENTIALS, "credentials")         \
        X(REFERENCES, "references")           \
        X(DIGESTS, "digests")                 \
        X(HAS_KEYWORD, "has-keyword")         \
        X(IS_NAME, "is-name")                 \
        /* the value's shape */               \
        X(PARENTHESIS, "parenthesis")         \
        X(BRACKET, "bracket")                 \
        X(BRACE, "brace")                     \
        X(ANGLE, "angle")                     \
        X(SCHEME, "scheme")                   \
        X(SCOPE, "scope")                     \
        X(TEMPLATE, "template")               \
        X(AT_SIGN, "at-sign")                 \
        X(EQUALS, "equals")                   \
        X(BACKSLASH, "backslash")             \
        X(LOWER_ONLY, "lower-only")           \
        X(UPPER_ONLY, "upper-only")           \
        X(IDENTIFIER, "identifier")           \
        X(DOTTED, "dotted")                   \
        X(NUMBER, "number")                   \
        X(UUID, "uuid")                       \
        X(HEX, "hex")                         \
        X(BASE64, "base64")                   \
        X(PATH, "path")                       \
        X(ELLIPSIS, "ellipsis")               \
        /* how it stands there */             \
        X(FORM, "form")                       \
        X(OPERATOR, "operator")               \
        X(QUOTE, "quote")                     \
        X(PLACE, "place")                     \
        X(KIND, "kind")                       \
        X(FOREIGN, "foreign")                 \
        X(REST, "rest")                       \
        X(GAP, "gap")                         \
        X(NEXT, "next")                       \
        X(NEXT_BUT_ONE, "next-but-one")       \
        X(AFTER, "after")                     \
        X(AFTER_WORDS, "after-words")         \
        X(AFTER_KNOWN, "after-known")         \
        X(COLUMN, "column")                   \
        X(INDENT, "indent")                   \
        X(LINE_FIRST, "line-first")           \
        X(LINE_LAST, "line-last")             \
        X(LINE_LENGTH, "line-length")         \
        X(LINE_BLANKS, "line-blanks")         \
        X(LINE_SIGNS, "line-signs")           \
        X(LINE_WIDE, "line-wide")             \
        X(LINE_USERS, "line-users")           \
        X(LINE_CODE, "line-code")             \
        X(LINE_UI, "line-ui")                 \
        X(LINE_SOURCES, "line-sources")       \
        X(LINE_DIGESTS, "line-digests")       \
        /* the name */                        \
        X(NAME_LENGTH, "name-length")         \
        X(NAME_UPPER, "name-upper")           \
        X(NAME_MIXED, "name-mixed")           \
        X(NAME_JOINTS, "name-joints")         \
        X(NAME_DOTS, "name-dots")             \
        X(NAME_QUOTED, "name-quoted")         \
        X(NAME_IS_KEYWORD, "name-is-keyword") \
        X(NAME_BEFORE, "name-before")         \
        X(NAME_AFTER, "name-after")           \
        X(NAME_PRECEDED, "name-preceded")     \
        X(NAME_ASIDE, "name-aside")           \
        X(NAME_OTHER, "name-other")           \
        X(NAME_UI, "name-ui")                 \
        X(NAME_KEYED, "name-keyed")           \
        X(NAME_KNOWN, "name-known")           \
        X(NAME_UNKNOWN, "name-unknown")

#define JUDGE_ENUM_FEATURE(id, name) FEATURE_##id,

typedef enum JudgeFeature { JUDGE_FEATURES(JUDGE_ENUM_FEATURE) JUDGE_FEATURES_N } JudgeFeature;

/* Its name. */
const char *judge_feature_name(JudgeFeature feature);

/* Hashes of the value's groups of one to four characters, and of the words in the name and around it. */
#define JUDGE_VALUE_BITS 13
#define JUDGE_WORD_BITS  12
#define JUDGE_VALUES_MAX 200
#define JUDGE_WORDS_MAX  40

typedef struct Measures {
        int16_t features[JUDGE_FEATURES_N];
        uint16_t values[JUDGE_VALUES_MAX], words[JUDGE_WORDS_MAX];
        size_t n_values, n_words;
} Measures;

/* Fills in the features, or the hashes, of a candidate. */
void judge_measure(const View *v, const Candidate *c, Measures *ret);
void judge_measure_hashes(const View *v, const Candidate *c, Measures *ret);

/* Where the string ends whose opening quote is just before @i: at the next quote with the same escaping. 0: not in reach. */
size_t judge_quoted_end(const View *v, size_t i);

/* Is it a word of the judge's dictionary: 3 to 12 letters? */
bool judge_is_word(const char *s, size_t n);

/* Identifies the model that was built in. */
const char *judge_model_name(void);

/* How careful the judge is: a high caution masks more text that is not secret, a low one leaves more secrets. */
typedef enum JudgeCaution {
        CAUTION_LOW,
        CAUTION_NORMAL,
        CAUTION_HIGH,
        JUDGE_CAUTIONS_N
} JudgeCaution;

/* What was decided, and why. Scores are natural logarithms of odds, times 1024. */
typedef struct Verdict {
        bool secret;
        int score, threshold;
        const char *veto; /* what the value or the name certainly is, so that the model was not asked; NULL: it was */
} Verdict;

/* How much less is needed beside the name of an issuer of keys: rules know such names, the model does not. */
#define JUDGE_KNOWN_NAME 3072

/* The same in places that only a password can have. */
#define JUDGE_KNOWN_PLACE 2048

/* Decides whether the candidate's value is a secret. */
void judge_decide(const View *v, const Candidate *c, JudgeCaution caution, Verdict *ret);

/* Would these @n bytes, within @quote (0: no quotes), be a secret beside the name of a password, if @less than usual is needed?
 * For places that imply a password without a name. */
bool judge_is_password(const char *s, size_t n, char quote, JudgeCaution caution, int less);

/* How much a feature moved the score, up or down. */
typedef struct Reason {
        const char *feature;
        int points;
} Reason;

#define JUDGE_REASONS_MAX 5

typedef struct Explanation {
        Verdict verdict;
        Reason reasons[JUDGE_REASONS_MAX]; /* the one that counted most is first */
        size_t n_reasons;
} Explanation;

/* The same as judge_decide(), with the reasons. */
void judge_explain(const View *v, const Candidate *c, JudgeCaution caution, Explanation *ret);
