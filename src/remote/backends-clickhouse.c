/* The backends that are compiled in: ClickHouse */
#include "remote/backends.h"

const RemoteBackend *const remote_backends[] = { &clickhouse_backend, NULL };
