/* Survey: what the remote holds of ours, compared with the archive */
#include "remote/survey.h"

#include <string.h>

#include "remote/filter.h"
#include "remote/lists.h"

/* The first page has PAGE_FIRST sessions. If its answer takes a small part of the time-out, the next page is twice as large; if
 * it takes much of it, the next one is smaller. So neither a large archive nor a slow server exceeds the time-out. */
#define PAGE_FIRST 16
#define PAGE_MAX   10000

/* One session in one table: as it is there, and as it should be. */
typedef struct Sight {
        const char *id;
        RemoteTable table;
        const FeedSession *session; /* NULL: the archive has none */
        LedgerEntry entry;
        DeliveryPlan plan;
        uint64_t n_here,
                        n_there; /* rows; if none is there and nobody counts, 1 stands for any number */
        bool is_same;
} Sight;

/* What is to be noted in the ledger about a session. */
typedef struct Note {
        char *id;
        LedgerEntry entry;
} Note;

typedef struct Survey Survey;

struct Survey {
        Delivery *d;
        int (*on_sight)(Survey *s, const Sight *sight);
        int (*on_list)(Survey *s, uint64_t n_here, uint64_t here, uint64_t n_there);
        bool counts; /* n_here is exact even if no row is there */
        uint64_t n_different, n_waiting;

        DeliveryDifferenceCallback on_difference;
        void *userdata;

        RemoteTable table;
        RemoteDigest page[PAGE_MAX]; /* owns its ids */
        size_t n, n_max;
        bool is_last; /* no page follows */
        Note *notes;  /* for the ledger, once the page is compared */
        size_t n_notes;
};

static void drop_page(Survey *s)
{
        for (size_t i = 0; i < s->n; i++)
                free((char *) s->page[i].session_id);
        s->n = 0;
}

static int on_digest(void *userdata, const RemoteDigest *there)
{
        Survey *s = userdata;
        char *id;

        if (s->n == s->n_max)
                return -EBADMSG;
        id = strdup(there->session_id);
        if (!id)
                return -ENOMEM;
        s->page[s->n] = *there;
        s->page[s->n++].session_id = id;
        return 0;
}

/* Where the next page begins. */
static void take_last(Survey *s, char **ret)
{
        free(*ret);
        *ret = s->n > 0 ? (char *) TAKE_PTR(s->page[s->n - 1].session_id) : NULL;
}

static size_t page_most(const Survey *s)
{
        return s->d->page_most > 0 ? s->d->page_most : PAGE_MAX;
}

/* How many sessions the next page has. */
static void choose_size(Survey *s, uint64_t took_usec)
{
        uint64_t timeout = s->d->options.timeout_usec ?: REMOTE_TIMEOUT_USEC;

        if (took_usec < timeout / 16)
                s->n_max = s->n_max * 2 < page_most(s) ? s->n_max * 2 : page_most(s);
        else if (took_usec > timeout / 4)
                s->n_max = s->n_max > 4 ? s->n_max / 4 : 1;
}

/* Asks for the page after @after (NULL: for the table's first). */
static int fetch(Survey *s, const char *after)
{
        Delivery *d = s->d;
        uint64_t began = now_usec(CLOCK_MONOTONIC);
        int r;

        drop_page(s);
        if (!after)
                s->n_max = PAGE_FIRST < page_most(s) ? PAGE_FIRST : page_most(s);
        r = link_go_on(d);
        if (r < 0)
                return r;
        r = d->remote->backend->digests(d->remote, s->table, after, s->n_max, on_digest, s);
        if (r == -ETIMEDOUT) /* until a survey succeeds, the next ones use smaller pages */
                d->page_most = s->n_max > 1 ? s->n_max / 2 : 1;
        if (r < 0)
                return link_remote_failed(d, r);
        s->is_last = s->n < s->n_max;
        choose_size(s, now_usec(CLOCK_MONOTONIC) - began);
        return 0;
}

/* The ledger */

