/* scrubjayctl status: what runs, what is archived, what to do next; one screen */
#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define RULES_SHOWN 8

typedef struct RuleLine {
        char *rule;
        RuleFindings found;
} RuleLine;

/* Everything that is shown, gathered before the first line is. */
typedef struct View {
        bool has_bus;
        bool is_running;
        DaemonStatus daemon;

        char *source, *archive; /* paths */
        char *archive_error;    /* a sentence, or NULL */
        char *archive_warning;
        bool has_archive;
        ArchiveSummary summary;
        RuleLine *rules;
        size_t n_rules;

        uint64_t now;
} View;

static void view_done(View *v)
{
        daemon_status_done(&v->daemon);
        free(v->source);
        free(v->archive);
        free(v->archive_error);
        free(v->archive_warning);
        for (size_t i = 0; i < v->n_rules; i++)
                free(v->rules[i].rule);
        free(v->rules);
}

static int on_rule(void *userdata, const RuleFindings *rule)
{
        View *v = userdata;

        APPEND(v->rules, v->n_rules, (RuleLine){ printable(rule->rule), *rule });
        v->rules[v->n_rules - 1].found.rule = v->rules[v->n_rules - 1].rule;
        return 0;
}

static void read_archive(View *v)
{
        _cleanup_(query_closep) Query *q = NULL;
        int r;

        r = query_open(v->archive, &q);
        if (r < 0) {
                /* none yet is no error: it is said under "what next" */
                if (r != -ENOENT)
                        v->archive_error = places_explain_archive(v->archive, r);
                return;
        }
        v->archive_warning = xstrdup(query_warning(q));
        r = query_summary(q, &v->summary);
        if (r >= 0)
                r = query_rules(q, on_rule, v);
        if (r < 0)
                format_error(&v->archive_error, _("The archive cannot be read: %s."),
                             query_reason(q));
        v->has_archive = r >= 0;
}

/* The daemon writes what it reports; its archive may differ from this command line's. */
static int find_places(View *v)
{
        bool ask_daemon = v->is_running && !places.archive && *v->daemon.archive;
        const Settings *settings = NULL;
        int r;

        if (!ask_daemon) {
                r = places_settings(&settings);
                if (r < 0)
                        return r;
        }
        v->source = xstrdup(v->is_running ? v->daemon.source : settings->source_path);
        v->archive = xstrdup(ask_daemon ? v->daemon.archive : settings->archive_path);
        return 0;
}

static int gather(View *v)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        v->now = now_usec(CLOCK_REALTIME);
        v->has_bus = daemon_connect(&bus) >= 0;
        if (v->has_bus) {
                r = daemon_get_status(bus, false, &v->daemon);
                if (r < 0)
                        return daemon_failed(NULL, r), r;
                v->is_running = r > 0;
        }
        if (find_places(v) < 0)
                return -1;
        read_archive(v);
        return 0;
}

/* What to do next: a sentence, borrowed; most pressing first. */
static const char *next_step(const View *v)
{
        if (!v->has_bus) /* then systemctl --user fails, too */
                return _("Log in to a systemd session, or run: export XDG_RUNTIME_DIR=/run/user/$(id -u)");
        if (!v->is_running)
                return _("Start the service: systemctl --user enable --now scrubjay");
        if (*v->daemon.last_error)
                return _("Find out more: scrubjayctl doctor, journalctl --user -u scrubjay -x");
        if (v->daemon.syncing)
                return _("Wait, or follow it: scrubjayctl watch");
        if (!v->has_archive)
                return _("Wait until agentsview has sessions, or sync now: scrubjayctl sync");
        if (v->summary.n_stale > 0)
                return _("Mask again what older rules masked: scrubjayctl sync");
        if (v->summary.n_open_secrets > 0)
                return _("Rotate the secrets that were found, since they were in plain text "
                         "elsewhere: scrubjayctl findings");
        return _("Nothing to do. To read sessions: scrubjayctl sessions");
}

/* The width of the widest label, in whatever language. */
static size_t label_width(void)
{
        const char *const labels[] = { _("Source"), _("Archive"), _("Last sync"), _("Verified"),
                                       _("Held"),   _("Masked"),  _("Known"),     _("Remote"),
                                       _("Error"),  _("Next") };
        size_t widest = 0;

        for (size_t i = 0; i < ELEMENTSOF(labels); i++)
                if (text_width(labels[i]) > widest)
                        widest = text_width(labels[i]);
        return widest;
}

