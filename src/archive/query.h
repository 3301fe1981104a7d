/*
 * Query: the archive as people see it, strictly read-only
 *
 * It never writes and never creates an archive; the daemon may write at the same time (in a first sync each waits for the
 * other, for the length of a commit). Rows are passed to a callback one by one, so that no answer has to fit in memory. What a
 * callback gets is borrowed until it returns; it returns 0 to continue, and anything else ends the query and becomes its
 * result.
 */
#pragma once

#include <sqlite3.h>

#include "model/session.h"

typedef struct Query Query;

/*
 * Opens the archive at @path. Returns 0, -ENOENT: there is none; -EPROTONOSUPPORT: made by a newer version;
 * -EMEDIUMTYPE: not an archive; -EUCLEAN: damaged; -EBUSY: its first sync writes a large session; -EINPROGRESS: its
 * first sync was killed, and the next one has to clean up first; or another negative errno.
 */
int query_open(const char *path, Query **ret);
Query *query_close(Query *q);

static inline void query_closep(Query **q)
{
        (void) query_close(*q);
}

/* The database, for what knows its own SQL (sync-state.h, search-index.h). Still owned by @q. */
sqlite3 *query_database(Query *q);

/* A sentence about a problem that was found and worked around when it was opened, or NULL. */
const char *query_warning(const Query *q);

/* Why the last call failed, in SQLite's words. */
const char *query_reason(Query *q);

/* Everything between the two sees the archive as of one moment. Each returns 0 or a negative errno. */
int query_begin(Query *q);
int query_end(Query *q);

typedef struct ArchiveSummary {
        uint64_t n_sessions;
        uint64_t n_messages;
        uint64_t n_findings;                      /* masked places */
        uint64_t n_secrets;                       /* different secrets in them */
        uint64_t n_open_findings, n_open_secrets; /* of these, what nobody has acknowledged */
        uint64_t n_starred;
        uint64_t n_trashed; /* in agentsview's trash, text still here */
        uint64_t n_deleted; /* tombstones of sessions deleted for good */
        uint64_t n_metadata_only;
        uint64_t n_stale; /* sessions masked by other rules or settings than those in force */
        uint64_t total_synced;
        uint64_t total_masked;
        uint64_t last_synced_at_usec;   /* 0: never */
        uint64_t last_verified_at_usec; /* source and archive were compared, and equal; 0: never */
        uint64_t began_anew_at_usec; /* the archive before vanished while it was in use; 0: it did not */
        uint64_t n_bytes;            /* of the database, with what only its log holds yet */
} ArchiveSummary;

/* Counts it. Returns 0 or a negative errno. */
int query_summary(Query *q, ArchiveSummary *ret);

/* What one rule found. */
typedef struct RuleFindings {
        const char *rule;
        uint64_t n_findings, n_secrets;
        uint64_t n_open_findings, n_open_secrets;
} RuleFindings;

/* Findings by rule, most of those open first. */
typedef int (*RuleCallback)(void *userdata, const RuleFindings *rule);
int query_rules(Query *q, RuleCallback on_rule, void *userdata);

typedef enum SessionSort {
        SORT_ACTIVITY, /* the latest first */
        SORT_STARTED,  /* the latest first */
        SORT_MESSAGES, /* the most first */
        SORT_MASKED,   /* the most first */
} SessionSort;

typedef struct SessionFilter {
        const char *project; /* name, or a glob; also matched with the project's id and path */
        const char *agent;   /* name, or a glob */
        uint64_t since_usec; /* of the last activity; 0: any */
        bool starred;
        const char *commit; /* made this commit: hexadecimal digits, or the first of them */
        const char *pr;     /* has to do with this pull request: its URL, or its number */
        SessionSort sort;
        uint64_t limit; /* 0: all */
} SessionFilter;

typedef struct SessionRow {
        Value values[N_SESSION_COLUMNS];
        bool starred;
        bool trashed;
        bool metadata_only;
        uint64_t n_findings;
} SessionRow;

/* Sessions, sorted. */
typedef int (*SessionCallback)(void *userdata, const SessionRow *session);
int query_sessions(Query *q, const SessionFilter *filter, SessionCallback on_session,
                   void *userdata);

/* One session by its id. Returns 1 (the callback was called and returned 0), 0 = no such session, or as above. */
int query_session(Query *q, const char *id, SessionCallback on_session, void *userdata);

/*
 * The session whose id is @prefix or, if there is none, begins with it; "codex:0199" is found by "0199" too. Returns how many
 * there are, at most @max, and writes their ids (each owned by the caller) to @ret; or a negative errno, and then @ret holds no
 * id.
 */
int query_find_sessions(Query *q, const char *prefix, size_t max, char **ret);

/* The sessions that say that @id is their parent (subagents, continuations, forks), by their start. */
int query_children(Query *q, const char *id, SessionCallback on_session, void *userdata);

