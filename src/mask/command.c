/* Command: a command line that takes a secret */
#include "mask/command.h"

#include <ctype.h>
#include <string.h>

#include "base/memory.h"
#include "base/strbuf.h"
#include "base/strv.h"

/* A longer command is read up to here. */
#define WORDS_MAX 64
#define BYTES_MAX 8192

/* What prints the input of a command stands so far before it, after so many others. */
#define INPUT_BYTES_MAX 1024
#define PRINTERS_MAX    4
#define HEREDOC_MAX     8

#define SECRET_MIN 3
#define SECRET_MAX 1024

typedef struct Word {
        size_t start, end; /* what it says, without quotes round it */
        bool quoted;
} Word;

typedef struct Line {
        const char *text;
        size_t size; /* up to here it is read */
        Word words[WORDS_MAX];
        bool used[WORDS_MAX]; /* by an option */
        size_t n, end;
        bool is_input; /* whose strings may have several lines */
} Line;

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Blanks, and ends of lines after the sign that carries on a command in a shell (\), PowerShell (`) or cmd.exe (^). */
static size_t skip_blanks(const char *text, size_t size, size_t p)
{
        for (;;) {
                size_t next = p + 1;

                if (p < size && is_blank(text[p])) {
                        p++;
                        continue;
                }
                if (p >= size || (text[p] != '\\' && text[p] != '`' && text[p] != '^'))
                        return p;
                if (next < size && text[next] == '\r')
                        next++;
                if (next >= size || text[next] != '\n')
                        return p;
                p = next + 1;
        }
}

static bool ends_word(char c)
{
        return c == 0 || strchr(" \t\r\n|&;<>()`", c);
}

/* The end of the string whose quote is at @p, within its line unless @is_input; 0: it has none. */
static size_t string_end(const char *text, size_t size, size_t p, bool is_input)
{
        for (size_t i = p + 1; i < size && i - p < SECRET_MAX && (is_input || text[i] != '\n'); i++)
                if (text[i] == text[p])
                        return i;
        return 0;
}

/* Reads the word at @p. Returns where it ends; @p: there is none. */
static size_t read_word(const char *text, size_t size, size_t p, bool is_input, Word *ret)
{
        size_t at = p + (p + 1 < size && text[p] == '$' && text[p + 1] == '\''), i, end;

        if (at < size && (text[at] == '"' || text[at] == '\'')) {
                end = string_end(text, size, at, is_input);
                if (end > 0) {
                        *ret = (Word){ at + 1, end, true };
                        return end + 1;
                }
                p = at + 1; /* the string goes on where nobody sees it */
        }
        for (i = p; i < size && !ends_word(text[i]); i++) {
                if (text[i] == '\\' && i + 1 < size && !ends_word(text[i + 1])) {
                        i++;
                        continue;
                }
                if (text[i] != '"' && text[i] != '\'')
                        continue;
                /* -p"X", --pass="X", or the end of a string that holds the command */
                if (i == p ||
                    (text[i - 1] != '=' && text[i - 1] != ':' &&
                     !(i - p == 2 && text[p] == '-' && isalpha((unsigned char) text[p + 1]))))
                        break;
                end = string_end(text, size, i, false);
                if (end == 0)
                        break;
                i = end;
        }
        *ret = (Word){ p, i, false };
        return i;
}

/* The words from @p on, up to the command's end. */
static void read_words(Line *l, size_t p)
{
        while (l->n < WORDS_MAX) {
                size_t at = skip_blanks(l->text, l->size, p), end;

                l->end = at;
                if (at >= l->size || ends_word(l->text[at]))
                        return;
                end = read_word(l->text, l->size, at, l->is_input, &l->words[l->n]);
                if (end == at)
                        return;
                l->end = p = end;
                l->n++;
                if (p < l->size && !ends_word(l->text[p]))
                        return; /* the end of a string round it */
        }
}

