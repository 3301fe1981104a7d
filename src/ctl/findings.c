/*
 * scrubjayctl findings: what was masked where
 *
 * The same secret in many places is one line: it has to be rotated once. Its text is not here and nowhere in the archive.
 */
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
        Listing *listing; /* NULL: JSON */
        JsonArray array;
} View;

static const struct {
        const char *name;
        FindingGroup group;
        const char *header; /* of the key's column */
} groups[] = {
        { "secret", GROUP_SECRET, N_("RULE") },
        { "rule", GROUP_RULE, N_("RULE") },
        { "project", GROUP_PROJECT, N_("PROJECT") },
        { "session", GROUP_SESSION, N_("SESSION") },
        { "day", GROUP_DAY, N_("DAY") },
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

static int add_group_json(View *v, const FindingGroupRow *g)
{
        struct json_object *o = json_object_new_object();

        if (v->group == GROUP_SECRET) {
                json_add_text(o, "rule", g->key);
                json_add_fingerprint(o, "fingerprint", g->fingerprint);
        } else {
                json_add_text(o, groups[v->group].name, g->key);
                json_add_count(o, "secrets", g->n_secrets);
        }
        json_add_count(o, "places", g->n_findings);
        json_add_count(o, "sessions", g->n_sessions);
        json_add_text(o, "first_found_at", g->first_found);
        json_add_text(o, "last_found_at", g->last_found);
        json_add_text(o, "example_session", g->session_id);
        json_add_text(o, "example_project", g->project);
        return json_array_print(&v->array, o);
}

static int on_group(void *userdata, const FindingGroupRow *g)
{
        View *v = userdata;

        if (!v->listing)
                return add_group_json(v, g);
        if (v->group == GROUP_SESSION)
                add_session(v, g->key);
        else
                listing_take(v->listing, STYLE_MASKED, printable(*g->key ? g->key : "-"));
        if (v->group == GROUP_SECRET)
                listing_add(v->listing, STYLE_NONE, "%08" PRIx32,
                            (uint32_t) (g->fingerprint >> 32));
        else
                listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_secrets);
        listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_findings);
        listing_add(v->listing, STYLE_NONE, "%" PRIu64, g->n_sessions);
        add_iso(v->listing, g->first_found);
        add_iso(v->listing, g->last_found);
        add_session(v, g->session_id);
        listing_take(v->listing, STYLE_NONE, printable(g->project));
        return 0;
}

static int on_place(void *userdata, const FindingRow *finding)
{
        struct json_object *o;
        View *v = userdata;

        if (v->listing) {
                add_iso(v->listing, finding->found_at);
                listing_take(v->listing, STYLE_MASKED, printable(finding->rule));
                listing_add(v->listing, STYLE_NONE, "%08" PRIx32,
                            (uint32_t) (finding->fingerprint >> 32));
                add_session(v, finding->session_id);
                if (finding->ordinal >= 0)
                        listing_add(v->listing, STYLE_NONE, "%" PRId64, finding->ordinal);
                else
                        listing_add(v->listing, STYLE_NONE, "-");
                listing_take(v->listing, STYLE_NONE, printable(finding->field));
                listing_take(v->listing, STYLE_NONE, printable(finding->project));
                return 0;
        }
        o = json_object_new_object();
        json_add_text(o, "session_id", finding->session_id);
        json_add_text(o, "project", finding->project);
        if (finding->ordinal >= 0)
                json_add_count(o, "ordinal", (uint64_t) finding->ordinal);
        else
                json_add_text(o, "ordinal", NULL);
        json_add_text(o, "field", finding->field);
        json_add_text(o, "rule", finding->rule);
        json_add_fingerprint(o, "fingerprint", finding->fingerprint);
        json_add_text(o, "found_at", finding->found_at);
        return json_array_print(&v->array, o);
}

