/*
 * Survey: what the remote holds of ours, compared with the archive
 *
 * For each session, the server counts its rows and sums their digests, and so do we; no rows are transferred. The answers come
 * a page at a time, so that no lock on archive or ledger is held while we wait for the server.
 */
#pragma once

#include "remote/link.h"

/* Notes in the ledger what the remote holds: sessions that are equal there are known, and all others there are sent again or
 * removed. If a person wants everything sent again, no session counts as equal. */
int survey_all(Delivery *d);

/* After a delivery: sessions that are not there as the ledger says are sent again. *@ret_n_different: how many differed;
 * *@ret_n_waiting: how many could not be compared, since they changed in the archive. */
int survey_late(Delivery *d, uint64_t *ret_n_different, uint64_t *ret_n_waiting);

/* Reports the differences, and changes nothing. */
int survey_tell(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);
