/* Judge: names and values that an object, an element, a table or a line break keeps apart */
#include "mask/guard.h"
#include "mask/judge-reader.h"

/* Jumps over "<![CDATA[". */
static size_t skip_cdata(const View *v, size_t i)
{
        size_t end = reader_word_at(v, i, "<![cdata[");

        return end ? end : i;
}

/* The text of an element from @i on, up to its end; of the first one in it where it holds another. */
static bool read_text(Reader *r, size_t i, JudgeForm form)
{
        const View *v = r->v;
        size_t begun = i, end;

        for (int level = 0; level < 2; level++) {
                i = skip_cdata(v, reader_skip_space(v, i));
                if (at(v, i) != '<' || at(v, i + 1) == '/')
                        break;
                for (size_t limit = i + LINE_MAX; i < limit && at(v, i) && at(v, i) != '>'; i++)
                        ;
                i += i < v->size;
        }
        for (end = i; end < i + TEXT_MAX && at(v, end) && at(v, end) != '<' && at(v, end) != ']';
             end++)
                ;
        if (at(v, end) == ']' && !reader_word_at(v, end, "]]>"))
                for (; end < i + TEXT_MAX && at(v, end) && at(v, end) != '<'; end++)
                        ;
        /* What stands on another line is the element's where a tag ends it: "<password>" is a placeholder, too. */
        if (at(v, end) != '<' && memchr(v->text + begun, '\n', i - begun))
                return true;
        if (end > i)
                reader_emit(r, form, '>', i, end < v->size ? end : v->size, 0);
        return true;
}

/* Where in the tag that goes on at @i its ">" is; 0: nowhere. */
static size_t tag_end(const View *v, size_t i)
{
        for (size_t limit = i + OBJECT_MAX; i < limit && at(v, i) && at(v, i) != '<'; i++)
                if (at(v, i) == '>')
                        return i;
        return 0;
}

/* <name>value</name>, with attributes or without */
bool reader_element(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start = r->c.name_start, end;

        if (start > 0 && v->text[start - 1] == ':')
                for (start--; start > 0 && is_name(v->text[start - 1]); start--)
                        ;
        if (start == 0 || v->text[start - 1] != '<' || !is_any(at(v, i), "> \t") ||
            is_any(at(v, reader_skip_blanks(v, i)), "=:")) /* "<name = value>" is no tag */
                return false;
        end = tag_end(v, i);
        if (!end)
                return false;
        if (v->text[end - 1] != '/')
                (void) read_text(r, end + 1, FORM_ELEMENT);
        else
                (void) reader_object(r, i); /* <name value="x"/> */
        return true;
}

/* What is known of a name, or of its last word: "value", "ParameterValue". */
static unsigned last_word(const View *v, size_t start, size_t end)
{
        size_t i = end - 1;

        while (i > start && !is_upper(v->text[i]))
                i--;
        if (i > start && is_lower(v->text[i - 1]))
                start = i;
        return judge_word(v->text + start, end - start);
}

/* Does a word that is a member's name (WORD_* of @flag) stand at @i? Returns the position of its value, or 0. */
static size_t member_at(const View *v, size_t i, unsigned flag)
{
        size_t start = i, p;

        if (i > 0 &&
            (is_wide(v->text[i - 1]) ||
             (is_name(v->text[i - 1]) && (i < 3 || memcmp(v->text + i - 3, " --", 3) != 0))))
                return 0;
        while (i < start + 16 && (is_letter(at(v, i)) || at(v, i) == '_'))
                i++;
        if (i == start || is_name(at(v, i)) || !(last_word(v, start, i) & flag))
                return 0;
        if (is_quote(at(v, i)))
                i++;
        p = reader_skip_blanks(v, i);
        /* --value x */
        if (start > 1 && v->text[start - 1] == '-' && p > i && at(v, p) != '-')
                return p;
        if (!is_any(at(v, p), ":="))
                return 0;
        p += 1 + (at(v, p + 1) == '>' || at(v, p + 1) == '=');
        return reader_skip_blanks(v, p);
}

