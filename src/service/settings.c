/* Settings: what is set, for whoever needs it */
#include "service/settings.h"

#include <string.h>

Settings *settings_ref(Settings *s)
{
        __atomic_add_fetch(&s->n_refs, 1, __ATOMIC_RELAXED);
        return s;
}

void remote_settings_done(RemoteSettings *remote)
{
        free(remote->name);
        if (remote->url)
                explicit_bzero(remote->url, strlen(remote->url));
        free(remote->url);
        strv_free(remote->projects);
        strv_free(remote->exclude);
        strv_free(remote->metadata_only);
        free(remote->password_file);
        free(remote->ca_file);
        free(remote->client_certificate);
        free(remote->client_key);
        free(remote->schema);
}

Settings *settings_unref(Settings *s)
{
        if (!s || __atomic_sub_fetch(&s->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        free(s->source_path);
        free(s->other_source_path);
        free(s->archive_path);
        free(s->cache);
        free(s->user_id);
        free(s->user_name);
        free(s->org_id);
        free(s->machine);
        strv_free(s->exclude);
        strv_free(s->metadata_only);
        strv_free(s->rules_folders);
        strv_free(s->known_files);
        strv_free(s->rules_disable);
        for (size_t i = 0; i < s->n_remotes; i++)
                remote_settings_done(s->remotes + i);
        free(s->remotes);
        free(s->home);
        strv_free(s->files);
        strv_free(s->warnings);
        strv_free(s->errors);
        free(s);
        return NULL;
}

RemoteOptions settings_for_remote(const Settings *s, size_t index)
{
        const RemoteSettings *remote = s->remotes + index;

        return (RemoteOptions){
                .name = remote->name,
                .url = remote->url,
                .url_is_seen = strcmp(remote->name, REMOTE_OF_COMMAND_LINE) == 0,
                .org_id = s->org_id,
                .user_id = s->user_id,
                .machine = s->machine,
                .archive_path = s->archive_path,
                .home = s->home,
                .projects = (const char *const *) remote->projects,
                .exclude = (const char *const *) remote->exclude,
                .metadata_only = (const char *const *) remote->metadata_only,
                .hold_usec = remote->hold_usec,
                .timeout_usec = remote->timeout_usec,
                .compression = remote->compression,
                .password_file = remote->password_file,
                .ca_file = remote->ca_file,
                .client_certificate = remote->client_certificate,
                .client_key = remote->client_key,
                .schema = remote->schema,
        };
}