/* Messages by their ordinals, both ends included. */
typedef struct MessageRange {
        int64_t first, last;
} MessageRange;

/* The message @ordinal with up to @n_around before and after it. Returns 1, 0 (there is no such message), or a negative
 * errno. */
int query_message_range(Query *q, const char *session_id, int64_t ordinal, uint64_t n_around,
                        MessageRange *ret);

/* A session's messages with their calls and events, by ordinal: those of @range, or all (NULL). */
typedef int (*MessageCallback)(void *userdata, const Message *message);
int query_messages(Query *q, const char *session_id, const MessageRange *range,
                   MessageCallback on_message, void *userdata);

/* All rows of one session in another table of the model (link_table, star_table, pin_table, label_table, parent_table,
 * usage_table), by its key; none where the archive was made by a version that did not have it yet. */
typedef int (*RowCallback)(void *userdata, const Value *values);
int query_rows(Query *q, const Table *table, const char *session_id, RowCallback on_row,
               void *userdata);

/* A commit or pull request that a session's tools printed. */
typedef struct LinkRow {
        const char *session_id;
        int64_t ordinal; /* of the message whose tool call printed it */
        const char *commit_sha;
        const char *pr_url;
        const char *confidence;
} LinkRow;

/* All commits of all sessions, by their ids as they were printed (7 digits and more). */
typedef int (*LinkCallback)(void *userdata, const LinkRow *link);
int query_commits(Query *q, LinkCallback on_link, void *userdata);

typedef struct FindingFilter {
        const char *rule;    /* id, or a glob */
        const char *project; /* as in SessionFilter */
        const char *session_id;
        uint64_t since_usec; /* of when it was said; 0: any */
        bool open_only;      /* not those that were acknowledged */
        uint64_t limit;      /* 0: all */
} FindingFilter;

/* One masked place. */
typedef struct FindingRow {
        const char *session_id;
        const char *project;
        int64_t ordinal; /* -1: in the session's own row */
        const char *field;
        const char *rule;
        uint64_t fingerprint;
        const char *seen_at;         /* when it was said: ISO time */
        const char *acknowledged_at; /* ISO time; "": it is open */
        const char *note;            /* of who acknowledged it */
} FindingRow;

/* Masked places, the most recently said first. */
typedef int (*FindingCallback)(void *userdata, const FindingRow *finding);
int query_findings(Query *q, const FindingFilter *filter, FindingCallback on_finding,
                   void *userdata);

typedef enum FindingGroup {
        GROUP_SECRET, /* the same fingerprint: key is the rule */
        GROUP_RULE,
        GROUP_PROJECT,
        GROUP_SESSION,
        GROUP_DAY, /* of when it was said */
} FindingGroup;

typedef struct FindingGroupRow {
        const char *key;
        uint64_t fingerprint; /* GROUP_SECRET only */
        uint64_t n_findings;
        uint64_t n_secrets;
        uint64_t n_open; /* of the secrets, those that nobody has acknowledged */
        uint64_t n_sessions;
        const char *session_id;      /* of one of them */
        const char *project;         /* of that session */
        const char *first_seen;      /* ISO time of the first message that ever had one of them */
        const char *last_seen;       /* of the last of these places */
        const char *acknowledged_at; /* GROUP_SECRET only; "": it is open */
        const char *note;
} FindingGroupRow;

/* Masked places, counted together; those said last come first. */
typedef int (*FindingGroupCallback)(void *userdata, const FindingGroupRow *group);
int query_finding_groups(Query *q, const FindingFilter *filter, FindingGroup group,
                         FindingGroupCallback on_group, void *userdata);

/* The secrets in the archive whose fingerprint, as 16 hexadecimal digits, begins with @prefix (up to 16 lower case digits);
 * at most @max, written to @ret. Returns how many there are, at most @max, or a negative errno. */
int query_find_secrets(Query *q, const char *prefix, size_t max, uint64_t *ret);

typedef enum StatsBy {
        STATS_TOTAL,
        STATS_WEEK, /* in which the session began: its Monday */
        STATS_AGENT,
        STATS_PROJECT,
        N_STATS,
} StatsBy;

typedef struct StatsFilter {
        const char *project; /* as in SessionFilter */
        const char *agent;
        uint64_t since_usec; /* of the session's start; 0: any */
} StatsFilter;

typedef struct StatsRow {
        StatsBy by;
        const char *key;
        uint64_t n_sessions;
        uint64_t n_messages;
        uint64_t n_tokens;  /* that the models wrote */
        uint64_t n_secrets; /* different ones; one that is in two projects counts in each */
        uint64_t n_open;
} StatsRow;

/* The total, then the weeks (the latest first), the agents and the projects (the most sessions first). */
typedef int (*StatsCallback)(void *userdata, const StatsRow *row);
int query_stats(Query *q, const StatsFilter *filter, StatsCallback on_row, void *userdata);
