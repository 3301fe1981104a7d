/*
 * scrubjayctl findings: what was masked where, as a list that one can work off
 *
 * The same secret in many places is one line: it has to be rotated once, and then acknowledged. Its text is not here and
 * nowhere in the archive.
 */
#include "ctl/findings.h"

#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "base/time-util.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/listing.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/sarif.h"
#include "ctl/session-text.h"
#include "ctl/text.h"

typedef struct View {
        Query *q;
        FindingGroup group;
        bool all;         /* those that are acknowledged as well, and marked so */
        Listing *listing; /* NULL: JSON */
        JsonArray array;
} View;

#define GROUP_NOT_GIVEN ((FindingGroup) ELEMENTSOF(groups))

static const struct {
        const char *name;
        const char *header; /* of the key's column */
} groups[] = {
        [GROUP_SECRET] = { "secret", N_("RULE") },
        [GROUP_RULE] = { "rule", N_("RULE") },
        [GROUP_PROJECT] = { "project", N_("PROJECT") },
        [GROUP_SESSION] = { "session", N_("SESSION") },
        [GROUP_DAY] = { "day", N_("DAY") },
};

static void add_iso(Listing *l, const char *time)
{
        Value v = value_text(time, strlen(time));

        listing_take(l, STYLE_NONE, local_iso(&v));
}

static void add_session(View *v, const char *id)
{
        listing_take(v->listing, STYLE_ACCENT, session_shown_id(v->q, id));
}

/* What is shown about secrets that are counted together, and about one. */
static void add_counts(struct json_object *o, const FindingGroupRow *g)
{
        json_add_count(o, "places", g->n_findings);
        json_add_count(o, "sessions", g->n_sessions);
        json_add_text(o, "first_seen_at", g->first_seen);
        json_add_text(o, "last_seen_at", g->last_seen);
        json_add_text(o, "example_session", g->session_id);
        json_add_text(o, "example_project", g->project);
}

static void add_state(struct json_object *o, const char *acknowledged_at, const char *note)
{
        json_add_bool(o, "open", !*acknowledged_at);
        if (!*acknowledged_at)
                return;
        json_add_text(o, "acknowledged_at", acknowledged_at);
        json_add_text(o, "note", *note ? note : NULL);
}

struct json_object *finding_secret_json(const FindingGroupRow *secret)
{
        struct json_object *o = json_new();

        json_add_text(o, "rule", secret->key);
        json_add_fingerprint(o, "fingerprint", secret->fingerprint);
        add_counts(o, secret);
        add_state(o, secret->acknowledged_at, secret->note);
        return o;
}

static struct json_object *group_json(const View *v, const FindingGroupRow *g)
{
        struct json_object *o;

        if (v->group == GROUP_SECRET)
                return finding_secret_json(g);
        o = json_new();
        json_add_text(o, groups[v->group].name, g->key);
        json_add_count(o, "secrets", g->n_secrets);
        json_add_count(o, "open", g->n_open);
        add_counts(o, g);
        return o;
}

/* Two cells. */
static void add_acknowledged(View *v, const char *at, const char *note)
{
        add_iso(v->listing, at);
        listing_take(v->listing, STYLE_NONE, printable(note));
}

static int on_group(void *userdata, const FindingGroupRow *g)
{
        View *v = userdata;

        if (!v->listing)
                return json_array_print(&v->array, group_json(v, g));
        if (v->group == GROUP_SESSION)
                add_session(v, g->key);
        else
                listing_take(v->listing, STYLE_MASKED, printable(*g->key ? g->key : "-"));
        if (v->group == GROUP_SECRET)
                listing_add(v->listing, STYLE_NONE, "%08" PRIx32,
                            FINGERPRINT_SHOWN(g->fingerprint));
        else
                listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_secrets);
        if (v->all && v->group != GROUP_SECRET)
                listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_open);
        listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_findings);
        listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_sessions);
        add_iso(v->listing, g->first_seen);
        add_iso(v->listing, g->last_seen);
        add_session(v, g->session_id);
        listing_take(v->listing, STYLE_NONE, printable(g->project));
        if (v->all && v->group == GROUP_SECRET)
                add_acknowledged(v, g->acknowledged_at, g->note);
        return 0;
}

