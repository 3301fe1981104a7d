/*
 * SearchIndex: full text search in the archive
 *
 * The index is a database file of its own beside the archive: it is built at the first search, and later ones update it. It
 * holds words and their positions, but no texts; it can be deleted at any time. When the archive was masked again with other
 * rules, or a session's text was purged, it is rebuilt, so that no word outlives its text.
 */
#pragma once

#include "archive/query.h"

typedef struct SearchIndex SearchIndex;

/*
 * Opens the index of the archive at @archive_path, and makes it (mode 0600) if there is none. *@reterr (owned by the
 * caller) says why it failed. Returns 0 or a negative errno.
 */
int search_index_open(const char *archive_path, SearchIndex **ret, char **reterr);
SearchIndex *search_index_close(SearchIndex *x);

static inline void search_index_closep(SearchIndex **x)
{
        (void) search_index_close(*x);
}

/* Removes the index of the archive at @archive_path; the next search makes a new one. For when text was purged or masked
 * by other rules, so that no word of it stays. Returns 0 or a negative errno. */
int search_index_remove(const char *archive_path);

/* Why the last call failed, in SQLite's words. */
const char *search_index_reason(SearchIndex *x);

/* Called now and then; @n_pending sessions are still to be read. */
typedef void (*SearchProgress)(void *userdata, uint64_t n_pending);

/* Adds what changed in the archive since the last time; costs next to nothing if nothing did. If interrupted, it keeps what it
 * has done. @on_progress may be NULL. Returns 0 or a negative errno. */
int search_index_update(SearchIndex *x, SearchProgress on_progress, void *userdata);

/* Where in a message a word may be. */
typedef enum SearchPart {
        SEARCH_IN_ALL,
        SEARCH_IN_TEXT,     /* what was said, and a session's name */
        SEARCH_IN_THINKING, /* what the model thought */
        SEARCH_IN_TOOL,     /* input and results of tools */
} SearchPart;

typedef struct SearchFilter {
        const char *text; /* words that all have to occur; "a phrase" in quotes; a word's beginning: begin* */
        SearchPart part;
        const char *session_id;
        const char *project; /* name, or a glob */
        const char *agent;   /* name, or a glob */
        const char *role;    /* user, assistant ... */
        uint64_t since_usec; /* of the message; 0: any */
        uint64_t until_usec; /* before then; 0: any */
        uint64_t limit;      /* 0: all */
} SearchFilter;

/* In a snippet, matches are between these. */
#define SEARCH_MATCH_BEGIN '\001'
#define SEARCH_MATCH_END   '\002'

typedef struct SearchHit {
        const char *session_id;
        const char *project;
        const char *agent;
        int64_t ordinal;  /* of the message; -1: the session's name */
        const char *role; /* "" for the session's name */
        const char *timestamp;
        const char *snippet; /* any bytes but NUL */
} SearchHit;

typedef int (*SearchCallback)(void *userdata, const SearchHit *hit);

/* Hits, newest first by the message's time. Returns 0, -EINVAL (there is no word in the text), what the callback returned, or a
 * negative errno. */
int search_index_find(SearchIndex *x, const SearchFilter *filter, SearchCallback on_hit,
                      void *userdata);
