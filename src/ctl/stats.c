/* scrubjayctl stats: how much there is of what, by week, agent and project */
#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/listing.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/text.h"

/* Rows of a table that nobody asked for by itself. */
#define ROWS_SHOWN 10

static const struct {
        const char *name;   /* after --by */
        const char *plural; /* key in JSON */
        const char *header;
} tables[N_STATS] = {
        [STATS_TOTAL] = { NULL, "total", NULL },
        [STATS_WEEK] = { "week", "weeks", N_("WEEK OF") },
        [STATS_AGENT] = { "agent", "agents", N_("AGENT") },
        [STATS_PROJECT] = { "project", "projects", N_("PROJECT") },
};

typedef struct View {
        StatsBy only; /* STATS_TOTAL: all tables */
        uint64_t limit;
        struct json_object *json; /* NULL: for people */
        Listing *listings[N_STATS];
        uint64_t n_left_out[N_STATS];
        StrBuf total;
} View;

static void view_done(View *v)
{
        (void) json_object_put(v->json);
        for (size_t i = 0; i < N_STATS; i++)
                (void) listing_free(v->listings[i]);
        strbuf_done(&v->total);
}

static void add_json(View *v, const StatsRow *row)
{
        struct json_object *o = json_new(), *list = NULL;

        if (row->by != STATS_TOTAL)
                json_add_text(o, tables[row->by].name, row->key);
        json_add_count(o, "sessions", row->n_sessions);
        json_add_count(o, "messages", row->n_messages);
        json_add_count(o, "tokens", row->n_tokens);
        json_add_count(o, "secrets", row->n_secrets);
        json_add_count(o, "open", row->n_open);
        if (row->by == STATS_TOTAL) {
                json_add(v->json, tables[row->by].plural, o);
                return;
        }
        (void) json_object_object_get_ex(v->json, tables[row->by].plural, &list);
        if (v->limit > 0 && json_object_array_length(list) >= v->limit)
                (void) json_object_put(o);
        else
                json_append(list, o);
}

static bool is_wanted(const View *v, StatsBy by)
{
        return by == STATS_TOTAL || v->only == STATS_TOTAL || v->only == by;
}

static void begin(View *v, bool json)
{
        if (json) {
                v->json = json_new();
                add_json(v, &(StatsRow){ .by = STATS_TOTAL }); /* of no session at all */
        }
        for (StatsBy by = STATS_WEEK; json && by < N_STATS; by++)
                if (is_wanted(v, by))
                        json_add(v->json, tables[by].plural, json_new_array());
        for (StatsBy by = STATS_WEEK; !json && by < N_STATS; by++) {
                const ListingColumn columns[] = {
                        { _(tables[by].header), 0 },        { _(">SESSIONS"), 0 },
                        { _(">MESSAGES"), .leave_out = 2 }, { _(">TOKENS"), .leave_out = 1 },
                        { _(">SECRETS"), .leave_out = 3 },  { _(">OPEN"), 0 },
                };

                v->listings[by] = listing_new(columns, ELEMENTSOF(columns));
        }
}

static void put_total(StrBuf *b, const StatsRow *row)
{
        (void) strbuf_printf(b, P_("%" PRIu64 " session", "%" PRIu64 " sessions", row->n_sessions),
                             row->n_sessions);
        (void) strbuf_puts(b, ", ");
        (void) strbuf_printf(b, P_("%" PRIu64 " message", "%" PRIu64 " messages", row->n_messages),
                             row->n_messages);
        (void) strbuf_puts(b, ", ");
        (void) strbuf_printf(b,
                             P_("%" PRIu64 " token written", "%" PRIu64 " tokens written",
                                row->n_tokens),
                             row->n_tokens);
        (void) strbuf_puts(b, ", ");
        (void) strbuf_printf(
                        b,
                        P_("%" PRIu64 " secret found", "%" PRIu64 " secrets found", row->n_secrets),
                        row->n_secrets);
        (void) strbuf_puts(b, ", ");
        (void) strbuf_printf(b, _("%" PRIu64 " open"), row->n_open);
}

static int on_row(void *userdata, const StatsRow *row)
{
        View *v = userdata;
        Listing *l = v->listings[row->by];

        if (!is_wanted(v, row->by))
                return 0;
        if (v->json) {
                add_json(v, row);
                return 0;
        }
        if (row->by == STATS_TOTAL) {
                put_total(&v->total, row);
                return 0;
        }
        if (v->limit > 0 && listing_n_rows(l) >= v->limit) {
                v->n_left_out[row->by]++;
                return 0;
        }
        listing_take(l, STYLE_ACCENT, printable(*row->key ? row->key : "-"));
        listing_add(l, STYLE_NONE, "%" PRIu64, row->n_sessions);
        listing_add(l, STYLE_NONE, "%" PRIu64, row->n_messages);
        listing_add(l, STYLE_NONE, "%" PRIu64, row->n_tokens);
        listing_add(l, STYLE_NONE, "%" PRIu64, row->n_secrets);
        listing_add(l, row->n_open > 0 ? STYLE_MASKED : STYLE_NONE, "%" PRIu64, row->n_open);
        return 0;
}

static void print_tables(const View *v)
{
        if (!v->total.data) {
                fprintf(stderr, "%s\n", _("No session matches."));
                return;
        }
        pager_open();
        for (StatsBy by = STATS_WEEK; by < N_STATS; by++) {
                if (listing_n_rows(v->listings[by]) == 0)
                        continue;
                listing_print(v->listings[by]);
                if (v->n_left_out[by] > 0) {
                        printf(P_("… and %" PRIu64 " more (--by=%s --limit=0)\n",
                                  "… and %" PRIu64 " more (--by=%s --limit=0)\n",
                                  v->n_left_out[by]),
                               v->n_left_out[by], tables[by].name);
                }
                putchar('\n');
        }
        puts(v->total.data);
}

int command_stats(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_(view_done) View v = { .limit = UINT64_MAX };
        StatsFilter filter = { 0 };
        bool json = false;
        const Option options[] = {
                { "by", N_("WHAT"), N_("count only by week, agent or project"), OPTION_WORD,
                  &v.only, "week, agent, project", STATS_WEEK },
                { "project", N_("NAME"), N_("only this project (name or glob)"), OPTION_STRING,
                  &filter.project },
                { "agent", N_("NAME"), N_("only this agent (name or glob)"), OPTION_STRING,
                  &filter.agent },
                { "since", N_("TIME"), N_("begun since: yesterday, 3d, 2026-01-31"), OPTION_TIME,
                  &filter.since_usec },
                { "limit", N_("N"), N_("at most this many rows per table; 0: all"), OPTION_NUMBER,
                  &v.limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
        };
        const Usage usage = {
                .summary = N_("Counts sessions, messages, tokens and secrets by the week in which a "
                              "session began, by agent and by project."),
                .example = "scrubjayctl stats --since 30d --by project",
                .options = options,
                .n_options = ELEMENTSOF(options),
        };
        int r;

        (void) options_parse(&usage, argc, argv);
        if (v.limit == UINT64_MAX)
                v.limit = json || v.only != STATS_TOTAL ? 0 : ROWS_SHOWN;
        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        if (query_warning(q))
                print_error("%s", query_warning(q));
        begin(&v, json);
        r = query_stats(q, &filter, on_row, &v);
        if (r >= 0 && json)
                r = json_print(TAKE_PTR(v.json));
        else if (r >= 0)
                print_tables(&v);
        return r < 0 ? query_failed(q, r) : STATUS_DONE;
}
