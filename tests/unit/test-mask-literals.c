/* mask: literals are found wherever they are, and the compiled ones are cached */
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file-util.h"
#include "fixture.h"
#include "mask/literals-cache.h"
#include "mask/literals.h"
#include "test.h"

#define TEXT_SIZE 20000

static uint32_t seed;

/* Each run has different texts; SCRUBJAY_TEST_SEED repeats one. */
__attribute__((constructor)) static void choose_seed(void)
{
        const char *given = getenv("SCRUBJAY_TEST_SEED");

        seed = given ? (uint32_t) strtoul(given, NULL, 10) : (uint32_t) time(NULL) | 1;
        printf("# SCRUBJAY_TEST_SEED=%u\n", seed);
}

/* xorshift32 */
static uint32_t next_random(void)
{
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        return seed;
}

/* Few different bytes, so that literals of three bytes occur and overlap often. */
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

static void check_found(const Literal *literals, size_t n, const char *text, size_t size)
{
        _cleanup_(literal_set_freep) LiteralSet *set = NULL;
        LiteralScratch *scratch = NULL;
        LiteralHits hits = { 0 };
        size_t k = 0, n_wrong = 0;

        REQUIRE(literal_set_new(literals, n, NULL, &set) == 0);
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

#define N_KEPT 300

/* Literals of random letters */
typedef struct Kept {
        char bytes[N_KEPT][8];
        Literal literals[N_KEPT];
} Kept;

static void make_kept(Kept *k)
{
        *k = (Kept){ 0 };
        for (size_t i = 0; i < N_KEPT; i++) {
                size_t n = 3 + next_random() % 4;

                fill(k->bytes[i], n, "abcdefgh_");
                k->literals[i] = (Literal){ k->bytes[i], n, i % 2 };
        }
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
                check_found(literals, ELEMENTSOF(literals), text, size);
        }
}

TEST(many_literals_that_begin_alike_are_found)
{
        char text[TEXT_SIZE];
        Kept k;

        for (int round = 0; round < 20; round++) {
                make_kept(&k);
                fill(text, sizeof(text), "abcdefgh_ABCDEFGH");
                check_found(k.literals, N_KEPT, text, sizeof(text));
        }
}

static ino_t file_number(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* With @cache, the same is found as without. */
static void check_kept(const Kept *k, const char *cache)
{
        const char *caches[] = { NULL, cache };
        LiteralHits hits[2] = { { 0 }, { 0 } };
        char text[TEXT_SIZE];

        fill(text, sizeof(text), "abcdefgh_AB");
        for (size_t i = 0; i < 2; i++) {
                _cleanup_(literal_set_freep) LiteralSet *set = NULL;
                LiteralScratch *scratch;

                REQUIRE(literal_set_new(k->literals, N_KEPT, caches[i], &set) == 0);
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
        case 2: /* a bit of the compiled literals, or of the header */
        case 3:
                bytes[next_random() % (way == 2 ? size : 32)] ^= (char) (1 << next_random() % 8);
                REQUIRE(file_replace(path, 0600, bytes, size) == 0);
                break;
        case 4: /* longer than before */
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

/* The cache is used if it is whole, ours, and for these literals; otherwise they are compiled again. */
TEST(compiled_literals_are_kept_and_never_trusted)
{
        _cleanup_free_ char *folder = fixture_path("cache/scrubjay"),
                            *path = path_join(folder, "literals"),
                            *nowhere = path_join(path, "folder");
        Kept kept, other;
        struct stat st;
        ino_t before;

        make_kept(&kept);
        make_kept(&other);
        check_kept(&kept, folder);
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
        /* other literals, or the same ones for another library or processor: another key */
        check_kept(&other, folder);
        CHECK(file_number(path) != before);
        before = file_number(path);
        /* a folder that others can write to is neither read nor written */
        REQUIRE(chmod(folder, 0770) == 0);
        check_kept(&kept, folder);
        check_kept(&other, folder);
        CHECK_INT(file_number(path), before);
        REQUIRE(chmod(folder, 0700) == 0);
        /* one that cannot be created */
        check_kept(&kept, nowhere);
}

/* The key says what was compiled, where and with what. */
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
