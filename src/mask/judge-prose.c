/* Judge: names and values in sentences */
#include "mask/judge-reader.h"

/* How many words may stand between a name and the word that leads to its value. */
#define WORDS_MAX 8

/* The end of the word at @i: up to white space. */
static size_t word_end(const View *v, size_t i)
{
        size_t limit = i + 64;

        while (i < limit && (unsigned char) at(v, i) > ' ')
                i++;
        return i;
}

static unsigned word_flags(const View *v, size_t start, size_t end)
{
        while (end > start && is_any(v->text[end - 1], ",:"))
                end--;
        return judge_word(v->text + start, end - start);
}

/* What follows a copula: the value, after words such as "now" and "set to". */
static size_t skip_fillers(const View *v, size_t i)
{
        for (int n = 0; n < 3; n++) {
                size_t end = word_end(v, i);

                if (end == i || !is_blank(at(v, end)) || !(word_flags(v, i, end) & WORD_FILLER))
                        break;
                i = reader_skip_blanks(v, end);
        }
        return i;
}

/* A word that itself speaks of secrets is no value: "password token", "secret key". */
static bool is_keyword(const View *v, size_t start, size_t end)
{
        return judge_word(v->text + start, end - start) & (WORD_CREDENTIAL | WORD_COPULA);
}

/* "--name": the quotes after an option that names something are not the value. */
static bool is_naming_option(const View *v, size_t i, size_t end)
{
        return end > i + 2 && v->text[i] == '-' && v->text[i + 1] == '-' &&
               judge_word(v->text + i + 2, end - i - 2) & (WORD_NAMING | WORD_AFTER);
}

static bool is_copula(const View *v, size_t i)
{
        return word_flags(v, i, word_end(v, i)) & WORD_COPULA;
}

/* What follows the string in quotes at @i: "for the user "al": value", "from "old" to "new"". */
static void read_after_string(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t end = is_quote(v->text[i]) ? judge_quoted_end(v, i + 1) : 0, next;

        if (end == 0)
                return;
        next = reader_skip_blanks(v, end + 2);
        if (at(v, end + 1) == ':' && next > end + 2) {
                (void) reader_value(r, next, FORM_COPULA, ':', VALUE_SENTENCE);
        } else if (is_blank(at(v, end + 1)) && is_copula(v, next)) {
                next = reader_skip_blanks(v, word_end(v, next));
                if (reader_open_quote(v, next))
                        (void) reader_value(r, next, FORM_COPULA, '"', VALUE_QUOTED);
        }
}

/* "from old to new": the old value at @i. */
static void read_old(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t end = word_end(v, i);

        if (is_blank(at(v, end)) && is_copula(v, reader_skip_blanks(v, end)))
                (void) reader_value(r, i, FORM_COPULA, 'i', VALUE_SENTENCE);
}

/* The words after the name: one of them may lead to the value, or stand in quotes. */
static bool read_words(Reader *r, size_t i)
{
        const View *v = r->v;

        for (int n = 0; n < WORDS_MAX; n++) {
                size_t end = word_end(v, i);
                char last;

                if (end == i) {
                        if (n > 0)
                                reader_alone(r, i);
                        return n > 0;
                }
                if (n > 0 && reader_open_quote(v, i) &&
                    reader_value(r, i, FORM_COPULA, '"', VALUE_QUOTED)) {
                        read_after_string(r, i);
                        return true;
                }
                if (reader_word_at(v, i, "from ") || reader_word_at(v, i, "von "))
                        read_old(r, reader_skip_blanks(v, end));
                if (is_naming_option(v, i, end) && reader_open_quote(v, reader_skip_blanks(v, end)))
                        return false;
                last = v->text[end - 1];
                if ((word_flags(v, i, end) & WORD_COPULA || last == ':') && last != ',') {
                        size_t value = skip_fillers(v, reader_skip_blanks(v, end));

                        if (at(v, value) == '\n' || at(v, value) == '\r')
                                reader_alone(r, value);
                        (void) reader_value(r, value, FORM_COPULA, last == ':' ? ':' : 'i',
                                            VALUE_SENTENCE);
                        /* "is generated for x: value" */
                        if (last == ':')
                                return true;
                }
                i = reader_skip_blanks(v, end);
                /* "the password for x, it's value" */
                if (is_any(last, ".;!?)") || (last == ',' && !is_copula(v, i)))
                        return false;
        }
        return false;
}

