/*
 * Stars, pins and permanent deletions
 *
 * They leave no mark on the session's row, so their tables are compared as a whole: small ones, read at each look.
 */
#include <string.h>

#include "base/time-util.h"
#include "sync/engine-internal.h"

/* A list of rows kept until the reading is over. */
typedef struct RowList {
        const Table *table;
        Arena arena;
        Value *rows;
        size_t n, allocated;
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
        Value *row;

        if (l->n == l->allocated) {
                size_t n = l->allocated > 0 ? l->allocated * 2 : 16;
                Value *grown = reallocarray(l->rows, n * width, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                l->rows = grown;
                l->allocated = n;
        }
        row = l->rows + l->n * width;
        for (size_t i = 0; i < width; i++) {
                row[i] = values[i];
                if (values[i].type != VALUE_TEXT) {
                        hasher_add_int(l->hasher, values[i].integer);
                        continue;
                }
                hasher_add_bytes(l->hasher, values[i].text, values[i].size);
                row[i].text = arena_copy(&l->arena, values[i].text, values[i].size);
                if (!row[i].text)
                        return -ENOMEM;
        }
        l->n++;
        return 0;
}

/*
 * Makes the archive's rows of a table those of the list, if the list is another one than last time. A row of a session
 * that the archive does not have (excluded, or still failing) is left out, and looked for again next time.
 */
static int replace_rows(Engine *e, RowList *l, int user_column, const char *name)
{
        char fingerprint_key[40], change_key[40];
        size_t width = l->table->n_columns;
        int64_t fingerprint;
        bool complete = true;
        int r;

        (void) snprintf(fingerprint_key, sizeof(fingerprint_key), "%s_fingerprint", name);
        (void) snprintf(change_key, sizeof(change_key), "%s_change_seq", name);
        hasher_add_int(l->hasher, e->policy);
        fingerprint = (int64_t) hasher_end(l->hasher);
        if (archive_meta_get_int(e->archive, fingerprint_key, 0) == fingerprint)
                return 0;
        r = archive_rows_clear(e->archive, l->table);
        for (size_t i = 0; r >= 0 && i < l->n; i++) {
                Value *row = l->rows + i * width, session[N_SESSION_COLUMNS];
                const char *user = identity_user_id(e->identity);
                Value id = row[0];
                bool metadata_only;

                r = id.type != VALUE_TEXT ? 0
                                          : archive_session_get(e->archive, id.text, id.size,
                                                                session, &metadata_only);
                if (r <= 0) {
                        complete = complete && r != 0;
                        continue;
                }
                row_masker_clear(&e->row_masker);
                masker_forget(e->masker);
                e->row_masker.metadata_only = metadata_only;
                r = mask_row(&e->row_masker, l->table, row);
                if (r < 0)
                        break;
                row[0] = id;
                row[user_column] = value_text(user, strlen(user));
                r = archive_row_put(e->archive, l->table, row);
        }
        if (r >= 0)
                r = archive_meta_set_int(e->archive, fingerprint_key, complete ? fingerprint : 0);
        if (r >= 0)
                r = archive_meta_set_int(e->archive, change_key, archive_next_change(e->archive));
        return r < 0 ? engine_archive_failed(e, r) : 0;
}

int mirror_stars(Engine *e)
{
        _cleanup_(row_list_done) RowList l = { .table = &star_table };
        int r;

        l.hasher = hasher_new(archive_key(e->archive));
        if (!l.hasher)
                return -ENOMEM;
        r = reader_stars(e->reader, keep_row, &l);
        return r < 0 ? r : replace_rows(e, &l, STAR_USER_ID, "stars");
}

int mirror_pins(Engine *e)
{
        _cleanup_(row_list_done) RowList l = { .table = &pin_table };
        int r;

        l.hasher = hasher_new(archive_key(e->archive));
        if (!l.hasher)
                return -ENOMEM;
        r = reader_pins(e->reader, keep_row, &l);
        return r < 0 ? r : replace_rows(e, &l, PIN_USER_ID, "pins");
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
