/* Judge: what name, value and place say for certain */
#include "mask/judge-veto.h"

#include "base/bytes-find.h"
#include "mask/guard.h"
#include "mask/judge-reader.h"

/* How far what is around a value is looked at: the beginning of a resource's name, a method below it. */
#define RESOURCE_MAX 200

static bool begins_with(const View *v, size_t i, const char *word)
{
        size_t n = strlen(word);

        return v->size >= i && v->size - i >= n && memcmp(v->text + i, word, n) == 0;
}

/* What the last word of the name says: "token_id", "passwordField2" name something about a secret. */
static bool is_about_something(const View *v, const Candidate *c)
{
        return judge_last_word(v->text + c->keyword_end, c->name_end - c->keyword_end) & WORD_AFTER;
}

/* Where the names end that @s begins with: "a.b()" */
static size_t names_end(const char *s, size_t n)
{
        size_t i = 0;

        while (i < n && (is_name(s[i]) || is_any(s[i], ".()")))
                i++;
        return i;
}

static bool is_identifier(const char *s, size_t n)
{
        return names_end(s, n) == n;
}

/* A variable: $NAME, %NAME%, @name@; with nothing else. */
static bool is_variable(const char *s, size_t n)
{
        size_t i = 1;

        if (n < 2 || !is_any(s[0], "$%@&") || is_digit(s[1]))
                return false;
        while (i < n && (is_letter(s[i]) || s[i] == '_' || is_digit(s[i]) || s[i] == '.'))
                i++;
        return s[0] == '$' || s[0] == '&' ? i == n && text_is_words(s + 1, n - 1)
                                          : i + 1 == n && s[i] == s[0];
}

/* Letters that follow one another as in language, and signs of names: what people call things, and seldom a password. */
static bool is_plain_name(const char *s, size_t n)
{
        return text_is_name(s, n) && !has_digit(s, n);
}

/* A method of it is called in the next line: "schema\n    .optional()" */
static bool is_called_below(const View *v, size_t i)
{
        size_t limit = i + RESOURCE_MAX, start;

        i += at(v, i) == '\r';
        if (at(v, i) != '\n' || !is_blank(at(v, i + 1)))
                return false;
        while (i < limit && is_any(at(v, i), "\n\t "))
                i++;
        if (at(v, i) != '.')
                return false;
        for (start = ++i; i < limit && is_name(at(v, i));)
                i++;
        return i > start && at(v, i) == '(';
}

/* ((uint64_t) now.tv_sec */
static bool is_cast(const Candidate *c, const char *s, size_t n)
{
        size_t i = 0, start;

        while (i < n && s[i] == '(')
                i++;
        for (start = i; i < n && (is_letter(s[i]) || is_digit(s[i]) || s[i] == '_');)
                i++;
        if (c->quote || start == 0 || i < start + 3 || i + 2 > n || s[i] != ')' ||
            memcmp(s + i - 2, "_t", 2) != 0)
                return false;
        return names_end(s + i + 1, n - i - 1) == n - i - 1;
}

/* self.next_token(), os.environ["X"], read(f): names with brackets after them, where no quotes say that it is a text. */
static bool is_call(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = 0;

        if (c->quote || (!is_letter(s[0]) && s[0] != '_'))
                return false;
        while (i < n && (is_name(s[i]) || is_any(s[i], ".:?!>&*")))
                i++;
        if (i == n)
                return (is_any(at(v, c->end), "([{") && text_is_words(s, n)) ||
                       (c->form == FORM_OPERATOR && is_called_below(v, c->end) &&
                        (is_plain_name(s, n) ||
                         (memchr(s, '.', n) && is_identifier(s, n) && text_is_words(s, n))));
        return is_any(s[i], "([{") && text_is_words(s, i) &&
               (is_any(s[n - 1], ")]}") || is_any(at(v, c->end), " \n\"'`)]},;"));
}

