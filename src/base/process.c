/* This process: what its memory holds stays in it */
#include "base/process.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void process_keep_private(void)
{
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void) setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
#ifdef M_PERTURB
        /* Freed memory is filled with this byte, SQLite's and PCRE2's as well as ours: 2 % of a first sync's CPU. */
        (void) mallopt(M_PERTURB, 0xa5);
#endif
}
