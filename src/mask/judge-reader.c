/* Judge: keywords, their names, and the forms that begin with a name */
#include <pthread.h>

#include "mask/guard.h"
#include "mask/judge-reader.h"

#define NAME_MAX_BEFORE 64
#define NAME_MAX_AFTER  48

enum {
        GLUED = 1 << 0,     /* names secrets also as the end of a longer word ("dbpassword") */
        FOREIGN = 1 << 1,   /* no English word */
        STRICT = 1 << 4,    /* in a sentence or a table it means something else ("tests pass") */
        INFLECTED = 1 << 2, /* may have an ending of a few letters */
        PAIRED = 1 << 3,    /* no word: a sign or an option that stands between user and password */
        DIRECT = 1 << 5,    /* in a sentence its value is the next word, or it has none */
};

/* A longer keyword comes before one that it begins with. */
static const Keyword keywords[] = {
        { "passphrase", KIND_PASSWORD, GLUED },
        { "passcode", KIND_PASSWORD, GLUED },
        { "password", KIND_PASSWORD, GLUED },
        { "passwd", KIND_PASSWORD, GLUED },
        { "passwort", KIND_PASSWORD, GLUED | FOREIGN },
        { "passwrd", KIND_PASSWORD, GLUED },
        { "pasword", KIND_PASSWORD, GLUED },
        { "kennwort", KIND_PASSWORD, GLUED | FOREIGN },
        { "psswd", KIND_PASSWORD, GLUED },
        { "pswd", KIND_PASSWORD, GLUED },
        { "pword", KIND_PASSWORD, GLUED },
        { "mot de passe", KIND_PASSWORD, FOREIGN },
        { "mdp", KIND_PASSWORD, FOREIGN },
        { "palavra-passe", KIND_PASSWORD, FOREIGN },
        { "contrase\xC3\xB1"
          "a",
          KIND_PASSWORD, FOREIGN },
        { "contrasena", KIND_PASSWORD, FOREIGN },
        { "senha", KIND_PASSWORD, FOREIGN },
        { "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB", KIND_PASSWORD, FOREIGN | INFLECTED },
        { "\xD0\x9F\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB", KIND_PASSWORD, FOREIGN | INFLECTED },
        { "\xE5\xAF\x86\xE7\xA0\x81", KIND_PASSWORD, FOREIGN },
        { "\xE5\xAF\x86\xE7\xA2\xBC", KIND_PASSWORD, FOREIGN },
        { "\xE5\x8F\xA3\xE4\xBB\xA4", KIND_PASSWORD, FOREIGN },
        { "\xE3\x83\x91\xE3\x82\xB9\xE3\x83\xAF\xE3\x83\xBC\xE3\x83\x89", KIND_PASSWORD, FOREIGN },
        { "\xEB\xB9\x84\xEB\xB0\x80\xEB\xB2\x88\xED\x98\xB8", KIND_PASSWORD, FOREIGN },
        { "requirepass", KIND_PASSWORD, 0 },
        { "identified by", KIND_PASSWORD, DIRECT },
        { "pass", KIND_PASS, STRICT },
        { "pwd", KIND_PASS, STRICT },
        { "psw", KIND_PASS, 0 },
        { "psk", KIND_PASS, 0 },
        { "pw", KIND_PASS, 0 },
        { "secreta", KIND_SECRET, FOREIGN },
        { "secret", KIND_SECRET, GLUED },
        { "secr\xC3\xA8te", KIND_SECRET, FOREIGN },
        { "server community", KIND_SECRET, 0 },
        { "mnemonic", KIND_SECRET, STRICT },
        { "seed phrase", KIND_SECRET, 0 },
        { "pepper", KIND_SECRET, STRICT },
        { "salt", KIND_SECRET, STRICT },
        { "seed", KIND_SECRET, STRICT },
        { "geheimnis", KIND_SECRET, GLUED | FOREIGN },
        { "\xD1\x81\xD0\xB5\xD0\xBA\xD1\x80\xD0\xB5\xD1\x82", KIND_SECRET, FOREIGN | INFLECTED },
        { "\xD0\xA1\xD0\xB5\xD0\xBA\xD1\x80\xD0\xB5\xD1\x82", KIND_SECRET, FOREIGN | INFLECTED },
        { "\xE3\x82\xB7\xE3\x83\xBC\xE3\x82\xAF\xE3\x83\xAC\xE3\x83\x83\xE3\x83\x88", KIND_SECRET,
          FOREIGN },
        { "token", KIND_TOKEN, GLUED },
        { "jeton", KIND_TOKEN, FOREIGN },
        { "\xD1\x82\xD0\xBE\xD0\xBA\xD0\xB5\xD0\xBD", KIND_TOKEN, FOREIGN | INFLECTED },
        { "\xD0\xA2\xD0\xBE\xD0\xBA\xD0\xB5\xD0\xBD", KIND_TOKEN, FOREIGN | INFLECTED },
        { "\xE4\xBB\xA4\xE7\x89\x8C", KIND_TOKEN, FOREIGN },
        { "\xE3\x83\x88\xE3\x83\xBC\xE3\x82\xAF\xE3\x83\xB3", KIND_TOKEN, FOREIGN },
        { "pat", KIND_TOKEN, 0 },
        { "jwt", KIND_TOKEN, 0 },
        { "credential", KIND_CREDENTIAL, 0 },
        { "cred", KIND_CREDENTIAL, 0 },
        { "zugangsdaten", KIND_LOGIN, FOREIGN },
        { "login", KIND_LOGIN, 0 },
        { "bearer", KIND_AUTH, 0 },
        { "auth", KIND_AUTH, STRICT },
        { "unseal", KIND_KEY, 0 },
        { "key", KIND_KEY, 0 },
        { "schl\xC3\xBCssel", KIND_KEY, GLUED | FOREIGN },
        { "schluessel", KIND_KEY, GLUED | FOREIGN },
        { "cl\xC3\xA9", KIND_KEY, FOREIGN },
        { "clave", KIND_KEY, FOREIGN },
        { "chave", KIND_KEY, FOREIGN },
        { "\xD0\xBA\xD0\xBB\xD1\x8E\xD1\x87", KIND_KEY, FOREIGN | INFLECTED },
        { "\xD0\x9A\xD0\xBB\xD1\x8E\xD1\x87", KIND_KEY, FOREIGN | INFLECTED },
        { "\xE5\xAF\x86\xE9\x92\xA5", KIND_API_KEY, FOREIGN },
        { "\xE5\xAF\x86\xE9\x91\xB0", KIND_API_KEY, FOREIGN },
        { "\xE7\xA7\x98\xE9\x92\xA5", KIND_API_KEY, FOREIGN },
        { "\xE9\x8D\xB5", KIND_KEY, FOREIGN },
        { "\xE6\x9A\x97\xE8\xA8\xBC\xE7\x95\xAA\xE5\x8F\xB7", KIND_PIN, FOREIGN },
        { "\xD0\xBF\xD0\xB8\xD0\xBD-\xD0\xBA\xD0\xBE\xD0\xB4", KIND_PIN, FOREIGN | INFLECTED },
        { "pin", KIND_PIN, 0 },
        { "\xD0\x9F\xD0\x98\xD0\x9D-\xD0\xBA\xD0\xBE\xD0\xB4", KIND_PIN, FOREIGN | INFLECTED },
        { "\xE3\x82\xAD\xE3\x83\xBC", KIND_KEY, FOREIGN },
        { " / ", KIND_LOGIN, PAIRED },
        { " -p", KIND_PASS, PAIRED },
        { "\"-p", KIND_PASS, PAIRED },
        { "'-p", KIND_PASS, PAIRED },
        { " -u", KIND_LOGIN, PAIRED },
        { "\"-u", KIND_LOGIN, PAIRED },
        { "'-u", KIND_LOGIN, PAIRED },
        { " /p:", KIND_PASS, PAIRED },
};

