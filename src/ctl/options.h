/*
 * Options of a command: one table gives the parsing and the help text
 *
 * --help, --archive=PATH and --config=FILE are known to every command and need no row.
 */
#pragma once

#include "base/cleanup.h"

typedef enum OptionType {
        OPTION_FLAG,   /* value: bool *, set to true */
        OPTION_STRING, /* value: const char **, borrowed from argv */
        OPTION_NUMBER, /* value: uint64_t * */
        OPTION_TIME,   /* value: uint64_t *, microseconds since the epoch; see ctl/moment.h */
        OPTION_WORD,   /* value: an enum *, set to that of the word */
} OptionType;

typedef struct Option {
        const char *name;     /* without the dashes */
        const char *argument; /* N_("NAME"); NULL for a flag */
        const char *help;     /* N_() */
        OptionType type;
        void *value;
        const char *words;   /* of OPTION_WORD, as "a, b, c" */
        unsigned first_word; /* the enum's value of the first; the others follow */
} Option;

typedef struct Usage {
        const char *arguments; /* what follows the options: N_("ID"), or NULL */
        const char *summary;   /* N_(): one sentence */
        const char *example;   /* a command line to start from */
        const Option *options;
        size_t n_options;
        int min_arguments;
        int max_arguments; /* -1: any number */
} Usage;

/*
 * Parses the options of the command argv[0]; arguments that are no options are moved to the end of argv. Returns the index of
 * the first of them. Ends the program where help was asked for, and where the command line is invalid.
 */
int options_parse(const Usage *usage, int argc, char *argv[]);

/* Says that two options (or a word and an option) cannot be given together, or that one means nothing without the other. Both
 * return -EINVAL. */
int options_clash(const char *one, const char *other);
int options_need(const char *one, const char *other);

/* One line of a help text: @name, with @argument (may be NULL) after @between, then @help from column @column on, as a
 * terminal counts. */
void help_print_row(const char *name, const char *between, const char *argument, const char *help,
                    size_t column);

/* Parses a whole decimal number. Returns 0, -EINVAL or -ERANGE. */
int parse_number(const char *s, uint64_t *ret);
