/* Query: how much there is of what, by week, agent and project */
#include <string.h>

#include "archive/query-internal.h"
#include "archive/query.h"
#include "base/time-util.h"

/* A week begins on Monday, in local time. */
#define WEEK "date(s.started_at, 'localtime', 'weekday 0', '-6 days')"

/* What is counted, once for all the ways of counting it: sessions by their id, and each secret of theirs. */
static const char gather_sql[] =
                "INSERT INTO temp.stats_sessions SELECT s.id, coalesce(s.project, ''), "
                "coalesce(s.agent_type, ''), coalesce(" WEEK
                ", ''), coalesce(s.message_count, 0), coalesce(s.total_output_tokens, 0) "
                "FROM sessions s WHERE " PROJECT_MATCHES(
                                1) " AND (?2 IS NULL OR s.agent_type GLOB ?2) AND "
                                   "(?3 = '' OR s.started_at >= ?3)";

#define TABLES                                                                                   \
        "CREATE TEMP TABLE stats_sessions (id TEXT PRIMARY KEY, project TEXT, agent TEXT, week " \
        "TEXT, messages INTEGER, tokens INTEGER) WITHOUT ROWID"

#define SECRETS                                                                                 \
        "CREATE TEMP TABLE stats_secrets AS SELECT DISTINCT fingerprint, " IS_OPEN " AS open, " \
        "project, agent, week FROM findings f JOIN stats_sessions t ON t.id = f.session_id"

static const struct {
        const char *key, *order;
} groups[] = {
        [STATS_TOTAL] = { "''", "1" },
        [STATS_WEEK] = { "week", "1 DESC" },
        [STATS_AGENT] = { "agent", "2 DESC, 1" },
        [STATS_PROJECT] = { "project", "2 DESC, 1" },
};

static int gather(sqlite3 *db, const StatsFilter *filter)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        char since[TIMESTAMP_MAX] = "";
        int r;

        r = sqlite_run(db, TABLES);
        if (r >= 0)
                r = sqlite_prepare(db, gather_sql, &stmt);
        if (r < 0)
                return r;
        if (filter->since_usec > 0)
                (void) format_timestamp(since, filter->since_usec);
        (void) sqlite_bind_text(stmt, 1, filter->project,
                                filter->project ? strlen(filter->project) : 0);
        (void) sqlite_bind_text(stmt, 2, filter->agent, filter->agent ? strlen(filter->agent) : 0);
        (void) sqlite_bind_text(stmt, 3, since, strlen(since));
        r = sqlite_execute(stmt);
        return r < 0 ? r : sqlite_run(db, SECRETS);
}

static int count(sqlite3 *db, StatsBy by, StatsCallback on_row, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        int r;

        r = strbuf_printf(
                        &sql,
                        "SELECT k, n, messages, tokens, coalesce(secrets, 0), coalesce(open, 0) FROM "
                        "(SELECT %s AS k, count(*) AS n, sum(messages) AS messages, sum(tokens) AS "
                        "tokens FROM stats_sessions GROUP BY 1) LEFT JOIN (SELECT %s AS k, "
                        "count(DISTINCT fingerprint) AS secrets, count(DISTINCT fingerprint) FILTER "
                        "(WHERE open) AS open FROM stats_secrets GROUP BY 1) USING (k) ORDER BY %s",
                        groups[by].key, groups[by].key, groups[by].order);
        if (r >= 0)
                r = sqlite_prepare(db, sql.data, &stmt);
        while (r >= 0 && (r = sqlite_step(stmt)) > 0) {
                StatsRow row = {
                        .by = by,
                        .key = query_read_text(stmt, 0),
                        .n_sessions = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .n_messages = (uint64_t) sqlite3_column_int64(stmt, 2),
                        .n_tokens = (uint64_t) sqlite3_column_int64(stmt, 3),
                        .n_secrets = (uint64_t) sqlite3_column_int64(stmt, 4),
                        .n_open = (uint64_t) sqlite3_column_int64(stmt, 5),
                };

                r = on_row(userdata, &row);
                if (r != 0)
                        break;
        }
        return r;
}

int query_stats(Query *q, const StatsFilter *filter, StatsCallback on_row, void *userdata)
{
        sqlite3 *db = query_database(q);
        int r;

        r = gather(db, filter);
        for (StatsBy by = 0; r == 0 && by < N_STATS; by++)
                r = count(db, by, on_row, userdata);
        (void) sqlite_run(db, "DROP TABLE IF EXISTS temp.stats_secrets; DROP TABLE IF EXISTS "
                              "temp.stats_sessions");
        return r;
}
