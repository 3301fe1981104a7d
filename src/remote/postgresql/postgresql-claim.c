/*
 * PostgreSQL: which archive delivers here
 *
 * A session's owner_marker says which person and machine it comes from. Two archives of one person on one machine would have
 * the same mark, and each would remove what only the other one has. So a row of sync_metadata, where we may choose the keys,
 * names the archive that delivers with a mark. Each of our transactions begins by replacing the value that we last wrote there:
 * so no transaction of an earlier connection can come late, and the highest stamp is committed with the data.
 */
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "remote/postgresql/postgresql-internal.h"

/* The value of the row: archive, place, stamp, a random word, and, up to the end, the person. */
typedef struct Claim {
        char archive[64], place[32];
        uint64_t stamp;
        const char *user_id;
} Claim;

static bool parse(const char *value, Claim *ret)
{
        char word[32];
        int n = 0;

        if (sscanf(value, "%63s %31s %" SCNu64 " %31s%n", ret->archive, ret->place, &ret->stamp,
                   word, &n) != 4 ||
            value[n] != ' ')
                return false;
        ret->user_id = value + n + 1;
        return true;
}

const char *postgresql_user_of(const char *value)
{
        Claim claim;

        return parse(value, &claim) && *claim.user_id ? claim.user_id : NULL;
}

static const char *archive_word(const PostgreSql *p)
{
        return *p->us->archive_id ? p->us->archive_id : "-";
}

static char *make_claim(const PostgreSql *p, uint64_t stamp)
{
        uint64_t word = 0;

        if (getrandom(&word, sizeof(word), 0) != sizeof(word))
                return NULL;
        return xasprintf("%s %s %" PRIu64 " %016" PRIx64 " %s", archive_word(p), p->us->place,
                         stamp, word, p->us->user_id);
}

static int key(const PostgreSql *p, char buffer[static 64])
{
        return snprintf(buffer, 64, PG_MARK "%s", p->us->names[0]);
}

/* Marks */

static bool is_our_name(const PostgreSql *p, const char *name)
{
        for (char **own = p->us->names; *own; own++)
                if (strcmp(*own, name) == 0)
                        return true;
        return false;
}

/* Reads our marks, and the same person's others: the claim of each mark names its person. */
static int read_marks(PostgreSql *p)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        _cleanup_(strbuf_done) StrBuf ours = { 0 }, kin = { 0 };
        int r;

        for (char **name = p->us->names; *name; name++) {
                char mark[64];

                (void) snprintf(mark, sizeof(mark), PG_MARK "%s", *name);
                (void) postgresql_add_element(&ours, mark);
                (void) postgresql_add_element(&kin, mark);
        }
        r = postgresql_runf(p, NULL, &result,
                            "SELECT key, value FROM %s.sync_metadata WHERE key LIKE '" PG_MARK
                            "%%'",
                            p->schema);
        for (int i = 0; r >= 0 && i < pq()->PQntuples(result); i++) {
                const char *mark = postgresql_text(result, i, 0);
                Claim claim;

                if (*p->us->user_id && parse(postgresql_text(result, i, 1), &claim) &&
                    strcmp(claim.user_id, p->us->user_id) == 0 &&
                    !is_our_name(p, mark + strlen(PG_MARK)))
                        (void) postgresql_add_element(&kin, mark);
        }
        if (r < 0)
                return r;
        (void) strbuf_putc(&ours, '}');
        (void) strbuf_putc(&kin, '}');
        free(p->ours);
        free(p->kin);
        p->ours = p->kin = NULL;
        if (strbuf_take(&ours, &p->ours) < 0 || strbuf_take(&kin, &p->kin) < 0)
                return postgresql_no_memory(p);
        return 0;
}

/* The claim */

static int refuse(PostgreSql *p)
{
        return postgresql_fail(
                        p, -EEXIST,
                        "Another archive of the same person and machine delivers to %s, so nothing is sent: "
                        "each would remove the other's sessions. Give one of them another Machine= in "
                        "[Identity], or run 'scrubjayctl remote resend %s' to let this archive take the "
                        "other's place.",
                        p->settings.place, p->options->name);
}

static int see(PostgreSql *p, const char *value, Claim *ret, bool *ret_is_ours)
{
        bool is_there = parse(value, ret);

        *ret_is_ours = is_there && strcmp(ret->archive, archive_word(p)) == 0;
        if (!is_there || *ret_is_ours || p->us->insists ||
            (strcmp(ret->place, p->us->place) == 0 && !p->us->was_there))
                return 0;
        return refuse(p);
}

