/* The daemon, seen from the command line */
#include "ctl/daemon-client.h"

#include <inttypes.h>
#include <string.h>

#include "base/file-util.h"
#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/text.h"

#define STATUS_TIMEOUT_USEC (10 * USEC_PER_SEC)

void daemon_status_done(DaemonStatus *s)
{
        for (size_t i = 0; i < s->n_remotes; i++) {
                free(s->remotes[i].name);
                free(s->remotes[i].url);
                free(s->remotes[i].last_error);
        }
        free(s->remotes);
        free(s->last_error);
        free(s->source);
        free(s->archive);
        free(s->version);
        *s = (DaemonStatus){ 0 };
}

int daemon_connect(sd_bus **ret)
{
        int r = sd_bus_open_user(ret);

        return r < 0 ? r : 0;
}

int daemon_new_call(sd_bus *bus, const char *member, sd_bus_message **ret)
{
        int r = sd_bus_message_new_method_call(bus, ret, DAEMON_NAME, DAEMON_PATH, DAEMON_INTERFACE,
                                               member);

        return r < 0 ? r : 0;
}

/* Replaces the text with a printable copy. */
static void set_text(char **text, const char *value)
{
        free(*text);
        *text = printable(value);
}

static int read_remote(sd_bus_message *m, DaemonStatus *s)
{
        const char *name, *url, *error;
        uint64_t delivered, behind;
        int r;

        r = sd_bus_message_read(m, "(sstts)", &name, &url, &delivered, &behind, &error);
        if (r <= 0)
                return r;
        APPEND(s->remotes, s->n_remotes,
               (RemoteStatus){ .name = printable(name),
                               .url = printable(url),
                               .last_error = printable(error),
                               .last_delivery_usec = delivered,
                               .n_behind = behind });
        return 1;
}

static int read_remotes(sd_bus_message *m, DaemonStatus *s)
{
        int r;

        r = sd_bus_message_enter_container(m, 'v', "a(sstts)");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "(sstts)");
        if (r < 0)
                return r;
        while ((r = read_remote(m, s)) > 0)
                ;
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* One value of the dictionary; unknown ones are skipped. */
static int read_field(sd_bus_message *m, const char *key, DaemonStatus *s)
{
        const struct {
                const char *key;
                char type;
                void *target;
        } fields[] = {
                { "LastSyncAt", 't', &s->last_sync_usec },
                { "LastVerifiedAt", 't', &s->last_verified_usec },
                { "TotalSessionsSynced", 't', &s->total_synced },
                { "TotalSecretsDetected", 't', &s->total_secrets },
                { "SessionsPending", 't', &s->n_pending },
                { "KnownValues", 't', &s->known_values },
                { "KnownFiles", 't', &s->known_files },
                { "KnownFilesUnread", 't', &s->known_unread },
                { "Running", 'b', &s->running },
                { "Syncing", 'b', &s->syncing },
                { "LastError", 's', &s->last_error },
                { "Source", 's', &s->source },
                { "Archive", 's', &s->archive },
                { "Version", 's', &s->version },
        };

        if (strcmp(key, "Remotes") == 0)
                return read_remotes(m, s);
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                char type[] = { fields[i].type, 0 };
                const char *text;
                int r, yes;

                if (strcmp(key, fields[i].key) != 0)
                        continue;
                if (type[0] == 't')
                        return sd_bus_message_read(m, "v", type, fields[i].target);
                if (type[0] == 'b') {
                        r = sd_bus_message_read(m, "v", type, &yes);
                        if (r >= 0)
                                *(bool *) fields[i].target = yes != 0;
                        return r;
                }
                r = sd_bus_message_read(m, "v", type, &text);
                if (r >= 0)
                        set_text(fields[i].target, text);
                return r < 0 ? r : 0;
        }
        return sd_bus_message_skip(m, "v");
}

static int read_status(sd_bus_message *m, DaemonStatus *s)
{
        const char *key;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                r = sd_bus_message_read(m, "s", &key);
                if (r >= 0)
                        r = read_field(m, key, s);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
        }
        return r;
}

