/* Courier: the thread that keeps one remote up to date */
#include "remote/courier.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "archive/feed.h"
#include "base/time-util.h"
#include "remote/backoff.h"
#include "remote/delivery.h"
#include "remote/ledger.h"

struct Courier {
        Delivery *delivery; /* the thread's, but for delivery_stop() */
        pthread_t thread;
        bool has_thread;
        int event_fd;
        Backoff backoff;   /* the thread's */
        uint64_t due_usec; /* CLOCK_REALTIME, when there is something to do by itself; the thread's */

        pthread_mutex_t mutex; /* guards all below */
        pthread_cond_t wanted;
        bool poked, ending;
        bool told; /* the eventfd is set, and nothing was taken since */
        uint64_t asked, rows_before;
        int failing_for; /* the errno of the outage */
        char *warned_of; /* what the last run warned of; status.warning keeps it for whoever did not look yet */
        CourierStatus status;
};

void courier_status_done(CourierStatus *s)
{
        free(s->last_error);
        free(s->warning);
        *s = (CourierStatus){ 0 };
}

/* Under the mutex: wakes the owner, once for all that it has not taken yet. */
static void tell(Courier *c)
{
        static const uint64_t one = 1;

        if (c->told)
                return;
        c->told = true;
        /* cannot fail: the counter is far from its limit */
        (void) !write(c->event_fd, &one, sizeof(one));
}

static void on_progress(void *userdata, const DeliveryProgress *progress)
{
        Courier *c = userdata;

        pthread_mutex_lock(&c->mutex);
        c->status.n_behind = progress->n_behind;
        c->status.last_delivery_usec = progress->last_delivery_usec;
        c->status.rows_sent = c->rows_before + progress->rows_sent;
        tell(c);
        pthread_mutex_unlock(&c->mutex);
}

static uint64_t random_number(void)
{
        uint64_t number = 0;

        /* without one the wait has no jitter, no more */
        (void) !getrandom(&number, sizeof(number), GRND_NONBLOCK);
        return number;
}

static void set_text(char **text, const char *value)
{
        free(*text);
        *text = xstrdup(value);
}

/* Under the mutex: what a run came to. Returns true where an outage began that is to be told. */
static bool take_failure(Courier *c, int error)
{
        bool is_news = !c->status.failing ||
                       backoff_is_slow(error) != backoff_is_slow(c->failing_for);

        c->status.failing = true;
        c->failing_for = error;
        c->status.n_outages += is_news;
        set_text(&c->status.last_error, delivery_reason(c->delivery));
        return is_news;
}

static void take_success(Courier *c)
{
        const char *warning = delivery_warning(c->delivery) ?: delivery_caution(c->delivery) ?: "";

        c->status.failing = false;
        if (*warning && (!c->warned_of || strcmp(c->warned_of, warning) != 0)) {
                c->status.n_warnings++;
                set_text(&c->status.warning, warning);
        }
        set_text(&c->warned_of, warning);
        /* what is somebody else's there did not arrive */
        set_text(&c->status.last_error, delivery_has_conflicts(c->delivery) ? warning : "");
}

static void run(Courier *c, uint64_t asked)
{
        const DeliveryProgress *progress = delivery_progress(c->delivery);
        uint64_t now;
        bool is_news = false;
        int r;

        r = delivery_run(c->delivery);
        now = now_usec(CLOCK_MONOTONIC);
        if (r == -ENOENT) /* there is no archive yet: the first cycle makes it, and pokes */
                r = 0;
        if (r == -ECANCELED)
                return;
        if (r < 0)
                backoff_failed(&c->backoff, r, delivery_retry_after(c->delivery), now,
                               random_number());
        else
                backoff_succeeded(&c->backoff);
        c->due_usec = delivery_next_due(c->delivery);
        pthread_mutex_lock(&c->mutex);
        if (r < 0)
                is_news = take_failure(c, r);
        else
                take_success(c);
        c->rows_before += progress->rows_sent;
        c->status.rows_sent = c->rows_before;
        c->status.n_behind = progress->n_behind;
        c->status.last_delivery_usec = progress->last_delivery_usec;
        c->status.delivering = false;
        c->status.done = asked;
        tell(c);
        pthread_mutex_unlock(&c->mutex);
        if (is_news)
                delivery_note_error(c->delivery, delivery_reason(c->delivery));
}

/* How long there is nothing to do by itself, from @now (CLOCK_MONOTONIC) on. USEC_INFINITY: for ever. */
static uint64_t idle_usec(const Courier *c, uint64_t now)
{
        uint64_t real = now_usec(CLOCK_REALTIME);

        if (c->backoff.until_usec > 0)
                return c->backoff.until_usec > now ? c->backoff.until_usec - now : 0;
        if (c->due_usec == USEC_INFINITY)
                return USEC_INFINITY;
        return c->due_usec > real ? c->due_usec - real : 0;
}

/* Waits under the mutex. */
static void wait_usec(Courier *c, uint64_t now, uint64_t usec)
{
        struct timespec until;

        if (usec == USEC_INFINITY) {
                pthread_cond_wait(&c->wanted, &c->mutex);
                return;
        }
        until.tv_sec = (time_t) ((now + usec) / USEC_PER_SEC);
        until.tv_nsec = (long) ((now + usec) % USEC_PER_SEC * 1000);
        (void) pthread_cond_timedwait(&c->wanted, &c->mutex, &until);
}