#define NAME_OF(id, name) name,

const char *judge_form_name(JudgeForm form)
{
        static const char *const names[] = { JUDGE_FORMS(NAME_OF) };

        return names[form];
}

const char *judge_kind_name(JudgeKind kind)
{
        static const char *const names[] = { JUDGE_KINDS(NAME_OF) };

        return names[kind];
}

const Keyword *judge_keyword(size_t i)
{
        return i < ELEMENTSOF(keywords) ? &keywords[i] : NULL;
}

/* The letters just before @i, as a word: do they go with a keyword that is no word of its own there ("apikey")? */
static bool goes_with(const View *v, size_t i)
{
        size_t start = i;

        while (start > 0 && i - start < 16 && is_letter(v->text[start - 1]))
                start--;
        return judge_word(v->text + start, i - start) & (WORD_KEYED | WORD_USER);
}

/* The first byte of the character before @i; 0: none. */
static char lead_before(const View *v, size_t i)
{
        while (i > 0 && ((unsigned char) v->text[i - 1] & 0xC0) == 0x80)
                i--;
        return before(v, i);
}

/* Does the keyword's first letter end a word, and its rest is another one: "stopword"? */
static bool is_end_of_two(const View *v, size_t start, size_t end)
{
        size_t i = start;

        while (i > 0 && start - i < 12 && is_letter(v->text[i - 1]))
                i--;
        return judge_is_word(v->text + i, start + 1 - i) &&
               judge_is_word(v->text + start + 1, end - start - 1);
}

