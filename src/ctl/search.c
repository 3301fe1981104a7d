/* scrubjayctl search: find words in all sessions */
#include <inttypes.h>
#include <string.h>

#include "archive/search-index.h"
#include "base/time-util.h"
#include "ctl/bar.h"
#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/session-text.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define LIMIT 20

typedef struct View {
        Query *q;
        bool json;
        JsonArray array;
        uint64_t n_hits;
} View;

/* Takes the marks out, for JSON; keeps where they were as byte offsets [begin, end] in the text. */
static int add_json(View *v, const SearchHit *hit)
{
        struct json_object *o = json_object_new_object(), *matches = json_object_new_array();
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        size_t begin = 0;

        for (const char *p = hit->snippet; *p; p++) {
                if (*p == SEARCH_MATCH_BEGIN)
                        begin = text.size;
                else if (*p == SEARCH_MATCH_END) {
                        struct json_object *pair = json_object_new_array();

                        (void) json_object_array_add(pair, json_object_new_uint64(begin));
                        (void) json_object_array_add(pair, json_object_new_uint64(text.size));
                        (void) json_object_array_add(matches, pair);
                } else
                        (void) strbuf_putc(&text, *p);
        }
        json_add_text(o, "session_id", hit->session_id);
        json_add_text(o, "project", hit->project);
        json_add_text(o, "agent", hit->agent);
        if (hit->ordinal >= 0)
                json_add_count(o, "ordinal", (uint64_t) hit->ordinal);
        else
                json_add_text(o, "ordinal", NULL);
        json_add_text(o, "role", hit->role);
        json_add_text(o, "timestamp", hit->timestamp);
        json_add_text(o, "snippet", text.data ?: "");
        (void) json_object_object_add(o, "matches", matches);
        return json_array_print(&v->array, o);
}

static int print_snippet(const char *snippet)
{
        while (*snippet) {
                static const char marks[] = { SEARCH_MATCH_BEGIN, SEARCH_MATCH_END, 0 };
                _cleanup_(strbuf_done) StrBuf b = { 0 };
                size_t n = strcspn(snippet, marks);

                if (put_printable(&b, PRINTABLE_LINE, snippet, n) < 0)
                        return -ENOMEM;
                fputs(b.data ?: "", stdout);
                snippet += n;
                if (*snippet)
                        fputs(*snippet++ == SEARCH_MATCH_BEGIN ? style_on(STYLE_BAD) : style_off(),
                              stdout);
        }
        fputs(style_off(), stdout);
        return 0;
}

static int on_hit(void *userdata, const SearchHit *hit)
{
        _cleanup_free_ char *id = NULL, *project = NULL, *role = NULL;
        Value time = value_text(hit->timestamp, strlen(hit->timestamp));
        _cleanup_free_ char *when = local_iso(&time);
        View *v = userdata;

        if (v->n_hits++ == 0 && !v->json)
                pager_open();
        if (v->json)
                return add_json(v, hit);
        id = session_shown_id(v->q, hit->session_id);
        project = printable(hit->project);
        role = printable(hit->role);
        if (!id || !project || !role || !when)
                return -ENOMEM;
        printf("%s%s%s  %s  %s", style_on(STYLE_ACCENT), id, style_off(), when, project);
        if (hit->ordinal >= 0)
                printf("  %s %" PRId64, role, hit->ordinal);
        fputs("\n  ", stdout);
        if (print_snippet(hit->snippet) < 0)
                return -ENOMEM;
        putchar('\n');
        return ferror(stdout) ? -EPIPE : 0;
}

static void on_progress(void *userdata, uint64_t n_pending)
{
        bar_update(userdata, n_pending, now_usec(CLOCK_MONOTONIC));
}

static int join(int argc, char *argv[], StrBuf *b)
{
        for (int i = 0; i < argc; i++)
                (void) strbuf_printf(b, "%s%s", i > 0 ? " " : "", argv[i]);
        return b->failed ? -ENOMEM : 0;
}

static int run(SearchIndex *x, const SearchFilter *filter, View *v)
{
        _cleanup_(bar_freep) Bar *bar = bar_new();
        int r;

        r = search_index_update(x, on_progress, bar);
        (void) bar_free(TAKE_PTR(bar));
        if (r >= 0)
                r = search_index_find(x, filter, on_hit, v);
        if (r == -EINVAL) {
                print_error(_("There is no word to search for in '%s'."), filter->text);
                return STATUS_USAGE;
        }
        if (r < 0 && r != -EPIPE) {
                print_error(_("The search index cannot be used: %s. It can be deleted at any time "
                              "(search.db beside the archive) and is built anew."),
                            search_index_reason(x));
                return STATUS_FAILED;
        }
        if (v->json)
                json_array_end(&v->array);
        else if (v->n_hits == 0)
                fprintf(stderr, "%s\n", _("Nothing was found."));
        else if (v->n_hits == filter->limit && terminal_is_there())
                printf(_("%s… the newest %" PRIu64 "; --limit shows more.%s\n"),
                       style_on(STYLE_DIM), v->n_hits, style_off());
        return STATUS_DONE;
}

int command_search(int argc, char *argv[])
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *path = NULL, *error = NULL, *session = NULL;
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(query_closep) Query *q = NULL;
        SearchFilter filter = { .limit = LIMIT };
        const char *given_session = NULL;
        View v = { 0 };
        const Option options[] = {
                { "session", N_("ID"), N_("in this session"), OPTION_STRING, &given_session },
                { "project", N_("NAME"), N_("of this project, or of those that match a glob"),
                  OPTION_STRING, &filter.project },
                { "limit", N_("N"), N_("at most so many; 0: all"), OPTION_NUMBER, &filter.limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &v.json },
        };
        const Usage usage = {
                .arguments = N_("TEXT"),
                .summary = N_("Finds messages in which all the words occur, the newest first. \"A "
                              "phrase\" stands in quotes, begin* is the beginning of a word. The first "
                              "search builds an index."),
                .example = "scrubjayctl search 'connection refused' --project 'web*'",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = -1,
        };
        int r, first;

        r = options_parse(&usage, argc, argv, &first);
        if (r != 0)
                return r < 0 ? STATUS_USAGE : STATUS_DONE;
        if (join(argc - first, argv + first, &text) < 0 || places_archive(&path) < 0 ||
            places_open_archive(&q) < 0)
                return STATUS_FAILED;
        if (given_session && session_find(q, given_session, &session) < 0)
                return STATUS_FAILED;
        r = search_index_open(path, &x, &error);
        if (r < 0) {
                print_error(_("The search index cannot be made: %s."), error ?: strerror(-r));
                return STATUS_FAILED;
        }
        filter.text = text.data;
        filter.session_id = session;
        v.q = q;
        return run(x, &filter, &v);
}
