/*
 * Sandbox: which of the service's protections are in effect, seen from outside
 *
 * What the unit asks for is not what it gets: without user namespaces most of it is not there. So the process itself is
 * looked at.
 */
#pragma once

#include <sys/types.h>

/* Protections; the ones that are not in effect are what sandbox_missing() answers. */
enum {
        SANDBOX_FILES = 1 << 0,        /* its own view of the file system */
        SANDBOX_NETWORK = 1 << 1,      /* its own network namespace */
        SANDBOX_CAPABILITIES = 1 << 2, /* nothing it starts can get any */
        SANDBOX_SYSTEM_CALLS = 1 << 3, /* filtered, sockets too, and no new privileges */
        SANDBOX_ALL = (1 << 4) - 1,
};

/* Which of them process @pid lacks; 0: none. A negative errno if this cannot be seen. */
int sandbox_missing(pid_t pid);

/* Why the service manager could not make the sandbox, as choose-sandbox (units/) wrote it down. */
typedef enum SandboxRefusal {
        SANDBOX_NOT_REFUSED,
        SANDBOX_REFUSED_BY_MACHINE, /* it forbids user namespaces */
        SANDBOX_REFUSED_BY_MISTAKE, /* it allows them: something is set up wrongly */
} SandboxRefusal;

/* @runtime_folder: XDG_RUNTIME_DIR. *@ret is the reason (NULL: none); the caller owns it. */
SandboxRefusal sandbox_refusal(const char *runtime_folder, char **ret);

/* What to do so that the manager can make them: a command, or a sentence; static. */
const char *sandbox_advice(void);
