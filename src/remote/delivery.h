/*
 * Delivery: brings one remote up to date with the archive, once
 *
 * Sessions are planned, packed, sent and settled in the order in which they changed (batch.h). The ledger says what the remote
 * has. The remote itself is asked (survey.h) if the ledger belongs to another archive or server, if archive or remote were
 * restored from a backup, if a person wants it, and some time after a request that was never answered. A delivery may be killed
 * at any instant: rows that are sent again replace themselves.
 *
 * It neither waits nor tries again (except for a block whose acknowledgement got lost); courier.h does.
 */
#pragma once

#include "remote/progress.h"

/* Borrows what @options points to. Touches nothing. Returns 0, or a negative errno with *@reterr. */
int delivery_new(const RemoteOptions *options, DeliveryCallback on_progress, void *userdata,
                 Delivery **ret, char **reterr);
Delivery *delivery_free(Delivery *d);
DEFINE_CLEANUP(Delivery *, delivery_free)

/* The same with a backend of the caller's choice, whatever the URL. */
int delivery_new_for(const RemoteBackend *backend, const RemoteOptions *options,
                     DeliveryCallback on_progress, void *userdata, Delivery **ret, char **reterr);

/* Ends the current run and all later ones with -ECANCELED. May be called from any thread. */
void delivery_stop(Delivery *d);

/*
 * Runs. Returns 0: the remote has everything that it may have; -ENOENT: there is no archive yet; or a negative errno as
 * RemoteBackend lists them, with delivery_reason() and delivery_retry_after().
 */
int delivery_run(Delivery *d);

/* Why the last run failed: a sentence. Borrowed until the next run. */
const char *delivery_reason(const Delivery *d);
/* How long the server asked us to wait; 0: it did not. */
uint64_t delivery_retry_after(const Delivery *d);
/* How far the last run got. Borrowed. */
const DeliveryProgress *delivery_progress(const Delivery *d);

/* What a person should know although the run succeeded. NULL: nothing. */
const char *delivery_warning(const Delivery *d);
/* Did sessions not arrive, since others have them there, or the remote refuses them? */
bool delivery_has_conflicts(const Delivery *d);

/* What a person should know before anything is sent. NULL: nothing. Set by delivery_new(). */
const char *delivery_caution(const Delivery *d);

/* Appends what an administrator of the server runs before the first delivery; nothing, if we create everything ourselves.
 * Returns 0 or a negative errno with delivery_reason(). */
int delivery_setup(Delivery *d, StrBuf *ret);

/* When there is something to do without being poked (a HoldTime= is over): microseconds since the epoch; USEC_INFINITY: never. */
uint64_t delivery_next_due(const Delivery *d);

/* Counts again how far behind it is, without contacting the remote. */
void delivery_look(Delivery *d);

/* What delivery_note_error() noted, once delivery_preview() has looked; NULL: nothing. Borrowed. */
const char *delivery_noted_error(const Delivery *d);

/* Notes in the ledger why it fails, for whoever asks when no daemon runs. NULL: it does not fail. */
void delivery_note_error(Delivery *d, const char *reason);

/* Lists sessions in the order in which they would be sent. A negative result of @on_session ends it. Contacts nobody and writes
 * nothing. */
int delivery_preview(Delivery *d, DeliveryPlanCallback on_session, void *userdata);

/* Whether the rows that are sent would name their owner. Returns 1, 0 or a negative errno (there is no archive). */
int delivery_has_owner(Delivery *d);

/* Compares everything of ours on the remote with the archive, and changes nothing. Returns as delivery_run(). */
int delivery_check(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);
