/* KnownValues: the secrets in a person's own files, masked wherever they stand */
#include "mask/known-values.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file-util.h"
#include "base/strv.h"
#include "mask/guard.h"
#include "mask/judge-words.h"
#include "mask/known-parse.h"
#include "mask/view.h"

/* A number of so many digits is one that nobody counts with. */
#define NUMBER_MIN 16

/* Words that nobody says together by chance. */
#define WORDS_MIN 4

struct KnownValues {
        unsigned n_refs;
        HashKey key;
        char **patterns; /* NULL-terminated */
        Known *known;
        uint32_t *files_of; /* of each value of @known: its file */
        size_t n_values;    /* without the other forms of each */
        KnownFile *files;
        size_t n_files;
        uint64_t state; /* what the files were */
};

static const HashKey state_key = { "known files' st" };

/* What is no secret anywhere */

/* "5432", "127.0.0.1", "2024-01-31" */
static bool is_number(const char *s, size_t n)
{
        return n < NUMBER_MIN && !(text_classes(s, n) & (CLASS_UPPER | CLASS_LOWER | CLASS_OTHER));
}

/* A host, an address: words with dots between, or one at "@". */
static bool is_address(const char *s, size_t n)
{
        const char *at = memchr(s, '@', n), *dot = memrchr(s, '.', n);

        for (size_t i = 0; i < n; i++)
                if (!is_name(s[i]) && s[i] != '.' && s[i] != '@' && s[i] != ':' && s[i] != '+')
                        return false;
        if (!dot || dot == s || dot + 1 == s + n)
                return false;
        if (at)
                return at > s && dot > at;
        return memchr(s, '.', (size_t) (dot - s)) && text_is_words(s, n);
}

static bool is_path(const char *s, size_t n)
{
        return s[0] == '/' || (n > 1 && s[0] == '~' && s[1] == '/') ||
               (n > 1 && s[0] == '.' && (s[1] == '/' || s[1] == '.'));
}

static bool is_between(char c)
{
        return is_any(c, " \t-_.,/:;+@");
}

/* Words of letters or of digits alone, with signs between; or of both, if all of the letters are words. */
static bool is_words(const char *s, size_t n)
{
        bool mixed = false;

        for (size_t i = 1; i < n; i++)
                mixed = mixed || (!is_between(s[i]) && !is_between(s[i - 1]) &&
                                  (is_digit(s[i]) != is_digit(s[i - 1]) ||
                                   (is_upper(s[i]) && !is_upper(s[i - 1]))));
        return text_is_words(s, n) && (!mixed || text_is_phrase(s, n));
}

/* "eu-central-1", "My Application" */
static bool is_name_of_words(const char *s, size_t n)
{
        size_t n_words = 0;

        for (size_t i = 0; i < n; i++)
                n_words += !is_between(s[i]) && (i == 0 || is_between(s[i - 1]));
        return n_words < WORDS_MIN && is_words(s, n);
}

static bool is_word(const char *s, size_t n)
{
        return judge_is_word(s, n) ||
               (n > 0 && (judge_word(s, n) & (WORD_TYPE | WORD_PLACEHOLDER | WORD_CREDENTIAL)));
}

/* "${OTHER}", "$(command)", "<your-token>", "********": all of it, since what has such signs within may be a password. */
static bool stands_for_another(const char *s, size_t n)
{
        size_t same = 1;

        while (same < n && s[same] == s[0])
                same++;
        if (same == n || (s[0] == '$' && is_any(s[1], "{(") && is_any(s[n - 1], "})")))
                return true;
        if (s[0] == '<' && s[n - 1] == '>')
                return is_words(s + 1, n - 2);
        return !text_is_reference(s, n) && text_is_placeholder(s, n);
}

