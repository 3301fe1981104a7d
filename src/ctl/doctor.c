/*
 * scrubjayctl doctor: is everything as it should be, and if not, what to do
 *
 * It looks and changes nothing. A finding is one of three: good, worth a look, broken.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "archive/archive-damage.h"
#include "base/file-util.h"
#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/remote-advice.h"
#include "ctl/sandbox.h"
#include "ctl/terminal.h"
#include "ctl/text.h"
#include "mask/known-values.h"
#include "mask/ruleset.h"
#include "remote/delivery.h"
#include "source/reader.h"

#define UNIT           "scrubjay.service"
#define MANAGER_NAME   "org.freedesktop.systemd1"
#define MANAGER_PATH   "/org/freedesktop/systemd1"
#define MANAGER        "org.freedesktop.systemd1.Manager"
#define UNIT_PATH      "/org/freedesktop/systemd1/unit/scrubjay_2eservice"
#define EXIT_NAMESPACE 226 /* systemd.exec(5), process exit codes */
#define FREE_BYTES_MIN ((uint64_t) 200 * 1000 * 1000)

#define AUDITS_MISSED_MAX 3
#define BEGAN_ANEW_USEC   (7 * USEC_PER_DAY)

typedef enum DoctorVerdict {
        VERDICT_GOOD,
        VERDICT_LOOK,
        VERDICT_BROKEN,
} DoctorVerdict;

static const struct {
        const char *sign, *name;
        Style style;
} verdicts[] = {
        [VERDICT_GOOD] = { "✓", "good", STYLE_GOOD },
        [VERDICT_LOOK] = { "!", "look", STYLE_WARNING },
        [VERDICT_BROKEN] = { "✗", "broken", STYLE_BAD },
};

typedef struct Doctor {
        bool json;
        JsonArray array;
        unsigned n[VERDICT_BROKEN + 1];
        const Settings *settings;
        sd_bus *bus; /* NULL: there is none */
        DaemonStatus daemon;
        bool is_running;
} Doctor;

static void doctor_done(Doctor *d)
{
        daemon_status_done(&d->daemon);
        (void) sd_bus_flush_close_unref(d->bus);
}

/* One finding: @check names what was checked, for programs; @advice is NULL if there is nothing to do. */
static void say(Doctor *d, DoctorVerdict verdict, const char *check, const char *text,
                const char *advice)
{
        _cleanup_free_ char *line = printable(text);

        d->n[verdict]++;
        if (d->json) {
                struct json_object *o = json_new();

                json_add_text(o, "check", check);
                json_add_text(o, "verdict", verdicts[verdict].name);
                json_add_text(o, "text", line);
                json_add_text(o, "advice", advice);
                (void) json_array_print(&d->array, o);
                return;
        }
        printf("%s%s%s %s\n", style_on(verdicts[verdict].style), verdicts[verdict].sign,
               style_off(), line ?: "");
        if (advice)
                printf("  → %s\n", advice);
}

static void sayf(Doctor *d, DoctorVerdict verdict, const char *check, const char *advice,
                 const char *format, ...) _printf_(5, 6);

static void sayf(Doctor *d, DoctorVerdict verdict, const char *check, const char *advice,
                 const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        va_list ap;

        va_start(ap, format);
        (void) strbuf_vprintf(&b, format, ap);
        va_end(ap);
        say(d, verdict, check, b.data ?: "", advice);
}

/* Settings and rules */

static void check_settings(Doctor *d)
{
        size_t n = 0;

        for (char **e = d->settings->errors; e && *e; e++)
                say(d, VERDICT_BROKEN, "settings", *e,
                    _("The service does not start with these settings; after a reload it keeps those "
                      "from before. Correct them. What follows is checked with the rest of them."));
        for (char **w = d->settings->warnings; w && *w; w++)
                say(d, VERDICT_LOOK, "settings", *w, _("The default is used. Correct that line."));
        for (char **f = d->settings->files; f && *f; f++)
                n++;
        if (d->settings->error < 0)
                return;
        if (n == 0)
                say(d, VERDICT_GOOD, "settings", _("No settings file: the defaults are used."),
                    NULL);
        else
                sayf(d, VERDICT_GOOD, "settings", NULL,
                     P_("%zu settings file was read.", "%zu settings files were read.", n), n);
}

