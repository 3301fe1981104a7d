/*
 * Fuzz: a file of KnownFiles=
 *
 * Any bytes give values or an error, and the work is bounded by the file's size: no value is looked at more than a few times.
 */
#include "fuzz.h"
#include "mask/known-parse.h"

static int on_field(void *userdata, const KnownField *f)
{
        size_t *n_bytes = userdata;

        MUST(f->value);
        for (size_t i = 0; i < f->size; i++)
                *n_bytes += f->value[i] != 0 || f->certain || true;
        return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char *const paths[] = { "/x/.env", "/x/.netrc", "/x/.pgpass",
                                             "/x/.kube/config", "/x/config.json" };
        _cleanup_free_ char *text = NULL;
        size_t n_bytes = 0;
        int r;

        if (size < 1 || size > 65536)
                return 0;
        text = malloc(size); /* separately allocated, so that a read beyond the end is noticed */
        MUST(text);
        memcpy(text, data + 1, size - 1);
        text[size - 1] = 0;
        r = known_parse(paths[data[0] % ELEMENTSOF(paths)], text, size - 1, on_field, &n_bytes);
        MUST(r == 0 || r == -EBADMSG);
        MUST(n_bytes <= 64 * size);
        return 0;
}
