/* Mailbox: a thread, and what it shares with its owner */
#include "base/mailbox.h"

#include <signal.h>
#include <sys/eventfd.h>

int mailbox_init(Mailbox *m)
{
        pthread_condattr_t attributes;

        *m = (Mailbox){ .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
        (void) pthread_mutex_init(&m->mutex, NULL);
        (void) pthread_condattr_init(&attributes);
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&m->wanted, &attributes);
        (void) pthread_condattr_destroy(&attributes);
        return m->event_fd < 0 ? -errno : 0;
}

int mailbox_start(Mailbox *m, const char *name, void *(*func)(void *userdata), void *userdata)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&m->thread, NULL, func, userdata);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        m->has_thread = true;
        (void) pthread_setname_np(m->thread, name);
        return 0;
}

void mailbox_done(Mailbox *m)
{
        if (m->has_thread)
                (void) pthread_join(m->thread, NULL);
        (void) pthread_cond_destroy(&m->wanted);
        (void) pthread_mutex_destroy(&m->mutex);
        m->event_fd = fd_close(m->event_fd);
        m->has_thread = false;
}

void mailbox_lock(Mailbox *m)
{
        (void) pthread_mutex_lock(&m->mutex);
}

void mailbox_unlock(Mailbox *m)
{
        (void) pthread_mutex_unlock(&m->mutex);
}

void mailbox_wait(Mailbox *m, uint64_t until_usec)
{
        const struct timespec until = { .tv_sec = (time_t) (until_usec / USEC_PER_SEC),
                                        .tv_nsec = (long) (until_usec % USEC_PER_SEC * 1000) };

        if (until_usec == USEC_INFINITY)
                (void) pthread_cond_wait(&m->wanted, &m->mutex);
        else
                (void) pthread_cond_timedwait(&m->wanted, &m->mutex, &until);
}

void mailbox_wake(Mailbox *m)
{
        (void) pthread_cond_signal(&m->wanted);
}

void mailbox_tell(Mailbox *m)
{
        static const uint64_t one = 1;

        if (m->told)
                return;
        m->told = true;
        /* cannot fail: the counter is far from its limit */
        (void) !write(m->event_fd, &one, sizeof(one));
}

void mailbox_take(Mailbox *m)
{
        uint64_t count;

        (void) !read(m->event_fd, &count, sizeof(count));
        m->told = false;
}
