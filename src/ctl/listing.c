/* Listing: rows in columns */
#include "ctl/listing.h"

#include <string.h>

#include "ctl/text.h"

#define COLUMNS_MAX 12
#define GAP         2

/* A column of text is not cut below this before another one is left out. */
#define TEXT_MIN 12

typedef struct Cell {
        char *text;
        size_t width;
        Style style;
} Cell;

struct Listing {
        ListingColumn columns[COLUMNS_MAX];
        bool is_number[COLUMNS_MAX];
        size_t width[COLUMNS_MAX]; /* of the widest cell */
        size_t n_columns;
        Cell *cells;
        size_t n_cells;
};

Listing *listing_new(const ListingColumn *columns, size_t n_columns)
{
        Listing *l = xcalloc(1, sizeof(*l));

        l->n_columns = n_columns < COLUMNS_MAX ? n_columns : COLUMNS_MAX;
        for (size_t i = 0; i < l->n_columns; i++) {
                l->columns[i] = columns[i];
                l->is_number[i] = columns[i].header[0] == '>';
                l->columns[i].header += l->is_number[i];
                l->width[i] = text_width(l->columns[i].header);
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
        Cell cell = { .text = text, .width = text_width(text), .style = style };

        APPEND(l->cells, l->n_cells, cell);
        if (cell.width > l->width[column])
                l->width[column] = cell.width;
}

void listing_add(Listing *l, Style style, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        listing_take(l, style, xvasprintf(format, ap));
        va_end(ap);
}

/* How wide each column is on this terminal; 0: it is left out. */
typedef struct Layout {
        size_t width[COLUMNS_MAX];
} Layout;

static bool can_be_cut(const Listing *l, size_t i)
{
        return !l->is_number[i] && !l->columns[i].fixed;
}

/* What a row takes when each column of text is no wider than @text_max. */
static size_t row_width(const Listing *l, const Layout *layout, size_t text_max)
{
        size_t sum = 0;

        for (size_t i = 0; i < l->n_columns; i++) {
                size_t width = layout->width[i];

                if (width > 0)
                        sum += (sum > 0 ? GAP : 0) +
                               (can_be_cut(l, i) && width > text_max ? text_max : width);
        }
        return sum;
}

/* Leaves out the column that matters least. Returns false if there is none. */
static bool leave_one_out(const Listing *l, Layout *layout)
{
        size_t found = l->n_columns;

        for (size_t i = 0; i < l->n_columns; i++)
                if (layout->width[i] > 0 && l->columns[i].leave_out > 0 &&
                    (found == l->n_columns ||
                     l->columns[i].leave_out > l->columns[found].leave_out))
                        found = i;
        if (found == l->n_columns)
                return false;
        layout->width[found] = 0;
        return true;
}

static Layout lay_out(const Listing *l, size_t limit)
{
        Layout layout;
        size_t text_max = 1;

        memcpy(layout.width, l->width, sizeof(layout.width));
        if (limit == 0)
                return layout;
        while (row_width(l, &layout, TEXT_MIN) > limit && leave_one_out(l, &layout))
                ;
        /* the most that all can have; the widest are cut */
        while (text_max < limit && row_width(l, &layout, text_max + 1) <= limit)
                text_max++;
        for (size_t i = 0; i < l->n_columns; i++)
                if (can_be_cut(l, i) && layout.width[i] > text_max)
                        layout.width[i] = text_max;
        /* what the others do not need is the last one's */
        for (size_t i = l->n_columns; i > 0; i--)
                if (layout.width[i - 1] > 0) {
                        size_t used = row_width(l, &layout, SIZE_MAX);

                        if (can_be_cut(l, i - 1) && used < limit)
                                layout.width[i - 1] += limit - used;
                        break;
                }
        return layout;
}

/* Prints one row; the last column is not filled up. @cells NULL: the headers. */
static void print_row(const Listing *l, const Layout *layout, const Cell *cells)
{
        size_t pad = 0; /* blanks that are due before the next cell */

        for (size_t i = 0; i < l->n_columns; i++) {
                const char *text = cells ? cells[i].text : l->columns[i].header;
                size_t width = cells ? cells[i].width : text_width(text), all = layout->width[i];
                Style style = cells ? cells[i].style : STYLE_BOLD;
                _cleanup_free_ char *cut = NULL;

                if (all == 0)
                        continue;
                if (width > all) {
                        cut = text_cut(text, all);
                        text = cut ?: "";
                        width = text_width(text);
                }
                if (l->is_number[i])
                        pad += all - width;
                for (; pad > 0; pad--)
                        (void) putchar_unlocked(' ');
                (void) fputs(style_on(style), stdout);
                (void) fputs(text, stdout);
                (void) fputs(style == STYLE_NONE ? "" : style_off(), stdout);
                pad = GAP + (l->is_number[i] ? 0 : all - width);
        }
        putchar('\n');
}

void listing_print(const Listing *l)
{
        Layout layout = lay_out(l, terminal_width());

        print_row(l, &layout, NULL);
        for (size_t c = 0; c + l->n_columns <= l->n_cells; c += l->n_columns)
                print_row(l, &layout, l->cells + c);
}
