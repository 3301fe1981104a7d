/*
 * Command: a command line that takes a secret
 *
 * A rule may list commands instead of a pattern; data/rules/README.md describes their form. Where the name of one stands, the words
 * round it are read as a shell does, or as strings of a list of arguments. This takes time in proportion to what is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* So many secrets of a command line are masked. */
#define COMMAND_SECRETS_MAX 32

typedef enum CommandPartKind {
        COMMAND_OPTION,   /* "-p X": the value of an option; "-p *": one that is skipped */
        COMMAND_ATTACHED, /* "/p:X" */
        COMMAND_FLAG,     /* an option or another word that must be there */
        COMMAND_ARGUMENT, /* "X" or "*": no option */
        COMMAND_NAMED,    /* "NAME=X", each */
        COMMAND_INPUT,    /* "< X" */
} CommandPartKind;

typedef struct CommandPart {
        CommandPartKind kind;
        char *text; /* the option or word; what stands before NAME= */
        bool secret;
} CommandPart;

typedef struct Command {
        char **name; /* its words */
        CommandPart *parts;
        size_t n_parts;
} Command;

typedef struct CommandSecrets {
        size_t n, end; /* where the command ends, if it has some */
        struct {
                size_t start, end;
        } at[COMMAND_SECRETS_MAX];
} CommandSecrets;

/* Reads @line. Returns 0, or -EINVAL with *@reterr: one without a name or an X, or with a part that has no meaning. */
int command_parse(const char *line, Command *ret, char **reterr);
void command_done(Command *c);

/*
 * The secrets of those of the @n @commands whose name begins at @at of @text. None: another command stands there, or it has none.
 * Its words are read once for all commands of a name.
 */
void commands_read(const Command *commands, size_t n, const char *text, size_t size, size_t at,
                   CommandSecrets *ret);
