/* mask: both matchers of literals, and the whole masker on both, give the same answers */
#include <dirent.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file-util.h"
#include "fixture.h"
#include "mask/literals-cache.h"
#include "mask/literals.h"
#include "mask/masker.h"
#include "mask/secret-maker.h"
#include "test.h"

#define TEXT_SIZE 20000

static uint32_t seed = 1;

/* xorshift32: the same texts in every run. */
static uint32_t next_random(void)
{
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed;
}

/* Few different bytes, so that literals of three of them occur and overlap often. */
static void fill(char *text, size_t n, const char *alphabet)
{
        for (size_t i = 0; i < n; i++)
                text[i] = alphabet[next_random() % strlen(alphabet)];
}

static bool stands_at(const Literal *l, const char *text, size_t size, size_t at)
{
        if (l->size > size - at)
                return false;
        return (l->nocase ? strncasecmp(text + at, l->bytes, l->size)
                          : memcmp(text + at, l->bytes, l->size)) == 0;
}

static void check_matcher(LiteralMatcher matcher, const Literal *literals, size_t n,
                          const char *text, size_t size)
{
        _cleanup_(literal_set_freep) LiteralSet *set = NULL;
        LiteralScratch *scratch = NULL;
        LiteralHits hits = { 0 };
        size_t k = 0, n_wrong = 0;

        if (matcher == LITERALS_VECTORSCAN && !literals_vectorscan) {
                CHECK_INT(literal_set_new(matcher, literals, n, NULL, &set), -EOPNOTSUPP);
                return;
        }
        REQUIRE(literal_set_new(matcher, literals, n, NULL, &set) == 0);
        scratch = literal_scratch_new(set);
        CHECK_INT(literal_set_scan(set, scratch, text, size, &hits), 0);
        for (size_t at = 0; at < size; at++)
                for (size_t i = 0; i < n; i++)
                        if (stands_at(&literals[i], text, size, at)) {
                                n_wrong += k >= hits.n || hits.hits[k].start != at ||
                                           hits.hits[k].literal != i;
                                k++;
                        }
        CHECK_INT(n_wrong, 0);
        CHECK_INT(hits.n, k);
        literal_hits_done(&hits);
        (void) literal_scratch_free(scratch);
}

TEST(every_literal_is_found_wherever_it_stands)
{
        static const Literal literals[] = {
                { "abc", 3, false },      { "abc", 3, true },      { "abcd", 4, false },
                { "cab", 3, true },       { "-ab", 3, false },     { "aaa", 3, false },
                { "bcab", 4, true },      { "abcabca", 7, false }, { "ab-c", 4, false },
                { "aaaaaaaaa", 9, true }, { "c-a", 3, true },
        };
        char text[4096];

        for (int round = 0; round < 200; round++) {
                size_t size = round < 40 ? (size_t) round : 1 + next_random() % sizeof(text);

                fill(text, size, round % 2 ? "abcABC-" : "abc");
                check_matcher(LITERALS_OWN, literals, ELEMENTSOF(literals), text, size);
                check_matcher(LITERALS_VECTORSCAN, literals, ELEMENTSOF(literals), text, size);
        }
}

static Masker *new_masker(LiteralMatcher matcher)
{
        static const HashKey key = { "k" };
        const char *folders[] = { TEST_RULES_DIR, NULL };
        RulesetOptions options = { .folders = folders, .matcher = matcher };
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        Masker *m = NULL;

        if (ruleset_load(&options, &rules, NULL) == -EOPNOTSUPP)
                return NULL;
        REQUIRE(rules);
        m = masker_new(rules, &key);
        return m;
}

