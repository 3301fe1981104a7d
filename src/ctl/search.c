/* scrubjayctl search: find words in all sessions */
#include <inttypes.h>
#include <string.h>

#include "archive/search-index.h"
#include "base/memory.h"
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

/* A hit that is kept until all are there. */
typedef struct Kept {
        char *session_id, *role, *timestamp, *snippet;
        int64_t ordinal;
        bool is_printed;
} Kept;

typedef struct View {
        Query *q;
        uint64_t limit; /* 0: all */
        bool json;
        JsonArray array;
        Kept *kept;
        size_t n_kept;
        uint64_t n_hits; /* one more than the limit when there are more */
} View;

static void view_done(View *v)
{
        for (size_t i = 0; i < v->n_kept; i++) {
                free(v->kept[i].session_id);
                free(v->kept[i].role);
                free(v->kept[i].timestamp);
                free(v->kept[i].snippet);
        }
        free(v->kept);
}

/* Takes the marks out, for JSON; keeps where they were as byte offsets [begin, end] in the text. */
static int add_json(View *v, const SearchHit *hit)
{
        struct json_object *o = json_new(), *matches = json_new_array();
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        size_t begin = 0;

        for (const char *p = hit->snippet; *p; p++) {
                if (*p == SEARCH_MATCH_BEGIN)
                        begin = text.size;
                else if (*p == SEARCH_MATCH_END) {
                        struct json_object *pair = json_new_array();

                        json_append(pair, json_object_new_uint64(begin));
                        json_append(pair, json_object_new_uint64(text.size));
                        json_append(matches, pair);
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
        json_add(o, "matches", matches);
        if (v->array.n == 0)
                fputs("{\"hits\": ", stdout);
        return json_array_print(&v->array, o);
}

static void print_snippet(const char *snippet)
{
        while (*snippet) {
                static const char marks[] = { SEARCH_MATCH_BEGIN, SEARCH_MATCH_END, 0 };
                _cleanup_(strbuf_done) StrBuf b = { 0 };
                size_t n = strcspn(snippet, marks);

                (void) put_printable(&b, PRINTABLE_LINE, snippet, n);
                fputs(b.data ?: "", stdout);
                snippet += n;
                if (*snippet)
                        fputs(*snippet++ == SEARCH_MATCH_BEGIN ? style_on(STYLE_BAD) : style_off(),
                              stdout);
        }
        fputs(style_off(), stdout);
}

static void keep(View *v, const SearchHit *hit)
{
        APPEND(v->kept, v->n_kept,
               (Kept){ .session_id = xstrdup(hit->session_id),
                       .role = xstrdup(hit->role),
                       .timestamp = xstrdup(hit->timestamp),
                       .snippet = xstrdup(hit->snippet),
                       .ordinal = hit->ordinal });
}

static int on_hit(void *userdata, const SearchHit *hit)
{
        View *v = userdata;

        if (v->n_hits++ == v->limit && v->limit > 0)
                return 0; /* it only shows that there are more */
        if (v->json)
                return add_json(v, hit);
        keep(v, hit);
        return 0;
}

static int print_title(void *userdata, const SessionRow *s)
{
        session_print_line(userdata, s, 0);
        return 0;
}

static int print_hit(const Kept *k)
{
        Value time = value_text(k->timestamp, strlen(k->timestamp));
        _cleanup_free_ char *when = local_iso(&time), *role = printable(k->role);

        printf("  %s%s%s", style_on(STYLE_DIM), when, style_off());
        if (k->ordinal >= 0)
                printf("  %s %" PRId64, role, k->ordinal);
        fputs("\n    ", stdout);
        print_snippet(k->snippet);
        putchar('\n');
        return ferror(stdout) ? -EPIPE : 0;
}

/* The hits of one session together, with the command that opens the first of them. */
static int print_group(View *v, size_t first)
{
        const Kept *f = v->kept + first;
        _cleanup_free_ char *id = session_shown_id(v->q, f->session_id);
        int r;

        r = query_session(v->q, f->session_id, print_title, v->q);
        for (size_t i = first; r >= 0 && i < v->n_kept; i++) {
                if (strcmp(v->kept[i].session_id, f->session_id) != 0)
                        continue;
                v->kept[i].is_printed = true;
                r = print_hit(v->kept + i);
        }
        if (r < 0)
                return r;
        session_print_command(id, f->ordinal, "  ");
        return 0;
}

static int print_groups(View *v)
{
        int r = 0;

        if (v->n_kept > 0)
                pager_open();
        for (size_t i = 0; r >= 0 && i < v->n_kept; i++)
                if (!v->kept[i].is_printed) {
                        if (i > 0)
                                putchar('\n');
                        r = print_group(v, i);
                }
        return r;
}

static void on_progress(void *userdata, uint64_t n_pending)
{
        bar_update(userdata, n_pending, now_usec(CLOCK_MONOTONIC));
}

static void join(int argc, char *argv[], StrBuf *b)
{
        for (int i = 0; i < argc; i++)
                (void) strbuf_printf(b, "%s%s", i > 0 ? " " : "", argv[i]);
}

static bool there_are_more(const View *v)
{
        return v->limit > 0 && v->n_hits > v->limit;
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
                              "(search.db beside the archive) and is then rebuilt."),
                            search_index_reason(x));
                return STATUS_FAILED;
        }
        if (v->json) {
                if (v->array.n == 0)
                        fputs("{\"hits\": ", stdout);
                json_array_end(&v->array);
                printf(", \"more\": %s}\n", there_are_more(v) ? "true" : "false");
        } else if (v->n_hits == 0) {
                fprintf(stderr, "%s\n", _("Nothing was found."));
        } else {
                r = print_groups(v);
                if (r < 0 && r != -EPIPE)
                        return query_failed(v->q, r);
                if (there_are_more(v) && terminal_is_there())
                        printf(_("%s… the newest %" PRIu64 "; --limit shows more.%s\n"),
                               style_on(STYLE_DIM), v->limit, style_off());
        }
        return v->n_hits > 0 ? STATUS_DONE : STATUS_FAILED; /* as grep */
}

