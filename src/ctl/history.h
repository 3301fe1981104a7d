/*
 * History: what git knows of a file and of commits
 *
 * Commits are named by their full ids, NUL-terminated. A folder is any folder of a working tree.
 */
#pragma once

#include <stdint.h>

#include "base/cleanup.h"

#define COMMIT_ID_MAX 65 /* SHA-256 in hexadecimal, and its NUL */

typedef struct CommitId {
        char text[COMMIT_ID_MAX]; /* "": none */
} CommitId;

/* A commit that lines of a file come from. */
typedef struct BlamedCommit {
        CommitId id;
        char *summary;      /* the first line of its message */
        uint64_t time_usec; /* of the author */
        uint64_t n_lines;
} BlamedCommit;

typedef struct Blame {
        BlamedCommit *commits; /* most lines first */
        size_t n;
        uint64_t n_uncommitted; /* lines that are in no commit yet */
        char **paths;           /* the names that these commits have the file by, as pathspecs */
        size_t n_paths;
} Blame;

void blame_done(Blame *b);

/* Which commits the lines of @file in @folder come from, or its line @line alone (0: all). Returns 0, -ENOTDIR (no git
 * repository), -ENOENT (git cannot blame it: not committed, or no such line), or another negative errno. */
int history_blame(const char *folder, const char *file, uint64_t line, Blame *ret);

/* The full ids of commits that are named by the first digits of theirs; "" for what the repository does not have, or has
 * twice. Returns 0 or a negative errno. */
int history_resolve(const char *folder, const char *const *names, size_t n, CommitId *ret);

/* The first parent of a commit; "": it has none. Returns 0 or a negative errno. */
int history_parent(const char *folder, const CommitId *commit, CommitId *ret);

/* Empties those of @commits that do not change the file that was blamed, by any of its names. Returns 0 or a negative errno. */
int history_keep_touching(const char *folder, const Blame *b, CommitId *commits, size_t n);

/* What each commit changes, as an id that does not depend on where it stands: a rebase keeps it. "" for "", for those that
 * change nothing, and for merges. Returns 0 or a negative errno. */
int history_patch_ids(const char *folder, const CommitId *commits, size_t n, CommitId *ret);

/* The same for all changes from the point where @onto and each of @tips diverged up to that tip: what a squash of the branch changes. */
int history_branch_patch_ids(const char *folder, const CommitId *tips, size_t n,
                             const CommitId *onto, CommitId *ret);
