/*
 * EngineSettings: what a cycle has to know
 *
 * Borrowed from the settings of the service, which do not change.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct EngineSettings {
        const char *source_path;
        const char *archive_path;
        bool archive_is_shared; /* others (remotes) read it all the time, from its first sync on */

        /* rules */
        const char *const *rules_folders; /* NULL-terminated */
        const char *const *rules_disable; /* NULL-terminated, or NULL */
        int caution;                      /* of the judge: -1 low, 0 normal, 1 high */
        const char *cache;                /* the folder for what can be made again; NULL: none */
        const char *const *
                        known_files; /* globs of files whose values are secrets; NULL-terminated, or NULL */

        uint64_t max_message_bytes; /* the most text that is taken of one message; 0: the reader's default */

        /* privacy: NULL-terminated project globs, or NULL */
        const char *const *exclude;
        const char *const *metadata_only;
        const char *home;           /* the folder that "~" means in them */
        const char *mask_home;      /* the home folder that becomes "~"; NULL: off */
        bool keep_deleted_sessions; /* permanent deletes keep the archived text */

        /* identity; NULL: ask git */
        const char *user_id;
        const char *user_name;
        const char *machine; /* NULL: what agentsview says */
} EngineSettings;
