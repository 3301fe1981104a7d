/* known-values: what in a person's files is a secret wherever it is, and what is not one anywhere */
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "mask/known-parse.h"
#include "mask/masker.h"
#include "rules-fixture.h"
#include "test.h"

static const HashKey key = { { 1, 2, 3 } };
static char folder[] = "/tmp/scrubjay-known-XXXXXX";
static uint64_t state;

/* xorshift, from a seed that is printed: new values in each run. */
static uint64_t draw(void)
{
        if (!state) {
                const char *given = getenv("SCRUBJAY_TEST_SEED");

                state = given ? strtoull(given, NULL, 10) : 0;
                if (!given)
                        REQUIRE(getrandom(&state, sizeof(state), 0) == sizeof(state));
                state |= 1;
                fprintf(stderr, "SCRUBJAY_TEST_SEED=%" PRIu64 "\n", state);
        }
        state ^= state << 13;
        state ^= state >> 7;
        return state ^= state << 17;
}

/* A password of @n characters, neither all letters nor all digits. */
static const char *make_value(size_t n)
{
        static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        static char values[64][80];
        static size_t used;
        char *v = values[used++ % ELEMENTSOF(values)];

        REQUIRE(n >= 8 && n < 80);
        for (size_t i = 0; i < n; i++)
                v[i] = all[draw() % (sizeof(all) - 1)];
        v[1] = (char) ('0' + draw() % 10);
        v[2] = 'q';
        v[3] = 'X';
        v[n] = 0;
        return v;
}

static char *path_of(const char *name)
{
        static bool made;
        char *path;

        if (!made) {
                REQUIRE(mkdtemp(folder));
                made = true;
        }
        REQUIRE(asprintf(&path, "%s/%s", folder, name) > 0);
        return path;
}

static void write_file(const char *name, const char *format, ...) _printf_(2, 3);

static void write_file(const char *name, const char *format, ...)
{
        _cleanup_free_ char *path = path_of(name);
        FILE *f = fopen(path, "we");
        va_list ap;

        REQUIRE(f);
        va_start(ap, format);
        REQUIRE(vfprintf(f, format, ap) >= 0);
        va_end(ap);
        REQUIRE(fclose(f) == 0);
}

static KnownValues *load(const char *pattern)
{
        _cleanup_free_ char *path = path_of(pattern);
        const char *patterns[] = { path, NULL };
        KnownValues *kv = NULL;

        kv = known_values_load(patterns, &key);
        return kv;
}

static Masker *new_masker(KnownValues *kv)
{
        static Ruleset *rules;
        Masker *m = NULL;

        rules = rules ?: load_rules(NULL);
        m = masker_new(rules, &key);
        masker_set_known_values(m, kv);
        return m;
}

#define MARK "[REDACTED:known-value]"

/* A value between two texts is masked, and nothing of the texts. By chance, a random one may match another rule. */
static void check_masked(Masker *m, const char *value, const char *before, const char *after)
{
        _cleanup_free_ char *text = NULL, *expected = NULL, *got = NULL;
        Masked masked;

        REQUIRE(asprintf(&text, "%s%s%s", before, value, after) > 0);
        masker_forget(m);
        REQUIRE(masker_mask(m, MASK_TEXT, text, strlen(text), &masked) == 0);
        got = strndup(masked.text, masked.size);
        CHECK_INT(masked.n_findings, 1);
        REQUIRE(asprintf(&expected, "%s[REDACTED:%s]%s", before,
                         masked.n_findings > 0 ? masked.findings->rule : "known-value", after) > 0);
        CHECK_STR(got, expected);
        REQUIRE(masker_mask(m, MASK_TEXT, expected, strlen(expected), &masked) == 0);
        CHECK_INT(masked.n_findings, 0); /* masking again changes nothing */
}