/* One line " Label: text", labels aligned right. */
static void print_field(const char *label, Style style, const StrBuf *text)
{
        printf("%*s%s: %s%s%s\n", (int) (label_width() - text_width(label)) + 1, "", label,
               style_on(style), text->data ?: "", style == STYLE_NONE ? "" : style_off());
}

static void print_headline(const View *v)
{
        _cleanup_(strbuf_done) StrBuf since = { 0 };

        if (!v->is_running) {
                printf("%s○%s %s\n", style_on(STYLE_DIM), style_off(),
                       v->has_bus ? _("scrubjayd is not running")
                                  : _("scrubjayd is not running: there is no user bus"));
                return;
        }
        (void) put_local_time(&since, v->daemon.since_usec);
        (void) strbuf_puts(&since, " (");
        (void) put_ago(&since, v->daemon.since_usec, v->now);
        (void) strbuf_puts(&since, ")");
        printf("%s●%s ", style_on(*v->daemon.last_error ? STYLE_WARNING : STYLE_GOOD), style_off());
        if (v->daemon.since_usec > 0)
                printf(_("scrubjayd %s is running since %s"), v->daemon.version, since.data);
        else
                printf(_("scrubjayd %s is running"), v->daemon.version);
        putchar('\n');
}

static void print_sync_field(const View *v)
{
        uint64_t last = v->is_running ? v->daemon.last_sync_usec : v->summary.last_synced_at_usec;
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) put_ago(&b, last, v->now);
        if (v->is_running && v->daemon.syncing) {
                (void) strbuf_puts(&b, ", ");
                if (v->daemon.n_pending > 0)
                        (void) strbuf_printf(&b,
                                             P_("syncing now, %" PRIu64 " session to go",
                                                "syncing now, %" PRIu64 " sessions to go",
                                                v->daemon.n_pending),
                                             v->daemon.n_pending);
                else
                        (void) strbuf_puts(&b, _("syncing now"));
        }
        print_field(_("Last sync"), STYLE_NONE, &b);
}

/* When all of both sides was compared last: a sync that says nothing of failures may still have stopped to see. */
static void print_verified_field(const View *v)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) put_ago(&b,
                       v->is_running ? v->daemon.last_verified_usec
                                     : v->summary.last_verified_at_usec,
                       v->now);
        print_field(_("Verified"), STYLE_NONE, &b);
}

static void put_part(StrBuf *b, const char *text, uint64_t n)
{
        if (n > 0)
                (void) strbuf_printf(b, "%s%" PRIu64 " %s", b->size > 0 ? ", " : "", n, text);
}

static void print_held_field(const ArchiveSummary *s)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) strbuf_printf(&b, P_("%" PRIu64 " session", "%" PRIu64 " sessions", s->n_sessions),
                             s->n_sessions);
        (void) strbuf_puts(&b, ", ");
        (void) strbuf_printf(&b, P_("%" PRIu64 " message", "%" PRIu64 " messages", s->n_messages),
                             s->n_messages);
        put_part(&b, _("starred"), s->n_starred);
        put_part(&b, _("in the trash"), s->n_trashed);
        put_part(&b, _("deleted at the source"), s->n_deleted);
        put_part(&b, _("without text"), s->n_metadata_only);
        put_part(&b, _("to be masked again"), s->n_stale);
        print_field(_("Held"), STYLE_NONE, &b);
}

/* The values of [Mask] KnownFiles=. */
static void print_known_field(const DaemonStatus *d)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (d->known_files + d->known_unread == 0)
                return;
        (void) strbuf_printf(&b, P_("%" PRIu64 " value", "%" PRIu64 " values", d->known_values),
                             d->known_values);
        (void) strbuf_puts(&b, ", ");
        (void) strbuf_printf(&b,
                             P_("%" PRIu64 " file read", "%" PRIu64 " files read", d->known_files),
                             d->known_files);
        if (d->known_unread > 0) {
                (void) strbuf_puts(&b, ", ");
                (void) strbuf_printf(&b,
                                     P_("%" PRIu64 " not read (scrubjayctl doctor)",
                                        "%" PRIu64 " not read (scrubjayctl doctor)",
                                        d->known_unread),
                                     d->known_unread);
        }
        print_field(_("Known"), STYLE_NONE, &b);
}