/* &ctx->keys.first, !ctx->key: a member of what a pointer leads to */
static bool is_pointed_at(const Candidate *c, const char *s, size_t n)
{
        size_t arrows = 0;

        if (c->quote || n < 2 || !is_any(s[0], "&!*") || !(is_letter(s[1]) || s[1] == '_'))
                return false;
        for (size_t i = 1; i < n; i++) {
                if (i + 2 < n && s[i] == '-' && s[i + 1] == '>')
                        arrows++;
                else if (!is_letter(s[i]) && !is_digit(s[i]) && !is_any(s[i], "_.") &&
                         !(s[i] == '>' && s[i - 1] == '-'))
                        return false;
        }
        return arrows > 0;
}

/* Minified code has names of a letter or two; others read as language does. None has a "-". */
static bool is_variable_name(const char *s, size_t n)
{
        return n <= 2 || (!memchr(s, '-', n) && text_is_name(s, n));
}

/* x.token!==c||x.key!==d: compared with a variable, which may be a part of a longer condition */
static bool is_compared(const Candidate *c, const char *s, size_t n)
{
        size_t end;

        if (!is_any(c->operator, "e!") || c->quote)
                return false;
        end = names_end(s, n);
        if (c->form == FORM_LINE)
                return end == n && is_variable_name(s, n);
        return end == n || (end > 0 && end + 1 < n && is_any(s[end], "|&") &&
                            s[end + 1] == s[end] && is_variable_name(s, end));
}

/* A member of an object with so few letters may have any ("alg"). */
#define SHORT_NAME_MAX 3

/* key=a.b+"c", key=a?b+"c": names that go on with a string are a part of an expression. After a quote that ends all of it ("key=a+")
 * no word begins; a random value may end with a sign, too. */
static bool is_part_of_expression(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = 0;
        char after = at(v, c->end + 1);

        if (c->quote || !is_quote(at(v, c->end)) || !is_any(s[n - 1], "+?:(,[&|") ||
            !(is_letter(after) || is_digit(after) || after == '['))
                return false;
        while (i < n) {
                size_t start = i;

                while (i < n && is_name(s[i]))
                        i++;
                if (i > start + SHORT_NAME_MAX && !is_variable_name(s + start, i - start))
                        return false;
                while (i < n && is_any(s[i], ".+?:()[],&|!=<>*$"))
                        i++;
                if (i == start)
                        return false;
        }
        return true;
}

/* A module's name is not longer, or reads as language does. */
#define MODULE_MAX 12

/* "string", "array?", "atomic.Int64" */
static bool is_type(const Candidate *c, const char *s, size_t n)
{
        const char *dot = memrchr(s, '.', n);

        n -= s[n - 1] == '?';
        if (judge_word(s, n) & WORD_TYPE)
                return true;
        return !c->quote && dot && dot + 1 < s + n && is_upper(dot[1]) && is_lower(s[0]) &&
               dot - s <= MODULE_MAX && text_is_words(s, (size_t) (dot - s)) &&
               judge_word(dot + 1, n - (size_t) (dot + 1 - s)) & WORD_TYPE;
}

/* What follows a type in a declaration: in "x: Opt<String>, y: u8" another name, in a struct the next line. */
static bool ends_declaration(const View *v, size_t i)
{
        if (at(v, i) != ',')
                return is_any(at(v, i), ";)}=") && at(v, i);
        i = reader_skip_blanks(v, i + 1);
        if (is_any(at(v, i), "\r\n"))
                return true;
        while (is_name(at(v, i)))
                i++;
        return at(v, i) == ':';
}

