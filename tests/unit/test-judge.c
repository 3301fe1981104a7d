/* judge: what is read beside a name, in each form */
#include <time.h>

#include "base/strbuf.h"
#include "mask/judge.h"
#include "test.h"

/* "@" is a value, new in every run. */
static const char *const lines[] = {
        "export DB_PASSWORD=@",
        "DB_PASSWORD=@\n",
        "[db]\npassword = @\nuser = x",
        "db.password=@",
        "password: @",
        "password: \"@\"",
        "db:\n  password: |\n    @\n  user: x",
        "db:\n  password: >-\n    @",
        "password: &pw @",
        "password: !!str @",
        "const TOKEN: &str =\n    \"@\";",
        "pub const API_KEY: &'static str =\n    \"@\\\n     x\";",
        "let password: Option<&str> =\n    Some(\"@\");",
        "password: !!str \"@\"",
        "{\"password\": \"@\"}",
        "{\"password\": {\"value\": \"@\"}}",
        "{\"db_password\": {\"sensitive\": true, \"type\": \"string\", \"value\": \"@\"}}",
        "variable \"db_password\" {\n  type = string\n  default = \"@\"\n}",
        "password = \"\"\"\n@\n\"\"\"",
        "password = \"\"\"@\"\"\"",
        "<password>@</password>",
        "<db:password type=\"x\">@</db:password>",
        "<password><![CDATA[@]]></password>",
        "<server user=\"x\" password=\"@\"/>",
        "<add key=\"DbPassword\" value=\"@\" />",
        "<property name=\"db.password\">@</property>",
        "<input type=\"password\" name=\"password\" value=\"@\">",
        "<key>Password</key>\n<string>@</string>",
        "**Password:** `@`",
        "**Password**: @",
        "- **Password:** @",
        "`DB_PASSWORD`: `@`",
        "| user | password |\n|---|---|\n| joe | @ |",
        "| Password | @ |\n|---|---|",
        "| Name | Value |\n|---|---|\n| DB_PASSWORD | @ |",
        "- name: DB_PASSWORD\n  value: @",
        "- value: @\n  name: DB_PASSWORD",
        "- name: DB_PASSWORD\n  value: \"@\"",
        "{\"name\":\"password\",\"value\":\"@\"}",
        "{\"value\":\"@\",\"name\":\"password\"}",
        "[\"mysql\",\"--password\",\"@\",\"db\"]",
        "[\"--token\", \"@\"]",
        "[\"sshpass\",\"-p\",\"@\",\"ssh\"]",
        " id | name | password \n----+------+----------\n  1 | joe  | @\n",
        "+----+----------+\n| id | password |\n+----+----------+\n|  1 | @ |",
        "*** 1. row ***\n      id: 1\npassword: @\n",
        "-[ RECORD 1 ]---\nid       | 1\npassword | @\n",
        "user,password,role\njoe,@,admin\n",
        "password: \"{{ db_password | default('@', true) }}\"",
        "{{ api_token|default: \"@\" }}",
        "id  my password  state\n--  -----------  -----\n1   @   ok\n",
        "oldpword=\"@\"",
        "def password(self) -> str:\n    return \"@\"",
        "tokens:\n  - abc\n  - @\nx: y",
        "db_passwords:\n- \"abc\"\n- \"@\"\n",
        "url,username,password,note\nhttps://h,joe,@,\n",
        "| Password |\n|----------|\n| @ |\n",
        "+----------+\n| password |\n+----------+\n| @ |\n+----------+\n",
        "User Name Password\n--------- --------\njoe doe   @\n",
        "\"user\";\"password\"\n\"joe\";\"@\"\n",
        "NAME    PASSWORD        AGE\njoe     @    3d\n",
        "AWS Secret Access Key [None]: @",
        "AWS Secret Access Key [****************ABCD]: @",
        "====== Data ======\nKey         Value\n---         -----\npassword    @\n",
        "$ printenv DB_PASSWORD\n@\n",
        "$ vault kv get -field=password secret/db\n@\n",
        "Password\n@",
        "Password:\n@",
        "let password = Some(\"@\");",
        "let password = Some(String::from(\"@\"));",
        "password: Some(\"@\".to_string()),",
        "[\"password\"]=>\n  string(12) \"@\"",
        "[password] => @",
        "Content-Disposition: form-data; name=\"password\"\r\n\r\n@\r\n--x",
        "CREATE USER x IDENTIFIED BY '@';",
        "CREATE USER x IDENTIFIED WITH mysql_native_password BY '@';",
        "ALTER ROLE x WITH PASSWORD '@';",
        "user=joe&password=@&x=1",
        "grant_type=password&client_secret=@",
        "https://x/?token=@&y=1",
        "the password for the db is now @",
        "The password is @.",
        "use admin / @ to log in",
        "login: admin / @",
        "log in with admin / @",
        "login: admin(ops) / @",
        "log in as admin; / @",
        "pw: @",
        "\xE5\xAF\x86\xE7\xA0\x81\xE6\x98\xAF @",
        "\xE5\xAF\x86\xE7\xA0\x81\xEF\xBC\x9A@",
        "\xE6\x95\xB0\xE6\x8D\xAE\xE5\xBA\x93\xE5\xAF\x86\xE7\xA0\x81\xE4\xB8\xBA@\xE3\x80\x82",
        "Das Passwort lautet @",
        "Das Passwort ist @.",
        "Passwort: @",
        "Kennwort: @",
        "le mot de passe est @",
        "le mot de passe wifi, c'est @",
        "J'ai mis @ comme mot de passe",
        "j'ai chang\xC3\xA9 le mot de passe de root par @",
        "mdp: @",
        "He puesto @ como contrase\xC3\xB1"
        "a",
        "cambi\xC3\xA9 la contrase\xC3\xB1"
        "a de root por @",
        "Coloquei @ como senha",
        "Mot de passe : @",
        "la contrase\xC3\xB1"
        "a es @",
        "Contrase\xC3\xB1"
        "a: @",
        "a senha \xC3\xA9 @",
        "Senha: @",
        "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C: @",
        "\xD0\x9F\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C \xD0\xBE\xD1\x82 \xD0\xB1\xD0\xB0\xD0\xB7\xD1\x8B \xE2\x80\x94 @",
        "\xD0\x92\xD0\xB0\xD1\x88 \xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C \xD1\x82\xD0\xB5\xD0\xBF\xD0\xB5\xD1\x80\xD1\x8C @",
        "\xE3\x83\x91\xE3\x82\xB9\xE3\x83\xAF\xE3\x83\xBC\xE3\x83\x89\xE3\x81\xAF @ \xE3\x81\xA7\xE3\x81\x99",
        "\xE3\x83\x91\xE3\x82\xB9\xE3\x83\xAF\xE3\x83\xBC\xE3\x83\x89\xEF\xBC\x9A@",
        "The API key is @",
        "my token: @",
        "setPassword(\"@\")",
        "config.set(\"password\", \"@\")",
        ".setProperty(\"jdbc.password\", \"@\");",
        "password := \"@\"",
        "password :::= \"@\"",
        "don't forget, password: '@'",
        "echo \"password: \\\"@\\\"\"",
        "DB_PASSWORD ?= @",
        "DB_PASSWORD ||= @",
        "api_key live := @",
        "password: Zx9q=@",
        "the password for mysql -u root is @",
        "passphrase for ssh -i id_rsa is @",
        "spring.datasource.pass @",
        "db.pass \"@\"",
        "db.pass is @",
        "the stripe.key is @",
        "set server.pw @",
        "use @ as db.pass",
        "config.password.set(\"@\")",
        "passwords.add(\"@\")",
        "setPasswordFor(\"alice\", \"@\")",
        "requirepass is @",
        "gh secret set DB_KEY --body \"@\"",
        "gh secret set PWD -b '@'",
        "@ = the root password",
        "@ -> password",
        "license key: @",
        "arn:aws:rds:eu:1:user/app:password:@",
        "password = list[\"@\"]",
        "passwordPostfix = \"@\"",
        "THE_PRODUCTION_DATABASE_SUPERUSER_ADMIN_PASSWORD\n@",
        "password ||: \"@\"",
        "password => '@'",
        "var password string = \"@\"",
        "password: str = \"@\"",
        "const apiKey: string = '@';",
        "_authToken=@",
        "//registry.npmjs.org/:_authToken=@",
        "Server=x;User Id=sa;Password=@;Encrypt=no",
        "--password @",
        "--password=@",
        "-Password @",
        "curl -H \"Authorization: Bearer @\"",
        "password=@ user=x host=y",
        "requirepass @",
        "machine x login joe password @",
        "psql \"host=x password=@ user=y\"",
        "use @ as the password",
        "`@` is the password",
        "temp password `@`",
        "apikey: @",
        "API key: @",
        "api key @",
        "secret key \"@\"",
        "\"password\", \"@\"",
        "os.environ[\"API_TOKEN\"] = \"@\"",
        "{\\\"password\\\":\\\"@\\\"}",
        "{\"a\":\"{\\\"password\\\":\\\"@\\\"}\"}",
        "MYSQL_ROOT_PASSWORD: \"@\"",
        "ENV API_TOKEN=@",
        "docker run -e POSTGRES_PASSWORD=@ x",
        "password = b\"@\"",
        "process.env.API_KEY || \"@\"",
        "Password (again): @",
        "credentials: admin:@",
        "Zugangsdaten: joe / @",
        "wifi psk=\"@\"",
        "psk=@",
        "identified by \"@\"",
        "token=@",
        "x-api-key: @",
        "dbpassword=@",
        "DBPASS=@",
        "APIKEY=@",
        "apiKey=@",
        "TOTP secret: @",
        "login joe with password @",
        "Passwort f\xC3\xBCr die Datenbank: @",
        "INSERT INTO accounts (login, mail, pass) VALUES ('a', 'b', '@');",
        "INSERT INTO accounts (login, password, mail)\nVALUES ('a', '@', 'x'),\n('b', 'yyyy', 'z');",
        "HOST   USER   PASSPHRASE\nh   u   @",
        "NAME  MYSQL_PASSWORD  AGE\nfoo   @   3d",
        "Key   Value\n---  ---\nroot_secret_access_key   @",
        "a_secret      @\nother_key      abc",
        "| Client secret | @ |",
        "| **Mail secret** | `@` |",
        "**Client secret:** `@`",
        "**API token:** @",
        "* **Vpn API key** @",
        "Set `LDAP_PASSWD` to `@`",
        "`deploy_secret` set to `@`",
        "new Credentials(\"user\", \"@\")",
        "auth=('user', '@')",
        "strcpy(db_pwd, \"@\");",
        "cy.get('[name=password]').type('@')",
        "page.fill('#password', '@')",
        "add_argument(\"--api-secret\", default=\"@\")",
        "public string Passwd { get; set; } = \"@\";",
        "az keyvault secret set --name a-token --value @",
        "gh auth login --with-token <<< @",
        "A temporary password is generated for root on localhost: @",
        "? Enter your passphrase \xE2\x80\xBA @",
        "I reset the password, it's @ now",
        "login: app/@",
        "admin key -> @",
        "j'ai chang\xC3\xA9 le mot de passe en @",
        "he cambiado la contrase\xC3\xB1"
        "a a @",
        "mudei a senha para @",
        "\xD0\x9F\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C \xD0\xBE\xD1\x82 \xD0\xB1\xD0\xB0\xD0\xB7\xD1\x8B \xD1\x82\xD0\xB5\xD0\xBF\xD0\xB5\xD1\x80\xD1\x8C @",
        "\xD0\xBF\xD0\xB0\xD1\x80\xD0\xBE\xD0\xBB\xD1\x8C \xD1\x82\xD0\xB0\xD0\xBA\xD0\xBE\xD0\xB9: @",
        "\xD0\x9A\xD0\xBB\xD1\x8E\xD1\x87 API: @",
        "\xD0\x9F\xD0\x98\xD0\x9D-\xD0\xBA\xD0\xBE\xD0\xB4: @",
        "API\xE3\x82\xAD\xE3\x83\xBC\xE3\x81\xAF @ \xE3\x81\xA7\xE3\x81\x99",
        "\xE3\x83\x91\xE3\x82\xB9\xE3\x83\xAF\xE3\x83\xBC\xE3\x83\x89\xE3\x82\x92 @ \xE3\x81\xAB\xE5\xA4\x89\xE6\x9B\xB4",
        "{\"output\":\"name,mail,token\\na,b,@\"}",
        "enable secret 5 @",
        "username joe privilege 15 password 7 @",
        "username joe secret @\n",
        " key-string 7 @",
        "ip ospf message-digest-key 1 md5 0 @",
        "snmp-server community @ RO",
        "x -u joe -p @ -h host",
        "x -p '@' -U joe",
        "x -Usa -P@",
        "x -l joe -P \"@\" host",
        "x /u:joe /p:@ /v:h",
        "x --username=joe -p@",
        "x -U 'group/joe%@' //h",
        "x -u joe,@ h",
        "  ~ password = \"old\" -> \"@\"",
        "  ~ \"DB_PASSWORD\" = \"old\" -> \"@\"",
        "SALT=@",
        "salt: '@'",
        "PASSWORD_PEPPER=@",
        "master_seed = \"@\"",
        "mnemonic: \"@\"",
        "vault operator unseal @",
        "Unseal Key 1: @",
        "I changed the password from @ to xB7kQ2mZ9",
        "Das Passwort wurde von @ auf xB7kQ2mZ9 gesetzt",
        "`SECRET_KEY` went from `xB7kQ2mZ9` to `@`",
        "New password for user \"al\": @",
        "Here is the token for the bot of the new team\n@",
        "This is the password for it\n\n@\n",
        "The new token of it\n```\n@\n```",
        "creds are al/@",
        "[\"mysql\", \"-u\", \"al\", \"-p@\", \"db\"]",
        "['x', '-U', 'al', '-P', '@']",
        "spawn('curl', ['-u', 'al:@'])",
        "The password that was generated for the user al is:\n\n@\n",
        "Here is the token for the bot of it, as you wanted:\n  @\n",
        "the default login al/@",
        "rootpw --plaintext @",
        "{\"type\": \"password\", \"value\": \"@\"}",
        "<input type='password' value='@'>",
        "{\"secrets\": {\"db\": \"@\"}}",
        "secrets:\n  db: x1y2z3w4\n  mail: \"@\"\n",
        "passwords:\n  root: @\n",
        "api_keys = {\n  'al': '@',\n}",
        "assertEquals(\"@\", user.getPassword());",
        "assert_equal '@', user.password",
        "require.Equal(t, \"@\", cfg.Password)",
        "<b>Password:</b> @",
        "Password: <code class=\"x\">@</code>",
        "<p>Your password is <strong>@</strong></p>",
        "expect(x.token).to eq(\"@\")",
        "password = <<EOT\n@\nEOT",
        "$password = <<<'END'\n@\nEND;",
        "Password......: @",
        "Password . . . . . : @",
        "{\"ParameterKey\":\"DBPassword\",\"ParameterValue\":\"@\"}",
        "{\"selector\":\"#password\",\"value\":\"@\"}",
        "{\"ref\":\"e3\",\"element\":\"Password\",\"text\":\"@\"}",
        "<Password value=\"@\"/>",
        "BASIC_AUTH=admin:@",
        "http_auth = 'al:@'",
        "def password(self) -> str:\n    return \"@\"",
        "public String getPassword() {\n        return \"@\";\n}",
        "get password() { return '@'; }",
        "La phrase secr\xC3\xA8te est @",
        "La frase secreta es @",
        "var secret = []byte(\"@\")",
        "expect(res.body.token).toBe('@')",
        "expect(user.password).to.equal(\"@\")",
        "assertThat(x.password).isEqualTo(\"@\");",
        "API_KEYS=@",
        "credentials are al:@",
};

