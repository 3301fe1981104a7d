/*
 * Judge reader: the state of reading one name
 *
 * Private to the judge. The name is read once (judge-reader.c), then each possible form is tried: values and their ends
 * (judge-value.c), tables and lines (judge-table.c), sentences (judge-prose.c). A function that reads a form returns true if
 * the form is there, with or without a value: then no other form is tried.
 */
#pragma once

#include "mask/judge-words.h"

/* How far each function reads. A value without quotes ends at VALUE_MAX; the scanner takes the rest of its word. */
#define BLANKS_MAX  40
#define VALUE_MAX   JUDGE_VALUE_MAX
#define TEXT_MAX    4096  /* of elements and long strings */
#define QUOTED_MAX  49152 /* with its name within RULE_WINDOW_MAX */
#define LINE_MAX    512
#define OBJECT_MAX  400
#define COLUMN_MAX  32768
#define COLUMNS_MAX 32

typedef struct Reader {
        const View *v;
        Candidate c; /* what is known about the name */
        bool cjk;    /* the keyword's script has no blanks */
        bool strict; /* its value must follow a sign or be in a form, not in a sentence or a table */
        bool direct;    /* in a sentence, only the next word can be the value */
        NameFunc wants; /* NULL: any */
        CandidateFunc func;
        void *userdata;
        int result; /* of the last call of func */
} Reader;

/* How a value is read. */
enum {
        VALUE_QUOTED = 1 << 0,   /* only with quotes */
        VALUE_SENTENCE = 1 << 1, /* what ends a sentence does not belong to the value */
        VALUE_WORD = 1 << 2,     /* as in shells and .env files: up to the next white space */
};

size_t reader_skip_blanks(const View *v, size_t i);
/* White space and line breaks. */
size_t reader_skip_space(const View *v, size_t i);

/* Where the line of @i begins and ends; at most LINE_MAX away. */
size_t reader_line_start(const View *v, size_t i);
size_t reader_line_end(const View *v, size_t i);

/* The same as reader_word_at(), for what follows the first character. */
size_t reader_rest_of_word(const View *v, size_t i, const char *rest);

/* Is @word (lower case) at @i, in any case? Returns the position after it, or 0. Mostly the first character decides. */
static inline size_t reader_word_at(const View *v, size_t i, const char *word)
{
        return to_lower(at(v, i)) == word[0] ? reader_rest_of_word(v, i + 1, word + 1) : 0;
}

/* Is there a quote at @i, straight or typographic? Returns the position after it, or 0. */
size_t reader_open_quote(const View *v, size_t i);

/* Reads the value at @i. Returns true: there was one. */
bool reader_value(Reader *r, size_t i, JudgeForm form, char operator, unsigned how);

/* Does the line @i..@end begin with a name and what leads to its value? */
bool reader_is_entry(const View *v, size_t i, size_t end);

/* The rest of the line, if it is more than one word. */
void reader_rest(Reader *r, size_t i, JudgeForm form, char operator);

/* Is @i a member that holds a value ("value":, default=)? Returns where its value is, or 0. */
size_t reader_member_at(const View *v, size_t i);

/* Reports that @start..@end is a value. */
void reader_emit(Reader *r, JudgeForm form, char operator, size_t start, size_t end, char quote);

/*
 * The forms. @i is where the name ends, with what closes it.
 *
 * element: <name>value</name>. member: name and value are two members of one object, or two attributes. object: the name belongs to
 * an object with a member for the value; members: each member of it is one. insert: the name is a column of SQL's INSERT. column: the
 * name is the title of a column. line: the value is the next line; alone: a word that is all of it; answer: a command's output.
 * prose, reverse: sentences. login, pair: what follows a user's name; letter: the same in a command's one-letter options.
 */
bool reader_element(Reader *r, size_t i);
bool reader_member(Reader *r, size_t i);
bool reader_object(Reader *r, size_t i);
bool reader_members(Reader *r, size_t i);
bool reader_insert(Reader *r, size_t i);
bool reader_column(Reader *r, size_t i);
bool reader_line(Reader *r, size_t i);
void reader_alone(Reader *r, size_t i);
bool reader_answer(Reader *r);
bool reader_prose(Reader *r, size_t i);
bool reader_reverse(Reader *r);
void reader_login(Reader *r);
int reader_pair(Reader *r);
int reader_letter(Reader *r);
