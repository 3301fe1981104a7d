/*
 * The commands of scrubjayctl
 *
 * Each gets the arguments from its own name on (argv[0] is "status") and returns the exit status of the program. It
 * prints its own errors, on stderr, as sentences; main.c only dispatches.
 */
#pragma once

#include "base/cleanup.h"

enum {
        STATUS_DONE = 0,   /* done; for "mask --check": clean */
        STATUS_FAILED = 1, /* it failed; for "mask --check": there was a finding */
        STATUS_USAGE = 2,  /* the command line makes no sense */
};

int command_blame(int argc, char *argv[]);
int command_doctor(int argc, char *argv[]);
int command_export(int argc, char *argv[]);
int command_findings(int argc, char *argv[]);
int command_log_level(int argc, char *argv[]);
int command_mask(int argc, char *argv[]);
int command_mcp(int argc, char *argv[]);
int command_remote(int argc, char *argv[]);
int command_resync(int argc, char *argv[]);
int command_rules(int argc, char *argv[]);
int command_search(int argc, char *argv[]);
int command_sessions(int argc, char *argv[]);
int command_share(int argc, char *argv[]);
int command_show(int argc, char *argv[]);
int command_state(int argc, char *argv[]);
int command_stats(int argc, char *argv[]);
int command_status(int argc, char *argv[]);
int command_sync(int argc, char *argv[]);
int command_verify(int argc, char *argv[]);
int command_watch(int argc, char *argv[]);

/* Ends the program, once all that was printed is written: where it cannot be, that is an error. */
__attribute__((noreturn)) void command_end(int status);

/* "scrubjayctl: " and a sentence on stderr; whatever it quotes is made printable. */
void print_error(const char *format, ...) _printf_(1, 2);
