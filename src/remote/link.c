/* Link: an archive, a remote, and the ledger between them */
#include "remote/link.h"

#include <inttypes.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <xxhash.h>

/* So that what others see reveals nothing about this machine's id. */
#define ORIGIN_APPLICATION \
        SD_ID128_MAKE(6f, 0b, 4e, 52, 1d, 90, 4f, 7e, 9b, 1c, c2, 57, 3a, 88, 04, d6)

/* We give up a request after its time-out; a proxy, or a busy server, may hold it about as long again. */
#define LATE_TIMES 2

/* How far ahead of ours another clock may be. */
#define STAMP_AHEAD (USEC_PER_DAY / USEC_PER_MSEC)

/* What went wrong */

int link_fail(Delivery *d, int error, const char *format, ...)
{
        va_list ap;

        free(d->reason);
        va_start(ap, format);
        d->reason = xvasprintf(format, ap);
        va_end(ap);
        return error;
}

int link_remote_failed(Delivery *d, int error)
{
        d->retry_after_usec = d->remote->retry_after_usec;
        return link_fail(d, error, "%s", d->remote->reason ?: strerror(-error));
}

int link_feed_failed(Delivery *d, int error)
{
        return link_fail(d, -EIO, "The archive cannot be read: %s.",
                         error == -ENOMEM ? "there is no memory" : feed_reason(d->feed));
}

int link_ledger_failed(Delivery *d, int error)
{
        return link_fail(d, error == -ENOSPC ? error : -EIO,
                         "The record of what was delivered, '%s.remotes', cannot be used: %s.",
                         d->options.archive_path,
                         error == -ENOMEM ? "there is no memory" : ledger_reason(d->ledger));
}

int link_no_memory(Delivery *d)
{
        return link_fail(d, -ENOMEM, "There is no memory.");
}

void link_warn(Delivery *d, const char *format, ...)
{
        va_list ap;

        if (d->warning)
                return;
        va_start(ap, format);
        d->warning = xvasprintf(format, ap);
        va_end(ap);
}

int link_go_on(Delivery *d)
{
        return atomic_load(&d->stopped) ? link_fail(d, -ECANCELED, "It was stopped.") : 0;
}

/* Archive and ledger */

/* Closes what is no longer at its path: the archive may be moved away, or replaced. */
static void leave_what_moved(Delivery *d)
{
        bool moved = d->feed && !feed_is_in_place(d->feed);

        if (moved)
                d->feed = feed_close(d->feed);
        if (d->ledger && (moved || !ledger_is_in_place(d->ledger)))
                d->ledger = ledger_close(d->ledger);
}

int link_open(Delivery *d)
{
        _cleanup_free_ char *error = NULL;
        int r = 0;

        leave_what_moved(d);
        if (!d->feed)
                r = feed_open(d->options.archive_path, &d->feed, &error);
        if (r == -ENOENT)
                return link_fail(d, r, "There is no archive yet.");
        if (r >= 0 && !d->ledger && d->only_looks) {
                r = ledger_open_read_only(d->options.archive_path, &d->ledger);
                if (r == -ENOENT) /* nothing was ever delivered */
                        r = 0;
        } else if (r >= 0 && !d->ledger) {
                r = ledger_open(d->options.archive_path, &d->ledger, &error);
        }
        return r < 0 ? link_fail(d, r, "%s", error ?: strerror(-r)) : 0;
}

int link_entry(Delivery *d, const char *id, LedgerEntry *ret)
{
        int r;

        *ret = (LedgerEntry){ .state = LEDGER_NONE, .last_ordinal = -1 };
        if (!d->ledger || !d->is_trusted)
                return 0;
        r = ledger_get(d->ledger, d->options.name, id, ret);
        return r < 0 ? link_ledger_failed(d, r) : 0;
}

int link_save(Delivery *d)
{
        int r = d->only_looks ? 0 : ledger_remote_put(d->ledger, d->options.name, &d->state);

        return r < 0 ? link_ledger_failed(d, r) : 0;
}

int link_end_ledger(Delivery *d, int r)
{
        if (r >= 0)
                r = ledger_remote_put(d->ledger, d->options.name, &d->state);
        if (r >= 0)
                r = ledger_commit(d->ledger);
        if (r >= 0)
                return 0;
        ledger_rollback(d->ledger);
        return link_ledger_failed(d, r);
}

int link_forget(Delivery *d)
{
        int r = 0;

        d->is_trusted = false;
        if (d->state.known != LEDGER_KNOWN)
                return 0;
        d->state.known = LEDGER_ASK;
        if (!d->only_looks)
                r = ledger_remote_set_known(d->ledger, d->options.name, LEDGER_ASK);
        return r < 0 ? link_ledger_failed(d, r) : 0;
}

