/*
 * Delivery: who we are there, and what is there of ours
 *
 * The ledger knows what the remote holds, unless it does not: a new archive, another server, a ledger that got lost, a
 * person who wants everything sent again. Then the remote is asked, and what it has that the archive has not goes.
 */
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <xxhash.h>

#include "remote/delivery-internal.h"

/* So that what others see of this machine's id tells nothing of the id itself. */
#define ORIGIN_APPLICATION \
        SD_ID128_MAKE(6f, 0b, 4e, 52, 1d, 90, 4f, 7e, 9b, 1c, c2, 57, 3a, 88, 04, d6)

/* We give a request up after its time-out; a proxy, or a busy server, may hold it about as long. */
#define LATE_TIMES 2

#define CHUNK 500 /* ids that one statement names */

static bool same(const char *a, const char *b)
{
        return a && b && strcmp(a, b) == 0;
}

int delivery_forget(Delivery *d)
{
        int r = ledger_remote_set_reconciled(d->ledger, d->options.name, false);

        d->state.reconciled = false;
        return r < 0 ? delivery_ledger_failed(d, r) : 0;
}

static int take_over_state(Delivery *d, const char *archive_id)
{
        if (same(d->state.target, d->target) && same(d->state.archive_id, archive_id) &&
            feed_meta(d->feed, "change_seq") >= d->state.cursor_seq)
                return 0;
        free(d->state.target);
        free(d->state.archive_id);
        d->state.target = strdup(d->target);
        d->state.archive_id = strdup(archive_id);
        if (!d->state.target || !d->state.archive_id)
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        return delivery_forget(d);
}

static uint64_t timeout(const Delivery *d)
{
        return d->options.timeout_usec ?: REMOTE_TIMEOUT_USEC;
}

int delivery_identify(Delivery *d)
{
        _cleanup_free_ char *archive_id = NULL;
        int r;

        ledger_remote_done(&d->state);
        r = ledger_remote_get(d->ledger, d->options.name, &d->state);
        if (r < 0)
                return delivery_ledger_failed(d, r);
        d->progress.last_delivery_usec = d->state.last_delivery_usec;
        if (d->state.look_again_usec == LEDGER_UNDER_WAY) {
                d->state.look_again_usec = now_usec(CLOCK_REALTIME) + LATE_TIMES * timeout(d);
                if (delivery_save(d) < 0)
                        return -EIO;
        }
        d->look_again = d->state.look_again_usec;
        r = feed_begin(d->feed);
        if (r >= 0)
                r = feed_archive_id(d->feed, &archive_id);
        if (r < 0)
                return delivery_feed_failed(d, r);
        r = take_over_state(d, archive_id);
        feed_end(d->feed);
        return r;
}

/* What tells this machine from others of the same person. */
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

/* Splits the known origins into the list that the backend uses. */
static int use_origins(Delivery *d)
{
        char *text = strdup(d->state.origins), **list, *save = NULL;
        size_t n = 0;

        list = text ? calloc(strlen(text) / 2 + 2, sizeof(*list)) : NULL;
        if (!list) {
                free(text);
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        }
        for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
                list[n] = strdup(word);
                if (list[n])
                        n++;
        }
        free(text);
        for (size_t i = 0; d->remote->origins && d->remote->origins[i]; i++)
                free(d->remote->origins[i]);
        free(d->remote->origins);
        d->remote->origins = list;
        return 0;
}

static int add_origin(Delivery *d, const char *origin)
{
        size_t n = strlen(origin);
        char *list;

        if (d->state.origins && strncmp(d->state.origins, origin, n) == 0)
                return 0;
        if (asprintf(&list, "%s%s%s", origin, d->state.origins ? " " : "", d->state.origins ?: "") <
            0)
                return delivery_fail(d, -ENOMEM, "There is no memory.");
        free(d->state.origins);
        d->state.origins = list;
        return 0;
}

int delivery_set_origins(Delivery *d)
{
        _cleanup_free_ char *user = NULL;
        char machine[256], origin[17];
        XXH64_hash_t hash;
        int r;

        r = feed_user_id(d->feed, &user);
        if (r == 0 && d->options.user_id) {
                user = strdup(d->options.user_id);
                r = user ? 1 : -ENOMEM;
        }
        if (r < 0)
                return delivery_feed_failed(d, r);
        if (r > 0) {
                machine_name(&d->options, machine, sizeof(machine));
                hash = XXH3_64bits_withSeed(machine, strlen(machine),
                                            XXH3_64bits(user, strlen(user)));
                (void) snprintf(origin, sizeof(origin), "%016" PRIx64, (uint64_t) hash);
                r = add_origin(d, origin);
        }
        if (r < 0 || !d->state.origins)
                return r;
        r = use_origins(d);
        return r < 0 ? r : 1;
}

/* What the remote holds */

static int note(Delivery *d, const char *id, LedgerState state)
{
        int r = ledger_put(d->ledger, d->options.name, id,
                           &(LedgerEntry){ .state = state, .last_ordinal = -1 });

        return r < 0 ? delivery_ledger_failed(d, r) : 0;
}

static int on_listed(void *userdata, const char *id)
{
        return note(userdata, id, LEDGER_UNKNOWN);
}