/* Is the keyword a word of its own in the name, not a part of one ("tokenizer", "compass", "author")? */
static bool is_own_word(const View *v, size_t start, size_t end, unsigned flags)
{
        char first = v->text[start], last = v->text[end - 1], next = at(v, end),
             previous = before(v, start);

        if (is_wide(previous))
                previous = (unsigned char) lead_before(v, start) < 0xE2 ? 'a' : ' ';
        /* Katakana goes on: a keyboard is no key. */
        if (is_cjk(first))
                return !(first == (char) 0xE3 && is_wide(last) && next == (char) 0xE3 &&
                         at(v, end + 1) == (char) 0x83);
        if (is_wide(first))
                return !is_letter(previous);
        if (is_letter(last) && next == (is_upper(last) ? 'S' : 's'))
                next = at(v, end + 1);
        if ((is_lower(next) && is_letter(last)) || (is_upper(next) && is_upper(last)) ||
            ((unsigned char) next >= 0xC3 && (unsigned char) next < 0xE0))
                return false;
        if (!is_letter(previous) || (is_lower(previous) && is_upper(first)))
                return true;
        return (flags & GLUED && !is_end_of_two(v, start, end)) || goes_with(v, start);
}

/* Two or three letters that another one follows, but the "s" of the plural, or digits and another one: in a random value that is as
 * likely as in a name. */
static bool is_by_chance(const View *v, size_t start, size_t end)
{
        size_t next = end + (to_lower(at(v, end)) == 's');

        while (is_digit(at(v, next)))
                next++;
        return end - start <= JUDGE_KEYWORD_SHORT && is_letter(v->text[start]) &&
               is_letter(at(v, next));
}

/* A name in a sentence may have a blank: "API key", "license key". */
static size_t word_before(const View *v, size_t i)
{
        size_t start = i - 1;

        if (i < 3 || !is_blank(v->text[i - 1]))
                return i;
        while (start > 0 && i - start < 16 && is_letter(v->text[start - 1]))
                start--;
        return judge_word(v->text + start, i - 1 - start) & WORD_KEYED ? start : i;
}

static void read_name(Reader *r, unsigned flags)
{
        const View *v = r->v;
        Candidate *c = &r->c;
        size_t low = c->keyword_start > NAME_MAX_BEFORE ? c->keyword_start - NAME_MAX_BEFORE : 0;
        size_t i = c->keyword_start, high = c->keyword_end + NAME_MAX_AFTER;

        while (i > low && (is_name(v->text[i - 1]) || v->text[i - 1] == '$' ||
                           (v->text[i - 1] == '.' && i > 1 && is_name(v->text[i - 2]))))
                i--;
        c->name_start = i;
        i = c->keyword_end;
        if (flags & INFLECTED)
                for (;
                     i < c->keyword_end + 8 && (at(v, i) == (char) 0xD0 || at(v, i) == (char) 0xD1);
                     i += 2)
                        ;
        else if (!r->cjk)
                while (i < high &&
                       (is_name(at(v, i)) || (at(v, i) == '.' && is_letter(at(v, i + 1)))))
                        i++;
        i = i < v->size ? i : v->size;
        while (i > c->keyword_end && v->text[i - 1] == '-')
                i--;
        c->name_end = i;
        if (c->kind == KIND_KEY && c->name_start == c->keyword_start)
                c->name_start = word_before(v, c->name_start);
}

/* "secret_key", "token_password": what the last word says counts; it is read when its turn comes. */
static bool has_later_keyword(const Reader *r)
{
        const char *s = r->v->text + r->c.keyword_end;
        size_t n = r->c.name_end - r->c.keyword_end, i = 0, end;

        while ((end = judge_next_word(s, n, &i))) {
                if (judge_word(s + i, end - i) & WORD_CREDENTIAL)
                        return true;
                i = end;
        }
        return false;
}

