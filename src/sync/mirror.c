/*
 * Stars, pins, labels, external parents, usage events and permanent deletions
 *
 * They leave no mark on the session's row, so their tables, which are small, are read and compared as a whole each time. Usage
 * events are different: agentsview writes those of a session with its row, all of them anew, and there may be many. They are
 * compared if a session that has some was read, if their number changed, and by each audit.
 */
#include <assert.h>
#include <string.h>

#include "base/time-util.h"
#include "sync/session-internal.h"

/* Of the tables here. */
#define LIST_COLUMNS_MAX 16
static_assert(N_STAR_COLUMNS <= LIST_COLUMNS_MAX && N_PIN_COLUMNS <= LIST_COLUMNS_MAX &&
                              N_LABEL_COLUMNS <= LIST_COLUMNS_MAX &&
                              N_PARENT_COLUMNS <= LIST_COLUMNS_MAX &&
                              N_USAGE_COLUMNS <= LIST_COLUMNS_MAX,
              "rows fit");

/* A list of rows kept until the reading is over. */
typedef struct RowList {
        const Table *table;
        Arena arena;
        Value *rows;
        size_t n;
        Hasher *hasher;
} RowList;

static void row_list_done(RowList *l)
{
        arena_done(&l->arena);
        free(l->rows);
        (void) hasher_free(l->hasher);
}

static int keep_row(void *userdata, const Value *values)
{
        RowList *l = userdata;
        size_t width = l->table->n_columns;
        Value *row, *rows = memory_try_room(l->rows, l->n, width * sizeof(*l->rows));

        if (!rows)
                return -ENOMEM;
        l->rows = rows;
        row = rows + l->n * width;
        for (size_t i = 0; i < width; i++)
                if (values[i].type == VALUE_TEXT)
                        hasher_add_bytes(l->hasher, values[i].text, values[i].size);
                else
                        hasher_add_int(l->hasher, values[i].integer);
        l->n++;
        return values_copy(&l->arena, values, width, row);
}

/* Does the table contain text of the source's? Then it shares what its session's conversation knows, and may reveal something
 * to it. */
static bool has_text(const Table *table)
{
        for (size_t i = 0; i < table->n_columns; i++)
                if (table->columns[i].source && column_is_masked(table->columns + i))
                        return true;
        return false;
}

static int mask_list_row(Engine *e, const Table *table, const Value *id, Value *row,
                         bool metadata_only)
{
        Conversation *c = &e->conversation;
        size_t n_recalled;
        int64_t newest;
        int r;

        row_masker_clear(&e->row_masker);
        masker_forget(e->masker);
        e->row_masker.metadata_only = metadata_only;
        if (!has_text(table))
                return mask_row(&e->row_masker, table, row);
        r = conversation_begin(c, e->archive, id);
        c->is_note = true;
        if (r >= 0) {
                (void) conversation_recall(c, e->masker, e->policy, false, &newest);
                r = recall_rows(e->masker, table, row, 1);
        }
        n_recalled = masker_n_known(e->masker);
        if (r >= 0)
                r = mask_row(&e->row_masker, table, row);
        if (r < 0)
                return r;
        r = conversation_told(c, e->masker, n_recalled, masker_n_known(e->masker));
        if (r >= 0)
                r = conversation_settle(c, e->archive, e->policy, archive_next_change(e->archive),
                                        true);
        if (r > 0)
                r = archive_due_put(e->archive, &c->name);
        return r < 0 ? r : 0;
}

/* Masks all rows of the list and, with @put, writes them. *@ret_complete: the archive has the session of each. */
static int mask_list(Engine *e, RowList *l, size_t user_column, bool put, bool *ret_complete)
{
        size_t width = l->table->n_columns;
        int r = 0;

        *ret_complete = true;
        for (size_t i = 0; r >= 0 && i < l->n; i++) {
                Value row[LIST_COLUMNS_MAX], session[N_SESSION_COLUMNS];
                Value id = l->rows[i * width], user;
                bool metadata_only;

                r = id.type != VALUE_TEXT ? 0
                                          : archive_session_get(e->archive, id.text, id.size,
                                                                session, &metadata_only);
                if (r <= 0) {
                        *ret_complete = *ret_complete && r != 0;
                        continue;
                }
                memcpy(row, l->rows + i * width, width * sizeof(*row));
                r = values_copy(&e->session_arena, session + SESSION_USER_ID, 1, &user);
                if (r >= 0)
                        r = mask_list_row(e, l->table, &id, row, metadata_only);
                if (r < 0 || !put)
                        continue;
                if (l->table == &label_table && metadata_only)
                        continue; /* it is nothing but text */
                row[0] = id;
                if (user_column > 0 && user_column < ELEMENTSOF(row))
                        row[user_column] = user;
                r = archive_row_put(e->archive, l->table, row);
        }
        return r;
}