static void check_stays(Masker *m, const char *text)
{
        _cleanup_free_ char *got = NULL;
        Masked masked;

        masker_forget(m);
        REQUIRE(masker_mask(m, MASK_TEXT, text, strlen(text), &masked) == 0);
        got = strndup(masked.text, masked.size);
        CHECK_STR(got, text);
}

static bool told_as_known(Masker *m, const char *value)
{
        Masked masked;

        masker_forget(m);
        REQUIRE(masker_mask(m, MASK_TEXT, value, strlen(value), &masked) == 0);
        return masked.n_findings == 1 && strcmp(masked.findings->rule, "known-value") == 0;
}

/* Without a word around it that any rule knows. */
static void check_known(KnownValues *kv, const char *value)
{
        _cleanup_(masker_freep) Masker *m = new_masker(kv);

        check_masked(m, value, "yesterday ", " was blue");
        check_masked(m, value, "", "");
        check_masked(m, value, "{\"a\":[\"", "\"]}");
}

TEST(a_dotenv_file)
{
        const char *a = make_value(16), *b = make_value(10), *c = make_value(24),
                   *d = make_value(12), *e = make_value(18), *f = make_value(20),
                   *g = make_value(40);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;

        write_file("dot.env",
                   "# comment with %s\n"
                   "APP_ENV=production\nAPP_DEBUG=true\nDB_PORT=5432\nDB_HOST=localhost\n"
                   "REGION=eu-central-1\nAPP_NAME=\"My Application\"\nLOG=/var/log/app/today.log\n"
                   "DB_USERNAME=%s\nMAIL=somebody@example.org\nVERSION=10.20.30.40\n"
                   "EMPTY=\nPLACEHOLDER=changeme_please\nKEY=${OTHER_KEY_OF_MINE}\n"
                   "TLS_KEY=/etc/private/server.key\nSIGNING_KEY=<your-signing-key>\nA_TOKEN=********\n"
                   "A=%s # a comment\n"
                   "export B='%s'\n"
                   "C=\"%s\"\n"
                   "DATABASE_URL=postgres://app:%s@db.internal.example:5432/app?x=1\n"
                   "ODBC=Server=db;Password=%s;Encrypt=yes\n"
                   "MULTI=\"-----BEGIN X-----\\n%s\\n-----END X-----\"\n"
                   "PHRASE=\"correct horse battery staple\"\n",
                   g, g, a, b, c, d, e, f);
        kv = load("dot.env");
        CHECK_INT(known_values_n_read(kv), 1);
        CHECK_INT(known_values_n(kv), 8); /* the connection string counts as a whole, too */
        check_known(kv, a);
        check_known(kv, b);
        check_known(kv, c);
        check_known(kv, d);
        check_known(kv, e);
        check_known(kv, f);
        m = new_masker(kv);
        CHECK(told_as_known(m, "correct horse battery staple"));
        check_stays(m, "yesterday production localhost 5432 eu-central-1 My Application was blue");
        check_stays(m, "see /var/log/app/today.log at db.internal.example, 10.20.30.40");
        check_stays(m, "somebody@example.org wrote");
        check_stays(m, "${OTHER_KEY_OF_MINE} /etc/private/server.key <your-signing-key> ********");
        check_stays(m, "the horse and a battery, a staple; correct!");
}

TEST(words_in_a_sentence)
{
        const char *phrase = "correct horse battery staple", *b = make_value(11);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;

        write_file("words.env", "PHRASE=%s\nOTHER='%s of the blue sea'\n", phrase, b);
        kv = load("words.env");
        check_known(kv, phrase);
        m = new_masker(kv);
        check_masked(m, "correct horse\nbattery staple", "I told him ", " today");
        check_masked(m, "correct\r\nhorse battery staple", "I told him ", " today");
        check_masked(m, "correct horse battery\n    staple", "I told him ", " today");
        check_masked(m, "correct horse\n> battery staple", "> I told him ", " today");
        check_masked(m, "correct\thorse  battery staple", "I told him ", " today");
        check_masked(m, "correct horse\\nbattery staple", "{\"a\":\"I told him ", " today\"}");
        check_masked(m, "correct horse\\\\nbattery staple", "\"{\\\"a\\\":\\\"told ", "\\\"}\"");
        check_stays(m, "correct horses battery staple");
        check_stays(m, "incorrect horse battery staple");
        check_stays(m, "a text that ends with correct horse"); /* words do not begin with it */
}

