/* Memory, and what happens without it */
#include "base/memory.h"

#include <pthread.h>
#include <string.h>
#include <sys/uio.h>

#define FIRST_ENTRIES ((size_t) 8)

/* As for what cannot be used: no answer came out. 1 is for an answer of which a part failed. */
#define STATUS 2

static struct {
        const char *prefix;
        void (*act)(void);
} before_end = { .prefix = "" };

void memory_before_end(const char *prefix, void (*act)(void))
{
        before_end.prefix = prefix;
        before_end.act = act;
}

void memory_is_out(void)
{
        static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
        static char sentence[] = ": There is no memory left; the program ends.\n";
        char *name = program_invocation_short_name;
        struct iovec parts[] = { { (char *) before_end.prefix, strlen(before_end.prefix) },
                                 { name, strlen(name) },
                                 { sentence, sizeof(sentence) - 1 } };

        /* another thread waits here for the end; nothing from here on takes memory */
        (void) pthread_mutex_lock(&once);
        if (before_end.act)
                before_end.act();
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

void *memory_try_room(void *array, size_t n, size_t size)
{
        size_t want = array ? n * 2 : FIRST_ENTRIES;

        if (array && (n < FIRST_ENTRIES || (n & (n - 1)) != 0))
                return array;
        return want <= MEMORY_SMALL / size ? xreallocarray(array, want, size)
                                           : reallocarray(array, want, size);
}

void *memory_make_room(void *array, size_t n, size_t size)
{
        return have(memory_try_room(array, n, size));
}