static void note_entry(Survey *s, const char *id, const LedgerEntry *entry)
{
        APPEND(s->notes, s->n_notes, (Note){ xstrdup(id), *entry });
}

static void note(Survey *s, const char *id, LedgerState state)
{
        note_entry(s, id, &(LedgerEntry){ .state = state, .last_ordinal = -1 });
}

static void drop_notes(Survey *s)
{
        for (size_t i = 0; i < s->n_notes; i++)
                free(s->notes[i].id);
        s->n_notes = 0;
}

static int write_notes(Survey *s)
{
        Delivery *d = s->d;
        int r;

        if (s->n_notes == 0)
                return 0;
        r = ledger_begin(d->ledger);
        for (size_t i = 0; r >= 0 && i < s->n_notes; i++)
                r = ledger_put(d->ledger, d->options.name, s->notes[i].id, &s->notes[i].entry);
        drop_notes(s);
        return link_end_ledger(d, r);
}

/* Here */

static int add_row(Survey *s, const Value *values, Sight *sight, uint64_t *digest)
{
        uint64_t one;
        int r = s->d->remote->backend->digest(s->d->remote, s->table, values, &one);

        if (r < 0)
                return link_no_memory(s->d);
        if (r == 0) {
                sight->n_here++;
                *digest += one;
        }
        return 0;
}

static int add_rows(Survey *s, Sight *sight, uint64_t *digest)
{
        const Table *table = remote_table(s->table);
        Value values[REMOTE_COLUMNS_MAX];
        Delivery *d = s->d;
        int r;

        if (s->table == REMOTE_LINKS && sight->plan.metadata_only)
                return 0;
        feed_rows(d->feed, table, sight->id, INT64_MIN, -1);
        while ((r = feed_next_row(d->feed, table, values, NULL)) > 0) {
                if (sight->plan.metadata_only)
                        filter_strip(table, values);
                r = add_row(s, values, sight, digest);
                if (r < 0 || (sight->n_here > 0 && sight->n_there == 0 && !s->counts))
                        return r;
        }
        return r < 0 ? link_feed_failed(d, r) : 0;
}

/* Counts and sums what should be there. */
static int sum_up(Survey *s, Sight *sight, uint64_t *digest)
{
        FeedSession row;

        if (!sight->session || sight->plan.step == DELIVERY_REFUSE ||
            sight->plan.step == DELIVERY_WITHDRAW)
                return 0;
        if (s->table != REMOTE_SESSIONS)
                return add_rows(s, sight, digest);
        row = *sight->session;
        if (sight->plan.metadata_only)
                filter_strip(&session_table, row.values);
        return add_row(s, row.values, sight, digest);
}

static int see(Survey *s, const char *id, const FeedSession *session, const RemoteDigest *there)
{
        Sight sight = { .id = id, .table = s->table, .session = session };
        Delivery *d = s->d;
        uint64_t digest = 0;
        int r;

        r = link_go_on(d);
        if (r >= 0)
                r = link_entry(d, id, &sight.entry);
        if (r < 0)
                return r;
        sight.plan = delivery_plan(&d->options, session, &sight.entry, now_usec(CLOCK_REALTIME));
        if (ledger_entry_is_left(&sight.entry)) /* nothing of ours may be there */
                sight.plan.step = DELIVERY_REFUSE;
        sight.n_there = there ? there->n_rows : 0;
        r = sum_up(s, &sight, &digest);
        if (r < 0)
                return r;
        sight.is_same = sight.n_here == sight.n_there && digest == (there ? there->digest : 0);
        return s->on_sight(s, &sight);
}

