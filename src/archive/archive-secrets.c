/* The archive's memory of secrets: what was masked in a conversation, and which sessions belong to one */
#include "archive/archive-secrets.h"

#include <string.h>

#include "archive/archive-internal.h"

static sqlite3_stmt *bind(Archive *a, ArchiveQuery query, const Value *key)
{
        return archive_query_for(a, query, key->text, key->size);
}

static Value column_text(sqlite3_stmt *stmt, int column)
{
        const char *text = (const char *) sqlite3_column_text(stmt, column);

        return value_text(text, text ? (size_t) sqlite3_column_bytes(stmt, column) : 0);
}

/* Secrets */

int archive_secrets(Archive *a, const Value *conversation,
                    int (*func)(void *userdata, const ArchivedSecret *secret), void *userdata)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_SECRETS, conversation);
        int r;

        while ((r = sqlite_step(stmt)) > 0) {
                ArchivedSecret secret = {
                        .fingerprint = (uint64_t) sqlite3_column_int64(stmt, 0),
                        .rule = (const char *) sqlite3_column_text(stmt, 1) ?: "",
                        .shape = sqlite3_column_type(stmt, 2) == SQLITE_NULL
                                                 ? ARCHIVE_SHAPE_NONE
                                                 : sqlite3_column_int64(stmt, 2),
                        .policy = sqlite3_column_int64(stmt, 3),
                        .teller = column_text(stmt, 4),
                        .change = sqlite3_column_int64(stmt, 5),
                };

                r = func(userdata, &secret);
                if (r < 0)
                        break;
        }
        (void) sqlite3_reset(stmt);
        return r;
}

int archive_secret_put(Archive *a, const Value *conversation, const ArchivedSecret *secret)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_SECRET_PUT, conversation);

        (void) sqlite3_bind_int64(stmt, 2, (int64_t) secret->fingerprint);
        (void) sqlite_bind_text(stmt, 3, secret->rule, strlen(secret->rule));
        if (secret->shape == ARCHIVE_SHAPE_NONE)
                (void) sqlite3_bind_null(stmt, 4);
        else
                (void) sqlite3_bind_int64(stmt, 4, secret->shape);
        (void) sqlite3_bind_int64(stmt, 5, secret->policy);
        (void) sqlite_bind_text(stmt, 6, secret->teller.text, secret->teller.size);
        (void) sqlite3_bind_int64(stmt, 7, secret->change);
        return sqlite_execute(stmt);
}

int archive_secret_remove(Archive *a, const Value *conversation, uint64_t fingerprint)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_SECRET_REMOVE, conversation);

        (void) sqlite3_bind_int64(stmt, 2, (int64_t) fingerprint);
        return sqlite_execute(stmt);
}

int archive_secret_seen(Archive *a, uint64_t fingerprint)
{
        sqlite3_stmt *stmt = archive_query(a, ARCHIVE_SECRET_SEEN);

        (void) sqlite3_bind_int64(stmt, 1, (int64_t) fingerprint);
        return sqlite_exists(stmt);
}

/* Conversations */

int archive_conversation_get(Archive *a, Arena *arena, const Value *id, Value *ret_name,
                             int64_t *ret_applied)
{
        Value name = *id;
        sqlite3_stmt *stmt = bind(a, ARCHIVE_CONVERSATION_GET, id);
        int64_t applied = -1;
        int found;

        found = sqlite_step(stmt);
        if (found > 0) {
                name = column_text(stmt, 0);
                name.text = arena_copy(arena, name.text ?: "", name.size);
                applied = sqlite3_column_int64(stmt, 1);
        }
        (void) sqlite3_reset(stmt);
        if (found < 0 || !name.text)
                return found < 0 ? found : -ENOMEM;
        *ret_name = name;
        if (ret_applied)
                *ret_applied = applied;
        return found;
}

static int put_member(Archive *a, const Value *id, const Value *conversation)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_CONVERSATION_PUT, id);

        (void) sqlite_bind_text(stmt, 2, conversation->text, conversation->size);
        return sqlite_execute(stmt);
}

/* Joining conversations is rare: these statements are not kept. */
static int run_with(Archive *a, const char *sql, const Value *first, const Value *second,
                    int64_t change)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = sqlite_make(a->db, sql);

        (void) sqlite_bind_text(stmt, 1, first->text, first->size);
        if (second)
                (void) sqlite_bind_text(stmt, 2, second->text, second->size);
        if (sqlite3_bind_parameter_count(stmt) > 2)
                (void) sqlite3_bind_int64(stmt, 3, change);
        return sqlite_step(stmt);
}

/* Has conversation @a more sessions than @b? Returns 1, 0 or a negative errno. */
static int is_larger(Archive *a, const Value *x, const Value *y)
{
        return run_with(a,
                        "SELECT 1 WHERE (SELECT count(*) FROM conversations WHERE conversation = ?1) > "
                        "(SELECT count(*) FROM conversations WHERE conversation = ?2)",
                        x, y, 0);
}

