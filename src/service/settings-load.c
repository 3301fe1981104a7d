/* Loading settings: files, environment, options */
#include "service/settings-load.h"

#include <config.h>
#include <dirent.h>
#include <limits.h>
#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "service/ini.h"
#include "service/settings-key.h"

#define FILE_MAX (1024 * 1024) /* far beyond any settings file, and no strain to read */

/* An absolute path in environment variable @name; NULL if it is not set or not absolute (the XDG rule). */
static const char *environment_path(const char *name)
{
        const char *path = getenv(name);

        return path && path[0] == '/' ? path : NULL;
}

static char *find_home(void)
{
        const char *home = environment_path("HOME");
        struct passwd *pw = home ? NULL : getpwuid(getuid());

        if (!home && pw && pw->pw_dir && pw->pw_dir[0] == '/')
                home = pw->pw_dir;
        return xstrdup(home);
}

/* @variable/@name, or @home/@fallback/@name where the variable is not set. */
static char *xdg_path(const char *variable, const char *home, const char *fallback,
                      const char *name)
{
        const char *base = environment_path(variable);
        _cleanup_free_ char *folder = base ? xstrdup(base) : path_join(home, fallback);

        return path_join(folder, name);
}

/* agentsview's database in its usual places: the first that exists, else the first, and *@ret_other the second. */
static void default_source(const char *home, char **ret, char **ret_other)
{
        _cleanup_free_ char *usual = xdg_path("AGENTSVIEW_DATA_DIR", home, ".agentsview",
                                              "sessions.db");
        _cleanup_free_ char *other = path_join(home, ".claude/agentsview/sessions.db");

        if (environment_path("AGENTSVIEW_DATA_DIR") || access(usual, F_OK) >= 0) {
                *ret = TAKE_PTR(usual);
                return;
        }
        if (access(other, F_OK) >= 0) {
                *ret = TAKE_PTR(other);
                return;
        }
        *ret = TAKE_PTR(usual);
        *ret_other = TAKE_PTR(other);
}

static Settings *settings_new(void)
{
        Settings *s = xcalloc(1, sizeof(*s));

        s->n_refs = 1;
        s->max_message_bytes = (uint64_t) 128 * 1024 * 1024;
        s->quiet_usec = 500 * USEC_PER_MSEC;
        s->max_delay_usec = 2 * USEC_PER_SEC;
        s->reconcile_usec = 5 * USEC_PER_MIN;
        s->audit_usec = USEC_PER_HOUR;
        s->home = find_home();
        strv_take(&s->rules_folders, xstrdup(SCRUBJAY_RULES_DIR));
        return s;
}

/* A name for a warning: a long one may be something else, in the wrong place. */
static const char *shown_name(const char *name)
{
        return strlen(name) <= 32 ? name : "(a longer name)";
}

/* Keeps "@where: sentence" among the warnings. */
static void _printf_(3, 4) warn(Settings *s, const char *where, const char *format, ...)
{
        _cleanup_free_ char *sentence = NULL;
        va_list ap;

        va_start(ap, format);
        sentence = xvasprintf(format, ap);
        va_end(ap);
        strv_take(&s->warnings, xasprintf("%s: %s", where, sentence));
}

/* Keeps why the settings must not be used; the others are read all the same. */
static void _printf_(3, 4) fail(Settings *s, int error, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        strv_take(&s->errors, xvasprintf(format, ap));
        va_end(ap);
        if (s->error == 0)
                s->error = error;
}

/* The remote with that name, created if necessary. */
static RemoteSettings *find_remote(Settings *s, const char *name)
{
        for (size_t i = 0; i < s->n_remotes; i++)
                if (strcasecmp(s->remotes[i].name, name) == 0)
                        return s->remotes + i;
        APPEND(s->remotes, s->n_remotes, (RemoteSettings){ .name = xstrdup(name) });
        return s->remotes + s->n_remotes - 1;
}

