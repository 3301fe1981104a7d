/* Settings: files, environment, options */
#include "service/config.h"

#include <config.h> /* the build's: "config.h" would be our own header */
#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "service/config-key.h"
#include "service/ini.h"

#define FILE_MAX (1024 * 1024) /* far beyond any settings file, and no strain to read */

Settings *settings_ref(Settings *s)
{
        __atomic_add_fetch(&s->n_refs, 1, __ATOMIC_RELAXED);
        return s;
}

static void remote_settings_done(RemoteSettings *remote)
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
        free(s);
        return NULL;
}

/* An absolute path in environment variable @name; NULL where it is not set or not absolute (the XDG rule). */
static const char *environment_path(const char *name)
{
        const char *path = getenv(name);

        return path && path[0] == '/' ? path : NULL;
}

static int find_home(char **ret)
{
        const char *home = environment_path("HOME");
        struct passwd *pw = home ? NULL : getpwuid(getuid());

        if (!home && pw && pw->pw_dir && pw->pw_dir[0] == '/')
                home = pw->pw_dir;
        if (!home)
                return -ENXIO;
        *ret = strdup(home);
        return *ret ? 0 : -ENOMEM;
}

/* @variable/@name, or @home/@fallback/@name where the variable is not set. */
static char *xdg_path(const char *variable, const char *home, const char *fallback,
                      const char *name)
{
        const char *base = environment_path(variable);
        _cleanup_free_ char *folder = base ? strdup(base) : path_join(home, fallback);

        return folder ? path_join(folder, name) : NULL;
}

/* agentsview's database where it usually is: the first that exists, else the first, and *@ret_other the second. */
static int default_source(const char *home, char **ret, char **ret_other)
{
        _cleanup_free_ char *usual = xdg_path("AGENTSVIEW_DATA_DIR", home, ".agentsview",
                                              "sessions.db");
        _cleanup_free_ char *other = path_join(home, ".claude/agentsview/sessions.db");

        if (!usual || !other)
                return -ENOMEM;
        if (environment_path("AGENTSVIEW_DATA_DIR") || access(usual, F_OK) >= 0) {
                *ret = TAKE_PTR(usual);
                return 0;
        }
        if (access(other, F_OK) >= 0) {
                *ret = TAKE_PTR(other);
                return 0;
        }
        *ret = TAKE_PTR(usual);
        *ret_other = TAKE_PTR(other);
        return 0;
}