static bool same_text(const Value *a, const Value *b)
{
        return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
}

int archive_conversation_join(Archive *a, Arena *arena, const Value *id, const Value *other,
                              int64_t change)
{
        Value from, to;
        int r;

        r = archive_conversation_get(a, arena, id, &from, NULL);
        if (r >= 0)
                r = archive_conversation_get(a, arena, other, &to, NULL);
        if (r < 0 || same_text(&from, &to))
                return r < 0 ? r : 0;
        r = is_larger(a, &from,
                      &to); /* the smaller one moves: so each row moves few times, in whatever order they come */
        if (r < 0)
                return r;
        if (r > 0) {
                Value smaller = to;

                to = from;
                from = smaller;
        }
        /* where both have secrets, each side has to be masked with those of the other */
        r = run_with(a,
                     "UPDATE conversations SET conversation = ?2, applied = 0 WHERE conversation = ?1",
                     &from, &to, 0);
        if (r >= 0)
                r = put_member(a, &from, &to);
        if (r >= 0)
                r = put_member(a, &to, &to);
        if (r >= 0)
                r = put_member(a, id, &to);
        if (r >= 0)
                r = put_member(a, other, &to);
        if (r >= 0)
                r = run_with(a, "SELECT 1 FROM secrets WHERE conversation IN (?1, ?2) LIMIT 1",
                             &from, &to, 0);
        if (r > 0)
                r = archive_due_put(a, &to);
        if (r >= 0)
                r = run_with(a,
                             "INSERT INTO secrets (conversation, fingerprint, rule, shape, policy, "
                             "teller, change_seq) SELECT ?2, fingerprint, rule, shape, policy, teller, ?3 "
                             "FROM secrets WHERE conversation = ?1 ON CONFLICT DO UPDATE SET shape = "
                             "coalesce(shape, excluded.shape)",
                             &from, &to, change);
        if (r >= 0)
                r = run_with(a, "DELETE FROM secrets WHERE conversation = ?1", &from, NULL, 0);
        if (r >= 0)
                r = archive_due_remove(a, &from);
        return r < 0 ? r : 0;
}

int archive_conversation_applied(Archive *a, const Value *id, int64_t change)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_CONVERSATION_APPLIED, id);

        (void) sqlite3_bind_int64(stmt, 2, change);
        return sqlite_execute(stmt);
}

int archive_conversation_leave(Archive *a, const char *id, size_t size)
{
        _cleanup_(arena_done) Arena arena = { 0 };
        Value session = value_text(id, size), name;
        int r;

        r = archive_conversation_get(a, &arena, &session, &name, NULL);
        if (r > 0)
                r = run_with(a,
                             "SELECT 1 FROM conversations c JOIN sessions s ON s.id = c.session_id "
                             "WHERE c.conversation = ?1 LIMIT 1",
                             &name, NULL, 0);
        if (r != 0)
                return r < 0 ? r : 0; /* others of it are archived */
        r = run_with(a, "DELETE FROM secrets WHERE conversation = ?1", &name, NULL, 0);
        if (r >= 0)
                r = run_with(a, "DELETE FROM conversations WHERE conversation = ?1", &name, NULL,
                             0);
        return r < 0 ? r : archive_due_remove(a, &name);
}

int archive_due_put(Archive *a, const Value *conversation)
{
        return archive_run_for(a, ARCHIVE_DUE_PUT, conversation->text, conversation->size);
}

int archive_due_next(Archive *a, Arena *arena, Value *after)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_DUE_NEXT, after);
        int r = sqlite_step(stmt);

        if (r > 0) {
                *after = column_text(stmt, 0);
                after->text = arena_copy(arena, after->text ?: "", after->size);
        }
        (void) sqlite3_reset(stmt);
        return r > 0 && !after->text ? -ENOMEM : r;
}

int archive_due_remove(Archive *a, const Value *conversation)
{
        return archive_run_for(a, ARCHIVE_DUE_REMOVE, conversation->text, conversation->size);
}

int archive_late_sessions(Archive *a, const Value *conversation, const char *after, size_t max,
                          char **ret)
{
        sqlite3_stmt *stmt = bind(a, ARCHIVE_CONVERSATION_LATE, conversation);

        (void) sqlite3_bind_int64(stmt, 2, (int64_t) max);
        (void) sqlite3_bind_text(stmt, 3, after ?: "", -1, SQLITE_STATIC);
        return sqlite_take_texts(stmt, ret, max);
}

int archive_has_pins(Archive *a, const Value *id)
{
        return sqlite_exists(bind(a, ARCHIVE_HAS_PINS, id));
}
