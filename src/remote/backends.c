/* The backends that are compiled in */
#include "remote/backends.h"

#include "config.h"

const RemoteBackend *const remote_backends[] = { REMOTE_BACKENDS NULL };