/* The rules with open secrets: in how many places each. */
static void print_open_rules(const View *v)
{
        uint64_t n_more = 0;

        for (size_t i = 0; i < v->n_rules; i++) {
                if (v->rules[i].found.n_open_findings == 0)
                        continue;
                if (i >= RULES_SHOWN) {
                        n_more++;
                        continue;
                }
                printf("%*s%6" PRIu64 "  %s\n", (int) label_width() + 3, "",
                       v->rules[i].found.n_open_findings, v->rules[i].rule);
        }
        if (n_more > 0) {
                printf("%*s     …  ", (int) label_width() + 3, "");
                printf(P_("%" PRIu64 " more rule", "%" PRIu64 " more rules", n_more), n_more);
                putchar('\n');
        }
}

static void print_masked_field(const View *v)
{
        uint64_t n_open = v->summary.n_open_secrets, n_places = v->summary.n_open_findings;
        uint64_t n_known = v->summary.n_secrets - n_open;
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        if (n_open == 0)
                (void) strbuf_puts(&b, n_known > 0 ? _("no open secrets") : _("no secrets found"));
        else {
                (void) strbuf_printf(&b,
                                     P_("%" PRIu64 " secret to rotate",
                                        "%" PRIu64 " different secrets to rotate", n_open),
                                     n_open);
                (void) strbuf_puts(&b, ", ");
                (void) strbuf_printf(&b, P_("%" PRIu64 " place", "%" PRIu64 " places", n_places),
                                     n_places);
        }
        put_part(&b, _("acknowledged"), n_known);
        print_field(_("Masked"), n_open > 0 ? STYLE_MASKED : STYLE_NONE, &b);
        print_open_rules(v);
}

static void print_remotes(const View *v)
{
        for (size_t i = 0; i < v->daemon.n_remotes; i++) {
                const RemoteStatus *remote = v->daemon.remotes + i;
                bool failed = *remote->last_error != 0;
                _cleanup_(strbuf_done) StrBuf b = { 0 };

                (void) strbuf_printf(&b, "%s (%s), ", remote->name, remote->url);
                if (failed)
                        (void) strbuf_puts(&b, remote->last_error);
                else {
                        (void) strbuf_puts(&b, _("delivered"));
                        (void) strbuf_putc(&b, ' ');
                        (void) put_ago(&b, remote->last_delivery_usec, v->now);
                }
                put_part(&b, P_("session behind", "sessions behind", remote->n_behind),
                         remote->n_behind);
                print_field(_("Remote"), failed ? STYLE_WARNING : STYLE_NONE, &b);
        }
}

static void print_text_field(const char *label, Style style, const char *text)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        (void) strbuf_puts(&b, text);
        print_field(label, style, &b);
}

static void print_view(const View *v)
{
        _cleanup_(strbuf_done) StrBuf archive = { 0 };

        print_headline(v);
        print_text_field(_("Source"), STYLE_NONE, v->source);
        (void) put_printable(&archive, PRINTABLE_LINE, v->archive, strlen(v->archive));
        if (v->has_archive) {
                (void) strbuf_puts(&archive, " (");
                (void) put_size(&archive, v->summary.n_bytes);
                (void) strbuf_putc(&archive, ')');
        } else if (!v->archive_error)
                (void) strbuf_printf(&archive, " (%s)", _("not there yet"));
        print_field(_("Archive"), STYLE_NONE, &archive);
        print_sync_field(v);
        print_verified_field(v);
        if (v->has_archive) {
                print_held_field(&v->summary);
                print_masked_field(v);
        }
        print_known_field(&v->daemon);
        print_remotes(v);
        if (v->is_running && *v->daemon.last_error)
                print_text_field(_("Error"), STYLE_BAD, v->daemon.last_error);
        if (v->archive_error)
                print_text_field(_("Error"), STYLE_BAD, v->archive_error);
        if (v->archive_warning)
                print_text_field(_("Error"), STYLE_WARNING, v->archive_warning);
        print_text_field(_("Next"), STYLE_NONE, next_step(v));
}