/* "/run/secrets/app.key", where a secret is to be expected: names between several "/". */
static bool is_path_of_words(const char *s, size_t n)
{
        const char *last = memrchr(s, '/', n);

        if (!is_path(s, n) || !last || last == s || !text_is_words(s, n))
                return false;
        for (size_t i = 0; i < n; i++)
                if (!is_name(s[i]) && !is_any(s[i], "/.~@+ "))
                        return false;
        return true;
}

static bool is_trivial(const KnownField *f)
{
        const char *s = f->value;
        size_t n = f->size;

        if (n < KNOWN_MIN || is_word(s, n) || stands_for_another(s, n) || is_path_of_words(s, n))
                return true;
        if (f->certain)
                return false;
        return is_number(s, n) || is_address(s, n) || is_path(s, n) || is_name_of_words(s, n);
}

/* Values */

/* As the scanner sees a text that holds it. Returns whether it is new. */
static bool add_form(KnownValues *kv, const char *s, size_t n)
{
        _cleanup_(view_done) View view = { 0 };
        KnownSecret secret;
        size_t number = known_n(kv->known);

        if (view_set(&view, s, n) < 0)
                memory_is_out();
        secret = (KnownSecret){ (char *) view.text, view.size,
                                KNOWN_VALUE,        hash_bytes(&kv->key, view.text, view.size),
                                KNOWN_VALUE_RANK,   .given = true };
        if (!known_add(kv->known, &secret))
                return false;
        APPEND(kv->files_of, number, (uint32_t) kv->n_files - 1);
        return true;
}

/* "p@ss" is "p%40ss" in a URL; what the view reads for itself ("%20") stays. */
static void add_encoded(KnownValues *kv, const char *s, size_t n, bool upper)
{
        _cleanup_(strbuf_wipe) StrBuf b = { 0 };

        for (size_t i = 0; i < n; i++) {
                bool plain = is_letter(s[i]) || is_digit(s[i]) ||
                             is_any(s[i], "-._~=&\"' :{},"); /* the last ones: see read_percent() */

                if (plain)
                        (void) strbuf_putc(&b, s[i]);
                else
                        (void) strbuf_printf(&b, upper ? "%%%02X" : "%%%02x", (unsigned char) s[i]);
        }
        if (b.size > n)
                (void) add_form(kv, b.data, b.size);
}

/* As it is, and encoded with digits of either case. */
#define FORMS 3

_Static_assert(FORMS *KNOWN_VALUES_MAX <= KNOWN_SECRETS_MAX, "none is left out in silence");

static int on_field(void *userdata, const KnownField *f)
{
        KnownValues *kv = userdata;
        KnownFile *file = kv->files + kv->n_files - 1;

        if (is_trivial(f))
                return 0;
        if (f->size > KNOWN_MAX || kv->n_values == KNOWN_VALUES_MAX) {
                file->n_left_out++;
                return 0;
        }
        if (!add_form(kv, f->value, f->size))
                return 0;
        kv->n_values++;
        file->n_values++;
        add_encoded(kv, f->value, f->size, true);
        add_encoded(kv, f->value, f->size, false);
        return 0;
}

/* Files */

static void read_known_file(void *userdata, const char *path, size_t pattern)
{
        KnownValues *kv = userdata;
        const char *text = kv->patterns[pattern];
        KnownFile *file;
        _cleanup_free_ char *content = NULL;
        size_t size = 0;
        int r;

        APPEND(kv->files, kv->n_files,
               (KnownFile){ .path = xstrdup(path),
                            .pattern = hash_bytes(&kv->key, text, strlen(text)) });
        file = kv->files + kv->n_files - 1;
        if (kv->n_files > KNOWN_FILES_MAX) {
                file->error = -EMFILE;
                return;
        }
        r = file_read(path, KNOWN_FILE_BYTES_MAX, &content, &size);
        if (r >= 0)
                r = known_parse(path, content, size, on_field, kv);
        if (content)
                explicit_bzero(content, size);
        file->error = r;
}