/* Walks the page and the archive's sessions up to @last (NULL: all) side by side, both in order of id. */
static int merge(Survey *s, const char *after, const char *last)
{
        FeedSession session;
        size_t i = 0;
        int r;

        feed_seek_ids(s->d->feed, after, last);
        while ((r = feed_next(s->d->feed, &session)) > 0) {
                const char *id = session.values[SESSION_ID].text;
                int order = 1;

                r = 0;
                while (r >= 0 && i < s->n && (order = strcmp(s->page[i].session_id, id)) < 0) {
                        r = see(s, s->page[i].session_id, NULL, s->page + i);
                        i++;
                }
                if (r >= 0)
                        r = see(s, id, &session, i < s->n && order == 0 ? s->page + i++ : NULL);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return link_feed_failed(s->d, r);
        for (; r >= 0 && i < s->n; i++)
                r = see(s, s->page[i].session_id, NULL, s->page + i);
        return r;
}

/* First reads the archive as of one moment, then writes the ledger, so that no transaction on one waits for the other. */
static int compare_page(Survey *s, const char *after, const char *last)
{
        Delivery *d = s->d;
        int r = feed_begin(d->feed);

        if (r < 0)
                return link_feed_failed(d, r);
        r = merge(s, after, last);
        feed_end(d->feed);
        return r < 0 ? r : write_notes(s);
}

static int compare_table(Survey *s)
{
        _cleanup_free_ char *after = NULL;
        int r;

        do {
                r = fetch(s, after);
                if (r < 0)
                        return r;
                r = compare_page(s, after, s->is_last ? NULL : s->page[s->n - 1].session_id);
                if (r < 0)
                        return r;
                take_last(s, &after);
        } while (!s->is_last);
        return 0;
}

/* Lists */

/* A tombstone on the remote was shared, so others may know of its session. */
static int learn_tombstones(Survey *s)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                LedgerEntry entry;

                r = link_entry(s->d, s->page[i].session_id, &entry);
                if (r >= 0 && entry.state == LEDGER_NONE)
                        note(s, s->page[i].session_id, LEDGER_GONE);
        }
        return r;
}

static int compare_list(Survey *s, bool learns)
{
        _cleanup_free_ char *after = NULL;
        uint64_t n_there = 0, there = 0, n_here, here;
        int r;

        do {
                r = fetch(s, after);
                if (r >= 0 && learns && s->table == REMOTE_DELETES)
                        r = learn_tombstones(s);
                if (r >= 0)
                        r = write_notes(s);
                if (r < 0)
                        return r;
                for (size_t i = 0; i < s->n; i++) {
                        n_there += s->page[i].n_rows;
                        there += s->page[i].digest;
                }
                take_last(s, &after);
        } while (!s->is_last);
        r = lists_digest(s->d, s->table, &n_here, &here);
        if (r < 0 || (n_here == n_there && here == there))
                return r;
        return s->on_list(s, n_here, here, n_there);
}

static int survey(Survey *s, bool learns)
{
        int r = 0;

        for (s->table = 0; r >= 0 && s->table < N_REMOTE_TABLES; s->table++)
                r = s->table < REMOTE_STARS ? compare_table(s) : compare_list(s, learns);
        if (r >= 0)
                s->d->page_most = 0;
        drop_page(s);
        drop_notes(s);
        free(s->notes);
        return r;
}

/* The remote's list differs, or may. */
static int forget_list(Survey *s, uint64_t n_here, uint64_t here, uint64_t n_there)
{
        s->n_different++;
        s->d->state.list_digests[s->table - REMOTE_STARS] = 0;
        return 0;
}

/* Nothing is known */

static int learn(Survey *s, const Sight *sight)
{
        Delivery *d = s->d;
        LedgerEntry entry = { .state = sight->plan.metadata_only ? LEDGER_METADATA
                                                                 : LEDGER_SHARED };
        int r;

        if (sight->table == REMOTE_SESSIONS && sight->is_same && sight->n_there > 0 &&
            sight->session && d->state.known != LEDGER_RESEND) {
                entry.change_seq = sight->session->change_seq;
                r = feed_last_ordinal(d->feed, sight->id, &entry.last_ordinal);
                if (r < 0)
                        return link_feed_failed(d, r);
                note_entry(s, sight->id, &entry);
                return 0;
        }
        if (sight->table != REMOTE_SESSIONS && sight->is_same)
                return 0;
        if (sight->n_there > 0 || ledger_entry_is_there(&sight->entry))
                note(s, sight->id, LEDGER_UNKNOWN);
        return 0;
}