static int settings_new(Settings **ret)
{
        _cleanup_(settings_unrefp) Settings *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return -ENOMEM;
        s->n_refs = 1;
        s->max_message_bytes = (uint64_t) 128 * 1024 * 1024;
        s->quiet_usec = 500 * USEC_PER_MSEC;
        s->max_delay_usec = 2 * USEC_PER_SEC;
        s->reconcile_usec = 5 * USEC_PER_MIN;
        s->audit_usec = USEC_PER_HOUR;
        r = find_home(&s->home);
        if (r < 0)
                return r;
        r = strv_take(&s->rules_folders, strdup(SCRUBJAY_RULES_DIR));
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

/* A name for a warning: a long one may be something else, in the wrong place. */
static const char *shown_name(const char *name)
{
        return strlen(name) <= 32 ? name : "(a longer name)";
}

/* Keeps "@where: sentence" among the warnings. */
static int _printf_(3, 4) warn(Settings *s, const char *where, const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *text;
        va_list ap;
        int r;

        (void) strbuf_printf(&b, "%s: ", where);
        va_start(ap, format);
        (void) strbuf_vprintf(&b, format, ap);
        va_end(ap);
        r = strbuf_take(&b, &text);
        return r < 0 ? r : strv_take(&s->warnings, text);
}

static int find_remote(Settings *s, const char *name, RemoteSettings **ret)
{
        RemoteSettings *grown;
        char *copy;

        for (size_t i = 0; i < s->n_remotes; i++)
                if (strcasecmp(s->remotes[i].name, name) == 0) {
                        *ret = s->remotes + i;
                        return 0;
                }
        copy = strdup(name);
        grown = copy ? reallocarray(s->remotes, s->n_remotes + 1, sizeof(*grown)) : NULL;
        if (!grown) {
                free(copy);
                return -ENOMEM;
        }
        s->remotes = grown;
        grown[s->n_remotes] = (RemoteSettings){ .name = copy };
        *ret = grown + s->n_remotes++;
        return 0;
}

/* Is this a name that a remote can have: in the journal, on the bus and in the archive? */
static bool remote_name_is_valid(const char *name)
{
        size_t n = strspn(name,
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        return n > 0 && n <= 64 && !name[n];
}

/* The name in "Remote NAME"; NULL where @section is none of a remote. */
static const char *remote_of_section(const char *section)
{
        if (strncmp(section, "Remote", 6) != 0 || (section[6] != ' ' && section[6] != '\t'))
                return NULL;
        return section + 6 + strspn(section + 6, " \t");
}

/* Sets one key from @where. A value that means nothing gets a warning; where without it more would be archived or shared,
 * it is an error (-EKEYREJECTED, with *@reterr). */
static int assign(Settings *s, const char *where, const Key *key, void *object, const char *value,
                  char **reterr)
{
        _cleanup_free_ char *why = NULL;
        int r;

        r = key_set(key, object, s->home, value, &why);
        if (r != -EINVAL)
                return r;
        if (!key->is_privacy)
                return warn(s, where, "%s: %s, ignoring.", key->name, why);
        format_error(reterr, "%s: %s: %s. Without it less would be kept private: correct it.",
                     where, key->name, why);
        return -EKEYREJECTED;
}

typedef struct FileReading {
        Settings *settings;
        const char *path;
        bool section_known;
        char **reterr;
} FileReading;

static int on_section(FileReading *f, const char *where, const char *section)
{
        const char *remote = remote_of_section(section);
        RemoteSettings *unused;

        f->section_known = remote ? remote_name_is_valid(remote) : key_section_is_known(section);
        if (f->section_known)
                return remote ? find_remote(f->settings, remote, &unused) : 0;
        if (remote)
                return warn(f->settings, where,
                            "'%s' is no name for a remote (letters, digits, '.', '_', '-'), ignoring the section.",
                            shown_name(remote));
        return warn(f->settings, where, "Unknown section [%s], ignoring.", shown_name(section));
}

static int on_item(void *userdata, IniItem item, unsigned line, const char *section,
                   const char *key_name, const char *value)
{
        FileReading *f = userdata;
        _cleanup_free_ char *where = NULL;
        const char *remote;
        RemoteSettings *object = NULL;
        const Key *key;
        int r;

        if (asprintf(&where, "%s:%u", f->path, line) < 0) {
                where = NULL;
                return -ENOMEM;
        }
        if (item == INI_BROKEN)
                return warn(f->settings, where, "This is %s, ignoring.", value);
        if (item == INI_SECTION)
                return on_section(f, where, section);
        if (!f->section_known)
                return 0;
        remote = remote_of_section(section);
        key = key_find(remote ? KEY_SECTION_REMOTE : section, key_name);
        if (!key)
                return warn(f->settings, where, "Unknown setting '%s' in section [%s], ignoring.",
                            shown_name(key_name), shown_name(section));
        if (!remote)
                return assign(f->settings, where, key, f->settings, value, f->reterr);
        r = find_remote(f->settings, remote, &object);
        return r < 0 ? r : assign(f->settings, where, key, object, value, f->reterr);
}

/* Reads one file. Returns 1, 0 where there is none, or a negative errno with *@reterr. */
static int read_settings_file(Settings *s, const char *path, char **reterr)
{
        _cleanup_free_ char *text = NULL;
        FileReading f = { .settings = s, .path = path, .reterr = reterr };
        unsigned line = 0;
        size_t size;
        int r;

        r = file_read(path, FILE_MAX, &text, &size);
        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r >= 0 && strlen(text) != size)
                r = -EILSEQ;
        if (r >= 0)
                r = ini_read(text, on_item, &f, &line);
        if (r >= 0)
                r = strv_take(&s->files, strdup(path));
        if (r >= 0)
                return 1;
        if (r == -EKEYREJECTED)
                return r;
        if (r == -EBADMSG)
                format_error(reterr,
                             "The settings file '%s' cannot be used: line %u is a broken [Section] header.",
                             path, line);
        else
                format_error(reterr, "The settings file '%s' cannot be used: %s.", path,
                             r == -EILSEQ   ? "it is not a text file"
                             : r == -EFBIG  ? "it is larger than 1 MiB"
                             : r == -EINVAL ? "it is not a regular file"
                                            : strerror(-r));
        return r;
}

static int is_drop_in(const struct dirent *entry)
{
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".conf") == 0;
}

