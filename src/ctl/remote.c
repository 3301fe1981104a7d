/*
 * scrubjayctl remote: which servers there are, what they would get next, and whether they have what they should
 *
 * It reads the archive and the ledger itself, so it works without the daemon. The only thing it writes is the wish to have
 * everything sent again.
 */
#include <inttypes.h>
#include <string.h>

#include "base/time-util.h"
#include "config.h"
#include "ctl/command.h"
#include "ctl/daemon-client.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/listing.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/remote-advice.h"
#include "ctl/text.h"
#include "remote/backends.h"
#include "remote/delivery.h"
#include "remote/ledger.h"

typedef struct Arguments {
        bool json, print;
        uint64_t limit;
} Arguments;

const char *remote_owner_advice(void)
{
        return _("Set UserId= in [Identity], or tell git who you are: git config --global user.email "
                 "you@example.org");
}

static int failed(Delivery *d, const char *name)
{
        _cleanup_free_ char *reason = printable(delivery_reason(d));

        print_error(_("The remote '%s': %s"), name, reason ?: "");
        return STATUS_FAILED;
}

static int find(const char *name, RemoteOptions *ret)
{
        const Settings *settings;

        if (places_settings(&settings) < 0)
                return -EINVAL;
        for (size_t i = 0; i < settings->n_remotes; i++)
                if (strcasecmp(settings->remotes[i].name, name) == 0) {
                        *ret = settings_for_remote(settings, i);
                        return 0;
                }
        print_error(_("There is no remote '%s' in the settings ([Remote %s])."), name, name);
        return -ENOENT;
}

static int make(const RemoteOptions *options, Delivery **ret)
{
        _cleanup_free_ char *error = NULL;
        int r = delivery_new(options, NULL, NULL, ret, &error);

        if (r < 0)
                print_error(_("The remote '%s': %s"), options->name, error ?: strerror(-r));
        return r;
}

/* list */

static int count_pending(void *userdata, const Value *session, const DeliveryPlan *plan)
{
        *(uint64_t *) userdata += delivery_step_moves(plan->step);
        return 0;
}

/* What is known of one remote without asking it. */
typedef struct RemoteState {
        char *url;
        uint64_t last_delivery_usec;
        uint64_t n_behind;
        char *error;   /* NULL: none */
        char *caution; /* what should be known before anything is sent; NULL: nothing */
} RemoteState;

static void remote_state_done(RemoteState *s)
{
        free(s->url);
        free(s->error);
        free(s->caution);
}

static void look(const RemoteOptions *options, RemoteState *ret)
{
        _cleanup_(delivery_freep) Delivery *d = NULL;

        ret->url = remote_shown_url(options);
        if (delivery_new(options, NULL, NULL, &d, &ret->error) < 0)
                return;
        ret->caution = xstrdup(delivery_caution(d));
        (void) delivery_preview(d, count_pending, &ret->n_behind);
        ret->last_delivery_usec = delivery_progress(d)->last_delivery_usec;
        ret->error = xstrdup(delivery_noted_error(d));
}

static struct json_object *state_json(const char *name, const RemoteState *s)
{
        struct json_object *o = json_new();

        json_add_text(o, "name", name);
        json_add_text(o, "url", s->url);
        json_add_time(o, "last_delivery_at", s->last_delivery_usec);
        json_add_count(o, "behind", s->n_behind);
        json_add_text(o, "last_error", s->error ?: "");
        json_add_text(o, "caution", s->caution ?: "");
        return o;
}

static void state_row(Listing *l, const char *name, const RemoteState *s)
{
        _cleanup_(strbuf_done) StrBuf ago = { 0 };

        (void) put_ago(&ago, s->last_delivery_usec, now_usec(CLOCK_REALTIME));
        listing_take(l, STYLE_BOLD, printable(name));
        listing_take(l, STYLE_NONE, printable(s->url));
        listing_add(l, STYLE_NONE, "%s", ago.data ?: "");
        listing_add(l, s->n_behind > 0 ? STYLE_WARNING : STYLE_NONE, "%" PRIu64, s->n_behind);
        listing_take(l, s->error ? STYLE_BAD : STYLE_GOOD, printable(s->error ?: _("ok")));
}

