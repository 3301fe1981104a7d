/* Scanner: private keys, wherever the text is cut in pieces */
#include <string.h>

#include "mask/guard.h"
#include "mask/private-key.h"
#include "mask/scanner-internal.h"

/* Each line of a key's body is a secret of its own: masked also where it stands alone. */
static int remember_lines(Scanner *s, const Rule *rule, size_t start, size_t end)
{
        const char *text = s->view.text;

        while (start < end) {
                size_t n = 0;
                KnownSecret known;

                while (start + n < end && (text_classes(text + start + n, 1) != CLASS_SPECIAL ||
                                           (text[start + n] && strchr("+/=", text[start + n]))))
                        n++;
                known = (KnownSecret){ (char *) text + start, n, rule->id,
                                       hash_bytes(&s->key, text + start, n), rule->rank };
                if (n >= 40)
                        (void) known_add(s->known, &known);
                start += n + 1;
        }
        return 0;
}

static int take_runs(Scanner *s, const Rule *rule, size_t start, size_t end)
{
        size_t at = start, n;

        for (; (n = private_key_next_run(s->view.text, &at, end)) > 0; at += n)
                if (scanner_take(s, rule, start, at, at + n) < 0)
                        return -ENOMEM;
        return 0;
}

static int take_key(Scanner *s, const Rule *rule, size_t start, size_t end)
{
        int r = scanner_take(s, rule, start, start, end);
        size_t unused, last;

        view_range(&s->view, end - 1, end, &unused, &last);
        s->key_end = s->base + last;
        return r > 0 ? remember_lines(s, rule, start, end) : r;
}

/*
 * The body of the key whose footer ends at @end, with its word at @at, goes up to where the view begins: views that begin ever
 * earlier in the text, so that all of them cost at most twice the body.
 */
static int take_from_before(Scanner *s, const Rule *rule, size_t at, size_t end)
{
        const View view = s->view;
        const char *text = view.source - s->base;
        size_t base = s->base, low = s->key_end, last, unused;
        KeyRange range = { .from_before = true };
        int r = 0;

        view_range(&view, end - 1, end, &unused, &last);
        last += base;
        s->view = (View){ .known = view.known };
        for (size_t back = 2 * TEXT_BEHIND; r >= 0 && range.from_before; back *= 2) {
                size_t from = last > low + back ? last - back : low;

                s->base = scanner_view_start(text, from);
                r = view_set(&s->view, text + s->base, last - s->base);
                if (r < 0)
                        break;
                (void) private_key_find(s->view.text, s->view.size, 0, s->view.size - (end - at),
                                        &range);
                range.from_before = range.from_before && from > low;
        }
        if (r >= 0 && range.end > range.start)
                r = take_key(s, rule, range.start, range.end);
        view_done(&s->view);
        s->view = view;
        s->base = base;
        return r < 0 ? r : 0;
}

/* Does it go on where this view ends? */
static void note_open(Scanner *s, const Rule *rule, const KeyRange *key)
{
        if (key->end >= s->end && !key->closed)
                s->open_key = rule;
}

int scanner_try_key(Scanner *s, const Rule *rule, size_t *done, size_t at)
{
        PrivateKey found;
        KeyRange key;
        int r = 0;

        if (at < *done || s->view.join)
                return 0;
        found = private_key_find(s->view.text, s->view.size, *done, at, &key);
        if (key.from_before && *done == 0 && s->base > s->key_end)
                r = take_from_before(s, rule, at, key.end);
        else if (found == PRIVATE_KEY_WHOLE)
                r = take_key(s, rule, key.start, key.end);
        else if (found == PRIVATE_KEY_SCATTERED)
                r = take_runs(s, rule, key.start, key.end);
        *done = key.end > at ? key.end : at + 1;
        note_open(s, rule, &key);
        return r < 0 ? r : 0;
}

int scanner_go_on_with_key(Scanner *s)
{
        const Rule *rule = s->open_key;
        KeyRange key;

        s->open_key = NULL;
        if (!rule)
                return 0;
        key = private_key_go_on(s->view.text, s->view.size, s->first);
        note_open(s, rule, &key);
        return key.end > s->first ? take_key(s, rule, s->first, key.end) : 0;
}