/* A key by itself opens nothing; an API key does. */
static JudgeKind key_kind(const Reader *r)
{
        size_t n = r->c.keyword_start - r->c.name_start;

        return judge_last_word(r->v->text + r->c.name_start, n) & WORD_KEYED ? KIND_API_KEY
                                                                             : KIND_KEY;
}

/* The word before @i, where only one blank or a quote is between. */
static bool is_after_command(const View *v, size_t i)
{
        size_t end, start;

        if (i > 0 && is_quote(v->text[i - 1]))
                i--;
        if (i == 0 || !is_blank(v->text[i - 1]))
                return false;
        end = start = i - 1;
        while (start > 0 && end - start < 12 && is_name(v->text[start - 1]))
                start--;
        return judge_word(v->text + start, end - start) & WORD_COMMAND;
}

static JudgePlace find_place(const Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_start, low;

        if (is_after_command(v, i))
                return PLACE_COMMAND;
        /* After a sign of a diff or a list, a line number and its separator ("12\t", "12:", "12→"), a table's edge. */
        low = i > BLANKS_MAX ? i - BLANKS_MAX : 0;
        while (i > low && (is_blank(v->text[i - 1]) || is_any(v->text[i - 1], "+-:|>*#$") ||
                           is_digit(v->text[i - 1]) || is_wide(v->text[i - 1])))
                i--;
        if (i == 0 || v->text[i - 1] == '\n')
                return PLACE_START;
        /* What grep says: path:12:NAME= */
        i = r->c.name_start;
        if (i > 1 && v->text[i - 1] == ':' && is_digit(v->text[i - 2]))
                return PLACE_START;
        if (is_quote(v->text[i - 1]) && at(v, r->c.name_end) != v->text[i - 1])
                return PLACE_STRING;
        return PLACE_WITHIN;
}

/* --name value; "--name", "value" */
static bool read_option(Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_end, start = r->c.name_start;

        if (v->text[start] != '-' || (start > 0 && !is_any(v->text[start - 1], " \t\n\"'`[,(")))
                return false;
        if (is_blank(at(v, i))) {
                i = reader_skip_blanks(v, i);
                if (reader_word_at(v, i, "<<< "))
                        i = reader_skip_blanks(v, i + 3);
                if (at(v, i) != '-' && at(v, i) != '\n')
                        (void) reader_value(r, i, FORM_OPTION, '-', 0);
                return true;
        }
        if (is_quote(at(v, i)) && at(v, i + 1) == ',') {
                r->c.name_quoted = true;
                return reader_value(r, reader_skip_space(v, i + 2), FORM_OPTION, ',', VALUE_QUOTED);
        }
        return false;
}

/* Do name, whose string ends after @name, and value, whose last quote is at @end, stand between other strings: "a", "name", "value", "b"? */
static bool is_listed(const View *v, size_t name, size_t end)
{
        size_t i = name, low = i > BLANKS_MAX ? i - BLANKS_MAX : 0;

        while (i > low && !is_quote(v->text[i]) && v->text[i] != '\n')
                i--;
        while (i > low && (is_blank(v->text[i - 1]) || is_any(v->text[i - 1], "\r\n")))
                i--;
        if (before(v, i) != ',' || i < 2 || !is_quote(v->text[i - 2]) || at(v, end + 1) != ',')
                return false;
        return is_quote(at(v, reader_skip_space(v, end + 2)));
}

/* "name", "value": not where the value is the next key of an object. */
static bool read_argument(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start, end;

        if (at(v, i) != ',' || !(r->c.name_quoted || before(v, r->c.name_start) == '('))
                return false;
        start = reader_skip_space(v, i + 1);
        if (!is_quote(at(v, start))) {
                size_t value = reader_member_at(v, start);

                return value && reader_value(r, value, FORM_MEMBER, 'v', 0);
        }
        end = judge_quoted_end(v, start + 1);
        if (end && at(v, reader_skip_blanks(v, end + 1)) != ':') {
                r->c.listed = r->c.name_start > 0 && is_listed(v, r->c.name_start - 1, end);
                (void) reader_value(r, start, FORM_ARGUMENT, ',', VALUE_QUOTED);
                r->c.listed = false;
        }
        return true;
}

/* "&'static str": a reference of Rust says how long it lives. */
static size_t skip_lifetime(const View *v, size_t i)
{
        size_t p = i + 2;

        if (at(v, i) != '&' || at(v, i + 1) != '\'')
                return i;
        while (is_name(at(v, p)))
                p++;
        return is_blank(at(v, p)) ? p + 1 : i;
}

