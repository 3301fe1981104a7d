/* Bar: progress, drawn on the terminal's last line, or printed as a line now and then */
#include "ctl/bar.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/strbuf.h"
#include "base/time-util.h"
#include "ctl/i18n.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

#define CELLS         24
#define LINE_USEC     (10 * USEC_PER_SEC)   /* between two lines, without a terminal */
#define RATE_MIN_USEC (500 * USEC_PER_MSEC) /* before a rate says anything */

struct Bar {
        bool is_terminal;
        bool is_drawn;
        uint64_t n_total; /* the most that was ever to go */
        uint64_t began_usec;
        uint64_t line_usec; /* when the last line was written */
};

Bar *bar_new(void)
{
        Bar *b = xcalloc(1, sizeof(*b));

        b->is_terminal = isatty(STDERR_FILENO) == 1;
        return b;
}

Bar *bar_free(Bar *b)
{
        bar_clear(b);
        free(b);
        return NULL;
}

void bar_clear(Bar *b)
{
        if (!b || !b->is_drawn)
                return;
        terminal_clear_line(stderr);
        fflush(stderr);
        b->is_drawn = false;
}

/* "120 of 300 sessions, 25 a second, 7s left" */
static void put_numbers(const Bar *b, StrBuf *text, uint64_t n_done, uint64_t elapsed_usec)
{
        uint64_t n_left = b->n_total - n_done;
        double rate;

        (void) strbuf_printf(text,
                             P_("%" PRIu64 " of %" PRIu64 " session",
                                "%" PRIu64 " of %" PRIu64 " sessions", b->n_total),
                             n_done, b->n_total);
        if (n_done == 0 || elapsed_usec < RATE_MIN_USEC)
                return;
        rate = (double) n_done * (double) USEC_PER_SEC / (double) elapsed_usec;
        (void) strbuf_puts(text, ", ");
        (void) strbuf_printf(text, _("%.0f a second"), rate);
        if (n_left > 0 && rate > 0) {
                (void) strbuf_puts(text, ", ");
                format_time_span(text, ((uint64_t) ((double) n_left / rate) + 1) * USEC_PER_SEC);
                (void) strbuf_putc(text, ' ');
                (void) strbuf_puts(text, _("left"));
        }
}

static void draw(Bar *b, const char *numbers, uint64_t n_done)
{
        size_t n_full = b->n_total > 0 ? (size_t) (n_done * CELLS / b->n_total) : 0;
        _cleanup_free_ char *cut = NULL;
        struct winsize size;
        size_t width = 80;

        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > CELLS + 4)
                width = size.ws_col;
        cut = text_cut(numbers, width - CELLS - 4);
        terminal_clear_line(stderr);
        fputc('[', stderr);
        for (size_t i = 0; i < CELLS; i++)
                fputc(i < n_full ? '#' : '-', stderr);
        fprintf(stderr, "] %s", cut);
        fflush(stderr);
        b->is_drawn = true;
}

void bar_update(Bar *b, uint64_t n_pending, uint64_t now)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        if (!b)
                return;
        if (n_pending > b->n_total || b->n_total == 0) {
                b->n_total = n_pending;
                b->began_usec = b->line_usec = now;
        }
        if (b->n_total == 0)
                return;
        put_numbers(b, &text, b->n_total - n_pending, now - b->began_usec);
        if (b->is_terminal)
                draw(b, text.data ?: "", b->n_total - n_pending);
        else if (now - b->line_usec >= LINE_USEC) {
                fprintf(stderr, "%s\n", text.data ?: "");
                b->line_usec = now;
        }
}