/* The value, up to the end of the line, has a quote, or a sign of an assignment, that is part of its word. */
static const char *const quoted_within[] = {
        "password: ab@'x9\n",
        "password: ab@\"x9\n",
        "password = ab@`x9\n",
        "PASSWORD=ab@'x9\n",
        "the password is ab@'x9\n",
        "password: ab@=x9\n",
        "password: ab@x9=\nuser: al",
        "{\"x\": \"password: ab@x9=\", \"y\": \"z\"}",
        "\xE5\xAF\x86\xE7\xA0\x81\xEF\xBC\x9Axy@=x9\n",
};

static const char *const nothing[] = {
        "tokenizer",          "compass: east",      "author: al",     "the keyboard: x",
        "bypassed: no",       "passing=1",          "spin: off",      "mkdir -p x1y2z3",
        "ssh -l root -print", "git push -u origin", "the seed 17 x1", "basalt: x1y2",
};

static uint64_t state;

static char random_char(void)
{
        static const char chars[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return chars[state % (sizeof(chars) - 1)];
}

static void seed(void)
{
        const char *given = getenv("SCRUBJAY_TEST_SEED");

        state = given ? strtoull(given, NULL, 10)
                      : (uint64_t) time(NULL) * 2654435761U + (uint64_t) getpid();
        printf("# SCRUBJAY_TEST_SEED=%" PRIu64 "\n", state);
}

typedef struct Wanted {
        const View *view;
        size_t start, end; /* position in the source */
        unsigned n_found, n_all;
} Wanted;

static int look(void *userdata, const Candidate *c)
{
        Wanted *w = userdata;
        size_t start, end;
        Measures m;

        view_range(w->view, c->start, c->end, &start, &end);
        w->n_all++;
        /* "%2C" is one character, and is masked whole. */
        w->n_found += end == w->end && (start == w->start ||
                                        (start + 1 == w->start && w->view->source[start] == '%'));
        judge_measure(w->view, c, &m);
        judge_measure_hashes(w->view, c, &m);
        return 0;
}

/* Reads @text from memory that ends where the text does. */
static Wanted read_text(const char *text, size_t size, size_t start, size_t end)
{
        View view = { 0 };
        Wanted w = { .view = &view, .start = start, .end = end };
        _cleanup_free_ char *copy = malloc(size + (size == 0));

        REQUIRE(copy);
        memcpy(copy, text, size);
        REQUIRE(view_set(&view, copy, size) == 0);
        REQUIRE(judge_read_all(&view, look, &w) == 0);
        view_done(&view);
        return w;
}

/* @line with a new value, whose position is set in *@ret_start and *@ret_end. */
static char *fill(const char *line, size_t *ret_start, size_t *ret_end)
{
        const char *at = strchr(line, '@');
        size_t n = at ? (size_t) (at - line) : strlen(line);
        char value[13] = "", *text = NULL;

        for (size_t i = 0; i < 12; i++)
                value[i] = random_char();
        REQUIRE(asprintf(&text, "%.*s%s%s", (int) n, line, at ? value : "", at ? at + 1 : "") >= 0);
        *ret_start = n;
        *ret_end = n + (at ? 12 : 0);
        return text;
}

/* One in 4,096 random values does. */
TEST(a_value_may_begin_like_emphasis)
{
        size_t start, end;
        _cleanup_free_ char *text = fill("API_KEY=__@", &start, &end);

        CHECK(read_text(text, strlen(text), strlen("API_KEY="), end).n_found > 0);
}

TEST(the_value_is_read_in_each_form)
{
        seed();
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                size_t start, end;
                _cleanup_free_ char *text = fill(lines[i], &start, &end);
                Wanted w = read_text(text, strlen(text), start, end);

                if (w.n_found == 0)
                        fprintf(stderr, "not read: %s\n", lines[i]);
                CHECK(w.n_found > 0);
        }
}