static int on_tombstone(void *userdata, const char *id)
{
        LedgerEntry entry;
        Delivery *d = userdata;
        int r = ledger_get(d->ledger, d->options.name, id, &entry);

        if (r < 0)
                return delivery_ledger_failed(d, r);
        return entry.state == LEDGER_NONE ? note(d, id, LEDGER_GONE) : 0;
}

static int list_all(Delivery *d)
{
        static const RemoteTable tables[] = { REMOTE_SESSIONS, REMOTE_MESSAGES, REMOTE_CALLS,
                                              REMOTE_LINKS, REMOTE_DELETES };

        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                RemoteSelection s = { .table = tables[i], .all = true, .own = true };
                int r = d->remote->backend->select(
                                d->remote, &s,
                                tables[i] == REMOTE_DELETES ? on_tombstone : on_listed, d);

                if (r < 0)
                        return delivery_remote_failed(d, r);
        }
        return 0;
}

int delivery_reconcile(Delivery *d)
{
        uint64_t version = 0;
        int r;

        r = d->remote->backend->version(d->remote, &version);
        if (r < 0)
                return delivery_remote_failed(d, r);
        if (version > d->state.version)
                d->state.version = version;
        memset(d->state.list_digests, 0, sizeof(d->state.list_digests));
        d->state.cursor_seq = 0;
        r = ledger_begin(d->ledger);
        if (r >= 0)
                r = ledger_clear(d->ledger, d->options.name);
        if (r >= 0)
                r = ledger_remote_put(d->ledger, d->options.name, &d->state);
        if (r >= 0)
                r = ledger_remote_set_reconciled(d->ledger, d->options.name, true);
        r = r < 0 ? delivery_ledger_failed(d, r) : list_all(d);
        if (r >= 0) {
                r = ledger_commit(d->ledger);
                r = r < 0 ? delivery_ledger_failed(d, r) : 0;
        }
        if (r < 0) {
                ledger_rollback(d->ledger);
                return r;
        }
        d->state.reconciled = true;
        d->cursor = 0;
        d->looked = false;
        return 0;
}

/* What must go there */

int delivery_delete(Delivery *d, const char *const *ids, size_t n, LedgerState state)
{
        /* the session row first: what has lost its rows must not be seen */
        static const RemoteTable tables[] = { REMOTE_SESSIONS, REMOTE_CALLS, REMOTE_MESSAGES,
                                              REMOTE_LINKS };
        uint64_t version = delivery_next_version(d);
        int r = 0;

        if (n == 0)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(tables); i++) {
                RemoteSelection s = { .table = tables[i],
                                      .ids = ids,
                                      .n_ids = n,
                                      .own = true,
                                      .below_version = version };

                r = d->remote->backend->delete (d->remote, &s);
                if (r < 0)
                        return delivery_remote_failed(d, r);
        }
        r = ledger_begin(d->ledger);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                LedgerEntry entry = { .state = state, .last_ordinal = -1 };

                if (state == LEDGER_GONE && feed_has_tombstone(d->feed, ids[i]) <= 0)
                        entry.state = LEDGER_WITHDRAWN;
                r = ledger_put(d->ledger, d->options.name, ids[i], &entry);
        }
        r = delivery_ledger_end(d, r);
        if (r < 0)
                return r;
        d->progress.sessions_deleted += n;
        return 0;
}

/* Of @n ids those that the archive has no more, moved to the front. Returns how many, or a negative errno. */
static int sort_out(Delivery *d, char **ids, int n)
{
        int n_gone = 0;

        for (int i = 0; i < n; i++) {
                LedgerEntry entry;
                FeedSession session;
                int r = feed_session(d->feed, ids[i], &session);
                char *id = ids[i];

                if (r < 0)
                        return delivery_feed_failed(d, r);
                if (r > 0)
                        continue;
                r = ledger_get(d->ledger, d->options.name, id, &entry);
                if (r >= 0 && entry.state == LEDGER_CONFLICT)
                        r = ledger_remove(d->ledger, d->options.name, id); /* it never was ours */
                if (r < 0)
                        return delivery_ledger_failed(d, r);
                if (entry.state == LEDGER_CONFLICT)
                        continue;
                ids[i] = ids[n_gone];
                ids[n_gone++] = id;
        }
        return n_gone;
}

int delivery_remove_gone(Delivery *d)
{
        _cleanup_free_ char *after = NULL;
        char *ids[CHUNK];
        int r, n;

        do {
                n = ledger_held(d->ledger, d->options.name, after, CHUNK, ids);
                if (n < 0)
                        return delivery_ledger_failed(d, n);
                if (n > 0) {
                        free(after);
                        after = strdup(ids[n - 1]);
                }
                r = n > 0 && !after ? delivery_fail(d, -ENOMEM, "There is no memory.")
                                    : sort_out(d, ids, n);
                if (r > 0)
                        r = delivery_delete(d, (const char *const *) ids, (size_t) r, LEDGER_GONE);
                for (int i = 0; i < n; i++)
                        free(ids[i]);
        } while (r >= 0 && n == CHUNK);
        return r < 0 ? r : 0;
}