size_t reader_member_at(const View *v, size_t i)
{
        return member_at(v, i, WORD_MEMBER);
}

/* Looks for the member with the value from @i to the end of the object. Returns where its value is, or 0. */
static size_t find_member(const View *v, size_t i, int depth)
{
        size_t limit = i + OBJECT_MAX;

        for (; i < limit && i < v->size; i++) {
                char c = v->text[i];
                size_t value;

                if (c == '{')
                        depth++;
                if ((c == '}' && --depth <= 0) ||
                    (c == '>' && depth == 1 && is_any(before(v, i), "\"'/?")))
                        return 0;
                if (c == '\n' && is_any(at(v, reader_skip_blanks(v, i + 1)), "-\n") && depth < 2)
                        return 0;
                if (is_letter(c) && (value = member_at(v, i, WORD_MEMBER)))
                        return value;
                /* On with the next word; an option's dashes are none. */
                while (is_name(at(v, i)) && at(v, i) != '-' && is_name(at(v, i + 1)) && i < limit)
                        i++;
        }
        return 0;
}

/* The same backwards from @i to where the object begins. */
static size_t find_member_before(const View *v, size_t i)
{
        size_t low = i > OBJECT_MAX ? i - OBJECT_MAX : 0;

        for (; i > low; i--) {
                size_t value;

                if (is_any(v->text[i - 1], "{<"))
                        return 0;
                if (is_letter(v->text[i - 1]) && (value = member_at(v, i - 1, WORD_MEMBER)))
                        return value;
                /* The item of a list of YAML began here. */
                if (v->text[i - 1] == '-' && is_blank(at(v, i)) &&
                    (i < 2 || is_any(v->text[i - 2], " \t\n")))
                        return 0;
        }
        return 0;
}

/* Is the keyword's name the value of a member that is called "name", "key" and the like, or an attribute's value? */
static bool is_named_so(const Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_start, end;

        /* The name may be a longer one: "/prod/db_password", "Test:ApiKey". */
        while (i > 0 && r->c.name_start - i < BLANKS_MAX &&
               (is_name(v->text[i - 1]) || is_any(v->text[i - 1], "/.:#")))
                i--;
        if (i > 0 && is_quote(v->text[i - 1]))
                i--;
        while (i > 0 && is_blank(v->text[i - 1]))
                i--;
        if (i > 0 && v->text[i - 1] == '>' && i > 1 &&
            (v->text[i - 2] == '=' || v->text[i - 2] == 'y'))
                i--;
        /* --name x --value y */
        for (end = i; i > 0 && is_blank(before(v, r->c.name_start)) && end - i < 12 &&
                      is_letter(v->text[i - 1]);
             i--)
                ;
        if (i < end && i > 1 && v->text[i - 1] == '-' && v->text[i - 2] == '-')
                return judge_word(v->text + i, end - i) & WORD_NAMING;
        i = end;
        if (i == 0 || !is_any(v->text[i - 1], ":=>y"))
                return false;
        i -= v->text[i - 1] != 'y';
        while (i > 0 && is_blank(v->text[i - 1]))
                i--;
        if (i > 0 && is_quote(v->text[i - 1]))
                i--;
        for (end = i; i > 0 && end - i < 16 && is_letter(v->text[i - 1]); i--)
                ;
        /* {"type": "password", "value": "x"} is a field's of a form */
        if (r->c.kind == KIND_PASSWORD && i + 4 == end && reader_word_at(v, i, "type"))
                return true;
        return i < end && last_word(v, i, end) & WORD_NAMING;
}

/* Is the name in a tag that is still open: <input name="password" ...? */
static bool is_in_tag(const Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_start, low = i > OBJECT_MAX ? i - OBJECT_MAX : 0;

        while (i > low && !is_any(v->text[i - 1], "<>\n{};"))
                i--;
        return i > low && v->text[i - 1] == '<' && is_letter(at(v, i));
}

