/* PostgreSQL: what an administrator runs before the first delivery */
#include <string.h>

#include "base/file-util.h"
#include "config.h"
#include "remote/postgresql/postgresql-internal.h"

#define SETUP_MAX ((size_t) 1024 * 1024)

/* PostgreSQL truncates longer names. */
#define NAME_MAX_BYTES 63

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

/* The file uses the names within quotes of both kinds, and in nested texts, so none may need escaping. */
static bool is_plain(const char *name)
{
        return *name && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* A placeholder in the file, and what replaces it. */
typedef struct Name {
        const char *mark, *name;
} Name;

static const Name *name_at(const Name *names, const char *text)
{
        while (names->mark && strncmp(text, names->mark, strlen(names->mark)) != 0)
                names++;
        return names->mark ? names : NULL;
}

static int add_text(StrBuf *b, const char *text, const Name *names)
{
        int r = 0;

        while (r >= 0 && *text) {
                size_t n = strcspn(text + 1, "@") + 1;
                const Name *name = name_at(names, text);

                if (name)
                        r = strbuf_puts(b, name->name);
                else
                        r = strbuf_append(b, text, n);
                text += name ? strlen(name->mark) : n;
        }
        return r;
}

/* The role that delivers. Whoever runs this sets its password. */
static int add_login(StrBuf *b, const char *user, const char *roles)
{
        (void) strbuf_puts(b, "\n-- the role that delivers; set its password: \\password USER\n"
                              "DO $setup$\nBEGIN\n    IF NOT EXISTS (SELECT FROM "
                              "pg_roles WHERE rolname = ");
        (void) quote(b, '\'', user);
        (void) strbuf_puts(b, ") THEN\n        CREATE ROLE ");
        (void) quote(b, '"', user);
        (void) strbuf_puts(b, " LOGIN;\n    END IF;\nEND\n$setup$;\nGRANT ");
        (void) strbuf_printf(b, "\"%s_writer\" TO ", roles);
        (void) quote(b, '"', user);
        return strbuf_puts(b, ";\n");
}

int postgresql_setup(Remote *remote, StrBuf *ret)
{
        PostgreSql *p = postgresql_begin(remote);
        const char *schema = p->options->schema ?: PG_DEFAULT_SCHEMA;
        const char *database = p->settings.database;
        _cleanup_free_ char *text = NULL, *roles = xasprintf("%s_%s", database, schema);
        const Name names[] = { { "@SCHEMA@", schema },
                               { "@DATABASE@", database },
                               { "@ROLES@", roles },
                               { NULL, NULL } };
        size_t size;
        int r;

        if (!is_plain(database) || !is_plain(schema))
                return postgresql_fail(
                                p, -EINVAL,
                                "The name of the %s ('%.100s') may contain only lower case letters, digits "
                                "and _, since names of roles are made from it.",
                                is_plain(database) ? "schema" : "database",
                                is_plain(database) ? schema : database);
        if (strlen(roles) + strlen("_writer") > NAME_MAX_BYTES)
                return postgresql_fail(
                                p, -EINVAL,
                                "The names of database and schema ('%.100s', '%.100s') are too long "
                                "for the names of roles, which are made from them.",
                                database, schema);
        r = file_read(SCRUBJAY_POSTGRESQL_SETUP, SETUP_MAX, &text, &size);
        if (r < 0)
                return postgresql_fail(p, r, "The file '%s' cannot be read: %s.",
                                       SCRUBJAY_POSTGRESQL_SETUP, strerror(-r));
        (void) add_text(ret, text, names);
        if (strcmp(p->settings.user, "?") == 0 || strstr(p->settings.user, "$setup$"))
                return ret->failed ? postgresql_no_memory(p) : 0;
        return add_login(ret, p->settings.user, roles) < 0 ? postgresql_no_memory(p) : 0;
}