static int list(const Arguments *a)
{
        const ListingColumn headers[] = { { _("NAME"), 0 },
                                          { _("URL"), .leave_out = 1 },
                                          { _("DELIVERED"), .fixed = true, .leave_out = 2 },
                                          { _(">BEHIND"), 0 },
                                          { _("STATE"), 0 } };
        _cleanup_(listing_freep) Listing *l = listing_new(headers, ELEMENTSOF(headers));
        const Settings *settings;
        JsonArray array = { 0 };

        if (places_settings(&settings) < 0)
                return STATUS_FAILED;
        for (size_t i = 0; i < settings->n_remotes; i++) {
                _cleanup_(remote_state_done) RemoteState s = { 0 };
                RemoteOptions options = settings_for_remote(settings, i);

                look(&options, &s);
                if (a->json)
                        (void) json_array_print(&array, state_json(options.name, &s));
                else
                        state_row(l, options.name, &s);
                if (s.caution && !a->json)
                        print_error(_("The remote '%s': %s"), options.name, s.caution);
        }
        if (a->json)
                json_array_end(&array);
        else if (settings->n_remotes == 0)
                printf(_("The settings have no remote. '%s' explains how to set one up.\n"),
                       SCRUBJAY_TEAM_GUIDE);
        else
                listing_print(l);
        return STATUS_DONE;
}

/* preview */

typedef struct Preview {
        const Arguments *arguments;
        Listing *listing;
        JsonArray array;
        uint64_t n_shown, n_left;
} Preview;

static const char *step_name(DeliveryStep step)
{
        switch (step) {
        case DELIVERY_SEND:
                return "send";
        case DELIVERY_UPDATE:
                return "update";
        case DELIVERY_WITHDRAW:
                return "withdraw";
        case DELIVERY_HOLD:
                return "hold";
        default:
                return "keep";
        }
}

static const char *step_text(const DeliveryPlan *plan)
{
        switch (plan->step) {
        case DELIVERY_SEND:
                return plan->metadata_only ? _("will be sent, metadata only") : _("will be sent");
        case DELIVERY_UPDATE:
                return plan->metadata_only ? _("will be sent again, metadata only")
                                           : _("its changes will be sent");
        case DELIVERY_WITHDRAW:
                return _("will be deleted there");
        default:
                return _("is held until later");
        }
}

static int on_planned(void *userdata, const Value *session, const DeliveryPlan *plan)
{
        Preview *p = userdata;

        if (plan->step == DELIVERY_KEEP || plan->step == DELIVERY_REFUSE)
                return 0;
        if (p->n_shown >= p->arguments->limit && p->arguments->limit > 0) {
                p->n_left++;
                return 0;
        }
        p->n_shown++;
        if (p->arguments->json) {
                struct json_object *o = json_new();

                json_add_value(o, "session", session + SESSION_ID);
                json_add_value(o, "project", session + SESSION_PROJECT);
                json_add_text(o, "step", step_name(plan->step));
                json_add_bool(o, "metadata_only", plan->metadata_only);
                json_add_time(o, "due_at", plan->step == DELIVERY_HOLD ? plan->due_usec : 0);
                return json_array_print(&p->array, o);
        }
        listing_take(p->listing, STYLE_BOLD, printable_value(session + SESSION_ID));
        listing_take(p->listing, STYLE_NONE, printable_value(session + SESSION_PROJECT));
        listing_add(p->listing, STYLE_NONE, "%s", step_text(plan));
        listing_take(p->listing, STYLE_NONE, printable_value(session + SESSION_FIRST_MESSAGE));
        return 0;
}

static int preview(const Arguments *a, const RemoteOptions *options)
{
        const ListingColumn headers[] = { { _("SESSION"), 0 },
                                          { _("PROJECT"), .leave_out = 1 },
                                          { _("WHAT"), 0 },
                                          { _("BEGINS WITH"), .leave_out = 2 } };
        _cleanup_(listing_freep) Listing *l = listing_new(headers, ELEMENTSOF(headers));
        _cleanup_(delivery_freep) Delivery *d = NULL;
        Preview p = { .arguments = a, .listing = l };

        if (make(options, &d) < 0)
                return STATUS_FAILED;
        if (delivery_preview(d, on_planned, &p) < 0)
                return failed(d, options->name);
        if (delivery_has_owner(d) == 0)
                print_error("%s %s", _("These sessions do not say whose they are."),
                            remote_owner_advice());
        if (a->json)
                json_array_end(&p.array);
        else if (p.n_shown == 0)
                printf(_("The remote '%s' has everything that it may have.\n"), options->name);
        else
                listing_print(l);
        if (!a->json && p.n_left > 0)
                printf(P_("... and %" PRIu64 " more.\n", "... and %" PRIu64 " more.\n", p.n_left),
                       p.n_left);
        return STATUS_DONE;
}