/* The strings of a list of arguments, the first of which ends with the quote at @p. */
static void read_list(Line *l, size_t p)
{
        const char *text = l->text;

        for (p++; l->n < WORDS_MAX; p++) {
                while (p < l->size && strchr(" \t\r\n,", text[p]) && text[p])
                        p++;
                if (p >= l->size || (text[p] != '"' && text[p] != '\''))
                        return;
                l->words[l->n] = (Word){ p + 1, string_end(text, l->size, p, false), true };
                if (l->words[l->n].end == 0)
                        return;
                l->end = p = l->words[l->n++].end;
        }
}

static bool begins(const char *text, size_t size, size_t p, const char *s)
{
        size_t n = strlen(s);

        return size - p >= n && memcmp(text + p, s, n) == 0;
}

static bool word_is(const Line *l, size_t i, const char *s)
{
        size_t n = strlen(s);

        return l->words[i].end - l->words[i].start == n &&
               memcmp(l->text + l->words[i].start, s, n) == 0;
}

static bool word_begins(const Line *l, size_t i, const char *s)
{
        return begins(l->text, l->words[i].end, l->words[i].start, s);
}

static void add_secret(CommandSecrets *ret, const char *text, size_t start, size_t end)
{
        if (end - start >= 2 && (text[start] == '"' || text[start] == '\'') &&
            text[end - 1] == text[start]) {
                start++;
                end--;
        }
        if (end - start >= SECRET_MIN && end - start <= SECRET_MAX &&
            ret->n < COMMAND_SECRETS_MAX) {
                ret->at[ret->n].start = start;
                ret->at[ret->n++].end = end;
        }
}

/* Each line of @start..@end, which are the input of a command, without the blanks round it. */
static void add_lines(CommandSecrets *ret, const char *text, size_t start, size_t end)
{
        while (start < end) {
                size_t stop = start;

                while (stop < end && text[stop] != '\n' && text[stop] != '\r')
                        stop++;
                add_secret(ret, text, start, stop);
                start = stop + 1;
        }
}

/* Is it an option of one letter? Others may stand beside it, and its value may follow it directly. */
static bool is_letter(const char *option)
{
        return option[0] == '-' && isalpha((unsigned char) option[1]) && !option[2];
}

static bool is_option(const Line *l, size_t i)
{
        return !l->words[i].quoted && word_begins(l, i, "-");
}

static bool has_flag(const Line *l, size_t first, const char *flag)
{
        for (size_t i = first; i < l->n; i++) {
                const Word *w = &l->words[i];

                if (word_is(l, i, flag) || (is_letter(flag) && word_begins(l, i, "-") &&
                                            !word_begins(l, i, "--") && w->end - w->start <= 8 &&
                                            memchr(l->text + w->start, flag[1], w->end - w->start)))
                        return true;
        }
        return false;
}

/* The option's values. Returns whether there are some; of one that is only skipped there may be none. */
static bool read_option(Line *l, size_t first, const CommandPart *part, CommandSecrets *ret)
{
        size_t n = strlen(part->text);
        bool found = !part->secret;

        for (size_t i = first; i < l->n; i++) {
                size_t start = l->words[i].start + n, end = l->words[i].end;

                if (!word_begins(l, i, part->text))
                        continue;
                if (part->kind == COMMAND_OPTION && start == end) {
                        if (i + 1 >= l->n)
                                continue;
                        l->used[i] = l->used[i + 1] = true;
                        start = l->words[++i].start;
                        end = l->words[i].end;
                } else if (part->kind == COMMAND_OPTION && l->text[start] == '=') {
                        start++;
                } else if (part->kind == COMMAND_OPTION && !is_letter(part->text)) {
                        continue;
                }
                l->used[i] = found = true;
                if (part->secret)
                        add_secret(ret, l->text, start, end);
        }
        return found;
}