static void check_rules(Doctor *d)
{
        const RulesetOptions options = {
                .folders = (const char *const *) d->settings->rules_folders,
                .disable = (const char *const *) d->settings->rules_disable,
                .caution = d->settings->caution,
        };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_free_ char *error = NULL;
        int r;

        r = ruleset_load(&options, &rules, &error);
        if (r < 0)
                say(d, VERDICT_BROKEN, "rules", error ?: strerror(-r),
                    _("Nothing is synced without rules. Correct the file, or [Mask] RulesDir=."));
        else
                sayf(d, VERDICT_GOOD, "rules", NULL,
                     P_("%zu rule is in force.", "%zu rules are in force.", ruleset_n_rules(rules)),
                     ruleset_n_rules(rules));
        for (char **id = d->settings->rules_disable; r >= 0 && id && *id; id++)
                if (ruleset_heir(rules, *id))
                        sayf(d, VERDICT_LOOK, "rules", _("Disable that rule, or remove the line."),
                             _("[Mask] Disable=%s disables nothing: this rule was retired, and '%s' "
                               "replaces it."),
                             *id, ruleset_heir(rules, *id));
}

/* A file that this command can read may be one that the service's sandbox hides. */
static void check_known_files(Doctor *d)
{
        _cleanup_(known_values_unrefp) KnownValues *known = NULL;
        const HashKey key = { 0 };

        if (!d->settings->known_files || !*d->settings->known_files)
                return;
        known = known_values_load((const char *const *) d->settings->known_files, &key);
        for (size_t i = 0; i < known_values_n_files(known); i++) {
                const KnownFile *f = known_values_file(known, i);

                if (f->error < 0)
                        sayf(d, VERDICT_LOOK, "known-files",
                             _("Make it readable, or remove it from [Mask] KnownFiles=."),
                             _("The file '%s' of [Mask] KnownFiles= cannot be read: %s."), f->path,
                             known_file_reason(f));
                else if (f->n_left_out > 0)
                        sayf(d, VERDICT_LOOK, "known-files", NULL,
                             P_("%zu value in '%s' is left out: it is too long, or one too many.",
                                "%zu values in '%s' are left out: they are too long, or too many.",
                                f->n_left_out),
                             f->n_left_out, f->path);
        }
        if (d->is_running && d->daemon.known_files < known_values_n_read(known))
                sayf(d, VERDICT_LOOK, "known-files",
                     _("Run 'scrubjayctl sync'. If this persists, the service's sandbox hides some "
                       "of them: see KnownFiles= in scrubjay.conf(5)."),
                     _("Files of [Mask] KnownFiles= that the service has read: %" PRIu64
                       "; that can be read: %zu."),
                     d->daemon.known_files, known_values_n_read(known));
        sayf(d, VERDICT_GOOD, "known-files", NULL,
             P_("%zu value of [Mask] KnownFiles= is masked wherever it stands (files read: %zu).",
                "%zu values of [Mask] KnownFiles= are masked wherever they stand (files read: %zu).",
                known_values_n(known)),
             known_values_n(known), known_values_n_read(known));
}

/* Source */

static void check_texts(Doctor *d, Reader *reader)
{
        uint64_t n = 0;

        if (reader_count_textless(reader, &n) >= 0 && n > 0)
                sayf(d, VERDICT_LOOK, "source-texts",
                     _("To archive their text, set archive_content = \"full\" in agentsview's "
                       "config.toml and run 'agentsview sync --full'. Text that is already archived "
                       "stays."),
                     P_("agentsview keeps no text of %" PRIu64 " session (archive_content).",
                        "agentsview keeps no text of %" PRIu64 " sessions (archive_content).", n),
                     n);
}

static void check_source(Doctor *d)
{
        const char *path = d->is_running ? d->daemon.source : d->settings->source_path;
        const HashKey key = { 0 };
        _cleanup_(reader_freep) Reader *reader = reader_new(path, &key);
        _cleanup_free_ char *reason = NULL;
        uint64_t n = 0;
        int r;

        r = reader_open(reader, &reason);
        if (r == -ENOENT) {
                sayf(d, VERDICT_LOOK, "source",
                     _("Start agentsview once ('agentsview sync'), or set [Source] Path=. The service "
                       "waits for it."),
                     _("There is no agentsview database at '%s' yet."), path);
                return;
        }
        if (r >= 0)
                r = reader_count(reader, &n);
        if (r < 0) {
                say(d, VERDICT_BROKEN, "source", reason ?: reader_reason(reader),
                    r == -EBUSY    ? _("Another program has it locked. Try again in a while.")
                    : r == -EPROTO ? NULL
                                   : _("Check [Source] Path=, and the permissions of the file and "
                                       "its folder."));
                return;
        }
        sayf(d, VERDICT_GOOD, "source", NULL,
             P_("The source '%s' has %" PRId64 " session.",
                "The source '%s' has %" PRId64 " sessions.", n),
             path, (int64_t) n);
        check_texts(d, reader);
}