/* Is this a name that a remote can have: in the journal, on the bus and in the archive? */
static bool remote_name_is_valid(const char *name)
{
        size_t n = strspn(name,
                          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

        return n > 0 && n <= 64 && !name[n];
}

/* The name in "Remote NAME"; NULL if @section is not a remote's. */
static const char *remote_of_section(const char *section)
{
        if (strncmp(section, "Remote", 6) != 0 || (section[6] != ' ' && section[6] != '\t'))
                return NULL;
        return section + 6 + strspn(section + 6, " \t");
}

/* Sets one key from @where. A value that means nothing gets a warning; where without it more would be archived or shared,
 * it is an error (-EKEYREJECTED). */
static void assign(Settings *s, const char *where, const Key *key, void *object, const char *value)
{
        _cleanup_free_ char *why = NULL;
        int r = key_set(key, object, s->home, value, &why);

        if (r >= 0)
                return;
        if (key->is_privacy)
                fail(s, -EKEYREJECTED,
                     "%s: %s: %s. Without this setting less would be kept private: correct it.",
                     where, key->name, why);
        else
                warn(s, where, "%s: %s, ignoring.", key->name, why);
}

typedef struct FileReading {
        Settings *settings;
        const char *path;
        bool section_known;
} FileReading;

static void on_section(FileReading *f, const char *where, const char *section)
{
        const char *remote = remote_of_section(section);

        f->section_known = remote ? remote_name_is_valid(remote) : key_section_is_known(section);
        if (f->section_known && remote)
                (void) find_remote(f->settings, remote);
        else if (remote)
                warn(f->settings, where,
                     "'%s' is not a valid name for a remote (letters, digits, '.', '_', '-'), "
                     "ignoring the section.",
                     shown_name(remote));
        else if (!f->section_known)
                warn(f->settings, where, "Unknown section [%s], ignoring.", shown_name(section));
}

static int on_item(void *userdata, IniItem item, unsigned line, const char *section,
                   const char *key_name, const char *value)
{
        FileReading *f = userdata;
        _cleanup_free_ char *where = xasprintf("%s:%u", f->path, line);
        const char *remote;
        const Key *key;

        if (item == INI_BROKEN)
                warn(f->settings, where, "This is %s, ignoring.", value);
        if (item == INI_SECTION)
                on_section(f, where, section);
        if (item == INI_BROKEN || item == INI_SECTION || !f->section_known)
                return 0;
        remote = remote_of_section(section);
        key = key_find(remote ? KEY_SECTION_REMOTE : section, key_name);
        if (key)
                assign(f->settings, where, key,
                       remote ? (void *) find_remote(f->settings, remote) : f->settings, value);
        else
                warn(f->settings, where, "Unknown setting '%s' in section [%s], ignoring.",
                     shown_name(key_name), shown_name(section));
        return 0;
}

/* Reads one file. Returns whether there is one. */
static bool read_settings_file(Settings *s, const char *path)
{
        _cleanup_free_ char *text = NULL;
        FileReading f = { .settings = s, .path = path };
        unsigned line = 0;
        size_t size;
        int r;

        r = file_read(path, FILE_MAX, &text, &size);
        if (r == -ENOENT || r == -ENOTDIR)
                return false;
        if (r >= 0 && strlen(text) != size)
                r = -EILSEQ;
        if (r >= 0)
                r = ini_read(text, on_item, &f, &line);
        if (r >= 0)
                strv_take(&s->files, xstrdup(path));
        else if (r == -EBADMSG)
                fail(s, r,
                     "The settings file '%s' cannot be used: line %u is a broken [Section] header.",
                     path, line);
        else
                fail(s, r, "The settings file '%s' cannot be used: %s.", path,
                     r == -EILSEQ   ? "it is not a text file"
                     : r == -EFBIG  ? "it is larger than 1 MiB"
                     : r == -EINVAL ? "it is not a regular file"
                                    : strerror(-r));
        return true;
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

static void read_drop_ins(Settings *s, const char *file)
{
        _cleanup_free_ char *folder = xasprintf("%s.d", file);
        struct dirent **entries = NULL;
        int n = scandir(folder, &entries, is_drop_in, compare_names);

        if (n < 0 && errno != ENOENT && errno != ENOTDIR)
                fail(s, -errno, "The folder of settings files '%s' cannot be used: %s.", folder,
                     strerror(errno));
        for (int i = 0; i < n; i++) {
                _cleanup_free_ char *path = path_join(folder, entries[i]->d_name);

                (void) read_settings_file(s, path);
                free(entries[i]);
        }
        free(entries);
}

static void read_files(Settings *s, const SettingsOptions *options)
{
        _cleanup_free_ char *system = NULL, *own = NULL;

        if (options->config) {
                if (!read_settings_file(s, options->config))
                        fail(s, -ENOENT, "There is no settings file '%s'.", options->config);
                read_drop_ins(s, options->config);
                return;
        }
        system = path_join(options->system_folder ?: SCRUBJAY_SYSCONF_DIR, "scrubjay.conf");
        own = xdg_path("XDG_CONFIG_HOME", s->home, ".config", "scrubjay/scrubjay.conf");
        (void) read_settings_file(s, system);
        read_drop_ins(s, system);
        (void) read_settings_file(s, own);
        read_drop_ins(s, own);
}

/* One "SCRUBJAY_SECTION_KEY=value". What belongs to no section of ours is somebody else's. */
static void read_variable(Settings *s, const char *variable)
{
        _cleanup_free_ char *name = xstrndup(variable, strcspn(variable, "=")), *remote = NULL;
        const char *value = strchr(variable, '=');
        void *object = s;
        const Key *key;
        bool is_ours;

        key_find_variable(name + strlen("SCRUBJAY_"), &key, &remote, &is_ours);
        if (!is_ours || !value)
                return;
        if (!key || (remote && !remote_name_is_valid(remote))) {
                warn(s, name, "There is no such setting, ignoring the environment variable.");
                return;
        }
        if (remote)
                object = find_remote(s, remote);
        if (key_is_list(key))
                assign(s, name, key, object, "");
        assign(s, name, key, object, value + 1);
}

static void read_environment(Settings *s)
{
        for (char **e = environ; e && *e; e++)
                if (strncmp(*e, "SCRUBJAY_", strlen("SCRUBJAY_")) == 0)
                        read_variable(s, *e);
}

/* A path of the command line, made absolute. */
static void set_option_path(Settings *s, char **target, const char *path)
{
        _cleanup_free_ char *cwd = NULL;
        char *absolute;

        if (!path)
                return;
        if (path[0] != '/' && !(cwd = getcwd(NULL, 0))) {
                fail(s, -errno, "The path '%s' cannot be used: %s.", path, strerror(errno));
                return;
        }
        absolute = cwd ? path_join(cwd, path) : xstrdup(path);
        free(*target);
        *target = absolute;
}

static void set_options(Settings *s, const SettingsOptions *options)
{
        set_option_path(s, &s->source_path, options->source);
        set_option_path(s, &s->archive_path, options->archive);
        if (options->remote)
                assign(s, "--remote", key_find(KEY_SECTION_REMOTE, "URL"),
                       find_remote(s, REMOTE_OF_COMMAND_LINE), options->remote);
}

/* Remotes without a URL cannot be fed. */
static void drop_unusable_remotes(Settings *s)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_remotes; i++) {
                RemoteSettings remote = s->remotes[i];

                if (remote.url) {
                        s->remotes[n++] = remote;
                        continue;
                }
                warn(s, "settings", "The remote '%s' has no URL=, ignoring it.", remote.name);
                remote_settings_done(&remote);
        }
        s->n_remotes = n;
}