/* check */

typedef struct Check {
        const Arguments *arguments;
        Listing *listing;
        JsonArray array;
        uint64_t n_differences, n_waiting;
} Check;

static const char *difference_name(DeliveryDifference difference)
{
        static const char *const names[] = {
                [DIFFERENCE_MISSING] = "missing",
                [DIFFERENCE_STALE] = "stale",
                [DIFFERENCE_DIFFERENT] = "different",
                [DIFFERENCE_WAITING] = "waiting",
        };

        return names[difference];
}

static const char *difference_text(DeliveryDifference difference)
{
        switch (difference) {
        case DIFFERENCE_MISSING:
                return _("is missing there");
        case DIFFERENCE_STALE:
                return _("must not be there");
        case DIFFERENCE_DIFFERENT:
                return _("differs there");
        default:
                return _("waits to be delivered");
        }
}

static int on_difference(void *userdata, const char *id, RemoteTable table,
                         DeliveryDifference difference, uint64_t n_here, uint64_t n_there)
{
        const char *name = remote_table(table)->name;
        Check *c = userdata;

        if (difference == DIFFERENCE_WAITING)
                c->n_waiting++;
        else
                c->n_differences++;
        if (c->arguments->json) {
                struct json_object *o = json_new();

                json_add_text(o, "session", id);
                json_add_text(o, "table", name);
                json_add_text(o, "difference", difference_name(difference));
                json_add_count(o, "rows_here", n_here);
                json_add_count(o, "rows_there", n_there);
                return json_array_print(&c->array, o);
        }
        listing_take(c->listing, STYLE_BOLD, printable(id));
        listing_add(c->listing, STYLE_NONE, "%s", name);
        listing_add(c->listing, difference == DIFFERENCE_WAITING ? STYLE_DIM : STYLE_BAD, "%s",
                    difference_text(difference));
        listing_add(c->listing, STYLE_NONE, "%" PRIu64, n_here);
        listing_add(c->listing, STYLE_NONE, "%" PRIu64, n_there);
        return 0;
}

static int check(const Arguments *a, const RemoteOptions *options)
{
        const ListingColumn headers[] = { { _("SESSION"), 0 },
                                          { _("TABLE"), 0 },
                                          { _("WHAT"), 0 },
                                          { _(">ROWS HERE"), .leave_out = 1 },
                                          { _(">ROWS THERE"), .leave_out = 1 } };
        _cleanup_(listing_freep) Listing *l = listing_new(headers, ELEMENTSOF(headers));
        _cleanup_(delivery_freep) Delivery *d = NULL;
        Check c = { .arguments = a, .listing = l };

        if (make(options, &d) < 0)
                return STATUS_FAILED;
        if (delivery_check(d, on_difference, &c) < 0)
                return failed(d, options->name);
        if (delivery_warning(d))
                print_error(_("The remote '%s': %s"), options->name, delivery_warning(d));
        if (a->json)
                json_array_end(&c.array);
        else if (c.n_differences + c.n_waiting > 0)
                listing_print(l);
        if (!a->json && c.n_differences + c.n_waiting == 0)
                printf(_("The remote '%s' has what the archive has.\n"), options->name);
        else if (!a->json && c.n_differences == 0)
                printf(P_("%" PRIu64
                          " change waits to be delivered to the remote '%s'; everything else there "
                          "is as in the archive.\n",
                          "%" PRIu64
                          " changes wait to be delivered to the remote '%s'; everything else there "
                          "is as in the archive.\n",
                          c.n_waiting),
                       c.n_waiting, options->name);
        else if (!a->json)
                printf(_("If this persists, send everything again: scrubjayctl remote resend %s\n"),
                       options->name);
        return c.n_differences == 0 ? STATUS_DONE : STATUS_FAILED;
}

/* resend */