TEST(other_forms)
{
        _cleanup_free_ char *value = NULL, *escaped = NULL, *url = NULL;
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        const char *v = make_value(12);

        REQUIRE(asprintf(&value, "%s\"/@+x", v) > 0 && asprintf(&escaped, "%s\\\"/@+x", v) > 0 &&
                asprintf(&url, "%s%%22%%2F%%40%%2Bx", v) > 0);
        write_file("forms.env", "A='%s'\n", value);
        kv = load("forms.env");
        m = new_masker(kv);
        check_masked(m, value, "yesterday ", " was blue");
        check_masked(m, escaped, "{\"a\":\"", "\"}");
        check_masked(m, url, "https://h/?a=", " was blue");
}

TEST(signs_in_a_password)
{
        static const char *const signs[] = { "/%s",  "%s}}x",  "%s...x", "%s***", "$x{%s",
                                             "${%s", "<%s%%>", "#%s",    "%s#" };

        for (size_t i = 0; i < ELEMENTSOF(signs); i++) {
                _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
                _cleanup_(strbuf_done) StrBuf b = { 0 };
                const char *v = make_value(14);

                for (const char *p = signs[i]; *p; p++) {
                        if (p[0] == '%' && p[1] == 's')
                                (void) strbuf_puts(&b, v);
                        else if (p[0] != 's' || p == signs[i] || p[-1] != '%')
                                (void) strbuf_putc(&b, *p);
                }
                write_file("signs.env", "DB_PASSWORD='%s'\n", b.data);
                kv = load("signs.env");
                check_known(kv, b.data);
        }
}

/* Where a secret may be in a URL. */
TEST(urls)
{
        static const char *const urls[] = {
                "mongodb://acct:%s@h.example:10255/?ssl=true&appName=@acct@",
                "postgres://app:%s@db/prod?application_name=a@b",
                "https://%s@o1.ingest.example/42",
                "https://%s:@registry.example/",
                "https://%s:x@api.example/v1",
                "jdbc:postgresql://h/db?user=a&password=%s",
                "jdbc:sqlserver://h;user=a;password=%s;encrypt=true",
                "amqp://u:%s@one,amqp://u:other-Pass9word@two",
                "amqp://u:other-Pass9word@one,amqp://u:%s@two",
                "https://hooks.example/a/%s",
                "redis://:%s@cache.example:6379/0",
        };

        for (size_t i = 0; i < ELEMENTSOF(urls); i++) {
                _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
                const char *v = make_value(20), *at = strstr(urls[i], "%s");

                write_file("urls.env", "SOME_URL=%.*s%s%s\n", (int) (at - urls[i]), urls[i], v,
                           at + 2);
                kv = load("urls.env");
                check_known(kv, v);
        }
}

/* A line that begins as something else takes nothing with it. */
TEST(a_value_that_only_begins_so)
{
        static const char *const befores[] = { "BANNER=\"{\n hello\n}\"\n",
                                               "NOTE='tis the season\n", "A={\"b\": nothing\n",
                                               "" };
        static const char *const afters[] = { "OTHER='x'\n", "Z=1\n" };

        for (size_t i = 0; i < ELEMENTSOF(befores); i++)
                for (size_t k = 0; k < ELEMENTSOF(afters); k++) {
                        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
                        const char *v = make_value(14);

                        write_file("so.env", "%sDB_PASSWORD=%s\n%s", befores[i], v, afters[k]);
                        kv = load("so.env");
                        check_known(kv, v);
                }
}