/*
 * Makes the archive's rows of a table those of the list, if the list is another one than last time. A row of a session
 * that the archive does not have (excluded, or still failing) is left out, and looked for again next time.
 */
static int replace_rows(Engine *e, RowList *l, size_t user_column, const char *name)
{
        char fingerprint_key[40], change_key[40];
        int64_t fingerprint;
        bool complete = true;
        int r = 0;

        (void) snprintf(fingerprint_key, sizeof(fingerprint_key), "%s_fingerprint", name);
        (void) snprintf(change_key, sizeof(change_key), "%s_change_seq", name);
        hasher_add_int(l->hasher, e->policy);
        fingerprint = (int64_t) hasher_end(l->hasher);
        if (archive_meta_get_int(e->archive, fingerprint_key, 0) == fingerprint)
                return 0;
        r = engine_need_masker(e);
        if (r < 0)
                return r;
        if (has_text(l->table)) /* what one row reveals may be in another */
                r = mask_list(e, l, user_column, false, &complete);
        if (r >= 0)
                r = archive_rows_clear(e->archive, l->table);
        if (r >= 0)
                r = mask_list(e, l, user_column, true, &complete);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, fingerprint_key, complete ? fingerprint : 0);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, change_key, archive_next_change(e->archive));
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

/* The small tables, and which of their columns says whose a row is (0: none does). */
static const struct {
        const Table *table;
        size_t user_column;
        const char *name; /* in meta */
} mirrors[] = {
        { &star_table, STAR_USER_ID, "stars" }, { &pin_table, PIN_USER_ID, "pins" },
        { &label_table, 0, "labels" },          { &parent_table, 0, "parents" },
        { &usage_table, 0, "usage" },
};

/* Are the events of usage those that were compared last? Returns 1, 0, or a negative errno. */
static int usage_is_as_it_was(Engine *e)
{
        int64_t extent[2];
        int r = reader_usage_extent(e->reader, extent);

        if (r < 0)
                return r;
        if (memcmp(e->usage_extent, extent, sizeof(extent)) != 0)
                e->usage_is_seen = false; /* until this cycle has come to its end */
        memcpy(e->usage_extent, extent, sizeof(extent));
        return e->usage_is_seen && archive_meta_get_int(e->archive, "usage_fingerprint", 0) != 0;
}

int mirror_rows(Engine *e)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(mirrors); i++) {
                _cleanup_(row_list_done) RowList l = { .table = mirrors[i].table };

                r = l.table == &usage_table ? usage_is_as_it_was(e) : 0;
                if (r != 0)
                        continue;
                l.hasher = hasher_new(archive_key(e->archive));
                r = reader_rows(e->reader, l.table, keep_row, &l);
                if (r >= 0)
                        r = replace_rows(e, &l, mirrors[i].user_column, mirrors[i].name);
        }
        return r < 0 ? r : 0;
}

/* One id that the source deleted for good. What the archive never had leaves no trace. */
static int mirror_deletion(void *userdata, const Value *id)
{
        Value session[N_SESSION_COLUMNS], user, project;
        char now[TIMESTAMP_MAX];
        Engine *e = userdata;
        bool metadata_only;
        int r;

        r = archive_session_get(e->archive, id->text, id->size, session, &metadata_only);
        if (r <= 0)
                return r < 0 ? engine_archive_failed(e, r) : 0;
        user = session[SESSION_USER_ID];
        project = session[SESSION_PROJECT];
        format_timestamp(now, now_usec(CLOCK_REALTIME));
        r = archive_tombstone_put(e->archive, id->text, id->size, user.text, user.size,
                                  project.text, project.size, DELETE_FOREVER, now);
        if (r > 0)
                e->batch.sessions_removed++;
        if (r >= 0 && !e->settings.keep_deleted_sessions) {
                r = archive_session_purge(e->archive, id->text, id->size);
                if (r >= 0)
                        r = engine_note_traces(e);
        }
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

int mirror_deletions(Engine *e)
{
        int64_t before = archive_meta_get_int(e->archive, "deletion_revision", 0),
                revision = before;
        int r;

        r = reader_deletions(e->reader, &revision, mirror_deletion, e);
        if (r < 0 || revision == before)
                return r;
        r = archive_meta_set_int(e->archive, "deletion_revision", revision);
        return r < 0 ? engine_archive_failed(e, r) : 0;
}