/* token: Zeroizing<String>, ...; a tag of HTML (<br>, <TD>) is not written so, and a key to press ("x<Enter>") ends a line. */
static bool is_generic_type(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = c->end + 1;

        if (c->operator!= ':' || c->quote || !is_upper(s[0]) || at(v, c->end) != '<' ||
            !is_upper(at(v, i)) || !is_lower(at(v, i + 1)) || !is_lower(at(v, i + 2)))
                return false;
        while (is_name(at(v, i)) || at(v, i) == ':')
                i++;
        return at(v, i) == '>' && ends_declaration(v, i + 1) && is_identifier(s, n) &&
               text_is_words(s, n);
}

/* "key: x25519.PrivateKey": a class that is named after what its objects are */
static bool is_type_of_its_kind(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i;
        const char *dot = memrchr(s, '.', n);

        if (c->operator!= ':' || c->quote || !dot || !is_lower(s[0]) || !is_identifier(s, n))
                return false;
        i = (size_t) (dot - s) + 1;
        if (i == n || !is_upper(s[i]) || (i > MODULE_MAX && !text_is_name(s, i - 1)))
                return false;
        return judge_last_word(s + i, n - i) & WORD_CREDENTIAL;
}

/* YAML's name for a value that stands elsewhere: "password: *shared" */
static bool is_alias(const Candidate *c, const char *s, size_t n)
{
        size_t i = 1;

        while (i < n && is_name(s[i]))
                i++;
        return c->operator== ':' && !c->quote && s[0] == '*' && i == n &&
                        text_is_words(s + 1, n - 1);
}

/* Is the name written in @s from @i on, and nothing else but words after it where that need not be @whole? */
static bool repeats_name(const View *v, const Candidate *c, const char *s, size_t n, size_t i,
                         bool whole)
{
        for (size_t k = c->name_start; k < c->name_end; k++) {
                if (!is_letter(v->text[k]) && !is_digit(v->text[k]))
                        continue;
                while (i < n && !is_letter(s[i]) && !is_digit(s[i]))
                        i++;
                if (i == n || to_lower(s[i++]) != to_lower(v->text[k]))
                        return false;
        }
        return i == n ||
               (!whole && c->name_start < c->keyword_start && text_is_words(s + i, n - i));
}

/* "||!1", "!==!1": is an operator of code at @i, and after a comparison hardly more? A string after "||" may be the secret. */
static bool goes_on_with(const View *v, const Candidate *c, size_t i)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start;

        if (i + 1 == n)
                return false;
        if (is_any(s[i], "|&")) {
                for (size_t k = i; k <= n; k++)
                        if (is_quote(at(v, c->start + k)))
                                return false;
                return s[i + 1] == s[i];
        }
        return is_any(s[i], "!=") && s[i + 1] == '=' && n - i <= strlen("!==!1");
}

/* The value is the name as code writes it: "user.apiToken" of API_TOKEN, "ApiTokenField" of apiToken, "v3.Token" of V3Token; "||",
 * "&&" and comparisons go on with what it is otherwise. */
static bool is_name_again(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start, *dot;
        size_t n = c->end - c->start, i = 0;

        if (c->name_start >= c->name_end || c->name_end > c->start)
                return false;
        while (i < n && (is_name(s[i]) || s[i] == '.'))
                i++;
        if (i < n && (c->quote || i == 0 || !goes_on_with(v, c, i)))
                return false;
        n = i;
        dot = memrchr(s, '.', n);
        return repeats_name(v, c, s, n, dot ? (size_t) (dot - s) + 1 : 0, false) ||
               (dot && repeats_name(v, c, s, n, 0, true));
}

/* The end of what says of which type a number of code is: "UL", "_u64". */
static size_t type_end(const char *s, size_t n, size_t i)
{
        size_t start = i;

        i += i < n && s[i] == '_';
        while (i < n && i < start + 4 && is_any(s[i], "uUlLiI"))
                i++;
        while (i > start && i < n && i < start + 6 && is_digit(s[i]))
                i++;
        return i;
}