/* {"pin": 1234},5 */
TEST(a_number_ends_where_its_object_does)
{
        static const char *const after[] = { "},-12.5e+3,\"a\"", "}],[3],\"a\"", "]}",
                                             "},{\"b\":1}", ",\"b\":[1]}" };

        for (size_t i = 0; i < ELEMENTSOF(after); i++) {
                _cleanup_free_ char *text = NULL;
                Wanted w;

                REQUIRE(asprintf(&text, "[{\"password\":%u%s",
                                 10000000 + (unsigned) (state % 10000000), after[i]) > 0);
                w = read_text(text, strlen(text), strlen("[{\"password\":"),
                              strlen("[{\"password\":") + 8);
                CHECK_INT(w.n_found, 1);
                CHECK_INT(w.n_all, 1);
        }
}

TEST(a_quote_within_a_word_is_the_words)
{
        for (size_t i = 0; i < ELEMENTSOF(quoted_within); i++) {
                size_t start, end;
                _cleanup_free_ char *text = fill(quoted_within[i], &start, &end);

                if (read_text(text, strlen(text), start - 2, end + 3).n_found == 0)
                        fprintf(stderr, "not read: %s\n", quoted_within[i]);
                CHECK(read_text(text, strlen(text), start - 2, end + 3).n_found > 0);
        }
}

