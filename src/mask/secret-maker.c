/* Secret maker: strings in the form of a credential, made and never written out */
#include "mask/secret-maker.h"

#include <string.h>

#include "base/hash.h"
#include "mask/guard.h"

#define DIGITS     "0123456789"
#define LOWER      "abcdefghijklmnopqrstuvwxyz"
#define UPPER      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define ALNUM      DIGITS LOWER UPPER
#define LENGTH_MAX 100000
#define MADE_MAX   (128U << 10)

static const struct {
        const char *name, *alphabet;
} kinds[] = {
        { "digit", DIGITS },
        { "lower", LOWER },
        { "upper", UPPER },
        { "alpha", LOWER UPPER },
        { "alnum", ALNUM },
        { "lalnum", DIGITS LOWER },
        { "ualnum", DIGITS UPPER },
        { "hex", DIGITS "abcdef" },
        { "HEX", DIGITS "ABCDEF" },
        { "base32", UPPER "234567" },
        { "base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" },
        { "base64", ALNUM "+/" },
        { "base64url", ALNUM "-_" },
        { "bech32", "qpzry9x8gf2tvdw0s3jn54khce6mua7l" },
};

/* Numbers that look random, from where they stand alone. */
static uint64_t number(const char *name, size_t n, size_t i)
{
        static const HashKey key = { "made, not found" };
        uint64_t words[3] = { n, i, 0 };

        memcpy(&words[2], name, strnlen(name, 8));
        return siphash24(&key, words, sizeof(words));
}

static const char *alphabet_of(const char *name)
{
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (strcmp(kinds[i].name, name) == 0)
                        return kinds[i].alphabet;
        return NULL;
}

/* The first character of @alphabet at or after @from that is in @set; 0: none. */
static char one_of(const char *alphabet, const char *set, size_t from)
{
        size_t n = strlen(alphabet);

        for (size_t i = 0; i < n; i++)
                if (strchr(set, alphabet[(from + i) % n]))
                        return alphabet[(from + i) % n];
        return 0;
}

static void put_run(StrBuf *b, const char *name, const char *alphabet, size_t n)
{
        static const char *const sets[] = { DIGITS, LOWER, UPPER };

        for (size_t i = 0; i < n; i++) {
                uint64_t x = number(name, n, i);
                char c = alphabet[x % strlen(alphabet)], wanted = 0;

                /* One of each class near the start; letters and digits at both ends, where "\b" needs them. */
                if (i >= 1 && i <= 3 && n >= 4)
                        wanted = one_of(alphabet, sets[i - 1], x % 7);
                else if ((i == 0 || i + 1 == n) && strchr("+/-_", c))
                        wanted = alphabet[x % 10];
                (void) strbuf_putc(b, wanted ? wanted : c);
        }
}

static void put_uuid(StrBuf *b, size_t n)
{
        for (size_t i = 0; i < 36; i++) {
                if (i == 8 || i == 13 || i == 18 || i == 23)
                        (void) strbuf_putc(b, '-');
                else if (i == 14)
                        (void) strbuf_putc(b, '4');
                else
                        (void) strbuf_putc(b, "0123456789abcdef"[number("uuid", n, i) % 16]);
        }
}

static void put_crc32(StrBuf *b)
{
        static const char digits[] = DIGITS UPPER LOWER;
        size_t start = b->size;
        uint32_t crc;
        char sum[7] = "";

        put_run(b, "crc32", ALNUM, 30);
        if (b->failed)
                return;
        crc = checksum_crc32(b->data + start, 30);
        for (size_t i = 6; i-- > 0; crc /= 62)
                sum[i] = digits[crc % 62];
        (void) strbuf_puts(b, sum);
}

static void put_luhn(StrBuf *b, size_t n)
{
        size_t start = b->size;

        (void) strbuf_puts(b, "45");
        put_run(b, "luhn", DIGITS, n > 3 ? n - 3 : 1);
        for (char c = '0'; c <= '9'; c++) {
                (void) strbuf_putc(b, c);
                if (b->failed || text_has_luhn(b->data + start, b->size - start))
                        return;
                b->size--;
        }
}

/* Writes what "{kind:n}" at @p stands for. Returns its length, or 0: it is no kind. */
static size_t put_kind(StrBuf *b, const char *p)
{
        char name[16] = "", argument[16] = "";
        size_t n, length;
        const char *alphabet;
        int used = 0;

        if (sscanf(p, "{%15[A-Za-z0-9]:%15[a-z0-9]}%n", name, argument, &used) < 2 || used == 0)
                return 0;
        length = (size_t) used;
        n = strtoul(argument, NULL, 10);
        alphabet = alphabet_of(name);
        if (alphabet && n > 0 && n <= LENGTH_MAX)
                put_run(b, name, alphabet, n);
        else if (strcmp(name, "uuid") == 0)
                put_uuid(b, n);
        else if (strcmp(name, "crc32") == 0)
                put_crc32(b);
        else if (strcmp(name, "luhn") == 0 && n <= LENGTH_MAX)
                put_luhn(b, n);
        else
                return 0;
        return length;
}

int secret_make(const char *template, char **ret)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };

        while (*template) {
                size_t n = *template == '{' ? put_kind(&b, template) : 0;

                if (n == 0)
                        (void) strbuf_putc(&b, *template);
                template += n > 0 ? n : 1;
                if (b.size > MADE_MAX)
                        return -E2BIG;
        }
        return strbuf_take(&b, ret);
}