/* NAME=X after @before, in each word. */
static bool read_named(Line *l, size_t first, const char *before, CommandSecrets *ret)
{
        size_t n = strlen(before);
        bool found = false;

        for (size_t i = first; i < l->n; i++) {
                const char *value;
                size_t start = l->words[i].start + n;

                /* "--from-literal NAME=X" */
                if (n > 0 && l->words[i].end + 1 == start && word_begins(l, i, "-") &&
                    i + 1 < l->n && memcmp(l->text + l->words[i].start, before, n - 1) == 0)
                        start = l->words[++i].start;
                else if (!word_begins(l, i, before))
                        continue;
                value = memchr(l->text + start, '=', l->words[i].end - start);
                if (!value || value == l->text + start ||
                    !isalpha((unsigned char) l->text[start]) ||
                    begins(l->text, l->words[i].end, (size_t) (value + 1 - l->text), "@"))
                        continue;
                found = true;
                add_secret(ret, l->text, (size_t) (value + 1 - l->text), l->words[i].end);
        }
        return found;
}

/* After the command: <<< 'X', or <<END and the lines up to it. Returns whether it is one of them. */
static bool read_input_after(const Line *l, CommandSecrets *ret)
{
        const char *text = l->text;
        size_t p = l->end, size = l->size, tag, n;
        Word word;

        if (size - p < 4 || memcmp(text + p, "<<", 2) != 0)
                return false;
        if (text[p + 2] == '<') {
                p = skip_blanks(text, size, p + 3);
                if (read_word(text, size, p, true, &word) == p)
                        return false;
                add_lines(ret, text, word.start, word.end);
                return true;
        }
        tag = skip_blanks(text, size, p + 2 + (text[p + 2] == '-'));
        p = read_word(text, size, tag, false, &word);
        n = word.end - word.start;
        if (p == tag || n == 0)
                return false;
        for (unsigned i = 0; i < HEREDOC_MAX; i++) {
                const char *end = memchr(text + p, '\n', size - p);
                size_t start;

                if (!end)
                        return i > 0;
                start = skip_blanks(text, size, (size_t) (end - text) + 1);
                for (p = start; p < size && text[p] != '\n' && text[p] != '\r';)
                        p++;
                if (p - start == n && memcmp(text + start, text + word.start, n) == 0)
                        return true;
                add_secret(ret, text, start, p);
        }
        return true;
}

/* The pipe before the command at @at, with only words like "sudo" between; 0: none. */
static size_t pipe_before(const char *text, size_t low, size_t at)
{
        while (at > low) {
                char c = text[--at];

                if (c == '|')
                        return at > low && text[at - 1] != '|' ? at : 0;
                if (c == '\n' ? at < 1 || (!strchr("\\`^|\r", text[at - 1]) || !text[at - 1])
                              : !isalnum((unsigned char) c) && !strchr(" \t\r\\`^_./-=:@$", c))
                        return 0;
        }
        return 0;
}

/* Between the pipe and the command at @at: is the command what reads it? Not an argument of another (grep x /etc/passwd). */
static bool is_reader(const char *text, size_t pipe, size_t at)
{
        size_t p = skip_blanks(text, at, pipe + 1);

        if (memmem(text + p, at - p, "xargs", 5))
                return false;
        return text[at - 1] != '/' || !memchr(text + p, ' ', at - p) ||
               begins(text, at, p, "sudo ");
}

/* What is printed at @p, if that ends with the pipe @pipe, or one that leads there. */
static bool read_printed(const char *text, size_t p, size_t pipe, CommandSecrets *ret)
{
        Line l = { .text = text, .size = pipe, .is_input = true };
        bool is_format = text[p] == 'p';
        size_t first = 1, end;

        read_words(&l, p);
        while (first < l.n && !l.words[first].quoted && word_begins(&l, first, "-"))
                first++;
        if (is_format && first + 1 < l.n &&
            memchr(text + l.words[first].start, '%', l.words[first].end - l.words[first].start))
                first++;
        for (end = l.end; end < pipe && strchr(" \t;)}", text[end]) && text[end];)
                end++;
        if (text[end] != '|' || first >= l.n || l.n - first > (is_format ? 4 : 1))
                return false;
        for (; first < l.n; first++)
                add_lines(ret, text, l.words[first].start, l.words[first].end);
        return true;
}

