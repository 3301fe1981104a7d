/* Delivery: brings one remote up to what the archive holds, once */
#include "remote/delivery.h"

#include <string.h>

#include "base/url.h"
#include "remote/delivery-internal.h"

/* Reasons */

int delivery_fail(Delivery *d, int error, const char *format, ...)
{
        va_list ap;

        free(d->reason);
        va_start(ap, format);
        if (vasprintf(&d->reason, format, ap) < 0)
                d->reason = NULL;
        va_end(ap);
        return error;
}

int delivery_remote_failed(Delivery *d, int error)
{
        d->retry_after_usec = d->remote->retry_after_usec;
        return delivery_fail(d, error, "%s", d->remote->reason ?: strerror(-error));
}

int delivery_feed_failed(Delivery *d, int error)
{
        return delivery_fail(d, -EIO, "The archive cannot be read: %s.",
                             error == -ENOMEM ? "there is no memory" : feed_reason(d->feed));
}

int delivery_ledger_failed(Delivery *d, int error)
{
        return delivery_fail(d, error == -ENOSPC ? error : -EIO,
                             "What was delivered cannot be noted ('%s.remotes'): %s.",
                             d->options.archive_path,
                             error == -ENOMEM ? "there is no memory" : ledger_reason(d->ledger));
}

int delivery_ledger_end(Delivery *d, int r)
{
        if (r >= 0)
                r = ledger_remote_put(d->ledger, d->options.name, &d->state);
        if (r >= 0)
                r = ledger_commit(d->ledger);
        if (r >= 0)
                return 0;
        ledger_rollback(d->ledger);
        return delivery_ledger_failed(d, r);
}

const char *delivery_reason(const Delivery *d)
{
        return d->reason ?: "There is no memory.";
}

uint64_t delivery_retry_after(const Delivery *d)
{
        return d->retry_after_usec;
}

const DeliveryProgress *delivery_progress(const Delivery *d)
{
        return &d->progress;
}

const char *delivery_warning(const Delivery *d)
{
        return d->warning;
}

uint64_t delivery_next_due(const Delivery *d)
{
        return d->look_again > 0 && d->look_again < d->next_due ? d->look_again : d->next_due;
}

/* Options are copied: whoever gave them may reload its settings. */

static int keep_string(Delivery *d, char *copy)
{
        size_t n = 0;
        char **grown;

        while (d->strings && d->strings[n])
                n++;
        grown = copy ? reallocarray(d->strings, n + 2, sizeof(*grown)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        d->strings = grown;
        grown[n] = copy;
        grown[n + 1] = NULL;
        return 0;
}

static int copy_text(Delivery *d, const char **text)
{
        char *copy;

        if (!*text)
                return 0;
        copy = strdup(*text);
        *text = copy;
        return keep_string(d, copy);
}

/* The list and its texts in one piece. */
static int copy_list(Delivery *d, const char *const **list)
{
        size_t n = 0, size = 0;
        const char **copy;
        char *to;

        if (!*list)
                return 0;
        for (; (*list)[n]; n++)
                size += strlen((*list)[n]) + 1;
        copy = malloc((n + 1) * sizeof(*copy) + size);
        if (!copy)
                return -ENOMEM;
        to = (char *) (copy + n + 1);
        for (size_t i = 0; i < n; i++) {
                copy[i] = to;
                to = stpcpy(to, (*list)[i]) + 1;
        }
        copy[n] = NULL;
        *list = copy;
        return keep_string(d, (char *) copy);
}

static int copy_options(Delivery *d, const RemoteOptions *options)
{
        RemoteOptions *o = &d->options;
        const char **texts[] = {
                &o->name,         &o->url,  &o->org_id,        &o->user_id, &o->machine,
                &o->archive_path, &o->home, &o->password_file, &o->ca_file, &o->client_certificate,
                &o->client_key
        };
        const char *const **lists[] = { &o->projects, &o->exclude, &o->metadata_only };
        int r = 0;

        *o = *options;
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
                r = copy_text(d, texts[i]);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(lists); i++)
                r = copy_list(d, lists[i]);
        return r;
}

/* The name of what is delivered to: another one holds other rows. */
static int make_target(Delivery *d)
{
        _cleanup_free_ char *url = url_without_credentials(d->options.url);

        if (!url || asprintf(&d->target, "%s %s", url, d->options.org_id ?: "default") < 0) {
                d->target = NULL;
                return -ENOMEM;
        }
        return 0;
}

