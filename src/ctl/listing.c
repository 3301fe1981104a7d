/* Listing: rows in columns */
#include "ctl/listing.h"

#include <string.h>

#include "base/strbuf.h"
#include "ctl/text.h"

#define COLUMNS_MAX 10
#define GAP         2

typedef struct Cell {
        char *text;
        size_t width;
        Style style;
} Cell;

struct Listing {
        const char *headers[COLUMNS_MAX];
        bool is_number[COLUMNS_MAX];
        size_t width[COLUMNS_MAX];
        size_t n_columns;
        Cell *cells;
        size_t n_cells, n_allocated;
        bool failed;
};

Listing *listing_new(const char *const *headers, size_t n_columns)
{
        Listing *l = calloc(1, sizeof(*l));

        if (!l)
                return NULL;
        l->n_columns = n_columns < COLUMNS_MAX ? n_columns : COLUMNS_MAX;
        for (size_t i = 0; i < l->n_columns; i++) {
                l->is_number[i] = headers[i][0] == '>';
                l->headers[i] = headers[i] + l->is_number[i];
                l->width[i] = text_width(l->headers[i]);
        }
        return l;
}

Listing *listing_free(Listing *l)
{
        if (!l)
                return NULL;
        for (size_t i = 0; i < l->n_cells; i++)
                free(l->cells[i].text);
        free(l->cells);
        free(l);
        return NULL;
}

size_t listing_n_rows(const Listing *l)
{
        return l->n_cells / l->n_columns;
}

void listing_take(Listing *l, Style style, char *text)
{
        size_t column = l->n_cells % l->n_columns;
        Cell *grown;

        if (!text || l->failed) {
                l->failed = true;
                free(text);
                return;
        }
        if (l->n_cells == l->n_allocated) {
                size_t n = l->n_allocated > 0 ? l->n_allocated * 2 : 64;

                grown = reallocarray(l->cells, n, sizeof(*grown));
                if (!grown) {
                        l->failed = true;
                        free(text);
                        return;
                }
                l->cells = grown;
                l->n_allocated = n;
        }
        l->cells[l->n_cells] = (Cell){ .text = text, .width = text_width(text), .style = style };
        if (l->cells[l->n_cells].width > l->width[column])
                l->width[column] = l->cells[l->n_cells].width;
        l->n_cells++;
}

void listing_add(Listing *l, Style style, const char *format, ...)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *text = NULL;
        va_list ap;

        va_start(ap, format);
        (void) strbuf_vprintf(&b, format, ap);
        va_end(ap);
        (void) strbuf_take(&b, &text);
        listing_take(l, style, text);
}

/* Prints one cell at column @i; @used are the columns taken so far. */
static void print_cell(const Listing *l, size_t i, const char *text, size_t width, Style style,
                       size_t used)
{
        size_t limit = terminal_width(), pad = l->width[i] > width ? l->width[i] - width : 0;
        _cleanup_free_ char *cut = NULL;

        if (l->is_number[i])
                printf("%*s", (int) pad, "");
        if (i + 1 == l->n_columns && limit > 0 && used < limit && width > limit - used)
                cut = text_cut(text, limit - used);
        printf("%s%s%s", style_on(style), cut ?: text, style == STYLE_NONE ? "" : style_off());
        if (i + 1 < l->n_columns)
                printf("%*s", (int) ((l->is_number[i] ? 0 : pad) + GAP), "");
}

int listing_print(const Listing *l)
{
        size_t used = 0;

        if (l->failed)
                return -ENOMEM;
        for (size_t i = 0; i < l->n_columns; i++) {
                print_cell(l, i, l->headers[i], text_width(l->headers[i]), STYLE_BOLD, used);
                used += l->width[i] + GAP;
        }
        putchar('\n');
        for (size_t c = 0; c < l->n_cells; c++) {
                size_t i = c % l->n_columns;
                const Cell *cell = l->cells + c;

                used = i == 0 ? 0 : used + l->width[i - 1] + GAP;
                print_cell(l, i, cell->text, cell->width, cell->style, used);
                if (i + 1 == l->n_columns)
                        putchar('\n');
        }
        return 0;
}
