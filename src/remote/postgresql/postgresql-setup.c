/* PostgreSQL: what an administrator runs before the first delivery */
#include <string.h>

#include "base/file-util.h"
#include "config.h"
#include "remote/postgresql/postgresql-internal.h"

#define SETUP_MAX   ((size_t) 1024 * 1024)
#define SCHEMA_MARK "@SCHEMA@"

/* Appends 'text', or "text". */
static int quote(StrBuf *b, char mark, const char *text)
{
        (void) strbuf_putc(b, mark);
        for (; *text; text++) {
                if (*text == mark)
                        (void) strbuf_putc(b, mark);
                (void) strbuf_putc(b, *text);
        }
        return strbuf_putc(b, mark);
}

/* The file's text has the schema's name within quotes of both kinds, and in texts within texts. */
static bool is_plain(const char *schema)
{
        return strspn(schema, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(schema) &&
               strlen(schema) < 50;
}

static int add_text(StrBuf *b, const char *text, const char *schema)
{
        const char *mark;

        for (; (mark = strstr(text, SCHEMA_MARK)); text = mark + strlen(SCHEMA_MARK)) {
                (void) strbuf_append(b, text, (size_t) (mark - text));
                (void) strbuf_puts(b, schema);
        }
        return strbuf_puts(b, text);
}

/* Who delivers. Its password is for whoever runs this to set. */
static int add_login(StrBuf *b, const char *user, const char *schema)
{
        (void) strbuf_puts(
                        b,
                        "\n-- who delivers; set a password: \\password USER\nDO $setup$\nBEGIN\n    IF NOT EXISTS (SELECT FROM "
                        "pg_roles WHERE rolname = ");
        (void) quote(b, '\'', user);
        (void) strbuf_puts(b, ") THEN\n        CREATE ROLE ");
        (void) quote(b, '"', user);
        (void) strbuf_puts(b, " LOGIN;\n    END IF;\nEND\n$setup$;\nGRANT ");
        (void) strbuf_printf(b, "\"%s_writer\" TO ", schema);
        (void) quote(b, '"', user);
        return strbuf_puts(b, ";\n");
}

int postgresql_setup(Remote *remote, StrBuf *ret)
{
        PostgreSql *p = postgresql_begin(remote);
        const char *schema = p->options->schema ?: PG_DEFAULT_SCHEMA;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        if (!is_plain(schema))
                return postgresql_fail(
                                p, -EINVAL,
                                "The name of the schema ('%.100s') has to be of small letters, digits and _.",
                                schema);
        r = file_read(SCRUBJAY_POSTGRESQL_SETUP, SETUP_MAX, &text, &size);
        if (r < 0)
                return postgresql_fail(p, r,
                                       "The file '" SCRUBJAY_POSTGRESQL_SETUP
                                       "' cannot be read: %s.",
                                       strerror(-r));
        (void) add_text(ret, text, schema);
        if (strcmp(p->settings.user, "?") == 0 || strstr(p->settings.user, "$setup$"))
                return ret->failed ? postgresql_no_memory(p) : 0;
        return add_login(ret, p->settings.user, schema) < 0 ? postgresql_no_memory(p) : 0;
}