/* strcmp(), not alphasort(): the order must not depend on the language. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_drop_ins(Settings *s, const char *file, char **reterr)
{
        _cleanup_free_ char *folder = NULL;
        struct dirent **entries = NULL;
        int n, r = 0;

        if (asprintf(&folder, "%s.d", file) < 0) {
                folder = NULL;
                return -ENOMEM;
        }
        n = scandir(folder, &entries, is_drop_in, compare_names);
        if (n < 0 && errno != ENOENT && errno != ENOTDIR) {
                r = -errno;
                format_error(reterr, "The folder of settings files '%s' cannot be used: %s.",
                             folder, strerror(-r));
        }
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = r < 0 ? NULL : path_join(folder, entries[i]->d_name);

                if (path)
                        r = read_settings_file(s, path, reterr);
                else if (r >= 0)
                        r = -ENOMEM;
                free(entries[i]);
        }
        free(entries);
        return r < 0 ? r : 0;
}

static int read_files(Settings *s, const SettingsOptions *options, char **reterr)
{
        _cleanup_free_ char *system = NULL, *own = NULL;
        int r;

        if (options->config) {
                r = read_settings_file(s, options->config, reterr);
                if (r == 0) {
                        format_error(reterr, "There is no settings file '%s'.", options->config);
                        r = -ENOENT;
                }
                return r < 0 ? r : read_drop_ins(s, options->config, reterr);
        }
        system = path_join(options->system_folder ?: SCRUBJAY_SYSCONF_DIR, "scrubjay.conf");
        own = xdg_path("XDG_CONFIG_HOME", s->home, ".config", "scrubjay/scrubjay.conf");
        if (!system || !own)
                return -ENOMEM;
        r = read_settings_file(s, system, reterr);
        if (r >= 0)
                r = read_drop_ins(s, system, reterr);
        if (r >= 0)
                r = read_settings_file(s, own, reterr);
        if (r >= 0)
                r = read_drop_ins(s, own, reterr);
        return r;
}

/* One "SCRUBJAY_SECTION_KEY=value". What belongs to no section of ours is somebody else's. */
static int read_variable(Settings *s, const char *variable, char **reterr)
{
        _cleanup_free_ char *name = strndup(variable, strcspn(variable, "=")), *remote = NULL;
        const char *value = strchr(variable, '=');
        void *object = s;
        const Key *key;
        bool is_ours;
        int r;

        if (!name)
                return -ENOMEM;
        r = key_find_variable(name + strlen("SCRUBJAY_"), &key, &remote, &is_ours);
        if (r < 0)
                return r;
        if (!is_ours || !value)
                return 0;
        if (!key || (remote && !remote_name_is_valid(remote)))
                return warn(s, name,
                            "There is no such setting, ignoring the environment variable.");
        if (remote) {
                RemoteSettings *found;

                r = find_remote(s, remote, &found);
                if (r < 0)
                        return r;
                object = found;
        }
        if (key_is_list(key)) {
                r = assign(s, name, key, object, "", reterr);
                if (r < 0)
                        return r;
        }
        return assign(s, name, key, object, value + 1, reterr);
}

