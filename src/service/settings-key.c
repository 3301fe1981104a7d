/* The table of settings */
#include "service/settings-key.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "service/settings.h"

/* A mistyped value is short. A longer one may be a password in the wrong line, and a warning goes to the journal. */
#define VALUE_SHOWN_MAX 16

/* What one message may have: a page of text always, and at most what SQLite hands out. */
#define SIZE_MIN     ((uint64_t) 64 * 1024)
#define SIZE_LARGEST ((uint64_t) 1024 * 1024 * 1024)

static const char *shown(const char *value)
{
        return strlen(value) <= VALUE_SHOWN_MAX ? value : "(a longer value)";
}

static int set_string(const Key *key, void *target, const char *home, const char *value,
                      char **reterr)
{
        free(*(char **) target);
        *(char **) target = *value ? xstrdup(value) : NULL;
        return 0;
}

/* @value as an absolute path: "~/x" and "%h/x" are below the home folder. Returns 0 or -EINVAL. */
static int parse_path(const char *home, const char *value, char **ret, char **reterr)
{
        bool at_home = strncmp(value, "~/", 2) == 0, by_specifier = strncmp(value, "%h/", 3) == 0;

        if (value[0] != '/' && !at_home && !by_specifier) {
                format_error(reterr, "'%s' is not an absolute path", shown(value));
                return -EINVAL;
        }
        *ret = value[0] == '/' ? xstrdup(value) : path_join(home, value + (at_home ? 2 : 3));
        return 0;
}

static int set_path(const Key *key, void *target, const char *home, const char *value,
                    char **reterr)
{
        char *path = NULL;
        int r;

        if (*value) {
                r = parse_path(home, value, &path, reterr);
                if (r < 0)
                        return r;
        }
        free(*(char **) target);
        *(char **) target = path;
        return 0;
}

static int set_span(const Key *key, void *target, const char *home, const char *value,
                    char **reterr)
{
        uint64_t usec;
        int r;

        r = parse_time_span(value, &usec);
        if (r < 0) {
                format_error(reterr, "'%s' is not a time span (write 500ms, 5min, 1h 30min)",
                             shown(value));
                return -EINVAL;
        }
        if (usec < key->min_usec) {
                _cleanup_(strbuf_done) StrBuf b = { 0 };

                format_time_span(&b, key->min_usec);
                format_error(reterr, "it must be at least %s", b.data ?: "");
                return -EINVAL;
        }
        *(uint64_t *) target = usec;
        return 0;
}

/* "128M": bytes, or with K, M or G (powers of 1024, as systemd has them). */
static int set_size(const Key *key, void *target, const char *home, const char *value,
                    char **reterr)
{
        static const char units[] = "KMG";
        uint64_t n;
        const char *unit;
        char *end;

        errno = 0;
        n = strtoull(value, &end, 10);
        unit = *end ? strchr(units, *end) : NULL;
        if (!isdigit((unsigned char) *value) || errno != 0 || (*end && (!unit || end[1])) ||
            (unit && __builtin_mul_overflow(n, UINT64_C(1) << (10 * (unit - units + 1)), &n))) {
                format_error(reterr, "'%s' is not a size (write 64M, 1G)", shown(value));
                return -EINVAL;
        }
        if (n < SIZE_MIN || n > SIZE_LARGEST) {
                format_error(reterr, "it must be between 64K and 1G");
                return -EINVAL;
        }
        *(uint64_t *) target = n;
        return 0;
}

static int set_bool(const Key *key, void *target, const char *home, const char *value,
                    char **reterr)
{
        static const char *const yes[] = { "yes", "true", "on", "y", "t", "1" };
        static const char *const no[] = { "no", "false", "off", "n", "f", "0" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
                        *(bool *) target = strcasecmp(value, yes[i]) == 0;
                        return 0;
                }
        format_error(reterr, "'%s' is neither yes nor no", shown(value));
        return -EINVAL;
}

static int set_deleted(const Key *key, void *target, const char *home, const char *value,
                       char **reterr)
{
        if (strcmp(value, "keep") != 0 && strcmp(value, "purge") != 0) {
                format_error(reterr, "'%s' is neither keep nor purge", shown(value));
                return -EINVAL;
        }
        *(bool *) target = strcmp(value, "keep") == 0;
        return 0;
}

static int set_caution(const Key *key, void *target, const char *home, const char *value,
                       char **reterr)
{
        static const char *const names[] = { "low", "normal", "high" };

        for (int i = 0; i < 3; i++)
                if (strcmp(value, names[i]) == 0) {
                        *(int *) target = i - 1;
                        return 0;
                }
        format_error(reterr, "'%s' is not low, normal or high", shown(value));
        return -EINVAL;
}