/* Name and value as two members of one object, in either order; two attributes; attribute and text. */
bool reader_member(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t value, end;

        /* <key>name</key><string>value</string> */
        if (at(v, i) == '<' && at(v, i + 1) == '/') {
                end = tag_end(v, i + 2);
                end = end ? reader_skip_space(v, end + 1) : 0;
                if (end && at(v, end) == '<' && is_letter(at(v, end + 1)) &&
                    (end = tag_end(v, end + 1)))
                        return read_text(r, end + 1, FORM_MEMBER);
                return true;
        }
        if (!is_named_so(r))
                return false;
        value = find_member(v, i, 1);
        if (!value)
                value = find_member_before(v, r->c.name_start > 1 ? r->c.name_start - 1 : 0);
        if (value)
                return reader_value(r, value, FORM_MEMBER, 'v', 0);
        if (!r->c.name_quoted)
                return false;
        if (is_in_tag(r) && (end = tag_end(v, i)) && v->text[end - 1] != '/')
                return read_text(r, end + 1, FORM_MEMBER);
        /* A part of a form: name="password", an empty line, the value. */
        end = reader_skip_blanks(v, i);
        return is_any(at(v, end), "\r\n") && reader_line(r, end);
}

/* name: {..., "value": "..."}, name { default = "..." }, and YAML's deeper lines */
bool reader_object(Reader *r, size_t i)
{
        size_t value = find_member(r->v, i, at(r->v, i) == '{' ? 0 : 1);

        return value && reader_value(r, value, FORM_MEMBER, 'v', 0);
}

/* Does a name of several secrets end with its plural: "secrets", "db_passwords"? */
static bool is_plural(const Reader *r)
{
        return r->c.kind != KIND_KEY && r->c.name_end == r->c.keyword_end + 1 &&
               to_lower(at(r->v, r->c.keyword_end)) == 's';
}

/* Is the item of a list at @i a word, or in quotes: no sentence, and no object that begins with the name of a member? */
static bool is_plain_item(const View *v, size_t i)
{
        size_t limit = i + LINE_MAX;
        char next;

        if (is_quote(at(v, i)))
                return true;
        while (i < limit && (unsigned char) at(v, i) > ' ')
                i++;
        next = at(v, reader_skip_blanks(v, i));
        return before(v, i) != ':' && (next == 0 || is_any(next, "\r\n#"));
}

#define MEMBERS_MAX 32

/* secrets: {db: value, "mail": value}, YAML's deeper lines and its lists: each member's value, unless the member says that it is
 * something else. */
bool reader_members(Reader *r, size_t i)
{
        const View *v = r->v;
        bool braces = at(v, i) == '{', found = false;
        unsigned others = WORD_NAMING | WORD_AFTER | WORD_CREDENTIAL |
                          (r->c.kind == KIND_CREDENTIAL ? WORD_USER : 0);
        size_t line, depth;
        bool is_item;

        if (!is_plural(r))
                return false;
        line = reader_line_start(v, r->c.name_start);
        depth = reader_skip_blanks(v, line) - line;
        i += braces;
        for (int n = 0; n < MEMBERS_MAX; n++) {
                size_t start, end, value;

                i = reader_skip_space(v, i);
                /* secrets are listed by their names */
                is_item = !braces && at(v, i) == '-' && is_blank(at(v, i + 1)) &&
                          r->c.kind != KIND_SECRET;
                start = i + is_quote(at(v, i));
                for (end = start; is_name(at(v, end)) || at(v, end) == '.'; end++)
                        ;
                value = end + (start > i);
                if (end == start || (!braces && i - reader_line_start(v, i) + is_item <= depth) ||
                    (at(v, value) != ':' && !is_item))
                        break;
                value = reader_skip_blanks(v, value + !is_item);
                if (is_any(at(v, value), "{[|>\r\n") || (is_item && !is_plain_item(v, value)))
                        break;
                if (is_item || !(judge_word(v->text + start, end - start) & others))
                        found |= reader_value(r, value, FORM_MEMBER, 'v', VALUE_SENTENCE);
                if (is_quote(at(v, value)))
                        value = judge_quoted_end(v, value + 1);
                for (i = value; i < value + LINE_MAX && at(v, i) &&
                                !is_any(v->text[i], braces ? ",}\n" : "\n");)
                        i++;
                if (value == 0 || (braces && at(v, i) != ','))
                        break;
                i++;
        }
        return found;
}