static int read_environment(Settings *s, char **reterr)
{
        for (char **e = environ; e && *e; e++)
                if (strncmp(*e, "SCRUBJAY_", strlen("SCRUBJAY_")) == 0) {
                        int r = read_variable(s, *e, reterr);

                        if (r < 0)
                                return r;
                }
        return 0;
}

/* A path of the command line, made absolute. */
static int set_option_path(char **target, const char *path)
{
        _cleanup_free_ char *cwd = NULL;
        char *absolute;

        if (!path)
                return 0;
        if (path[0] != '/') {
                cwd = getcwd(NULL, 0);
                if (!cwd)
                        return -errno;
        }
        absolute = cwd ? path_join(cwd, path) : strdup(path);
        if (!absolute)
                return -ENOMEM;
        free(*target);
        *target = absolute;
        return 0;
}

static int set_options(Settings *s, const SettingsOptions *options, char **reterr)
{
        RemoteSettings *remote;
        int r;

        r = set_option_path(&s->source_path, options->source);
        if (r >= 0)
                r = set_option_path(&s->archive_path, options->archive);
        if (r >= 0 && options->remote) {
                r = find_remote(s, REMOTE_OF_COMMAND_LINE, &remote);
                if (r >= 0)
                        r = assign(s, "--remote", key_find(KEY_SECTION_REMOTE, "URL"), remote,
                                   options->remote, reterr);
        }
        return r;
}

/* Remotes without a URL cannot be fed. */
static int drop_unusable_remotes(Settings *s)
{
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < s->n_remotes; i++) {
                RemoteSettings remote = s->remotes[i];

                if (remote.url) {
                        s->remotes[n++] = remote;
                        continue;
                }
                if (r >= 0)
                        r = warn(s, "settings", "The remote '%s' has no URL=, ignoring it.",
                                 remote.name);
                remote_settings_done(&remote);
        }
        s->n_remotes = n;
        return r;
}

/* What was not set gets its default, and what does not fit together is made to. */
static int complete(Settings *s)
{
        int r;

        if (!s->source_path) {
                r = default_source(s->home, &s->source_path, &s->other_source_path);
                if (r < 0)
                        return r;
        }
        if (!s->archive_path) {
                s->archive_path = xdg_path("XDG_DATA_HOME", s->home, ".local/share",
                                           "scrubjay/archive.db");
                if (!s->archive_path)
                        return -ENOMEM;
        }
        if (!s->rules_folders) {
                r = strv_take(&s->rules_folders, strdup(SCRUBJAY_RULES_DIR));
                if (r < 0)
                        return r;
        }
        if (s->max_delay_usec < s->quiet_usec) {
                s->max_delay_usec = s->quiet_usec;
                r = warn(s, "settings",
                         "MaxDelay= is shorter than QuietTime=, taking QuietTime= for both.");
                if (r < 0)
                        return r;
        }
        return drop_unusable_remotes(s);
}

int settings_load(const SettingsOptions *options, Settings **ret, char **reterr)
{
        _cleanup_(settings_unrefp) Settings *s = NULL;
        _cleanup_free_ char *why = NULL;
        int r;

        r = settings_new(&s);
        if (r >= 0)
                r = read_files(s, options, &why);
        if (r >= 0)
                r = read_environment(s, &why);
        if (r >= 0)
                r = set_options(s, options, &why);
        if (r >= 0)
                r = complete(s);
        if (r < 0) {
                if (!why)
                        format_error(&why,
                                     r == -ENXIO ? "There is no home folder: set HOME."
                                                 : "The settings cannot be read: %s.",
                                     strerror(-r));
                if (reterr)
                        *reterr = TAKE_PTR(why);
                return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
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
