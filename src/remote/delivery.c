/* Delivery: brings one remote up to date with the archive, once */
#include "remote/delivery.h"

#include <inttypes.h>
#include <string.h>

#include "remote/backends.h"
#include "remote/batch.h"
#include "remote/link.h"
#include "remote/lists.h"
#include "remote/survey.h"

#define LOOK_AGAIN_USEC (10 * USEC_PER_SEC)

const char *delivery_reason(const Delivery *d)
{
        return d->reason ?: "";
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

bool delivery_has_conflicts(const Delivery *d)
{
        return d->has_conflicts;
}

const char *delivery_caution(const Delivery *d)
{
        return d->remote->caution;
}

uint64_t delivery_next_due(const Delivery *d)
{
        bool can_look = d->look_again_usec > 0 && d->us.names && d->us.names[0] &&
                        (d->has_sessions || d->is_complete);

        return can_look && d->look_again_usec < d->next_due ? d->look_again_usec : d->next_due;
}

int delivery_setup(Delivery *d, StrBuf *ret)
{
        int r = 0;

        if (d->remote->backend->setup)
                r = d->remote->backend->setup(d->remote, ret);
        return r < 0 ? link_remote_failed(d, r) : 0;
}

/* Life */

/* After a failure, only the ledger is relied on: archive and remote are read from the beginning. */
static void forget_position(Delivery *d)
{
        d->cursor = 0;
        d->held_from = INT64_MAX;
        d->next_due = USEC_INFINITY;
        d->deletes_seen = -1;
        for (size_t i = 0; i < N_REMOTE_LISTS; i++)
                d->lists_seen[i] = -1;
        if (d->is_open)
                d->remote->backend->close(d->remote);
        d->is_open = d->has_former = false;
}

/* What identifies the destination: another one holds other rows. */
static void make_target(Delivery *d)
{
        _cleanup_free_ char *url = remote_shown_url(&d->options);
        const char *schema = d->options.schema;

        d->target = xasprintf("%s %s%s%s", url, d->options.org_id ?: "", schema ? " " : "",
                              schema ?: "");
}

int delivery_new_for(const RemoteBackend *backend, const RemoteOptions *options,
                     DeliveryCallback on_progress, void *userdata, Delivery **ret, char **reterr)
{
        _cleanup_(delivery_freep) Delivery *d = xcalloc(1, sizeof(*d));
        int r;

        d->options = *options;
        make_target(d);
        d->on_progress = on_progress;
        d->userdata = userdata;
        forget_position(d);
        r = backend->make(&d->options, &d->remote, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(d);
        return 0;
}

int delivery_new(const RemoteOptions *options, DeliveryCallback on_progress, void *userdata,
                 Delivery **ret, char **reterr)
{
        const RemoteBackend *backend;
        int r = remote_backend_find(options->url, &backend, reterr);

        return r < 0 ? r : delivery_new_for(backend, options, on_progress, userdata, ret, reterr);
}

Delivery *delivery_free(Delivery *d)
{
        if (!d)
                return NULL;
        if (d->remote)
                d->remote->backend->free(d->remote);
        batch_drop(d);
        free(d->parcels);
        free(d->changes);
        feed_close(d->feed);
        ledger_close(d->ledger);
        ledger_remote_done(&d->state);
        free(d->us.names);
        free(d->user_id);
        free(d->archive_id);
        free(d->target);
        free(d->reason);
        free(d->warning);
        free(d->why_barred);
        free(d);
        return NULL;
}

void delivery_stop(Delivery *d)
{
        atomic_store(&d->stopped, true);
        d->remote->backend->stop(d->remote);
}

/* One run */

/* Notes in the ledger that we are the archive that delivers there. */
static int note_claim(Delivery *d)
{
        if (d->us.was_there)
                return 0;
        free(d->state.claimed);
        d->state.claimed = xstrdup(d->archive_id);
        d->us.was_there = true;
        return link_save(d);
}

/* The ledger is new. If there are no rows of ours, this is usually the first delivery, and everything counts as new. A ledger
 * that was lost may have known of rows on their way; the second look finds those. Nothing is on its way to new tables. */
static void take_new_ledger(Delivery *d, const RemoteStanding *standing)
{
        if (standing->stamp == 0 && !standing->has_odd)
                d->is_unsure = false;
        if (standing->is_new)
                d->look_again_usec = d->state.look_again_usec = 0;
}

/* Warns of what a person should know about the remote's content. */
static void tell_standing(Delivery *d, const RemoteStanding *standing)
{
        if (standing->n_plain > 0)
                link_warn(d,
                          "%" PRIu64
                          " of the sessions there did not come from scrubjay ('%.100s' is one), so "
                          "secrets in them are not masked. They are left alone.",
                          standing->n_plain, standing->plain);
        if (standing->left_out)
                link_warn(d,
                          "The tables there are of an older version and lack columns, whose values are "
                          "left out (%.500s).",
                          standing->left_out);
}

/* A stamp is in the ledger before it is in a row. If the remote has a higher one, archive and ledger were restored from a
 * backup, and nothing else reveals it. If the remote lost a stamp that it reported, the remote was restored. */
static int take_standing(Delivery *d, const RemoteStanding *standing)
{
        bool is_older = standing->stamp > d->state.version,
             has_lost = d->remote->stamp_there < d->state.acknowledged;
        int r;

        tell_standing(d, standing);
        d->has_former = standing->has_former;
        if (d->state.version == 0)
                take_new_ledger(d, standing);
        if (is_older) {
                d->state.version = standing->stamp;
                link_expect_late(d); /* the newer ledger may have known of rows on their way */
        }
        if (!is_older && !has_lost && !standing->is_new && !standing->has_odd)
                return 0;
        if (standing->has_odd)
                link_warn(d,
                          "Some of our rows there had a version that no clock can have given (from "
                          "another program or a bad restore). They are replaced.");
        r = link_forget(d);
        if (r >= 0)
                d->state.acknowledged = d->remote->stamp_there; /* it is reported once */
        return r;
}

static int open_remote(Delivery *d)
{
        RemoteStanding standing = { 0 };
        int r;

        d->is_open = d->us.names[0] != NULL; /* without a name, open() only checks the tables */
        r = d->remote->backend->open(d->remote, &d->us, &standing);
        if (standing.is_new && link_forget(d) < 0) /* its rows went with their table */
                return -EIO;
        if (r < 0)
                return link_remote_failed(d, r);
        if (d->us.names[0] && !d->only_looks)
                r = note_claim(d);
        return r < 0 || !standing.is_fresh ? r : take_standing(d, &standing);
}

/* Deletes there what the archive no longer has; not while a rebuilt archive is still being filled. */
static int remove_gone(Delivery *d)
{
        int64_t seen = feed_meta(d->feed, "deletes_change_seq");
        int r;

        if (seen == d->deletes_seen || !d->is_complete)
                return 0;
        r = batch_remove_gone(d);
        if (r >= 0)
                d->deletes_seen = seen;
        return r;
}

/* When everything is there. */
static int clear_former(Delivery *d)
{
        RemoteBatch batch = { .clears_former = true };
        int r;

        if (!d->has_former)
                return 0;
        r = link_send(d, &batch);
        if (r >= 0)
                d->has_former = false;
        return r;
}

static int send_all(Delivery *d)
{
        int r;

        r = remove_gone(d);
        if (r >= 0)
                r = batch_count_behind(d); /* a survey may have told the ledger of much */
        while (r >= 0 && (r = batch_send(d)) > 0)
                r = link_go_on(d);
        if (r >= 0 && d->is_complete)
                r = lists_send(d);
        if (r >= 0 && d->is_complete)
                r = clear_former(d);
        return r < 0 ? r : batch_count_behind(d);
}

static bool is_look_due(const Delivery *d)
{
        return d->look_again_usec > 0 && now_usec(CLOCK_REALTIME) >= d->look_again_usec;
}

/* Looks for rows that arrived after their request had failed, and corrects them. */
static int look_again(Delivery *d)
{
        uint64_t n_different = 0, n_waiting = 0;
        int r;

        if (!is_look_due(d))
                return 0;
        r = survey_late(d, &n_different, &n_waiting);
        if (r >= 0 && n_different > 0) {
                d->cursor = 0;
                d->deletes_seen = -1;
                r = send_all(d);
        }
        if (r < 0)
                return r;
        /* sessions that changed in the archive meanwhile are compared another time */
        d->look_again_usec = n_waiting > 0 ? now_usec(CLOCK_REALTIME) + LOOK_AGAIN_USEC : 0;
        d->is_unsure = n_waiting > 0;
        d->state.look_again_usec = d->look_again_usec;
        return link_save(d);
}

/* If there is nothing to do, the remote is not contacted. */
static bool is_anything_to_do(Delivery *d)
{
        if (!d->has_sessions && !d->is_complete)
                return false; /* it is being filled for the first time */
        return !d->is_open || !d->is_trusted || d->progress.n_behind > 0 || lists_moved(d) ||
               feed_meta(d->feed, "deletes_change_seq") != d->deletes_seen || is_look_due(d);
}

static int run(Delivery *d)
{
        int r;

        r = link_open(d);
        if (r >= 0)
                r = link_identify(d);
        if (r >= 0 && d->is_open && !d->is_trusted)
                forget_position(d); /* another ledger: the remote says what the highest stamp is */
        if (r >= 0)
                r = batch_advance(d);
        if (r >= 0)
                r = batch_count_behind(d);
        if (r < 0 || !is_anything_to_do(d))
                return r;
        r = open_remote(d);
        if (r < 0 || !d->us.names[0])
                return r; /* nothing was ever archived, so nothing of ours is there */
        if (!d->is_trusted)
                r = survey_all(d);
        if (r >= 0)
                r = send_all(d);
        return r < 0 ? r : look_again(d);
}

/* Warns that the remote refuses @n sessions, of which @id is one. */
static void warn_of_barred(Delivery *d, const char *id, uint64_t n)
{
        const char *why = d->why_barred ?: "the server refused what is in it.";

        if (n == 1)
                link_warn(d,
                          "The session '%.100s' is left out until it changes or you run 'scrubjayctl remote "
                          "resend %s': %s",
                          id, d->options.name, why);
        else
                link_warn(d,
                          "%" PRIu64
                          " sessions ('%.100s' is one) are left out until they change or you run "
                          "'scrubjayctl remote resend %s': %s",
                          n, id, d->options.name, why);
}

/* A warning stays as long as somebody else's session is in the way, or a session is refused. */
static int settle_warning(Delivery *d)
{
        _cleanup_free_ char *barred = NULL;
        uint64_t n_barred = 0;
        bool stays = false;
        int r = ledger_has_conflicts(d->ledger, d->options.name, &stays);

        if (r >= 0)
                r = ledger_barred(d->ledger, d->options.name, &barred, &n_barred);
        if (r < 0)
                return link_ledger_failed(d, r);
        d->has_conflicts = stays || n_barred > 0;
        if (n_barred > 0)
                warn_of_barred(d, barred, n_barred);
        return 0;
}

/* The server has everything. That is noted if it is news. */
static int finish(Delivery *d)
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
        return link_save(d);
}

int delivery_run(Delivery *d)
{
        uint64_t last = d->progress.last_delivery_usec;
        int r;

        d->retry_after_usec = 0;
        d->n_barred = 0;
        free(d->why_barred);
        d->why_barred = NULL;
        d->progress = (DeliveryProgress){ .last_delivery_usec = last };
        if (!d->has_conflicts) {
                free(d->warning);
                d->warning = NULL;
        }
        r = link_go_on(d);
        if (r >= 0)
                r = run(d);
        if (r >= 0)
                r = finish(d);
        batch_drop(d);
        if (d->feed)
                feed_end(d->feed);
        if (r < 0)
                forget_position(d);
        return r;
}

void delivery_look(Delivery *d)
{
        if (!d->feed || !d->ledger)
                return;
        if (batch_advance(d) >= 0)
                (void) batch_count_behind(d);
}

const char *delivery_noted_error(const Delivery *d)
{
        return d->state.last_error;
}

void delivery_note_error(Delivery *d, const char *reason)
{
        if (!d->ledger || !d->state.target)
                return;
        free(d->state.last_error);
        d->state.last_error = xstrdup(reason);
        (void) link_save(d);
}

/* Looking */

static int look(Delivery *d)
{
        int r;

        d->only_looks = true;
        r = link_open(d);
        return r < 0 ? r : link_identify(d);
}

int delivery_preview(Delivery *d, DeliveryPlanCallback on_session, void *userdata)
{
        int r = look(d);

        if (r < 0)
                return r;
        /* the remote is not asked, so what the ledger last knew has to do */
        d->is_trusted = d->is_of_both && d->state.known != LEDGER_RESEND;
        return batch_walk(d, 0, on_session, userdata);
}

int delivery_has_owner(Delivery *d)
{
        int r = look(d);

        return r < 0 ? r : d->us.user_id[0] != '\0' || !d->us.names[0];
}

int delivery_check(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata)
{
        int r = look(d);

        if (r >= 0)
                r = open_remote(d);
        if (r >= 0 && d->us.names[0])
                r = survey_tell(d, on_difference, userdata);
        forget_position(d);
        return r;
}