/* Locks the row, and so waits for the end of any transaction of an earlier connection. */
static int take(PostgreSql *p, Claim *ret, bool *ret_is_ours)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        char name[64];
        const char *parameters[] = { name, NULL, NULL };
        int r;

        (void) key(p, name);
        r = postgresql_runf(
                        p, parameters, NULL,
                        "INSERT INTO %s.sync_metadata (key, value) VALUES ($1, '') ON CONFLICT DO "
                        "NOTHING",
                        p->schema);
        if (r >= 0)
                r = postgresql_runf(p, parameters, &result,
                                    "SELECT value FROM %s.sync_metadata WHERE key = $1 FOR UPDATE",
                                    p->schema);
        if (r >= 0 && pq()->PQntuples(result) != 1)
                r = postgresql_fail(p, -EBUSY,
                                    "Somebody is changing the table sync_metadata on %s.",
                                    p->settings.place);
        if (r >= 0)
                r = see(p, postgresql_text(result, 0, 0), ret, ret_is_ours);
        if (r < 0)
                return r;
        free(p->claim);
        p->claim = make_claim(p, *ret_is_ours ? ret->stamp : 0);
        if (!p->claim)
                return postgresql_no_memory(p);
        parameters[1] = p->claim;
        return postgresql_runf(p, parameters, NULL,
                               "UPDATE %s.sync_metadata SET value = $2 WHERE key = $1", p->schema);
}

static int look(PostgreSql *p, Claim *ret, bool *ret_is_ours)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        char name[64];
        const char *parameters[] = { name, NULL };
        int r;

        (void) key(p, name);
        r = postgresql_runf(p, parameters, &result,
                            "SELECT value FROM %s.sync_metadata WHERE key = $1", p->schema);
        if (r < 0)
                return r;
        return see(p, pq()->PQntuples(result) > 0 ? postgresql_text(result, 0, 0) : "", ret,
                   ret_is_ours);
}

int postgresql_claim(PostgreSql *p, bool *ret_is_new, uint64_t *ret_stamp)
{
        bool is_ours = false;
        Claim claim = { 0 };
        int r;

        if (p->us->only_looks) {
                r = look(p, &claim, &is_ours);
        } else {
                r = postgresql_runf(p, NULL, NULL, "BEGIN");
                if (r >= 0)
                        r = take(p, &claim, &is_ours);
                if (r >= 0)
                        r = postgresql_runf(p, NULL, NULL, "COMMIT");
        }
        if (r >= 0)
                r = read_marks(p);
        if (r < 0)
                return r;
        *ret_is_new = !is_ours && !p->us->only_looks && claim.archive[0] == '\0';
        *ret_stamp = is_ours && claim.stamp <= p->us->stamp_limit ? claim.stamp : 0;
        p->base.stamp_there = *ret_stamp;
        return 0;
}

int postgresql_still_ours(PostgreSql *p)
{
        bool is_ours = false;
        Claim claim = { 0 };

        return look(p, &claim, &is_ours);
}

int postgresql_begin_work(PostgreSql *p, uint64_t stamp)
{
        _cleanup_(result_clearp) PGresult *result = NULL;
        char name[64];
        const char *parameters[] = { name, p->claim, NULL, NULL };
        int r;

        free(p->next_claim);
        parameters[2] = p->next_claim = make_claim(p, stamp);
        p->next_stamp = stamp;
        if (!p->next_claim)
                return postgresql_no_memory(p);
        r = postgresql_runf(p, NULL, NULL, "BEGIN");
        if (r < 0)
                return r;
        (void) key(p, name);
        r = postgresql_runf(p, parameters, &result,
                            "UPDATE %s.sync_metadata SET value = $3 WHERE key = $1 AND value = $2",
                            p->schema);
        if (r < 0 || strcmp(pq()->PQcmdTuples(result), "1") == 0)
                return r;
        return postgresql_fail(
                        p, -EBUSY,
                        "Another delivery of this archive has begun on %s, so this one ends.",
                        p->settings.place);
}

int postgresql_commit(PostgreSql *p)
{
        int r = postgresql_runf(p, NULL, NULL, "COMMIT");

        if (r < 0)
                return r;
        free(p->claim);
        p->claim = TAKE_PTR(p->next_claim);
        p->base.stamp_there = p->next_stamp;
        return 0;
}

int postgresql_roll_back(PostgreSql *p)
{
        return postgresql_runf(p, NULL, NULL, "ROLLBACK");
}