TEST(a_part_of_a_word_is_no_keyword)
{
        for (size_t i = 0; i < ELEMENTSOF(nothing); i++)
                CHECK_INT(read_text(nothing[i], strlen(nothing[i]), 0, 0).n_all, 0);
}

/* A text that is cut anywhere, and one that continues with another: nothing is read beyond its end. */
TEST(a_text_may_be_cut_anywhere)
{
        for (size_t i = 0; i < ELEMENTSOF(lines); i++) {
                size_t start, end, n;
                _cleanup_free_ char *text = fill(lines[i], &start, &end);

                n = strlen(text);
                for (size_t k = 0; k <= n; k++) {
                        (void) read_text(text, k, 0, 0);
                        (void) read_text(text + k, n - k, 0, 0);
                }
        }
}

typedef struct Decided {
        const View *view;
        unsigned n_secrets, n_vetoes, n_all;
} Decided;

static int decide(void *userdata, const Candidate *c)
{
        Decided *d = userdata;
        Explanation x;

        judge_explain(d->view, c, CAUTION_NORMAL, &x);
        d->n_all++;
        d->n_secrets += x.verdict.secret;
        d->n_vetoes += x.verdict.veto != NULL;
        /* Whatever the model decided has reasons. */
        CHECK(x.verdict.veto || x.n_reasons > 0);
        return 0;
}