TEST(netrc)
{
        const char *a = make_value(14), *b = make_value(30), *c = make_value(9);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;

        write_file(".netrc",
                   "machine one.example login bobandalice password %s\n"
                   "machine two.example\n  login bobandalice\n  password\n  %s\n"
                   "default login anonymous password \"%s\"\n",
                   a, b, c);
        kv = load(".netrc");
        CHECK_INT(known_values_n(kv), 3);
        check_known(kv, a);
        check_known(kv, b);
        check_known(kv, c);
}

TEST(pgpass)
{
        const char *a = make_value(14), *b = make_value(9);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_free_ char *value = NULL;

        REQUIRE(asprintf(&value, "%s:%s", a, b) > 0);
        write_file(".pgpass", "#x\ndb.example:5432:*:bobandalice:%s\nd\\:b:5432:*:u:%s\\:%s\n", b,
                   a, b);
        kv = load(".pgpass");
        CHECK_INT(known_values_n(kv), 2);
        check_known(kv, b);
        check_known(kv, value);
}

TEST(aws_npm_and_kube)
{
        const char *a = make_value(40), *b = make_value(36), *c = make_value(30),
                   *d = make_value(60);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;

        write_file("credentials",
                   "[default]\naws_secret_access_key = %s\nregion = us-east-1\n"
                   "[two]\naws_session_token=%s\n",
                   a, d);
        kv = load("credentials");
        CHECK_INT(known_values_n(kv), 2);
        check_known(kv, a);
        check_known(kv, d);
        kv = known_values_unref(kv);

        write_file(".npmrc", "registry=https://npm.example/\n//npm.example/:_authToken=%s\n", b);
        kv = load(".npmrc");
        CHECK_INT(known_values_n(kv), 1);
        check_known(kv, b);
        kv = known_values_unref(kv);

        write_file("kube.yaml",
                   "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n"
                   "    certificate-authority-data: %s\n    server: https://kube.example:6443\n"
                   "  name: my-long-cluster-name-9x\nusers:\n- name: my-user-name-7q\n  user:\n"
                   "    token: %s\n    client-key-data: %s\n",
                   a, c, d);
        kv = load("kube.yaml");
        CHECK_INT(known_values_n(kv), 2);
        check_known(kv, c);
        check_known(kv, d);
}

static void put_base64(StrBuf *b, const char *s)
{
        static const char digits[] =
                        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = strlen(s);

        for (size_t i = 0; i < n; i += 3) {
                unsigned x = (unsigned char) s[i] << 16;

                x |= i + 1 < n ? (unsigned) (unsigned char) s[i + 1] << 8 : 0;
                x |= i + 2 < n ? (unsigned) (unsigned char) s[i + 2] : 0;
                for (size_t k = 0; k < 4; k++)
                        (void) strbuf_putc(b, i + k > n ? '=' : digits[x >> (18 - 6 * k) & 63]);
        }
}

TEST(docker)
{
        const char *a = make_value(14), *b = make_value(50);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(strbuf_done) StrBuf auth = { 0 };
        _cleanup_free_ char *pair = NULL;

        REQUIRE(asprintf(&pair, "bobandalice:%s", a) > 0);
        put_base64(&auth, pair);
        write_file("config.json",
                   "{\"auths\":{\"registry.example\":{\"auth\":\"%s\"},\"b\":{\"identitytoken\":\"%s\"}},"
                   "\"credsStore\":\"secretservice\",\"currentContext\":\"something-7-else\"}",
                   auth.data, b);
        kv = load("config.json");
        CHECK_INT(known_values_n(kv), 3); /* also in its encoded form */
        check_known(kv, a);
        check_known(kv, b);
}