/* Before the command: echo 'X' | command. */
static bool read_input_before(const char *text, size_t at, CommandSecrets *ret)
{
        size_t low = at > INPUT_BYTES_MAX ? at - INPUT_BYTES_MAX : 0,
               pipe = pipe_before(text, low, at);
        unsigned n = 0;

        if (pipe == 0 || !is_reader(text, pipe, at))
                return false;
        for (size_t p = pipe; p-- > low && n < PRINTERS_MAX;) {
                if ((begins(text, pipe, p, "echo ") || begins(text, pipe, p, "printf ")) &&
                    (p == 0 || !isalnum((unsigned char) text[p - 1]))) {
                        if (read_printed(text, p, pipe, ret))
                                return true;
                        n++;
                }
        }
        return false;
}

/* Does the name end at @p? A version may follow: redis-cli-6, tool.exe. */
static size_t name_end(const char *text, size_t size, size_t p)
{
        if (size - p >= 4 && memcmp(text + p, ".exe", 4) == 0)
                p += 4;
        if (p + 1 < size && text[p] == '-' && isdigit((unsigned char) text[p + 1]))
                for (p++; p < size && (isdigit((unsigned char) text[p]) || text[p] == '.');)
                        p++;
        return p;
}

/* Where the name of @c, which begins at @at, ends; 0: it is another, or only a part of a word. */
static size_t find_name(const Command *c, const char *text, size_t size, size_t at)
{
        size_t end;

        if (text[at] != c->name[0][0] || !begins(text, size, at, c->name[0]))
                return 0;
        end = name_end(text, size, at + strlen(c->name[0]));
        return end < size && (ends_word(text[end]) || text[end] == '"' || text[end] == '\'') ? end
                                                                                             : 0;
}

/* May it be @c, whose name ends at @end? */
static bool is_next_word(const Command *c, const char *text, size_t size, size_t end)
{
        return !c->name[1] || !is_blank(text[end]) ||
               begins(text, size, skip_blanks(text, size, end), c->name[1]);
}

/* The command whose name is at @at..@end. */
static void read_line(Line *l, size_t at, size_t end)
{
        const char *text = l->text;

        l->words[0] = (Word){ at, end, false };
        l->n = 1;
        l->end = end;
        if (at > 0 && text[end] == text[at - 1] && (text[end] == '"' || text[end] == '\''))
                read_list(l, end);
        else if (ends_word(text[end]))
                read_words(l, end);
}

/* Adds the secrets of @c, if @l is that command. */
static void read_command(const Command *c, Line *l, CommandSecrets *ret)
{
        size_t first = 1, next, before = ret->n;

        for (; c->name[first]; first++)
                if (first >= l->n || !word_is(l, first, c->name[first]))
                        return;
        memset(l->used, 0, sizeof(l->used));
        next = first;
        for (size_t i = 0; i < c->n_parts; i++) {
                const CommandPart *part = c->parts + i;
                bool found = part->kind == COMMAND_ARGUMENT || part->kind == COMMAND_INPUT;

                if (part->kind == COMMAND_OPTION || part->kind == COMMAND_ATTACHED)
                        found = read_option(l, first, part, ret);
                else if (part->kind == COMMAND_FLAG)
                        found = has_flag(l, first, part->text);
                else if (part->kind == COMMAND_NAMED)
                        found = read_named(l, first, part->text, ret);
                if (!found) {
                        ret->n = before;
                        return;
                }
        }
        for (size_t i = 0; i < c->n_parts; i++) {
                const CommandPart *part = c->parts + i;

                if (part->kind == COMMAND_INPUT && !read_input_after(l, ret) &&
                    !read_input_before(l->text, l->words[0].start, ret))
                        ret->n = before;
                if (part->kind != COMMAND_ARGUMENT)
                        continue;
                while (next < l->n && (l->used[next] || is_option(l, next)))
                        next++;
                if (next >= l->n) {
                        ret->n = before;
                        return;
                }
                if (part->secret)
                        add_secret(ret, l->text, l->words[next].start, l->words[next].end);
                next++;
        }
        if (ret->n > before)
                ret->end = l->end;
}

