/*
 * Runs a command that cannot create user namespaces, or gains nothing from them, as on distributions that restrict them
 *
 * no-user-namespaces COMMAND...: creating one is refused. no-user-namespaces --powerless COMMAND...: they are created, but
 * capabilities have no effect in them, as with AppArmor on Ubuntu since 24.04: no other namespace, no mount, no smaller
 * bounding set.
 *
 * It uses a filter of system calls, which everything that it starts inherits. The limits in /proc/sys/user would apply to the
 * whole machine.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action)   BPF_STMT(BPF_RET | BPF_K, action)
#define IF_IS(value, n)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n)
#define IF_HAS(flags, n) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flags, 0, n)
#define OTHER_NAMESPACES \
        (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP)

/* The C library then uses clone(), whose flags can be checked. */
#define NO_CLONE3 IF_IS(SYS_clone3, 1), ANSWER(SECCOMP_RET_ERRNO | ENOSYS)
/* Each checks one call: the second number is how many statements its body has. */
#define REFUSE(call) IF_IS(call, 1), ANSWER(SECCOMP_RET_ERRNO | EPERM)
#define REFUSE_FLAGS(call, flags)                                                           \
        IF_IS(call, 4), LOAD(args[0]), IF_HAS(flags, 1), ANSWER(SECCOMP_RET_ERRNO | EPERM), \
                        ANSWER(SECCOMP_RET_ALLOW)
#define REFUSE_FIRST(call, value)                                                          \
        IF_IS(call, 4), LOAD(args[0]), IF_IS(value, 1), ANSWER(SECCOMP_RET_ERRNO | EPERM), \
                        ANSWER(SECCOMP_RET_ALLOW)

static struct sock_filter refused[] = {
        LOAD(nr),
        NO_CLONE3,
        REFUSE_FLAGS(SYS_clone, CLONE_NEWUSER),
        REFUSE_FLAGS(SYS_unshare, CLONE_NEWUSER),
        ANSWER(SECCOMP_RET_ALLOW),
};

static struct sock_filter powerless[] = {
        LOAD(nr),
        NO_CLONE3,
        REFUSE_FLAGS(SYS_clone, OTHER_NAMESPACES),
        REFUSE_FLAGS(SYS_unshare, OTHER_NAMESPACES),
        REFUSE(SYS_mount),
        REFUSE(SYS_move_mount),
        REFUSE(SYS_pivot_root),
        REFUSE_FIRST(SYS_prctl, PR_CAPBSET_DROP),
        ANSWER(SECCOMP_RET_ALLOW),
};

int main(int argc, char **argv)
{
        struct sock_fprog program = { .len = sizeof(refused) / sizeof(*refused),
                                      .filter = refused };

        if (argc > 1 && strcmp(argv[1], "--powerless") == 0) {
                program = (struct sock_fprog){ .len = sizeof(powerless) / sizeof(*powerless),
                                               .filter = powerless };
                argv++;
                argc--;
        }
        if (argc < 2) {
                fprintf(stderr, "usage: no-user-namespaces [--powerless] COMMAND [ARG...]\n");
                return 2;
        }
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
                perror("no-user-namespaces: seccomp");
                return 1;
        }
        (void) execvp(argv[1], argv + 1);
        perror(argv[1]);
        return 1;
}
