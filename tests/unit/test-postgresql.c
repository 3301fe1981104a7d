/* The PostgreSQL backend, as far as it needs no server: values, digests, settings */
#include <string.h>

#include "remote/postgresql/connection-settings.h"
#include "remote/postgresql/postgresql-columns.h"
#include "remote/postgresql/sha256.h"
#include "test.h"

TEST(sha256)
{
        static char many[1000];

        /* FIPS 180-4's own examples, and lengths around a block's end (from sha256sum) */
        CHECK(sha256_begin("abc", 3) == 0xba7816bf8f01cfea);
        CHECK(sha256_begin("", 0) == 0xe3b0c44298fc1c14);
        CHECK(sha256_begin("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56) ==
              0x248d6a61d20638b8);
        memset(many, 'a', sizeof(many));
        CHECK(sha256_begin(many, 55) == 0x9f4390f8d30c2dd9);
        CHECK(sha256_begin(many, 63) == 0x7d3e74a05d7db15b);
        CHECK(sha256_begin(many, 64) == 0xffe054fe7ae0cb6d);
        CHECK(sha256_begin(many, 1000) == 0x41edece42d63e8d9);
}

static PgCell cell_of(PgTable table, const char *name, Value value, StrBuf *scratch)
{
        const PgLayout *l = pg_layout(table);
        Value values[REMOTE_COLUMNS_MAX] = { 0 };
        PgCell cell = { 0 };

        for (size_t i = 0; i < l->n_columns; i++)
                if (strcmp(l->columns[i].name, name) == 0) {
                        values[l->columns[i].from] = value;
                        CHECK(pg_cell(l->columns + i, values, scratch, &cell) == 0);
                }
        return cell;
}

TEST(texts)
{
        static const struct {
                const char *text;
                size_t size;
                const char *expected;
        } cases[] = {
                { "plain", 5, "plain" },
                { "a\0b", 3,
                  "a\xef\xbf\xbd"
                  "b" },
                { "\0", 1, "\xef\xbf\xbd" },
                { "\xff", 1, "\xef\xbf\xbd" },
                { "a\xc3", 2, "a\xef\xbf\xbd" },
                { "\xc3\xa4\xe2\x82\xac", 5, "\xc3\xa4\xe2\x82\xac" },
                { "\xed\xa0\x80z", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strbuf_done) StrBuf scratch = { 0 };
                PgCell cell = cell_of(PG_MESSAGES, "content",
                                      value_text(cases[i].text, cases[i].size), &scratch);

                CHECK(cell.size == strlen(cases[i].expected) &&
                      memcmp(cell.text, cases[i].expected, cell.size) == 0);
        }
}

TEST(long_text_is_cut_between_characters)
{
        _cleanup_(strbuf_done) StrBuf scratch = { 0 }, text = { 0 };
        PgCell cell;

        for (int i = 0; i < 3000; i++)
                (void) strbuf_puts(&text, "\xe2\x82\xac");
        cell = cell_of(PG_SESSIONS, "cwd", value_text(text.data, text.size), &scratch);
        CHECK(cell.size % 3 == 0 && cell.size <= 2003);
        CHECK(memcmp(cell.text + cell.size - 3, "…", 3) == 0);
        cell = cell_of(PG_MESSAGES, "content", value_text(text.data, text.size), &scratch);
        CHECK(cell.size == text.size && cell.text == text.data);
}

TEST(numbers)
{
        _cleanup_(strbuf_done) StrBuf scratch = { 0 };

        CHECK(cell_of(PG_MESSAGES, "content_length", value_integer(INT64_MAX), &scratch).number ==
              INT32_MAX);
        CHECK(cell_of(PG_MESSAGES, "content_length", value_integer(-1), &scratch).number == 0);
        CHECK(cell_of(PG_CALLS, "result_content_length", (Value){ 0 }, &scratch).is_null);
        CHECK(!cell_of(PG_MESSAGES, "content_length", (Value){ 0 }, &scratch).is_null);
        CHECK(cell_of(PG_MESSAGES, "has_thinking", value_integer(7), &scratch).number == 1);
        CHECK(cell_of(PG_SESSIONS, "started_at", value_text("", 0), &scratch).is_null);
        CHECK(cell_of(PG_SESSIONS, "started_at", value_text("2026-01-01T00:00:00Z", 20), &scratch)
                              .number == 1767225600000000);
        CHECK(!cell_of(PG_STARS, "created_at", value_text("never", 5), &scratch).is_null);
}

TEST(rows_that_do_not_fit)
{
        Value values[REMOTE_COLUMNS_MAX] = { [0] = value_text("s", 1) };

        values[MESSAGE_ORDINAL] = value_integer(0);
        CHECK(pg_row_fits(REMOTE_MESSAGES, values));
        values[MESSAGE_ORDINAL] = value_integer(-1);
        CHECK(!pg_row_fits(REMOTE_MESSAGES, values));
        values[MESSAGE_ORDINAL] = value_integer((int64_t) INT32_MAX + 1);
        CHECK(!pg_row_fits(REMOTE_MESSAGES, values));
        CHECK(pg_row_fits(REMOTE_SESSIONS, values));
        values[0] = value_text("s\0t", 3);
        CHECK(!pg_row_fits(REMOTE_SESSIONS, values));
        values[0] = value_text("", 0);
        CHECK(!pg_row_fits(REMOTE_SESSIONS, values));
}

TEST(columns_are_those_of_the_model)
{
        for (PgTable t = 0; t < N_PG_TABLES; t++) {
                const PgLayout *l = pg_layout(t);

                CHECK(l->n_columns <= PG_COLUMNS_MAX);
                CHECK(pg_table_of(l->table) == t);
                for (size_t i = 0; i < l->n_columns; i++) {
                        CHECK((size_t) l->columns[i].from < remote_table(l->table)->n_columns);
                        for (size_t j = 0; j < i; j++)
                                CHECK(strcmp(l->columns[i].name, l->columns[j].name) != 0);
                }
        }
        CHECK(pg_table_of(REMOTE_LINKS) == N_PG_TABLES);
}

TEST(settings)
{
        static const struct {
                const char *url, *place, *ssl_mode; /* NULL: it is refused */
                bool is_told;
        } cases[] = {
                { "postgresql://u@h/d", "h:5432", "verify-full", false },
                { "postgres://u@h:99/d", "h:99", "verify-full", false },
                { "postgresql://u@h/d?sslmode=disable", "h:5432", "disable", true },
                { "postgresql://u@h/d?sslmode=require", "h:5432", "require", true },
                { "postgresql://u@h/d?sslmode=verify-ca", "h:5432", "verify-ca", false },
                { "postgresql://u@localhost/d", "localhost:5432", "prefer", false },
                { "postgresql://u@127.0.0.1/d", "127.0.0.1:5432", "prefer", false },
                { "postgresql://u@/d?host=/run/postgresql", "the socket in /run/postgresql",
                  "prefer", false },
                { "postgresql:///d", "the socket in the usual folder", "prefer", false },
                { "postgresql://u@h/d?colour=blue", NULL, NULL, false },
                { "postgresqls://u@h/d", NULL, NULL, false },
                { "postgresql://u:%zz@h/d", NULL, NULL, false },
        };

        CHECK(pq_load(NULL) == 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                RemoteOptions options = { .name = "team", .url = cases[i].url };
                _cleanup_free_ char *error = NULL;
                ConnectionSettings s;
                int r = connection_settings_take(&s, &options, &error);

                CHECK((r >= 0) == (cases[i].place != NULL));
                if (r >= 0) {
                        CHECK_STR(s.place, cases[i].place);
                        CHECK_STR(s.ssl_mode, cases[i].ssl_mode);
                        CHECK((s.caution != NULL) == cases[i].is_told);
                } else {
                        CHECK(error && !strstr(error, "%zz"));
                }
                connection_settings_done(&s);
        }
}
