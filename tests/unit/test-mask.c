/* mask: what is masked, what stays, and that the text around a secret is left alone */
#include <json-c/json.h>

#include "base/strbuf.h"
#include "base/time-util.h"
#include "mask/json.h"
#include "mask/masker.h"
#include "mask/scanner.h"
#include "mask/secret-maker.h"
#include "mask/utf8.h"
#include "rules-fixture.h"
#include "test.h"

static const HashKey key = { { 1, 2, 3 } };

static Masker *new_masker(void)
{
        _cleanup_(ruleset_unrefp) Ruleset *rules = load_rules(NULL);
        Masker *m = NULL;

        m = masker_new(rules, &key);
        return m;
}

/* The generators replace <<{alnum:36}>>; the brackets enclose what must be masked. */
typedef struct Sample {
        char *text;     /* without the brackets */
        char *expected; /* with "#" in place of what was between brackets */
} Sample;

static void sample_done(Sample *s)
{
        free(s->text);
        free(s->expected);
}

static Sample make_sample(const char *template)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 }, expected = { 0 };
        _cleanup_free_ char *made = NULL;
        bool inside = false;
        Sample s = { 0 };

        REQUIRE(secret_make(template, &made) == 0);
        for (const char *p = made; *p; p++) {
                if (strncmp(p, "<<", 2) == 0 || strncmp(p, ">>", 2) == 0) {
                        inside = *p == '<';
                        if (inside)
                                (void) strbuf_putc(&expected, '#');
                        p++;
                        continue;
                }
                (void) strbuf_putc(&text, *p);
                if (!inside)
                        (void) strbuf_putc(&expected, *p);
        }
        REQUIRE(strbuf_take(&text, &s.text) == 0 && strbuf_take(&expected, &s.expected) == 0);
        return s;
}

/* The masked text with "#" for each "[REDACTED:...]". */
static char *simplify(const Masked *masked)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 };
        char *s = NULL;

        for (size_t i = 0; i < masked->size; i++) {
                const char *end;

                if (masked->size - i < 10 || memcmp(masked->text + i, "[REDACTED:", 10) != 0) {
                        (void) strbuf_putc(&b, masked->text[i]);
                        continue;
                }
                end = memchr(masked->text + i, ']', masked->size - i);
                REQUIRE(end);
                (void) strbuf_putc(&b, '#');
                i = (size_t) (end - masked->text);
        }
        REQUIRE(strbuf_take(&b, &s) == 0);
        return s;
}

static void check_again(MaskFormat format, const Masked *masked)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        Masked again;

        CHECK_INT(masker_mask(m, format, masked->text, masked->size, &again), 0);
        CHECK(again.size == masked->size && memcmp(again.text, masked->text, again.size) == 0);
        CHECK_INT(again.n_findings, 0);
}

static void check_sample(MaskFormat format, const char *template)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample s = make_sample(template);
        _cleanup_free_ char *got = NULL;
        Masked masked;

        CHECK_INT(masker_mask(m, format, s.text, strlen(s.text), &masked), 0);
        got = simplify(&masked);
        CHECK_STR(got, s.expected);
        if (strcmp(got, s.expected) != 0)
                fprintf(stderr, "        of: %s\n", template);
        if (format == MASK_JSON && json_is_valid(s.text, strlen(s.text)))
                CHECK(json_is_valid(masked.text, masked.size));
        check_again(format, &masked);
}

