/*
 * How long Status takes to answer, compared with a call that does nothing
 *
 * Calls Status and org.freedesktop.DBus.Peer.Ping by turns for a number of milliseconds, on one connection as a client does,
 * and prints a line for each: "NAME CALLS P50 P99 MAX" (times in microseconds).
 */
#include <inttypes.h>
#include <systemd/sd-bus.h>

#include "base/time-util.h"

#define CALLS_MAX 100000

static const struct Call {
        const char *interface, *member;
} calls[] = {
        { "org.scrubjay.Sync1", "Status" },
        { "org.freedesktop.DBus.Peer", "Ping" },
};

static uint64_t times[ELEMENTSOF(calls)][CALLS_MAX];

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
        uint64_t end = now_usec(CLOCK_MONOTONIC);
        sd_bus *bus = NULL;
        size_t n = 0;

        if (argc != 2 || sd_bus_open_user(&bus) < 0)
                return 2;
        end += strtoull(argv[1], NULL, 10) * USEC_PER_MSEC;
        for (; n < CALLS_MAX && now_usec(CLOCK_MONOTONIC) < end; n++)
                for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                        uint64_t began = now_usec(CLOCK_MONOTONIC);

                        if (sd_bus_call_method(bus, "org.scrubjay.Sync1", "/org/scrubjay/Sync1",
                                               calls[i].interface, calls[i].member, NULL, NULL,
                                               NULL) < 0)
                                return 1;
                        times[i][n] = now_usec(CLOCK_MONOTONIC) - began;
                }
        if (n == 0)
                return 1;
        for (size_t i = 0; i < ELEMENTSOF(calls); i++) {
                qsort(times[i], n, sizeof(times[i][0]), compare);
                printf("%s %zu %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", calls[i].member, n,
                       times[i][n / 2], times[i][n * 99 / 100], times[i][n - 1]);
        }
        sd_bus_flush_close_unref(bus);
        return 0;
}