void link_expect_late(Delivery *d)
{
        uint64_t timeout = d->options.timeout_usec ?: REMOTE_TIMEOUT_USEC;

        d->look_again_usec = now_usec(CLOCK_REALTIME) + LATE_TIMES * timeout;
        d->state.look_again_usec = d->look_again_usec;
        d->is_unsure = true;
}

/* Whatever the wall clock does, a stamp is higher than any before: a row must never lose to its older self. */
uint64_t link_next_stamp(Delivery *d)
{
        uint64_t now = now_usec(CLOCK_REALTIME) / USEC_PER_MSEC;

        d->state.version = now > d->state.version ? now : d->state.version + 1;
        return d->state.version;
}

int link_begin_sending(Delivery *d)
{
        d->stamp = link_next_stamp(d);
        d->state.look_again_usec = LEDGER_UNDER_WAY;
        return link_save(d);
}

/* Who we are */

static bool same(const char *a, const char *b)
{
        return a && b && strcmp(a, b) == 0;
}

/* Does the ledger belong to this archive, as it is today, and to this remote? */
static bool is_known(Delivery *d)
{
        return same(d->state.target, d->target) && same(d->state.archive_id, d->archive_id) &&
               feed_meta(d->feed, "change_seq") >= d->state.cursor_seq &&
               d->state.version <= d->us.stamp_limit;
}

static int begin_anew(Delivery *d)
{
        if (!same(d->state.target,
                  d->target)) { /* what was told of the other one is not true of this */
                free(d->state.last_error);
                d->state.last_error = NULL;
                d->state.last_delivery_usec = d->progress.last_delivery_usec = 0;
        }
        free(d->state.target);
        free(d->state.archive_id);
        d->state.target = xstrdup(d->target);
        d->state.archive_id = xstrdup(d->archive_id);
        d->state.cursor_seq = 0;
        d->state.acknowledged = 0;
        if (d->state.version > d->us.stamp_limit)
                d->state.version = 0;
        return link_forget(d);
}

