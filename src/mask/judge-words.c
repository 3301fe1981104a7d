/* Judge words: one table of them, by hash */
#include "mask/judge-words.h"

#include <pthread.h>

#include "mask/judge-data.h"

/* What words tell. Each is a hint for the model or for the reader; none of them decides. */
static const struct {
        unsigned flag;
        const char *words;
} lists[] = {
        { WORD_AFTER,
          "id ids url uri urls uris name names file files filename path paths dir type types length len count size "
          "limit limits expiry expires expiration expire ttl policy field fields input label prompt regex regexp "
          "pattern format hint error errors message messages class index position column kind prefix suffix version "
          "algorithm algo alg provider store manager service handler factory list usage used enabled required valid "
          "at date time timestamp timeout status state arn header param parameter variable var env ref reference "
          "title description hash digest checksum sha sha256 fingerprint placeholder endpoint host issuer scope "
          "scopes counter budget mode reset strength length rotation source location hook callback chars characters "
          "charset alphabet supported color colour" },
        { WORD_BEFORE,
          "type max min num total public pub next page prompt completion cache cached used remaining cursor no is "
          "has use show hide primary foreign sort partition continuation change input output csrf xsrf result "
          "translation existing forgot reset missing invalid wrong unknown expected unexpected stop eos bos pad "
          "unk special idempotency dedup registry map dict row object" },
        { WORD_UI,
          "label title text msg message forgot reset hint placeholder error invalid enter confirm repeat button "
          "help desc tooltip caption change required incorrect optional" },
        { WORD_TYPE,
          "string str int bool boolean null nullptr none true false nil undefined number object array any bytes byte char "
          "varchar text required optional void enum integer var const input hidden default empty self this function "
          "len format print return if the a an not float double long list map dict type uuid date datetime unknown "
          "yes no on off string_t usize u8 i32 u32 u64 i64 interface int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
          "float32 float64 base32 base58 base64 latin1 utf8 utf16" },
        { WORD_PLACEHOLDER,
          "example placeholder change changeme redact redacted dummy insert replace replaceme your xxx here sample "
          "fake todo foo bar test testing enter demo mock some value tbd masked hidden omitted removed snip my none "
          "beispiel ejemplo exemple exemplo secret_here" },
        { WORD_CODE,
          "def func const let var return import self this public private static if for fn class assert throw new "
          "function await async struct impl pub use mut raise except elif else while switch case require package "
          "module export interface extends final expect describe it" },
        { WORD_CREDENTIAL,
          "password passwd pass pwd secret secrets token tokens key keys auth cred creds credential credentials "
          "passphrase passwort kennwort passcode pin apikey bearer pw pepper salt seed mnemonic" },
        { WORD_USER,
          "user username login host account email server database db admin hostname port usr benutzer utilisateur "
          "usuario uid site smtp imap ssh wifi ssid vpn root "
          "use log sign credentials creds zugangsdaten anmelden zugang" },
        { WORD_COPULA,
          "became remains reads hei\xC3\x9Ft heisst hie\xC3\x9F lautete \xC3\xA9tait sera serait devient "
          "era ser\xC3\xA1 ser\xC3\xAD"
          "a \xD0\xB1\xD1\x8B\xD0\xBB \xD0\xB1\xD1\x8B\xD0\xBB\xD0\xB0 "
          "\xD0\xB1\xD1\x8B\xD0\xBB\xD0\xBE \xD0\xB1\xD1\x83\xD0\xB4\xD0\xB5\xD1\x82 "
          "is was are be to as es est lautet ist als war son ser sera seja è é \xC3\xA9 \xE2\x80\x94 \xE2\x80\x93 "
          "\xE2\x86\x92 - -> => = == \xD1\x8D\xD1\x82\xD0\xBE becomes equals "
          "\xE2\x80\xBA \xE2\x9D\xAF it's c'est c\xE2\x80\x99"
          "est comme como por par en para auf a \xD0\xBD\xD0\xB0 \xD0\xB2 \xD1\x82\xD0\xB5\xD0\xBF\xD0\xB5\xD1\x80\xD1\x8C "
          "\xD1\x82\xD0\xB0\xD0\xBA\xD0\xBE\xD0\xB9 es: it\xE2\x80\x99s" },
        { WORD_FILLER,
          "now set to the still just currently changed jetzt nun neu bitte ahora agora maintenant actuellement "
          "\xD1\x82\xD0\xB5\xD0\xBF\xD0\xB5\xD1\x80\xD1\x8C \xD1\x81\xD0\xB5\xD0\xB9\xD1\x87\xD0\xB0\xD1\x81 "
          "is be auf folgendes only probably simply again" },
        { WORD_MEMBER,
          "value values val default content contents data plaintext stringvalue current string secretstring "
          "defaultvalue text wert valor valeur" },
        { WORD_NAMING,
          "name key id field parameter variable setting header property attr attribute label title item selector element" },
        { WORD_KEYED,
          "api access secret auth private encryption encrypt signing sign master license service account storage "
          "admin webhook hmac deploy client shared app application subscription integration rest server user site "
          "team project org write insert ingest cookie crypto aes ssh hook live prod test dev consumer product "
          "activation my db root pub google azure session jwt wifi pass security recovery unseal" },
        { WORD_COMMAND,
          "export env set setenv arg declare local -e --env -x readonly typeset --build-arg" },
        { WORD_ARTICLE,
          "the a an my your our its this that new das der die ein dein mein la le el un una as o ist" },
        { WORD_REFERENCE,
          "environ getenv env process vault secretref arn kms keyring ssm getpass config settings params args "
          "request req ctx context options opts input prompt readline lookup secretmanager" },
        { WORD_DIGEST,
          "checksum checksums digest fingerprint hash hashes hashed integrity md5 sha1 sha sha256 sha384 sha512 "
          "sha224 blake2b blake3 crc32 md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum "
          "etag sum sums signature pubkey public" },
        { WORD_ENCODING,
          "ascii ascii-text hex plain plaintext plain-text clear cleartext encrypted hash hashed hidden md5 sha "
          "sha1 sha256 sha512 aes des scrypt local remote" },
};

