/*
 * How long Status takes to answer
 *
 * Calls it again and again for so many milliseconds and prints "CALLS P50 P99 MAX" (times in microseconds) on one
 * connection, as a client sees it.
 */
#include <inttypes.h>
#include <systemd/sd-bus.h>

#include "base/time-util.h"

#define CALLS_MAX 200000

static int compare(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
        static uint64_t times[CALLS_MAX];
        uint64_t end = now_usec(CLOCK_MONOTONIC);
        sd_bus *bus = NULL;
        size_t n = 0;

        if (argc != 2 || sd_bus_open_user(&bus) < 0)
                return 2;
        end += strtoull(argv[1], NULL, 10) * USEC_PER_MSEC;
        while (n < CALLS_MAX && now_usec(CLOCK_MONOTONIC) < end) {
                uint64_t began = now_usec(CLOCK_MONOTONIC);
                int r = sd_bus_call_method(bus, "org.scrubjay.Sync1", "/org/scrubjay/Sync1",
                                           "org.scrubjay.Sync1", "Status", NULL, NULL, NULL);

                if (r < 0)
                        return 1;
                times[n++] = now_usec(CLOCK_MONOTONIC) - began;
                (void) usleep(500);
        }
        sd_bus_flush_close_unref(bus);
        if (n == 0)
                return 1;
        qsort(times, n, sizeof(*times), compare);
        printf("%zu %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", n, times[n / 2], times[n * 99 / 100],
               times[n - 1]);
        return 0;
}
