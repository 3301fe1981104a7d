/* Couriers: one for each remote in the settings, on the loop */
#include "service/couriers.h"

#include <string.h>

#include "remote/backends.h"
#include "remote/courier.h"
#include "service/log.h"
#include "service/text-utf8.h"

#define WAITERS_MAX 1024 /* far beyond what people and scripts have open at once */

#define STOP_USEC \
        (5 * USEC_PER_SEC) /* a request ends at once when it is to; a disk may take longer */

typedef struct Entry {
        Couriers *owner;
        Settings *settings; /* what the courier borrows from */
        size_t index;       /* of its remote there */
        const char *name;
        char *url;
        char *unusable;   /* why there is no courier; or NULL */
        Courier *courier; /* NULL: it is unusable, or waits for one before it to end */
        sd_event_source *source;
        CourierStatus status;
        uint64_t told_outages, told_warnings;
        bool told_failing;
        struct Entry *next_leaving;
} Entry;

typedef struct DeliveryWaiter {
        CouriersWaiter call;
        void *userdata;
        uint64_t *tickets; /* of each entry */
} DeliveryWaiter;

struct Couriers {
        sd_event *event;
        void (*on_changed)(void *userdata);
        void *userdata;
        Entry **entries;
        RemoteSnapshot *snapshots;
        size_t n;
        Entry *leaving;                     /* were asked to end, and have not yet */
        bool poked;                         /* there may be something that was not asked for */
        bool given_up;                      /* nobody waits for them any longer */
        void (*on_stopped)(void *userdata); /* NULL: not asked for, or called */
        void *stopped_userdata;
        sd_event_source *stop_timer;
        DeliveryWaiter *waiters;
        size_t n_waiters;
};

/* The journal */

static void tell_outage(const Entry *e)
{
        log_event(LOG_WARNING, MESSAGE_REMOTE_FAILED,
                  LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name },
                             { "SCRUBJAY_REASON", e->status.last_error }),
                  "The remote '%s' is not up to date: %s", e->name, e->status.last_error);
}

static void tell_news(Entry *e)
{
        if (e->status.n_outages != e->told_outages)
                tell_outage(e);
        else if (e->told_failing && !e->status.failing)
                log_event(LOG_INFO, MESSAGE_REMOTE_BACK, LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name }),
                          "The remote '%s' can be reached again and is up to date.", e->name);
        if (e->status.n_warnings != e->told_warnings && e->status.warning && *e->status.warning)
                log_event(LOG_WARNING, MESSAGE_REMOTE_CONFLICT,
                          LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name }), "The remote '%s': %s",
                          e->name, e->status.warning);
        e->told_outages = e->status.n_outages;
        e->told_warnings = e->status.n_warnings;
        e->told_failing = e->status.failing;
}

/* Waiting */

static void take_snapshot(Couriers *c, size_t i)
{
        const Entry *e = c->entries[i];

        c->snapshots[i] = (RemoteSnapshot){
                .name = e->name,
                .url = e->url,
                .last_delivery_usec = e->status.last_delivery_usec,
                .n_behind = e->status.n_behind,
                .rows_sent = e->status.rows_sent,
                .last_error = e->unusable ?: (e->status.last_error ?: ""),
        };
}

static bool is_answered(const Couriers *c, const DeliveryWaiter *w)
{
        for (size_t i = 0; i < c->n; i++) {
                const Entry *e = c->entries[i];

                if (e->courier ? e->status.done < w->tickets[i] : !e->unusable)
                        return false;
        }
        return true;
}

/* Answers those whose deliveries are done; all of them, without an answer, where @give_up. */
static void answer_waiters(Couriers *c, bool give_up)
{
        size_t n_kept = 0;

        for (size_t i = 0; i < c->n_waiters; i++) {
                DeliveryWaiter w = c->waiters[i];

                if (!give_up && !is_answered(c, &w)) {
                        c->waiters[n_kept++] = w;
                        continue;
                }
                w.call(w.userdata, give_up ? NULL : c->snapshots, c->n);
                free(w.tickets);
        }
        c->n_waiters = n_kept;
}

static void start_those_that_wait(Couriers *c);

static Entry *entry_free(Entry *e)
{
        sd_event_source_disable_unref(e->source);
        courier_free(e->courier);
        courier_status_done(&e->status);
        free(e->url);
        free(e->unusable);
        settings_unref(e->settings);
        free(e);
        return NULL;
}

static void tell_stopped(Couriers *c)
{
        void (*on_stopped)(void *userdata) = c->on_stopped;

        c->on_stopped = NULL;
        if (on_stopped)
                on_stopped(c->stopped_userdata);
}

/* One that was asked to end has ended: its successors may begin. */
static void take_leave(Entry *e)
{
        Couriers *c = e->owner;
        Entry **link = &c->leaving;

        while (*link != e)
                link = &(*link)->next_leaving;
        *link = e->next_leaving;
        entry_free(e);
        if (c->leaving)
                return;
        start_those_that_wait(c);
        tell_stopped(c);
}

static bool is_leaving(const Entry *e)
{
        for (const Entry *i = e->owner->leaving; i; i = i->next_leaving)
                if (i == e)
                        return true;
        return false;
}

static int on_courier(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Entry *e = userdata;
        Couriers *c = e->owner;
        CourierStatus status;

        courier_status(e->courier, &status);
        courier_status_done(&e->status);
        e->status = status;
        if (is_leaving(e)) {
                if (status.has_ended)
                        take_leave(e);
                return 0;
        }
        text_make_utf8(&e->status.last_error);
        text_make_utf8(&e->status.warning);
        tell_news(e);
        take_snapshot(c, e->index);
        c->on_changed(c->userdata);
        answer_waiters(c, false);
        return 0;
}