#define SLOTS 4096

static struct {
        uint32_t hash, flags;
} slots[SLOTS];

/* A bit for the outline of each word (its length, its first and its last byte): most others need no hash. */
#define OUTLINES 16384

static uint64_t outlines[OUTLINES / 64];

static size_t outline_of(const char *s, size_t n)
{
        return (((size_t) (unsigned char) to_lower(s[0]) * 31 +
                 (unsigned char) to_lower(s[n - 1])) *
                                29 +
                n) %
               OUTLINES;
}

static void add_word(const char *s, size_t n, unsigned flag)
{
        uint32_t h = judge_hash(s, n, 0);
        size_t i = h % SLOTS, outline = outline_of(s, n);

        outlines[outline / 64] |= 1ULL << outline % 64;

        while (slots[i].flags && slots[i].hash != h)
                i = (i + 1) % SLOTS;
        slots[i].hash = h;
        slots[i].flags |= flag;
}

/* For each letter or digit a bit for each of those beside it. */
static uint64_t neighbours[1 + 26 + 10];

/* Letters are told apart in no case. */
static unsigned key_of(char c)
{
        return is_letter(c)  ? (unsigned) (to_lower(c) - 'a' + 1)
               : is_digit(c) ? (unsigned) (c - '0' + 27)
                             : 0;
}

static void make_neighbours(void)
{
        static const char rows[] = "1234567890 qwertyuiop asdfghjkl zxcvbnm qwertzuiop";

        for (const char *p = rows; p[1]; p++)
                if (p[0] != ' ' && p[1] != ' ') {
                        neighbours[key_of(p[0])] |= 1ULL << key_of(p[1]);
                        neighbours[key_of(p[1])] |= 1ULL << key_of(p[0]);
                }
}

bool judge_are_neighbours(char a, char b)
{
        return neighbours[key_of(a)] >> key_of(b) & 1;
}

static void make_table(void)
{
        make_neighbours();
        for (size_t i = 0; i < ELEMENTSOF(lists); i++)
                for (const char *p = lists[i].words; *p;) {
                        size_t n = strcspn(p, " ");

                        add_word(p, n, lists[i].flag);
                        p += n + (p[n] == ' ');
                }
}

void judge_words_ready(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        (void) pthread_once(&once, make_table);
}

uint32_t judge_hash(const char *s, size_t n, uint32_t seed)
{
        uint32_t h = FNV_BASIS + seed;

        for (size_t i = 0; i < n; i++)
                h = hash_step(h, s[i]);
        return hash_finish(h);
}

/* No word of the lists is longer. */
#define WORD_MAX 24

unsigned judge_word(const char *s, size_t n)
{
        uint32_t h = FNV_BASIS;
        size_t outline;

        if (n == 0 || n > WORD_MAX)
                return 0;
        outline = outline_of(s, n);
        if (!(outlines[outline / 64] >> outline % 64 & 1))
                return 0;
        for (size_t i = 0; i < n; i++)
                h = hash_step(h, to_lower(s[i]));
        h = hash_finish(h);
        for (size_t i = h % SLOTS; slots[i].flags; i = (i + 1) % SLOTS)
                if (slots[i].hash == h)
                        return slots[i].flags;
        return 0;
}

enum {
        OF_UPPER = 1 << 0,
        OF_LOWER = 1 << 1,
        OF_DIGIT = 1 << 2,
        OF_WIDE = 1 << 3,
};

/* What words are made of. */
static const uint8_t word_bytes[256] = {
        ['A' ... 'Z'] = OF_UPPER,
        ['a' ... 'z'] = OF_LOWER,
        ['0' ... '9'] = OF_DIGIT,
        [0x80 ... 0xFF] = OF_WIDE,
};

/* Where the bytes of these kinds from @i on end. */
static inline size_t skip_bytes(const char *s, size_t n, size_t i, unsigned kinds)
{
        while (i < n && word_bytes[(unsigned char) s[i]] & kinds)
                i++;
        return i;
}

size_t judge_next_word(const char *s, size_t n, size_t *at)
{
        size_t i = *at, start;

        while (i < n && !word_bytes[(unsigned char) s[i]])
                i++;
        *at = start = i;
        if (i >= n)
                return 0;
        if (is_wide(s[i]))
                return skip_bytes(s, n, i, OF_WIDE);
        i = skip_bytes(s, n, i, OF_UPPER);
        /* "APIKey" is API and Key; "IDs" is one word. */
        if (i > start + 1 && i < n && is_lower(s[i]) && !(s[i] == 's' && i + 1 == n))
                return i - 1;
        return skip_bytes(s, n, i, OF_LOWER | OF_DIGIT);
}

unsigned judge_last_word(const char *s, size_t n)
{
        size_t i = 0, end, start = 0, stop = 0;

        while ((end = judge_next_word(s, n, &i))) {
                start = i;
                i = stop = end;
        }
        while (stop > start && is_digit(s[stop - 1]))
                stop--;
        return judge_word(s + start, stop - start);
}

bool judge_is_word(const char *s, size_t n)
{
        DictionaryLook look = judge_dictionary_begin();

        if (n < 3 || n > 12)
                return false;
        for (size_t i = 0; i < n; i++) {
                if (!is_letter(s[i]))
                        return false;
                judge_dictionary_step(&look, to_lower(s[i]));
        }
        return judge_dictionary_has(&look);
}