static int on_place(void *userdata, const FindingRow *finding)
{
        struct json_object *o;
        View *v = userdata;

        if (v->listing) {
                add_iso(v->listing, finding->seen_at);
                listing_take(v->listing, STYLE_MASKED, printable(finding->rule));
                listing_add(v->listing, STYLE_NONE, "%08" PRIx32,
                            FINGERPRINT_SHOWN(finding->fingerprint));
                add_session(v, finding->session_id);
                if (finding->ordinal >= 0)
                        listing_add(v->listing, STYLE_NONE, "%" PRId64, finding->ordinal);
                else
                        listing_add(v->listing, STYLE_NONE, "-");
                listing_take(v->listing, STYLE_NONE, printable(finding->field));
                listing_take(v->listing, STYLE_NONE, printable(finding->project));
                if (v->all)
                        add_acknowledged(v, finding->acknowledged_at, finding->note);
                return 0;
        }
        o = json_new();
        json_add_text(o, "session_id", finding->session_id);
        json_add_text(o, "project", finding->project);
        if (finding->ordinal >= 0)
                json_add_count(o, "ordinal", (uint64_t) finding->ordinal);
        else
                json_add_text(o, "ordinal", NULL);
        json_add_text(o, "field", finding->field);
        json_add_text(o, "rule", finding->rule);
        json_add_fingerprint(o, "fingerprint", finding->fingerprint);
        json_add_text(o, "seen_at", finding->seen_at);
        add_state(o, finding->acknowledged_at, finding->note);
        return json_array_print(&v->array, o);
}

/* The columns of @all are the last ones of places and secrets, and one in the middle of other groups. */
static Listing *make_listing(FindingGroup group, bool each_place, bool all)
{
        const ListingColumn of_places[] = {
                { _("SEEN"), .fixed = true, .leave_out = 1 },
                { _("RULE"), 0 },
                { _("SECRET"), .fixed = true },
                { _("SESSION"), .fixed = true },
                { _(">MESSAGE"), 0 },
                { _("FIELD"), .leave_out = 2 },
                { _("PROJECT"), .leave_out = 5 },
                { _("ACKNOWLEDGED"), .fixed = true, .leave_out = 3 },
                { _("NOTE"), .leave_out = 4 },
        };
        const ListingColumn of_secrets[] = {
                { _("RULE"), 0 },
                { _("SECRET"), .fixed = true },
                { _(">PLACES"), .leave_out = 5 },
                { _(">SESSIONS"), .leave_out = 6 },
                { _("FIRST"), .fixed = true, .leave_out = 8 },
                { _("LAST"), .fixed = true, .leave_out = 2 },
                { _("FOR EXAMPLE"), .fixed = true, .leave_out = 3 },
                { _("PROJECT"), .leave_out = 7 },
                { _("ACKNOWLEDGED"), .fixed = true, .leave_out = 1 },
                { _("NOTE"), .leave_out = 4 },
        };
        const ListingColumn of_groups[] = {
                { _(groups[group].header), 0 },
                { _(">SECRETS"), 0 },
                { _(">OPEN"), 0 },
                { _(">PLACES"), .leave_out = 3 },
                { _(">SESSIONS"), .leave_out = 4 },
                { _("FIRST"), .fixed = true, .leave_out = 6 },
                { _("LAST"), .fixed = true, .leave_out = 1 },
                { _("FOR EXAMPLE"), .fixed = true, .leave_out = 2 },
                { _("PROJECT"), .leave_out = 5 },
        };
        ListingColumn columns[ELEMENTSOF(of_groups)];
        size_t n = 0;

        if (each_place)
                return listing_new(of_places, ELEMENTSOF(of_places) - (all ? 0 : 2));
        if (group == GROUP_SECRET)
                return listing_new(of_secrets, ELEMENTSOF(of_secrets) - (all ? 0 : 2));
        for (size_t i = 0; i < ELEMENTSOF(of_groups); i++)
                if (i != 2 || all)
                        columns[n++] = of_groups[i];
        return listing_new(columns, n);
}

static void print_advice(bool each_place)
{
        printf("\n%s%s%s\n", style_on(STYLE_WARNING),
               _("Rotate them: each was in plain text in an agent's transcript, in agentsview's database "
                 "and at the model's provider."),
               style_off());
        puts(_("'scrubjayctl findings ack SECRET' removes a rotated secret from the list."));
        puts(_("SECRET is a keyed fingerprint: it recognises the same secret in two places and "
               "reveals nothing else."));
        if (!each_place)
                puts(_("'scrubjayctl findings --places' lists every place."));
}

static int on_any(void *userdata, const FindingRow *finding)
{
        return 1;
}

/* Nothing to list: is there something that is acknowledged? */
static int say_none(View *v, const FindingFilter *filter)
{
        FindingFilter any = *filter;
        int r;

        any.open_only = false;
        any.limit = 1;
        r = query_findings(v->q, &any, on_any, NULL);
        if (r < 0)
                return query_failed(v->q, r);
        fprintf(stderr, "%s\n",
                r > 0 ? _("No secret is open; --all shows acknowledged ones.")
                      : _("No secret was found."));
        return STATUS_DONE;
}

static int run(View *v, const FindingFilter *filter, bool each_place, bool json)
{
        _cleanup_(listing_freep) Listing *listing = json ? NULL
                                                         : make_listing(v->group, each_place,
                                                                        v->all);
        int r;

        v->listing = listing;
        r = each_place ? query_findings(v->q, filter, on_place, v)
                       : query_finding_groups(v->q, filter, v->group, on_group, v);
        if (r < 0)
                return query_failed(v->q, r);
        if (json) {
                json_array_end(&v->array);
                return STATUS_DONE;
        }
        if (listing_n_rows(listing) == 0)
                return say_none(v, filter);
        pager_open();
        listing_print(listing);
        print_advice(each_place);
        return STATUS_DONE;
}