static Decided decide_text(const char *text)
{
        View view = { 0 };
        Decided d = { .view = &view };

        REQUIRE(view_set(&view, text, strlen(text)) == 0);
        REQUIRE(judge_read_all(&view, decide, &d) == 0);
        view_done(&view);
        return d;
}

/* A view that had to be made has no byte after its last one: whatever looks there is found by the sanitizers. */
static void check_cuts(const char *const *texts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                _cleanup_(strbuf_done) StrBuf text = { 0 };

                (void) strbuf_puts(&text, "x\\ y\n");
                REQUIRE(strbuf_puts(&text, texts[i]) == 0);
                for (size_t size = text.size - strlen(texts[i]); size <= text.size; size++) {
                        View view = { 0 };
                        Decided d = { .view = &view };

                        REQUIRE(view_set(&view, text.data, size) == 0);
                        REQUIRE(judge_read_all(&view, decide, &d) == 0);
                        view_done(&view);
                }
        }
}

static void check_no_veto(const char *const *texts, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                if (decide_text(texts[i]).n_vetoes > 0)
                        fprintf(stderr, "a veto: %s\n", texts[i]);
                CHECK_INT(decide_text(texts[i]).n_vetoes, 0);
        }
        check_cuts(texts, n);
}

TEST(random_values_beside_a_name_are_secrets)
{
        static const char *const contexts[] = { "export DB_PASSWORD=%s%s\n",
                                                "{\"api_key\": \"%s%s\"}",
                                                "client_secret: \"%s%s\"", "--token %s%s" };

        for (size_t i = 0; i < ELEMENTSOF(contexts); i++) {
                char value[2][13] = { "", "" };
                _cleanup_free_ char *text = NULL;

                for (size_t k = 0; k < 24; k++)
                        value[k / 12][k % 12] = random_char();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                REQUIRE(asprintf(&text, contexts[i], value[0], value[1]) > 0);
#pragma GCC diagnostic pop
                if (decide_text(text).n_secrets == 0)
                        fprintf(stderr, "not judged a secret: %s\n", contexts[i]);
                CHECK(decide_text(text).n_secrets > 0);
        }
}

