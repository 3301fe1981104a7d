/* One delivery of an archive: bench-deliver ARCHIVE URL PASSWORD-FILE; prints a line of JSON */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/time-util.h"
#include "remote/courier.h"

int main(int argc, char *argv[])
{
        CourierResult result;
        struct rusage usage;
        uint64_t began, elapsed;

        if (argc != 4) {
                fprintf(stderr, "usage: bench-deliver ARCHIVE URL PASSWORD-FILE\n");
                return 2;
        }
        began = now_usec(CLOCK_MONOTONIC);
        courier_deliver_once(&(RemoteOptions){ .name = "bench",
                                               .url = argv[2],
                                               .archive_path = argv[1],
                                               .password_file = argv[3] },
                             NULL, NULL, &result);
        elapsed = now_usec(CLOCK_MONOTONIC) - began;
        (void) getrusage(RUSAGE_SELF, &usage);
        printf("{\"rows\": %" PRIu64 ", \"elapsed_usec\": %" PRIu64 ", \"cpu_usec\": %" PRIu64
               ", \"max_rss_kb\": %ld, \"error\": \"%s\"}\n",
               result.rows_sent, elapsed, now_usec(CLOCK_PROCESS_CPUTIME_ID), usage.ru_maxrss,
               result.error ? result.error : "");
        courier_result_done(&result);
        return result.error ? 1 : 0;
}