/* Jumps over a type between name and operator ("var x string = ...", "x: str = ...", "X { get; set; } = ..."). */
static size_t skip_type(const View *v, size_t i)
{
        size_t p = skip_lifetime(v, i), limit = i + BLANKS_MAX;

        if (at(v, p) == '{')
                while (p < limit && !is_any(at(v, p), "\n}"))
                        p++;
        while (p < limit && (is_name(at(v, p)) || is_any(at(v, p), "&<>[]?*.'|{}")))
                p++;
        if (p == i)
                return i;
        p = reader_skip_blanks(v, p);
        if ((at(v, p) == '=' && !is_any(at(v, p + 1), "=~>")) ||
            (at(v, p) == ':' && at(v, p + 1) == '='))
                return p;
        return i;
}

/* "{token: a} = b" sets a and token: what closes a brace that it has not opened is no type. */
static bool closes_brace(const View *v, size_t start, size_t end)
{
        int depth = 0;

        for (size_t i = start; i < end && depth >= 0; i++)
                depth += (at(v, i) == '{') - (at(v, i) == '}');
        return depth < 0;
}

/* Does the line end at @i, or a string? */
static bool ends_text(const View *v, size_t i)
{
        i += is_quote(at(v, i));
        return i >= v->size || is_any(v->text[i], "\r\n,;:)]}");
}

/* "[None]", "(again)", "....." and the like between a prompt's name and its colon. */
static size_t skip_remark(const View *v, size_t i)
{
        size_t p = i, limit = i + BLANKS_MAX;

        if (at(v, i) == '.') {
                while (p < limit && is_any(at(v, p), ". "))
                        p++;
                return at(v, p) == ':' ? p : i;
        }
        if (!is_any(at(v, p), "[("))
                return i;
        while (p < limit && at(v, p) && !is_any(at(v, p), "])\n"))
                p++;
        return is_any(at(v, p), "])") && at(v, p + 1) == ':' ? p + 1 : i;
}

/* Reads an operator at @i: its sign to *@ret. Returns the position after it, or 0. */
static size_t read_sign(const View *v, size_t i, char *ret)
{
        static const struct {
                const char *text;
                char sign; /* 0: no operator that leads to a value */
        } signs[] = {
                { ":::=", 'w' },
                { "::=", 'w' },
                { ":=", 'w' },
                { "=>", '>' },
                { "->", 0 },
                { "===", 'e' },
                { "!==", '!' },
                { "==", 'e' },
                { "!=", '!' },
                { "=~", '!' },
                { "?=", '=' },
                { "+=", '=' },
                { ".=", '=' },
                { "||=", '|' },
                { "||:", '|' },
                { "||", '|' },
                { "?\?=", '|' },
                { "?\?", '|' },
                { "::", 0 },
                { "?:", '|' },
                { "=", '=' },
                { ":", ':' },
                { "|", 'c' },
                { "\xEF\xBC\x9A", ':' },
                { "\xEF\xBC\x9D", '=' },
        };

        char first = at(v, i);

        if (!is_any(first, ":=-!?+.|\xEF"))
                return 0;
        for (size_t k = 0; k < ELEMENTSOF(signs); k++) {
                size_t end = signs[k].text[0] == first
                                             ? reader_rest_of_word(v, i + 1, signs[k].text + 1)
                                             : 0;

                if (end) {
                        *ret = signs[k].sign;
                        return end;
                }
        }
        return 0;
}

/* YAML's block scalars ("|", ">-"), "<<EOT", and values on the line below. */
static bool read_below(Reader *r, size_t i, char sign)
{
        const View *v = r->v;
        size_t p = i;

        if (at(v, p) == '<')
                while (is_name(at(v, p)) || is_any(at(v, p), "<~'\""))
                        p++;
        else if (is_any(at(v, p), "|>"))
                for (p++; is_any(at(v, p), "+-0123456789"); p++)
                        ;
        p = reader_skip_blanks(v, p);
        if (at(v, p) == '\r')
                p++;
        if (at(v, p) != '\n')
                return false;
        if (reader_object(r, p))
                return true;
        /* Deeper than the name, or it is the next name's line. */
        p = reader_skip_space(v, p);
        if (p > 0 && (is_blank(v->text[p - 1]) || p != i) && at(v, p)) {
                if (reader_members(r, p) || reader_is_entry(v, p, reader_line_end(v, p)))
                        return true;
                /* what is compared with goes on there, where it is a variable */
                if (!is_any(sign, "e!") || !is_blank(v->text[p - 1]) || is_quote(v->text[p]))
                        sign = ':';
                (void) reader_value(r, p, FORM_LINE, sign, VALUE_SENTENCE);
                reader_rest(r, p, FORM_LINE, sign);
        }
        return true;
}