/* In scripts without blanks: what is not ASCII leads to what is. */
static bool read_characters(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start = i;

        while (i < start + 36 && (is_wide(at(v, i)) || at(v, i) == ' ') && !reader_open_quote(v, i))
                i++;
        if (at(v, i) == ':')
                i = reader_skip_blanks(v, i + 1);
        return reader_value(r, i, i > start ? FORM_COPULA : FORM_WORD, 'i', VALUE_SENTENCE);
}

/* Jumps over how the value is written, as network devices say it: "secret 5", "md5 7", "ascii 0". @i where nothing does. */
static size_t skip_encoding(const View *v, size_t i)
{
        for (int n = 0; n < 3; n++) {
                size_t end = word_end(v, i), start = i;
                bool is_number = end - i <= 2 && is_digit(at(v, i)) && is_digit(at(v, end - 1));

                while (start < end && v->text[start] == '-')
                        start++;
                if (end == i || !is_blank(at(v, end)) ||
                    !(is_number || judge_word(v->text + start, end - start) & WORD_ENCODING))
                        break;
                i = reader_skip_blanks(v, end);
        }
        return i;
}

/* htpasswd, chpasswd, and passwd where it begins a line: what comes next is a user. */
static bool is_program(const Reader *r)
{
        const View *v = r->v;
        size_t n = r->c.keyword_end - r->c.name_start;

        if (r->c.name_end != r->c.keyword_end || n < 6 || n > 16 ||
            !reader_word_at(v, r->c.keyword_end - 6, "passwd"))
                return false;
        for (size_t i = r->c.name_start; i < r->c.name_end; i++)
                if (!is_lower(v->text[i]))
                        return false;
        return n > 6 || r->c.place == PLACE_START;
}

/* {type: 'password', time: 12}: name is the value of one member, and another one begins at @i, which is a number. */
static bool is_before_member(const Reader *r, size_t i)
{
        const View *v = r->v;
        size_t name = r->c.name_start, end = word_end(v, i), digits = reader_skip_blanks(v, end);

        while (is_digit(at(v, digits)))
                digits++;
        return name > 3 && is_any(v->text[name - 1], "\"'") && is_blank(v->text[name - 2]) &&
               v->text[name - 3] == ':' && end > i + 1 && v->text[end - 1] == ':' &&
               !is_keyword(v, i, end - 1) && is_digit(before(v, digits)) && !is_name(at(v, digits));
}

bool reader_prose(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start = i, end;
        size_t encoded;
        bool gap;

        i = reader_skip_blanks(v, start);
        gap = i - start >= 2 || at(v, start) == '\t';
        if (r->cjk || is_cjk(at(v, start)))
                return read_characters(r, start);
        if (at(v, i) == ',') {
                start = reader_skip_blanks(v, i + 1);
                return start > i + 1 && !r->direct && !is_before_member(r, start) &&
                       read_words(r, start);
        }
        if (i == start)
                return false;
        if (reader_open_quote(v, i))
                return reader_value(r, i, FORM_QUOTED, ' ', VALUE_QUOTED);
        if (gap && r->c.place == PLACE_START) {
                reader_rest(r, i, FORM_GAP, ' ');
                return reader_value(r, i, FORM_GAP, ' ', VALUE_SENTENCE);
        }
        if (is_program(r))
                return read_words(r, i);
        encoded = skip_encoding(v, i);
        if (encoded > i)
                return reader_value(r, encoded, FORM_WORD, ' ', VALUE_SENTENCE);
        end = word_end(v, i);
        if (!is_keyword(v, i, end))
                (void) reader_value(r, skip_fillers(v, i), FORM_WORD, ' ', VALUE_SENTENCE);
        return !r->direct && read_words(r, i);
}

/* The word before @i, and where it begins to *@ret. */
static size_t previous_word(const View *v, size_t i, size_t *ret)
{
        size_t end;

        while (i > 0 && is_blank(v->text[i - 1]))
                i--;
        end = i;
        while (i > 0 && end - i < 200 && (unsigned char) v->text[i - 1] > ' ')
                i--;
        *ret = i;
        return end;
}

static bool is_plain_word(const View *v, size_t start, size_t end)
{
        while (start < end && (is_letter(v->text[start]) || is_wide(v->text[start])))
                start++;
        return start == end;
}

/* The name in "x = new y.Password", "x = y.SamlPassword", which set x; not in "x = example.com_password". */
static bool is_member(const Candidate *c, const View *v)
{
        size_t i = c->keyword_start;

        while (i > c->name_start && (is_letter(v->text[i - 1]) || is_digit(v->text[i - 1])))
                i--;
        return i > c->name_start && v->text[i - 1] == '.';
}

