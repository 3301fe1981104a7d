/*
 * KnownValues: the secrets in a person's own files, masked wherever they stand
 *
 * The files that [Mask] KnownFiles= names are read and kept only in memory; each value in them is a secret without any context,
 * which is the only way to recognise "correct horse battery staple" in a sentence. Values that are never secrets (words, numbers,
 * paths, hosts, users) are left out. An object never changes: if a file does, another object is loaded.
 */
#pragma once

#include "base/hash.h"
#include "base/strbuf.h"
#include "mask/known.h"

/* Where findings overlap, a rule names them. */
#define KNOWN_VALUE_RANK 3

/* Limits of a file, of all files, and of all values in them; what exceeds them is left out and reported. */
#define KNOWN_FILE_BYTES_MAX ((size_t) 1024 * 1024)
#define KNOWN_FILES_MAX      1000
#define KNOWN_VALUES_MAX     10000

typedef struct KnownValues KnownValues;

/* One file. */
typedef struct KnownFile {
        char *path;       /* a pattern that no file matches stands for itself */
        uint64_t pattern; /* keyed fingerprint of what names it in the settings */
        int error; /* negative errno; -ENOENT: there is none; -EBADMSG: it cannot be understood */
        size_t n_values;   /* that no file before it had */
        size_t n_left_out; /* longer than KNOWN_MAX, or beyond KNOWN_VALUES_MAX */
} KnownFile;

/* Reads the files that the globs name (absolute paths, NULL-terminated). What cannot be read is told by known_values_file(). */
KnownValues *known_values_load(const char *const *patterns, const HashKey *key);

/* References, of one thread. known_values_unref() wipes with the last one; takes NULL, returns NULL. */
KnownValues *known_values_ref(KnownValues *kv);
KnownValues *known_values_unref(KnownValues *kv);
DEFINE_CLEANUP(KnownValues *, known_values_unref)

/* Did a file change, appear or vanish since they were loaded? */
bool known_values_are_stale(const KnownValues *kv);

/* The strings to search for: known_n() of them. */
const Known *known_values_set(const KnownValues *kv);

/* The fingerprint of the pattern whose file value @number was found in. */
uint64_t known_values_pattern(const KnownValues *kv, size_t number);

/* How many values are known: those of the files, not the forms that each is looked for in. */
size_t known_values_n(const KnownValues *kv);

/* The files, and the patterns that no file matches. */
size_t known_values_n_files(const KnownValues *kv);

/* File @i of them. */
const KnownFile *known_values_file(const KnownValues *kv, size_t i);

/* The files that were read. */
size_t known_values_n_read(const KnownValues *kv);

/* Why it was not read, as the end of a sentence ("Permission denied"). */
const char *known_file_reason(const KnownFile *f);
