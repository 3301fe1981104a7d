/*
 * Settings: what is set, for whoever needs it
 *
 * A Settings object never changes once it is loaded (settings-load.h), so that threads may share it, and parts of it may be
 * borrowed by those who keep a reference.
 */
#pragma once

#include <stdint.h>

#include "base/strv.h"
#include "remote/remote.h"

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
        char *cache;     /* the folder for what can be made again; it may not be there */
        char **files;    /* that were read, in this order */
        char **warnings; /* "FILE:LINE: sentence"; never the value of a URL */
        char **errors;   /* sentences: why these settings must not be used */
        int error;       /* of the first of them, a negative errno; 0: none */
} Settings;

/* Frees what is in it. */
void remote_settings_done(RemoteSettings *remote);

/* Counted references; safe across threads. */
Settings *settings_ref(Settings *s);
Settings *settings_unref(Settings *s);
DEFINE_CLEANUP(Settings *, settings_unref)

/* The remote at @index as couriers take it; everything is borrowed from @settings. */
RemoteOptions settings_for_remote(const Settings *settings, size_t index);
