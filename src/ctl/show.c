/* scrubjayctl show: read a session */
#include <inttypes.h>
#include <string.h>

#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/render.h"
#include "ctl/session-text.h"
#include "ctl/terminal.h"

/* Messages before and after the one that was asked for. */
#define AROUND 3

static int find_range(Query *q, const char *id, uint64_t message, uint64_t around,
                      MessageRange *ret)
{
        int r = message <= INT64_MAX ? query_message_range(q, id, (int64_t) message, around, ret)
                                     : 0;

        if (r < 0)
                return query_failed(q, r);
        if (r == 0) {
                print_error(_("The session has no message %" PRIu64 "."), message);
                return STATUS_FAILED;
        }
        return STATUS_DONE;
}

int command_show(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_free_ char *id = NULL;
        bool json = false, markdown = false, no_pager = false;
        uint64_t message = UINT64_MAX, around = UINT64_MAX;
        RenderOptions render = { 0 };
        MessageRange range;
        const Option options[] = {
                { "message", N_("N"), N_("show this message and those around it"), OPTION_NUMBER,
                  &message },
                { "around", N_("N"), N_("how many before and after it (3)"), OPTION_NUMBER,
                  &around },
                { "tools", N_("HOW"), N_("tool calls: all (with results), names, none"),
                  OPTION_WORD, &render.tools, "all, names, none", TOOLS_ALL },
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &json },
                { "markdown", NULL, N_("print Markdown"), OPTION_FLAG, &markdown },
                { "no-pager", NULL, N_("do not start a pager"), OPTION_FLAG, &no_pager },
        };
        const Usage usage = {
                .arguments = N_("ID"),
                .summary = N_("Shows a session as text, with masked places highlighted. The beginning "
                              "of an id is enough."),
                .example = "scrubjayctl show 0199a1b2 --markdown > session.md",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = 1,
        };
        int first = options_parse(&usage, argc, argv);
        int r;

        if (json && markdown)
                return options_clash("--json", "--markdown"), STATUS_USAGE;
        if (around != UINT64_MAX && message == UINT64_MAX)
                return options_need("--around", "--message"), STATUS_USAGE;
        if (places_open_archive(&q) < 0 || session_find(q, argv[first], &id) < 0)
                return STATUS_FAILED;
        (void) query_begin(q);
        if (message != UINT64_MAX) {
                r = find_range(q, id, message, around != UINT64_MAX ? around : AROUND, &range);
                if (r != STATUS_DONE)
                        return r;
                render.range = &range;
        }
        if (!json && !no_pager)
                pager_open();
        if (json)
                r = render_json(q, id, &render, stdout);
        else if (markdown)
                r = render_markdown(q, id, &render, stdout);
        else
                r = render_terminal(q, id, &render, stdout);
        (void) query_end(q);
        return r < 0 && r != -EPIPE ? query_failed(q, r) : STATUS_DONE;
}