/* ---- Tables */

typedef struct Table {
        char separator; /* '|' (also one that is drawn), ',', ';', a tab; ' ': cells stand apart */
        size_t column;  /* how many cells come before it */
        size_t n_cells; /* of the titles, where the separator is ' ' */
        size_t from;    /* where in the line */
        bool numbered;  /* a line number stands before each row */
        bool titled;    /* also the last column, whose cell may be empty */
} Table;

/* What follows a line number, as tools show files: "    12\t", "12→". @i where there is none. */
static size_t after_number(const View *v, size_t i)
{
        size_t p = reader_skip_blanks(v, i), start = p;

        while (p < start + 7 && is_digit(at(v, p)))
                p++;
        if (p == start || p == start + 7)
                return i;
        if (at(v, p) == '\t')
                return p + 1;
        return reader_word_at(v, p, "\xE2\x86\x92") ? p + 3 : i;
}

/* The size of the bar at @i, where one is: "|", or one that is drawn. */
static size_t bar_at(const View *v, size_t i)
{
        static const char drawn[][4] = { "\xE2\x94\x82", "\xE2\x94\x83", "\xE2\x95\x91",
                                         "\xEF\xBD\x9C" };

        if (at(v, i) == '|')
                return 1;
        for (size_t k = 0; is_wide(at(v, i)) && k < ELEMENTSOF(drawn); k++)
                if (v->size - i >= 3 && memcmp(v->text + i, drawn[k], 3) == 0)
                        return 3;
        return 0;
}

/* The same before @i. */
static size_t bar_before(const View *v, size_t i)
{
        if (before(v, i) == '|')
                return 1;
        return i >= 3 && bar_at(v, i - 3) == 3 ? 3 : 0;
}

static size_t separator_at(const View *v, const Table *t, size_t i)
{
        return t->separator == '|' ? bar_at(v, i) : at(v, i) == t->separator;
}

/* The end of the cell at @i: quotes may enclose separators. */
static size_t cell_end(const View *v, const Table *t, size_t i, size_t end)
{
        char quote = at(v, i);

        if (t->separator != '|' && is_any(quote, "\"'")) {
                const char *close = memchr(v->text + i + 1, quote, end > i ? end - i - 1 : 0);

                i = close ? (size_t) (close - v->text) + 1 : i;
        }
        while (i < end && !separator_at(v, t, i))
                i++;
        return i;
}

static bool is_border(const View *v, size_t start, size_t end)
{
        for (; start < end; start++)
                if (!is_any(v->text[start], "-+|=: \t\r*") && !is_wide(v->text[start]))
                        return false;
        return true;
}

/* How many cells the line has; what is after the last separator counts when it is not empty. */
static size_t count_cells(const View *v, const Table *t, size_t start, size_t end)
{
        size_t n = 0, stop;

        for (size_t i = start; i < end; i = stop + (separator_at(v, t, stop) ?: 1)) {
                stop = cell_end(v, t, i, end);
                if (stop < end || !is_border(v, i, stop))
                        n++;
        }
        return n;
}

static bool ends_with_separator(const View *v, const Table *t, size_t start, size_t end)
{
        end -= end > start && v->text[end - 1] == '\r';
        return end > start && t->separator != '|' && separator_at(v, t, end - 1);
}

