/*
 * What the journal is told of cycles
 *
 * A cause that stays is told once, when it begins and when it ends, however often it is tried again meanwhile; so a
 * disk that is full for a night leaves two messages. Also keeps the sentence that Status shows as the last error.
 */
#pragma once

#include "service/settings.h"
#include "sync/status.h"

/* Open, so that it can live in its owner; nobody else looks into it but at last_error. */
typedef struct CycleJournal {
        CycleFailure failure; /* as it was last reported */
        char *last_error;     /* NULL: all is well */
        uint64_t told_errors; /* digest of the session errors that were last reported */
} CycleJournal;

void cycle_journal_done(CycleJournal *j);

/* A cycle ended; @n_synced sessions were synced in all times, this cycle's included. Returns 1 when last_error is another
 * one now, else 0. */
int cycle_journal_add(CycleJournal *j, const Settings *settings, uint64_t n_synced,
                      const CycleResult *result);
