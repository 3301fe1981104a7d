/*
 * Query: how much there is of what, by week, agent and project
 *
 * Sessions are read once, and each secret of a session once; what is counted is kept here, since SQLite would sort the
 * sessions for each way of counting them.
 */
#include <string.h>

#include "archive/query-internal.h"
#include "archive/query.h"
#include "base/arena.h"
#include "base/time-util.h"

#define FIELDS "s.project, s.agent_type, s.started_at"
#define FILTERED                                                                     \
        PROJECT_MATCHES(1)                                                           \
        " AND (?2 IS NULL OR s.agent_type GLOB ?2) AND (?3 = '' OR s.started_at >= " \
        "?3)"

typedef struct Tally {
        StatsRow row; /* the key is the arena's; NULL: the place is free */
        uint64_t last_secret;
} Tally;

typedef struct Tallies {
        Tally *tallies;     /* by hash of key and kind */
        size_t n, n_places; /* a power of two, at most half full */
        Arena arena;
        char week[16], week_begins[TIMESTAMP_MAX],
                        week_ends[TIMESTAMP_MAX]; /* the last one asked for */
} Tallies;

static void tallies_done(Tallies *t)
{
        free(t->tallies);
        arena_done(&t->arena);
}

static Tally *find_place(const Tallies *t, StatsBy by, const char *key)
{
        size_t i = by;

        for (const char *c = key; *c; c++)
                i = (i ^ (unsigned char) *c) * 1099511628211u; /* FNV-1a */
        i &= t->n_places - 1;
        while (t->tallies[i].row.key &&
               (t->tallies[i].row.by != by || strcmp(t->tallies[i].row.key, key) != 0))
                i = (i + 1) & (t->n_places - 1);
        return t->tallies + i;
}

/* For one more tally of each kind. */
static int make_room(Tallies *t)
{
        Tallies grown = { .n_places = t->n_places > 0 ? t->n_places * 2 : 256 };

        if ((t->n + N_STATS) * 2 <= t->n_places)
                return 0;
        grown.tallies = calloc(grown.n_places, sizeof(*grown.tallies));
        if (!grown.tallies)
                return -ENOMEM;
        for (size_t i = 0; i < t->n_places; i++)
                if (t->tallies[i].row.key)
                        *find_place(&grown, t->tallies[i].row.by,
                                    t->tallies[i].row.key) = t->tallies[i];
        free(t->tallies);
        t->tallies = grown.tallies;
        t->n_places = grown.n_places;
        return 0;
}

/* The tally of @key, made where it is the first, in the room that there is; NULL without memory. */
static Tally *tally_of(Tallies *t, StatsBy by, const char *key)
{
        Tally *found = find_place(t, by, key);

        if (found->row.key)
                return found;
        found->row = (StatsRow){ .by = by, .key = arena_copy(&t->arena, key, strlen(key)) };
        if (!found->row.key)
                return NULL;
        t->n++;
        return found;
}

/* A week begins on Monday, in local time. "" for what is not a time. */
static const char *week_of(Tallies *t, const char *time)
{
        time_t began;
        uint64_t usec;
        struct tm tm;

        /* sessions lie about in the order of their start; and times of this form are in the order of their text */
        if (strlen(time) == strlen(t->week_begins) && strcmp(time, t->week_begins) >= 0 &&
            strcmp(time, t->week_ends) < 0)
                return t->week;
        if (parse_timestamp(time, &usec) < 0)
                return "";
        began = (time_t) (usec / USEC_PER_SEC);
        if (!localtime_r(&began, &tm))
                return "";
        tm.tm_mday -= (tm.tm_wday + 6) % 7;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        began = mktime(&tm);
        (void) strftime(t->week, sizeof(t->week), "%Y-%m-%d", &tm);
        t->week_begins[0] = 0;
        if (began < 0) /* the one in which 1970 begins */
                return t->week;
        (void) format_timestamp(t->week_begins, (uint64_t) began * USEC_PER_SEC);
        tm.tm_mday += 7;
        tm.tm_isdst = -1;
        (void) format_timestamp(t->week_ends, (uint64_t) mktime(&tm) * USEC_PER_SEC);
        return t->week;
}