/* Cell number @n of the line @start..@end, where at least @gap blanks are between two; how many there are is returned. */
static size_t nth_apart(const View *v, size_t start, size_t end, size_t gap, size_t n,
                        size_t *ret_start, size_t *ret_end)
{
        size_t count = 0, i = start;

        for (;;) {
                size_t stop;

                while (i < end && is_any(v->text[i], " \t\r"))
                        i++;
                if (i >= end)
                        return count;
                for (stop = i; stop < end; stop++) {
                        size_t p = stop;

                        while (p < end && is_any(v->text[p], " \t\r"))
                                p++;
                        if (p - stop >= gap || (p > stop && (p == end || v->text[stop] == '\t')))
                                break;
                }
                if (count++ == n) {
                        *ret_start = i;
                        *ret_end = stop;
                }
                i = stop;
        }
}

/* A cell of a table whose columns only blanks keep apart: where its title is, or as many cells on. */
static bool find_apart(const View *v, const Table *t, size_t start, size_t end, size_t *ret_start,
                       size_t *ret_end)
{
        size_t i = start + t->from, from = 0, to = 0;

        if (nth_apart(v, start, end, 2, t->column, &from, &to) == t->n_cells ||
            nth_apart(v, start, end, 1, t->column, &from, &to) == t->n_cells) {
                *ret_start = from;
                *ret_end = to;
                return true;
        }
        if (i >= end || (t->from > 0 && !is_blank(v->text[i - 1])) || is_blank(v->text[i]))
                return false;
        *ret_start = i;
        for (; i < end && !is_blank(v->text[i]); i++)
                ;
        *ret_end = i;
        return true;
}

/* Finds the cell of the column in the line @start..@end. Returns true, or false: the table ended before this line. */
static bool find_cell(const View *v, const Table *t, size_t start, size_t end, size_t *ret_start,
                      size_t *ret_end)
{
        size_t i = start, n = 0;

        if (t->separator == ' ')
                return find_apart(v, t, start, end, ret_start, ret_end);
        if (count_cells(v, t, start, end) + (t->titled && ends_with_separator(v, t, start, end)) !=
            t->n_cells)
                return false;
        for (; n < t->column; n++) {
                i = cell_end(v, t, i, end);
                if (i >= end)
                        return false;
                i += separator_at(v, t, i);
        }
        *ret_start = i;
        *ret_end = cell_end(v, t, i, end);
        return true;
}

static void emit_cell(Reader *r, char separator, size_t start, size_t end)
{
        const View *v = r->v;
        char quote = 0;

        while (start < end && is_any(v->text[start], " \t\r"))
                start++;
        while (end > start && is_any(v->text[end - 1], " \t\r"))
                end--;
        if (end - start > 2 && is_quote(v->text[start]) && v->text[end - 1] == v->text[start]) {
                quote = v->text[start++];
                end--;
        }
        reader_emit(r, FORM_COLUMN, separator, start, end, quote);
}

static void read_rows(Reader *r, const Table *t, size_t i)
{
        const View *v = r->v;
        size_t limit = v->size - i > COLUMN_MAX ? i + COLUMN_MAX : v->size;

        while (i < limit && r->result >= 0) {
                size_t end = reader_line_end(v, i), from, to;

                if (t->numbered)
                        i = after_number(v, i);
                if (end <= i || end - i >= LINE_MAX)
                        return;
                if (!is_border(v, i, end)) {
                        if (!find_cell(v, t, i, end, &from, &to))
                                return;
                        emit_cell(r, t->separator, from, to);
                }
                i = end + 1;
        }
}

