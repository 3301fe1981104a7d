/* base: byte strings, times, fingerprints, files, threads */
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/bytes-find.h"
#include "base/file-util.h"
#include "base/hash.h"
#include "base/mailbox.h"
#include "base/strbuf.h"
#include "base/terminal-text.h"
#include "base/time-util.h"
#include "base/vector.h"
#include "fixture.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WITH_SANITIZER
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WITH_SANITIZER
#endif

typedef struct Memory {
        char bytes[64];
} Memory;

TEST(strbuf_grows_and_keeps_a_nul)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        _cleanup_free_ char *s = NULL;

        for (int i = 0; i < 1000; i++)
                CHECK_INT(strbuf_printf(&b, "%d,", i % 10), 0);
        CHECK_INT(b.size, 2000);
        CHECK_INT(strlen(b.data), 2000);
        CHECK_INT(strbuf_take(&b, &s), 0);
        CHECK_INT(strlen(s), 2000);
        CHECK_INT(b.size, 0);
        CHECK_INT(strbuf_reserve(&b, SIZE_MAX), -ENOMEM); /* a large text is only refused */
        CHECK_INT(strbuf_puts(&b, "x"), -ENOMEM);
}

/* What a child says when its memory runs out. */
static void ends_for_want_of_memory(void (*ask)(void))
{
        char said[200] = "";
        int fds[2], status;
        pid_t pid;

        REQUIRE(pipe(fds) == 0);
        pid = fork();
        REQUIRE(pid >= 0);
        if (pid == 0) {
                (void) dup2(fds[1], STDERR_FILENO);
                ask();
                _exit(77);
        }
        (void) close(fds[1]);
        CHECK(read(fds[0], said, sizeof(said) - 1) > 0);
        CHECK(strstr(said, "There is no memory left"));
        CHECK(said[0] && said[strlen(said) - 1] == '\n');
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFEXITED(status));
        CHECK_INT(WEXITSTATUS(status), 2);
        (void) close(fds[0]);
}

#ifndef WITH_SANITIZER /* which ends the program itself */
static void limit_memory(void)
{
        const struct rlimit limit = { 1 << 20, 1 << 20 };

        (void) setrlimit(RLIMIT_AS, &limit); /* less than the program already has */
}

/* Each is as large as allowed: no gap in the heap is that large. */
static void ask_for_entries(void)
{
        Memory *list = NULL;
        size_t n = 0;

        limit_memory();
        for (;;)
                APPEND(list, n, (Memory){ "" });
}

static void ask_for_a_sentence(void)
{
        limit_memory();
        for (;;)
                (void) xasprintf("%060000d", 1);
}

static void ask_for_a_small_text(void)
{
        limit_memory();
        for (;;) {
                StrBuf b = { 0 };

                (void) strbuf_reserve(&b, 60000);
        }
}

#endif

TEST(without_memory_for_little_the_program_ends_with_a_sentence)
{
        const char *preload = getenv("LD_PRELOAD");

        ends_for_want_of_memory(memory_is_out);
        if (preload && strstr(preload, "vgpreload")) /* valgrind cannot do without memory, either */
                return;
#ifndef WITH_SANITIZER
        ends_for_want_of_memory(ask_for_entries);
        ends_for_want_of_memory(ask_for_a_sentence);
        ends_for_want_of_memory(ask_for_a_small_text);
#endif
}

TEST(an_array_keeps_what_it_has_when_it_grows)
{
        _cleanup_free_ size_t *list = NULL;
        size_t n = 0;

        for (size_t round = 0; round < 3; round++) {
                for (size_t i = n; i < 1000; i++)
                        APPEND(list, n, i * 3);
                CHECK_INT(n, 1000);
                for (size_t i = 0; i < n; i++)
                        CHECK_INT(list[i], i * 3);
                n = round == 0 ? 17 : 0; /* it may become shorter, and grow again */
        }
}

