/* Policy: what of a session may reach the archive */
#include "sync/policy.h"

#include <string.h>

#include "archive/archive-schema.h"
#include "archive/archive.h"
#include "model/project-glob.h"

Privacy policy_privacy(const EngineSettings *settings, const Value *values)
{
        if (project_glob_matches(settings->exclude, settings->home, values))
                return PRIVACY_EXCLUDED;
        if (project_glob_matches(settings->metadata_only, settings->home, values))
                return PRIVACY_METADATA;
        return PRIVACY_FULL;
}

static void hash_list(Hasher *h, const char *const *list)
{
        for (; list && *list; list++)
                hasher_add_bytes(h, *list, strlen(*list));
        hasher_add_null(h);
}

int64_t policy_digest(const EngineSettings *settings, uint64_t rules, uint64_t known,
                      int64_t resyncs, const HashKey *key)
{
        Hasher *h = hasher_new(key);
        int64_t digest;

        hasher_add_int(h, SYNC_VERSION);
        hasher_add_int(h, ARCHIVE_SCHEMA_VERSION); /* what an older archive has not is filled in */
        hasher_add_int(h, (int64_t) rules);
        hasher_add_int(h, resyncs);
        hasher_add_int(h, (int64_t) settings->max_message_bytes);
        hash_list(h, settings->exclude);
        hash_list(h, settings->metadata_only);
        hasher_add_int(h, settings->mask_home != NULL);
        if (known)
                hasher_add_int(h, (int64_t) known);
        digest = (int64_t) hasher_end(h);
        (void) hasher_free(h);
        return digest;
}