/* A title is a few words, with nothing that leads to a value. */
static bool is_titles(const View *v, size_t start, size_t end)
{
        bool number = false;

        for (; start < end; start++) {
                char c = v->text[start];

                if (is_any(c, "=(){}<>:$\\"))
                        return false;
                /* A number is no title: that is a row. */
                if (is_digit(c) && (is_any(before(v, start), "|,;\t ") || number)) {
                        number = true;
                        if (start + 1 == end || is_any(v->text[start + 1], "|,;\t \r\n"))
                                return false;
                } else {
                        number = false;
                }
        }
        return true;
}

/* Titles are a table's first line: a row with the word in a cell is none, or each would have all below it read again. */
static bool is_first(const View *v, const Table *t, size_t line)
{
        for (unsigned i = 0; i < 2 && line > 0;
             i++) { /* a border may stand between titles and rows */
                size_t end = line - 1, next = reader_line_start(v, end), start, from, to;

                start = t->numbered ? after_number(v, next) : next;
                if (!is_border(v, start, end))
                        return t->separator == ' ' ? nth_apart(v, start, end, 2, 0, &from, &to) !=
                                                                     t->n_cells
                                                   : count_cells(v, t, start, end) != t->n_cells;
                line = next;
        }
        return true;
}

/* Which separator do cells have, as it follows the name at @i and stands before it? 0: it is no cell. */
static char find_separator(const Reader *r, size_t start, size_t end, size_t i)
{
        const View *v = r->v;
        size_t b = r->c.name_start;
        char next = bar_at(v, i) ? '|' : i < end ? at(v, i) : '\n', previous;

        if (r->c.name_quoted && b > start)
                b--;
        while (b > start && v->text[b - 1] == '*')
                b--;
        if (is_any(next, "|,;\t"))
                return next;
        if (i > r->c.name_end && at(v, i - 1) == '\t')
                return '\t';
        while (b > start && v->text[b - 1] == ' ')
                b--;
        previous = bar_before(v, b) ? '|' : b > start ? v->text[b - 1] : 0;
        if ((next == '\n' || next == '\r') && is_any(previous, "|,;\t"))
                return previous;
        /* Titles stand apart: two blanks on either side, or on one that has the line's end on the other. */
        if ((b == start || r->c.name_start - b >= 2 || is_upper(previous)) &&
            (next == '\n' || next == '\r' || i - r->c.name_end >= 2) && (b > start || next != '\n'))
                return ' ';
        return 0;
}

/* A row of names and values: "| Password | x |". */
static bool read_row(Reader *r, size_t start, size_t end, size_t i)
{
        const View *v = r->v;
        size_t from, stop, cells = 0, bar = bar_at(v, i);

        for (size_t p = start; p < r->c.name_start; p++)
                cells += bar_at(v, p) > 0;
        if (!bar || bar_at(v, i + bar) || !bar_at(v, reader_skip_blanks(v, start)) || cells != 1)
                return false;
        from = i + bar;
        for (stop = from; stop < end && !bar_at(v, stop); stop++)
                ;
        if (!is_border(v, from, stop))
                emit_cell(r, '|', from, stop);
        return true;
}

/* Finds the title's column by the dashes in the line below it, which begin where columns do: "-------- ----". */
static bool find_dashes(const View *v, Table *t, size_t line)
{
        size_t end = reader_line_end(v, line), from, to;

        for (size_t i = line; i < end; i++)
                if (!is_any(v->text[i], "-= \t\r"))
                        return false;
        t->n_cells = nth_apart(v, line, end, 1, 0, &from, &to);
        if (t->n_cells < 2 || line + t->from >= end || is_blank(v->text[line + t->from]))
                return false;
        t->column = nth_apart(v, line, line + t->from + 1, 1, 0, &from, &to) - 1;
        t->separator = ' ';
        return true;
}

