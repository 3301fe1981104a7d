/*
 * Judgment: is the value of an assignment a secret?
 *
 * Names and values in code and logs are mostly not: `token = self.next_token()`, `password: string`, a commit id, a
 * digest, `${TOKEN}`. A human's password may be short and plain; anything else is long and random, or it is nothing.
 */
#include <string.h>
#include <strings.h>

#include "mask/assignment.h"
#include "mask/guard.h"

#define PASSWORD_MIN 6
#define TOKEN_MIN    10

typedef struct Value {
        const char *s;
        size_t n;
        unsigned classes;
} Value;

static bool is_word_of(const char *s, size_t n, const char *const *words)
{
        for (; *words; words++)
                if (strlen(*words) == n && strncasecmp(s, *words, n) == 0)
                        return true;
        return false;
}

/* Calls @s's words ("apiKeyId": api, Key, Id) one after the other: the first of s at or after *at. 0: none. */
static size_t next_word(const char *s, size_t n, size_t *at)
{
        size_t i = *at, start;

        while (i < n && (s[i] == '_' || s[i] == '-' || s[i] == '.'))
                i++;
        *at = start = i;
        while (i < n && s[i] >= 'A' && s[i] <= 'Z')
                i++;
        if (i > start + 1 && i < n && s[i] >= 'a' && s[i] <= 'z' && !(s[i] == 's' && i + 1 == n))
                return i - 1 - start;
        while (i < n && !(s[i] >= 'A' && s[i] <= 'Z') && s[i] != '_' && s[i] != '-' && s[i] != '.')
                i++;
        return i - start;
}

static bool has_word(const char *s, size_t n, const char *const *words)
{
        size_t at = 0, size;

        while ((size = next_word(s, n, &at)) > 0) {
                if (is_word_of(s + at, size, words))
                        return true;
                at += size;
        }
        return false;
}

/* "token_id", "passwordField", "secretName" name something about a secret; "max_tokens", "public_key" another thing. */
static bool names_something_else(const View *v, const Assignment *a)
{
        static const char *const after[] = {
                "id",        "ids",         "url",         "uri",      "urls",     "name",
                "names",     "file",        "files",       "filename", "path",     "paths",
                "dir",       "type",        "types",       "length",   "len",      "count",
                "size",      "limit",       "limits",      "expiry",   "expires",  "expiration",
                "ttl",       "policy",      "field",       "fields",   "input",    "label",
                "prompt",    "regex",       "regexp",      "pattern",  "format",   "hint",
                "error",     "errors",      "message",     "class",    "index",    "position",
                "column",    "kind",        "prefix",      "suffix",   "version",  "algorithm",
                "algo",      "alg",         "provider",    "store",    "manager",  "service",
                "handler",   "factory",     "list",        "usage",    "used",     "enabled",
                "required",  "valid",       "at",          "date",     "time",     "timestamp",
                "timeout",   "status",      "state",       "arn",      "header",   "param",
                "parameter", "variable",    "var",         "env",      "ref",      "reference",
                "title",     "description", "hash",        "digest",   "checksum", "sha",
                "sha256",    "fingerprint", "placeholder", "endpoint", "host",     "issuer",
                "scope",     "scopes",      "counter",     "budget",   "mode",     NULL,
        };
        static const char *const before[] = {
                "max",    "min",        "num",   "total",  "public", "pub",       "next",   "page",
                "prompt", "completion", "cache", "cached", "used",   "remaining", "cursor", "no",
                "is",     "has",        "use",   "show",   "hide",   NULL,
        };

        return has_word(v->text + a->keyword_end, a->name_end - a->keyword_end, after) ||
               has_word(v->text + a->name_start, a->keyword_start - a->name_start, before);
}

static bool is_password(const View *v, const Assignment *a)
{
        const char *keyword = v->text + a->keyword_start;
        size_t n = a->keyword_end - a->keyword_start;

        return (n >= 4 && strncasecmp(keyword, "pass", 4) == 0) ||
               strncasecmp(keyword, "pwd", 3) == 0;
}

/* Hex digits; dashes as in UUIDs. */
static bool is_hex(const Value *value)
{
        for (size_t i = 0; i < value->n; i++)
                if (!value->s[i] || !strchr("0123456789abcdefABCDEF-", value->s[i]))
                        return false;
        return true;
}

/* 8-4-4-4-12 */
static bool is_uuid(const Value *value)
{
        return value->n == 36 && value->s[8] == '-' && value->s[13] == '-' && value->s[18] == '-' &&
               value->s[23] == '-' && is_hex(value);
}

static bool starts(const Value *value, const char *prefix)
{
        size_t n = strlen(prefix);

        return value->n >= n && strncasecmp(value->s, prefix, n) == 0;
}

