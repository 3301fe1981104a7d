/*
 * The backends that are compiled in
 */
#pragma once

#include "remote/remote.h"

/* NULL-terminated. */
extern const RemoteBackend *const remote_backends[];