/* Is the name the title of a column? @i: what follows it. */
bool reader_column(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start, end, next, from, to;
        Table t = { 0 };
        bool row, dashes, bordered;

        /* Most names are no cell, which is seen at once. */
        if (i < v->size && !is_any(v->text[i], ",;\t\r\n") && !bar_at(v, i) &&
            i - r->c.name_end < 2)
                return false;
        start = reader_line_start(v, r->c.name_start);
        next = after_number(v, start);
        if (next <= r->c.name_start) {
                t.numbered = next > start;
                start = next;
        }
        end = reader_line_end(v, r->c.name_end);
        t.separator = find_separator(r, start, end, i);
        row = read_row(r, start, end, i);
        t.from = r->c.name_start - start - (r->c.name_quoted && r->c.name_start > start);
        next = t.numbered ? after_number(v, end + 1) : end + 1;
        if (at(v, end) != '\n' || !is_titles(v, start, end))
                return row;
        dashes = (!t.separator || t.separator == ' ') && find_dashes(v, &t, next);
        if (!t.separator)
                return row;
        for (size_t p = start; t.separator != ' ' && p < r->c.name_start; p++)
                t.column += separator_at(v, &t, p) > 0;
        if (t.separator == ' ' && !dashes) {
                t.column = nth_apart(v, start, r->c.name_start, 2, 0, &from, &to);
                t.n_cells = nth_apart(v, start, end, 2, 0, &from, &to);
        }
        if (t.column >= COLUMNS_MAX)
                return row;
        if (t.separator != ' ')
                t.n_cells = count_cells(v, &t, start, end);
        t.titled = !ends_with_separator(v, &t, start, end);
        bordered = next < v->size && is_border(v, next, reader_line_end(v, next));
        if (t.n_cells < 2 ||
            (t.separator == '|' && t.n_cells == 2 && !bordered &&
             is_border(v, start, r->c.name_start)) ||
            !is_first(v, &t, reader_line_start(v, r->c.name_start)))
                return row;
        /* A second line of the same form makes it a table: a cell, or a border. */
        if (next >= v->size || reader_line_end(v, next) == next)
                return row;
        if (bordered) {
                next = reader_line_end(v, next) + 1;
                next = t.numbered && next < v->size ? after_number(v, next) : next;
        }
        if (next >= v->size || !find_cell(v, &t, next, reader_line_end(v, next), &from, &to))
                return row;
        read_rows(r, &t, end + 1);
        /* Names and values in two columns look the same. */
        return t.separator != ' ';
}

/* INSERT INTO t (..., name, ...) VALUES (..., value, ...), (...) */
bool reader_insert(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start = r->c.name_start, limit = i + LINE_MAX, column = 0, n;

        if (!is_any(at(v, i), ",)`\"]"))
                return false;
        while (i < limit && at(v, i) && at(v, i) != ')' &&
               (is_name(at(v, i)) || is_any(at(v, i), ", \n\t`\"[]")))
                i++;
        if (at(v, i) != ')')
                return false;
        i = reader_word_at(v, reader_skip_space(v, i + 1), "values");
        if (!i)
                return false;
        for (n = 0; start > 0 && n < LINE_MAX && v->text[start - 1] != '('; n++, start--)
                column += v->text[start - 1] == ',';
        limit = i + COLUMN_MAX;
        while (i < limit && r->result >= 0) {
                size_t end;

                i = reader_skip_space(v, i);
                if (at(v, i) == ',')
                        i = reader_skip_space(v, i + 1);
                if (at(v, i) != '(')
                        break;
                i++;
                for (n = 0;; n++) {
                        i = reader_skip_space(v, i);
                        end = is_any(at(v, i), "'\"") ? judge_quoted_end(v, i + 1) : 0;
                        if (end && n == column)
                                reader_emit(r, FORM_COLUMN, ',', i + 1, end, at(v, i));
                        i = end ? end + 1 : i;
                        while (i < limit && at(v, i) && !is_any(at(v, i), ",)"))
                                i++;
                        if (at(v, i) != ',')
                                break;
                        i++;
                }
                i++;
        }
        return true;
}

/* ---- Lines */