/* What is to be done, and whether the options fit it. Returns 0 or -EINVAL after saying why. */
static int check_verb(int n, char *const *arguments, bool baseline, const char *note, bool undo,
                      bool *ret_is_ack)
{
        bool is_ack = n > 0 && strcmp(arguments[0], "ack") == 0;

        *ret_is_ack = is_ack;
        if (n > 0 && !is_ack)
                print_error(_("findings takes ack, not '%s'."), arguments[0]);
        else if (is_ack && n < 2)
                print_error(_("findings ack needs the fingerprints of secrets, as 'scrubjayctl "
                              "findings' shows them."));
        else if (is_ack && baseline)
                print_error(_("--baseline acknowledges all secrets; leave out ack."));
        else if ((note && !is_ack && !baseline) || (undo && !is_ack) || (undo && note))
                print_error(_("--note needs ack or --baseline, and --undo needs ack."));
        else
                return 0;
        return -EINVAL;
}

int command_findings(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_free_ char *session = NULL;
        bool json = false, sarif = false, places_wanted = false, all = false, baseline = false;
        FindingGroup by = GROUP_NOT_GIVEN;
        const char *given_session = NULL, *note = NULL;
        FindingFilter filter = { 0 };
        bool undo = false;
        View v = { 0 };
        const Option options[] = {
                { "all", NULL, N_("include acknowledged secrets"), OPTION_FLAG, &all },
                { "by", N_("WHAT"), N_("count by secret, rule, project, session or day"),
                  OPTION_WORD, &by, "secret, rule, project, session, day", GROUP_SECRET },
                { "places", NULL, N_("list every masked place"), OPTION_FLAG, &places_wanted },
                { "rule", N_("ID"), N_("only this rule (id or glob)"), OPTION_STRING,
                  &filter.rule },
                { "project", N_("NAME"), N_("only this project (name or glob)"), OPTION_STRING,
                  &filter.project },
                { "session", N_("ID"), N_("only this session"), OPTION_STRING, &given_session },
                { "since", N_("TIME"), N_("in messages since: yesterday, 3d, 2026-01-31"),
                  OPTION_TIME, &filter.since_usec },
                { "limit", N_("N"), N_("at most this many; 0: all"), OPTION_NUMBER, &filter.limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
                { "sarif", NULL, N_("print SARIF 2.1.0, one result per place"), OPTION_FLAG,
                  &sarif },
                { "baseline", NULL, N_("acknowledge every secret that would be listed"),
                  OPTION_FLAG, &baseline },
                { "note", N_("TEXT"), N_("with ack, --baseline: the reason; it is masked"),
                  OPTION_STRING, &note },
                { "undo", NULL, N_("with ack: open the secrets again"), OPTION_FLAG, &undo },
        };
        const Usage usage = {
                .arguments = N_("[ack SECRET...]"),
                .summary = N_("Lists the secrets that were masked, and where, the most recent "
                              "first. Rotate every secret that was found; 'ack' removes rotated "
                              "ones from the list."),
                .example = "scrubjayctl findings --since 7d --by project",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .max_arguments = -1,
        };
        bool is_ack;
        int first = options_parse(&usage, argc, argv);
        int r;

        if (check_verb(argc - first, argv + first, baseline, note, undo, &is_ack) < 0)
                return STATUS_USAGE;
        if (by != GROUP_NOT_GIVEN && (places_wanted || sarif))
                return options_clash("--by", places_wanted ? "--places" : "--sarif"), STATUS_USAGE;
        if (json && sarif)
                return options_clash("--json", "--sarif"), STATUS_USAGE;
        if ((json || sarif) && (is_ack || baseline))
                return options_clash(json ? "--json" : "--sarif", is_ack ? "ack" : "--baseline"),
                       STATUS_USAGE;
        v.group = by == GROUP_NOT_GIVEN ? GROUP_SECRET : by;
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        if (query_warning(q))
                print_error("%s", query_warning(q));
        if (given_session && session_find(q, given_session, &session) < 0)
                return STATUS_FAILED;
        if (is_ack)
                return findings_acknowledge(q, argv + first + 1, (size_t) (argc - first - 1), note,
                                            undo);
        filter.session_id = session;
        filter.open_only = !all || baseline;
        if (baseline)
                return findings_take_baseline(q, &filter, note);
        v.q = q;
        v.all = all;
        if (sarif) {
                r = sarif_print(q, &filter);
                return r < 0 ? query_failed(q, r) : STATUS_DONE;
        }
        return run(&v, &filter, places_wanted, json);
}
