/*
 * Time: microseconds inside, whatever people write outside
 */
#pragma once

#include <stdint.h>
#include <time.h>

#include "base/strbuf.h"

#define USEC_PER_MSEC ((uint64_t) 1000)
#define USEC_PER_SEC  ((uint64_t) 1000000)
#define USEC_PER_MIN  (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MIN)
#define USEC_PER_DAY  (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

/* Microseconds on @clock: CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_THREAD_CPUTIME_ID ... */
uint64_t now_usec(clockid_t clock);

/*
 * Parses a time span as systemd.time(7) writes it: "500ms", "5min", "1h 30min", "2.5s", "infinity"; a bare number is
 * seconds. Returns 0, -EINVAL (not a span) or -ERANGE (does not fit).
 */
int parse_time_span(const char *s, uint64_t *ret_usec);

/* Appends @usec as people and parse_time_span() read it: "5min", "1h 30min", "500ms", "infinity". */
void format_time_span(StrBuf *b, uint64_t usec);

/* Size of "2026-01-02T03:04:05.678Z" with its NUL. */
#define TIMESTAMP_MAX 32

/* Writes @usec (since the epoch) as ISO 8601 UTC in milliseconds, the way agentsview writes times. Returns @buffer. */
const char *format_timestamp(char buffer[static TIMESTAMP_MAX], uint64_t usec);

/*
 * Parses such a time, with or without fraction; "Z" or an offset like +02:00 at its end. Returns 0 or -EINVAL; times
 * before 1970 are -EINVAL too.
 */
int parse_timestamp(const char *s, uint64_t *ret_usec);
