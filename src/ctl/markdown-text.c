/* Text of a session within a Markdown document (CommonMark 0.31) */
#include "ctl/markdown-text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define FENCE_MIN  3
#define INDENT_MAX 3 /* more, and it is a line of code, no end of a fence */

typedef struct Fence {
        char mark;
        size_t n; /* of the open one; 0: none is open */
        bool is_unclear; /* something may have opened one in a list or the like: what follows counts as outside */
} Fence;

/* A "<" that could begin a tag, a comment or the like. */
static bool begins_html(const char *p, size_t size)
{
        return *p == '<' && size > 1 && (isalpha((unsigned char) p[1]) || strchr("/!?", p[1]));
}

static void write_escaped(FILE *f, const char *text, size_t size)
{
        for (; size > 0; text++, size--)
                if (begins_html(text, size))
                        fputs("&lt;", f);
                else
                        fputc(*text, f);
}

/* How many times the mark at @text is repeated. */
static size_t run_length(const char *text, size_t size)
{
        size_t n = 0;

        while (n < size && text[n] == text[0])
                n++;
        return n;
}

static size_t n_spaces(const char *line, size_t size)
{
        size_t n = 0;

        while (n < size && line[n] == ' ')
                n++;
        return n;
}

static bool has_fence(const char *line, size_t size)
{
        for (size_t i = 0, n; i < size; i += n) {
                n = run_length(line + i, size - i);
                if ((line[i] == '`' || line[i] == '~') && n >= FENCE_MIN)
                        return true;
        }
        return false;
}

/* Only one that begins its line is sure to be no part of a list. */
static bool opens_fence(const char *line, size_t size, size_t *ret_n)
{
        if (size == 0 || (line[0] != '`' && line[0] != '~'))
                return false;
        *ret_n = run_length(line, size);
        return *ret_n >= FENCE_MIN &&
               (line[0] == '~' || !memchr(line + *ret_n, '`', size - *ret_n));
}

static bool closes_fence(const Fence *fence, const char *line, size_t size)
{
        size_t at = n_spaces(line, size), n;

        if (at > INDENT_MAX || at == size || line[at] != fence->mark)
                return false;
        n = run_length(line + at, size - at);
        if (n < fence->n)
                return false;
        for (at += n; at < size; at++)
                if (line[at] != ' ' && line[at] != '\t')
                        return false;
        return true;
}

/* Is it a line of only "=" or "-", which makes a heading of the one before? */
static bool is_underline(const char *line, size_t size)
{
        size_t at = n_spaces(line, size), n;

        if (at == size || (line[at] != '=' && line[at] != '-'))
                return false;
        n = run_length(line + at, size - at);
        return strspn(line + at + n, " \t") >= size - at - n;
}

static void write_outside(FILE *f, const char *line, size_t size)
{
        size_t at = strspn(line, " \t");

        at = at < size ? at : size;
        fwrite(line, 1, at, f);
        if (at < size && (line[at] == '#' || is_underline(line, size)))
                fputc('\\', f);
        write_escaped(f, line + at, size - at);
}

static void write_line(FILE *f, Fence *fence, const char *line, size_t size)
{
        size_t n = 0;

        if (fence->n > 0) {
                fwrite(line, 1, size, f);
                if (closes_fence(fence, line, size))
                        fence->n = 0;
        } else if (!fence->is_unclear && opens_fence(line, size, &n)) {
                fwrite(line, 1, size, f);
                *fence = (Fence){ .mark = line[0], .n = n };
        } else {
                fence->is_unclear = fence->is_unclear || has_fence(line, size);
                write_outside(f, line, size);
        }
}

void markdown_write_quoted(FILE *f, const char *before, const char *text)
{
        Fence fence = { 0 };

        while (*text) {
                size_t n = strcspn(text, "\n");

                fputs(before, f);
                write_line(f, &fence, text, n);
                fputc('\n', f);
                text += n + (text[n] == '\n');
        }
        fputc('\n', f);
}

void markdown_write_inline(FILE *f, const char *text)
{
        write_escaped(f, text, strlen(text));
}