static void add_archive(struct json_object *o, const View *v)
{
        const ArchiveSummary *s = &v->summary;
        struct json_object *rules = json_new();

        json_add_count(o, "bytes", s->n_bytes);
        json_add_count(o, "sessions", s->n_sessions);
        json_add_count(o, "messages", s->n_messages);
        json_add_count(o, "starred", s->n_starred);
        json_add_count(o, "trashed", s->n_trashed);
        json_add_count(o, "deleted", s->n_deleted);
        json_add_count(o, "metadata_only", s->n_metadata_only);
        json_add_count(o, "stale", s->n_stale);
        json_add_count(o, "findings", s->n_findings);
        json_add_count(o, "secrets", s->n_secrets);
        json_add_count(o, "open_findings", s->n_open_findings);
        json_add_count(o, "open_secrets", s->n_open_secrets);
        for (size_t i = 0; i < v->n_rules; i++) {
                struct json_object *rule = json_new();

                json_add_count(rule, "findings", v->rules[i].found.n_findings);
                json_add_count(rule, "secrets", v->rules[i].found.n_secrets);
                json_add_count(rule, "open_secrets", v->rules[i].found.n_open_secrets);
                json_add(rules, v->rules[i].rule, rule);
        }
        json_add(o, "rules", rules);
}

static void add_daemon(struct json_object *o, const DaemonStatus *d)
{
        struct json_object *remotes = json_new_array();

        json_add_count(o, "pid", (uint64_t) d->pid);
        json_add_time(o, "since", d->since_usec);
        json_add_text(o, "version", d->version);
        json_add_bool(o, "syncing", d->syncing);
        json_add_count(o, "sessions_pending", d->n_pending);
        json_add_count(o, "known_values", d->known_values);
        json_add_count(o, "known_files", d->known_files);
        json_add_count(o, "known_files_unread", d->known_unread);
        for (size_t i = 0; i < d->n_remotes; i++) {
                struct json_object *remote = json_new();

                json_add_text(remote, "name", d->remotes[i].name);
                json_add_text(remote, "url", d->remotes[i].url);
                json_add_time(remote, "last_delivery_at", d->remotes[i].last_delivery_usec);
                json_add_count(remote, "behind", d->remotes[i].n_behind);
                json_add_text(remote, "last_error", d->remotes[i].last_error);
                json_append(remotes, remote);
        }
        json_add(o, "remotes", remotes);
}

static int print_json(const View *v)
{
        struct json_object *o = json_new();
        const ArchiveSummary *s = &v->summary;

        json_add_bool(o, "running", v->is_running);
        json_add_text(o, "source", v->source);
        json_add_text(o, "archive", v->archive);
        json_add_time(o, "last_sync_at",
                      v->is_running ? v->daemon.last_sync_usec : s->last_synced_at_usec);
        json_add_time(o, "last_verified_at",
                      v->is_running ? v->daemon.last_verified_usec : s->last_verified_at_usec);
        json_add_count(o, "total_sessions_synced",
                       v->is_running ? v->daemon.total_synced : s->total_synced);
        json_add_count(o, "total_secrets_detected",
                       v->is_running ? v->daemon.total_secrets : s->total_masked);
        json_add_text(o, "last_error", v->is_running ? v->daemon.last_error : "");
        json_add_text(o, "archive_error", v->archive_error);
        json_add_text(o, "archive_warning", v->archive_warning);
        if (v->is_running)
                add_daemon(o, &v->daemon);
        if (v->has_archive)
                add_archive(o, v);
        json_add_text(o, "next", next_step(v));
        return json_print(o);
}

int command_status(int argc, char *argv[])
{
        _cleanup_(view_done) View v = { 0 };
        bool json = false;
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .summary = N_("Shows what runs, what is archived, what was masked, and what to do next."),
                .example = "scrubjayctl status --json",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };

        (void) options_parse(&usage, argc, argv);
        if (gather(&v) < 0)
                return STATUS_FAILED;
        if (json) {
                if (print_json(&v) < 0)
                        return STATUS_FAILED;
        } else
                print_view(&v);
        return v.archive_error ? STATUS_FAILED : STATUS_DONE;
}