/* The tallies of the session whose FIELDS begin at @column. Returns 0 or -ENOMEM. */
static int find_tallies(Tallies *t, sqlite3_stmt *stmt, int column, Tally *ret[static N_STATS])
{
        const char *keys[N_STATS] = {
                [STATS_TOTAL] = "",
                [STATS_WEEK] = week_of(t, query_read_text(stmt, column + 2)),
                [STATS_AGENT] = query_read_text(stmt, column + 1),
                [STATS_PROJECT] = query_read_text(stmt, column),
        };

        if (make_room(t) < 0)
                return -ENOMEM;
        for (StatsBy by = 0; by < N_STATS; by++) {
                ret[by] = tally_of(t, by, keys[by]);
                if (!ret[by])
                        return -ENOMEM;
        }
        return 0;
}

static int count_session(Tallies *t, sqlite3_stmt *stmt)
{
        Tally *tallies[N_STATS];
        int r;

        r = find_tallies(t, stmt, 0, tallies);
        for (StatsBy by = 0; r >= 0 && by < N_STATS; by++) {
                tallies[by]->row.n_sessions++;
                tallies[by]->row.n_messages += (uint64_t) sqlite3_column_int64(stmt, 3);
                tallies[by]->row.n_tokens += (uint64_t) sqlite3_column_int64(stmt, 4);
        }
        return r;
}

/* They come in order of fingerprint, so that a tally has to remember the last one only. */
static int count_secret(Tallies *t, sqlite3_stmt *stmt)
{
        uint64_t fingerprint = (uint64_t) sqlite3_column_int64(stmt, 3);
        Tally *tallies[N_STATS];
        int r;

        r = find_tallies(t, stmt, 0, tallies);
        for (StatsBy by = 0; r >= 0 && by < N_STATS; by++) {
                StatsRow *row = &tallies[by]->row;

                if (row->n_secrets > 0 && tallies[by]->last_secret == fingerprint)
                        continue;
                tallies[by]->last_secret = fingerprint;
                row->n_secrets++;
                row->n_open += sqlite3_column_int(stmt, 4) != 0;
        }
        return r;
}

static int for_each(sqlite3 *db, const char *sql, const StatsFilter *filter, Tallies *t,
                    int (*count)(Tallies *t, sqlite3_stmt *stmt))
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        char since[TIMESTAMP_MAX] = "";
        int r;

        r = sqlite_prepare(db, sql, &stmt);
        if (r < 0)
                return r;
        if (filter->since_usec > 0)
                (void) format_timestamp(since, filter->since_usec);
        (void) sqlite_bind_text(stmt, 1, filter->project,
                                filter->project ? strlen(filter->project) : 0);
        (void) sqlite_bind_text(stmt, 2, filter->agent, filter->agent ? strlen(filter->agent) : 0);
        (void) sqlite_bind_text(stmt, 3, since, strlen(since));
        while ((r = sqlite_step(stmt)) > 0) {
                r = count(t, stmt);
                if (r < 0)
                        return r;
        }
        return r;
}

/* Free places last; then by kind, the latest week first, the most sessions first. */
static int compare(const void *x, const void *y)
{
        const StatsRow *a = &((const Tally *) x)->row, *b = &((const Tally *) y)->row;

        if (!a->key || !b->key)
                return !a->key - !b->key;
        if (a->by != b->by)
                return (int) a->by - (int) b->by;
        if (a->by == STATS_WEEK)
                return strcmp(b->key, a->key);
        if (a->n_sessions != b->n_sessions)
                return a->n_sessions < b->n_sessions ? 1 : -1;
        return strcmp(a->key, b->key);
}

int query_stats(Query *q, const StatsFilter *filter, StatsCallback on_row, void *userdata)
{
        _cleanup_(tallies_done) Tallies t = { 0 };
        sqlite3 *db = query_database(q);
        int r;

        r = for_each(db,
                     "SELECT " FIELDS ", max(coalesce(s.message_count, 0), 0), "
                     "max(coalesce(s.total_output_tokens, 0), 0) FROM sessions s WHERE " FILTERED,
                     filter, &t, count_session);
        if (r >= 0)
                r = for_each(db,
                             "SELECT " FIELDS ", f.fingerprint, " IS_OPEN
                             " FROM (SELECT DISTINCT fingerprint, session_id FROM findings ORDER BY "
                             "fingerprint) f CROSS JOIN sessions s ON s.id = f.session_id WHERE " FILTERED,
                             filter, &t, count_secret);
        if (r < 0)
                return r;
        if (t.n > 0)
                qsort(t.tallies, t.n_places, sizeof(*t.tallies), compare);
        for (size_t i = 0; i < t.n; i++) {
                r = on_row(userdata, &t.tallies[i].row);
                if (r != 0)
                        return r;
        }
        return 0;
}
