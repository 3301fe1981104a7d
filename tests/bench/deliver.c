/* One delivery of an archive: bench-deliver ARCHIVE URL PASSWORD-FILE; prints a line of JSON */
#include <inttypes.h>
#include <stdio.h>

#include "remote/delivery.h"

int main(int argc, char *argv[])
{
        _cleanup_(delivery_freep) Delivery *delivery = NULL;
        _cleanup_free_ char *error = NULL;
        int r;

        if (argc != 4) {
                fprintf(stderr, "usage: bench-deliver ARCHIVE URL PASSWORD-FILE\n");
                return 2;
        }
        r = delivery_new(&(RemoteOptions){ .name = "bench",
                                           .url = argv[2],
                                           .archive_path = argv[1],
                                           .password_file = argv[3] },
                         NULL, NULL, &delivery, &error);
        if (r >= 0)
                r = delivery_run(delivery);
        if (r < 0) {
                fprintf(stderr, "%s\n", error ?: delivery_reason(delivery));
                return 1;
        }
        printf("{\"rows\": %" PRIu64 "}\n", delivery_progress(delivery)->rows_sent);
        return 0;
}
