/* Query: findings */
#include <string.h>

#include "archive/query-internal.h"
#include "archive/query.h"
#include "base/time-util.h"

/* Findings are many and sessions are large: a session is read only if its project is needed. */
#define FROM_FINDINGS                                                                 \
        " FROM findings f LEFT JOIN acknowledged a ON a.fingerprint = f.fingerprint " \
        "LEFT JOIN secrets_seen k ON k.fingerprint = f.fingerprint "
#define FILTERED                                                                                   \
        "WHERE (?1 IS NULL OR f.rule GLOB ?1) AND (?2 IS NULL OR f.session_id IN (SELECT id FROM " \
        "sessions s WHERE " PROJECT_MATCHES(                                                       \
                        2) ")) AND (?3 IS NULL OR f.session_id = ?3) AND (?4 = '' "                \
                           "OR f.found_at >= ?4) AND (NOT ?6 OR a.fingerprint IS "                 \
                           "NULL) "
#define PROJECT_OF(session) "(SELECT project FROM sessions s WHERE s.id = " session ")"

static void bind_filter(sqlite3_stmt *stmt, const FindingFilter *filter,
                        char since[static TIMESTAMP_MAX])
{
        const char *const texts[] = { filter->rule, filter->project, filter->session_id };

        for (int i = 0; i < (int) ELEMENTSOF(texts); i++)
                (void) sqlite_bind_text(stmt, i + 1, texts[i], texts[i] ? strlen(texts[i]) : 0);
        since[0] = 0;
        if (filter->since_usec > 0)
                (void) format_timestamp(since, filter->since_usec);
        (void) sqlite_bind_text(stmt, 4, since, strlen(since));
        (void) sqlite3_bind_int64(stmt, 5, filter->limit > 0 ? (int64_t) filter->limit : -1);
        (void) sqlite3_bind_int64(stmt, 6, filter->open_only);
}

int query_findings(Query *q, const FindingFilter *filter, FindingCallback on_finding,
                   void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        query_database(q),
                        "SELECT session_id, " PROJECT_OF(
                                        "session_id") ", ordinal, field, rule, fingerprint, found_at, acknowledged_at, note FROM "
                                                      "(SELECT f.session_id, coalesce(f.ordinal, -1) AS ordinal, f.field, f.rule, "
                                                      "f.fingerprint, f.found_at, a.acknowledged_at, a.note" FROM_FINDINGS
                                                                      FILTERED
                                                      "ORDER BY f.found_at DESC, f.id DESC LIMIT ?5)");
        char since[TIMESTAMP_MAX];
        int r;

        bind_filter(stmt, filter, since);
        while ((r = sqlite_step(stmt)) > 0) {
                FindingRow row = {
                        .session_id = row_text(stmt, 0),
                        .project = row_text(stmt, 1),
                        .ordinal = sqlite3_column_int64(stmt, 2),
                        .field = row_text(stmt, 3),
                        .rule = row_text(stmt, 4),
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 5),
                        .seen_at = row_text(stmt, 6),
                        .acknowledged_at = row_text(stmt, 7),
                        .note = row_text(stmt, 8),
                };

                r = on_finding(userdata, &row);
                if (r != 0)
                        return r;
        }
        return r;
}

/* What is counted together: the key that is shown, what it is grouped by, what must be read for it, and how many secrets and
 * open secrets it has; for one secret, that needs no counting. */
static const struct {
        const char *key, *by, *join, *n_secrets, *n_open;
} groups[] = {
#define COUNTED "count(DISTINCT f.fingerprint)"
#define OPEN    "a.fingerprint IS NULL"
        [GROUP_SECRET] = { "f.rule", "f.fingerprint, f.rule", "", "1", OPEN },
        [GROUP_RULE] = { "f.rule", "f.rule", "", COUNTED, COUNTED " FILTER (WHERE " OPEN ")" },
        [GROUP_PROJECT] = { "coalesce(s.project, '')", "1",
                            "LEFT JOIN sessions s ON s.id = f.session_id ", COUNTED,
                            COUNTED " FILTER (WHERE " OPEN ")" },
        [GROUP_SESSION] = { "f.session_id", "f.session_id", "", COUNTED,
                            COUNTED " FILTER (WHERE " OPEN ")" },
        [GROUP_DAY] = { "substr(f.found_at, 1, 10)", "1", "", COUNTED,
                        COUNTED " FILTER (WHERE " OPEN ")" },
};

/* With max() as the only aggregate of its kind SQLite takes the bare columns from the row that has the maximum; with
 * min() beside it, from either: session and project are of one of them in any case. */
int query_finding_groups(Query *q, const FindingFilter *filter, FindingGroup group,
                         FindingGroupCallback on_group, void *userdata)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };
        char since[TIMESTAMP_MAX];
        int r;

        (void) strbuf_printf(
                        &sql,
                        "SELECT key, fingerprint, n, n_secrets, n_sessions, session_id, " PROJECT_OF(
                                        "session_id") ", first, last, n_open, acknowledged_at, note FROM "
                                                      "(SELECT %s AS key, f.fingerprint, count(*) AS n, %s AS n_secrets, "
                                                      "count(DISTINCT f.session_id) AS n_sessions, "
                                                      "f.session_id, min(min(f.found_at, coalesce(k.first_seen, f.found_at))) AS "
                                                      "first, max(f.found_at) AS last, %s AS n_open, a.acknowledged_at, "
                                                      "a.note" FROM_FINDINGS "%s" FILTERED
                                                      "GROUP BY %s ORDER BY last DESC, n DESC, key LIMIT ?5)",
                        groups[group].key, groups[group].n_secrets, groups[group].n_open,
                        groups[group].join, groups[group].by);
        stmt = sqlite_make(query_database(q), sql.data);
        bind_filter(stmt, filter, since);
        while ((r = sqlite_step(stmt)) > 0) {
                FindingGroupRow row = {
                        .key = row_text(stmt, 0),
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 1),
                        .n_findings = (uint64_t) sqlite3_column_int64(stmt, 2),
                        .n_secrets = (uint64_t) sqlite3_column_int64(stmt, 3),
                        .n_sessions = (uint64_t) sqlite3_column_int64(stmt, 4),
                        .session_id = row_text(stmt, 5),
                        .project = row_text(stmt, 6),
                        .first_seen = row_text(stmt, 7),
                        .last_seen = row_text(stmt, 8),
                        .n_open = (uint64_t) sqlite3_column_int64(stmt, 9),
                        .acknowledged_at = row_text(stmt, 10),
                        .note = row_text(stmt, 11),
                };

                r = on_group(userdata, &row);
                if (r != 0)
                        return r;
        }
        return r;
}

int query_find_secrets(Query *q, const char *prefix, size_t max, uint64_t *ret)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(
                        query_database(q),
                        "SELECT DISTINCT fingerprint FROM findings WHERE "
                        "substr(printf('%016x', fingerprint), 1, length(?1)) = ?1 LIMIT ?2");
        size_t n = 0;
        int r;

        (void) sqlite_bind_text(stmt, 1, prefix, strlen(prefix));
        (void) sqlite3_bind_int64(stmt, 2, (int64_t) max);
        while ((r = sqlite_step(stmt)) > 0)
                ret[n++] = (uint64_t) sqlite3_column_int64(stmt, 0);
        return r < 0 ? r : (int) n;
}
