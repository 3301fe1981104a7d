/* Known files: the values of [Mask] KnownFiles=, between cycles */
#include "sync/known-files.h"

#include <inttypes.h>
#include <string.h>

#include "archive/archive-secrets.h"
#include "mask/recall.h"
#include "mask/view.h"

/* No session has an empty id. */
static const Value place = { .type = VALUE_TEXT, .text = "" };

void known_files_done(KnownFiles *k)
{
        k->values = known_values_unref(k->values);
        free(k->lost);
        free(k->problem);
        *k = (KnownFiles){ 0 };
}

bool known_files_are_stale(const KnownFiles *k)
{
        return k->values && known_values_are_stale(k->values);
}

size_t known_files_recall(const KnownFiles *k, Masker *masker)
{
        size_t n = 0;

        for (size_t i = 0; i < k->n_lost; i++)
                n += masker_add_remembered(masker, k->lost + i);
        return n;
}

/* What is known, and what the archive has of it. */
typedef struct Row {
        uint64_t fingerprint, pattern;
        int64_t shape;
        bool archived, held; /* held: in memory */
} Row;

typedef struct Loading {
        Archive *archive;
        const char *const *patterns; /* NULL-terminated, or NULL */
} Loading;

typedef struct Rows {
        Row *rows;
        size_t n;
} Rows;

static void rows_done(Rows *rows)
{
        free(rows->rows);
}

static int on_archived(void *userdata, const ArchivedSecret *secret)
{
        char pattern[17] = "";
        Rows *rows = userdata;

        if (secret->teller.type == VALUE_TEXT && secret->teller.size < sizeof(pattern))
                memcpy(pattern, secret->teller.text, secret->teller.size);
        APPEND(rows->rows, rows->n,
               (Row){ .fingerprint = secret->fingerprint,
                      .pattern = strtoull(pattern, NULL, 16),
                      .shape = secret->shape,
                      .archived = true });
        return 0;
}

static int compare_rows(const void *a, const void *b)
{
        const Row *x = a, *y = b;

        if (x->fingerprint != y->fingerprint)
                return x->fingerprint < y->fingerprint ? -1 : 1;
        return (int) x->held - (int) y->held;
}

/* What the archive has and what the files have, each once, in order of fingerprints. */
static int gather(Archive *a, const KnownValues *values, Rows *rows)
{
        size_t n = 0;
        int r;

        r = archive_secrets(a, &place, on_archived, rows);
        for (size_t i = 0; r >= 0 && values && i < known_n(known_values_set(values)); i++) {
                const KnownSecret *s = known_secret(known_values_set(values), i);

                APPEND(rows->rows, rows->n,
                       (Row){ .fingerprint = s->fingerprint,
                              .pattern = known_values_pattern(values, i),
                              .shape = recall_shape(archive_key(a), s->text, s->size,
                                                    s->fingerprint),
                              .held = true });
        }
        if (r < 0)
                return r;
        if (rows->n > 0)
                qsort(rows->rows, rows->n, sizeof(*rows->rows), compare_rows);
        for (size_t i = 0; i < rows->n; i++) {
                if (n > 0 && rows->rows[n - 1].fingerprint == rows->rows[i].fingerprint) {
                        rows->rows[n - 1].held = rows->rows[n - 1].held || rows->rows[i].held;
                        continue;
                }
                rows->rows[n++] = rows->rows[i];
        }
        rows->n = n;
        return 0;
}

static bool is_named(const Loading *l, uint64_t pattern)
{
        for (const char *const *p = l->patterns; p && *p; p++)
                if (hash_bytes(archive_key(l->archive), *p, strlen(*p)) == pattern)
                        return true;
        return false;
}

static int put_row(Archive *a, const Row *row)
{
        ArchivedSecret secret = { .fingerprint = row->fingerprint,
                                  .rule = KNOWN_VALUE,
                                  .shape = row->shape };
        char pattern[17];

        (void) snprintf(pattern, sizeof(pattern), "%016" PRIx64, row->pattern);
        secret.teller = value_text(pattern, strlen(pattern));
        return archive_secret_put(a, &place, &secret);
}

/* Updates the archive; values of files that the settings no longer name are forgotten. */
static int write_rows(const Loading *l, Rows *rows)
{
        bool begun = false;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < rows->n; i++) {
                const Row *row = rows->rows + i;
                bool goes = !row->held && !is_named(l, row->pattern);

                if (goes || !row->archived) {
                        r = begun ? 0 : archive_begin(l->archive);
                        begun = true;
                        if (r >= 0)
                                r = goes ? archive_secret_remove(l->archive, &place,
                                                                 row->fingerprint)
                                         : put_row(l->archive, row);
                }
                if (!goes)
                        rows->rows[n++] = *row;
        }
        rows->n = n;
        if (!begun)
                return r;
        if (r >= 0)
                r = archive_commit(l->archive);
        if (r < 0)
                archive_rollback(l->archive);
        return r;
}