/* Random pieces of code, keys, quotes and escapes. */
static char *make_text(void)
{
        static const char *const pieces[] = {
                "password",
                "=",
                ": ",
                "\"",
                "\\\"",
                "\\n",
                "\n",
                " ",
                "token",
                "api_key",
                "ghp_{alnum:36}",
                "AKIA{base32:16}",
                "postgres://u:{alnum:12}@h/",
                "{hex:40}",
                "{alnum:24}",
                "{",
                "}",
                ",",
                "'",
                "-----BEGIN PRIVATE KEY-----",
                "-----END PRIVATE KEY-----",
                "{base64:64}",
                "xoxb-{digit:12}-{alnum:24}",
                "eyJ{base64url:30}.eyJ{base64url:40}.{base64url:43}",
                "Authorization: Bearer ",
                "\\u0022",
                "\x1b[31m",
                "secret",
                "SECRET",
                "key",
                "()",
                "return ",
                "é",
                "\xff",
        };
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *made = NULL;

        while (b.size < TEXT_SIZE / 10)
                (void) strbuf_puts(&b, pieces[next_random() % ELEMENTSOF(pieces)]);
        REQUIRE(!b.failed && secret_make(b.data, &made) == 0);
        return made;
}

static void check_same(Masker *own, Masker *other, MaskFormat format, const char *text, size_t size,
                       size_t *n_findings)
{
        Masked a, b;

        masker_forget(own);
        masker_forget(other);
        CHECK_INT(masker_mask(own, format, text, size, &a), 0);
        CHECK_INT(masker_mask(other, format, text, size, &b), 0);
        CHECK(a.size == b.size && memcmp(a.text, b.text, a.size) == 0);
        CHECK_INT(a.n_findings, b.n_findings);
        for (size_t i = 0; i < a.n_findings && i < b.n_findings; i++)
                CHECK(a.findings[i].rule && strcmp(a.findings[i].rule, b.findings[i].rule) == 0 &&
                      a.findings[i].start == b.findings[i].start &&
                      a.findings[i].end == b.findings[i].end &&
                      a.findings[i].fingerprint == b.findings[i].fingerprint);
        *n_findings += a.n_findings;
}

/* Every file of the project itself: code, rules, prose. */
static size_t check_folder(Masker *own, Masker *other, const char *folder, size_t *n_findings)
{
        struct dirent *entry;
        DIR *d = opendir(folder);
        size_t n = 0;

        while (d && (entry = readdir(d))) {
                _cleanup_free_ char *path = path_join(folder, entry->d_name), *text = NULL;
                size_t size;

                if (entry->d_name[0] == '.' || strncmp(entry->d_name, "build", 5) == 0)
                        continue;
                if (entry->d_type == DT_DIR)
                        n += check_folder(own, other, path, n_findings);
                else if (file_read(path, 1 << 20, &text, &size) == 0) {
                        check_same(own, other, MASK_JSON, text, size, n_findings);
                        n++;
                }
        }
        if (d)
                (void) closedir(d);
        return n;
}

#define N_KEPT 300

/* Literals of random letters; the same for the same @number. */
typedef struct Kept {
        char bytes[N_KEPT][8];
        Literal literals[N_KEPT];
} Kept;

static void make_kept(Kept *k, uint32_t number)
{
        *k = (Kept){ 0 };
        seed = number;
        for (size_t i = 0; i < N_KEPT; i++) {
                size_t n = 3 + next_random() % 4;

                fill(k->bytes[i], n, "abcdefgh_");
                k->literals[i] = (Literal){ k->bytes[i], n, i % 2 };
        }
}

static ino_t file_number(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* With @cache the same is found as without. */
static void check_kept(const Kept *k, const char *cache)
{
        const char *caches[] = { NULL, cache };
        LiteralHits hits[2] = { { 0 }, { 0 } };
        char text[TEXT_SIZE];

        fill(text, sizeof(text), "abcdefgh_AB");
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(literal_set_freep) LiteralSet *set = NULL;
                LiteralScratch *scratch;

                REQUIRE(literal_set_new(LITERALS_BEST, k->literals, N_KEPT, caches[i], &set) == 0);
                scratch = literal_scratch_new(set);
                CHECK_INT(literal_set_scan(set, scratch, text, sizeof(text), &hits[i]), 0);
                (void) literal_scratch_free(scratch);
        }
        CHECK(hits[0].n > 0 && hits[0].n == hits[1].n &&
              memcmp(hits[0].hits, hits[1].hits, hits[0].n * sizeof(*hits[0].hits)) == 0);
        literal_hits_done(&hits[0]);
        literal_hits_done(&hits[1]);
}