/* 0x1F, 0x1FU, 123UL, 0x9e37_79b9_u64, [0x42u8]: no key is as short as a number; a password may look like one that has a type. */
static bool is_number(const Candidate *c, const char *s, size_t n)
{
        bool typed = !c->quote &&
                     (c->operator== 't' ||(c->kind != KIND_PASSWORD && c->kind != KIND_PASS &&
                                           c->kind != KIND_LOGIN));
        size_t i, digits = 0, end;
        bool hex;

        for (; typed && n > 2 && s[0] == '['; s++, n--)
                n -= s[n - 1] == ']';
        hex = n > 2 && s[0] == '0' && to_lower(s[1]) == 'x';
        for (i = hex ? 2 : 0; i < n; i++) {
                char sign = to_lower(s[i]);

                if (is_digit(sign) || (hex && sign >= 'a' && sign <= 'f'))
                        digits++;
                else if (sign != '_' || i + 1 == n || !(is_digit(s[i + 1]) || hex))
                        break;
        }
        end = typed ? type_end(s, n, i) : i;
        return digits > 0 && digits <= 16 && end == n && (hex || end > i);
}

/* A count of tokens has no more digits than this; a secret made of digits alone has more, or is quoted. */
#define COUNT_MAX 9

/* "output_tokens": 1234, which is most of what stands beside a name in an agent's log */
static bool is_count(const View *v, const Candidate *c)
{
        char plural = at(v, c->keyword_end), next = at(v, c->keyword_end + 1);
        bool upper = is_upper(v->text[c->keyword_end - 1]); /* "TOKENS", and not "tokenSecret" */
        size_t i = c->start;

        if (c->kind != KIND_TOKEN || c->quote || c->end - i > COUNT_MAX ||
            plural != (upper ? 'S' : 's') || (is_letter(next) && is_upper(next) == upper))
                return false;
        while (i < c->end && is_digit(v->text[i]))
                i++;
        return i == c->end;
}

/* "^9.0.10": what a package's name stands beside, also one that holds a keyword ("jsonwebtoken") */
static bool is_version(const char *s, size_t n)
{
        size_t i = 0, n_dots = 0;

        while (i < n && is_any(s[i], "^~<>=v "))
                i++;
        for (; i < n && (is_digit(s[i]) || (i > 0 && s[i] == '.' && is_digit(s[i - 1]))); i++)
                n_dots += s[i] == '.';
        return i == n && n_dots >= 2;
}

/* "key = other_name;": a statement, whose texts would have quotes; "{key: name}=other" sets the name */
static bool is_statement(const View *v, const Candidate *c)
{
        size_t n = c->end - c->start, end = names_end(v->text + c->start, n);

        if (c->operator== ':' && !c->quote && end> 0 && end + 1<n &&
                            memcmp(v->text + c->start + end, "}=", 2) == 0 &&
            is_variable_name(v->text + c->start, end))
                return true;
        return c->operator== '=' && !c->quote && c->start> c->name_end + 2 &&
               is_blank(v->text[c->name_end]) &&
               is_blank(v->text[c->start - 1]) && at(v, c->end) == ';' &&
               !is_digit(v->text[c->start]) && is_identifier(v->text + c->start, c->end - c->start);
}

/* "2014-12-18T09:30", with what may follow; only a date is one where @date says so. */
static bool is_time(const char *s, size_t n, bool date)
{
        static const char form[] = "0000-00-00T00:00";

        for (size_t i = 0; i < n; i++)
                if (i >= sizeof(form) - 1 ? !is_digit(s[i]) && !is_any(s[i], ":.+-Z")
                    : form[i] == '0'      ? !is_digit(s[i])
                    : form[i] == 'T'      ? !is_any(s[i], "Tt ")
                                          : s[i] != form[i])
                        return false;
        return n >= sizeof(form) - 1 || (date && n == strlen("0000-00-00"));
}

/* No PIN of digits alone has fewer. Letters and as many digits at most, together no more than the second number, name a pin. */
#define PIN_MIN      4
#define PIN_NAME_MAX 6