int command_search(int argc, char *argv[])
{
        _cleanup_(search_index_closep) SearchIndex *x = NULL;
        _cleanup_free_ char *path = NULL, *error = NULL, *session = NULL;
        _cleanup_(strbuf_done) StrBuf text = { 0 };
        _cleanup_(query_closep) Query *q = NULL;
        const char *given_session = NULL;
        _cleanup_(view_done) View v = { .limit = LIMIT };
        SearchFilter filter = { 0 };
        const Option options[] = {
                { "session", N_("ID"), N_("search only this session"), OPTION_STRING,
                  &given_session },
                { "project", N_("NAME"), N_("only this project (name or glob)"), OPTION_STRING,
                  &filter.project },
                { "agent", N_("NAME"), N_("only this agent (claude, codex ...)"), OPTION_STRING,
                  &filter.agent },
                { "role", N_("NAME"), N_("only messages by user, assistant ..."), OPTION_STRING,
                  &filter.role },
                { "in", N_("PART"), N_("only in text, thinking or tool"), OPTION_WORD, &filter.part,
                  "text, thinking, tool", SEARCH_IN_TEXT },
                { "since", N_("TIME"), N_("messages since: yesterday, 3d, 2026-01-31"), OPTION_TIME,
                  &filter.since_usec },
                { "until", N_("TIME"), N_("messages before that time"), OPTION_TIME,
                  &filter.until_usec },
                { "limit", N_("N"), N_("at most this many; 0: all"), OPTION_NUMBER, &v.limit },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &v.json },
        };
        const Usage usage = {
                .arguments = N_("TEXT"),
                .summary = N_("Finds messages that contain all the words, newest first. Put \"a "
                              "phrase\" in quotes; begin* matches the beginning of a word. The "
                              "first search builds an index. The exit status is 1 if nothing was found."),
                .example = "scrubjayctl search 'connection refused' --project 'web*' --since 2weeks",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = -1,
        };
        int first = options_parse(&usage, argc, argv);
        int r;

        join(argc - first, argv + first, &text);
        if (places_archive(&path) < 0 || places_open_archive(&q) < 0)
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
        filter.limit = v.limit > 0 && v.limit < UINT64_MAX ? v.limit + 1 : 0;
        v.q = q;
        return run(x, &filter, &v);
}