static void spoil(const char *path, int way)
{
        _cleanup_free_ char *bytes = NULL, *other = xasprintf("%s.other", path);
        size_t size;

        REQUIRE(file_read(path, 32 << 20, &bytes, &size) == 0);
        switch (way) {
        case 0: /* cut */
                REQUIRE(truncate(path, next_random() % size) == 0);
                break;
        case 1: /* empty */
                REQUIRE(truncate(path, 0) == 0);
                break;
        case 2: /* a bit of what was compiled, or of the header */
        case 3:
                bytes[next_random() % (way == 2 ? size : 32)] ^= (char) (1 << next_random() % 8);
                REQUIRE(file_replace(path, 0600, bytes, size) == 0);
                break;
        case 4: /* more than there was */
                REQUIRE(truncate(path, (off_t) size + 1) == 0);
                break;
        case 5:
                REQUIRE(chmod(path, 0644) == 0);
                break;
        case 6: /* somebody else's; only root can try */
                REQUIRE(geteuid() != 0 || chown(path, 65534, 65534) == 0);
                REQUIRE(geteuid() == 0 || chmod(path, 0660) == 0);
                break;
        case 7:
                REQUIRE(rename(path, other) == 0 && symlink(other, path) == 0);
                break;
        }
}

/* What is kept counts where it is whole, ours, and of these literals; else it is made anew. */
TEST(compiled_literals_are_kept_and_never_trusted)
{
        _cleanup_free_ char *folder = fixture_path("cache/scrubjay"),
                            *path = path_join(folder, "literals"),
                            *nowhere = path_join(path, "folder");
        Kept kept, other;
        struct stat st;
        ino_t before;

        make_kept(&kept, (uint32_t) time(NULL) | 1);
        make_kept(&other, 7);
        printf("# seed %u\n", (uint32_t) time(NULL) | 1);
        check_kept(&kept, folder);
        if (!literals_vectorscan) { /* our own compiles in no time */
                CHECK_INT(file_number(path), 0);
                return;
        }
        REQUIRE(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        REQUIRE(stat(folder, &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0700);
        before = file_number(path);
        check_kept(&kept, folder);
        CHECK_INT(file_number(path), before);
        for (int i = 0; i < 64; i++) {
                spoil(path, i % 8);
                before = file_number(path);
                check_kept(&kept, folder);
                CHECK(file_number(path) != before);
                before = file_number(path);
                check_kept(&kept, folder);
                CHECK_INT(file_number(path), before);
        }
        /* others, or the same ones of another library or processor: another key */
        check_kept(&other, folder);
        CHECK(file_number(path) != before);
        before = file_number(path);
        /* a folder that others can write to: neither read nor written */
        REQUIRE(chmod(folder, 0770) == 0);
        check_kept(&kept, folder);
        check_kept(&other, folder);
        CHECK_INT(file_number(path), before);
        REQUIRE(chmod(folder, 0700) == 0);
        /* one that cannot be made */
        check_kept(&kept, nowhere);
}

/* The key tells what was compiled, where and by what. */
TEST(a_cache_of_another_key_does_not_count)
{
        _cleanup_free_ char *folder = fixture_path("keys"), *bytes = NULL;
        size_t size;

        CHECK_INT(literals_cache_read(folder, 1, &bytes, &size), -ENOENT);
        CHECK_INT(literals_cache_write(folder, 1, "abc", 3), 0);
        CHECK_INT(literals_cache_read(folder, 2, &bytes, &size), -ESTALE);
        CHECK_INT(literals_cache_read(folder, 1, &bytes, &size), 0);
        CHECK_INT(size, 3);
        CHECK(memcmp(bytes, "abc", 3) == 0);
}

TEST(the_masker_says_the_same_with_both)
{
        _cleanup_(masker_freep) Masker *own = new_masker(LITERALS_OWN),
                                       *other = new_masker(LITERALS_VECTORSCAN);
        size_t n_findings = 0;

        if (!other) {
                printf("# Vectorscan is not built in: nothing to compare\n");
                return;
        }
        for (int round = 0; round < 300; round++) {
                _cleanup_free_ char *text = make_text();

                check_same(own, other, round % 2 ? MASK_JSON : MASK_TEXT, text, strlen(text),
                           &n_findings);
        }
        CHECK(n_findings > 1000);
        CHECK(check_folder(own, other, TEST_SOURCE_DIR, &n_findings) > 100);
}
