/*
 * scrubjayd --once: one cycle without bus and service manager
 */
#pragma once

#include "service/settings.h"

/* Runs it, prints the result as one JSON object on stdout and what is wrong on stderr. Returns the exit status: 0 all
 * synced, 1 some sessions failed (or a signal ended it early), 2 source, archive or rules cannot be used. */
int run_once(Settings *settings);