/* href="/forgotten-password" target=...: what comes after the quotes is another attribute, if it is none that holds a value. */
static bool is_end_of_link(const Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_start, low = i > LINE_MAX ? i - LINE_MAX : 0;
        size_t next = reader_skip_blanks(v, r->c.name_end + 1), end = next;

        if (!r->c.name_quoted || before(v, i) != '/')
                return false;
        while (i > low && !is_quote(v->text[i - 1]) && !is_blank(v->text[i - 1]))
                i--;
        while (is_name(at(v, end)))
                end++;
        return i > 5 && is_quote(v->text[i - 1]) && memcmp(v->text + i - 6, "href=", 5) == 0 &&
               !(judge_word(v->text + next, end - next) & WORD_MEMBER);
}

/* "spf=pass smtp.mfrom=...": the name is the value of one property, and that of another one with a dot comes next. */
static bool is_result(const Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_end;

        if (before(v, r->c.name_start) != '=' || at(v, i) != ' ')
                return false;
        while (is_name(at(v, ++i)))
                ;
        return at(v, i) == '.' && is_letter(at(v, i + 1));
}

/* name = value */
static bool read_operator(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t name_end = i, p = skip_remark(v, i), after;
        bool begins = r->c.place == PLACE_START || r->c.place == PLACE_STRING ||
                      r->c.place == PLACE_COMMAND;
        char sign = 0;
        unsigned how = 0;

        if (!r->direct && !is_result(r) && !is_end_of_link(r))
                p = skip_type(v, p);
        after = read_sign(v, p, &sign);
        if (!after)
                return false;
        if (!sign && at(v, p) == '-' && is_blank(at(v, after)) && is_blank(before(v, p)))
                return false; /* an arrow in a sentence */
        if (!sign || (sign == 'c' && r->c.place != PLACE_START))
                return sign == 0;
        r->c.operator= sign;
        p = reader_skip_blanks(v, after);
        if (sign == ':' && !is_quote(at(v, p))) {
                size_t typed = skip_type(v, p);

                if (closes_brace(v, p, typed))
                        typed = p;
                if (typed != p && (after = read_sign(v, typed, &sign))) {
                        size_t value = reader_skip_blanks(v, after);
                        bool ends = ends_text(v, after), apart = is_blank(before(v, typed));

                        /* "password: Zx9q=x" may have no type: all of it is a value, too; base64 ends with the sign. */
                        if (!apart && (ends || !is_quote(at(v, value))))
                                (void) reader_value(r, p, FORM_OPERATOR, ':', VALUE_SENTENCE);
                        if (!apart && ends && !text_is_name(v->text + p, typed - p))
                                return true;
                        p = value;
                }
                sign = typed != p && sign == '=' ? 't' : sign;
        }
        /* What a terminal emphasises: "**Password:** x" */
        if (is_any(at(v, p), "*_") && at(v, p + 1) == at(v, p) && is_any(at(v, p + 2), " \t\n\"'`"))
                p = reader_skip_blanks(v, p + 2);
        if ((is_any(at(v, p), "\r\n|>") || (at(v, p) == '<' && at(v, p + 1) == '<')) &&
            sign != '|' && sign != 'c') {
                if (read_below(r, p, sign))
                        return true;
        }
        if (at(v, p) == '{' && (reader_object(r, p) || reader_members(r, p)))
                return true;
        if (sign == '=' && begins && !is_blank(at(v, after)) && r->c.name_end == name_end &&
            !r->c.name_quoted)
                how = VALUE_WORD;
        else if (sign == ':' || sign == 'c')
                how = VALUE_SENTENCE;
        if (begins && !r->c.name_quoted && (sign == ':' || sign == '=') && !(how & VALUE_WORD))
                reader_rest(r, p, FORM_OPERATOR, sign);
        (void) reader_value(r, p, FORM_OPERATOR, sign, how);
        return true;
}

/* Jumps over what closes a name: quotes, brackets, emphasis. */
static size_t close_name(Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_end;

        for (int n = 0; n < 4; n++, i++) {
                if (is_quote(at(v, i)))
                        r->c.name_quoted = true;
                else if (!is_any(at(v, i), "])*"))
                        break;
        }
        return i;
}