/* Archive */

static void check_mode(Doctor *d, const char *path)
{
        struct stat st;

        if (stat(path, &st) >= 0 && (st.st_mode & 0077) != 0)
                sayf(d, VERDICT_BROKEN, "archive-mode",
                     S_ISDIR(st.st_mode) ? _("chmod 700 that folder.") : _("chmod 600 that file."),
                     _("Others can read or change '%s' (mode %03o)."), path, st.st_mode & 0777);
}

static void check_space(Doctor *d, const char *folder)
{
        _cleanup_(strbuf_done) StrBuf size = { 0 };
        struct statvfs fs;
        uint64_t n_free;

        if (statvfs(folder, &fs) < 0)
                return;
        n_free = (uint64_t) fs.f_bavail * fs.f_frsize;
        if (n_free >= FREE_BYTES_MIN)
                return;
        (void) put_size(&size, n_free);
        sayf(d, VERDICT_LOOK, "space", _("Free some space before a sync fails."),
             _("Only %s is free on the archive's file system."), size.data ?: "");
}

/* A person may still have the previous one, so it is reported for a week. */
static void check_began_anew(Doctor *d, const ArchiveSummary *s)
{
        _cleanup_(strbuf_done) StrBuf when = { 0 };
        uint64_t now = now_usec(CLOCK_REALTIME);

        if (s->began_anew_at_usec == 0 || now - s->began_anew_at_usec > BEGAN_ANEW_USEC)
                return;
        (void) put_local_time(&when, s->began_anew_at_usec);
        sayf(d, VERDICT_LOOK, "archive-new",
             _("What agentsview no longer had is only in the old archive. To use it again, stop the "
               "service and put it back in its place."),
             _("The archive was moved or removed while it was in use; a new one was started on %s."),
             when.data ?: "");
}

/* Purging, masking again and wiping leave these files as they are. */
static void check_damaged(Doctor *d, const char *path)
{
        int n = archive_n_damaged(path);

        if (n > 0)
                sayf(d, VERDICT_LOOK, "archive-damaged",
                     _("They still hold everything, including text that has been purged or masked "
                       "since then. Remove them when you no longer need them."),
                     P_("There is %d damaged archive beside it ('%s.damaged-*').",
                        "There are %d damaged archives beside it ('%s.damaged-*').", n),
                     n, path);
}

static void check_archive(Doctor *d)
{
        const char *path = d->is_running ? d->daemon.archive : d->settings->archive_path;
        _cleanup_free_ char *folder = path_folder(path), *sentence = NULL;
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_(strbuf_done) StrBuf size = { 0 };
        ArchiveSummary s;
        int r;

        r = query_open(path, &q);
        if (r == -ENOENT) {
                sayf(d, VERDICT_LOOK, "archive", _("The service creates it at its first sync."),
                     _("There is no archive at '%s' yet."), path);
                return;
        }
        if (r >= 0)
                r = query_summary(q, &s);
        if (r < 0) {
                sentence = places_explain_archive(path, r);
                say(d, VERDICT_BROKEN, "archive", sentence, NULL);
                return;
        }
        (void) put_size(&size, s.n_bytes);
        sayf(d, VERDICT_GOOD, "archive", NULL,
             P_("The archive '%s' (%s) holds %" PRIu64 " session.",
                "The archive '%s' (%s) holds %" PRIu64 " sessions.", s.n_sessions),
             path, size.data ?: "", s.n_sessions);
        if (s.n_stale > 0)
                sayf(d, VERDICT_LOOK, "archive-stale", _("scrubjayctl sync masks them again."),
                     P_("%" PRIu64
                        " session was masked with other rules or settings than the current ones.",
                        "%" PRIu64
                        " sessions were masked with other rules or settings than the current ones.",
                        s.n_stale),
                     s.n_stale);
        check_began_anew(d, &s);
        check_damaged(d, path);
        check_mode(d, path);
        if (folder) {
                check_mode(d, folder);
                check_space(d, folder);
        }
}

