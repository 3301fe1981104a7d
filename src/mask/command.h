/*
 * Command: a command line that takes a secret
 *
 * A rule may list commands instead of a pattern; data/rules/README.md describes their form. Where the name of one stands, the words
 * round it are read as a shell does, or as strings of a list of arguments. This takes time in proportion to what is read.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* So many secrets of one command are masked. */
#define COMMAND_SECRETS_MAX 16

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
        size_t n, end; /* where the command ends */
        struct {
                size_t start, end;
        } at[COMMAND_SECRETS_MAX];
} CommandSecrets;

/* Reads @line. Returns 0, or -EINVAL with *@reterr: one without a name or an X, or with a part that has no meaning. */
int command_parse(const char *line, Command *ret, char **reterr);
void command_done(Command *c);

/* Where the secrets of @c are, whose name may begin at @at of @text. None: it is another command, or has none. */
void command_read(const Command *c, const char *text, size_t size, size_t at, CommandSecrets *ret);