/* get('[name=password]').type('value'), expect(x.password).to eq('value') */
static bool read_method(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t start = ++i;

        if (at(v, start - 1) != '.' || !(r->c.name_quoted || before(v, start - 1) == ')'))
                return false;
        while (i < start + BLANKS_MAX && (is_name(at(v, i)) || is_any(at(v, i), ". ")))
                i++;
        return at(v, i) == '(' &&
               reader_value(r, reader_skip_space(v, i + 1), FORM_CALL, '(', VALUE_QUOTED);
}

/* {{ db_password | default('value') }}: a filter of a template, which says what it is otherwise */
static bool read_default(Reader *r, size_t i)
{
        const View *v = r->v;

        if (at(v, i) != '|' || at(v, i + 1) == '|')
                return false;
        i = reader_word_at(v, reader_skip_blanks(v, i + 1), "default");
        i = i ? reader_skip_blanks(v, i) : i;
        return i > 0 && is_any(at(v, i), "(:") &&
               reader_value(r, reader_skip_blanks(v, i + 1), FORM_CALL, '(', VALUE_QUOTED);
}

/* How far below its name what a method returns is looked for. */
#define RETURN_MAX 80

/* def password(self) -> str: return "value" */
static bool read_returned(Reader *r, size_t i)
{
        const View *v = r->v;
        size_t limit = i + BLANKS_MAX;
        bool defined = false; /* it is no call, but what it does follows */

        while (i < limit && at(v, i) != ')' && at(v, i) != '\n' && at(v, i))
                i++;
        if (at(v, i) != ')')
                return false;
        limit = i++ + RETURN_MAX;
        while (i < limit && !is_quote(at(v, i)) && !is_any(at(v, i), "();}") && at(v, i)) {
                size_t end = reader_word_at(v, i, "return ");

                defined = defined || is_any(at(v, i), ":{");
                if (end && !is_name(before(v, i)) && defined)
                        return reader_value(r, reader_skip_blanks(v, end), FORM_OPERATOR, '=',
                                            VALUE_QUOTED);
                i++;
        }
        return false;
}

/* Jumps over what keeps two arguments apart, in a command or in an array: " ", "', '". 0: there is nothing such. */
static size_t skip_separator(const View *v, size_t i)
{
        size_t p = i;

        while (p < i + BLANKS_MAX && (is_quote(at(v, p)) || is_any(at(v, p), ", \t\n")))
                p++;
        return p > i ? p : 0;
}

/* sshpass -p value */
static bool read_program(Reader *r)
{
        const View *v = r->v;
        size_t i = skip_separator(v, r->c.name_end);

        if (!i || at(v, i) != '-' || at(v, i + 1) != 'p')
                return false;
        i = skip_separator(v, i + 2);
        if (!i)
                return false;
        return reader_value(r, i - is_quote(v->text[i - 1]), FORM_OPTION, '-', 0);
}

/* assertEquals("value", x.getPassword()); assert_equal 'value', x.password: what is compared stands before the name. */
static void read_expected(Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_start, line, end, start;
        bool compares = false;

        while (is_blank(before(v, i)))
                i--;
        if (i < 3 || v->text[i - 1] != ',' || !is_quote(v->text[i - 2]))
                return;
        line = reader_line_start(v, i);
        end = i - 2;
        for (start = end; start > line && v->text[start - 1] != v->text[end]; start--)
                ;
        /* the name of what is called, before its arguments */
        for (size_t p = line; p + 4 < start && !is_quote(v->text[p]) && !compares; p++)
                compares = reader_word_at(v, p, "equal") || reader_word_at(v, p, "assert");
        if (start > line && compares)
                reader_emit(r, FORM_ARGUMENT, ',', start, end, v->text[end]);
}

static bool read_forms(Reader *r)
{
        const View *v = r->v;
        size_t i = r->c.name_end, closed;

        if (reader_element(r, i) || read_option(r) || read_program(r))
                return true;
        if (at(v, i) == '(' &&
            (reader_value(r, reader_skip_space(v, i + 1), FORM_CALL, '(', VALUE_QUOTED) ||
             read_returned(r, i)))
                return true;
        closed = close_name(r);
        if (reader_member(r, closed) || read_method(r, closed))
                return true;
        i = reader_skip_blanks(v, closed);
        if (read_default(r, i))
                return true;
        if (reader_insert(r, reader_skip_blanks(v, r->c.name_end)) ||
            (!r->strict && reader_column(r, i)) || read_argument(r, i))
                return true;
        if (at(v, i) == '{' && (r->c.name_quoted || r->c.place == PLACE_START) &&
            reader_object(r, i))
                return true;
        if (read_operator(r, i) || r->strict)
                return true;
        return reader_line(r, i) || reader_prose(r, closed) || reader_answer(r);
}

