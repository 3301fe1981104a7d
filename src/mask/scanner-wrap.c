/* Scanner: words that go on in the next line */
#include <string.h>

#include "mask/scanner-internal.h"

/* What such a line costs of the budget, a mean. */
#define WRAP_STEPS 16

/* What begins at @at of the view goes on where two lines are one. */
static void add_wrap(Scanner *s, size_t at)
{
        size_t start, end;

        if (at < s->first || at >= s->end)
                return;
        view_range(&s->view, at, at, &start, &end);
        s->wraps |= 1U << (s->base + start - s->chunk) / BLOCK_SIZE % N_BLOCKS;
}

static bool has_pattern(const Ruleset *rules, uint32_t literal)
{
        for (uint32_t i = rules->use_starts[literal]; i < rules->use_starts[literal + 1]; i++)
                if (rules->rules[rules->uses[i]].kind == RULE_PATTERN)
                        return true;
        return false;
}

/* Does a pattern's literal stand in the last word of a line, @word..@end, with what follows at @next? */
static int find_wrapped_literals(Scanner *s, size_t word, size_t end, size_t next)
{
        const View *v = &s->view;
        size_t n = end - word, after = v->size - next;
        char text[2 * CUT_WINDOW];
        int r;

        after = after < s->rules->longest ? after : s->rules->longest;
        after = after < CUT_WINDOW ? after : CUT_WINDOW;
        memcpy(text, v->text + word, n);
        memcpy(text + n, v->text + next, after);
        r = literal_set_scan(s->rules->literals, s->scratch, text, n + after, &s->hits);
        for (size_t i = 0; r >= 0 && i < s->hits.n && s->hits.hits[i].start < n; i++)
                if (has_pattern(s->rules, s->hits.hits[i].literal))
                        add_wrap(s, word + s->hits.hits[i].start);
        explicit_bzero(text, n + after);
        return r;
}

int scanner_find_wraps(Scanner *s)
{
        const View *v = &s->view;
        size_t line = s->first > CUT_WINDOW ? s->first - CUT_WINDOW : 0, start;
        size_t until = v->size - s->end > CUT_WINDOW ? s->end + CUT_WINDOW : v->size;
        const char *p;
        int r = 0;

        while (r >= 0 && line < until && (p = memchr(v->text + line, '\n', until - line))) {
                size_t begin = line, end = (size_t) (p - v->text), next = end + 1, word;

                line = next;
                end -= end > begin && v->text[end - 1] == '\r';
                end -= end > begin && v->text[end - 1] == '='; /* quoted-printable */
                if (!view_is_wrap(v->text, begin, end, v->text + next, v->size - next) ||
                    !budget_spend(&s->budget, WRAP_STEPS))
                        continue;
                word = end;
                while (word > begin && end - word < CUT_WINDOW &&
                       (unsigned char) v->text[word - 1] > ' ')
                        word--;
                r = find_wrapped_literals(s, word, end, next);
                if (r >= 0 && known_any(s->known) &&
                    known_before_cut(s->known, v->text, begin, end, &start, &s->budget))
                        add_wrap(s, start);
        }
        return r;
}
