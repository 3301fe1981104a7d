/* Policy: what of a session may reach the archive */
#include "sync/policy.h"

#include <string.h>

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

static void hash_text(Hasher *h, const char *text)
{
        if (text)
                hasher_add_bytes(h, text, strlen(text));
        else
                hasher_add_null(h);
}

int64_t policy_digest(const EngineSettings *settings, const Ruleset *rules, int64_t resyncs,
                      const char *user_id, const char *user_name, const HashKey *key)
{
        Hasher *h = hasher_new(key);
        int64_t digest;

        if (!h)
                return 0; /* equals no cursor's policy: everything is masked again */
        hasher_add_int(h, SYNC_VERSION);
        hasher_add_int(h, ARCHIVE_SCHEMA_VERSION); /* what an older archive has not is filled in */
        hasher_add_int(h, (int64_t) ruleset_digest(rules));
        hasher_add_int(h, resyncs);
        hasher_add_int(h, (int64_t) settings->max_message_bytes);
        hash_list(h, settings->exclude);
        hash_list(h, settings->metadata_only);
        hash_text(h, settings->mask_home);
        hash_text(h, settings->machine);
        hash_text(h, user_id);
        hash_text(h, user_name);
        digest = (int64_t) hasher_end(h);
        (void) hasher_free(h);
        return digest;
}