static bool is_digest(const Value *value)
{
        return starts(value, "sha256-") || starts(value, "sha384-") || starts(value, "sha512-") ||
               starts(value, "sha1-") || starts(value, "sha256:") || starts(value, "sha512:") ||
               starts(value, "sha1:") || starts(value, "md5:");
}

/* Only of characters that names have, "." and "::" among them. */
static bool is_identifier(const Value *value)
{
        for (size_t i = 0; i < value->n; i++) {
                char c = value->s[i];

                if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      (c && strchr("_-.:$@", c))))
                        return false;
        }
        return true;
}

/* A date, a version, a number, an address. */
static bool is_number(const Value *value)
{
        for (size_t i = 0; i < value->n; i++)
                if (!value->s[i] || !strchr("0123456789.:-+TZ/ ", value->s[i]))
                        return false;
        return true;
}

static bool is_path(const Value *value)
{
        size_t n_slashes = 0;

        if (memmem(value->s, value->n, "://", 3) || starts(value, "./") || starts(value, "../") ||
            starts(value, "~/") || starts(value, "C:"))
                return true;
        for (size_t i = 0; i < value->n; i++)
                n_slashes += value->s[i] == '/' || value->s[i] == '.';
        return n_slashes > 0 && (value->s[0] == '/' || n_slashes > 1) &&
               text_is_words(value->s, value->n);
}

/* A variable, a format, a template, an expression: what takes its value from elsewhere. */
static bool is_expression(const View *v, const Value *value, const Assignment *a)
{
        if (value->s[0] == '$' && is_identifier(value) && !(value->classes & CLASS_DIGIT))
                return true;
        if (value->s[0] == '%' || value->s[0] == '{' || value->s[0] == '<' || value->s[0] == '&' ||
            value->s[0] == '*' || value->s[0] == '(' || value->s[0] == '[')
                return true;
        if (a->quoted)
                return false;
        /* A call, an element, a member of something: the value ended where its brackets begin. */
        if (a->end < v->size && strchr("([{", v->text[a->end]) && v->text[a->end])
                return true;
        return memchr(value->s, '(', value->n) || memchr(value->s, '[', value->n) ||
               memchr(value->s, '{', value->n) || starts(value, "process.") ||
               starts(value, "self.") || starts(value, "this.") || starts(value, "os.") ||
               memmem(value->s, value->n, "->", 2) || memmem(value->s, value->n, "::", 2);
}

static bool is_nothing(const View *v, const Value *value, const Assignment *a)
{
        return text_is_placeholder(value->s, value->n) || is_expression(v, value, a) ||
               is_digest(value) || is_path(value) || is_uuid(value);
}

static bool is_secret_password(const Value *value, const Assignment *a)
{
        unsigned kinds = (unsigned) __builtin_popcount(value->classes & 0xF);

        if (value->n < PASSWORD_MIN)
                return false;
        if (is_number(value))
                return a->quoted && !(value->classes & CLASS_SPECIAL);
        /* A phrase; a name. */
        if (text_is_words(value->s, value->n))
                return a->quoted && !memchr(value->s, ' ', value->n) &&
                       (value->classes & CLASS_DIGIT) && kinds >= 2;
        if (memchr(value->s, ' ', value->n) && value->n > 40)
                return false;
        if (!a->quoted && !a->line && is_identifier(value) && value->n < 12)
                return value->classes & CLASS_DIGIT && kinds >= 3;
        return kinds >= 2 || value->n >= 12;
}

static bool is_secret_token(const Value *value, const Assignment *a)
{
        double entropy = text_entropy(value->s, value->n);

        if (value->n < TOKEN_MIN || is_number(value) || memchr(value->s, ' ', value->n) ||
            text_is_words(value->s, value->n))
                return false;
        if (value->n < 16)
                return (a->quoted || a->line) && value->classes & CLASS_DIGIT && entropy >= 2.8;
        if (is_hex(value))
                return entropy >= 2.5;
        if (value->classes & CLASS_DIGIT)
                return entropy >= 3.0;
        return value->n >= 20 && entropy >= 3.7 && (value->classes & CLASS_UPPER) &&
               (value->classes & CLASS_LOWER);
}

bool assignment_is_secret(const View *v, const Assignment *a)
{
        Value value = { v->text + a->start, a->end - a->start, 0 };

        value.classes = text_classes(value.s, value.n);
        if (value.n < PASSWORD_MIN || names_something_else(v, a) || is_nothing(v, &value, a))
                return false;
        return is_password(v, a) ? is_secret_password(&value, a) : is_secret_token(&value, a);
}
