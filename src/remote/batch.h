/*
 * Batch: the next sessions, planned, packed, sent and settled
 *
 * What happens to each session is planned first, from ledger and archive. The order of what follows makes it safe: the ledger
 * notes that rows of them may be there; the rows are sent; the remote has them, and nothing stale; the ledger notes that. No
 * lock on archive or ledger is held while it waits for the remote.
 *
 * If the remote refuses a value, the session that has it is found by halving the batch, and barred; all others are sent.
 */
#pragma once

#include "remote/link.h"

/* Moves the cursor past sessions for which there is nothing to do. */
int batch_advance(Delivery *d);

/* The sessions that changed after @after, in order of change, and what would be done with each now. A negative result of
 * @on_session ends it. Returns 0 or a negative errno. */
int batch_walk(Delivery *d, int64_t after, DeliveryPlanCallback on_session, void *userdata);

/* Counts what is past the cursor and would be sent or withdrawn, and tells. */
int batch_count_behind(Delivery *d);

/* Sends the next sessions, and removes those that are no longer allowed. Returns 1 (there may be more), 0 (none is left) or a
 * negative errno. */
int batch_send(Delivery *d);

/* Removes the sessions that the archive no longer has. */
int batch_remove_gone(Delivery *d);

/* Forgets the current batch. */
void batch_drop(Delivery *d);