/* Service */

/* The state of our unit file ("enabled", "disabled" ...); NULL: the manager does not know it, or there is none. */
static char *unit_file_state(sd_bus *bus)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *state;

        if (sd_bus_message_new_method_call(bus, &call, MANAGER_NAME, MANAGER_PATH, MANAGER,
                                           "GetUnitFileState") < 0 ||
            sd_bus_message_append(call, "s", UNIT) < 0 ||
            sd_bus_message_set_auto_start(call, false) < 0 ||
            sd_bus_call(bus, call, 0, NULL, &reply) < 0 ||
            sd_bus_message_read(reply, "s", &state) < 0)
                return NULL;
        return xstrdup(state);
}

static void check_unit(Doctor *d)
{
        _cleanup_free_ char *state = unit_file_state(d->bus);

        if (!state)
                say(d, VERDICT_LOOK, "unit", _("The user manager does not know scrubjay.service."),
                    _("Install scrubjay, then: systemctl --user daemon-reload"));
        else if (strncmp(state, "enabled", 7) != 0)
                sayf(d, VERDICT_LOOK, "unit", "systemctl --user enable --now scrubjay",
                     _("The service does not start by itself (its unit is %s)."), state);
        else
                say(d, VERDICT_GOOD, "unit", _("The service starts by itself at login."), NULL);
}

static void check_linger(Doctor *d)
{
        const struct passwd *user = getpwuid(getuid());
        _cleanup_free_ char *path = NULL;

        if (!user)
                return;
        path = xasprintf("/var/lib/systemd/linger/%s", user->pw_name);
        if (access(path, F_OK) < 0)
                say(d, VERDICT_GOOD, "linger",
                    _("The service ends when you log out ('loginctl enable-linger' keeps it running)."),
                    NULL);
        else
                say(d, VERDICT_GOOD, "linger", _("The service keeps running after you log out."),
                    NULL);
}

static void check_sandbox(Doctor *d)
{
        static const struct {
                int what;
                const char *check, *text;
        } protections[] = {
                { SANDBOX_SYSTEM_CALLS, "sandbox-system-calls",
                  N_("Missing: the filter of system calls and sockets.") },
                { SANDBOX_FILES, "sandbox-files",
                  N_("Missing: the protection of files, devices and /tmp. The service can read and "
                     "write what you can.") },
                { SANDBOX_NETWORK, "sandbox-network", N_("Missing: a network of its own.") },
                { SANDBOX_CAPABILITIES, "sandbox-capabilities",
                  N_("Missing: the empty set of capabilities.") },
        };
        int missing = d->daemon.pid > 0 ? sandbox_missing(d->daemon.pid) : -ESRCH;
        _cleanup_free_ char *why = NULL;
        SandboxRefusal refusal;

        if (missing < 0)
                return;
        if (missing == 0) {
                say(d, VERDICT_GOOD, "sandbox", _("The service runs in its sandbox."), NULL);
                return;
        }
        if (missing == SANDBOX_ALL) {
                say(d, VERDICT_LOOK, "sandbox", _("The service runs without its sandbox."),
                    _("Start it with systemd (systemctl --user start scrubjay), and see 'systemctl "
                      "--user cat scrubjay' for drop-ins that turn the sandbox off."));
                return;
        }
        refusal = sandbox_refusal(getenv("XDG_RUNTIME_DIR") ?: "", &why);
        if (refusal == SANDBOX_REFUSED_BY_MISTAKE)
                sayf(d, VERDICT_BROKEN, "sandbox",
                     _("This session or machine is set up wrongly; 'journalctl --user -u "
                       "scrubjay-sandbox-trial' shows the service manager's messages. Then: "
                       "systemctl --user restart scrubjay"),
                     _("The service runs in only part of its sandbox: %s."), why ?: "");
        else if (refusal == SANDBOX_REFUSED_BY_MACHINE)
                sayf(d, VERDICT_LOOK, "sandbox", sandbox_advice(),
                     _("The service runs in only part of its sandbox: %s."), why ?: "");
        else
                say(d, VERDICT_LOOK, "sandbox", _("The service runs in only part of its sandbox."),
                    sandbox_advice());
        for (size_t i = 0; i < ELEMENTSOF(protections); i++)
                if (missing & protections[i].what)
                        say(d, VERDICT_LOOK, protections[i].check, _(protections[i].text), NULL);
        if (!(missing & SANDBOX_SYSTEM_CALLS))
                say(d, VERDICT_GOOD, "sandbox-system-calls",
                    _("In effect: the filter of system calls and sockets, and no new privileges."),
                    NULL);
}

