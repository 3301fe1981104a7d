/* Policy: what of a session may reach the archive */
#include "sync/policy.h"

#include <fnmatch.h>
#include <string.h>

#include "archive/archive.h"
#include "base/strbuf.h"

static bool glob_matches(const char *glob, const char *text)
{
        _cleanup_free_ char *full = NULL;
        const char *home = getenv("HOME");

        if (glob[0] == '~' && glob[1] == '/' && home) {
                if (asprintf(&full, "%s%s", home, glob + 1) < 0) {
                        full = NULL;
                        return true; /* no memory: rather shut out too much */
                }
                glob = full;
        }
        return fnmatch(glob, text, 0) == 0;
}

static bool any_matches(const char *const *globs, const Value *v)
{
        _cleanup_free_ char *text = NULL;

        if (!globs || !globs[0] || v->type != VALUE_TEXT || v->size == 0)
                return false;
        text = strndup(v->text, v->size);
        if (!text)
                return true;
        for (; *globs; globs++)
                if (glob_matches(*globs, text))
                        return true;
        return false;
}

static bool project_matches(const char *const *globs, const Value *values)
{
        static const int columns[] = { SESSION_PROJECT, SESSION_PROJECT_NAME, SESSION_PROJECT_ID,
                                       SESSION_CWD };

        for (size_t i = 0; i < ELEMENTSOF(columns); i++)
                if (any_matches(globs, values + columns[i]))
                        return true;
        return false;
}

Privacy policy_privacy(const EngineSettings *settings, const Value *values)
{
        if (project_matches(settings->exclude, values))
                return PRIVACY_EXCLUDED;
        if (project_matches(settings->metadata_only, values))
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
        hasher_add_int(h, (int64_t) ruleset_digest(rules));
        hasher_add_int(h, resyncs);
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
