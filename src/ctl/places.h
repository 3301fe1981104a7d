/*
 * Where things are: the archive that this command line and the settings mean
 */
#pragma once

#include "archive/query.h"
#include "base/cleanup.h"
#include "service/settings.h"

/* As given by --archive and --config; NULL: not given. */
typedef struct Places {
        const char *archive;
        const char *config;
} Places;

extern Places places;

/* The settings in force; borrowed, loaded once. Returns 0, or a negative errno after saying why. */
int places_settings(const Settings **ret);

/* The same, but with Settings.errors in place of failing: for whoever says what is wrong and goes on. */
const Settings *places_look(void);

/* The archive's path; the caller owns it. Returns 0, or a negative errno after saying why. */
int places_archive(char **ret);

/* Why query_open() of @path answered @r, and what to do: a sentence, owned by the caller. */
char *places_explain_archive(const char *path, int r);

/* Opens the archive. Returns 0, or a negative errno after saying what is wrong and what to do. */
int places_open_archive(Query **ret);

/* Says why a query failed. Returns STATUS_FAILED. */
int query_failed(Query *q, int r);
