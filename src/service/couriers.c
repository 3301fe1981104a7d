/* Couriers: one for each remote in the settings, on the loop */
#include "service/couriers.h"

#include <string.h>

#include "base/url.h"
#include "remote/courier.h"
#include "service/log.h"
#include "service/text-utf8.h"

#define WAITERS_MAX 1024 /* far beyond what people and scripts have open at once */

typedef struct Entry {
        Couriers *owner;
        const char *name;
        char *url;
        char *unusable;   /* why there is no courier; or NULL */
        Courier *courier; /* or NULL */
        sd_event_source *source;
        CourierStatus status;
        uint64_t told_outages, told_warnings;
        bool told_failing;
} Entry;

typedef struct DeliveryWaiter {
        CouriersWaiter call;
        void *userdata;
        uint64_t *tickets; /* of each entry */
} DeliveryWaiter;

struct Couriers {
        Settings *settings;
        sd_event *event;
        void (*on_changed)(void *userdata);
        void *userdata;
        Entry *entries;
        RemoteSnapshot *snapshots;
        size_t n;
        DeliveryWaiter *waiters;
        size_t n_waiters;
};

/* The journal */

static void tell_outage(const Entry *e)
{
        log_event(LOG_WARNING, MESSAGE_REMOTE_FAILED,
                  LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name },
                             { "SCRUBJAY_REASON", e->status.last_error }),
                  "The remote '%s' is not up to date, and is tried again: %s", e->name,
                  e->status.last_error);
}

static void tell_news(Entry *e)
{
        if (e->status.n_outages != e->told_outages)
                tell_outage(e);
        else if (e->told_failing && !e->status.failing)
                log_event(LOG_INFO, MESSAGE_REMOTE_BACK, LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name }),
                          "The remote '%s' is reached again, and up to date.", e->name);
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
        const Entry *e = c->entries + i;

        c->snapshots[i] = (RemoteSnapshot){
                .name = e->name,
                .url = e->url,
                .last_delivery_usec = e->status.last_delivery_usec,
                .n_behind = e->status.n_behind,
                .last_error = e->unusable ?: (e->status.last_error ?: ""),
        };
}

static bool is_answered(const Couriers *c, const DeliveryWaiter *w)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].courier && c->entries[i].status.done < w->tickets[i])
                        return false;
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

static int on_courier(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        Entry *e = userdata;
        Couriers *c = e->owner;
        CourierStatus status;

        if (courier_status(e->courier, &status) < 0)
                return 0;
        courier_status_done(&e->status);
        e->status = status;
        text_make_utf8(&e->status.last_error);
        text_make_utf8(&e->status.warning);
        tell_news(e);
        take_snapshot(c, (size_t) (e - c->entries));
        c->on_changed(c->userdata);
        answer_waiters(c, false);
        return 0;
}

/* Asks each courier. The caller owns what is returned; NULL without memory. */
static uint64_t *ask_all(Couriers *c)
{
        uint64_t *tickets = calloc(c->n + 1, sizeof(*tickets));

        for (size_t i = 0; tickets && i < c->n; i++)
                if (c->entries[i].courier)
                        tickets[i] = courier_ask(c->entries[i].courier);
        return tickets;
}