TEST(certain_non_secrets_do_not_reach_the_model)
{
        static const char *const vetoed[] = {
                "\"jsonwebtoken\": \"^9.0.10\"",
                "[\"pin-project-lite\", \"smallvec\"]",
                "password = getpass.getpass()",
                "password: ${DB_PASS}",
                "token_id: \"a1b2c3d4\"",
                "secret = \"<your secret>\"",
                "password: string",
                "api_key=xxxxxxxx",
                "password1 == password2",
                "password: *shared",
                "  api_key: *default_key\n",
                "const API_TOKEN = user.apiToken",
                "db_pass_3: 'ctx.dbPass3'",
                "hubApiToken: HubApiTokenField",
                "auth_key: 0x773",
                "secret = 0x7fFF0123",
                "  token = NEXT_TOK_3;\n",
                "// pin : 2014-12-18 something",
                "CONF_DC_PIN: \"GPIO40\",",
                "# the reset pin is adc1",
                "enable_pin=\"xl9535\"",
                "pin: 123",
                "<SessionToken>2099-01-01T00:00:00Z</SessionToken>",
                "TOKEN = 0x0100U;",
                "RTC_SECRET = 233825507UL;",
                "let mut seed = 0x9e37_79b9_7f4a_7c15_u64;",
                "access_token: Zeroizing<String>, id: u8",
                "char *key_password = nullptr)",
                "r.token!==c||r.parameters!==d",
                "else o.token=t?s.C0.ESC+\"OD\":x",
                "let{tokenStart:f}=t;h(t,n|32);let c=[]",
                "ring.get_password('service4', 'user12x4')",
                "arn:aws:secretsmanager:eu-west-1:1234:secret:db7Login-XHb67j",
                "var jwt = require('jsonwebtoken');",
                "const NAME_PAT = \"[a-z][a-zA-Z0-9_]*\"",
                "token: \"^\\s*>=0\\.0-4\\s*$\"",
                "password: '{{ lookup(\"env\", \"PW\") }}'",
                "password=${!NAME_OF_IT}",
                "password: \"Basic ${user.pw ?? 1}\"",
                "password=$(cat /run/secret)",
                "{\"output_tokens\": 123456789, \"maxTokens\": 8192}",
                "value_token: IDENT@15..19 \"name\" [] [],",
                "l_paren_token: L_PAREN2@1506..1507 \"(\"",
                "sign them with the key \"Kexample.org.+013+45330\" of",
                "\"key\": \"Kexample.org.+013+45330.key\"",
                "{ Mnemonic: \"Shift-g\", Description: \"Top\" }",
                "secretVariables: \"array?\",",
                "x25519_key: x25519.X25519PrivateKey,",
                "  userPassword: zod_1.z\n        .string()\n",
                "const base = lastToken ===\n    openingParen.loc.start.line ? 1 : 0",
                "{token:\"paren.lparen\",regex:\"\\\\{\"}",
                "{token:[\"variable\",\"paren.lparen\"],regex:/(\\$)(\\()/}",
                "{regex:/\\$\\{(?:If|Unless)\\}/i,token:\"variable-2\",indent:!0}",
                "passNode: t.passNode||!1",
                "passKeys:t.passKeys!==!1,",
                "xctx->xts.key1 = &xctx->ks1.ks;",
                "V3Saml2Password = v3.Saml2Password\n",
                "*seed |= ((uint64_t)tv.tv_usec << 40);",
                "sinceToken atomic.Int64\n",
                "key string\n        token uint64\n",
                "clientSecret: \"urn:k8s:secret:my-secret:clientSecret\"",
                "CertSecret *string `json:\"certSecret,omitempty\"`",
                "didPass=didRender=!0;var x",
                "fw=pw=xy;class Servers extends y",
                "let secret = [[0x42u8]; 32];",
                "login_session = arn:aws:iam::0123456789012:user/Admin",
                "pub const STENCIL_PASS_DEPTH_PASS: u32 = 2966u64 as u32;",
                "--pass-color: #97bd61;",
                "password = password.encode(\"latin1\")",
                "msgstr \"Metadatenschl\xC3\xBCssel gr\xC3\xB6\xC3\237er als\"",
                "#endif // USE_ESP32 / USE_ARDUINO",
                "a key used as a password GHSA-66qv-66mg-9h74",
                "GHSA-wg65-39gg-5wfj used in plaintext auth / CVE-2026-42151",
                "\"general\", \"json web token\", \"jsonwebtoken\", \"jwa\"",
                "\"id_token_alg_values_supported\": [\"HS256\"]",
                "SALT_CHARS = \"abcdefghijklmnopqrstuvwxyz0123456789\"",
                "Password salt should be base64 encoded",
                "msgid \"Repeat Password\"\nmsgstr \"Passwort wiederholen\"\n",
                "msgstr \"\"\n\"einen \"\n\"Namen und ein Passwort festlegen und\"\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(vetoed); i++) {
                Decided d = decide_text(vetoed[i]);

                if (d.n_secrets > 0)
                        fprintf(stderr, "judged a secret: %s\n", vetoed[i]);
                if (d.n_vetoes == 0)
                        fprintf(stderr, "no veto: %s\n", vetoed[i]);
                CHECK_INT(d.n_secrets, 0);
                CHECK(d.n_vetoes > 0);
        }
        check_cuts(vetoed, ELEMENTSOF(vetoed));
}

/* A number of tokens is not a secret; with quotes, more digits or another name, it may be. */
TEST(only_a_number_of_tokens_is_a_count)
{
        static const char *const asked[] = {
                "\"tokens\": \"12345678\"", "tokens: 1234567890",  "token: 12345678",
                "TOKENSECRET=12345678",     "passwords: 12345678", "tokens: 1234567a",
        };

        CHECK_INT(decide_text("tokens: 123456789").n_vetoes, 1);
        check_no_veto(asked, ELEMENTSOF(asked));
}

/* A number is a PIN, and so is what is called one and is long and random. */
TEST(pins_reach_the_model)
{
        static const char *const asked[] = {
                "pin: a7k2",
                "user_pin: walnut42",
                "PIN: K7QX-M2PA",
                "pkcs11-tool --login --pin Walnut4287!",
                "pin: 4711",
                "PIN = \"031-45-154\"",
                "pin=4711#",
                "the pin is 47 11",
                "use kR7dTq2xBz09LmWv as pin",
        };

        check_no_veto(asked, ELEMENTSOF(asked));
}