/* A PIN is a number; a pin of a plug, of a chip or of a version ("GPIO40", "adc1") has a name. */
static bool is_no_pin(const char *s, size_t n)
{
        size_t digits = 0, head = 0, tail = 0;
        bool lower = false, joined = false;

        for (size_t i = 0; i < n; i++)
                digits += is_digit(s[i]);
        for (; head < n && (is_letter(s[head]) || s[head] == '_'); head++) {
                lower = lower || is_lower(s[head]);
                joined = joined || s[head] == '_';
        }
        while (tail < n && is_digit(s[n - 1 - tail]))
                tail++;
        if (head > 0 && head + tail == n)
                return tail == 0 || (tail <= PIN_MIN && (n <= PIN_NAME_MAX || joined || !lower));
        return digits == 0 || (digits < PIN_MIN && digits == n);
}

/* A seed phrase has twelve words; what is shorter than this helps to remember a shortcut or an instruction. */
#define MNEMONIC_MIN 8

static bool is_no_mnemonic(const View *v, const Candidate *c)
{
        return c->end - c->start < MNEMONIC_MIN && to_lower(v->text[c->keyword_start]) == 'm' &&
               c->keyword_end - c->keyword_start == strlen("mnemonic");
}

static size_t digits_end(const char *s, size_t n, size_t i)
{
        while (i < n && is_digit(s[i]))
                i++;
        return i;
}

/* "IDENT@15..19": a piece of a program and where it stands, as dumps of syntax trees have it */
static bool is_place_in_text(const char *s, size_t n)
{
        size_t i = 0, end;

        while (i < n && (is_letter(s[i]) || s[i] == '_' || (i > 0 && is_digit(s[i]))))
                i++;
        if (i == 0 || i == n || s[i] != '@')
                return false;
        end = digits_end(s, n, i + 1);
        return end > i + 1 && end + 2 < n && s[end] == '.' && s[end + 1] == '.' &&
               digits_end(s, n, end + 2) == n;
}

/* "Kexample.org.+013+45330", ".key": the file of a zone's key, as dnssec-keygen(8) names it */
static bool is_zone_key_file(const char *s, size_t n)
{
        const char *sign = bytes_find(s, n, ".+", 2);
        size_t i = sign ? (size_t) (sign - s) + 2 : n, end;

        if (s[0] != 'K' || i == n)
                return false;
        end = digits_end(s, n, i);
        if (end != i + 3 || end == n || s[end] != '+')
                return false;
        i = digits_end(s, n, end + 1);
        return i == end + 6 && (i == n || s[i] == '.');
}

/* A part of one that colons divide: "arn:aws:secretsmanager:eu-west-1:1234:secret:name", "urn:k8s:secret:name" */
static bool is_in_resource_name(const View *v, const Candidate *c)
{
        size_t i = c->name_start, low = i > RESOURCE_MAX ? i - RESOURCE_MAX : 0;

        if (c->start > 3 && begins_with(v, c->start - 4, "arn:aws"))
                return true;
        if (c->name_end + 1 != c->start || before(v, i) != ':')
                return false;
        while (i > low && (is_name(v->text[i - 1]) || is_any(v->text[i - 1], ":*/.")))
                i--;
        if (begins_with(v, i, "urn:"))
                return text_is_words(v->text + c->start, c->end - c->start) &&
                       !has_digit(v->text + c->start, c->end - c->start);
        return c->kind == KIND_SECRET && begins_with(v, i, "arn:");
}