static int read_candidate(Reader *r, unsigned flags)
{
        read_name(r, flags);
        if (r->wants &&
            !r->wants(r->userdata, r->v->text + r->c.name_start, r->c.name_end - r->c.name_start))
                return 0;
        r->direct = flags & DIRECT;
        /* As a part of a longer name it is clear. */
        r->strict = r->c.kind == KIND_NONE ||
                    (flags & STRICT && r->c.name_start == r->c.keyword_start &&
                     r->c.name_end == r->c.keyword_end);
        if (r->c.kind != KIND_NONE && has_later_keyword(r))
                return 0;
        if (r->c.kind == KIND_KEY)
                r->c.kind = key_kind(r);
        r->c.place = find_place(r);
        if (r->c.kind == KIND_LOGIN || r->c.kind == KIND_CREDENTIAL || r->c.kind == KIND_AUTH)
                reader_login(r);
        if (r->c.kind != KIND_LOGIN)
                (void) read_forms(r);
        if (r->c.kind != KIND_LOGIN && !r->strict) {
                (void) reader_reverse(r);
                read_expected(r);
        }
        return r->result < 0 ? r->result : 0;
}

int judge_read(const View *v, size_t start, const Keyword *keyword, CandidateFunc func,
               void *userdata)
{
        size_t end = start + strlen(keyword->text);
        Reader r = { .v = v,
                     .cjk = is_cjk(keyword->text[0]),
                     .func = func,
                     .userdata = userdata,
                     .c = { .keyword_start = start,
                            .keyword_end = end,
                            .kind = keyword->kind,
                            .foreign = keyword->flags & FOREIGN } };

        judge_words_ready();
        if (keyword->flags & PAIRED)
                return is_letter(keyword->text[2]) ? reader_letter(&r) : reader_pair(&r);
        if (!is_own_word(v, start, end, keyword->flags) || is_by_chance(v, start, end))
                return 0;
        return read_candidate(&r, keyword->flags);
}

/* For the first two bytes of a keyword the number of the first that has such, and for each keyword that of the next one; 0: none. */
static uint8_t firsts[512], nexts[ELEMENTSOF(keywords) + 1];

_Static_assert(ELEMENTSOF(keywords) < UINT8_MAX, "the number of a keyword takes a byte");

static uint8_t *first_of(char a, char b)
{
        unsigned pair = (unsigned char) to_lower(a) * 31U + (unsigned char) to_lower(b);

        return &firsts[pair % sizeof(firsts)];
}

static void sort_keywords(void)
{
        for (size_t k = ELEMENTSOF(keywords); k > 0; k--) {
                const char *text = keywords[k - 1].text;
                uint8_t *first = first_of(text[0], text[1]);

                nexts[k] = *first;
                *first = (uint8_t) k;
        }
}

int judge_read_keyword(const View *v, size_t start, CandidateFunc func, void *userdata)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        char third = to_lower(at(v, start + 2));
        size_t k;

        (void) pthread_once(&once, sort_keywords);
        k = *first_of(at(v, start), at(v, start + 1));
        /* mostly the third byte decides */
        while (k > 0 && ((keywords[k - 1].text[2] && keywords[k - 1].text[2] != third) ||
                         !reader_word_at(v, start, keywords[k - 1].text)))
                k = nexts[k];
        return k > 0 ? judge_read(v, start, &keywords[k - 1], func, userdata) : 0;
}

int judge_read_at(const View *v, size_t start, size_t end, NameFunc wants, CandidateFunc func,
                  void *userdata)
{
        Reader r = { .v = v,
                     .wants = wants,
                     .func = func,
                     .userdata = userdata,
                     .c = { .keyword_start = start, .keyword_end = end, .kind = KIND_NONE } };

        judge_words_ready();
        if (!is_own_word(v, start, end, end - start >= 5 ? GLUED : 0))
                return 0;
        return read_candidate(&r, 0);
}

int judge_read_all(const View *v, CandidateFunc func, void *userdata)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < v->size; i++)
                r = judge_read_keyword(v, i, func, userdata);
        return r;
}
