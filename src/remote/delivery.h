/*
 * Delivery: brings one remote up to what the archive holds, once
 *
 * Sessions go in the order in which they changed: planned, packed, sent, settled (batch.h). What the remote has the ledger
 * says; after any failure, where it is of another archive or another server, or where a person wishes it, the remote is asked
 * (survey.h). It may be killed at any instant: what is repeated replaces itself.
 *
 * It does not wait and does not try again (but for a block whose acknowledgement got lost); courier.h does.
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

/* Ends a run in hand, and all later ones, with -ECANCELED. From any thread. */
void delivery_stop(Delivery *d);

/*
 * Runs. Returns 0: the remote has everything that it may have; -ENOENT: there is no archive yet; or a negative errno as a
 * RemoteBackend has them, with delivery_reason() and delivery_retry_after().
 */
int delivery_run(Delivery *d);

/* Why the last run failed: a sentence. Borrowed until the next run. */
const char *delivery_reason(const Delivery *d);
/* What the server asked for then; 0: nothing. */
uint64_t delivery_retry_after(const Delivery *d);
/* How far the last run got. Borrowed. */
const DeliveryProgress *delivery_progress(const Delivery *d);

/* What a person should know though the run succeeded. NULL: nothing. */
const char *delivery_warning(const Delivery *d);
/* Are there sessions that others have there, so that not everything arrived? */
bool delivery_has_conflicts(const Delivery *d);

/* What a person should know before anything is sent. NULL: nothing. Known from delivery_new() on. */
const char *delivery_caution(const Delivery *d);

/* Appends what an administrator of the server runs before the first delivery; nothing, where we make all ourselves. Returns 0
 * or a negative errno with delivery_reason(). */
int delivery_setup(Delivery *d, StrBuf *ret);

/* When there is something to do by itself (a HoldTime= is over), microseconds since the epoch; USEC_INFINITY: never. */
uint64_t delivery_next_due(const Delivery *d);

/* Looks again how far behind it is, without speaking to the remote. */
void delivery_look(Delivery *d);

/* Keeps why it fails in the ledger, for those who ask when no daemon runs. NULL: it does not. */
void delivery_note_error(Delivery *d, const char *reason);

/* Sessions in the order in which they would go. A negative result of @on_session ends it. Speaks to nobody, writes nothing. */
typedef int (*DeliveryPlanCallback)(void *userdata, const Value *session, const DeliveryPlan *plan);
int delivery_preview(Delivery *d, DeliveryPlanCallback on_session, void *userdata);

/* Whether the rows that go would say whose they are. Returns 1, 0 or a negative errno (there is no archive). */
int delivery_has_owner(Delivery *d);

/* Compares all that the remote holds of ours with the archive, and changes nothing. Returns 0 or as delivery_run(). */
int delivery_check(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata);