void commands_read(const Command *commands, size_t n, const char *text, size_t size, size_t at,
                   CommandSecrets *ret)
{
        size_t read = 0; /* where the name ends whose line was read */
        Line l;

        ret->n = 0;
        if (at > 0 && (isalnum((unsigned char) text[at - 1]) || text[at - 1] == '-'))
                return;
        l.text = text;
        l.size = size - at > BYTES_MAX ? at + BYTES_MAX : size;
        l.is_input = false;
        for (const Command *c = commands; c < commands + n; c++) {
                size_t end = find_name(c, text, l.size, at);

                if (end == 0 || !is_next_word(c, text, l.size, end))
                        continue;
                if (end != read)
                        read_line(&l, at, end);
                read = end;
                read_command(c, &l, ret);
        }
}

static bool is_secret(const char *word)
{
        return word && strcmp(word, "X") == 0;
}

static void add_part(Command *c, CommandPartKind kind, const char *text, size_t n, bool secret)
{
        APPEND(c->parts, c->n_parts, (CommandPart){ kind, xstrndup(text, n), secret });
}

/* Reads the words after the name. Returns whether they have a meaning. */
static bool read_parts(Command *c, char **words)
{
        for (char **word = words; *word; word++) {
                size_t n = strlen(*word);
                bool is_opt = strchr("-/", **word);

                if (n > 1 && strpbrk(*word, "<*"))
                        return false;
                if (strcmp(*word, "<") == 0) {
                        add_part(c, COMMAND_INPUT, "", 0, true);
                        return is_secret(word[1]) && !word[2];
                }
                if (is_secret(*word) || strcmp(*word, "*") == 0)
                        add_part(c, COMMAND_ARGUMENT, "", 0, is_secret(*word));
                else if (n >= 6 && strcmp(*word + n - 6, "NAME=X") == 0)
                        add_part(c, COMMAND_NAMED, *word, n - 6, true);
                else if (word[1] && (is_secret(word[1]) || (is_opt && strcmp(word[1], "*") == 0))) {
                        add_part(c, COMMAND_OPTION, *word, n, is_secret(word[1]));
                        word++;
                } else if (is_opt && n > 2 && (*word)[n - 1] == 'X')
                        add_part(c, COMMAND_ATTACHED, *word, n - 1, true);
                else if (strpbrk(*word, "<*"))
                        return false;
                else
                        add_part(c, COMMAND_FLAG, *word, n, false);
        }
        return true;
}

int command_parse(const char *line, Command *ret, char **reterr)
{
        _cleanup_(strv_freep) char **words = NULL;
        Command c = { 0 };
        bool has_secret = false, is_right;
        size_t n = 0;

        (void) strv_append_words(&words, line);
        while (words && words[n] &&
               (n == 0 ||
                !(strchr("-/*<", *words[n]) || strstr(words[n], "=X") || is_secret(words[n]))))
                strv_take(&c.name, xstrdup(words[n++]));
        is_right = n > 0 && strlen(words[0]) >= 2 && read_parts(&c, words + n);
        for (size_t i = 0; i < c.n_parts; i++)
                has_secret = has_secret || c.parts[i].secret;
        if (is_right && has_secret) {
                *ret = c;
                return 0;
        }
        command_done(&c);
        format_error(reterr, "the command '%s' %s", line,
                     !is_right ? "has a part that has no meaning, or no name of 2 bytes or more"
                               : "does not say where the secret is: it has no X");
        return -EINVAL;
}

void command_done(Command *c)
{
        for (size_t i = 0; i < c->n_parts; i++)
                free(c->parts[i].text);
        free(c->parts);
        strv_free(c->name);
        *c = (Command){ 0 };
}