/* An expression goes on with a string; a value only ends where the string does in which it stands. */
TEST(values_that_end_with_a_sign_reach_the_model)
{
        static const char *const asked[] = {
                "{\"env\": \"API_KEY=q7Rt2+\"}",
                "run('API_KEY=q7Rt2?', x)",
                "sh -c \"echo 'API_KEY=q7Rt2+'\"",
                "if token == q7Rt2||x",
                "<a href=\"/x?token=q7Rt2xB9mK==\"class=\"b\">",
                "print('token=q7Rt2xB9mK,'if x else '')",
        };

        check_no_veto(asked, ELEMENTSOF(asked));
}

/* What stands beside the same signs and words, and may be a secret all the same. */
TEST(values_like_harmless_ones_reach_the_model)
{
        static const char *const asked[] = {
                "token: q7Rt2xB9@15..19k",
                "password=(char_x)q7Rt2xB9",
                "pw q7Rt2xB9.String",
                "urn:x:password:q7Rt2xB9mK",
                "Password string `default:\"q7Rt2xB9\"`",
                "export PASS=q7Rt2xB9;for x in y",
                "PASS=q7#Rt2xB9;if x",
                "secret: CVE-q7Rt2xB9",
                "login: \"bob\" / \"q7Rt2xB9\"",
                "type=password&password=q7Rt2xB9",
                "password\n@q7Rt2xB9\n",
                "password = q7>Rt2xB9",
                "login DB_USER / DB_2xB9#",
                "[\"a\", \"password\", \"q7Rt2xB9mKtoken\", \"b\"]",
                "\"DB_PASSWORD\"\nq7Rt2xB9\n",
                "secret \"K7Rt2.+013+4533\"",
                "mnemonic: \"q7Rt2xB9\"",
                "secret: \"q7Rt2xB9?\"",
                "password: q7Rt2xB9\n  .profile\n",
                "password: q7Rt2xB9mK\n    .string()\n",
                "if token ===\n    q7Rt2xB9",
                "token = \"walnut-garden\"\nregex = \"a\"",
                "{token:\"q7Rt2xB9mK\",regex:/a/}",
                "msgstr \"Passwort q7Rt2xB9\"",
                "\"db_password\"\nq7Rt2xB9\n",
                "/var/lib/containers/0123456789abcdef0123456789abcdef/secrets/db_pw\nq7Rt2xB9\n",
                "put \"secret/db/password\" data=\"q7Rt2xB9\"",
                "login with 'password', then: q7Rt2xB9",
                "\"API_KEY=walnut-garden-tree+\"x",
                "\"API_KEY=q7Rt2xB9mK?+\"x",
                "getPassword(\"walnut-garden-tree\")",
                "password: Walnut<Enter>\n",
                "password: Walnut<Tab> and go",
                "if password==walnut-garden&&x",
                "password\n---q7Rt2xB9",
                "{type: 'password', answer: 'q7Rt2xB9mK'}",
                "<add path=\"conf/password\" value=\"q7Rt2xB9mK\"/>",
                "['secret']\ndb = \"q7Rt2xB9mK\"\n",
                "apiToken=a.apiToken||\"q7Rt2xB9mK\"",
                "q7Rt2xB9mK = example.com-password\n",
                "msgid 3 login, the password is walnutgarten\n",
                "{\"token\":\"walnut-tree\",\"branch_regex\":\"x\"}",
                "the password is weltraumstation",
        };

        check_no_veto(asked, ELEMENTSOF(asked));
        for (size_t i = 0; i < ELEMENTSOF(asked); i++)
                CHECK(decide_text(asked[i]).n_all > 0);
}

/* A long line of signs, as parsers keep their tables in, is no secret; with a token in it, it may be one. */
TEST(tables_of_programs_are_not_secrets)
{
        char text[1024] = "tokenData: \"";
        size_t n = strlen(text);

        while (n < 900) {
                text[n++] = random_char();
                text[n++] = random_char();
                text[n++] = "!$^{}~|&"[(unsigned char) random_char() % 8];
        }
        memcpy(text + n, "\"", 2);
        CHECK_INT(decide_text(text).n_vetoes, 1);
        for (size_t i = 0; i < 40; i++)
                text[500 + i] = random_char();
        CHECK_INT(decide_text(text).n_vetoes, 0);
}

