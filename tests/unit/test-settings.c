/* settings: files, drop-ins, environment, options, and mistakes in them */
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "base/url.h"
#include "service/ini.h"
#include "service/settings-load.h"
#include "test.h"

static char folder[] = "/tmp/test-config-XXXXXX";

static char *in_folder(const char *name)
{
        char *path = path_join(folder, name);

        REQUIRE(path);
        return path;
}

static void put(const char *name, const char *text)
{
        _cleanup_free_ char *path = in_folder(name);

        REQUIRE(folder_make_parent(path) == 0);
        REQUIRE(file_write_atomic(path, 0600, text, strlen(text)) == 0);
}

static void clear(void)
{
        _cleanup_free_ char *command = NULL;

        REQUIRE(asprintf(&command, "find '%s' -mindepth 1 -delete", folder) > 0);
        REQUIRE(system(command) == 0);
}

/* A new empty folder is home, system folder and everything else. */
static void begin(void)
{
        static bool made;

        if (!made)
                REQUIRE(mkdtemp(folder));
        made = true;
        clear();
        REQUIRE(setenv("HOME", folder, 1) == 0);
        for (size_t i = 0; environ[i];) {
                _cleanup_free_ char *name = strndup(environ[i], strcspn(environ[i], "="));

                if (strncmp(name, "SCRUBJAY_", 9) == 0 || strncmp(name, "XDG_", 4) == 0 ||
                    strncmp(name, "AGENTSVIEW_", 11) == 0)
                        (void) unsetenv(name);
                else
                        i++;
        }
}

static Settings *load(const SettingsOptions *options)
{
        _cleanup_free_ char *system = in_folder("etc"), *why = NULL;
        SettingsOptions all = options ? *options : (SettingsOptions){ 0 };
        Settings *s = NULL;

        all.system_folder = system;
        if (settings_load(&all, &s, &why) < 0)
                fprintf(stderr, "not loaded: %s\n", why);
        REQUIRE(s);
        return s;
}

static int load_fails(const SettingsOptions *options, char **ret_why)
{
        _cleanup_free_ char *system = in_folder("etc");
        SettingsOptions all = options ? *options : (SettingsOptions){ 0 };
        Settings *s = NULL;
        int r;

        all.system_folder = system;
        r = settings_load(&all, &s, ret_why);
        CHECK(r < 0);
        CHECK(!s);
        settings_unref(s);
        return r;
}

/* The list as "a|b|c". */
static const char *joined(char *const *list)
{
        static char text[4096];

        text[0] = 0;
        for (size_t i = 0; list && list[i]; i++) {
                if (i > 0)
                        strcat(text, "|");
                strcat(text, list[i]);
        }
        return text;
}

static bool warned(const Settings *s, const char *place, const char *words)
{
        for (size_t i = 0; s->warnings && s->warnings[i]; i++)
                if (strstr(s->warnings[i], place) && strstr(s->warnings[i], words))
                        return true;
        return false;
}