/* Calls @func for each file that a pattern names, once, and for each pattern that names none. */
static void each_file(const char *const *patterns,
                      void (*func)(void *userdata, const char *path, size_t pattern),
                      void *userdata)
{
        for (size_t i = 0; patterns && patterns[i]; i++) {
                glob_t found = { 0 };
                int r = glob(patterns[i], 0, NULL, &found);

                if (r == GLOB_NOSPACE)
                        memory_is_out();
                if (r != 0 || found.gl_pathc == 0)
                        func(userdata, patterns[i], i);
                for (size_t k = 0; k < found.gl_pathc && k <= KNOWN_FILES_MAX; k++)
                        func(userdata, found.gl_pathv[k], i);
                globfree(&found);
        }
}

static void hash_file(void *userdata, const char *path, size_t pattern)
{
        Hasher *h = userdata;
        struct stat st;

        hasher_add_bytes(h, path, strlen(path));
        hasher_add_int(h, (int64_t) pattern);
        if (stat(path, &st) < 0) {
                hasher_add_int(h, -errno);
                return;
        }
        hasher_add_int(h, (int64_t) st.st_dev);
        hasher_add_int(h, (int64_t) st.st_ino);
        hasher_add_int(h, (int64_t) st.st_mode);
        hasher_add_int(h, (int64_t) st.st_size);
        hasher_add_int(h, (int64_t) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
        hasher_add_int(h, (int64_t) st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec);
}

static uint64_t state_of(const char *const *patterns)
{
        Hasher *h = hasher_new(&state_key);
        uint64_t state;

        each_file(patterns, hash_file, h);
        state = hasher_end(h);
        (void) hasher_free(h);
        return state;
}

KnownValues *known_values_ref(KnownValues *kv)
{
        if (kv)
                kv->n_refs++;
        return kv;
}

KnownValues *known_values_unref(KnownValues *kv)
{
        if (!kv || --kv->n_refs > 0)
                return NULL;
        (void) known_free(kv->known);
        for (size_t i = 0; i < kv->n_files; i++)
                free(kv->files[i].path);
        free(kv->files);
        free(kv->files_of);
        (void) strv_free(kv->patterns);
        explicit_bzero(&kv->key, sizeof(kv->key));
        free(kv);
        return NULL;
}

KnownValues *known_values_load(const char *const *patterns, const HashKey *key)
{
        KnownValues *kv = xcalloc(1, sizeof(*kv));

        kv->n_refs = 1;
        kv->key = *key;
        kv->known = known_new();
        for (size_t i = 0; patterns[i]; i++)
                strv_take(&kv->patterns, xstrdup(patterns[i]));
        kv->state = state_of(patterns); /* first: what changes meanwhile is read again */
        each_file(patterns, read_known_file, kv);
        return kv;
}

bool known_values_are_stale(const KnownValues *kv)
{
        return state_of((const char *const *) kv->patterns) != kv->state;
}

const Known *known_values_set(const KnownValues *kv)
{
        return kv->known;
}

uint64_t known_values_pattern(const KnownValues *kv, size_t number)
{
        return kv->files[kv->files_of[number]].pattern;
}

size_t known_values_n(const KnownValues *kv)
{
        return kv->n_values;
}

size_t known_values_n_files(const KnownValues *kv)
{
        return kv->n_files;
}

const KnownFile *known_values_file(const KnownValues *kv, size_t i)
{
        return kv->files + i;
}

size_t known_values_n_read(const KnownValues *kv)
{
        size_t n = 0;

        for (size_t i = 0; i < kv->n_files; i++)
                n += kv->files[i].error == 0;
        return n;
}

const char *known_file_reason(const KnownFile *f)
{
        switch (f->error) {
        case -EBADMSG:
                return "its content is not what its name or beginning says";
        case -EINVAL:
                return "it is not a regular file";
        case -EFBIG:
                return "it is larger than 1 MiB";
        case -EMFILE:
                return "the settings name more than 1,000 files";
        default:
                return strerror(-f->error);
        }
}