int couriers_deliver(Couriers *c, CouriersWaiter waiter, void *userdata)
{
        DeliveryWaiter *grown;
        uint64_t *tickets;

        if (c->n_waiters >= WAITERS_MAX)
                return -EAGAIN;
        grown = reallocarray(c->waiters, c->n_waiters + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        c->waiters = grown;
        tickets = ask_all(c);
        if (!tickets)
                return -ENOMEM;
        grown[c->n_waiters++] = (DeliveryWaiter){ waiter, userdata, tickets };
        answer_waiters(c, false); /* at once, where there is no courier at all */
        return 0;
}

/* The couriers are others now. Without memory the wait is over. */
static void ask_again(Couriers *c)
{
        for (size_t i = 0; i < c->n_waiters; i++) {
                uint64_t *tickets = ask_all(c);

                if (!tickets) {
                        answer_waiters(c, true);
                        return;
                }
                free(c->waiters[i].tickets);
                c->waiters[i].tickets = tickets;
        }
        answer_waiters(c, false);
}

/* Life */

static int start(Couriers *c, size_t i)
{
        RemoteOptions options = settings_for_remote(c->settings, i);
        Entry *e = c->entries + i;
        int r;

        e->owner = c;
        e->name = options.name;
        e->url = url_without_credentials(options.url);
        text_make_utf8(&e->url);
        if (!e->url)
                return -ENOMEM;
        r = courier_new(&options, &e->courier, &e->unusable);
        text_make_utf8(&e->unusable);
        if (r < 0) {
                log_event(LOG_WARNING, MESSAGE_REMOTE_FAILED,
                          LOG_FIELDS({ "SCRUBJAY_REMOTE", e->name },
                                     { "SCRUBJAY_REASON", e->unusable }),
                          "The remote '%s' cannot be used: %s", e->name,
                          e->unusable ?: strerror(-r));
        } else {
                r = sd_event_add_io(c->event, &e->source, courier_fd(e->courier), EPOLLIN,
                                    on_courier, e);
                if (r >= 0)
                        r = sd_event_source_set_description(e->source, "courier");
                if (r < 0)
                        return r;
        }
        take_snapshot(c, i);
        return 0;
}

static void stop_all(Couriers *c)
{
        for (size_t i = 0; i < c->n; i++) {
                sd_event_source_disable_unref(c->entries[i].source);
                if (c->entries[i].courier)
                        courier_stop(c->entries[i].courier);
        }
        for (size_t i = 0; i < c->n; i++) {
                courier_free(c->entries[i].courier);
                courier_status_done(&c->entries[i].status);
                free(c->entries[i].url);
                free(c->entries[i].unusable);
        }
        free(c->entries);
        free(c->snapshots);
        c->entries = NULL;
        c->snapshots = NULL;
        c->n = 0;
}

static int start_all(Couriers *c, Settings *settings)
{
        settings_ref(settings);
        settings_unref(c->settings);
        c->settings = settings;
        c->entries = calloc(settings->n_remotes + 1, sizeof(*c->entries));
        c->snapshots = calloc(settings->n_remotes + 1, sizeof(*c->snapshots));
        if (!c->entries || !c->snapshots)
                return -ENOMEM;
        while (c->n < settings->n_remotes) {
                int r = start(c, c->n++);

                if (r < 0)
                        return r;
        }
        return 0;
}

int couriers_new(Settings *settings, sd_event *event, void (*on_changed)(void *userdata),
                 void *userdata, Couriers **ret)
{
        _cleanup_(couriers_freep) Couriers *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return -ENOMEM;
        c->event = sd_event_ref(event);
        c->on_changed = on_changed;
        c->userdata = userdata;
        r = start_all(c, settings);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(c);
        return 0;
}

int couriers_set_settings(Couriers *c, Settings *settings)
{
        int r;

        stop_all(c);
        r = start_all(c, settings);
        if (r < 0) {
                stop_all(c);
                answer_waiters(c, true);
                return r;
        }
        ask_again(c);
        return 0;
}

Couriers *couriers_free(Couriers *c)
{
        if (!c)
                return NULL;
        answer_waiters(c, true);
        stop_all(c);
        free(c->waiters);
        settings_unref(c->settings);
        sd_event_unref(c->event);
        free(c);
        return NULL;
}

void couriers_poke(Couriers *c)
{
        for (size_t i = 0; i < c->n; i++)
                if (c->entries[i].courier)
                        courier_poke(c->entries[i].courier);
}

const RemoteSnapshot *couriers_snapshot(const Couriers *c, size_t *ret_n)
{
        *ret_n = c->n;
        return c->snapshots;
}
