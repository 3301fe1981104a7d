/*
 * Runs a command that cannot make user namespaces, as on distributions that forbid them to users
 *
 * A filter of system calls that is inherited by everything it starts. The limits of /proc/sys/user would be those of
 * the whole machine.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(action) BPF_STMT(BPF_RET | BPF_K, action)

int main(int argc, char **argv)
{
        struct sock_filter filter[] = {
                LOAD(nr),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
                ANSWER(SECCOMP_RET_ERRNO |
                       ENOSYS), /* its flags cannot be seen; libraries take clone() then */
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
                LOAD(args[0]),
                BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
                ANSWER(SECCOMP_RET_ERRNO | EPERM),
                ANSWER(SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };

        if (argc < 2) {
                fprintf(stderr, "usage: no-user-namespaces COMMAND [ARG...]\n");
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
