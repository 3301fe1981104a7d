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

/* The end of the word at @s. NULL: a quote is left open. */
static const char *word_end(const char *s)
{
        char quote = 0;

        for (; *s && (quote || !strchr(" \t,", *s)); s++)
                if (quote && *s == quote)
                        quote = 0;
                else if (!quote && (*s == '"' || *s == '\''))
                        quote = *s;
        return quote ? NULL : s;
}

/* The word from @s to @end, without its quotes. */
static char *read_word(const char *s, const char *end)
{
        char *word = xmalloc((size_t) (end - s) + 1), quote = 0;
        size_t n = 0;

        for (; s < end; s++) {
                if (quote && *s == quote)
                        quote = 0;
                else if (!quote && (*s == '"' || *s == '\''))
                        quote = *s;
                else
                        word[n++] = *s;
        }
        word[n] = 0;
        return word;
}

int strv_append_words(char ***list, const char *s)
{
        _cleanup_(strv_freep) char **words = NULL;

        for (s += strspn(s, " \t,"); *s; s += strspn(s, " \t,")) {
                const char *end = word_end(s);
                _cleanup_free_ char *word = end ? read_word(s, end) : NULL;

                if (!word)
                        return -EINVAL;
                s = end;
                if (*word)
                        strv_take(&words, TAKE_PTR(word));
        }
        for (size_t i = 0; words && words[i]; i++)
                strv_take(list, words[i]);
        free(TAKE_PTR(words));
        return 0;
}
