/* Engine settings: deep copies */
#include <string.h>

#include "sync/engine-internal.h"

static int copy_text(const char *from, const char **ret)
{
        if (!from)
                return 0;
        *ret = strdup(from);
        return *ret ? 0 : -ENOMEM;
}

static int copy_list(const char *const *from, const char *const **ret)
{
        const char **list;
        size_t n = 0;

        if (!from)
                return 0;
        while (from[n])
                n++;
        list = calloc(n + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        *ret = list;
        for (size_t i = 0; i < n; i++) {
                list[i] = strdup(from[i]);
                if (!list[i])
                        return -ENOMEM;
        }
        return 0;
}

static void free_list(const char *const *list)
{
        for (const char *const *p = list; p && *p; p++)
                free((void *) *p);
        free((void *) list);
}

void engine_settings_done(EngineSettings *s)
{
        free((void *) s->source_path);
        free((void *) s->archive_path);
        free((void *) s->home);
        free((void *) s->mask_home);
        free((void *) s->user_id);
        free((void *) s->user_name);
        free((void *) s->machine);
        free_list(s->rules_folders);
        free_list(s->rules_disable);
        free_list(s->known_files);
        free_list(s->exclude);
        free_list(s->metadata_only);
        *s = (EngineSettings){ 0 };
}

int engine_settings_copy(const EngineSettings *from, EngineSettings *ret)
{
        _cleanup_(engine_settings_done) EngineSettings copy = {
                .archive_is_shared = from->archive_is_shared,
                .max_message_bytes = from->max_message_bytes,
                .caution = from->caution,
                .keep_deleted_sessions = from->keep_deleted_sessions,
        };

        if (copy_text(from->source_path, &copy.source_path) < 0 ||
            copy_text(from->archive_path, &copy.archive_path) < 0 ||
            copy_text(from->home, &copy.home) < 0 ||
            copy_text(from->mask_home, &copy.mask_home) < 0 ||
            copy_text(from->user_id, &copy.user_id) < 0 ||
            copy_text(from->user_name, &copy.user_name) < 0 ||
            copy_text(from->machine, &copy.machine) < 0 ||
            copy_list(from->rules_folders, &copy.rules_folders) < 0 ||
            copy_list(from->rules_disable, &copy.rules_disable) < 0 ||
            copy_list(from->known_files, &copy.known_files) < 0 ||
            copy_list(from->exclude, &copy.exclude) < 0 ||
            copy_list(from->metadata_only, &copy.metadata_only) < 0)
                return -ENOMEM;
        *ret = TAKE_STRUCT(copy);
        return 0;
}
