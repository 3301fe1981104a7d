/*
 * Settings: files, environment, options
 *
 * Read in this order, the later one wins: the system's scrubjay.conf and its drop-ins (scrubjay.conf.d/, "*.conf" in
 * name order), the person's own and its drop-ins, SCRUBJAY_<SECTION>_<KEY> in the environment, command line options.
 * A list grows with each assignment, an empty one empties it; an environment variable replaces it. A bad value or an
 * unknown key is a warning, kept here for whoever can log it, and the value from before stays. A Settings object never
 * changes once it is loaded, so that threads may share it.
 */
#pragma once

#include <stdint.h>

#include "remote/remote.h"
#include "service/strv.h"

#define REMOTE_OF_COMMAND_LINE "command-line" /* the name of the one that --remote gives */

/* [Remote NAME] */
typedef struct RemoteSettings {
        char *name;
        char *url;            /* NULL: not set (such a remote is left out with a warning) */
        char **projects;      /* globs; none: all */
        char **exclude;       /* globs */
        char **metadata_only; /* globs */
        uint64_t hold_usec;
        uint64_t timeout_usec; /* 0: not set */
        RemoteCompression compression;
        char *password_file, *ca_file, *client_certificate, *client_key; /* NULL: not set */
        char *schema; /* of PostgreSQL; NULL: not set */
} RemoteSettings;

typedef struct Settings {
        unsigned n_refs;

        char *source_path; /* absolute */
        char *other_source_path; /* where it may appear as well, since it is not set and not there; else NULL */
        char *archive_path; /* absolute */

        uint64_t max_message_bytes;
        uint64_t quiet_usec, max_delay_usec, reconcile_usec, audit_usec;

        char *user_id, *user_name, *org_id, *machine; /* NULL: not set */

        char **exclude, **metadata_only; /* project globs */
        bool mask_home;
        bool keep_deleted_sessions;

        char **rules_folders; /* never empty */
        char **rules_disable;
        int caution;        /* of the judge: -1 low, 0 normal, 1 high */
        char **known_files; /* globs of files whose values are secrets */
        bool notify;

        RemoteSettings *remotes;
        size_t n_remotes;

        char *home;      /* the person's home folder */
        char **files;    /* that were read, in this order */
        char **warnings; /* "FILE:LINE: sentence"; never the value of a URL */
} Settings;

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

/* Counted references; safe across threads. */
Settings *settings_ref(Settings *s);
Settings *settings_unref(Settings *s);
DEFINE_CLEANUP(Settings *, settings_unref)

/* The remote at @index as couriers take it; everything is borrowed from @settings. */
RemoteOptions settings_for_remote(const Settings *settings, size_t index);