static int set_list(const Key *key, void *target, const char *home, const char *value,
                    char **reterr)
{
        char ***list = target;
        int r;

        if (!*value) {
                *list = strv_free(*list);
                return 0;
        }
        r = strv_append_words(list, value);
        if (r == -EINVAL)
                format_error(reterr, "a quote is left open");
        return r;
}

/* Adds @words, which are those of @value, to @list; an empty value empties it. */
static void take_words(char ***list, const char *value, char ***words)
{
        if (!*value)
                *list = strv_free(*list);
        for (size_t i = 0; *words && (*words)[i]; i++)
                strv_take(list, (*words)[i]);
        free(TAKE_PTR(*words));
}

static int set_path_list(const Key *key, void *target, const char *home, const char *value,
                         char **reterr)
{
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = set_list(key, &words, home, value, reterr);
        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                char *path;

                r = parse_path(home, words[i], &path, reterr);
                if (r >= 0) {
                        free(words[i]);
                        words[i] = path;
                }
        }
        if (r >= 0)
                take_words(target, value, &words);
        return r;
}

/* Globs for projects. "%h/" is "~/"; what would have to be resolved and cannot be is no glob that never matches. */
static int set_globs(const Key *key, void *target, const char *home, const char *value,
                     char **reterr)
{
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = set_list(key, &words, home, value, reterr);
        for (size_t i = 0; r >= 0 && words && words[i]; i++) {
                char *word = words[i];

                if (strncmp(word, "%h", 2) == 0 && (word[2] == '/' || !word[2])) {
                        word[0] = '~';
                        memmove(word + 1, word + 2, strlen(word + 2) + 1);
                }
                if ((word[0] == '~' && word[1] && word[1] != '/') || strchr("$%", word[0])) {
                        format_error(reterr,
                                     "'%s' cannot be resolved (write ~/, or [%c] for the character)",
                                     shown(word), word[0]);
                        r = -EINVAL;
                }
        }
        if (r >= 0)
                take_words(target, value, &words);
        return r;
}

/* Its value may hold a password, and is not repeated. */
static int set_url(const Key *key, void *target, const char *home, const char *value, char **reterr)
{
        size_t scheme = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

        if (*value && (scheme == 0 || strncmp(value + scheme, "://", 3) != 0 ||
                       !value[scheme + 3] || strpbrk(value, " \t"))) {
                format_error(reterr,
                             "this is not a URL (like clickhouse+https://host:8443/database)");
                return -EINVAL;
        }
        return set_string(key, target, home, value, reterr);
}

static int set_compression(const Key *key, void *target, const char *home, const char *value,
                           char **reterr)
{
        static const char *const names[] = {
                [REMOTE_COMPRESSION_AUTO] = "auto",
                [REMOTE_COMPRESSION_NONE] = "none",
                [REMOTE_COMPRESSION_GZIP] = "gzip",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(value, names[i]) == 0) {
                        *(RemoteCompression *) target = (RemoteCompression) i;
                        return 0;
                }
        format_error(reterr, "'%.*s' is not auto, none or gzip", VALUE_SHOWN_MAX, value);
        return -EINVAL;
}

#define OF_SETTINGS(field) offsetof(Settings, field)
#define OF_REMOTE(field)   offsetof(RemoteSettings, field)