/* Secret string `json:"secret,omitempty"`: how a field of Go is written elsewhere. A default in it has no option after a comma. */
static bool is_field_tag(const Candidate *c, const char *s, size_t n)
{
        size_t i = 0, start;

        while (i < n && (is_lower(s[i]) || s[i] == '_'))
                i++;
        if (c->quote != '`' || i < 2 || i + 2 >= n || s[i] != ':' || s[i + 1] != '"')
                return false;
        for (start = i += 2; i < n && is_name(s[i]);)
                i++;
        if (i == n || s[i] != ',' || (i > start && !is_plain_name(s + start, i - start)))
                return false;
        while (++i < n && is_lower(s[i]))
                ;
        return i + 1 == n && s[i] == '"';
}

/* pw=a;class B, pw=a=!1}}var b: in minified code, which has short names and writes "!1" for false, another statement begins. */
static bool is_before_statement(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start, i = 0, end;

        while (i < n && is_name(s[i]))
                i++;
        if (n - i > 3 && s[i] == '=' && s[i + 1] == '!' && is_any(s[i + 2], "01"))
                i += 3;
        else if (i > 2)
                return false;
        for (end = i; i < n && is_any(s[i], ";)}");)
                i++;
        return !c->quote && i > end && is_blank(at(v, c->end)) &&
               judge_word(s + i, n - i) & WORD_CODE;
}

/* "CVE-2026-12345", "GHSA-66qv-66mg-9h74": what was wrong with something, under a public name */
static bool is_advisory(const char *s, size_t n)
{
        if (n > 4 && memcmp(s, "CVE-", 4) == 0) {
                size_t year = digits_end(s, n, 4);

                return year == 8 && year < n && s[year] == '-' && digits_end(s, n, year + 1) == n;
        }
        if (n != strlen("GHSA-0000-0000-0000") || memcmp(s, "GHSA-", 5) != 0)
                return false;
        for (size_t i = 5; i < n; i++)
                if (i % 5 == 4 ? s[i] != '-' : !is_lower(s[i]) && !is_digit(s[i]))
                        return false;
        return true;
}

/* "json web token", "jsonwebtoken", "jwa": one of a list of names, which ends with a word that names secrets */
static bool is_listed_name(const Candidate *c, const char *s, size_t n)
{
        if (!c->listed || !is_plain_name(s, n))
                return false;
        for (size_t k = 0; judge_keyword(k); k++) {
                const char *word = judge_keyword(k)->text;
                size_t size = strlen(word);

                if (size > JUDGE_KEYWORD_SHORT && size < n &&
                    strncasecmp(s + n - size, word, size) == 0)
                        return true;
        }
        return false;
}

/* jwt = require("jsonwebtoken") */
static bool is_module(const View *v, const Candidate *c)
{
        static const char *const words[] = { "require(", "import(", "include(" };
        bool called = false;

        for (size_t k = 0; c->quote && k < ELEMENTSOF(words); k++)
                called = called || (c->start > strlen(words[k]) &&
                                    begins_with(v, c->start - strlen(words[k]) - 1, words[k]));
        for (size_t i = c->start; called && i < c->end; i++)
                called = !is_upper(v->text[i]);
        return called;
}

/* A regular expression: it names a range of characters ("[a-z]+"), or goes from one end to the other ("^\\s*$"). */
static bool is_expression(const char *s, size_t n)
{
        static const char *const ranges[] = { "a-z", "A-Z", "0-9" };
        static const char *const classes[] = { "\\s", "\\d", "\\w", "\\.", ".*", ".+" };
        bool whole = n > 4 && s[0] == '^' && s[n - 1] == '$';

        for (size_t k = 0; k < ELEMENTSOF(ranges); k++) {
                const char *range = bytes_find(s, n, ranges[k], 3);

                if (range && memchr(s, '[', (size_t) (range - s)) &&
                    memchr(range, ']', (size_t) (s + n - range)))
                        return true;
        }
        for (size_t k = 0; whole && k < ELEMENTSOF(classes); k++)
                if (bytes_find(s, n, classes[k], 2))
                        return true;
        return false;
}

/* A user's or a service's name is not longer where it may be a password as well. */
#define ASKED_MAX 8

