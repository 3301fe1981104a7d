/*
 * Query: how much there is of what, by week, agent and project
 *
 * Each session is read once, and so is each secret of it; what is counted is kept here, since SQLite would sort the sessions
 * for each way of counting them.
 */
#include <string.h>

#include "archive/query-internal.h"
#include "archive/query.h"
#include "base/arena.h"
#include "base/memory.h"
#include "base/time-util.h"

#define FILTERED                                                                     \
        PROJECT_MATCHES(1)                                                           \
        " AND (?2 IS NULL OR s.agent_type GLOB ?2) AND (?3 = '' OR s.started_at >= " \
        "?3)"

typedef struct Tally {
        StatsRow row; /* the key is the arena's */
        uint64_t last_secret;
} Tally;

/* A secret in a session. */
typedef struct Secret {
        uint64_t fingerprint;
        bool is_open;
        const char *session;     /* the arena's */
        struct Secret *next;     /* in the order that they were read in: of fingerprints */
        struct Secret *beside;   /* one whose session has the same place */
        Tally *tallies[N_STATS]; /* of its session; NULL: it is not counted */
} Secret;

/* Local weeks are few, and sessions are not in the order of time. */
typedef struct Week {
        char key[16], begins[TIMESTAMP_MAX], ends[TIMESTAMP_MAX];
} Week;

#define SECRET_PLACES ((size_t) 1 << 14)

typedef struct Tallies {
        Tally **tallies;    /* the arena's, by hash of key and kind; NULL: the place is free */
        size_t n, n_places; /* a power of two, at most half full */
        Secret *first, *last, **secrets; /* by hash of session */
        Week *weeks;                     /* in order of time */
        size_t n_weeks;
        char week[16]; /* of what no week has */
        Arena arena;
} Tallies;

static void tallies_done(Tallies *t)
{
        free(t->tallies);
        free(t->secrets);
        free(t->weeks);
        arena_done(&t->arena);
}

/* FNV-1a */
static size_t hash_text(size_t h, const char *text)
{
        for (; *text; text++)
                h = (h ^ (unsigned char) *text) * 1099511628211u;
        return h;
}

static Tally **find_place(const Tallies *t, StatsBy by, const char *key)
{
        size_t i = hash_text(by, key) & (t->n_places - 1);

        while (t->tallies[i] &&
               (t->tallies[i]->row.by != by || strcmp(t->tallies[i]->row.key, key) != 0))
                i = (i + 1) & (t->n_places - 1);
        return t->tallies + i;
}

/* For one more tally of each kind. */
static void make_room(Tallies *t)
{
        Tallies grown = { .n_places = t->n_places > 0 ? t->n_places * 2 : 256 };

        if ((t->n + N_STATS) * 2 <= t->n_places)
                return;
        grown.tallies = xcalloc(grown.n_places, sizeof(Tally *));
        for (size_t i = 0; i < t->n_places; i++)
                if (t->tallies[i])
                        *find_place(&grown, t->tallies[i]->row.by,
                                    t->tallies[i]->row.key) = t->tallies[i];
        free(t->tallies);
        t->tallies = grown.tallies;
        t->n_places = grown.n_places;
}

/* The tally of @key, created if it is the first, in the free room; NULL without memory. */
static Tally *tally_of(Tallies *t, StatsBy by, const char *key)
{
        Tally **place = find_place(t, by, key), *known = *place, *made;

        if (known)
                return known;
        made = arena_alloc(&t->arena, sizeof(*made));
        if (!made)
                return NULL;
        *made = (Tally){ .row = { .by = by, .key = arena_copy(&t->arena, key, strlen(key)) } };
        if (!made->row.key)
                return NULL;
        t->n++;
        return *place = made;
}

