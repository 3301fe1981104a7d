/* Cuts: where a text was cut off */
#include "mask/cut.h"

#include <string.h>

#include "mask/known.h"

/* The bytes of "..." and of U+2026. */
#define SIGN_SIZE 3

void cuts_begin(Cuts *c)
{
        c->line.start = c->clear.start = SIZE_MAX;
}

/* The end of the line of @at, or of the view. */
static size_t line_end(Cuts *c, const View *v, size_t at)
{
        if (at < c->line.start || at > c->line.end) {
                const char *end = memchr(v->text + at, '\n', v->size - at);

                c->line.start = at;
                c->line.end = end ? (size_t) (end - v->text) : v->size;
        }
        return c->line.end;
}

/* The first sign at or after @at that ends before @limit, or a later one, or the size of the view. */
static size_t next_sign(Cuts *c, const View *v, size_t at, size_t limit)
{
        if (at < c->clear.start || at > c->clear.end) {
                c->clear.start = c->clear.end = at;
                c->found = false;
        }
        if (!c->found && limit - c->clear.end >= SIGN_SIZE && c->clear.end < limit) {
                c->clear.end = known_next_cut(v->text, limit, c->clear.end);
                c->found = c->clear.end < limit;
                if (!c->found)
                        c->clear.end -= SIGN_SIZE - 1; /* one may begin there */
        }
        return c->found ? c->clear.end : v->size;
}

size_t cuts_after(Cuts *c, const View *v, size_t at, bool ends)
{
        size_t limit = v->size - at > CUT_WINDOW ? at + CUT_WINDOW : v->size,
               end = line_end(c, v, at), sign;

        limit = end < limit ? end : limit;
        sign = next_sign(c, v, at, limit);
        if (sign < limit && limit - sign >= SIGN_SIZE)
                return sign;
        return limit == v->size && ends ? limit : 0;
}
