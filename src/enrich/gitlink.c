/* Git links: which commits and pull requests a session made */
#include "enrich/gitlink.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/bytes-find.h"

#define URL_MAX \
        300 /* a pull request's URL is far shorter; this bounds the walk back to its scheme */

static bool contains(const char *text, size_t size, const char *word)
{
        return text && memmem(text, size, word, strlen(word)) != NULL;
}

static bool equals(const char *text, size_t size, const char *word)
{
        return strlen(word) == size && strncasecmp(text, word, size) == 0;
}

bool gitlink_is_shell(const char *category, size_t category_size, const char *name,
                      size_t name_size)
{
        static const char *const names[] = { "bash",
                                             "shell",
                                             "exec_command",
                                             "run_command",
                                             "run_terminal_cmd",
                                             "run_shell_command",
                                             "terminal",
                                             "local_shell",
                                             "powershell" };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                if (equals(category, category_size, names[i]) || equals(name, name_size, names[i]))
                        return true;
        return false;
}

/* "git commit", also with options between the words: "git -C x commit". */
static bool runs_git_commit(const char *command, size_t size)
{
        const char *end, *git = command;

        if (size == 0)
                return false;
        end = command + size;
        while ((git = memmem(git, (size_t) (end - git), "git ", 4)) != NULL) {
                const char *line_end = memchr(git, '\n', (size_t) (end - git));

                if (contains(git + 3, (size_t) ((line_end ?: end) - git) - 3, " commit"))
                        return true;
                git += 4;
        }
        return false;
}

/* The "[branch 1a2b3c4]" that @line begins with: the id is the last word in the brackets. */
static int search_commit_line(const char *line, const char *end, GitLinkFunc func, void *userdata)
{
        const char *close, *id;
        size_t n;

        if (line == end || *line != '[')
                return 0;
        close = memchr(line, ']', (size_t) (end - line));
        if (!close)
                return 0;
        for (id = close; id > line + 1 && isxdigit((unsigned char) id[-1]); id--)
                ;
        n = (size_t) (close - id);
        if (n < 7 || n > 64 || id[-1] != ' ' || id == line + 2)
                return 0;
        return func(userdata, &(GitLink){ .text = id, .size = n, .is_certain = true });
}

static int search_commits(const char *output, size_t size, GitLinkFunc func, void *userdata)
{
        const char *end = output + size;
        int r = 0;

        for (const char *line = output; r >= 0 && line < end;) {
                const char *line_end = memchr(line, '\n', (size_t) (end - line)) ?: end;

                r = search_commit_line(line, line_end, func, userdata);
                line = line_end < end ? line_end + 1 : end;
        }
        return r;
}

static bool is_url_char(char c)
{
        return c > ' ' && c < 0x7f && !strchr("\"'<>()[]{}`\\|^,;", c);
}

/* The URL round @middle ("/pull/"), from its scheme to the last digit of the number. Its size, or 0 if it is none. */
static size_t url_around(const char *text, const char *end, const char *middle, size_t middle_size,
                         const char **ret_start)
{
        const char *start = middle, *stop = middle + middle_size;

        while (stop < end && isdigit((unsigned char) *stop))
                stop++;
        if (stop == middle + middle_size)
                return 0;
        while (start > text && middle - start < URL_MAX && is_url_char(start[-1]))
                start--;
        for (; start < middle; start++)
                if ((size_t) (middle - start) > 8 &&
                    (strncmp(start, "https://", 8) == 0 || strncmp(start, "http://", 7) == 0))
                        break;
        if (start == middle || memchr(start, '@', (size_t) (middle - start)))
                return 0; /* no scheme; or credentials, which are no part of a pull request's address */
        *ret_start = start;
        return (size_t) (stop - start);
}

int gitlink_search_text(const char *text, size_t size, bool is_certain, GitLinkFunc func,
                        void *userdata)
{
        static const char *const middles[] = { "/pull/", "/merge_requests/" };
        const char *end;

        if (size == 0)
                return 0;
        end = text + size;
        for (size_t i = 0; i < sizeof(middles) / sizeof(middles[0]); i++) {
                size_t n = strlen(middles[i]);
                const char *p = text;

                while ((p = bytes_find(p, (size_t) (end - p), middles[i], n)) != NULL) {
                        GitLink link = { .is_pull_request = true, .is_certain = is_certain };
                        int r;

                        link.size = url_around(text, end, p, n, &link.text);
                        p += n;
                        if (link.size == 0)
                                continue;
                        r = func(userdata, &link);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

int gitlink_search_output(const char *command, size_t command_size, const char *output,
                          size_t output_size, GitLinkFunc func, void *userdata)
{
        bool makes_request = contains(command, command_size, "gh pr create") ||
                             contains(command, command_size, "glab mr create");
        int r;

        if (output_size == 0)
                return 0;
        if (runs_git_commit(command, command_size)) {
                r = search_commits(output, output_size, func, userdata);
                if (r < 0)
                        return r;
        }
        return gitlink_search_text(output, output_size, makes_request, func, userdata);
}
