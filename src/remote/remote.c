/* Remote: its tables, and which backend a URL means */
#include "remote/remote.h"

#include <string.h>

#include "remote/backends.h"

const Table *remote_table(RemoteTable table)
{
        static const Table *const tables[N_REMOTE_TABLES] = {
                [REMOTE_SESSIONS] = &session_table,  [REMOTE_MESSAGES] = &message_table,
                [REMOTE_CALLS] = &call_table,        [REMOTE_LINKS] = &link_table,
                [REMOTE_STARS] = &star_table,        [REMOTE_PINS] = &pin_table,
                [REMOTE_DELETES] = &tombstone_table,
        };

        return tables[table];
}

int remote_backend_find(const char *url, const RemoteBackend **ret, char **reterr)
{
        for (size_t i = 0; remote_backends[i]; i++) {
                size_t n = strlen(remote_backends[i]->scheme);

                if (strncmp(url, remote_backends[i]->scheme, n) == 0) {
                        *ret = remote_backends[i];
                        return 0;
                }
        }
        if (strncmp(url, "clickhouse+", strlen("clickhouse+")) == 0)
                format_error(reterr,
                             "This scrubjay was built without ClickHouse remotes (libcurl).");
        else if (strncmp(url, "postgres", strlen("postgres")) == 0)
                format_error(reterr, "This scrubjay was built without PostgreSQL remotes (libpq).");
        else
                format_error(reterr, "Its URL names no kind of remote that scrubjay knows "
                                     "(clickhouse+https://, clickhouse+http://, postgresql://).");
        return -EPROTONOSUPPORT;
}