/* get_password("service", "user"): a name that is passed to have it is not it */
static bool is_asked_with(const View *v, const Candidate *c)
{
        size_t i = c->keyword_start;

        while (i > c->name_start && v->text[i - 1] != '.')
                i--;
        return (c->form == FORM_CALL || c->form == FORM_ARGUMENT) && at(v, c->name_end) == '(' &&
               c->end - c->start <= ASKED_MAX &&
               text_is_name(v->text + c->start, c->end - c->start) && to_lower(v->text[i]) == 'g' &&
               begins_with(v, i + 1, "et") && !is_lower(at(v, i + 3));
}

/* How far away the other member of a lexer's rule is. */
#define LEXER_MAX 2048

/* A class of tokens, as lexers name them: "paren.left", "variable-2" */
static bool is_token_class(const char *s, size_t n)
{
        bool has_dot = memchr(s, '.', n);

        for (size_t i = 0; i < n; i++)
                if (is_upper(s[i]) ||
                    (s[i] == '-' && !has_dot && (i + 1 == n || !is_digit(s[i + 1]))))
                        return false;
        return text_is_name(s, n);
}

/* Is @i where a member that is called "regex" has its expression or a string of it? */
static bool is_regex(const View *v, size_t i)
{
        size_t p = i + strlen("regex");

        if (!begins_with(v, i, "regex") || is_name(before(v, i)))
                return false;
        p = reader_skip_blanks(v, p + is_quote(at(v, p)));
        p = at(v, p) == ':' ? reader_skip_blanks(v, p + 1) : v->size;
        return at(v, p) == '/' || is_quote(at(v, p));
}

/* {token: "paren.left", regex: /[(]/}, {regex: /[(]/, token: "paren-2"}: in a lexer's rules a token has a class. */
static bool is_lexer_token(const View *v, const Candidate *c)
{
        size_t i = c->name_start, low = i > LEXER_MAX ? i - LEXER_MAX : 0;

        if (c->kind != KIND_TOKEN || !c->quote ||
            c->operator== '=' || c->name_end - i != strlen("token") ||
            !is_token_class(v->text + c->start, c->end - c->start))
                return false;
        for (size_t p = c->end; p < c->end + RESOURCE_MAX && !is_any(at(v, p), "{}"); p++)
                if (is_regex(v, p))
                        return true;
        while (i > low && is_any(v->text[i - 1], " \r\n\t,\"'"))
                i--;
        while (i > low && is_lower(v->text[i - 1]))
                i--;
        /* An expression ends there, in which anything may stand. */
        for (low = before(v, i) == '/' ? low : i; i > low; i--)
                if (is_regex(v, i - 1))
                        return true;
        return false;
}

/* The lines of a message before the one with the name. */
#define MESSAGE_MAX 100

/*
 * A sentence of a message's catalogue: gettext's "msgid" and "msgstr", and the strings in the lines below them. What is named there
 * in words is no value.
 */
static bool is_in_message(const View *v, const Candidate *c)
{
        size_t i = reader_line_start(v, c->name_start);
        bool wide = false;

        if (c->form != FORM_WORD && c->form != FORM_COPULA && c->form != FORM_REVERSE &&
            c->form != FORM_QUOTED)
                return false;
        for (size_t k = c->start; k < c->end; k++)
                wide = wide || is_wide(v->text[k]);
        for (size_t n = 0; n < MESSAGE_MAX && i > 0 && at(v, i) == '"'; n++)
                i = reader_line_start(v, i - 1);
        if (!begins_with(v, i, "msgid") && !begins_with(v, i, "msgstr"))
                return false;
        while (is_name(at(v, i)) || is_any(at(v, i), "[]"))
                i++;
        return at(v, i) == ' ' && at(v, i + 1) == '"' &&
               !has_digit(v->text + c->start, c->end - c->start) &&
               (wide || text_is_words(v->text + c->start, c->end - c->start));
}