/* Notes what no file holds any longer. Returns the digest of all that is known; 0: nothing is. */
static uint64_t note_lost(KnownFiles *k, Archive *a, const Rows *rows)
{
        Hasher *h = hasher_new(archive_key(a));
        uint64_t digest;

        k->lost = xcalloc(rows->n + 1, sizeof(*k->lost));
        for (size_t i = 0; i < rows->n; i++) {
                const Row *row = rows->rows + i;

                hasher_add_int(h, (int64_t) row->fingerprint);
                if (!row->held)
                        k->lost[k->n_lost++] = (Remembered){ row->fingerprint, row->shape,
                                                             KNOWN_VALUE };
        }
        digest = k->values ? hasher_end(h) : 0;
        (void) hasher_free(h);
        return digest;
}

/* Was something known of the files of this pattern? */
static bool was_known(const Rows *rows, uint64_t pattern)
{
        for (size_t i = 0; i < rows->n; i++)
                if (rows->rows[i].pattern == pattern && !rows->rows[i].held)
                        return true;
        return false;
}

/* Is a file that was there before gone, while others of its pattern are there? */
static bool has_vanished(const Loading *l, const KnownValues *values, const KnownFile *f)
{
        if (f->error < 0 || !is_named(l, f->pattern))
                return false;
        for (size_t i = 0; i < known_values_n_files(values); i++) {
                const KnownFile *now = known_values_file(values, i);

                if (strcmp(now->path, f->path) == 0 ||
                    (now->error == -ENOENT && now->pattern == f->pattern))
                        return false;
        }
        return true;
}

/* The sentence for what a person should know: the first file that is not as it should be, and how many there are. */
static void describe(KnownFiles *k, const Loading *l, const Rows *rows, const KnownValues *before)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        size_t n = 0, n_left_out = 0;

        for (size_t i = 0; i < known_values_n_files(k->values); i++) {
                const KnownFile *f = known_values_file(k->values, i);
                bool is_gone = f->error == -ENOENT;

                n_left_out += f->n_left_out;
                if (f->error == 0 || (is_gone && !was_known(rows, f->pattern)))
                        continue;
                if (n++ == 0)
                        (void) strbuf_printf(
                                        &b,
                                        "'%s', a file of [Mask] KnownFiles=, cannot be read: %s. "
                                        "Its values that are already known are still masked.",
                                        f->path, is_gone ? "it is gone" : known_file_reason(f));
        }
        for (size_t i = 0; before && i < known_values_n_files(before); i++) {
                const KnownFile *f = known_values_file(before, i);

                if (has_vanished(l, k->values, f) && n++ == 0)
                        (void) strbuf_printf(
                                        &b,
                                        "'%s', a file of [Mask] KnownFiles=, is gone. Its values "
                                        "that are already known are still masked.",
                                        f->path);
        }
        if (n > 1)
                (void) strbuf_printf(
                                &b,
                                " The same is true of %zu more; 'scrubjayctl doctor' lists them.",
                                n - 1);
        if (n_left_out > 0)
                (void) strbuf_printf(
                                &b,
                                "%s%zu value%s of [Mask] KnownFiles= %s left out: longer than %d "
                                "bytes, or beyond the first %d.",
                                n > 0 ? " " : "", n_left_out, PLURAL(n_left_out),
                                n_left_out == 1 ? "is" : "are", KNOWN_MAX, KNOWN_VALUES_MAX);
        if (b.size > 0)
                (void) strbuf_take(&b, &k->problem);
}

int known_files_load(KnownFiles *k, Archive *a, const char *const *patterns, uint64_t *ret_digest)
{
        _cleanup_(known_values_unrefp) KnownValues *before = known_values_ref(k->values);
        _cleanup_(rows_done) Rows rows = { 0 };
        const Loading l = { a, patterns };
        int r;

        known_files_done(k);
        if (patterns && *patterns)
                k->values = known_values_load(patterns, archive_key(a));
        r = gather(a, k->values, &rows);
        if (r >= 0)
                r = write_rows(&l, &rows);
        if (r < 0)
                return r;
        *ret_digest = note_lost(k, a, &rows);
        if (k->values)
                describe(k, &l, &rows, before);
        return 0;
}
