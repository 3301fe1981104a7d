/* scrubjayctl sessions: what the archive holds */
#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/listing.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/session-text.h"
#include "ctl/text.h"

#define LIMIT 50 /* shown when nothing else was asked for, on a terminal */

typedef struct View {
        Query *q;
        Listing *listing; /* NULL: JSON */
        JsonArray array;
} View;

static int add_json(View *v, const SessionRow *s)
{
        struct json_object *o = json_new();

        json_add_row(o, &session_table, s->values);
        json_add_bool(o, "starred", s->starred);
        json_add_bool(o, "trashed", s->trashed);
        json_add_bool(o, "metadata_only", s->metadata_only);
        json_add_count(o, "findings", s->n_findings);
        return json_array_print(&v->array, o);
}

static int on_session(void *userdata, const SessionRow *s)
{
        View *v = userdata;
        _cleanup_free_ char *id = NULL, *title = NULL;

        if (!v->listing)
                return add_json(v, s);
        id = value_copy(s->values + SESSION_ID);
        title = session_title(s->values);
        listing_take(v->listing, STYLE_ACCENT, session_shown_id(v->q, id));
        listing_take(v->listing, STYLE_NONE, local_iso(session_last_activity(s->values)));
        listing_take(v->listing, STYLE_NONE, local_iso(s->values + SESSION_STARTED_AT));
        listing_take(v->listing, STYLE_NONE, printable_value(s->values + SESSION_AGENT_TYPE));
        listing_take(v->listing, STYLE_NONE, printable_value(s->values + SESSION_PROJECT));
        listing_take(v->listing, STYLE_NONE, printable_value(s->values + SESSION_MESSAGE_COUNT));
        if (s->n_findings > 0)
                listing_add(v->listing, STYLE_MASKED, "%" PRIu64, s->n_findings);
        else
                listing_add(v->listing, STYLE_NONE, "-");
        listing_add(v->listing, STYLE_NONE, "%s%s", session_mark(s), title);
        return 0;
}

static int run(Query *q, const SessionFilter *filter, bool json)
{
        const ListingColumn headers[] = { { _("ID"), .fixed = true },
                                          { _("LAST"), .fixed = true, .leave_out = 1 },
                                          { _("STARTED"), .fixed = true, .leave_out = 6 },
                                          { _("AGENT"), .leave_out = 4 },
                                          { _("PROJECT"), .leave_out = 2 },
                                          { _(">MESSAGES"), .leave_out = 5 },
                                          { _(">MASKED"), .leave_out = 3 },
                                          { _("TITLE"), 0 } };
        _cleanup_(listing_freep) Listing *listing = json ? NULL
                                                         : listing_new(headers,
                                                                       ELEMENTSOF(headers));
        View v = { .q = q, .listing = listing };
        int r;

        r = query_sessions(q, filter, on_session, &v);
        if (r < 0)
                return query_failed(q, r);
        if (json) {
                json_array_end(&v.array);
                return STATUS_DONE;
        }
        if (listing_n_rows(listing) == 0) {
                ArchiveSummary summary;
                bool is_empty = query_summary(q, &summary) >= 0 && summary.n_sessions == 0;

                fprintf(stderr, "%s\n",
                        is_empty ? _("The archive holds no sessions yet.")
                                 : _("No session matches."));
                return STATUS_DONE;
        }
        pager_open();
        listing_print(listing);
        if (listing_n_rows(listing) == filter->limit && terminal_is_there())
                printf(_("%s… the first %zu; --limit shows more.%s\n"), style_on(STYLE_DIM),
                       listing_n_rows(listing), style_off());
        return STATUS_DONE;
}

int command_sessions(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        uint64_t limit = UINT64_MAX;
        SessionFilter filter = { 0 };
        bool json = false;
        const Option options[] = {
                { "project", N_("NAME"), N_("only this project (name or glob)"), OPTION_STRING,
                  &filter.project },
                { "agent", N_("NAME"), N_("only this agent (claude, codex ...)"), OPTION_STRING,
                  &filter.agent },
                { "since", N_("TIME"), N_("active since: yesterday, 3d, 2026-01-31"), OPTION_TIME,
                  &filter.since_usec },
                { "starred", NULL, N_("only starred sessions"), OPTION_FLAG, &filter.starred },
                { "commit", N_("SHA"), N_("only sessions that made this commit"), OPTION_STRING,
                  &filter.commit },
                { "pr", N_("URL"), N_("only with this pull request (URL or number)"), OPTION_STRING,
                  &filter.pr },
                { "sort", N_("BY"), N_("by activity, started, messages or masked"), OPTION_WORD,
                  &filter.sort, "activity, started, messages, masked", SORT_ACTIVITY },
                { "limit", N_("N"), N_("at most this many; 0: all"), OPTION_NUMBER, &limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .summary = N_("Lists sessions, most recent activity first. MASKED is the number of "
                              "places where a secret was masked."),
                .example = "scrubjayctl sessions --project 'web*' --since yesterday",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };

        (void) options_parse(&usage, argc, argv);
        if (filter.commit && !commit_is_plausible(filter.commit)) {
                print_error(_("--commit takes the digits of a commit's id, four or more, not '%s'."),
                            filter.commit);
                return STATUS_USAGE;
        }
        filter.limit = limit != UINT64_MAX ? limit : terminal_is_there() && !json ? LIMIT : 0;
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        return run(q, &filter, json);
}
