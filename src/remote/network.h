/*
 * Whether there is a network at all
 */
#pragma once

#include <stdbool.h>

/* Is it the service's sandbox, which knows no network unless a person opens it? */
bool network_is_shut_off(void);
