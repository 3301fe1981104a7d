/*
 * Batch: the next sessions, planned, packed, sent and settled
 *
 * What is to be done with each is planned first, from ledger and archive. The order afterwards is what makes it safe: the
 * ledger learns that something of them may be there; rows go out; the remote has them and nothing stale; the ledger learns
 * that it has. Neither the archive nor the ledger is held while the remote is waited for.
 */
#pragma once

#include "remote/link.h"

/* Moves the cursor past what needs nothing done. */
int batch_advance(Delivery *d);

/* Sends the next sessions, and removes those that are no longer allowed. Returns 1 (there may be more), 0 (none is left) or a
 * negative errno. */
int batch_send(Delivery *d);

/* Removes the sessions that the archive has no longer. */
int batch_remove_gone(Delivery *d);

/* When the remote did not take a value (-ERANGE), while the batch is in hand: of several sessions each is tried alone next; one is
 * left out, which is told, and keeps no others back. Returns 1: the rest can go, from the beginning; 0: it is no matter of one
 * session; or a negative errno. */
int batch_find_bad(Delivery *d);

/* Forgets the batch in hand. */
void batch_drop(Delivery *d);