/* What is not set gets its default; settings that contradict each other are adjusted. */
static void complete(Settings *s)
{
        if (!s->source_path)
                default_source(s->home, &s->source_path, &s->other_source_path);
        if (!s->archive_path)
                s->archive_path = xdg_path("XDG_DATA_HOME", s->home, ".local/share",
                                           "scrubjay/archive.db");
        s->cache = xdg_path("XDG_CACHE_HOME", s->home, ".cache", "scrubjay");
        if (!s->rules_folders)
                strv_take(&s->rules_folders, xstrdup(SCRUBJAY_RULES_DIR));
        if (s->max_delay_usec < s->quiet_usec) {
                s->max_delay_usec = s->quiet_usec;
                warn(s, "settings",
                     "MaxDelay= is shorter than QuietTime=, using QuietTime= for both.");
        }
        drop_unusable_remotes(s);
}

Settings *settings_look(const SettingsOptions *options)
{
        Settings *s = settings_new();

        if (!s->home) {
                fail(s, -ENXIO, "There is no home folder: set HOME.");
                s->home = xstrdup("/");
        }
        read_files(s, options);
        read_environment(s);
        set_options(s, options);
        complete(s);
        return s;
}

int settings_load(const SettingsOptions *options, Settings **ret, char **reterr)
{
        _cleanup_(settings_unrefp) Settings *s = settings_look(options);

        if (s->error < 0) {
                format_error(reterr, "%s", s->errors[0]);
                return s->error;
        }
        *ret = TAKE_PTR(s);
        return 0;
}
