/* Runs a fuzz target on the kept corpus, without a fuzzer: each file once, and each cut off and with a byte changed */
#include <dirent.h>

#include "base/file-util.h"
#include "fuzz.h"

#define FILE_MAX_BYTES 65536

static void run_variants(uint8_t *data, size_t size)
{
        (void) LLVMFuzzerTestOneInput(data, size);
        for (size_t i = 1; i <= 16; i++) {
                size_t at = size * i / 17;
                uint8_t kept;

                if (size == 0)
                        return;
                (void) LLVMFuzzerTestOneInput(data, at);
                kept = data[at];
                data[at] ^= (uint8_t) (1U << i % 8);
                (void) LLVMFuzzerTestOneInput(data, size);
                data[at] = kept;
        }
}

static void run_file(const char *path)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        if (file_read(path, FILE_MAX_BYTES, &text, &size) < 0)
                return;
        run_variants((uint8_t *) text, size);
}

int main(int argc, char *argv[])
{
        size_t n = 0;

        for (int i = 1; i < argc; i++) {
                DIR *folder = opendir(argv[i]);
                struct dirent *entry;

                MUST(folder);
                while ((entry = readdir(folder))) {
                        _cleanup_free_ char *path = path_join(argv[i], entry->d_name);

                        if (entry->d_name[0] == '.')
                                continue;
                        run_file(path);
                        n++;
                }
                (void) closedir(folder);
        }
        printf("%zu files\n", n);
        return n > 0 ? 0 : 1;
}
