/*
 * Whether there is a network at all
 */
#pragma once

#include <stdbool.h>

/* Are we in the service's sandbox, which has no network unless a person opens it? */
bool network_is_shut_off(void);