/* Quiet time and maximum delay may be 0: sync at each event. The timers must not become a busy loop. */
static const Key keys[] = {
        { "Source", "Path", set_path, OF_SETTINGS(source_path) },
        { "Archive", "Path", set_path, OF_SETTINGS(archive_path) },
        { "Sync", "QuietTime", set_span, OF_SETTINGS(quiet_usec) },
        { "Sync", "MaxDelay", set_span, OF_SETTINGS(max_delay_usec) },
        { "Sync", "ReconcileInterval", set_span, OF_SETTINGS(reconcile_usec), USEC_PER_SEC },
        { "Sync", "AuditInterval", set_span, OF_SETTINGS(audit_usec), USEC_PER_SEC },
        { "Sync", "MaxMessageSize", set_size, OF_SETTINGS(max_message_bytes) },
        { "Identity", "UserId", set_string, OF_SETTINGS(user_id) },
        { "Identity", "UserName", set_string, OF_SETTINGS(user_name) },
        { "Identity", "OrgId", set_string, OF_SETTINGS(org_id) },
        { "Identity", "Machine", set_string, OF_SETTINGS(machine) },
        { "Privacy", "Exclude", set_globs, OF_SETTINGS(exclude), .is_list = true,
          .is_privacy = true },
        { "Privacy", "MetadataOnly", set_globs, OF_SETTINGS(metadata_only), .is_list = true,
          .is_privacy = true },
        { "Privacy", "MaskHome", set_bool, OF_SETTINGS(mask_home), .is_privacy = true },
        { "Privacy", "DeletedSessions", set_deleted, OF_SETTINGS(keep_deleted_sessions),
          .is_privacy = true },
        { "Mask", "RulesDir", set_path_list, OF_SETTINGS(rules_folders), .is_list = true,
          .is_privacy = true },
        { "Mask", "Disable", set_list, OF_SETTINGS(rules_disable), .is_list = true },
        { "Mask", "KnownFiles", set_path_list, OF_SETTINGS(known_files), .is_list = true,
          .is_privacy = true },
        { "Mask", "Caution", set_caution, OF_SETTINGS(caution) },
        { "Mask", "Notify", set_bool, OF_SETTINGS(notify) },
        { KEY_SECTION_REMOTE, "URL", set_url, OF_REMOTE(url) },
        { KEY_SECTION_REMOTE, "Projects", set_globs, OF_REMOTE(projects), .is_list = true,
          .is_privacy = true },
        { KEY_SECTION_REMOTE, "Exclude", set_globs, OF_REMOTE(exclude), .is_list = true,
          .is_privacy = true },
        { KEY_SECTION_REMOTE, "MetadataOnly", set_globs, OF_REMOTE(metadata_only), .is_list = true,
          .is_privacy = true },
        { KEY_SECTION_REMOTE, "HoldTime", set_span, OF_REMOTE(hold_usec), .is_privacy = true },
        { KEY_SECTION_REMOTE, "PasswordFile", set_path, OF_REMOTE(password_file) },
        { KEY_SECTION_REMOTE, "CaFile", set_path, OF_REMOTE(ca_file) },
        { KEY_SECTION_REMOTE, "ClientCertificate", set_path, OF_REMOTE(client_certificate) },
        { KEY_SECTION_REMOTE, "ClientKey", set_path, OF_REMOTE(client_key) },
        { KEY_SECTION_REMOTE, "Compression", set_compression, OF_REMOTE(compression) },
        { KEY_SECTION_REMOTE, "Schema", set_string, OF_REMOTE(schema) },
        { KEY_SECTION_REMOTE, "Timeout", set_span, OF_REMOTE(timeout_usec), USEC_PER_SEC },
};

bool key_section_is_known(const char *section)
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].section, section) == 0)
                        return strcmp(section, KEY_SECTION_REMOTE) != 0;
        return false;
}

const Key *key_find(const char *section, const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
                        return keys + i;
        return NULL;
}

/* Is @text @name, whatever the case and the underscores? */
static bool variable_matches(const char *text, const char *name)
{
        for (;; text++, name++) {
                while (*text == '_')
                        text++;
                if (tolower((unsigned char) *text) != tolower((unsigned char) *name))
                        return false;
                if (!*text)
                        return true;
        }
}

/* The first place in @rest, after an underscore, from which it names @key; NULL: none. */
static const char *find_key_at_end(const char *rest, const Key *key)
{
        for (const char *p = strchr(rest, '_'); p; p = strchr(p + 1, '_'))
                if (p > rest && variable_matches(p, key->name))
                        return p;
        return NULL;
}

/* Splits NAME_KEY. The longest key wins: ..._METADATA_ONLY is not "..._METADATA" and a key "ONLY". */
static void find_remote_variable(const char *rest, const Key **ret_key, char **ret_remote)
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const char *end;

                if (strcmp(keys[i].section, KEY_SECTION_REMOTE) != 0)
                        continue;
                end = find_key_at_end(rest, keys + i);
                if (!end)
                        continue;
                *ret_remote = xstrndup(rest, (size_t) (end - rest));
                for (char *p = *ret_remote; *p; p++)
                        *p = (char) tolower((unsigned char) *p);
                *ret_key = keys + i;
                return;
        }
}

void key_find_variable(const char *variable, const Key **ret_key, char **ret_remote,
                       bool *ret_is_ours)
{
        *ret_key = NULL;
        *ret_remote = NULL;
        *ret_is_ours = false;
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                size_t n = strlen(keys[i].section);

                if (strncasecmp(variable, keys[i].section, n) != 0 || variable[n] != '_')
                        continue;
                *ret_is_ours = true;
                if (strcmp(keys[i].section, KEY_SECTION_REMOTE) == 0)
                        return find_remote_variable(variable + n + 1, ret_key, ret_remote);
                if (variable_matches(variable + n + 1, keys[i].name)) {
                        *ret_key = keys + i;
                        return;
                }
        }
}

int key_set(const Key *key, void *object, const char *home, const char *value, char **reterr)
{
        return key->set(key, (char *) object + key->offset, home, value, reterr);
}