/* Why it does not run: it was not started, or it fails again and again. */
static void check_start(Doctor *d)
{
        _cleanup_free_ char *state = NULL;
        int status = 0;

        if (sd_bus_get_property_string(d->bus, MANAGER_NAME, UNIT_PATH, MANAGER_NAME ".Unit",
                                       "ActiveState", NULL, &state) < 0 ||
            sd_bus_get_property_trivial(d->bus, MANAGER_NAME, UNIT_PATH, MANAGER_NAME ".Service",
                                        "ExecMainStatus", NULL, 'i', &status) < 0 ||
            strcmp(state, "inactive") == 0 || status == 0)
                say(d, VERDICT_BROKEN, "service", _("scrubjayd is not running."),
                    "systemctl --user enable --now scrubjay");
        else
                sayf(d, VERDICT_BROKEN, "service",
                     status == EXIT_NAMESPACE
                                     ? _("Its sandbox cannot be set up: is a folder in "
                                         "ReadWritePaths= missing? See 'systemctl --user cat "
                                         "scrubjay' and 'journalctl --user -u scrubjay -x'.")
                                     : "journalctl --user -u scrubjay -x",
                     _("scrubjayd fails to start (exit status %d)."), status);
}

static void check_remote(Doctor *d, const RemoteStatus *remote)
{
        if (*remote->last_error && remote->n_behind == 0)
                sayf(d, VERDICT_LOOK, "remote", "scrubjayctl remote list", _("The remote '%s': %s"),
                     remote->name, remote->last_error);
        else if (*remote->last_error)
                sayf(d, VERDICT_LOOK, "remote", "scrubjayctl remote list",
                     P_("The remote '%s' is %" PRIu64 " session behind: %s",
                        "The remote '%s' is %" PRIu64 " sessions behind: %s", remote->n_behind),
                     remote->name, remote->n_behind, remote->last_error);
        else if (remote->n_behind > 0)
                sayf(d, VERDICT_GOOD, "remote", NULL,
                     P_("The remote '%s' is being sent %" PRIu64 " session.",
                        "The remote '%s' is being sent %" PRIu64 " sessions.", remote->n_behind),
                     remote->name, remote->n_behind);
        else
                sayf(d, VERDICT_GOOD, "remote", NULL, _("The remote '%s' is up to date."),
                     remote->name);
}

/* What of a remote's settings a person should know before anything is sent. */
static void check_remote_settings(Doctor *d, size_t index)
{
        RemoteOptions options = settings_for_remote(d->settings, index);
        _cleanup_(delivery_freep) Delivery *delivery = NULL;
        _cleanup_free_ char *why = NULL;
        int r = delivery_new(&options, NULL, NULL, &delivery, &why);

        if (r < 0 && !d->is_running) /* else check_remote() says why */
                sayf(d, VERDICT_BROKEN, "remote", "man scrubjay.conf", _("The remote '%s': %s"),
                     options.name, why ?: strerror(-r));
        if (r < 0)
                return;
        if (delivery_caution(delivery))
                sayf(d, VERDICT_LOOK, "remote-plain-text", "man scrubjay.conf",
                     _("The remote '%s': %s"), options.name, delivery_caution(delivery));
        if (delivery_has_owner(delivery) == 0)
                sayf(d, VERDICT_LOOK, "remote-owner", remote_owner_advice(),
                     _("The remote '%s' gets sessions that do not say whose they are."),
                     options.name);
}

