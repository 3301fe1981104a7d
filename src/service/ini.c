/* Settings files, as systemd writes them */
#include "service/ini.h"

#include <ctype.h>
#include <string.h>

typedef struct Lines {
        char *next; /* NULL: none left */
        unsigned number;
} Lines;

static char *strip(char *s)
{
        size_t n;

        while (isspace((unsigned char) *s))
                s++;
        n = strlen(s);
        while (n > 0 && isspace((unsigned char) s[n - 1]))
                s[--n] = 0;
        return s;
}

static bool is_comment(const char *line)
{
        line += strspn(line, " \t");
        return *line == '#' || *line == ';';
}

/* The next line as it is in the file, without its end; NULL after the last one. */
static char *next_physical(Lines *lines)
{
        char *line = lines->next, *end;

        if (!line)
                return NULL;
        lines->number++;
        end = strchr(line, '\n');
        if (end) {
                *end = 0;
                lines->next = end + 1;
        } else
                lines->next = NULL;
        end = line + strlen(line);
        if (end > line && end[-1] == '\r')
                end[-1] = 0;
        return line;
}

/* The next line with its continuations joined, each "\" replaced by a space, and comments among them left out. It is assembled
 * where the first one begins: no line grows by that. */
static char *next_line(Lines *lines, unsigned *ret_number)
{
        char *line = next_physical(lines), *end;

        if (!line)
                return NULL;
        *ret_number = lines->number;
        end = line + strlen(line);
        while (end > line && end[-1] == '\\' && !is_comment(line)) {
                char *more = next_physical(lines);
                size_t n;

                end[-1] = ' ';
                while (more && is_comment(more))
                        more = next_physical(lines);
                if (!more)
                        break;
                n = strlen(more);
                memmove(end, more, n + 1);
                end += n;
        }
        return strip(line);
}

int ini_read(char *text, IniHandler handler, void *userdata, unsigned *ret_line)
{
        Lines lines = { .next = text };
        const char *section = NULL;
        unsigned number;
        char *line;
        int r;

        if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
                lines.next = text + 3;
        while ((line = next_line(&lines, &number))) {
                size_t n = strlen(line);
                char *equals;

                if (n == 0 || is_comment(line))
                        continue;
                if (line[0] == '[') {
                        if (line[n - 1] != ']' || n < 3) {
                                *ret_line = number;
                                return -EBADMSG;
                        }
                        line[n - 1] = 0;
                        section = strip(line + 1);
                        r = handler(userdata, INI_SECTION, number, section, NULL, NULL);
                } else if (!section) {
                        r = handler(userdata, INI_BROKEN, number, NULL, NULL,
                                    "a setting before the first [Section]");
                } else if (!(equals = strchr(line, '='))) {
                        r = handler(userdata, INI_BROKEN, number, NULL, NULL, "a line without '='");
                } else {
                        *equals = 0;
                        r = handler(userdata, INI_ASSIGNMENT, number, section, strip(line),
                                    strip(equals + 1));
                }
                if (r < 0)
                        return r;
        }
        return 0;
}
