/*
 * Survey: what the remote holds of ours, compared with the archive
 *
 * The server counts and sums the digests of each session's rows, and so do we; no row travels. What it says is taken a page
 * at a time, so that neither the archive nor the ledger is held while it is waited for.
 */
#pragma once

#include "remote/link.h"

/* The ledger learns what the remote holds: what is there as it is here is known, and all else that is there comes again, or
 * goes. Where a person wants everything sent again, nothing is known. */
int survey_all(Delivery *d);

/* After a delivery: what is another than the ledger says is there comes again. *@ret_n_different: how much that is;
 * *@ret_n_waiting: what could not be seen, for it changed in the archive since. */
int survey_late(Delivery *d, uint64_t *ret_n_different, uint64_t *ret_n_waiting);

/* Tells the differences, and changes nothing. */
int survey_tell(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);