/* Audits compare everything in source and archive. If they do not finish, nothing else may reveal it. */
static void check_verified(Doctor *d)
{
        uint64_t now = now_usec(CLOCK_REALTIME), last = d->daemon.last_verified_usec,
                 since = last > d->daemon.since_usec ? last : d->daemon.since_usec;
        _cleanup_(strbuf_done) StrBuf ago = { 0 }, interval = { 0 };

        if (since == 0)
                return;
        (void) put_ago(&ago, last, now);
        format_time_span(&interval, d->settings->audit_usec);
        if (now > since && (now - since) / AUDITS_MISSED_MAX > d->settings->audit_usec)
                sayf(d, VERDICT_LOOK, "verified", "journalctl --user -u scrubjay -x",
                     _("Source and archive were last found equal: %s. An audit is due every %s."),
                     ago.data ?: "", interval.data ?: "");
        else if (last > 0)
                sayf(d, VERDICT_GOOD, "verified", NULL,
                     _("Source and archive were last found equal: %s."), ago.data ?: "");
}

static void check_service(Doctor *d)
{
        if (!d->bus) {
                say(d, VERDICT_LOOK, "bus",
                    _("There is no user bus, so the service cannot be queried."),
                    _("Log in to a systemd session, or run: export XDG_RUNTIME_DIR=/run/user/$(id -u)"));
                return;
        }
        check_unit(d);
        if (!d->is_running) {
                check_start(d);
                return;
        }
        sayf(d, VERDICT_GOOD, "service", NULL, _("scrubjayd %s is running (process %d)."),
             d->daemon.version, (int) d->daemon.pid);
        if (*d->daemon.last_error)
                say(d, VERDICT_BROKEN, "last-error", d->daemon.last_error,
                    "journalctl --user -u scrubjay -x");
        check_verified(d);
        for (size_t i = 0; i < d->daemon.n_remotes; i++)
                check_remote(d, d->daemon.remotes + i);
        check_sandbox(d);
        check_linger(d);
}

/* Watching: what the daemon does is tried here, by the same user and so within the same limits. */
static void check_watch(Doctor *d)
{
        _cleanup_free_ char *folder = path_folder(d->settings->source_path);
        _cleanup_close_ int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        int r = 0;

        if (fd < 0 || (folder && access(folder, F_OK) >= 0 &&
                       inotify_add_watch(fd, folder, IN_MODIFY | IN_MOVED_TO) < 0))
                r = -errno;
        if (r == -EMFILE)
                say(d, VERDICT_BROKEN, "watch",
                    _("No more files can be watched: too many programs watch files."),
                    "sudo sysctl fs.inotify.max_user_instances=512");
        else if (r == -ENOSPC)
                say(d, VERDICT_BROKEN, "watch", _("No more folders can be watched."),
                    "sudo sysctl fs.inotify.max_user_watches=524288");
        else if (r < 0)
                sayf(d, VERDICT_LOOK, "watch", _("Changes are noticed only every few minutes."),
                     _("The source's folder cannot be watched: %s."), strerror(-r));
        else
                say(d, VERDICT_GOOD, "watch", _("Folders can be watched for changes."), NULL);
}

static void print_sum(const Doctor *d)
{
        putchar('\n');
        if (d->n[VERDICT_BROKEN] + d->n[VERDICT_LOOK] == 0)
                puts(_("No problems were found."));
        else
                printf(_("%u broken, %u worth a look, %u good.\n"), d->n[VERDICT_BROKEN],
                       d->n[VERDICT_LOOK], d->n[VERDICT_GOOD]);
}

int command_doctor(int argc, char *argv[])
{
        _cleanup_(doctor_done) Doctor d = { 0 };
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &d.json },
        };
        const Usage usage = {
                .summary = N_("Checks settings, rules, source, archive, service, sandbox and limits, and "
                              "says what to do. Exit status 1: something is broken."),
                .example = "scrubjayctl doctor",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };

        (void) options_parse(&usage, argc, argv);
        d.settings = places_look();
        if (daemon_connect(&d.bus) >= 0)
                d.is_running = daemon_get_status(d.bus, false, &d.daemon) > 0;
        check_settings(&d);
        check_rules(&d);
        check_known_files(&d);
        check_source(&d);
        check_archive(&d);
        check_service(&d);
        for (size_t i = 0; i < d.settings->n_remotes; i++)
                check_remote_settings(&d, i);
        check_watch(&d);
        if (d.json)
                json_array_end(&d.array);
        else
                print_sum(&d);
        return d.n[VERDICT_BROKEN] > 0 ? STATUS_FAILED : STATUS_DONE;
}
