/*
 * Loading settings: files, environment, options
 *
 * Read in this order, the later one wins: the system's scrubjay.conf and its drop-ins (scrubjay.conf.d/, "*.conf" in
 * name order), the person's own and its drop-ins, SCRUBJAY_<SECTION>_<KEY> in the environment, command line options.
 * A list grows with each assignment, an empty one empties it; an environment variable replaces it. A bad value or an
 * unknown key is a warning, kept in Settings for whoever can log it, and the value from before stays.
 */
#pragma once

#include "service/settings.h"

/* What the command line says; all may be NULL. */
typedef struct SettingsOptions {
        const char *config;  /* read instead of both files; FILE.d/ holds its drop-ins */
        const char *source;  /* a path, relative to the working folder */
        const char *archive; /* likewise */
        const char *remote;  /* a URL: the remote "command-line" */

        const char *system_folder; /* instead of the one compiled in */
} SettingsOptions;

/*
 * Loads. Missing files are fine, except for options->config. Returns 0; or a negative errno with *@reterr (one
 * sentence, owned by the caller) when a file is there and cannot be used: then nothing of it must be used at all, for
 * it may hold what must not be shared.
 */
int settings_load(const SettingsOptions *options, Settings **ret, char **reterr);

/* The same for whoever only looks: all that can be read, and Settings.errors says why it must not be used. */
Settings *settings_look(const SettingsOptions *options);
