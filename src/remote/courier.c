/* Courier: the thread that keeps one remote up to date */
#include "remote/courier.h"

#include <string.h>
#include <sys/random.h>

#include "archive/feed.h"
#include "base/mailbox.h"
#include "remote/backoff.h"
#include "remote/delivery.h"
#include "remote/ledger.h"

struct Courier {
        Delivery *delivery; /* the thread's, except for delivery_stop() */
        Backoff backoff;    /* the thread's */
        uint64_t due_usec; /* CLOCK_REALTIME, when it has something to do without being poked; the thread's */

        Mailbox mailbox; /* guards everything below */
        bool poked, ending;
        uint64_t asked, rows_before;
        int failing_for; /* the errno of the outage */
        char *warned_of; /* what the last run warned about; status.warning keeps it for an owner that has not looked yet */
        CourierStatus status;
};

void courier_status_done(CourierStatus *s)
{
        free(s->last_error);
        free(s->warning);
        *s = (CourierStatus){ 0 };
}

static void on_progress(void *userdata, const DeliveryProgress *progress)
{
        Courier *c = userdata;

        mailbox_lock(&c->mailbox);
        c->status.n_behind = progress->n_behind;
        c->status.last_delivery_usec = progress->last_delivery_usec;
        c->status.rows_sent = c->rows_before + progress->rows_sent;
        mailbox_tell(&c->mailbox);
        mailbox_unlock(&c->mailbox);
}

static uint64_t random_number(void)
{
        uint64_t number = 0;

        /* without one, the wait only has no jitter */
        (void) !getrandom(&number, sizeof(number), GRND_NONBLOCK);
        return number;
}

static void set_text(char **text, const char *value)
{
        free(*text);
        *text = xstrdup(value);
}

/* Under the mutex: a run failed. Returns true if this begins an outage, which is to be reported. */
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
        /* sessions that are somebody else's there did not arrive */
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
        if (r == -ENOENT) /* there is no archive yet: the first cycle creates it, and pokes */
                r = 0;
        if (r == -ECANCELED)
                return;
        if (r < 0)
                backoff_failed(&c->backoff, r, delivery_retry_after(c->delivery), now,
                               random_number());
        else
                backoff_succeeded(&c->backoff);
        c->due_usec = delivery_next_due(c->delivery);
        mailbox_lock(&c->mailbox);
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
        mailbox_tell(&c->mailbox);
        mailbox_unlock(&c->mailbox);
        if (is_news)
                delivery_note_error(c->delivery, delivery_reason(c->delivery));
}

/* How long, from @now (CLOCK_MONOTONIC), there is nothing to do without being poked. USEC_INFINITY: for ever. */
static uint64_t idle_usec(const Courier *c, uint64_t now)
{
        uint64_t real = now_usec(CLOCK_REALTIME);

        if (c->backoff.until_usec > 0)
                return c->backoff.until_usec > now ? c->backoff.until_usec - now : 0;
        if (c->due_usec == USEC_INFINITY)
                return USEC_INFINITY;
        return c->due_usec > real ? c->due_usec - real : 0;
}

typedef enum Wake { WAKE_END, WAKE_RUN, WAKE_LOOK } Wake;

/* Waits for something to do. */
static Wake next_wake(Courier *c, uint64_t *ret_asked)
{
        Wake wake = WAKE_END;

        mailbox_lock(&c->mailbox);
        while (!c->ending) {
                uint64_t now = now_usec(CLOCK_MONOTONIC), idle = idle_usec(c, now);
                bool asked = c->asked != c->status.done;

                if (asked || idle == 0 || (c->poked && c->backoff.until_usec == 0)) {
                        c->status.delivering = true;
                        *ret_asked = c->asked;
                        wake = WAKE_RUN;
                } else if (c->poked) {
                        wake = WAKE_LOOK; /* too early to try again, but it counts what waits */
                } else {
                        mailbox_wait(&c->mailbox, idle == USEC_INFINITY ? idle : now + idle);
                        continue;
                }
                c->poked = false;
                break;
        }
        if (c->ending)
                wake = WAKE_END;
        mailbox_unlock(&c->mailbox);
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
        mailbox_lock(&c->mailbox);
        c->status.has_ended = true;
        mailbox_tell(&c->mailbox);
        mailbox_unlock(&c->mailbox);
        return NULL;
}

static int init(Courier *c)
{
        c->due_usec = USEC_INFINITY;
        c->status.last_error = xstrdup("");
        c->status.warning = xstrdup("");
        return mailbox_init(&c->mailbox);
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
        r = mailbox_start(&c->mailbox, "courier", courier_main, c);
        if (r < 0) {
                format_error(reterr, "No thread can be started: %s.", strerror(-r));
                return r;
        }
        *ret = TAKE_PTR(c);
        return 0;
}

void courier_stop(Courier *c)
{
        mailbox_lock(&c->mailbox);
        c->ending = true;
        mailbox_wake(&c->mailbox);
        mailbox_unlock(&c->mailbox);
        delivery_stop(c->delivery);
}

Courier *courier_free(Courier *c)
{
        if (!c)
                return NULL;
        if (c->delivery)
                courier_stop(c);
        mailbox_done(&c->mailbox);
        delivery_free(c->delivery);
        courier_status_done(&c->status);
        free(c->warned_of);
        free(c);
        return NULL;
}

int courier_fd(const Courier *c)
{
        return c->mailbox.event_fd;
}

void courier_poke(Courier *c)
{
        mailbox_lock(&c->mailbox);
        c->poked = true;
        mailbox_wake(&c->mailbox);
        mailbox_unlock(&c->mailbox);
}

uint64_t courier_ask(Courier *c)
{
        uint64_t asked;

        mailbox_lock(&c->mailbox);
        asked = ++c->asked;
        mailbox_wake(&c->mailbox);
        mailbox_unlock(&c->mailbox);
        return asked;
}

void courier_status(Courier *c, CourierStatus *ret)
{
        mailbox_lock(&c->mailbox);
        mailbox_take(&c->mailbox);
        *ret = c->status;
        ret->last_error = xstrdup(c->status.last_error);
        ret->warning = xstrdup(c->status.warning);
        mailbox_unlock(&c->mailbox);
}
