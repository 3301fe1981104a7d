/* Lists of strings */
#include "service/strv.h"

#include <string.h>

#include "base/strbuf.h"

char **strv_free(char **list)
{
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
        return NULL;
}

size_t strv_length(char *const *list)
{
        size_t n = 0;

        while (list && list[n])
                n++;
        return n;
}

int strv_take(char ***list, char *s)
{
        size_t n = strv_length(*list);
        char **grown = s ? reallocarray(*list, n + 2, sizeof(*grown)) : NULL;

        if (!grown) {
                free(s);
                return -ENOMEM;
        }
        grown[n] = s;
        grown[n + 1] = NULL;
        *list = grown;
        return 0;
}

/* One word at *@s, which moves behind it. Returns 0, -EINVAL or -ENOMEM. */
static int read_word(const char **s, char **ret)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        const char *p = *s;
        char quote = 0;

        for (; *p && (quote || !strchr(" \t,", *p)); p++) {
                if (quote && *p == quote)
                        quote = 0;
                else if (!quote && (*p == '"' || *p == '\''))
                        quote = *p;
                else
                        (void) strbuf_putc(&b, *p);
        }
        if (quote)
                return -EINVAL;
        *s = p;
        return strbuf_take(&b, ret);
}

int strv_append_words(char ***list, const char *s)
{
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        for (s += strspn(s, " \t,"); *s; s += strspn(s, " \t,")) {
                _cleanup_free_ char *word = NULL;

                r = read_word(&s, &word);
                if (r >= 0 && *word)
                        r = strv_take(&words, TAKE_PTR(word));
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; words && words[i]; i++) {
                r = strv_take(list, TAKE_PTR(words[i]));
                if (r < 0) {
                        /* the rest is not reached by strv_free() behind a NULL */
                        for (i++; words[i]; i++)
                                free(words[i]);
                        return r;
                }
        }
        return 0;
}