/* When process @pid began, from the kernel; 0 where that is hidden. */
static uint64_t process_start(pid_t pid)
{
        _cleanup_free_ char *path = NULL, *stat = NULL;
        uint64_t ticks = 0, now, boot;
        const char *p;

        path = xasprintf("/proc/%d/stat", (int) pid);
        if (file_read(path, 64 * 1024, &stat, NULL) < 0)
                return 0;
        /* the name in parentheses may hold anything: count from the last one; starttime is field 22 */
        p = strrchr(stat, ')');
        for (int field = 2; p && field < 22; field++)
                p = strchr(p + 1, ' ');
        if (!p || sscanf(p, "%" SCNu64, &ticks) != 1)
                return 0;
        now = now_usec(CLOCK_REALTIME);
        boot = now_usec(CLOCK_BOOTTIME);
        return now - boot + ticks * (USEC_PER_SEC / (uint64_t) sysconf(_SC_CLK_TCK));
}

static void find_process(sd_bus *bus, DaemonStatus *s)
{
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;

        if (sd_bus_get_name_creds(bus, DAEMON_NAME, SD_BUS_CREDS_PID, &creds) < 0 ||
            sd_bus_creds_get_pid(creds, &s->pid) < 0) {
                s->pid = 0;
                return;
        }
        s->since_usec = process_start(s->pid);
}

static bool means_not_running(const sd_bus_error *error)
{
        return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

int daemon_get_status(sd_bus *bus, bool start, DaemonStatus *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_(daemon_status_done) DaemonStatus s = { 0 };
        int r;

        set_text(&s.last_error, "");
        set_text(&s.source, "");
        set_text(&s.archive, "");
        set_text(&s.version, "");
        r = daemon_new_call(bus, "Status", &call);
        if (r < 0)
                return r;
        (void) sd_bus_message_set_auto_start(call, start);
        r = sd_bus_call(bus, call, STATUS_TIMEOUT_USEC, &error, &reply);
        if (r < 0)
                return means_not_running(&error) ? 0 : r;
        r = read_status(reply, &s);
        if (r < 0)
                return r;
        find_process(bus, &s);
        *ret = s;
        s = (DaemonStatus){ 0 };
        return 1;
}

int daemon_read_numbers(sd_bus_message *m, CycleNumbers *ret,
                        void (*on_error)(void *userdata, const char *session_id,
                                         const char *reason),
                        void *userdata)
{
        CycleNumbers n = { 0 };
        const char *id, *reason;
        int r;

        r = sd_bus_message_read(m, "ttt", &n.n_synced, &n.n_skipped, &n.n_secrets);
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "{ss}");
        while (r >= 0 && (r = sd_bus_message_read(m, "{ss}", &id, &reason)) > 0) {
                n.n_errors++;
                if (on_error)
                        on_error(userdata, id, reason);
        }
        if (r < 0)
                return r;
        *ret = n;
        return 0;
}

int daemon_failed(const sd_bus_error *error, int r)
{
        _cleanup_free_ char *sentence = printable(error && error->message ? error->message : "");

        if (error && means_not_running(error))
                print_error(_("scrubjayd is not running and cannot be started over D-Bus. Start it "
                              "with 'systemctl --user enable --now scrubjay'."));
        else if (r == -ETIMEDOUT || r == -ECONNRESET || r == -ENOTCONN ||
                 (error && sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)))
                print_error(_("scrubjayd ended before it answered. See 'journalctl --user -u scrubjay'."));
        else if (*sentence)
                print_error("%s", sentence);
        else
                print_error(_("The call to scrubjayd failed: %s."), strerror(-r));
        return STATUS_FAILED;
}

int daemon_no_bus(int r)
{
        print_error(_("There is no user bus (%s). Log in to a systemd session, or run 'export "
                      "XDG_RUNTIME_DIR=/run/user/$(id -u)'."),
                    strerror(-r));
        return STATUS_FAILED;
}
