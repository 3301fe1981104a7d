/* The backends that are compiled in: none */
#include "remote/backends.h"

const RemoteBackend *const remote_backends[] = { NULL };
