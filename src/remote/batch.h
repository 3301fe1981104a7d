/*
 * Batch: the next sessions, planned, packed, sent and settled
 *
 * What is to be done with each is planned first, from ledger and archive. The order afterwards is what makes it safe: the
 * ledger learns that something of them may be there; rows go out; the remote has them and nothing stale; the ledger learns
 * that it has. Neither the archive nor the ledger is held while the remote is waited for.
 *
 * Where the remote does not take a value, the session with it is found by halves, and barred; all others go.
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

/* Forgets the batch in hand. */
void batch_drop(Delivery *d);
