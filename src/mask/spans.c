/* Spans: the pieces of a text to replace, kept apart */
#include <string.h>

#include "mask/scanner.h"

void spans_done(Spans *s)
{
        free(s->items);
        *s = (Spans){ 0 };
}

int spans_add(Spans *s, Span span)
{
        if (s->n == s->allocated) {
                size_t want = s->allocated ? s->allocated * 2 : 16;
                Span *more = realloc(s->items, want * sizeof(*more));

                if (!more)
                        return -ENOMEM;
                s->items = more;
                s->allocated = want;
        }
        s->items[s->n++] = span;
        return 0;
}

bool span_is_better(const Span *a, const Span *b)
{
        if (!a->rule || !b->rule)
                return a->rule;
        if (a->rank != b->rank)
                return a->rank < b->rank;
        if (a->end - a->start != b->end - b->start)
                return a->end - a->start > b->end - b->start;
        return strcmp(a->rule, b->rule) < 0;
}

static int compare(const void *x, const void *y)
{
        const Span *a = x, *b = y;

        if (a->start != b->start)
                return a->start < b->start ? -1 : 1;
        if (a->end != b->end)
                return a->end > b->end ? -1 : 1;
        return span_is_better(a, b) ? -1 : span_is_better(b, a) ? 1 : 0;
}

void spans_merge(Spans *s)
{
        size_t n = 0;

        if (s->n < 2)
                return;
        qsort(s->items, s->n, sizeof(*s->items), compare);
        /* "best" keeps its own size while the merged span grows, so that the name does not depend on the order. */
        for (size_t i = 0; i < s->n;) {
                Span merged = s->items[i], best = merged;

                for (i++; i < s->n && s->items[i].start < merged.end; i++) {
                        const Span *next = &s->items[i];

                        if (span_is_better(next, &best))
                                best = *next;
                        merged.end = next->end > merged.end ? next->end : merged.end;
                        merged.context = next->context < merged.context ? next->context
                                                                        : merged.context;
                }
                merged.rule = best.rule;
                merged.rank = best.rank;
                merged.fingerprint = best.fingerprint;
                s->items[n++] = merged;
        }
        s->n = n;
}