TEST(a_credential_of_a_rule_keeps_its_name)
{
        _cleanup_free_ char *token = NULL, *text = NULL, *got = NULL;
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        Masked masked;

        REQUIRE(asprintf(&token, "%s%s",
                         "gh"
                         "p_",
                         make_value(36)) > 0);
        write_file("rule.env", "T=%s\n", token);
        kv = load("rule.env");
        m = new_masker(kv);
        REQUIRE(asprintf(&text, "say %s now", token) > 0);
        REQUIRE(masker_mask(m, MASK_TEXT, text, strlen(text), &masked) == 0);
        got = strndup(masked.text, masked.size);
        CHECK_STR(got, "say [REDACTED:github-pat] now");
}

TEST(cut_off_values)
{
        const char *a = make_value(40);
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        _cleanup_free_ char *part = strndup(a, 20);

        write_file("cut.env", "T=%s\n", a);
        kv = load("cut.env");
        m = new_masker(kv);
        check_masked(m, part, "yesterday ", "... was blue");
        check_masked(m, part, "yesterday ", "");
}

TEST(allowed_values_are_not_masked)
{
        const char *a = make_value(14), *b = make_value(14), *c = make_value(14);
        _cleanup_free_ char *path = path_of("allow.json"), *text = NULL, *got = NULL,
                            *expected = NULL;
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(ruleset_unrefp) Ruleset *rules = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        Masked masked;

        write_file("allow.json",
                   "{\"allow\":{\"patterns\":[\"^%s$\"],\"fingerprints\":[\"%016" PRIx64 "\"]}}", a,
                   hash_bytes(&key, b, strlen(b)));
        write_file("allowed.env", "A=%s\nB=%s\nC=%s\n", a, b, c);
        kv = load("allowed.env");
        rules = load_rules(path);
        m = masker_new(rules, &key);
        masker_set_known_values(m, kv);
        REQUIRE(asprintf(&text, "see %s and %s and %s", a, b, c) > 0);
        REQUIRE(asprintf(&expected, "see %s and %s and " MARK, a, b) > 0);
        REQUIRE(masker_mask(m, MASK_TEXT, text, strlen(text), &masked) == 0);
        got = strndup(masked.text, masked.size);
        CHECK_STR(got, expected);
}

TEST(files_that_change_vanish_and_are_broken)
{
        _cleanup_free_ char *path = path_of("change.env");
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        const char *a = make_value(20);

        kv = load("change.env");
        CHECK_INT(known_values_n(kv), 0);
        CHECK_INT(known_values_n_files(kv), 1);
        CHECK_INT(known_values_file(kv, 0)->error, -ENOENT);
        CHECK(!known_values_are_stale(kv));
        write_file("change.env", "A=%s\n", a);
        CHECK(known_values_are_stale(kv));
        kv = known_values_unref(kv);

        kv = load("chang*.env");
        CHECK_INT(known_values_n(kv), 1);
        CHECK(!known_values_are_stale(kv));
        write_file("change-2.env", "A=%s\n", make_value(9));
        CHECK(known_values_are_stale(kv));
        kv = known_values_unref(kv);
        kv = load("chang*.env");
        CHECK_INT(known_values_n(kv), 2);
        CHECK_INT(known_values_n_read(kv), 2);
        REQUIRE(unlink(path) == 0);
        CHECK(known_values_are_stale(kv));
        kv = known_values_unref(kv);

        write_file("broken.json", "{\"token\":\"%s\"", a);
        kv = load("broken.json");
        CHECK_INT(known_values_file(kv, 0)->error, -EBADMSG);
        CHECK_INT(known_values_n(kv), 0);
        kv = known_values_unref(kv);
        kv = load("."); /* a folder */
        CHECK_INT(known_values_file(kv, 0)->error, -EISDIR);
}

