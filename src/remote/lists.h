/*
 * Lists: stars, pins, tombstones, usage events, labels
 *
 * A person's lists are replaced as a whole: they are small, and nothing records what was removed from them. The digest of what
 * was last sent says whether there is anything to do.
 */
#pragma once

#include "remote/link.h"

/* How many rows of a list the remote must have, and the sum of their digests. */
int lists_digest(Delivery *d, RemoteTable table, uint64_t *ret_n, uint64_t *ret_digest);

/* Is a list with this count and digest what was last delivered? */
bool lists_is_delivered(Delivery *d, RemoteTable table, uint64_t n, uint64_t digest);

/* Puts a list for the current batch, unless the remote already has it. Returns 1 (it must be replaced), 0, or a negative
 * errno. */
int lists_put(Delivery *d, RemoteTable table);

/* Notes that the remote has what lists_put() put. */
void lists_are_there(Delivery *d, RemoteTable table);

/* Is there anything for lists_send() to check? */
bool lists_moved(Delivery *d);

/* Replaces the lists that differ from what was last sent. */
int lists_send(Delivery *d);

/* Replaces one list, unless the remote already has it. Sessions whose rows it refuses are barred. */
int lists_send_one(Delivery *d, RemoteTable table);
