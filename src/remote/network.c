/* Whether there is a network at all */
#include "remote/network.h"

#include <sys/socket.h>

#include "base/cleanup.h"

bool network_is_shut_off(void)
{
        _cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        return fd < 0 && (errno == EAFNOSUPPORT || errno == EPERM || errno == EACCES);
}