/* Is the line up to @i a label or a command: short, or after a prompt? */
static bool leads_on(const Reader *r, size_t start, size_t i)
{
        const View *v = r->v;
        size_t words = 0;
        bool within = false;

        for (size_t p = start; p < i; p++) {
                bool blank = is_blank(v->text[p]);

                words += !blank && !within;
                within = !blank;
        }
        return words <= 6 || is_any(at(v, start), "$#>%");
}

/* NAME=value, where no random characters hold the sign by chance */
static bool is_plain_entry(const View *v, size_t i, size_t end)
{
        const char *sign = memchr(v->text + i, '=', end - i);

        return sign && text_is_words(v->text + i, (size_t) (sign - v->text) - i);
}

/* So many dashes begin a line between the parts of a form ("----WebKit..."), and no item of a list. */
#define BOUNDARY_MIN 6

/* The name ends its line: the value may be the next one. @i: what follows the name. */
bool reader_line(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start, end, value;

        while (is_any(at(v, i), ":?*"))
                i++;
        i = reader_skip_blanks(v, i);
        if (at(v, i) == '\r')
                i++;
        if (at(v, i) != '\n' || !leads_on(r, reader_line_start(v, r->c.name_start), i))
                return false;
        /* One line may be between, empty or a border. */
        start = after_number(v, i + 1);
        end = reader_line_end(v, start);
        if (start < v->size && is_border(v, start, end)) {
                start = after_number(v, end + 1);
                end = start < v->size ? reader_line_end(v, start) : start;
        }
        if (start >= v->size || end <= start)
                return false;
        for (value = start; value < end && is_any(v->text[value], " \t>*-+"); value++)
                ;
        if (value - start >= BOUNDARY_MIN && v->text[value - BOUNDARY_MIN] == '-' &&
            v->text[value - 1] == '-')
                return true;
        /* "auth:" and below it "token: x" is a name with its value, and no value of "auth". */
        if (reader_is_entry(v, value, end)) {
                if (is_plain_entry(v, value, end))
                        return true;
        } else {
                reader_rest(r, value, FORM_LINE, '\n');
        }
        if (value < end)
                (void) reader_value(r, value, FORM_LINE, '\n', VALUE_SENTENCE);
        return true;
}

/* A sentence ends its line at @i, and says no value: a word may be all of the next line, or of the one after an empty or a fence. */
void reader_alone(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start, end;

        start = i;
        while (start > 0 && is_blank(v->text[start - 1]))
                start--;
        i += at(v, i) == '\r';
        if (at(v, i) != '\n' || before(v, start) == '-' ||
            !(is_name(before(v, start)) || is_wide(before(v, start)) || before(v, start) == ':'))
                return;
        start = i + 1;
        end = start < v->size ? reader_line_end(v, start) : start;
        if (start < v->size && (is_border(v, start, end) || reader_word_at(v, start, "```"))) {
                start = end + 1;
                end = start < v->size ? reader_line_end(v, start) : start;
        }
        start = reader_skip_blanks(v, start);
        while (end > start && is_any(v->text[end - 1], " \t\r"))
                end--;
        if (end > start && !memchr(v->text + start, ' ', end - start))
                (void) reader_value(r, start, FORM_LINE, '\n', VALUE_SENTENCE);
}

/* The name is a part of a command, and the next line is all that it answered: "$ vault kv get -field=password x". */
bool reader_answer(Reader *r)
{
        const View *v = r->v;
        size_t start = reader_line_start(v, r->c.name_start),
               end = reader_line_end(v, r->c.name_end), stop;

        if (!is_any(at(v, start), "$#>%") || !is_blank(at(v, start + 1)) || at(v, end) != '\n')
                return false;
        start = end + 1;
        stop = start < v->size ? reader_line_end(v, start) : start;
        if (stop <= start || memchr(v->text + start, ' ', stop - start))
                return false;
        return reader_value(r, start, FORM_LINE, '$', 0);
}