/* Asks each courier. The caller owns what is returned. */
static uint64_t *ask_all(Couriers *c)
{
        uint64_t *tickets = xcalloc(c->n + 1, sizeof(*tickets));

        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i]->courier)
                        tickets[i] = courier_ask(c->entries[i]->courier);
        return tickets;
}

int couriers_deliver(Couriers *c, CouriersWaiter waiter, void *userdata)
{
        if (c->n_waiters >= WAITERS_MAX)
                return -EAGAIN;
        APPEND(c->waiters, c->n_waiters, (DeliveryWaiter){ waiter, userdata, ask_all(c) });
        answer_waiters(c, false); /* at once, if there is no courier */
        return 0;
}

/* The couriers are others now. */
static void ask_again(Couriers *c)
{
        for (size_t i = 0; i < c->n_waiters; i++) {
                free(c->waiters[i].tickets);
                c->waiters[i].tickets = ask_all(c);
        }
        answer_waiters(c, false);
}

/* Life */

static int start(Entry *e)
{
        RemoteOptions options = settings_for_remote(e->settings, e->index);
        int r;

        r = courier_new(&options, &e->courier, &e->unusable);
        text_make_utf8(&e->unusable);
        if (r < 0)
                return r;
        if (e->owner->poked)
                courier_poke(e->courier);
        r = sd_event_add_io(e->owner->event, &e->source, courier_fd(e->courier), EPOLLIN,
                            on_courier, e);
        return r < 0 ? r : sd_event_source_set_description(e->source, "courier");
}

/* Two of one remote would be in each other's way: those of new settings begin when the ones before them have ended. */
static void start_those_that_wait(Couriers *c)
{
        if (c->leaving)
                return;
        for (size_t i = 0; i < c->n; i++) {
                Entry *e = c->entries[i];
                int r = e->courier || e->unusable ? 0 : start(e);

                if (r < 0 && !e->unusable)
                        format_error(&e->unusable, "%s.", strerror(-r));
                if (r < 0)
                        log_event(LOG_WARNING, MESSAGE_REMOTE_FAILED,
                                  LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name },
                                             { "SCRUBJAY_REASON", e->unusable }),
                                  "The remote '%s' cannot be used: %s", e->name, e->unusable);
                take_snapshot(c, i);
        }
        ask_again(c);
}

static void add(Couriers *c, Settings *settings, size_t index)
{
        RemoteOptions options = settings_for_remote(settings, index);
        Entry *e = xcalloc(1, sizeof(*e));

        e->owner = c;
        e->settings = settings_ref(settings);
        e->index = index;
        e->name = options.name;
        e->url = remote_shown_url(&options);
        text_make_utf8(&e->url);
        c->entries[c->n] = e;
        take_snapshot(c, c->n++);
}

/* Tells all to end. */
static void dismiss(Couriers *c)
{
        for (size_t i = 0; i < c->n; i++) {
                Entry *e = c->entries[i];

                if (!e->courier) {
                        entry_free(e);
                        continue;
                }
                courier_stop(e->courier);
                e->next_leaving = c->leaving;
                c->leaving = e;
        }
        free(c->entries);
        free(c->snapshots);
        c->entries = NULL;
        c->snapshots = NULL;
        c->n = 0;
}

static void add_all(Couriers *c, Settings *settings)
{
        c->entries = xcalloc(settings->n_remotes + 1, sizeof(*c->entries));
        c->snapshots = xcalloc(settings->n_remotes + 1, sizeof(*c->snapshots));
        for (size_t i = 0; i < settings->n_remotes; i++)
                add(c, settings, i);
        start_those_that_wait(c);
}

Couriers *couriers_new(Settings *settings, sd_event *event, void (*on_changed)(void *userdata),
                       void *userdata)
{
        Couriers *c = xcalloc(1, sizeof(*c));

        c->event = sd_event_ref(event);
        c->on_changed = on_changed;
        c->userdata = userdata;
        add_all(c, settings);
        return c;
}

void couriers_set_settings(Couriers *c, Settings *settings)
{
        dismiss(c);
        add_all(c, settings);
}

static int on_stop_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        Couriers *c = userdata;

        c->given_up = true;
        tell_stopped(c);
        return 0;
}

void couriers_stop(Couriers *c, void (*on_stopped)(void *userdata), void *userdata)
{
        answer_waiters(c, true);
        dismiss(c);
        c->on_stopped = on_stopped;
        c->stopped_userdata = userdata;
        if (!c->leaving)
                tell_stopped(c);
        else if (sd_event_add_time_relative(c->event, &c->stop_timer, CLOCK_MONOTONIC, STOP_USEC, 0,
                                            on_stop_timer, c) < 0)
                (void) on_stop_timer(NULL, 0, c);
}

Couriers *couriers_free(Couriers *c)
{
        if (!c)
                return NULL;
        answer_waiters(c, true);
        dismiss(c);
        sd_event_source_disable_unref(c->stop_timer);
        while (c->leaving && !c->given_up) { /* those that were given up go with the process */
                Entry *e = c->leaving;

                c->leaving = e->next_leaving;
                entry_free(e);
        }
        free(c->waiters);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}

void couriers_poke(Couriers *c)
{
        c->poked = true;
        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i]->courier)
                        courier_poke(c->entries[i]->courier);
}

const RemoteSnapshot *couriers_snapshot(const Couriers *c, size_t *ret_n)
{
        *ret_n = c->n;
        return c->snapshots;
}
