/*
 * Couriers: one for each remote in the settings, on the loop
 *
 * Keeps what they last said, so that Status can tell it at any time, puts their outages into the journal, and answers
 * those who wait for a delivery.
 */
#pragma once

#include <systemd/sd-event.h>

#include "service/settings.h"

typedef struct Couriers Couriers;

/* A remote as the bus shows it. */
typedef struct RemoteSnapshot {
        const char *name;
        const char *url; /* without credentials */
        uint64_t last_delivery_usec, n_behind;
        uint64_t rows_sent;     /* since its courier began */
        const char *last_error; /* "" when all is well */
} RemoteSnapshot;

/* Starts them, and they wait until there is something to do; one whose settings make no sense is kept with its error. @on_changed is called on the loop when a
 * snapshot has changed. Takes a reference to @settings. */
Couriers *couriers_new(Settings *settings, sd_event *event, void (*on_changed)(void *userdata),
                       void *userdata);

/* Ends those that run, without waiting for them on the loop, and starts those of the new settings when they have ended; who
 * waits for a delivery waits for the new ones. */
void couriers_set_settings(Couriers *c, Settings *settings);

/* Ends them for good, without waiting: @on_stopped is called once, when they have ended, or have not after a few seconds (then
 * they end with the process; what they have in hand is sent again another time). Who waits for a delivery is told that there
 * will be none. Nothing else may be called then but couriers_snapshot() and couriers_free(). */
void couriers_stop(Couriers *c, void (*on_stopped)(void *userdata), void *userdata);

/* Waits for those that couriers_stop() has not given up. Not on the loop. */
Couriers *couriers_free(Couriers *c);
DEFINE_CLEANUP(Couriers *, couriers_free)

/* The archive may hold something new; those that begin later look as well. */
void couriers_poke(Couriers *c);

/* All of them. Borrowed until the loop turns again. */
const RemoteSnapshot *couriers_snapshot(const Couriers *c, size_t *ret_n);

/* Called once: @remotes have what the archive held at the call, or their last_error says why not; NULL when there will be
 * no answer. */
typedef void (*CouriersWaiter)(void *userdata, const RemoteSnapshot *remotes, size_t n_remotes);

/* Has all of them deliver now. Returns 0; or -EAGAIN: too many are waiting, and @waiter is not called. */
int couriers_deliver(Couriers *c, CouriersWaiter waiter, void *userdata);