TEST(time_spans_as_systemd_writes_them)
{
        static const struct {
                const char *text;
                int result;
                uint64_t usec;
        } cases[] = {
                { "500ms", 0, 500 * USEC_PER_MSEC },
                { "5min", 0, 5 * USEC_PER_MIN },
                { "1h 30min", 0, 90 * USEC_PER_MIN },
                { "1h30min", 0, 90 * USEC_PER_MIN },
                { "2.5s", 0, 2500 * USEC_PER_MSEC },
                { "2 s", 0, 2 * USEC_PER_SEC },
                { "7", 0, 7 * USEC_PER_SEC },
                { "0", 0, 0 },
                { "infinity", 0, USEC_INFINITY },
                { " 3 days ", 0, 3 * USEC_PER_DAY },
                { "", -EINVAL, 0 },
                { "-1s", -EINVAL, 0 },
                { "5 parsecs", -EINVAL, 0 },
                { "s", -EINVAL, 0 },
                { "99999999999999999999s", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t usec = 0;

                CHECK_INT(parse_time_span(cases[i].text, &usec), cases[i].result);
                CHECK_INT(usec, cases[i].usec);
                if (cases[i].result == 0) {
                        _cleanup_(strbuf_done) StrBuf b = { 0 };
                        uint64_t again = 1;

                        format_time_span(&b, usec);
                        CHECK_INT(parse_time_span(b.data, &again), 0);
                        CHECK_INT(again, usec);
                }
        }
}

/* Compared with memmem(), with needles that nearly match at every place of a block and at both ends. */
TEST(bytes_are_found_where_they_are_first)
{
        static const char *const needles[] = { "/pull/", "ab", "a", "/home/somebody/of/a/long/name",
                                               "a\0b" };
        static const size_t sizes[] = { 6, 2, 1, 29, 3 };
        char text[400];

        for (size_t i = 0; i < ELEMENTSOF(needles); i++)
                for (size_t at = 0; at + sizes[i] <= sizeof(text); at++) {
                        memset(text, 'a', sizeof(text));
                        for (size_t k = 0; k < at;
                             k++) /* first and last byte right, the rest not */
                                if (k % 7 == 0 && sizes[i] > 2)
                                        text[k] = needles[i][0];
                        memcpy(text + at, needles[i], sizes[i]);
                        for (size_t size = at + sizes[i] - 1; size < sizeof(text); size += 61)
                                if (bytes_find(text, size, needles[i], sizes[i]) !=
                                    (const char *) memmem(text, size, needles[i], sizes[i]))
                                        CHECK_INT((int64_t) at, -1);
                }
        CHECK(!bytes_find(text, sizeof(text), "", 0));
        CHECK(!bytes_find(NULL, 0, "ab", 2));
}

/* The processor's single instruction gives what is counted on machines without it. */
TEST(a_mask_has_a_bit_for_each_byte)
{
        for (unsigned i = 0; i < 1U << VECTOR; i++) {
                Bytes found = { 0 };
                Words words;

                for (size_t k = 0; k < VECTOR; k++)
                        found[k] = i >> k & 1 ? 0xFF : 0;
                words = (Words) found;
                if (vector_mask(found) != i ||
                    (vector_word_mask(words[0]) | vector_word_mask(words[1]) << 8) != i ||
                    vector_any(found) != (i > 0) ||
                    vector_first(found) != (i ? (size_t) __builtin_ctz(i) : VECTOR))
                        CHECK_INT(i, -1);
        }
}

TEST(timestamps_go_both_ways)
{
        static const char *const none[] = { "",
                                            "yesterday",
                                            "2026-13-01T00:00:00Z",
                                            "2026-01-32T00:00:00Z",
                                            "2026-01-01",
                                            "2026-01-01T",
                                            "2026-01-01T00:00",
                                            "2026-01-01T24:00:00Z",
                                            "2026-01-01T00:60:00Z",
                                            "2026-01-01T00:00:61Z",
                                            "12026-01-01T00:00:00Z",
                                            "-026-01-01T00:00:00Z",
                                            "2026-01-01T00:00:00X",
                                            "1969-12-31T23:59:59Z" };
        char buffer[TIMESTAMP_MAX];
        uint64_t usec = 0;

        CHECK_INT(parse_timestamp("2026-09-01T02:28:22.351Z", &usec), 0);
        CHECK_STR(format_timestamp(buffer, usec), "2026-09-01T02:28:22.351Z");
        CHECK_INT(parse_timestamp("2026-09-01T02:28:22+02:00", &usec), 0);
        CHECK_STR(format_timestamp(buffer, usec), "2026-09-01T00:28:22.000Z");
        CHECK_INT(parse_timestamp("2026-9-1 2:28:22", &usec), 0);
        CHECK_STR(format_timestamp(buffer, usec), "2026-09-01T02:28:22.000Z");
        for (size_t i = 0; i < ELEMENTSOF(none); i++)
                CHECK_INT(parse_timestamp(none[i], &usec), -EINVAL);
}

/* The 64-bit test vector of the SipHash paper's appendix: key 00..0f, message 00..0e. */
TEST(siphash_is_siphash)
{
        HashKey key;
        uint8_t message[15];

        for (uint8_t i = 0; i < 16; i++)
                key.bytes[i] = i;
        for (uint8_t i = 0; i < 15; i++)
                message[i] = i;
        CHECK(siphash24(&key, message, sizeof(message)) == 0xa129ca6149be45e5);
}

TEST(fingerprints_know_where_items_end)
{
        HashKey key = { .bytes = { 1 } }, other = { .bytes = { 2 } };
        Hasher *h = hasher_new(&key);
        uint64_t a, b;

        REQUIRE(h);
        hasher_add_bytes(h, "ab", 2);
        hasher_add_bytes(h, "c", 1);
        a = hasher_end(h);
        hasher_begin(h);
        hasher_add_bytes(h, "a", 1);
        hasher_add_bytes(h, "bc", 2);
        b = hasher_end(h);
        CHECK(a != b);
        CHECK(hash_bytes(&key, "abc", 3) != hash_bytes(&other, "abc", 3));
        hasher_free(h);
}

TEST(files_are_written_whole_and_private)
{
        char folder[] = "/tmp/scrubjay-test-XXXXXX";
        _cleanup_free_ char *path = NULL, *text = NULL, *deep = NULL;
        HashKey key, again;
        struct stat st;
        size_t size;

        REQUIRE(mkdtemp(folder));
        REQUIRE((deep = path_join(folder, "a/b/c")) != NULL);
        CHECK_INT(folder_make(deep), 0);
        CHECK_INT(folder_make(deep), 0);
        REQUIRE(stat(deep, &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0700);
        REQUIRE((path = path_join(deep, "key")) != NULL);
        CHECK_INT(key_file_load(path, &key), 1);
        CHECK_INT(key_file_load(path, &again), 0);
        CHECK(memcmp(&key, &again, sizeof(key)) == 0);
        REQUIRE(stat(path, &st) == 0);
        CHECK_INT(st.st_mode & 07777, 0600);
        CHECK_INT(file_write_atomic(path, 0600, "hello", 5), 0);
        CHECK_INT(file_read(path, 100, &text, &size), 0);
        CHECK_STR(text, "hello");
        CHECK_INT(key_file_load(path, &key), -EBADMSG);
        CHECK_INT(file_read(path, 4, &text, &size), -EFBIG);
        CHECK_INT(file_read(deep, 4, &text, &size), -EISDIR);
        CHECK_INT(unlink(path), 0);
        CHECK_INT(rmdir(deep), 0);
}

/* A page of text in place of the schema must not be shown as the name of a table. */
TEST(a_broken_schema_is_not_quoted)
{
        _cleanup_free_ char *path = fixture_path("broken-schema.db");
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;
        int64_t n;

        fixture_sql(path, "CREATE TABLE t (x); PRAGMA writable_schema = 1;"
                          "UPDATE sqlite_schema SET sql = 'private text', name = 'private text'");
        REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
        CHECK_INT(sqlite_query_int(db, "SELECT count(*) FROM t", &n), -EUCLEAN);
        CHECK(!strstr(sqlite_reason(db), "private"));
        CHECK(strstr(sqlite3_errmsg(db), "private"));
}

TEST(each_character_is_read_as_it_was_written)
{
        for (uint32_t c = 0; c < 0x110000; c++) {
                char bytes[4];
                uint32_t read;
                size_t n = utf8_write(bytes, c);

                if (c >= 0xd800 &&
                    c <= 0xdfff) /* no characters, and of three bytes where a text has one all the same */
                        REQUIRE(n == 3);
                else
                        REQUIRE(utf8_read(bytes, n, &read) == n && read == c);
        }
}

typedef struct Post {
        Mailbox mailbox;
        bool ending, has_signals;
} Post;

static void *post_main(void *userdata)
{
        Post *p = userdata;
        sigset_t blocked;

        (void) pthread_sigmask(SIG_BLOCK, NULL, &blocked);
        mailbox_lock(&p->mailbox);
        p->has_signals = !sigismember(&blocked, SIGTERM);
        mailbox_wait(&p->mailbox, 1); /* long ago */
        mailbox_tell(&p->mailbox);
        mailbox_tell(&p->mailbox);
        while (!p->ending)
                mailbox_wait(&p->mailbox, USEC_INFINITY);
        mailbox_tell(&p->mailbox);
        mailbox_unlock(&p->mailbox);
        return NULL;
}

TEST(a_thread_tells_its_owner_once_for_all_that_is_new)
{
        Post p = { 0 };
        struct pollfd fd = { .events = POLLIN };

        REQUIRE(mailbox_init(&p.mailbox) == 0);
        fd.fd = p.mailbox.event_fd;
        REQUIRE(mailbox_start(&p.mailbox, "post", post_main, &p) == 0);
        REQUIRE(poll(&fd, 1, 60000) == 1);
        mailbox_lock(&p.mailbox);
        mailbox_take(&p.mailbox);
        CHECK(!p.has_signals);
        CHECK_INT(poll(&fd, 1, 0), 0);
        p.ending = true;
        mailbox_wake(&p.mailbox);
        mailbox_unlock(&p.mailbox);
        CHECK_INT(poll(&fd, 1, 60000), 1);
        mailbox_done(&p.mailbox);
        CHECK_INT(p.mailbox.event_fd, -1);
}
