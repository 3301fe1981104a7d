/*
 * A moment as people name it
 */
#pragma once

#include <stdint.h>

/*
 * "today", "yesterday", "2026-11-23", "2026-11-23 14:30" (local time), an ISO time with zone,
 * or a span ago: "3d", "2 weeks". Microseconds since the epoch; @now says what "now" is. Returns 0 or -EINVAL.
 */
int parse_moment(const char *s, uint64_t now, uint64_t *ret_usec);