static Listing *make_listing(FindingGroup group, bool each_place)
{
        const ListingColumn of_places[] = {
                { _("FOUND"), .fixed = true, .leave_out = 1 },
                { _("RULE"), 0 },
                { _("SECRET"), .fixed = true },
                { _("SESSION"), .fixed = true },
                { _(">MESSAGE"), 0 },
                { _("FIELD"), .leave_out = 2 },
                { _("PROJECT"), .leave_out = 3 },
        };
        const ListingColumn of_groups[] = {
                { _(groups[group].header), 0 },
                { group == GROUP_SECRET ? _("SECRET") : _(">SECRETS"), .fixed = true },
                { _(">PLACES"), .leave_out = 3 },
                { _(">SESSIONS"), .leave_out = 4 },
                { _("FIRST"), .fixed = true, .leave_out = 6 },
                { _("LAST"), .fixed = true, .leave_out = 1 },
                { _("FOR EXAMPLE"), .fixed = true, .leave_out = 2 },
                { _("PROJECT"), .leave_out = 5 },
        };

        return each_place ? listing_new(of_places, ELEMENTSOF(of_places))
                          : listing_new(of_groups, ELEMENTSOF(of_groups));
}

static void print_advice(bool each_place)
{
        printf("\n%s%s%s\n", style_on(STYLE_WARNING),
               _("Rotate them: each was in plain text in an agent's transcript, in agentsview's database "
                 "and at the model's provider."),
               style_off());
        puts(_("SECRET is a keyed fingerprint: it tells the same secret in two places and nothing "
               "more."));
        if (!each_place)
                puts(_("'scrubjayctl findings --places' lists every place."));
}

static int run(View *v, const FindingFilter *filter, bool each_place, bool json)
{
        _cleanup_(listing_freep) Listing *listing = json ? NULL
                                                         : make_listing(v->group, each_place);
        int r = -ENOMEM;

        v->listing = listing;
        if (json || listing)
                r = each_place ? query_findings(v->q, filter, on_place, v)
                               : query_finding_groups(v->q, filter, v->group, on_group, v);
        if (r < 0)
                return query_failed(v->q, r);
        if (json) {
                json_array_end(&v->array);
                return STATUS_DONE;
        }
        if (listing_n_rows(listing) == 0) {
                fprintf(stderr, "%s\n", _("No secret was found."));
                return STATUS_DONE;
        }
        pager_open();
        if (listing_print(listing) < 0)
                return query_failed(v->q, -ENOMEM);
        print_advice(each_place);
        return STATUS_DONE;
}

static int find_group(const char *name, FindingGroup *ret)
{
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (strcmp(groups[i].name, name) == 0) {
                        *ret = groups[i].group;
                        return 0;
                }
        print_error(_("--by takes secret, rule, project, session or day, not '%s'."), name);
        return -EINVAL;
}

int command_findings(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_free_ char *session = NULL;
        bool json = false, sarif = false, places_wanted = false;
        const char *by = "secret", *given_session = NULL;
        FindingFilter filter = { 0 };
        View v = { 0 };
        const Option options[] = {
                { "by", N_("WHAT"), N_("count by secret, rule, project, session or day"),
                  OPTION_STRING, &by },
                { "places", NULL, N_("list every masked place"), OPTION_FLAG, &places_wanted },
                { "rule", N_("ID"), N_("of this rule, or of those that match a glob"),
                  OPTION_STRING, &filter.rule },
                { "project", N_("NAME"), N_("of this project, or of those that match a glob"),
                  OPTION_STRING, &filter.project },
                { "session", N_("ID"), N_("of this session"), OPTION_STRING, &given_session },
                { "since", N_("TIME"), N_("found since then: yesterday, 3d, 2026-01-31"),
                  OPTION_TIME, &filter.since_usec },
                { "limit", N_("N"), N_("at most so many; 0: all"), OPTION_NUMBER, &filter.limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
                { "sarif", NULL, N_("print SARIF 2.1.0, every place a result"), OPTION_FLAG,
                  &sarif },
        };
        const Usage usage = {
                .summary = N_("Shows which secrets were masked, and where; those found last come "
                              "first. What was found should be rotated."),
                .example = "scrubjayctl findings --since 7d --by project",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        int r, first;

        r = options_parse(&usage, argc, argv, &first);
        if (r != 0)
                return r < 0 ? STATUS_USAGE : STATUS_DONE;
        if (find_group(by, &v.group) < 0)
                return STATUS_USAGE;
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        if (given_session && session_find(q, given_session, &session) < 0)
                return STATUS_FAILED;
        filter.session_id = session;
        v.q = q;
        if (sarif) {
                r = sarif_print(q, &filter);
                return r < 0 ? query_failed(q, r) : STATUS_DONE;
        }
        return run(&v, &filter, places_wanted, json);
}