typedef enum Wake { WAKE_END, WAKE_RUN, WAKE_LOOK } Wake;

/* Waits for something to do. */
static Wake next_wake(Courier *c, uint64_t *ret_asked)
{
        Wake wake = WAKE_END;

        pthread_mutex_lock(&c->mutex);
        while (!c->ending) {
                uint64_t now = now_usec(CLOCK_MONOTONIC), idle = idle_usec(c, now);
                bool asked = c->asked != c->status.done;

                if (asked || idle == 0 || (c->poked && c->backoff.until_usec == 0)) {
                        c->status.delivering = true;
                        *ret_asked = c->asked;
                        wake = WAKE_RUN;
                } else if (c->poked) {
                        wake = WAKE_LOOK; /* it is no time to try, but to say how much waits */
                } else {
                        wait_usec(c, now, idle);
                        continue;
                }
                c->poked = false;
                break;
        }
        if (c->ending)
                wake = WAKE_END;
        pthread_mutex_unlock(&c->mutex);
        return wake;
}

static void *courier_main(void *userdata)
{
        Courier *c = userdata;
        uint64_t asked = 0;
        Wake wake;

        while ((wake = next_wake(c, &asked)) != WAKE_END)
                if (wake == WAKE_RUN)
                        run(c, asked);
                else
                        delivery_look(c->delivery);
        pthread_mutex_lock(&c->mutex);
        c->status.has_ended = true;
        tell(c);
        pthread_mutex_unlock(&c->mutex);
        return NULL;
}

/* The thread gets no signals: they are the owner's. */
static int start_thread(Courier *c)
{
        sigset_t all, before;
        int r;

        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&c->thread, NULL, courier_main, c);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        c->has_thread = true;
        (void) pthread_setname_np(c->thread, "courier");
        return 0;
}

static int init(Courier *c)
{
        pthread_condattr_t attributes;

        (void) pthread_mutex_init(&c->mutex, NULL);
        (void) pthread_condattr_init(&attributes);
        (void) pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&c->wanted, &attributes);
        (void) pthread_condattr_destroy(&attributes);
        c->due_usec = USEC_INFINITY;
        c->status.last_error = xstrdup("");
        c->status.warning = xstrdup("");
        c->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return c->event_fd < 0 ? -errno : 0;
}

void courier_check_archive(const char *archive_path)
{
        _cleanup_(ledger_closep) Ledger *ledger = NULL, *there = NULL;
        _cleanup_(feed_closep) Feed *feed = NULL;
        _cleanup_free_ char *archive_id = NULL;

        if (ledger_open_read_only(archive_path, &there) < 0) /* nothing was ever delivered */
                return;
        if (feed_open(archive_path, &feed, NULL) < 0 || feed_archive_id(feed, &archive_id) < 0 ||
            ledger_open(archive_path, &ledger, NULL) < 0)
                return;
        (void) ledger_check_archive(ledger, archive_id, feed_meta(feed, "change_seq"));
}

int courier_new(const RemoteOptions *options, Courier **ret, char **reterr)
{
        _cleanup_(courier_freep) Courier *c = xcalloc(1, sizeof(*c));
        int r = init(c);

        if (r < 0) {
                format_error(reterr, "There is no descriptor left.");
                return r;
        }
        r = delivery_new(options, on_progress, c, &c->delivery, reterr);
        if (r < 0)
                return r;
        if (delivery_caution(c->delivery)) {
                set_text(&c->status.warning, delivery_caution(c->delivery));
                set_text(&c->warned_of, delivery_caution(c->delivery));
                c->status.n_warnings++;
        }
        r = start_thread(c);
        if (r < 0) {
                format_error(reterr, "No thread can be started: %s.", strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

void courier_stop(Courier *c)
{
        pthread_mutex_lock(&c->mutex);
        c->ending = true;
        pthread_cond_signal(&c->wanted);
        pthread_mutex_unlock(&c->mutex);
        delivery_stop(c->delivery);
}

Courier *courier_free(Courier *c)
{
        if (!c)
                return NULL;
        if (c->has_thread) {
                courier_stop(c);
                (void) pthread_join(c->thread, NULL);
        }
        delivery_free(c->delivery);
        courier_status_done(&c->status);
        free(c->warned_of);
        (void) pthread_cond_destroy(&c->wanted);
        (void) pthread_mutex_destroy(&c->mutex);
        c->event_fd = fd_close(c->event_fd);
        free(c);
        return NULL;
}

int courier_fd(const Courier *c)
{
        return c->event_fd;
}

void courier_poke(Courier *c)
{
        pthread_mutex_lock(&c->mutex);
        c->poked = true;
        pthread_cond_signal(&c->wanted);
        pthread_mutex_unlock(&c->mutex);
}

uint64_t courier_ask(Courier *c)
{
        uint64_t asked;

        pthread_mutex_lock(&c->mutex);
        asked = ++c->asked;
        pthread_cond_signal(&c->wanted);
        pthread_mutex_unlock(&c->mutex);
        return asked;
}

void courier_status(Courier *c, CourierStatus *ret)
{
        uint64_t count;

        pthread_mutex_lock(&c->mutex);
        (void) !read(c->event_fd, &count, sizeof(count));
        c->told = false;
        *ret = c->status;
        ret->last_error = xstrdup(c->status.last_error);
        ret->warning = xstrdup(c->status.warning);
        pthread_mutex_unlock(&c->mutex);
}