int delivery_new(const RemoteOptions *options, DeliveryCallback on_progress, void *userdata,
                 Delivery **ret, char **reterr)
{
        _cleanup_(delivery_freep) Delivery *d = calloc(1, sizeof(*d));
        const RemoteBackend *backend;
        int r;

        r = remote_backend_find(options->url, &backend, reterr);
        if (r < 0)
                return r;
        r = d ? copy_options(d, options) : -ENOMEM;
        if (r >= 0)
                r = make_target(d);
        if (r < 0) {
                format_error(reterr, "There is no memory.");
                return r;
        }
        d->on_progress = on_progress;
        d->userdata = userdata;
        d->lists_seen[0] = d->lists_seen[1] = d->lists_seen[2] = -1;
        d->held_from = INT64_MAX;
        d->next_due = USEC_INFINITY;
        r = backend->new (&d->options, &d->remote, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

static void free_list(char **list)
{
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
}

Delivery *delivery_free(Delivery *d)
{
        if (!d)
                return NULL;
        free(d->replaced.rows);
        free(d->secret.rows);
        if (d->remote) {
                delivery_drop_batch(d);
                free_list(d->remote->origins);
                d->remote->origins = NULL;
                d->remote->backend->free(d->remote);
        }
        free(d->parcels);
        feed_close(d->feed);
        ledger_close(d->ledger);
        ledger_remote_done(&d->state);
        free_list(d->strings);
        free(d->target);
        free(d->reason);
        free(d->warning);
        free(d);
        return NULL;
}

void delivery_stop(Delivery *d)
{
        atomic_store(&d->stopped, true);
        d->remote->backend->stop(d->remote);
}

/* One run */

int delivery_open(Delivery *d)
{
        _cleanup_free_ char *error = NULL;
        int r = 0;

        if (!d->feed)
                r = feed_open(d->options.archive_path, &d->feed, &error);
        if (r >= 0 && !d->ledger)
                r = ledger_open(d->options.archive_path, &d->ledger, &error);
        if (r == -ENOENT)
                return delivery_fail(d, r, "There is no archive yet.");
        return r < 0 ? delivery_fail(d, r, "%s", error ?: "There is no memory.") : 0;
}

int delivery_save(Delivery *d)
{
        int r = ledger_remote_put(d->ledger, d->options.name, &d->state);

        return r < 0 ? delivery_ledger_failed(d, r) : 0;
}

/* Whatever the wall clock does, a version is higher than all before: a row must never lose against its older self. */
uint64_t delivery_next_version(Delivery *d)
{
        uint64_t now = now_usec(CLOCK_REALTIME) / USEC_PER_MSEC;

        d->state.version = now > d->state.version ? now : d->state.version + 1;
        return d->state.version;
}

int delivery_count_behind(Delivery *d)
{
        int r = feed_count(d->feed, d->cursor, &d->progress.n_behind);

        if (r < 0)
                return delivery_feed_failed(d, r);
        if (d->on_progress)
                d->on_progress(d->userdata, &d->progress);
        return 0;
}

static int connect_remote(Delivery *d)
{
        bool made = false;
        int r;

        if (d->prepared)
                return 0;
        r = d->remote->backend->prepare(d->remote, &made);
        if (made && delivery_forget(d) < 0) /* what it held went with its table */
                return -EIO;
        if (r < 0)
                return delivery_remote_failed(d, r);
        d->prepared = true;
        return 0;
}

/* Versions are noted here before a row has them. Where the remote has a higher one, archive and ledger are older than it: both
 * were put back from a backup, and nobody else tells. */
static int compare_versions(Delivery *d)
{
        uint64_t version;
        int r;

        if (d->compared || !d->state.reconciled)
                return 0;
        r = d->remote->backend->version(d->remote, &version);
        if (r < 0)
                return delivery_remote_failed(d, r);
        d->compared = true;
        return version > d->state.version ? delivery_forget(d) : 0;
}

/* Whether something may have to be deleted there. */
static int remove_gone(Delivery *d)
{
        int64_t seen = feed_meta(d->feed, "deletes_change_seq");
        int r;

        if (d->looked && seen == d->deletes_seen)
                return 0;
        r = delivery_remove_gone(d);
        if (r < 0)
                return r;
        d->looked = true;
        d->deletes_seen = seen;
        return 0;
}

/* Stars and pins of a session come and go with it, so they are looked at after it, too. */
static int send_lists(Delivery *d)
{
        static const char *const keys[] = { "stars_change_seq", "pins_change_seq",
                                            "deletes_change_seq" };
        bool moved = d->progress.sessions_sent > 0 || d->progress.sessions_deleted > 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(keys); i++) {
                int64_t seen = feed_meta(d->feed, keys[i]);

                if (!moved && d->state.list_digests[i] != 0 && d->lists_seen[i] == seen)
                        continue;
                d->lists_seen[i] = -1;
                r = delivery_send_list(d, (RemoteTable) (REMOTE_STARS + i));
                if (r >= 0)
                        d->lists_seen[i] = seen;
        }
        return r;
}

static int send_all(Delivery *d)
{
        int r;

        r = remove_gone(d);
        while (r >= 0 && (r = delivery_send_batch(d)) > 0)
                if (atomic_load(&d->stopped))
                        return delivery_fail(d, -ECANCELED, "It was stopped.");
        if (r >= 0)
                r = send_lists(d);
        return r < 0 ? r : delivery_count_behind(d);
}

/* Something of the session arrived late: the remote may have any rows of it. */
static int on_late(void *userdata, const char *id, RemoteTable table, DeliveryDifference difference,
                   uint64_t n_here, uint64_t n_there)
{
        Delivery *d = userdata;
        int r = 0;

        if (difference == DIFFERENCE_WAITING)
                return 0;
        d->n_late++;
        if (table >= REMOTE_STARS)
                d->state.list_digests[table - REMOTE_STARS] = 0;
        else
                r = ledger_put(d->ledger, d->options.name, id,
                               &(LedgerEntry){ .state = LEDGER_UNKNOWN, .last_ordinal = -1 });
        return r < 0 ? delivery_ledger_failed(d, r) : 0;
}

/* What was interrupted once, and could have arrived since, is looked for and mended. */
static int look_again(Delivery *d)
{
        int r;

        if (d->look_again == 0 || now_usec(CLOCK_REALTIME) < d->look_again)
                return 0;
        d->n_late = 0;
        r = delivery_compare(d, on_late, d);
        if (r >= 0 && d->n_late > 0) {
                d->cursor = 0;
                d->looked = false;
                r = send_all(d);
        }
        if (r < 0)
                return r;
        d->look_again = d->state.look_again_usec = 0;
        return delivery_save(d);
}

static int run(Delivery *d)
{
        int r, known;

        r = delivery_open(d);
        if (r >= 0)
                r = delivery_identify(d);
        if (r >= 0)
                r = delivery_advance(d);
        if (r >= 0)
                r = delivery_count_behind(d);
        if (r >= 0)
                r = connect_remote(d);
        if (r < 0)
                return r;
        known = delivery_set_origins(d);
        if (known <= 0)
                return known; /* nothing was ever archived, so nothing is there */
        r = compare_versions(d);
        if (r >= 0 && !d->state.reconciled)
                r = delivery_reconcile(d);
        if (r >= 0)
                r = send_all(d);
        return r < 0 ? r : look_again(d);
}

/* A warning stays as long as a session of somebody else is in the way. */
static int settle_warning(Delivery *d)
{
        bool stays = false;
        int r;

        if (!d->warning || d->progress.n_conflicts > 0 || d->progress.n_taken_over > 0)
                return 0;
        r = ledger_has_conflicts(d->ledger, d->options.name, &stays);
        if (r < 0)
                return delivery_ledger_failed(d, r);
        if (!stays) {
                free(d->warning);
                d->warning = NULL;
        }
        return 0;
}

/* The server has everything. That is written down where it says something new. */
static int settle(Delivery *d)
{
        bool is_news = d->progress.rows_sent > 0 || d->progress.sessions_deleted > 0 ||
                       d->state.last_error || d->state.last_delivery_usec == 0;
        int r = settle_warning(d);

        if (r < 0 || !is_news)
                return r;
        d->state.last_delivery_usec = now_usec(CLOCK_REALTIME);
        d->progress.last_delivery_usec = d->state.last_delivery_usec;
        free(d->state.last_error);
        d->state.last_error = NULL;
        return delivery_save(d);
}

int delivery_run(Delivery *d)
{
        uint64_t last = d->progress.last_delivery_usec;
        int r;

        d->retry_after_usec = 0;
        d->progress = (DeliveryProgress){ .last_delivery_usec = last };
        r = atomic_load(&d->stopped) ? delivery_fail(d, -ECANCELED, "It was stopped.") : run(d);
        if (r >= 0)
                r = settle(d);
        delivery_drop_batch(d);
        if (d->feed)
                feed_end(d->feed);
        if (r < 0)
                d->prepared = false;
        return r;
}

void delivery_look(Delivery *d)
{
        if (!d->feed || !d->ledger)
                return;
        if (delivery_advance(d) >= 0)
                (void) delivery_count_behind(d);
        feed_end(d->feed);
}

void delivery_note_error(Delivery *d, const char *reason)
{
        char *copy = reason ? strdup(reason) : NULL;

        if (!d->ledger || !d->state.target)
                return;
        free(d->state.last_error);
        d->state.last_error = copy;
        (void) delivery_save(d);
}