static int begin_anew(Delivery *d)
{
        int r;

        d->cursor = 0;
        d->deletes_seen = -1;
        d->state.cursor_seq = 0;
        memset(d->state.list_digests, 0, sizeof(d->state.list_digests));
        r = ledger_begin(d->ledger);
        if (r >= 0)
                r = ledger_clear(d->ledger, d->options.name);
        return link_end_ledger(d, r);
}

int survey_all(Delivery *d)
{
        _cleanup_free_ Survey *s = xcalloc(1, sizeof(*s));
        int r;

        *s = (Survey){ .d = d, .on_sight = learn, .on_list = forget_list };
        r = begin_anew(d);
        d->is_trusted = true; /* what is noted from here on */
        if (r >= 0)
                r = survey(s, true);
        if (r < 0)
                return r;
        d->state.known = LEDGER_KNOWN;
        r = ledger_remote_set_known(d->ledger, d->options.name, LEDGER_KNOWN);
        return r < 0 ? link_ledger_failed(d, r) : 0;
}

/* What came late */

/* Rows may have arrived late: of a session that differs, the remote may have any rows. */
static int mend(Survey *s, const Sight *sight)
{
        if (sight->is_same || (sight->n_there == 0 && (sight->entry.state == LEDGER_BARRED ||
                                                       !ledger_entry_is_there(&sight->entry))))
                return 0;
        if (sight->entry.state == LEDGER_UNKNOWN)
                return 0; /* it is sent again as a whole anyway */
        if (delivery_step_moves(sight->plan.step)) {
                s->n_waiting++; /* it is compared when that is done */
                return 0;
        }
        s->n_different++;
        note(s, sight->id, LEDGER_UNKNOWN);
        return 0;
}

int survey_late(Delivery *d, uint64_t *ret_n_different, uint64_t *ret_n_waiting)
{
        _cleanup_free_ Survey *s = xcalloc(1, sizeof(*s));
        int r;

        *s = (Survey){ .d = d, .on_sight = mend, .on_list = forget_list };
        r = survey(s, false);
        *ret_n_different = s->n_different;
        *ret_n_waiting = s->n_waiting;
        return r;
}

/* What a person asks */

static int tell(Survey *s, const Sight *sight)
{
        DeliveryDifference difference = DIFFERENCE_DIFFERENT;

        if (delivery_step_moves(sight->plan.step) || sight->plan.step == DELIVERY_HOLD) {
                if (sight->session && sight->table != REMOTE_SESSIONS)
                        return 0;
                difference = DIFFERENCE_WAITING;
        } else if (sight->is_same) {
                return 0;
        } else if (sight->n_here == 0) {
                difference = DIFFERENCE_STALE;
        } else if (sight->n_there == 0) {
                difference = DIFFERENCE_MISSING;
        }
        return s->on_difference(s->userdata, sight->id, sight->table, difference, sight->n_here,
                                sight->n_there);
}

static int tell_list(Survey *s, uint64_t n_here, uint64_t here, uint64_t n_there)
{
        bool is_delivered = lists_is_delivered(s->d, s->table, n_here, here);

        return s->on_difference(s->userdata, "*", s->table,
                                is_delivered ? DIFFERENCE_DIFFERENT : DIFFERENCE_WAITING, n_here,
                                n_there);
}

int survey_tell(Delivery *d, DeliveryDifferenceCallback on_difference, void *userdata)
{
        _cleanup_free_ Survey *s = xcalloc(1, sizeof(*s));

        *s = (Survey){ .d = d,
                       .on_sight = tell,
                       .on_list = tell_list,
                       .on_difference = on_difference,
                       .counts = true,
                       .userdata = userdata };
        return survey(s, false);
}
