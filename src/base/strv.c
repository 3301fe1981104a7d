/* Lists of strings */
#include "base/strv.h"

#include <string.h>

char **strv_free(char **list)
{
        for (size_t i = 0; list && list[i]; i++)
                free(list[i]);
        free(list);
        return NULL;
}

void strv_take(char ***list, char *s)
{
        size_t n = 0;

        while (*list && (*list)[n])
                n++;
        *list = xreallocarray(*list, n + 2, sizeof(**list));
        (*list)[n] = s;
        (*list)[n + 1] = NULL;
}

/* One word at *@s, which moves to its end. NULL: a quote is left open. */
static char *read_word(const char **s)
{
        char *word = xmalloc(strlen(*s) + 1), quote = 0;
        const char *p = *s;
        size_t n = 0;

        for (; *p && (quote || !strchr(" \t,", *p)); p++) {
                if (quote && *p == quote)
                        quote = 0;
                else if (!quote && (*p == '"' || *p == '\''))
                        quote = *p;
                else
                        word[n++] = *p;
        }
        word[n] = 0;
        *s = p;
        if (!quote)
                return word;
        free(word);
        return NULL;
}

int strv_append_words(char ***list, const char *s)
{
        _cleanup_(strv_freep) char **words = NULL;

        for (s += strspn(s, " \t,"); *s; s += strspn(s, " \t,")) {
                _cleanup_free_ char *word = read_word(&s);

                if (!word)
                        return -EINVAL;
                if (*word)
                        strv_take(&words, TAKE_PTR(word));
        }
        for (size_t i = 0; words && words[i]; i++)
                strv_take(list, words[i]);
        free(TAKE_PTR(words));
        return 0;
}
