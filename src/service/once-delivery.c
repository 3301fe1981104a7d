/* Once-delivery: the remotes of scrubjayd --once */
#include "service/once-delivery.h"

#include <poll.h>
#include <string.h>

#include "remote/courier.h"
#include "service/log.h"

/* What is worth a delivery of its own while the cycle goes on. */
#define BYTES_EACH ((uint64_t) 8 * 1024 * 1024)

#define LOOK_MSEC 250 /* how soon a signal that came at a bad moment is seen */

typedef struct Entry {
        char *name;
        Courier *courier; /* NULL: not started, or @error */
        char *error;      /* why there is none; or NULL */
        uint64_t ticket;
} Entry;

struct OnceDelivery {
        const Settings *settings;
        Entry *entries;
        size_t n;
        bool started;
        uint64_t next_bytes;
};

OnceDelivery *once_delivery_new(const Settings *settings)
{
        OnceDelivery *o = xcalloc(1, sizeof(*o));

        o->settings = settings;
        o->next_bytes = BYTES_EACH;
        o->entries = xcalloc(settings->n_remotes + 1, sizeof(*o->entries));
        o->n = settings->n_remotes;
        return o;
}

OnceDelivery *once_delivery_free(OnceDelivery *o)
{
        if (!o)
                return NULL;
        for (size_t i = 0; i < o->n; i++)
                if (o->entries[i].courier)
                        courier_stop(o->entries[i].courier);
        for (size_t i = 0; i < o->n; i++) {
                courier_free(o->entries[i].courier);
                free(o->entries[i].name);
                free(o->entries[i].error);
        }
        free(o->entries);
        free(o);
        return NULL;
}

static void start(OnceDelivery *o)
{
        for (size_t i = 0; !o->started && i < o->n; i++) {
                RemoteOptions options = settings_for_remote(o->settings, i);
                Entry *e = o->entries + i;

                e->name = xstrdup(options.name);
                (void) courier_new(&options, &e->courier, &e->error);
        }
        o->started = true;
}

void once_delivery_progress(OnceDelivery *o, uint64_t bytes_read)
{
        if (bytes_read < o->next_bytes)
                return;
        o->next_bytes = bytes_read + BYTES_EACH;
        start(o);
        for (size_t i = 0; i < o->n; i++)
                if (o->entries[i].courier)
                        courier_poke(o->entries[i].courier);
}

/* Waits until the courier has answered. Returns false where @stop said so. */
static bool wait_for(const Entry *e, bool (*stop)(void), CourierStatus *ret)
{
        while (!stop()) {
                struct pollfd fd = { .fd = courier_fd(e->courier), .events = POLLIN };

                courier_status(e->courier, ret);
                if (ret->done >= e->ticket)
                        return true;
                courier_status_done(ret);
                (void) poll(&fd, 1, LOOK_MSEC);
        }
        return false;
}

static bool add_entry(const Entry *e, uint64_t rows_sent, const char *error,
                      struct json_object *remotes)
{
        struct json_object *entry = json_new();

        if (*error)
                log_text(LOG_WARNING, "The remote '%s' is not up to date: %s", e->name, error);
        json_add(entry, "rows_sent", json_object_new_int64((int64_t) rows_sent));
        json_add(entry, "error", json_object_new_string(error));
        json_add(remotes, e->name, entry);
        return *error;
}

static bool finish(const Entry *e, bool (*stop)(void), struct json_object *remotes)
{
        _cleanup_(courier_status_done) CourierStatus status = { 0 };

        if (!e->courier)
                return add_entry(e, 0, e->error ?: "It cannot be used.", remotes);
        if (!wait_for(e, stop, &status))
                return add_entry(e, 0, "It was stopped.", remotes);
        if (*status.warning && !*status.last_error)
                log_text(LOG_WARNING, "The remote '%s': %s", e->name, status.warning);
        return add_entry(e, status.rows_sent, status.last_error, remotes);
}

bool once_delivery_finish(OnceDelivery *o, bool (*stop)(void), struct json_object *remotes)
{
        bool failed = false;

        start(o);
        for (size_t i = 0; i < o->n; i++)
                if (o->entries[i].courier)
                        o->entries[i].ticket = courier_ask(o->entries[i].courier);
        for (size_t i = 0; i < o->n; i++)
                failed = finish(o->entries + i, stop, remotes) || failed;
        return failed;
}
