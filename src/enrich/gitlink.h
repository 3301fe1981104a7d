/*
 * Git links: which commits and pull requests a session made
 *
 * Looks at masked text only, so nothing it finds can be a secret.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct GitLink {
        const char *text; /* the commit id (7 to 64 hex digits) or the URL; borrowed from the text searched */
        size_t size;
        bool is_pull_request; /* else a commit */
        bool is_certain;      /* "high" confidence: printed by the command that made it */
} GitLink;

/* Called for each link; a result < 0 ends the search and is passed on. */
typedef int (*GitLinkFunc)(void *userdata, const GitLink *link);

/* Whether a tool of that category or name runs shell commands. */
bool gitlink_is_shell(const char *category, size_t category_size, const char *name,
                      size_t name_size);

/*
 * Searches what a shell tool printed: commit ids as `git commit` prints them ("[main 1a2b3c4] subject") when the
 * command ran one, and pull request URLs, certain when the command was `gh pr create` or `glab mr create`.
 */
int gitlink_search_output(const char *command, size_t command_size, const char *output,
                          size_t output_size, GitLinkFunc func, void *userdata);

/* Searches any text for pull request and merge request URLs. */
int gitlink_search_text(const char *text, size_t size, bool is_certain, GitLinkFunc func,
                        void *userdata);