/* What is in a value's place, in code, in commands and in sentences, and is read as none. */
TEST(values_of_other_names_are_not_secrets)
{
        static const char *const harmless[] = {
                "token = response.headers['X-Subject-Token']",
                "const step7 = new sfn.Pass(this);",
                "create-secret --name \"Kexample.org.+013+45330\"",
                "nom.nu\nnom.pw\nnom.qa\n",
                "identified by this list, they are of the vended sessions",
                "f(x.appKey)),wrap('no good for \"OtaaV10xProperty\"')",
                "//if (Math.ceil(Math.log(c[0] + 1) / Math.LN10) == i) {",
                "server-variable-name = 1*( %x00-7A / %x7C / %x7E-10FFFF )",
                "  const accessToken = res.headers.get(\"authorization\")?.split(\" \")[1];\n  if (x) {",
                "\"AlbertForSequenceClassification\", \"AlbertForTokenClassification\", \"AlbertForQuestionAnswering\", \"AlbertForMultipleChoice\"",
                "\"datetime\",\"email\",\"month\",\"password\",\"search\",\"tel\",\"week\",\"me\",\"ne\"",
                "static passThroughHooksRespectAsync=new Set([\"preprocess\",\"postprocess\",\"processAllTokens\"]);",
                "e.key===\"callee\"&&f(e.parent)",
                "[\"path\",{d:\"M8 12h8\",key:\"1wcyev\"}]",
                "identified by m[s] = -1+-4.",
                "the next token is tokenized from",
                "ITALIAN_STOPWORDS = frozenset({\n    'a', 'abbia1', 'abbiamo',",
                "arc=none; spf=pass smtp.mfrom=jqd@d1.example; dkim=pass",
                "server_path() / \"views\" / \"bokeh.ico\"",
                " * @see @node-red/editor-api_auth\n * @memberof node-red\n",
                "a second password that must be memorized",
                "the OAuth `client_secret` vulnerability",
                ":class:`v3.Password`\"\"\"\nV3Token = v3.Token\n",
                "<a href=\"https://faq.example.org/forgotten-password\" target=\"_blank\">",
                "[{ method: 'password', timestamp: 1234567890 }]",
                "# docker login registry.example.com:1337\n$ docker login localhost:8080",
                "var auth = []dns.RR{ test.NS(\"example.org. 1800 IN NS ns.example.net.\") }",
                "apiToken=a.apiToken||b7",
                "API_TOKEN=walnut.",
                "reset_password()\n    return \"q7Rt2xB9mK\"",
                "t(\"not equal\", 'q7Rt2xB9mK', tokens)",
                "BK_BOARD_PINS = {\n    \"wb2l-m1\": {\n        \"SCL\": 20,",
                "italian_stopwords = frozenset({'a', 'abbia', 'abbiamo'})",
                "CONF_DOUT_PIN = \"dout_pin\"\n\nHX711Gain = hx711_ns.enum(\"x\")",
                "GUrjSPwATdGE5hBJeHrhvG5/wATdGE5hBJeHrhv+G5pw\n4YnHHOExFs2xhCi1VWdzexT0gz2Two4YZCw4fL\n",
                "name=\"apikey\"\n\nmy_own_apikey\n------WebKitFormBoundarypYiSUx63abAmhT5C\n",
        };

        for (size_t i = 0; i < ELEMENTSOF(harmless); i++) {
                Decided d = decide_text(harmless[i]);

                if (d.n_secrets > 0)
                        fprintf(stderr, "judged a secret: %s\n", harmless[i]);
                CHECK_INT(d.n_secrets, 0);
        }
        check_cuts(harmless, ELEMENTSOF(harmless));
}

/* The signs of a reference occur in values by chance. */
TEST(random_values_hold_no_references)
{
        static const char specials[] = "!#$%&()*+,-.:;<=>?@[]^_{|}~";
        unsigned n_vetoed = 0;

        for (unsigned k = 0; k < 3000; k++) {
                char text[] = "password = \"................................\"";

                for (size_t i = 12; i < 44; i++)
                        text[i] = i % 3 ? random_char()
                                        : specials[(unsigned char) random_char() * 7 %
                                                   (sizeof(specials) - 1)];
                /* The worst case: it certainly has the sign. */
                memcpy(text + 20, k % 3 == 0 ? "${" : k % 3 == 1 ? "$(" : "{{", 2);
                n_vetoed += decide_text(text).n_vetoes;
        }
        CHECK(n_vetoed < 400);
}

/* Keyword after keyword, each as the name of all the rest: the work stays proportional to the text. */
TEST(hostile_text_is_read_in_time)
{
        static const char *const pieces[] = {
                "password=",
                "password='",
                "token:",
                "key ",
                "password|",
                "secret,",
                "{\"name\":\"token\",",
                "<password ",
                "password\n",
                "auth is ",
                "password=\xE2\x80\x9C",
                "pass\t",
                "user / ",
                "- name: key\n",
                "\\\"token\\\":",
                " -p",
                "x -p y -u ",
                " -u a:",
                "key 1 md5 ",
                "password=\"\" -> \"",
        };
        const size_t size = 400000;

        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                _cleanup_free_ char *text = malloc(size);
                size_t n = strlen(pieces[i]);
                clock_t began = clock();

                REQUIRE(text);
                for (size_t k = 0; k < size; k++)
                        text[k] = pieces[i][k % n];
                (void) read_text(text, size, 0, 0);
                /* Some 40,000 keywords; 50 microseconds each are far above what any of them takes, sanitizers or not. */
                if (clock() - began > 40 * CLOCKS_PER_SEC)
                        fprintf(stderr, "slow: %s\n", pieces[i]);
                CHECK(clock() - began < 40 * CLOCKS_PER_SEC);
                printf("# %s %ld ms\n", pieces[i][0] == '-' ? "-" : "piece",
                       (long) ((clock() - began) * 1000 / CLOCKS_PER_SEC));
        }
}
