/*
 * Judge reader: the state of one look at one name
 *
 * Private to the judge. The name is read once (judge-reader.c), then each form is tried where it can be: values and their
 * ends (judge-value.c), tables and lines (judge-table.c), sentences (judge-prose.c). Each function that reads a form
 * returns true when the form is there, a value in it or not: then no other form is tried.
 */
#pragma once

#include "mask/judge-words.h"

/* How far each look goes. No value is longer than VALUE_MAX without a quote; the scanner takes the rest of its word. */
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
        Candidate c; /* what is known of the name */
        bool cjk;    /* the keyword is of a script without blanks */
        bool strict; /* only a sign or a form leads from it to a value, no sentence and no table */
        bool direct; /* in a sentence the value is the next word, or there is none */
        NameFunc wants; /* NULL: any */
        CandidateFunc func;
        void *userdata;
        int result; /* of the last call of func */
} Reader;

/* How a value is read. */
enum {
        VALUE_QUOTED = 1 << 0,   /* only with quotes */
        VALUE_SENTENCE = 1 << 1, /* what ends a sentence is not the value's */
        VALUE_WORD = 1 << 2,     /* as shells and .env files have it: up to the next white space */
};

size_t reader_skip_blanks(const View *v, size_t i);
/* White space and line breaks. */
size_t reader_skip_space(const View *v, size_t i);

/* Where the line of @i begins and ends; within LINE_MAX. */
size_t reader_line_start(const View *v, size_t i);
size_t reader_line_end(const View *v, size_t i);

/* The same for what stands at @i after the first character of a word. */
size_t reader_rest_of_word(const View *v, size_t i, const char *rest);

/* Does @word (lower case) stand at @i, in any case? Returns the position after it, or 0. Mostly its first character says no. */
static inline size_t reader_word_at(const View *v, size_t i, const char *word)
{
        return to_lower(at(v, i)) == word[0] ? reader_rest_of_word(v, i + 1, word + 1) : 0;
}

/* Is there a quote at @i, of keyboards or of printers? Returns the position after it, or 0. */
size_t reader_open_quote(const View *v, size_t i);

/* Reads the value at @i. Returns true: there was one. */
bool reader_value(Reader *r, size_t i, JudgeForm form, char operator, unsigned how);

/* Does the line @i..@end begin with a name and what leads to its value? */
bool reader_is_entry(const View *v, size_t i, size_t end);

/* All that is left of the line, where it is more than one word. */
void reader_rest(Reader *r, size_t i, JudgeForm form, char operator);

/* Is @i a member that holds a value ("value":, default=)? Returns where its value is, or 0. */
size_t reader_member_at(const View *v, size_t i);

/* Says that @start..@end is a value. */
void reader_emit(Reader *r, JudgeForm form, char operator, size_t start, size_t end, char quote);

/*
 * The forms. @i is where the name, with what closes it, ends.
 *
 * element: <name>value</name>. member: name and value are two members of one object, or two attributes. object: the name
 * is that of an object that has a member for the value. insert: the name is a column of SQL's
 * INSERT. column: the name is the title of one. line: the value is the next
 * line; answer: a command's output. prose, reverse: sentences. login, pair: what follows a user's name; letter: the same in a
 * command's options of one letter.
 */
bool reader_element(Reader *r, size_t i);
bool reader_member(Reader *r, size_t i);
bool reader_object(Reader *r, size_t i);
bool reader_insert(Reader *r, size_t i);
bool reader_column(Reader *r, size_t i);
bool reader_line(Reader *r, size_t i);
bool reader_answer(Reader *r);
bool reader_prose(Reader *r, size_t i);
bool reader_reverse(Reader *r);
void reader_login(Reader *r);
int reader_pair(Reader *r);
int reader_letter(Reader *r);