/* The first week that ends after @time. */
static size_t find_week(const Tallies *t, const char *time)
{
        size_t low = 0, high = t->n_weeks;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(t->weeks[middle].ends, time) <= 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static const char *keep_week(Tallies *t, const Week *week)
{
        size_t at = find_week(t, week->begins);

        t->weeks = memory_make_room(t->weeks, t->n_weeks, sizeof(*week));
        memmove(t->weeks + at + 1, t->weeks + at, (t->n_weeks - at) * sizeof(*week));
        t->weeks[at] = *week;
        t->n_weeks++;
        return t->weeks[at].key;
}

/* A week begins on Monday, in local time. "" if it is not a time. */
static const char *week_of(Tallies *t, const char *time)
{
        size_t at = find_week(t, time);
        Week week;
        time_t began;
        uint64_t usec;
        struct tm tm;

        /* times of this form are in the order of their text */
        if (at < t->n_weeks && strlen(time) == strlen(t->weeks[at].begins) &&
            strcmp(time, t->weeks[at].begins) >= 0)
                return t->weeks[at].key;
        if (parse_timestamp(time, &usec) < 0)
                return "";
        began = (time_t) (usec / USEC_PER_SEC);
        if (!localtime_r(&began, &tm))
                return "";
        tm.tm_mday -= (tm.tm_wday + 6) % 7;
        tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
        tm.tm_isdst = -1;
        began = mktime(&tm);
        (void) strftime(week.key, sizeof(week.key), "%Y-%m-%d", &tm);
        if (began >= 0) { /* not the one in which 1970 begins */
                (void) format_timestamp(week.begins, (uint64_t) began * USEC_PER_SEC);
                tm.tm_mday += 7;
                tm.tm_isdst = -1;
                (void) format_timestamp(week.ends, (uint64_t) mktime(&tm) * USEC_PER_SEC);
                at = find_week(t, week.begins);
                if (at == t->n_weeks || strcmp(t->weeks[at].begins, week.begins) != 0)
                        return keep_week(t, &week);
        }
        memcpy(t->week, week.key, sizeof(t->week)); /* of a time of another form */
        return t->week;
}

/* A session: project, agent, start, messages, tokens, id. */
static int count_session(Tallies *t, sqlite3_stmt *stmt)
{
        const char *id = row_text(stmt, 5);
        const char *keys[N_STATS] = {
                [STATS_TOTAL] = "",
                [STATS_WEEK] = week_of(t, row_text(stmt, 2)),
                [STATS_AGENT] = row_text(stmt, 1),
                [STATS_PROJECT] = row_text(stmt, 0),
        };
        Tally *tallies[N_STATS];

        make_room(t);
        for (StatsBy by = 0; by < N_STATS; by++) {
                tallies[by] = tally_of(t, by, keys[by]);
                if (!tallies[by])
                        return -ENOMEM;
                tallies[by]->row.n_sessions++;
                tallies[by]->row.n_messages += (uint64_t) sqlite3_column_int64(stmt, 3);
                tallies[by]->row.n_tokens += (uint64_t) sqlite3_column_int64(stmt, 4);
        }
        for (Secret *s = t->secrets[hash_text(0, id) % SECRET_PLACES]; s; s = s->beside)
                if (strcmp(s->session, id) == 0)
                        memcpy(s->tallies, tallies, sizeof(tallies));
        return 0;
}

/* A secret: fingerprint, whether it is open, session. */
static int keep_secret(Tallies *t, sqlite3_stmt *stmt)
{
        const char *session = row_text(stmt, 2);
        Secret **place = t->secrets + hash_text(0, session) % SECRET_PLACES,
               *s = arena_alloc(&t->arena, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *s = (Secret){ .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 0),
                       .is_open = sqlite3_column_int(stmt, 1) != 0,
                       .session = arena_copy(&t->arena, session, strlen(session)),
                       .beside = *place };
        if (!s->session)
                return -ENOMEM;
        *place = s;
        *(t->last ? &t->last->next : &t->first) = s;
        t->last = s;
        return 0;
}

/* They are in order of fingerprint, so that a tally has to remember the last one only. */
static void count_secrets(Tallies *t)
{
        for (const Secret *s = t->first; s; s = s->next)
                for (StatsBy by = 0; s->tallies[0] && by < N_STATS; by++) {
                        StatsRow *row = &s->tallies[by]->row;

                        if (row->n_secrets > 0 && s->tallies[by]->last_secret == s->fingerprint)
                                continue;
                        s->tallies[by]->last_secret = s->fingerprint;
                        row->n_secrets++;
                        row->n_open += s->is_open;
                }
}

static int for_each(sqlite3 *db, const char *sql, const StatsFilter *filter, Tallies *t,
                    int (*count)(Tallies *t, sqlite3_stmt *stmt))
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(db, sql);
        char since[TIMESTAMP_MAX] = "";
        int r;

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

/* Free places last; by kind, the latest week first, the most sessions first. */
static int compare(const void *x, const void *y)
{
        const Tally *const *p = x, *const *q = y;
        const StatsRow *a, *b;

        if (!*p || !*q)
                return !*p - !*q;
        a = &(*p)->row;
        b = &(*q)->row;
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

        t.secrets = xcalloc(SECRET_PLACES, sizeof(Secret *));
        r = for_each(db,
                     "SELECT DISTINCT fingerprint, " IS_OPEN
                     ", session_id FROM findings ORDER BY fingerprint",
                     &(StatsFilter){ 0 }, &t, keep_secret);
        if (r >= 0)
                r = for_each(db,
                             "SELECT s.project, s.agent_type, s.started_at, "
                             "max(coalesce(s.message_count, 0), 0), "
                             "max(coalesce(s.total_output_tokens, 0), 0), s.id FROM sessions s "
                             "WHERE " FILTERED,
                             filter, &t, count_session);
        if (r < 0)
                return r;
        count_secrets(&t);
        if (t.n > 0)
                qsort(t.tallies, t.n_places, sizeof(*t.tallies), compare);
        for (size_t i = 0; i < t.n; i++) {
                r = on_row(userdata, &t.tallies[i]->row);
                if (r != 0)
                        return r;
        }
        return 0;
}
