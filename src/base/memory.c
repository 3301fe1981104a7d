/* Memory, and what happens without it */
#include "base/memory.h"

#include <string.h>
#include <sys/uio.h>

#define FIRST_ENTRIES ((size_t) 8)

/* As for what cannot be used: no answer came out. 1 is for an answer of which a part failed. */
#define STATUS 2

void memory_is_out(void)
{
        static char sentence[] = ": There is no memory left; the program ends.\n";
        char *name = program_invocation_short_name;
        struct iovec parts[] = { { name, strlen(name) }, { sentence, sizeof(sentence) - 1 } };

        /* nothing here takes memory, and no handler runs that could */
        (void) !writev(STDERR_FILENO, parts, ELEMENTSOF(parts));
        _exit(STATUS);
}

static void *have(void *p)
{
        if (!p)
                memory_is_out();
        return p;
}

void *xmalloc(size_t size)
{
        return have(malloc(size ?: 1));
}

void *xcalloc(size_t n, size_t size)
{
        return have(calloc(n ?: 1, size ?: 1));
}

void *xrealloc(void *p, size_t size)
{
        return have(realloc(p, size ?: 1));
}

void *xreallocarray(void *p, size_t n, size_t size)
{
        return have(reallocarray(p, n ?: 1, size ?: 1));
}

char *xstrdup(const char *s)
{
        return s ? have(strdup(s)) : NULL;
}

char *xstrndup(const char *s, size_t n)
{
        return have(strndup(s, n));
}

char *xvasprintf(const char *format, va_list ap)
{
        char *text;

        if (vasprintf(&text, format, ap) < 0)
                memory_is_out();
        return text;
}

char *xasprintf(const char *format, ...)
{
        va_list ap;
        char *text;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        return text;
}

void *memory_make_room(void *array, size_t n, size_t size)
{
        if (!array)
                return xreallocarray(NULL, FIRST_ENTRIES, size);
        if (n < FIRST_ENTRIES || (n & (n - 1)) != 0)
                return array;
        return xreallocarray(array, n * 2, size);
}