/* "use X as password", "X is the password" */
bool reader_reverse(Reader *r)
{
        const View *v = r->v;
        size_t start = r->c.name_start, end;
        unsigned flags = 0;
        char quote = 0;
        bool is_sign = false;

        if (!is_blank(before(v, start)))
                return false;
        for (int n = 0; n < 4; n++) {
                end = previous_word(v, start, &start);
                flags = word_flags(v, start, end);
                if (end == start || !(flags & WORD_COPULA || is_plain_word(v, start, end)))
                        return false;
                if (flags & WORD_COPULA)
                        break;
        }
        if (!(flags & WORD_COPULA))
                return false;
        is_sign = !is_letter(v->text[start]) && !is_wide(v->text[start]);
        end = previous_word(v, start, &start);
        if (end - start > 2 && is_quote(v->text[end - 1]) && v->text[start] == v->text[end - 1]) {
                quote = v->text[start++];
                end--;
        }
        if (end == start || (is_sign && !quote && is_member(&r->c, v)) ||
            word_flags(v, start, end) & (WORD_ARTICLE | WORD_CREDENTIAL | WORD_COPULA))
                return false;
        reader_emit(r, FORM_REVERSE, 'r', start, end, quote);
        return true;
}

/* "localhost:8080", "registry.example.com:443": are @start..@colon a host, and what follows a port? */
static bool is_port(const View *v, size_t start, size_t colon)
{
        size_t i = colon + 1;

        while (i < colon + 6 && is_digit(at(v, i)))
                i++;
        return i > colon + 1 && !is_name(at(v, i)) &&
               (memchr(v->text + start, '.', colon - start) ||
                reader_word_at(v, start, "localhost") == colon);
}

/* "login: user:value", "credentials: user/value", "AUTH=user:value" */
void reader_login(Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_end, start;
        bool assigned = at(v, i) == '=';

        while (is_any(at(v, i), "*:="))
                i++;
        start = reader_skip_blanks(v, i);
        if (start == i && !assigned)
                return;
        if (i == r->c.name_end) {
                if (is_copula(v, start))
                        start = reader_skip_blanks(v, word_end(v, start));
                else if (r->c.kind != KIND_LOGIN || r->c.name_start < r->c.keyword_start)
                        return;
        }
        start += is_quote(at(v, start));
        for (i = start; i < start + 64 && (is_name(at(v, i)) || is_any(at(v, i), ".@")); i++)
                ;
        if (i > start && (at(v, i) == ':' || (at(v, i) == '/' && !assigned)) &&
            !is_any(at(v, i + 1), " \t\r\n/") && !is_port(v, start, i))
                (void) reader_value(r, i + 1, FORM_PAIR, at(v, i), VALUE_SENTENCE);
}

/* Does a word before @i in its line speak of users or of logging in? */
static bool has_cue(const View *v, size_t i)
{
        size_t low = i > 80 ? i - 80 : 0, start = reader_line_start(v, i), stop, at_word = 0;

        start = start > low ? start : low;
        while ((stop = judge_next_word(v->text + start, i - start, &at_word))) {
                /* "Math.log(x)" is a call. */
                if (judge_word(v->text + start + at_word, stop - at_word) &
                                    (WORD_USER | WORD_CREDENTIAL) &&
                    !(before(v, start + at_word) == '.' && at(v, start + stop) == '('))
                        return true;
                at_word = stop;
        }
        return false;
}

/* root() / "views" / "x.ico": is the string at @i a part of a path that code puts together? */
static bool is_in_path(const View *v, size_t i)
{
        return i > 3 && is_any(v->text[i], "\"'") && memcmp(v->text + i - 4, ") / ", 4) == 0;
}

/* What stands before "/" is no name where it is a character ("%x7C") or a call ("root()"); "%USER%" is a template for one. */
static bool is_user_name(const View *v, size_t start, size_t end)
{
        if (is_in_path(v, start))
                return false;
        while (start < end && is_any(v->text[start], "\"'`*"))
                start++;
        while (start < end && is_any(v->text[end - 1], "\"'`*"))
                end--;
        if (start == end || (v->text[start] == '%' && v->text[end - 1] != '%'))
                return false;
        return end - start < 2 || memcmp(v->text + end - 2, "()", 2) != 0;
}

