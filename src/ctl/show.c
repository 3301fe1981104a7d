/* scrubjayctl show: read a session */
#include <string.h>

#include "ctl/command.h"
#include "ctl/i18n.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/render.h"
#include "ctl/session-text.h"
#include "ctl/terminal.h"

int command_show(int argc, char *argv[])
{
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_free_ char *id = NULL;
        bool json = false, markdown = false, no_pager = false;
        const Option options[] = {
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
        int r, first;

        r = options_parse(&usage, argc, argv, &first);
        if (r != 0)
                return r < 0 ? STATUS_USAGE : STATUS_DONE;
        if (places_open_archive(&q) < 0 || session_find(q, argv[first], &id) < 0)
                return STATUS_FAILED;
        if (!json && !no_pager)
                pager_open();
        (void) query_begin(q);
        if (json)
                r = render_json(q, id, stdout);
        else if (markdown)
                r = render_markdown(q, id, stdout);
        else
                r = render_terminal(q, id, stdout);
        (void) query_end(q);
        return r < 0 && r != -EPIPE ? query_failed(q, r) : STATUS_DONE;
}