static size_t length(char *const *list)
{
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

TEST(defaults_work_with_no_file_at_all)
{
        begin();
        _cleanup_(settings_unrefp) Settings *s = load(NULL);
        _cleanup_free_ char *source = in_folder(".agentsview/sessions.db");
        _cleanup_free_ char *archive = in_folder(".local/share/scrubjay/archive.db");

        CHECK_STR(s->source_path, source);
        CHECK_STR(s->archive_path, archive);
        CHECK_INT(s->quiet_usec, 500 * USEC_PER_MSEC);
        CHECK_INT(s->max_delay_usec, 2 * USEC_PER_SEC);
        CHECK_INT(s->reconcile_usec, 5 * USEC_PER_MIN);
        CHECK_INT(s->audit_usec, USEC_PER_HOUR);
        CHECK(!s->user_id && !s->mask_home && !s->keep_deleted_sessions && !s->notify);
        CHECK_INT(length(s->rules_folders), 1);
        CHECK_INT(s->n_remotes, 0);
        CHECK(!s->warnings && !s->files);
}

TEST(the_source_is_where_agentsview_keeps_it)
{
        begin();
        put(".claude/agentsview/sessions.db", "");
        {
                _cleanup_(settings_unrefp) Settings *s = load(NULL);

                CHECK(strstr(s->source_path, "/.claude/agentsview/sessions.db"));
        }
        put(".agentsview/sessions.db", "");
        {
                _cleanup_(settings_unrefp) Settings *s = load(NULL);

                CHECK(strstr(s->source_path, "/.agentsview/sessions.db"));
        }
        REQUIRE(setenv("AGENTSVIEW_DATA_DIR", "/somewhere", 1) == 0);
        REQUIRE(setenv("XDG_DATA_HOME", "/data", 1) == 0);
        {
                _cleanup_(settings_unrefp) Settings *s = load(NULL);

                CHECK_STR(s->source_path, "/somewhere/sessions.db");
                CHECK_STR(s->archive_path, "/data/scrubjay/archive.db");
        }
}

TEST(later_files_win)
{
        begin();
        put("etc/scrubjay.conf",
            "[Sync]\nQuietTime=1s\nMaxDelay=11s\nReconcileInterval=1min\nAuditInterval=1h\n");
        put("etc/scrubjay.conf.d/10.conf",
            "[Sync]\nMaxDelay=12s\nReconcileInterval=2min\nAuditInterval=2h\n");
        put("etc/scrubjay.conf.d/9-no.txt", "[Sync]\nAuditInterval=99h\n");
        put("etc/scrubjay.conf.d/.hidden.conf", "[Sync]\nAuditInterval=99h\n");
        put(".config/scrubjay/scrubjay.conf", "[Sync]\nReconcileInterval=3min\nAuditInterval=3h\n");
        put(".config/scrubjay/scrubjay.conf.d/b.conf", "[Sync]\nAuditInterval=5h\n");
        put(".config/scrubjay/scrubjay.conf.d/a.conf", "[Sync]\nAuditInterval=4h\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK_INT(s->quiet_usec, USEC_PER_SEC);
        CHECK_INT(s->max_delay_usec, 12 * USEC_PER_SEC);
        CHECK_INT(s->reconcile_usec, 3 * USEC_PER_MIN);
        CHECK_INT(s->audit_usec, 5 * USEC_PER_HOUR);
        CHECK_INT(length(s->files), 5);
        CHECK(!s->warnings);
}

TEST(environment_and_options_win_over_files)
{
        begin();
        put("etc/scrubjay.conf", "[Source]\nPath=/file/s.db\n[Archive]\nPath=~/a.db\n"
                                 "[Privacy]\nExclude=one two\n[Sync]\nQuietTime=1s\n");
        REQUIRE(setenv("SCRUBJAY_SOURCE_PATH", "%h/env.db", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_PRIVACY_EXCLUDE", "three", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_SYNC_QUIET_TIME", "70ms", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_SYNC_MAXDELAY", "80ms", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_SYNC_NONSENSE", "1", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_LOG_LEVEL", "debug", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_REMOTE_TEAM_LOGS_METADATA_ONLY", "x*", 1) == 0);
        REQUIRE(setenv("SCRUBJAY_REMOTE_TEAM_LOGS_URL", "clickhouse://h/", 1) == 0);
        {
                _cleanup_(settings_unrefp) Settings *s = load(NULL);
                _cleanup_free_ char *source = in_folder("env.db"), *archive = in_folder("a.db");

                CHECK_STR(s->source_path, source);
                CHECK_STR(s->archive_path, archive);
                CHECK_STR(joined(s->exclude), "three");
                CHECK_INT(s->quiet_usec, 70 * USEC_PER_MSEC);
                CHECK_INT(s->max_delay_usec, 80 * USEC_PER_MSEC);
                CHECK_INT(length(s->warnings), 1);
                CHECK(warned(s, "SCRUBJAY_SYNC_NONSENSE", "no such setting"));
                REQUIRE(s->n_remotes == 1);
                CHECK_STR(s->remotes[0].name, "team_logs");
                CHECK_STR(joined(s->remotes[0].metadata_only), "x*");
        }
        {
                _cleanup_(settings_unrefp) Settings *s = load(
                                &(SettingsOptions){ .source = "/o.db",
                                                    .archive = "relative.db",
                                                    .remote = "clickhouse+https://me:pw@host/db" });

                CHECK_STR(s->source_path, "/o.db");
                CHECK(s->archive_path[0] == '/' && strstr(s->archive_path, "/relative.db"));
                CHECK_INT(s->n_remotes, 2);
                CHECK_STR(s->remotes[1].name, "command-line");
        }
}

TEST(lists_grow_and_are_emptied)
{
        begin();
        put("etc/scrubjay.conf", "[Privacy]\nExclude=a, b\nExclude=\"c d\"\\\n   'e' # no comment\n"
                                 "MetadataOnly=x\nMetadataOnly=\nMetadataOnly=y\n"
                                 "[Mask]\nRulesDir=/more\nDisable=jwt,slack-*\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK_STR(joined(s->exclude), "a|b|c d|e|#|no|comment");
        CHECK_STR(joined(s->metadata_only), "y");
        CHECK_STR(joined(s->rules_disable), "jwt|slack-*");
        CHECK_INT(length(s->rules_folders), 2);
        CHECK_STR(s->rules_folders[1], "/more");

        put("etc/scrubjay.conf.d/1.conf",
            "[Mask]\nRulesDir=\nRulesDir=/only\n[Privacy]\nExclude=\n");
        _cleanup_(settings_unrefp) Settings *again = load(NULL);

        CHECK_STR(joined(again->rules_folders), "/only");
        CHECK(!again->exclude);

        /* only an empty value empties the list: one that names nothing takes no privacy away */
        put("etc/scrubjay.conf.d/1.conf",
            "[Privacy]\nExclude=\"\"\nExclude=,\nMetadataOnly=''\n[Mask]\nDisable=\"\"\n");
        _cleanup_(settings_unrefp) Settings *kept = load(NULL);

        CHECK_STR(joined(kept->exclude), "a|b|c d|e|#|no|comment");
        CHECK_STR(joined(kept->metadata_only), "y");
        CHECK_STR(joined(kept->rules_disable), "jwt|slack-*");
}

/* A password in the wrong line does not get into the journal. */
TEST(long_values_are_not_repeated)
{
        begin();
        put("etc/scrubjay.conf", "[Sync]\nQuietTime=correct-horse-battery-staple\n"
                                 "correct-horse-battery-staple-and-more=1\n"
                                 "[correct-horse-battery-staple-and-more]\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK(warned(s, "scrubjay.conf:2:", "is not a time span"));
        CHECK(warned(s, "scrubjay.conf:3:", "Unknown setting"));
        CHECK(warned(s, "scrubjay.conf:4:", "Unknown section"));
        for (size_t i = 0; s->warnings[i]; i++)
                CHECK(!strstr(s->warnings[i], "horse"));
}

TEST(sizes_have_units)
{
        static const struct {
                const char *value;
                uint64_t bytes; /* 0: refused */
        } cases[] = {
                { "65536", 65536 },
                { "64K", 65536 },
                { "512M", UINT64_C(512) << 20 },
                { "1G", UINT64_C(1) << 30 },
                { "2G", 0 },
                { "1K", 0 },
                { "64MB", 0 },
                { "-1", 0 },
                { "M", 0 },
                { "17179869184G", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[64];

                begin();
                (void) snprintf(text, sizeof(text), "[Sync]\nMaxMessageSize=%s\n", cases[i].value);
                put("etc/scrubjay.conf", text);
                _cleanup_(settings_unrefp) Settings *s = load(NULL);

                CHECK_INT(s->max_message_bytes, cases[i].bytes ?: UINT64_C(128) << 20);
                CHECK(warned(s, "scrubjay.conf:2:", "") == (cases[i].bytes == 0));
        }
}

TEST(invalid_values_warn_and_keep_the_previous_setting)
{
        begin();
        put("etc/scrubjay.conf",
            "[Sync]\nQuietTime=2s\nQuietTime=soon\nReconcileInterval=10us\n"
            "Quiettime=1s\nno equals sign\n[Nonsense]\nKey=1\nOther=2\n"
            "[Source]\nPath=relative/s.db\n[Mask]\nDisable=\"open\nNotify=perhaps\n"
            "[Remote ]\n[Remote a/b]\nURL=x://y\n[Remote no-url]\nHoldTime=1d\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK(warned(s, "scrubjay.conf:3:", "'soon' is not a time span"));
        CHECK(warned(s, "scrubjay.conf:4:", "at least 1s"));
        CHECK(warned(s, "scrubjay.conf:5:", "Unknown setting 'Quiettime'"));
        CHECK(warned(s, "scrubjay.conf:6:", "without '='"));
        CHECK(warned(s, "scrubjay.conf:7:", "Unknown section [Nonsense]"));
        CHECK(!warned(s, "scrubjay.conf:8:", ""));
        CHECK(warned(s, "scrubjay.conf:11:", "not an absolute path"));
        CHECK(warned(s, "scrubjay.conf:13:", "quote is left open"));
        CHECK(warned(s, "scrubjay.conf:14:", "neither yes nor no"));
        CHECK(warned(s, "scrubjay.conf:15:", "Unknown section"));
        CHECK(warned(s, "scrubjay.conf:16:", "not a valid name for a remote"));
        CHECK(warned(s, "settings", "remote 'no-url' has no URL"));
        CHECK_INT(s->quiet_usec, 2 * USEC_PER_SEC);
        CHECK_INT(s->reconcile_usec, 5 * USEC_PER_MIN);
        CHECK_INT(s->n_remotes, 0);
}

TEST(an_invalid_privacy_setting_is_an_error)
{
        static const struct {
                const char *text, *why;
        } cases[] = {
                { "[Privacy]\nMaskHome=perhaps\n", "neither yes nor no" },
                { "[Privacy]\nDeletedSessions=burn\n", "neither keep nor purge" },
                { "[Privacy]\nExclude=\"open\n", "quote is left open" },
                { "[Privacy]\nExclude=fine ~ann/secret\n", "'~ann/secret' cannot be resolved" },
                { "[Privacy]\nMetadataOnly=$HOME/x\n", "'$HOME/x' cannot be resolved" },
                { "[Privacy]\nExclude=%u/x\n", "'%u/x' cannot be resolved" },
                { "[Mask]\nRulesDir=/good bad\n", "'bad' is not an absolute path" },
                { "[Remote a]\nProjects='open\n", "quote is left open" },
                { "[Remote a]\nExclude=~x\n", "'~x' cannot be resolved" },
                { "[Remote a]\nMetadataOnly=%t/x\n", "'%t/x' cannot be resolved" },
                { "[Remote a]\nHoldTime=soon\n", "not a time span" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *why = NULL;

                begin();
                put("etc/scrubjay.conf", cases[i].text);
                CHECK(load_fails(NULL, &why) < 0);
                CHECK(why && strstr(why, "scrubjay.conf:2: ") && strstr(why, cases[i].why));
        }
        begin();
        REQUIRE(setenv("SCRUBJAY_PRIVACY_EXCLUDE", "~ann/x", 1) == 0);
        _cleanup_free_ char *why = NULL;

        CHECK(load_fails(NULL, &why) < 0);
        CHECK(why && strstr(why, "SCRUBJAY_PRIVACY_EXCLUDE"));
        REQUIRE(unsetenv("SCRUBJAY_PRIVACY_EXCLUDE") == 0);
}

TEST(globs_may_begin_with_the_home_folder)
{
        begin();
        put("etc/scrubjay.conf", "[Privacy]\nExclude=~/a %h/b ~ %h [~]c a$b%c\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK_STR(joined(s->exclude), "~/a|~/b|~|~|[~]c|a$b%c");
        CHECK(!s->warnings);
}

TEST(max_delay_is_never_below_quiet_time)
{
        begin();
        put("etc/scrubjay.conf", "[Sync]\nQuietTime=3s\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK_INT(s->max_delay_usec, 3 * USEC_PER_SEC);
        CHECK(warned(s, "settings", "MaxDelay="));
}

TEST(remotes_are_read_and_their_passwords_not_repeated)
{
        begin();
        put("etc/scrubjay.conf",
            "[Remote team]\nURL=clickhouse+https://me:hush@db.example:8443/x?y=hush\n"
            "Projects=a b*\nExclude=c\nHoldTime=2h\n"
            "[Remote team]\nMetadataOnly=d\n[Remote broken]\nURL=me:hush@nowhere\n");
        _cleanup_(settings_unrefp) Settings *s = load(NULL);
        _cleanup_free_ char *shown = NULL, *plain = url_without_credentials("clickhouse://h/d");

        REQUIRE(s->n_remotes == 1);
        CHECK_STR(s->remotes[0].name, "team");
        CHECK_STR(joined(s->remotes[0].projects), "a|b*");
        CHECK_STR(joined(s->remotes[0].exclude), "c");
        CHECK_STR(joined(s->remotes[0].metadata_only), "d");
        CHECK_INT(s->remotes[0].hold_usec, 2 * USEC_PER_HOUR);
        shown = url_without_credentials(s->remotes[0].url);
        CHECK_STR(shown, "clickhouse+https://db.example:8443/x");
        CHECK_STR(plain, "clickhouse://h/d");
        CHECK_INT(length(s->warnings), 2);
        CHECK(!warned(s, "", "hush"));
}

TEST(a_file_that_cannot_be_used_is_an_error)
{
        _cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *path = NULL;

        begin();
        CHECK_INT(load_fails(&(SettingsOptions){ .config = "/nonexistent/x.conf" }, &a), -ENOENT);
        CHECK(strstr(a, "no settings file '/nonexistent/x.conf'"));

        put("etc/scrubjay.conf", "[Sync]\nQuietTime=1s\n[Privacy\nExclude=x\n");
        CHECK_INT(load_fails(NULL, &b), -EBADMSG);
        CHECK(strstr(b, "line 3"));

        clear();
        path = in_folder("etc/scrubjay.conf");
        REQUIRE(folder_make(path) == 0);
        CHECK_INT(load_fails(NULL, &c), -EISDIR);

        clear();
        REQUIRE(folder_make_parent(path) == 0);
        REQUIRE(file_write_atomic(path, 0600, "a\0b", 3) == 0);
        CHECK_INT(load_fails(NULL, &d), -EILSEQ);
        CHECK(strstr(d, "not a text file"));
}

TEST(a_file_of_ones_own_is_read_alone)
{
        begin();
        put("etc/scrubjay.conf", "[Sync]\nQuietTime=9s\n");
        put("own.conf", "[Sync]\nMaxDelay=10s\n");
        put("own.conf.d/x.conf", "[Sync]\nAuditInterval=9h\n");
        _cleanup_free_ char *own = in_folder("own.conf");
        _cleanup_(settings_unrefp) Settings *s = load(&(SettingsOptions){ .config = own });

        CHECK_INT(s->quiet_usec, 500 * USEC_PER_MSEC);
        CHECK_INT(s->max_delay_usec, 10 * USEC_PER_SEC);
        CHECK_INT(s->audit_usec, 9 * USEC_PER_HOUR);
}

TEST(long_lines_are_read_whole)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        begin();
        (void) strbuf_puts(&b, "\xef\xbb\xbf; comment\r\n[Privacy]\r\nExclude=");
        for (int i = 0; i < 2000; i++)
                (void) strbuf_printf(&b, "project-%d,", i);
        put("etc/scrubjay.conf", b.data);
        _cleanup_(settings_unrefp) Settings *s = load(NULL);

        CHECK_INT(length(s->exclude), 2000);
        CHECK(!s->warnings);
        clear();
        (void) rmdir(folder);
}