/* One line of so many characters, without any part as long as the second number that could be of a token: a program's table. */
#define TABLE_MIN   512
#define TABLE_TOKEN 32
#define TABLE_SIGNS \
        8 /* one of so many bytes at least is a sign that lists of secrets do not have between them */

static bool is_table(const char *s, size_t n)
{
        size_t run = 0, signs = 0;

        if (n < TABLE_MIN)
                return false;
        for (size_t i = 0; i < n; i++) {
                run = is_name(s[i]) || is_any(s[i], "+/=.~") ? run + 1 : 0;
                signs += is_any(s[i], "!$%^{}|@#*()[]<>\\&?`");
                if (run >= TABLE_TOKEN || (unsigned char) s[i] < ' ')
                        return false;
        }
        return signs >= n / TABLE_SIGNS;
}

static bool is_constant(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!is_upper(s[i]) && !is_digit(s[i]) && s[i] != '_')
                        return false;
        return memchr(s, '_', n) && is_upper(s[0]) && text_is_words(s, n);
}

/* USE_ESP32 / USE_ARDUINO: no user and password, but two constants that begin alike */
static bool is_other_constant(const View *v, const Candidate *c)
{
        const char *name = v->text + c->name_start, *s = v->text + c->start;
        size_t n_name = c->name_end - c->name_start, n = c->end - c->start, i = 0;

        if (c->form != FORM_PAIR || c->quote || !is_constant(name, n_name) || !is_constant(s, n))
                return false;
        while (i < n && i < n_name && name[i] == s[i] && s[i] != '_')
                i++;
        return i > 0 && i < n && i < n_name && name[i] == '_' && s[i] == '_';
}

const char *judge_find_veto(const View *v, const Candidate *c)
{
        const char *s = v->text + c->start;
        size_t n = c->end - c->start;

        if (is_count(v, c))
                return "a number of tokens";
        if (is_about_something(v, c))
                return "the name is of something about a secret";
        if (text_is_reference(s, n) || is_variable(s, n) || is_alias(c, s, n) ||
            is_pointed_at(c, s, n))
                return "a reference or a placeholder";
        if (is_compared(c, s, n))
                return "compared with a variable";
        if (is_name_again(v, c))
                return "the name itself";
        if (is_number(c, s, n))
                return "a number";
        if (is_version(s, n))
                return "a version";
        if (is_time(s, n, c->kind == KIND_PIN))
                return "a time";
        if (is_in_resource_name(v, c))
                return "a part of a resource's name";
        if (is_place_in_text(s, n))
                return "a place in a program";
        if (is_zone_key_file(s, n))
                return "a key's file";
        if (is_module(v, c))
                return "a module";
        if (is_expression(s, n))
                return "a regular expression";
        if (c->kind == KIND_PIN && is_no_pin(s, n))
                return "no PIN";
        if (c->kind == KIND_SECRET && is_no_mnemonic(v, c))
                return "no seed phrase";
        if (is_statement(v, c))
                return "another name";
        if (is_type(c, s, n) || is_generic_type(v, c) || is_type_of_its_kind(v, c))
                return "a type or a constant";
        if (is_call(v, c) || is_cast(c, s, n))
                return "a call";
        if (is_asked_with(v, c))
                return "asked with";
        if (is_table(s, n))
                return "a table";
        if (is_field_tag(c, s, n))
                return "a field's tag";
        if (is_before_statement(v, c))
                return "a statement";
        if (is_other_constant(v, c))
                return "a constant";
        if (is_advisory(s, n))
                return "an advisory";
        if (is_listed_name(c, s, n))
                return "one of a list of names";
        if (is_lexer_token(v, c))
                return "a lexer's rule";
        if (is_in_message(v, c))
                return "a message";
        if (is_part_of_expression(v, c))
                return "a part of an expression";
        return NULL;
}