/* Tells a daemon that runs; without one the next start sees it. */
static bool wake_daemon(void)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(daemon_status_done) DaemonStatus s = { 0 };

        if (daemon_connect(&bus) < 0 || daemon_get_status(bus, false, &s) <= 0)
                return false;
        return daemon_new_call(bus, "Deliver", &call) >= 0 && sd_bus_send(bus, call, NULL) >= 0;
}

static int resend(const RemoteOptions *options)
{
        _cleanup_(ledger_closep) Ledger *ledger = NULL;
        _cleanup_free_ char *error = NULL;
        int r;

        if (access(options->archive_path, F_OK) < 0) {
                print_error(_("There is no archive at '%s' yet."), options->archive_path);
                return STATUS_FAILED;
        }
        r = ledger_open(options->archive_path, &ledger, &error);
        if (r >= 0)
                r = ledger_remote_set_known(ledger, options->name, LEDGER_RESEND);
        if (r < 0) {
                print_error("%s", error ?: strerror(-r));
                return STATUS_FAILED;
        }
        if (wake_daemon())
                printf(_("Everything is being sent to the remote '%s' again.\n"), options->name);
        else
                printf(_("Everything will be sent to the remote '%s' again when scrubjayd next runs.\n"),
                       options->name);
        return STATUS_DONE;
}

/* setup */

/* It is an administrator's work: nobody's server is changed by a command that has only a writer's rights. */
static int setup(const RemoteOptions *options)
{
        _cleanup_(delivery_freep) Delivery *d = NULL;
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        if (make(options, &d) < 0)
                return STATUS_FAILED;
        if (delivery_setup(d, &text) < 0)
                return failed(d, options->name);
        if (text.size == 0) {
                print_error(_("The remote '%s' needs only a database and a user: the first delivery "
                              "creates the tables. See '%s'."),
                            options->name, SCRUBJAY_TEAM_GUIDE);
                return STATUS_FAILED;
        }
        fputs(text.data, stdout);
        return STATUS_DONE;
}

int command_remote(int argc, char *argv[])
{
        Arguments a = { .limit = UINT64_MAX };
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &a.json },
                { "print", NULL, N_("with setup: print the SQL (setup does nothing else)"),
                  OPTION_FLAG, &a.print },
                { "limit", N_("N"), N_("show at most this many sessions (50; 0: all)"),
                  OPTION_NUMBER, &a.limit },
        };
        const Usage usage = {
                .arguments = N_("list | preview NAME | check NAME | resend NAME | setup NAME --print"),
                .summary = N_("Lists the remotes and how far behind they are; previews what one "
                              "would get next; checks whether one has what the archive has (exit "
                              "status 1 if not); sends one everything again; or prints the SQL that "
                              "an administrator runs once for a PostgreSQL remote."),
                .example = "scrubjayctl remote check team",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = 2,
        };
        RemoteOptions remote;
        const char *verb;
        int first = options_parse(&usage, argc, argv);

        verb = argv[first];
        if (a.limit != UINT64_MAX && strcmp(verb, "preview") != 0)
                return options_need("--limit", "preview"), STATUS_USAGE;
        if (a.json && (strcmp(verb, "resend") == 0 || strcmp(verb, "setup") == 0))
                return options_clash("--json", verb), STATUS_USAGE;
        if (a.print && strcmp(verb, "setup") != 0)
                return options_need("--print", "setup"), STATUS_USAGE;
        if (a.limit == UINT64_MAX)
                a.limit = 50;
        if (strcmp(verb, "list") == 0 && first + 1 == argc)
                return list(&a);
        if ((strcmp(verb, "preview") != 0 && strcmp(verb, "check") != 0 &&
             strcmp(verb, "resend") != 0 && strcmp(verb, "setup") != 0) ||
            first + 2 != argc || (strcmp(verb, "setup") == 0) != a.print) {
                print_error(_("remote takes list, preview NAME, check NAME, resend NAME or setup NAME --print."));
                return STATUS_USAGE;
        }
        if (find(argv[first + 1], &remote) < 0)
                return STATUS_FAILED;
        if (strcmp(verb, "preview") == 0)
                return preview(&a, &remote);
        if (strcmp(verb, "setup") == 0)
                return setup(&remote);
        return strcmp(verb, "check") == 0 ? check(&a, &remote) : resend(&remote);
}