/* None of them delays a cycle, and each is reported. */
TEST(paths_that_are_not_files)
{
        static const struct {
                const char *name;
                int error;
        } cases[] = { { "a-fifo", -EINVAL }, { "b-loop", -ELOOP }, { "c-zero", -EINVAL } };
        _cleanup_free_ char *fifo = path_of("odd/a-fifo"), *loop = path_of("odd/b-loop"),
                            *device = path_of("odd/c-zero"), *to_folder = path_of("odd/d-up"),
                            *odd = path_of("odd");
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        const char *a = make_value(20);

        REQUIRE(mkdir(odd, 0700) == 0 && mkfifo(fifo, 0600) == 0 && symlink(loop, loop) == 0 &&
                symlink("/dev/zero", device) == 0 && symlink(".", to_folder) == 0);
        write_file("odd/e.env", "A=%s\n", a);
        kv = load("odd/*");
        REQUIRE(known_values_n_files(kv) == 5);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const KnownFile *f = known_values_file(kv, i);

                CHECK_STR(strrchr(f->path, '/') + 1, cases[i].name);
                CHECK_INT(f->error, cases[i].error);
        }
        CHECK_STR(known_file_reason(known_values_file(kv, 0)), "it is not a regular file");
        CHECK_INT(known_values_file(kv, 3)->error, -EISDIR);
        check_known(kv, a);
        CHECK(!known_values_are_stale(kv));
        kv = known_values_unref(kv);
        kv = load("odd/*/*/*.env"); /* there and back by the link, no further than the pattern says */
        CHECK_INT(known_values_n_read(kv), 1);
        CHECK_INT(known_values_n(kv), 1);
}

TEST(limits)
{
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL;
        _cleanup_(strbuf_done) StrBuf many = { 0 };

        for (size_t i = 0; i < KNOWN_VALUES_MAX + 5; i++)
                (void) strbuf_printf(&many, "K%zu=%016" PRIx64 "q%zu\n", i, draw(), i);
        write_file("many.env", "%s", many.data);
        kv = load("many.env");
        CHECK_INT(known_values_n(kv), KNOWN_VALUES_MAX);
        CHECK_INT(known_values_file(kv, 0)->n_left_out, 5);
        kv = known_values_unref(kv);

        strbuf_clear(&many);
        (void) strbuf_puts(&many, "TOKEN=");
        for (size_t i = 0; i < 400; i++)
                (void) strbuf_puts(&many, make_value(20));
        write_file("long.env", "%s\n", many.data);
        kv = load("long.env");
        CHECK_INT(known_values_n(kv), 0);
        CHECK_INT(known_values_file(kv, 0)->n_left_out, 1);
        kv = known_values_unref(kv);

        strbuf_clear(&many);
        while (many.size <= KNOWN_FILE_BYTES_MAX)
                (void) strbuf_printf(&many, "A=%s\n", make_value(60));
        write_file("large.env", "%s", many.data);
        kv = load("large.env");
        CHECK_INT(known_values_file(kv, 0)->error, -EFBIG);
}

TEST(secrets_are_remembered_without_their_text)
{
        const char *phrase = "correct horse battery staple";
        _cleanup_(known_values_unrefp) KnownValues *kv = NULL, *none = NULL;
        _cleanup_(masker_freep) Masker *m = NULL;
        Remembered r;
        Masked masked;

        write_file("gone.env", "A=%s\n", phrase);
        kv = load("gone.env");
        m = new_masker(kv);
        REQUIRE(masker_mask(m, MASK_TEXT, phrase, strlen(phrase), &masked) == 0);
        REQUIRE(masker_n_known(m) == 1);
        r = masker_remembered(m, 0);
        write_file("gone.env", "B=1\n");
        none = load("gone.env");
        masker_set_known_values(m, none);
        masker_forget(m);
        check_stays(m, phrase);
        REQUIRE(masker_add_remembered(m, &r));
        CHECK_INT(masker_recall(m, phrase, strlen(phrase)), 1);
        REQUIRE(masker_mask(m, MASK_TEXT, phrase, strlen(phrase), &masked) == 0);
        CHECK_INT(masked.n_findings, 1);
}

TEST(the_end)
{
        _cleanup_free_ char *command = NULL;

        REQUIRE(asprintf(&command, "rm -r %s", folder) > 0);
        CHECK_INT(system(command), 0);
}