TEST(escapes_are_boundaries_and_never_cut)
{
        static const char *const templates[] = {
                "export T=<<ghp_{alnum:36}>>\\nexport U=1",
                "a\\t<<ghp_{alnum:36}>>\\tb",
                "{\"x\":\"\\\"<<ghp_{alnum:36}>>\\\"\"}",
                "\\\\\\\"<<ghp_{alnum:36}>>\\\\\\\"",
                "\\\\n<<ghp_{alnum:36}>>\\\\n",
                "\\u0022<<ghp_{alnum:36}>>\\u0022",
                "\\u001b[31m<<ghp_{alnum:36}>>\\u001b[0m",
                "\x1b[1;32m<<ghp_{alnum:36}>>\x1b[0m",
                "\\x1b[32m<<ghp_{alnum:36}>>\\033[0m",
                "    12\t<<ghp_{alnum:36}>>",
                "    12→<<ghp_{alnum:36}>>",
                "+<<ghp_{alnum:36}>>\n-<<gho_{alnum:36}>>\n> <<ghs_{alnum:36}>>",
                "https://example.org/?t%3D<<ghp_{alnum:36}>>%26u=1",
                "echo '<<ghp_{alnum:36}>>'; echo \"<<ghu_{alnum:36}>>\"",
                "a=\\\"<<ghp_{alnum:36}>>\\\", b=\\\\\\\"<<ghr_{alnum:36}>>\\\\\\\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

TEST(json_keeps_its_shape)
{
        static const char *const templates[] = {
                "{\"a\":\"<<ghp_{alnum:36}>>\\n\",\"b\":[1,2.5e3,true,null]}",
                "{\"password\":\"<<ab\\\"c{alnum:8}\\\\>>\"}",
                "{\"password\":\"<<{alnum:12}\\u0022>>\", \"next\": \"x\"}",
                "{\"cmd\":\"curl -H \\\"Authorization: Bearer <<{alnum:40}>>\\\" x\"}",
                "{\"env\":{\"DB_PASSWORD\":\"<<{alnum:10},x;y z>>\"}}",
                "{\"inner\":\"{\\\"token\\\":\\\"<<{alnum:40}>>\\\",\\\"n\\\":1}\"}",
                "{\"inner\":\"{\\\"x\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"<<{alnum:40}>>\\\\\\\"}\\\"}\"}",
                "[\"-----BEGIN PRIVATE KEY-----\",\"x\"]",
                "{\"k\":\"<<-----BEGIN PRIVATE KEY-----\\n{base64:64}\\n{base64:24}\\n-----END PRIVATE KEY----->>\\n\"}",
                "\"<<ghp_{alnum:36}>>\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_JSON, templates[i]);
}

TEST(broken_json_is_text)
{
        check_sample(MASK_JSON, "{\"a\":\"<<ghp_{alnum:36}>>");
        check_sample(MASK_JSON, "");
        check_sample(MASK_JSON, "{]");
}

TEST(private_keys_go_whole)
{
#define LINES "{base64:64}\n{base64:64}\n{base64:40}"
        static const char *const templates[] = {
                "x\n<<-----BEGIN RSA PRIVATE KEY-----\n" LINES
                "\n-----END RSA PRIVATE KEY----->>\ny",
                "<<-----BEGIN OPENSSH PRIVATE KEY-----\n" LINES
                "\n-----END OPENSSH PRIVATE KEY----->>",
                "<<-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\n" LINES
                "\n=abcd\n-----END PGP PRIVATE KEY BLOCK----->>\n",
                "<<-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" LINES
                "\n-----END RSA PRIVATE KEY----->>\n",
                "    <<-----BEGIN EC PRIVATE KEY-----\n    {base64:64}\n    {base64:30}\n    -----END EC PRIVATE KEY----->>\n",
                "> <<-----BEGIN EC PRIVATE KEY-----\n> {base64:64}\n> {base64:30}\n> -----END EC PRIVATE KEY----->>\n",
                "+<<-----BEGIN EC PRIVATE KEY-----\n+{base64:64}\n+{base64:30}\n+-----END EC PRIVATE KEY----->>\n",
                "   1\t<<-----BEGIN EC PRIVATE KEY-----\n   2\t{base64:64}\n   3\t{base64:30}\n"
                "   4\t-----END EC PRIVATE KEY----->>\n",
                "   1→<<-----BEGIN EC PRIVATE KEY-----\n   2→{base64:64}\n   3→{base64:30}\n"
                "   4→-----END EC PRIVATE KEY----->>\n",
                "\"<<-----BEGIN EC PRIVATE KEY-----\\n\" +\n\"{base64:64}\\n\" +\n\"{base64:30}\\n\" +\n"
                "\"-----END EC PRIVATE KEY----->>\\n\";\n",
                "K=\"<<-----BEGIN EC PRIVATE KEY-----\\\\n{base64:64}\\\\n{base64:30}\\\\n-----END EC PRIVATE KEY----->>\"",
                "K='<<-----BEGIN EC PRIVATE KEY----- {base64:64} {base64:30} -----END EC PRIVATE KEY----->>'",
                "<<-----BEGIN EC PRIVATE KEY-----{base64:94}-----END EC PRIVATE KEY----->>",
                /* Cut off at either end. */
                "<<-----BEGIN RSA PRIVATE KEY-----\n{base64:64}\n{base64:64}>>\n\nand then prose\n",
                "<<-----BEGIN RSA PRIVATE KEY-----\n{base64:64}\n{base64:30}>>",
                "<<{base64:64}\n{base64:64}\n{base64:30}\n-----END RSA PRIVATE KEY----->>\nprose",
                "   7\t<<{base64:64}\n   8\t{base64:30}\n   9\t-----END RSA PRIVATE KEY----->>\nprose",
                "<<---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: \"x\"\n{base64:70}\n{base64:20}\n"
                "---- END SSH2 ENCRYPTED PRIVATE KEY ---->>\n",
                "<<-----BEGIN RSA PRIVATE KEY-----\n{base64:64}\n{base64:64}>>\n... [truncated]\n",
                /* As grep prints it. */
                "id_rsa:1:<<-----BEGIN RSA PRIVATE KEY-----\nid_rsa:2:{base64:64}\nid_rsa:3:{base64:30}\n"
                "id_rsa:4:-----END RSA PRIVATE KEY----->>\n",
                /* Not a key. */
                "if (strstr(s, \"-----BEGIN PRIVATE KEY-----\"))\n        return parse(s);\n",
                "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----\n",
                "A PRIVATE KEY is private.\n",
                "-----BEGIN PUBLIC KEY-----\n{base64:64}\n-----END PUBLIC KEY-----\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

TEST(only_the_password_of_a_url)
{
        static const char *const templates[] = {
                "postgres://app:<<{alnum:16}>>@db.internal:5432/app",
                "redis://:<<{alnum:20}>>@cache:6379/0",
                "mongodb+srv://u:<<{alnum:16}>>@c0.example.net/?retryWrites=true",
                "https://host:8080/path?mail=a@example.org",
                "postgres://app:${DB_PASSWORD}@db/app",
                "ssh://git@example.org/x.git",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

TEST(assignments_are_judged)
{
        static const char *const templates[] = {
                "DB_PASSWORD=<<{alnum:16}>>\n",
                "export API_KEY='<<{alnum:32}>>'",
                "password: \"<<{alnum:12}>>\"",
                "\"clientSecret\": \"<<{alnum:40}>>\"",
                "const apiKey = \"<<{alnum:24}>>\";",
                "var token string = \"<<{alnum:32}>>\"",
                "token: str = \"<<{alnum:32}>>\"",
                "auth_token := `<<{alnum:32}>>`",
                "<password><<{alnum:14}>></password>",
                "mysql --password <<{alnum:14}>> db",
                "mysql --password=<<{alnum:14}>> db",
                "setPassword(\"<<{alnum:14}>>\")",
                "os.Setenv(\"API_TOKEN\", \"<<{alnum:30}>>\")",
                "{\"name\": \"DB_PASSWORD\", \"value\": \"<<{alnum:14}>>\"}",
                "<add key=\"Password\" value=\"<<{alnum:14}>>\"/>",
                "env:\n- name: API_TOKEN\n  value: <<{alnum:40}>>\n",
                "config['secret_key'] = '<<{alnum:32}>>'",
                "?token=<<{alnum:32}>>&x=1",
                /* A short keyword, whatever follows it. */
                "setApiKey(\"<<{alnum:32}>>\")",
                "{ api_keys: '<<{alnum:32}>>' }",
                "API_KEY2=<<{alnum:32}>>",
                "API key\xEF\xBC\x9A<<{alnum:32}>>",
                /* Not secrets. */
                "token = self.next_token()",
                "password: string",
                "password = os.environ[\"DB_PASSWORD\"]",
                "PASSWORD=${DB_PASSWORD}",
                "password = \"<your password>\"",
                "password: ********",
                "api_key = \"your-api-key\"",
                "token_id = \"{alnum:32}\"",
                "max_tokens: 4096",
                "\"integrity\": \"sha512-{base64:86}==\"",
                "commit {hex:40}",
                "tokenizer = \"{alnum:30}\"",
                "password = \"\"",
                "if token == expected_token:",
                "secret_name: projects/x/secrets/y",
                "password = getpass(\"Enter the password: \")",
                "request_id: 550e8400-e29b-41d4-a716-446655440000",
                "passwd = HTTPPasswordMgr()",
                "keySize768 = n*encodingSize12 + 32",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

typedef struct Places {
        size_t n, starts[8], numbers[8];
} Places;

static bool note_place(void *userdata, size_t number, size_t start)
{
        Places *p = userdata;

        if (p->n < ELEMENTSOF(p->starts)) {
                p->starts[p->n] = start;
                p->numbers[p->n++] = number;
        }
        return false;
}

static bool stands_there(void *userdata, size_t number, size_t start)
{
        (void) userdata;
        (void) number;
        (void) start;
        return true;
}

TEST(places_of_known_secrets_are_found_after_escapes)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample one = make_sample("DB_PASSWORD=<<x/y:{alnum:16}>>\n"),
                                      two = make_sample("DB_PASSWORD=<<x/y:{alnum:17}>>\n");
        const char *secret = two.text + strlen("DB_PASSWORD=");
        _cleanup_free_ char *bare = NULL, *escaped = NULL;
        Places found = { 0 }, hidden = { 0 };
        Masked masked;

        CHECK_INT(masker_mask(m, MASK_TEXT, one.text, strlen(one.text), &masked), 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, two.text, strlen(two.text), &masked), 0);
        REQUIRE(masker_n_known(m) == 2);
        REQUIRE(asprintf(&bare, "it was: %.21s, see", secret) > 0);
        REQUIRE(asprintf(&escaped, "it was: x\\/%.19s, see", secret + 2) > 0);
        CHECK_INT(masker_find_known(m, bare, strlen(bare), note_place, &found), 0);
        CHECK_INT(masker_find_known(m, escaped, strlen(escaped), note_place, &hidden), 0);
        REQUIRE(found.n == 1 && hidden.n == 1);
        CHECK_INT(found.starts[0], 8);
        CHECK_INT(hidden.starts[0], 8);
        CHECK_INT(found.numbers[0], 1);
        CHECK_INT(hidden.numbers[0], 1);
        CHECK_INT(masker_find_known(m, "nothing of it", 13, note_place, &found), 0);
}

TEST(known_secrets_are_masked_everywhere)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample told = make_sample("DB_PASSWORD=<<{alnum:16}>>\n");
        const char *secret = told.text + strlen("DB_PASSWORD=");
        _cleanup_free_ char *bare = NULL, *got = NULL, *inside = NULL;
        uint64_t fingerprint;
        Masked masked;

        REQUIRE(asprintf(&bare, "it is %.16s, see", secret) > 0);
        REQUIRE(asprintf(&inside, "it is xx%.16syy, see", secret) > 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, bare, strlen(bare), &masked), 0);
        CHECK_INT(masked.n_findings, 0);
        CHECK_INT(masker_n_known(m), 0);

        CHECK_INT(masker_mask(m, MASK_TEXT, told.text, strlen(told.text), &masked), 0);
        CHECK_INT(masked.n_findings, 1);
        fingerprint = masked.findings[0].fingerprint;
        CHECK_INT(masker_n_known(m), 1);
        CHECK_INT(masker_mask(m, MASK_TEXT, bare, strlen(bare), &masked), 0);
        CHECK_INT(masked.n_findings, 1);
        CHECK(masked.findings[0].fingerprint == fingerprint);
        CHECK_INT(masked.findings[0].start, 6);
        CHECK_INT(masked.findings[0].end, 22);
        got = simplify(&masked);
        CHECK_STR(got, "it is #, see");
        CHECK_INT(masker_mask(m, MASK_TEXT, inside, strlen(inside), &masked), 0);
        CHECK_INT(masked.n_findings, 0);

        masker_forget(m);
        CHECK_INT(masker_n_known(m), 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, bare, strlen(bare), &masked), 0);
        CHECK_INT(masked.n_findings, 0);
}

/* What is an identifier, and barely a secret where its name stands, is not looked for elsewhere. */
TEST(names_are_not_masked_everywhere)
{
        static const char text[] = "        (\"qwen2_5_omni_token2wav\", \"qwen2_5_omni\"),\n"
                                   "        (\"qwen2_5_omni\", \"Qwen2_5OmniConfig\"),\n";
        _cleanup_(masker_freep) Masker *m = new_masker();
        Masked masked;

        CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
        CHECK(masked.n_findings <= 1);
        CHECK_INT(masker_n_known(m), 0);
}

/* Random letters fall into pieces that could be words; copies of them without context are still masked. */
TEST(copies_of_random_letters_are_masked)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
        static const char signs[] = "=-.ab";
        const char *given = getenv("SCRUBJAY_TEST_SEED");
        unsigned seed = given ? (unsigned) strtoul(given, NULL, 10)
                              : (unsigned) now_usec(CLOCK_REALTIME);
        unsigned n_masked = 0, n_left = 0;
        _cleanup_(masker_freep) Masker *m = new_masker();

        printf("# SCRUBJAY_TEST_SEED=%u\n", seed);
        srand(seed);
        for (size_t i = 0; i < 1000; i++) {
                _cleanup_free_ char *text = NULL, *got = NULL;
                size_t n = 12 + i % 29;
                char value[48];
                Masked masked;

                for (size_t k = 0; k < n; k++)
                        value[k] = letters[(size_t) rand() % (sizeof(letters) - 1)];
                value[n / 2] = signs[(size_t) rand() % (sizeof(signs) - 1)];
                value[n] = 0;
                REQUIRE(asprintf(&text, "password = \"%s\"\nsee %s x", value, value) > 0);
                masker_forget(m);
                REQUIRE(masker_mask(m, MASK_TEXT, text, strlen(text), &masked) == 0);
                got = strndup(masked.text, masked.size);
                if (masked.n_findings == 0 || masked.findings[0].start != strlen("password = \""))
                        continue;
                n_masked++;
                n_left += strstr(got, value) != NULL;
        }
        CHECK(n_masked > 950);
        CHECK(n_left <= 8); /* 0.5 are usual; without the order of letters, it was 250 */
}

/* agentsview cuts first_message after 300 characters; tools and people cut elsewhere. */
TEST(the_beginning_of_a_known_secret_is_masked_where_the_text_was_cut)
{
        static const char *const befores[] = { "it is ", "it is ", "is ", "{\"a\":\"",
                                               "first:\\n" },
                                 *const afters[] = { "", "...", "\xE2\x80\xA6 and so on", "...\"}",
                                                     "" };
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample told = make_sample("DB_PASSWORD=<<Xk9{alnum:17}>>\n"),
                                      other = make_sample("DB_PASSWORD=<<Xk9{alnum:16}>>\n");
        const char *secret = told.text + strlen("DB_PASSWORD=");
        Masked masked;

        CHECK_INT(masker_mask(m, MASK_TEXT, told.text, strlen(told.text), &masked), 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, other.text, strlen(other.text), &masked), 0);
        for (size_t i = 0; i < ELEMENTSOF(befores); i++)
                for (int n = 5; n < 20; n++) {
                        _cleanup_free_ char *text = NULL;

                        REQUIRE(asprintf(&text, "%s%.*s%s", befores[i], n, secret, afters[i]) > 0);
                        CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
                        CHECK_INT(masked.n_findings, n >= 8);
                        CHECK((n >= 8) == !memmem(masked.text, masked.size, secret, (size_t) n));
                        CHECK_INT(masker_find_known(m, text, strlen(text), stands_there, NULL),
                                  n >= 8);
                }
        CHECK_INT(masker_mask(m, MASK_TEXT, secret, 12, &masked), 0);
        CHECK_INT(masked.n_findings, 1);
        check_sample(MASK_TEXT, "in the middle {alnum:12} of it...");
}

/* Between two characters of a known secret; and what a terminal does to a secret that does not fit its line. */
TEST(a_known_secret_that_something_unseen_breaks_is_one)
{
        static const char line[] = "a line as long as a terminal is wide, and its end is ";
        const struct {
                const char *before, *sign, *after;
        } cases[] = {
                { "it is ", "\xE2\x80\x8B", ", see" },
                { "it is ", "\x1b[0m", ", see" },
                { "{\"a\":\"it is ", "\\u200b", "\"}" },
                { line, "\n", ", see" },
                { line, "\r\n", ", see" },
        };
        _cleanup_(sample_done) Sample told = make_sample("DB_PASSWORD=<<Xk9{alnum:17}>>\n");
        const char *secret = told.text + strlen("DB_PASSWORD=");

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(masker_freep) Masker *m = new_masker();
                _cleanup_free_ char *rest = strndup(secret + 10, 10), *text = NULL;
                Masked masked;

                REQUIRE(rest && asprintf(&text, "%s%.10s%s%s%s", cases[i].before, secret,
                                         cases[i].sign, rest, cases[i].after) > 0);
                CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
                CHECK_INT(masked.n_findings, 0);
                CHECK_INT(masker_mask(m, MASK_TEXT, told.text, strlen(told.text), &masked), 0);
                CHECK_INT(masker_find_known(m, text, strlen(text), stands_there, NULL), 1);
                CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
                CHECK_INT(masked.n_findings, 1);
                CHECK(!memmem(masked.text, masked.size, secret, 10));
                CHECK(!memmem(masked.text, masked.size, rest, 10));
        }
}

TEST(the_beginning_of_a_form_is_masked_where_the_text_was_cut)
{
        static const char *const templates[] = {
                "see <<ghp_a1B{alnum:1}>>",
                "see <<ghp_{alnum:20}>>...",
                "see <<ghp_{alnum:35}>>\xE2\x80\xA6 and more",
                "{\"a\":\"<<sk-ant-api03-{alnum:20}>>...\"}",
                "id <<AKIA{base32:8}>>",
                "Authorization: SSWS <<00{alnum:12}>>",
                /* words, whatever they begin with; and longer ones */
                "see sk-learn",
                "see sk-learn2...",
                "see ghp_ab",
                "see ghp_{alnum:20} and so on...",
                "ghp_xxxxxxxx...",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

/* An ordinary word after what a form begins with is none. */
TEST(a_prefix_and_a_word_are_no_beginning_of_a_form)
{
        check_sample(MASK_TEXT, "the prefix of a key is sk_live_config");
        check_sample(MASK_TEXT, "the table lin_api_column...");
        check_sample(MASK_TEXT, "gh auth login with <<github_pat_{alnum:9}>>");
        check_sample(MASK_TEXT, "gh auth login with <<github_pat_{hex:6}>>...");
}

/* What a rule says is no secret of its form is none of a form that is near it. */
TEST(what_a_rule_refuses_is_no_near_form_of_it)
{
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        (void) strbuf_puts(&text, "cookie xoxd-");
        REQUIRE(strbuf_puts(&text,
                            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygp there") == 0);
        check_sample(MASK_TEXT, text.data);
        check_sample(MASK_TEXT, "cookie <<xoxd-{base64url:56}>> there");
}

static void count_progress(void *userdata)
{
        ++*(unsigned *) userdata;
}

/* Each was searched for from the last one of the other kind, to the end of the chunk. */
TEST(many_signs_of_a_cut_cost_little)
{
        static const char *const signs[] = { "\xE2\x80\xA6 ", "... ", "ghp_\r" };
        const size_t size = 1 << 20;
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample told = make_sample("DB_PASSWORD=<<Xk9{alnum:17}>>\n");
        _cleanup_free_ char *text = malloc(size);
        Masked masked;

        REQUIRE(text);
        CHECK_INT(masker_mask(m, MASK_TEXT, told.text, strlen(told.text), &masked), 0);
        for (size_t i = 0; i < ELEMENTSOF(signs); i++) {
                size_t n = strlen(signs[i]);
                uint64_t start;

                for (size_t k = 0; k < size; k++)
                        text[k] = signs[i][k % n];
                start = now_usec(CLOCK_THREAD_CPUTIME_ID);
                CHECK_INT(masker_mask(m, MASK_TEXT, text, size, &masked), 0);
                CHECK(now_usec(CLOCK_THREAD_CPUTIME_ID) - start < 2 * USEC_PER_SEC);
                CHECK_INT(masked.n_findings, 0);
        }
}

/* Tokens with one prefix, and a text that consists of this prefix: it took minutes, and nobody was told. */
TEST(many_secrets_of_one_prefix_cost_little)
{
        const size_t size = 2 << 20;
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(strbuf_done) StrBuf tokens = { 0 };
        _cleanup_free_ char *text = malloc(size);
        uint64_t start, usual;
        unsigned told = 0;
        Masked masked;

        REQUIRE(text);
        for (unsigned i = 0; i < 16384; i++) {
                char digits[40];

                (void) snprintf(digits, sizeof(digits), "%05u%08xq7Zk%08xWm2%08x", i * 3,
                                i * 2654435761U, i * 40503U, i * 2246822519U);
                (void) strbuf_printf(&tokens, "ghp_%.36s\n", digits);
                if (i % 1024 == 1023) {
                        CHECK_INT(masker_mask(m, MASK_TEXT, tokens.data, tokens.size, &masked), 0);
                        strbuf_clear(&tokens);
                }
        }
        CHECK(masker_n_known(m) > 8000);
        for (size_t i = 0; i < size; i++)
                text[i] = "ghp_"[i % 4];
        masker_set_progress(m, count_progress, &told);
        start = now_usec(CLOCK_THREAD_CPUTIME_ID);
        CHECK_INT(masker_mask(m, MASK_TEXT, text, size, &masked), 0);
        usual = now_usec(CLOCK_THREAD_CPUTIME_ID) - start;
        CHECK(usual < 10 * USEC_PER_SEC);
        CHECK(usual < 2 * USEC_PER_SEC || told > 0);
}

TEST(a_mask_is_no_name)
{
        const char *masked =
                        "[REDACTED:generic-password]: not-4-a-Name \"[REDACTED:generic-secret]\": \"q9W8e7R6t5\"";

        check_sample(MASK_TEXT, "\"api_key\", \"<<{alnum:30}>>\", \"{alnum:31}\", \"{alnum:32}\"");
        check_again(MASK_TEXT, &(Masked){ masked, strlen(masked), NULL, 0 });
}

/* Only a complete marker of an existing rule is one; everything around it is text like any other. */
TEST(only_a_whole_mask_is_one)
{
        static const char *const templates[] = {
                "[REDACTED:<<ghp_{alnum:36}>>",
                "[REDACTED:<<ghp_{alnum:36}>>]",
                "[REDACTED:no-such-rule <<ghp_{alnum:36}>>",
                "[REDACTED:no-such-rule]<<ghp_{alnum:36}>>",
                "[REDACTED:github-pa]<<ghp_{alnum:36}>>",
                "[REDACTED:github-pat-]<<ghp_{alnum:36}>>",
                "password = \"<<{alnum:20}>>[REDACTED:github-pat]\"",
                "\x1a<<ghp_{alnum:36}>>\x1a",
        };
        static const char *const masked[] = {
                "password = \"[REDACTED:github-pat]\"",
                "PASSWORD=[REDACTED:github-pat]",
                "[REDACTED:unscannable]",
                "\x1b[REDACTED:generic-password]: not-4-a-Name",
                "\\u001b[REDACTED:generic-password]: not-4-a-Name",
                "postgres://app:[REDACTED:database-url]@db/prod",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++) {
                _cleanup_(masker_freep) Masker *m = new_masker();
                _cleanup_(sample_done) Sample s = make_sample(templates[i]);
                Masked out;

                CHECK_INT(masker_mask(m, MASK_TEXT, s.text, strlen(s.text), &out), 0);
                CHECK_INT(out.n_findings, 1);
                CHECK(out.n_findings == 1 &&
                      !memmem(out.text, out.size, s.text + out.findings[0].start, 16));
                check_again(MASK_TEXT, &out);
        }
        for (size_t i = 0; i < ELEMENTSOF(masked); i++)
                check_again(MASK_TEXT, &(Masked){ masked[i], strlen(masked[i]), NULL, 0 });
}

TEST(a_placeholder_word_beside_a_secret_hides_nothing)
{
        static const char *const templates[] = {
                "password: <<example-{alnum:20}>>\n",
                "password = \"<<{alnum:20}-REDACTED>>\"",
                "password = \"my-secret-key-here\"",
                "password = \"your-api-key-here\"",
        };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++)
                check_sample(MASK_TEXT, templates[i]);
}

TEST(a_secret_found_later_is_masked_in_earlier_texts)
{
        check_sample(MASK_TEXT, "use <<{alnum:20}>> here\nDB_PASSWORD=<<{alnum:20}>>\n");
}

TEST(home_becomes_a_tilde)
{
        static const struct {
                const char *text, *expected;
        } cases[] = {
                { "cd /home/al/x && ls /home/al", "cd ~/x && ls ~" },
                { "/home/alice /home/al-x /mnt/home/al", "/home/alice /home/al-x /mnt/home/al" },
                { "see /home/al. Or \"/home/al\"", "see ~. Or \"~\"" },
                { "file:///home/al/x", "file://~/x" },
                { "a\\n/home/al/b", "a\\n~/b" },
        };
        _cleanup_(masker_freep) Masker *m = new_masker();
        Masked masked;

        masker_add_home(m, "/home/al/");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *got = NULL;

                CHECK_INT(masker_mask(m, MASK_TEXT, cases[i].text, strlen(cases[i].text), &masked),
                          0);
                got = simplify(&masked);
                CHECK_STR(got, cases[i].expected);
                CHECK_INT(masked.n_findings, 0);
        }
}

TEST(broken_utf8_is_repaired_and_offsets_stay)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample s = make_sample("\xff\xc3(<<ghp_{alnum:36}>>)\xe2\x82");
        Masked masked;

        CHECK_INT(masker_mask(m, MASK_TEXT, s.text, strlen(s.text), &masked), 0);
        CHECK_INT(utf8_valid_length(masked.text, masked.size), masked.size);
        CHECK_INT(masked.n_findings, 1);
        CHECK_INT(masked.findings[0].start, 3);
        CHECK_INT(masked.findings[0].end, 43);
        CHECK(strncmp(masked.text, "\xEF\xBF\xBD\xEF\xBF\xBD([REDACTED:github-pat])\xEF\xBF\xBD",
                      32) == 0);
        CHECK_INT(masker_mask(m, MASK_TEXT, "a\0b", 3, &masked), 0);
        CHECK_INT(masked.size, 3);
}

TEST(clean_text_is_not_copied)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        const char *text = "nothing to see here\n";
        Masked masked;

        CHECK_INT(masker_mask(m, MASK_TEXT, text, strlen(text), &masked), 0);
        CHECK(masked.text == text);
        CHECK_INT(masker_mask(m, MASK_TEXT, NULL, 0, &masked), 0);
        CHECK_INT(masked.size, 0);
}

/* A secret at any place around the ends of the chunks in which long texts are read. */
TEST(chunks_make_no_difference)
{
        _cleanup_(masker_freep) Masker *m = new_masker();
        _cleanup_(sample_done) Sample s = make_sample("ghp_{alnum:36}");
        const size_t size = 600000, places[] = { 262144, 524288 };
        _cleanup_free_ char *text = malloc(size);

        REQUIRE(text);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                for (size_t shift = 0; shift <= 44; shift += 4) {
                        size_t at = places[i] - shift;
                        Masked masked;

                        memset(text, ' ', size);
                        /* Escapes before it, so that view and text have different offsets. */
                        for (size_t k = 0; k < at; k += 100)
                                memcpy(text + k, "\\n", 2);
                        memcpy(text + at, s.text, 40);
                        masker_forget(m);
                        CHECK_INT(masker_mask(m, MASK_TEXT, text, size, &masked), 0);
                        CHECK_INT(masked.n_findings, 1);
                        if (masked.n_findings == 1) {
                                CHECK_INT(masked.findings[0].start, at);
                                CHECK_INT(masked.findings[0].end, at + 40);
                        }
                }
}

/* Lines of @size bytes, with @line at @at, which is as long as what it replaces. */
static void fill_lines(char *text, size_t size, const char *line, size_t at)
{
        static const char plain[] =
                        "the api_key and its token are read from a file: see the notes\n";

        for (size_t i = 0; i < size; i++)
                text[i] = plain[i % (sizeof(plain) - 1)];
        memcpy(text + at, line, strlen(line));
}

/* A token that continues in the next line, wherever it is in a long text. */
TEST(a_wrapped_token_is_found_in_a_long_text)
{
        static const size_t places[] = { 200, 16384, 32768, 262144, 524288 };
        _cleanup_(masker_freep) Masker *m = new_masker();
        const size_t size = 560000;
        _cleanup_free_ char *text = malloc(size);

        REQUIRE(text);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                for (size_t shift = 0; shift < 120; shift += 17) {
                        _cleanup_(sample_done) Sample s = make_sample(
                                        "\n\nit is in this long line of words, which goes on and on, ghp_{alnum:12}\n"
                                        "{alnum:24} and so on\n\n");
                        Masked masked;

                        fill_lines(text, size, s.text, places[i] - shift);
                        masker_forget(m);
                        CHECK_INT(masker_mask(m, MASK_TEXT, text, size, &masked), 0);
                        CHECK_INT(masked.n_findings, 1);
                        if (masked.n_findings == 1)
                                CHECK_INT(masked.findings[0].end - masked.findings[0].start, 41);
                }
}

static uint64_t count_steps(Scanner *scanner, const char *text, size_t size)
{
        Spans spans = { 0 };

        budget_begin(scanner_budget(scanner), size);
        CHECK_INT(scanner_run(scanner, text, size, (TextPart){ .until = size }, &spans), 0);
        spans_done(&spans);
        return scanner_budget(scanner)->steps;
}

/* Of a long text, only the part near such a line is read with its lines joined. */
TEST(a_line_that_may_go_on_costs_what_is_near_it)
{
        static const char line[] =
                        "\n\nit is in this long line of words, which goes on and on, ghp_0123456789\n"
                        "and_so_on_and_so_forth: nothing is found here\n\n";
        _cleanup_(ruleset_unrefp) Ruleset *rules = load_rules(NULL);
        _cleanup_(scanner_freep) Scanner *scanner = scanner_new(rules, &key);
        const size_t size = 500000;
        _cleanup_free_ char *text = malloc(size);
        uint64_t alone, wrapped;

        REQUIRE(text);
        fill_lines(text, size, "", 0);
        alone = count_steps(scanner, text, size);
        fill_lines(text, size, line, 100000);
        wrapped = count_steps(scanner, text, size);
        CHECK(wrapped > alone && wrapped < alone + alone / 10);
}

TEST(json_is_checked_strictly)
{
        static const struct {
                const char *text;
                bool valid;
        } cases[] = {
                { "{}", true },
                { " [1,-0.5e+3,\"a\\u00e9\\n\",true,false,null,{\"a\":{}}] ", true },
                { "\"x\"", true },
                { "1", true },
                { "", false },
                { " ", false },
                { "{", false },
                { "[1,]", false },
                { "{\"a\"}", false },
                { "{\"a\":}", false },
                { "{\"a\":1,}", false },
                { "{a:1}", false },
                { "[01]", false },
                { "[1.]", false },
                { "\"\\x\"", false },
                { "\"\\u12g4\"", false },
                { "\"a\nb\"", false },
                { "[] []", false },
                { "[}", false },
                { "nul", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct json_object *o = cases[i].valid ? json_tokener_parse(cases[i].text) : NULL;

                CHECK(json_is_valid(cases[i].text, strlen(cases[i].text)) == cases[i].valid);
                (void) json_object_put(o);
        }
}

TEST(an_example_is_not_made_without_end)
{
        static const char *const templates[] = { "{alnum:4000000000}", "{luhn:4000000000}",
                                                 "{hex:18446744073709551615}" };

        for (size_t i = 0; i < ELEMENTSOF(templates); i++) {
                _cleanup_free_ char *made = NULL;

                CHECK_INT(secret_make(templates[i], &made), 0);
                CHECK_STR(made, templates[i]);
        }
}