/* Distinguishes this machine from others of the same person. */
static void machine_name(const RemoteOptions *options, char *buffer, size_t size)
{
        sd_id128_t id;

        if (options->machine)
                (void) snprintf(buffer, size, "name:%s", options->machine);
        else if (sd_id128_get_machine_app_specific(ORIGIN_APPLICATION, &id) >= 0)
                (void) snprintf(buffer, size, "id:" SD_ID128_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
        else if (gethostname(buffer, size) < 0)
                buffer[0] = '\0';
        buffer[size - 1] = '\0';
}

/* Splits the known names into the list that the backend uses. */
static void list_names(Delivery *d)
{
        size_t n = 0, size = d->state.origins ? strlen(d->state.origins) : 0,
               n_names = size / 2 + 2;
        char *to, *save = NULL;

        /* list and text in one allocation */
        free(d->us.names);
        d->us.names = xcalloc(n_names + size / sizeof(*d->us.names) + 1, sizeof(*d->us.names));
        to = (char *) (d->us.names + n_names);
        memcpy(to, d->state.origins ?: "", size + 1);
        for (char *word = strtok_r(to, " ", &save); word; word = strtok_r(NULL, " ", &save))
                d->us.names[n++] = word;
        d->us.names[n] = NULL;
}

static void add_name(Delivery *d, const char *name)
{
        char *list;

        if (d->state.origins && strncmp(d->state.origins, name, strlen(name)) == 0)
                return;
        list = xasprintf("%s%s%s", name, d->state.origins ? " " : "", d->state.origins ?: "");
        free(d->state.origins);
        d->state.origins = list;
}

/* Our name there; needs a session or a user id. */
static int name_us(Delivery *d)
{
        char machine[256], name[17];
        int r;

        free(d->user_id);
        d->user_id = NULL;
        r = feed_user_id(d->feed, &d->user_id);
        if (r < 0)
                return link_feed_failed(d, r);
        d->has_sessions = r > 0;
        if (r == 0)
                d->user_id = xstrdup(d->options.user_id);
        if (d->user_id) {
                machine_name(&d->options, machine, sizeof(machine));
                (void) snprintf(name, sizeof(name), "%016" PRIx64,
                                (uint64_t) XXH3_64bits_withSeed(
                                                machine, strlen(machine),
                                                XXH3_64bits(d->user_id, strlen(d->user_id))));
                add_name(d, name);
        }
        list_names(d);
        return 0;
}

/* A request that was under way when an earlier run ended may still arrive for a while. */
static void see_what_is_under_way(Delivery *d)
{
        bool is_new = !d->state.target; /* a ledger that knew of one may have been lost */

        if (is_new || d->state.look_again_usec == LEDGER_UNDER_WAY) {
                link_expect_late(d);
                return;
        }
        d->look_again_usec = d->state.look_again_usec;
        d->is_unsure = d->look_again_usec != 0;
}

/* Only a digest: paths on this machine are nobody else's business. */
static void see_place(Delivery *d)
{
        _cleanup_free_ char *path = realpath(d->options.archive_path, NULL);
        const char *place = path ?: d->options.archive_path;

        (void) snprintf(d->place, sizeof(d->place), "%016" PRIx64,
                        (uint64_t) XXH3_64bits(place, strlen(place)));
}

static int identify(Delivery *d)
{
        int r;

        see_place(d);
        free(d->archive_id);
        d->archive_id = NULL;
        r = feed_archive_id(d->feed, &d->archive_id);
        if (r < 0)
                return link_feed_failed(d, r);
        d->is_trusted = d->state.known == LEDGER_KNOWN;
        d->is_of_both = same(d->state.archive_id, d->archive_id) &&
                        same(d->state.target, d->target);
        d->us = (RemoteIdentity){
                .names = d->us.names,
                .archive_id = d->archive_id,
                .place = d->place,
                .was_there = same(d->state.claimed, d->archive_id),
                .insists = d->state.known == LEDGER_RESEND,
                .only_looks = d->only_looks,
                .stamp_limit = now_usec(CLOCK_REALTIME) / USEC_PER_MSEC + STAMP_AHEAD,
        };
        d->is_complete = feed_meta(d->feed, "last_synced_at") != 0; /* its year */
        see_what_is_under_way(d);
        r = is_known(d) ? 0 : begin_anew(d);
        if (r >= 0)
                r = name_us(d);
        d->us.user_id = d->user_id ?: "";
        return r;
}

int link_identify(Delivery *d)
{
        int r = 0;

        ledger_remote_done(&d->state);
        if (d->ledger)
                r = ledger_remote_get(d->ledger, d->options.name, &d->state);
        if (r < 0)
                return link_ledger_failed(d, r);
        d->progress.last_delivery_usec = d->state.last_delivery_usec;
        r = feed_begin(d->feed);
        if (r < 0)
                return link_feed_failed(d, r);
        r = identify(d);
        feed_end(d->feed);
        return r < 0 ? r : link_save(d);
}

/* Rows */

int link_put(Delivery *d, RemoteTable table, const Value *values)
{
        int r = d->remote->backend->put(d->remote, table, values, d->stamp);

        if (r < 0)
                return link_no_memory(d);
        if (r == REMOTE_PUT_NOT) {
                d->progress.n_unfit += table == REMOTE_MESSAGES;
                if (table == REMOTE_SESSIONS)
                        link_warn(d,
                                  "The session '%.100s' is not delivered: its id does not fit there.",
                                  values[SESSION_ID].text);
                return 0;
        }
        d->n_rows++;
        for (size_t i = 0; i < remote_table(table)->n_columns; i++)
                d->n_bytes += values[i].size;
        return r;
}

int link_send(Delivery *d, const RemoteBatch *batch)
{
        int r = link_go_on(d);

        if (r < 0)
                return r;
        r = d->remote->backend->send(d->remote, batch);
        if (r < 0)
                return link_remote_failed(d, r);
        d->state.acknowledged = d->remote->stamp_there; /* written to the ledger with the batch */
        if (batch) {
                d->progress.rows_sent += d->n_rows;
                d->n_rows = d->n_bytes = 0;
        }
        return 0;
}

int link_bar(Delivery *d, const char *id, int64_t change_seq)
{
        const RemoteParcel parcel = { .id = id, .kind = REMOTE_REMOVE };
        const LedgerEntry entry = { LEDGER_BARRED, change_seq, -1 };
        RemoteBatch batch = { .parcels = &parcel, .n_parcels = 1 };
        int r;

        if (d->n_barred++ == 0) {
                free(d->why_barred);
                d->why_barred = xstrdup(d->reason);
        }
        r = link_begin_sending(d);
        batch.stamp = d->stamp;
        if (r >= 0)
                r = link_send(d, &batch);
        if (r < 0)
                return r;
        d->state.look_again_usec = d->look_again_usec;
        r = ledger_begin(d->ledger);
        if (r >= 0)
                r = ledger_put(d->ledger, d->options.name, id, &entry);
        return link_end_ledger(d, r);
}
