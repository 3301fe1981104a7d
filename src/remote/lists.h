/*
 * Lists: stars, pins, tombstones, events of usage, labels
 *
 * One person's are replaced as a whole: small lists, and of what was taken out of them nothing else tells. A digest of what
 * was sent last says whether there is anything to do.
 */
#pragma once

#include "remote/link.h"

/* How many rows of a list the remote has to have, and the sum of their digests. */
int lists_digest(Delivery *d, RemoteTable table, uint64_t *ret_n, uint64_t *ret_digest);

/* Is such a list what was delivered last? */
bool lists_is_delivered(Delivery *d, RemoteTable table, uint64_t n, uint64_t digest);

/* Puts a list for the batch in hand, unless the remote has it as it is. Returns 1 (it has to be replaced), 0, or a negative
 * errno. */
int lists_put(Delivery *d, RemoteTable table);

/* The remote has what lists_put() put. */
void lists_are_there(Delivery *d, RemoteTable table);

/* Is there anything that lists_send() has to look at? */
bool lists_moved(Delivery *d);

/* Replaces those that are others than last time. */
int lists_send(Delivery *d);

/* Replaces one, unless the remote has it as it is. Sessions whose rows it does not take are barred. */
int lists_send_one(Delivery *d, RemoteTable table);
