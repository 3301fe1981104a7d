/* Makes an empty archive with the real schema, for the tests of scrubjayctl: archive-schema PATH */
#include "archive/archive.h"
#include "base/cleanup.h"

int main(int argc, char *argv[])
{
        _cleanup_(archive_closep) Archive *a = NULL;
        _cleanup_free_ char *error = NULL;

        if (argc != 2 || archive_open(argv[1], &a, &error) < 0) {
                fprintf(stderr, "%s\n", error ?: "usage: archive-schema PATH");
                return 1;
        }
        return 0;
}