/* "log in with user / value" */
int reader_pair(Reader *r)
{
        const View *v = r->v;
        size_t start;

        r->c.name_end = previous_word(v, r->c.keyword_start, &start);
        r->c.name_start = r->c.keyword_start = start;
        r->c.keyword_end = r->c.name_end;
        if (r->c.name_end < start + 2 || r->c.name_end - start > 64 ||
            !is_user_name(v, start, r->c.name_end) || !has_cue(v, r->c.name_end))
                return 0;
        (void) reader_value(r, reader_skip_blanks(v, r->c.name_end + 2), FORM_PAIR, '/',
                            VALUE_SENTENCE);
        return r->result < 0 ? r->result : 0;
}

/* How far a command's other options are looked for. */
#define COMMAND_BEFORE 200
#define COMMAND_AFTER  120

/* Does an option that names a user stand at @i: "-u al", "-Usa", "-l al", "--username=al", "/u:al"? */
static bool is_user_option(const View *v, size_t i)
{
        size_t p = i + 1;
        bool is_long = at(v, i) == '-' && at(v, p) == '-';

        if (!is_any(at(v, i), "-/") || !is_any(before(v, i), " \t\"'"))
                return false;
        p += is_long;
        if (reader_word_at(v, p, "user"))
                return true;
        if (is_long || at(v, i) == '/')
                return !is_long && to_lower(at(v, p)) == 'u' && at(v, p + 1) == ':';
        if (to_lower(at(v, p)) == 'u')
                return is_letter(at(v, p + 1)) || is_blank(at(v, p + 1)) || is_quote(at(v, p + 1));
        return at(v, p) == 'l' && is_blank(at(v, p + 1)) && is_letter(at(v, p + 2));
}

static bool ends_command(char c)
{
        return is_any(c, "\n;|`") || c == 0;
}

/* Does the command that has something at @i name a user? */
static bool has_user_option(const View *v, size_t i)
{
        size_t low = i > COMMAND_BEFORE ? i - COMMAND_BEFORE : 0;

        for (size_t p = i; p > low && !ends_command(v->text[p - 1]); p--)
                if (is_user_option(v, p - 1))
                        return true;
        for (size_t p = i; p < i + COMMAND_AFTER && !ends_command(at(v, p)); p++)
                if (is_user_option(v, p))
                        return true;
        return false;
}

/* Is the character at @i written as "%2C"? After a user's name that is the sign and the password's first two characters. */
static bool is_percent_encoded(const View *v, size_t i)
{
        size_t start, end;

        view_range(v, i, i + 1, &start, &end);
        return i < v->size && end - start == 3 && v->source[start] == '%';
}

/* An option's value at @i, also as the next one of a list: -u al, "-u", "al". */
static size_t option_value(const View *v, size_t i)
{
        if (is_quote(at(v, i)) && at(v, i + 1) == ',')
                return reader_skip_space(v, i + 2);
        return reader_skip_blanks(v, i);
}

/* The password that a user's name brings with it: "-u al:value", "-U group\\al%value", "-u al,value". */
static void read_user(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start;

        i = option_value(v, i);
        i += is_quote(at(v, i));
        for (start = i; i < start + 64 && (is_name(at(v, i)) || is_any(at(v, i), "._/\\@")); i++)
                ;
        if (i == start || !is_letter(v->text[start]))
                return;
        if (is_percent_encoded(v, i)) {
                size_t end = i + 1;

                while (end < i + VALUE_MAX && (unsigned char) at(v, end) > ' ' &&
                       !is_quote(at(v, end)))
                        end++;
                reader_emit(r, FORM_PAIR, '%', i, end, 0);
        } else if (is_any(at(v, i), "%:,")) {
                (void) reader_value(r, i + 1, FORM_PAIR, at(v, i), 0);
        }
}

/* "-u user -p value", "-Uuser -Pvalue", "/u:user /p:value", "-u user%value": an option of one letter, beside one that names a user. */
int reader_letter(Reader *r)
{
        const View *v = r->v;
        size_t start = r->c.keyword_start + 1, i = r->c.keyword_end;

        r->c.name_start = r->c.keyword_start = start;
        r->c.name_end = r->c.keyword_end = i;
        r->c.place = PLACE_COMMAND;
        if (to_lower(v->text[start + 1]) == 'u') {
                read_user(r, i);
        } else if (has_user_option(v, start)) {
                size_t value = option_value(v, i), end = value;

                while (is_lower(at(v, end)))
                        end++;
                /* "-print", "-port": a word of its own; "-p -x": another option. */
                if ((value > i || (unsigned char) at(v, end) > ' ') && !is_any(at(v, value), "-="))
                        (void) reader_value(r, value, FORM_OPTION, 'p', 0);
        }
        return r->result < 0 ? r->result : 0;
}
