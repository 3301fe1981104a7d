/* Stuck: the sessions that ended the service */
#include "sync/stuck.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "base/file-util.h"

#define SESSIONS_MAX   64 /* far more than get stuck; beyond it the oldest is forgotten */
#define NOTE_BYTES_MAX ((size_t) SESSIONS_MAX * LINE_BYTES_MAX * 2)

static const char *const causes[N_STUCK_CAUSES] = {
        [STUCK_WATCHDOG] = "watchdog", [STUCK_MEMORY] = "memory"
};

#define LINE_FORMAT    "%u %016" PRIx64 " %" PRId64 " %s %s\n"
#define LINE_BYTES_MAX (SESSION_ID_MAX + 80)

void stuck_list_done(StuckList *list)
{
        free(list->sessions);
        *list = (StuckList){ 0 };
}

StuckSession *stuck_list_find(const StuckList *list, const char *id, size_t size)
{
        for (size_t i = 0; i < list->n; i++) {
                StuckSession *s = list->sessions + i;

                if (strlen(s->version.id) == size && memcmp(s->version.id, id, size) == 0)
                        return s;
        }
        return NULL;
}

void stuck_list_remove(StuckList *list, const char *id)
{
        StuckSession *s = stuck_list_find(list, id, strlen(id));

        if (!s)
                return;
        memmove(s, s + 1, (size_t) (list->sessions + list->n - (s + 1)) * sizeof(*s));
        list->n--;
}

/* As the newest one, with the times that it was there before. Returns how many times it is now. */
static unsigned add(StuckList *list, StuckSession session)
{
        const StuckSession *before = stuck_list_find(list, session.version.id,
                                                     strlen(session.version.id));

        if (before)
                session.n_times += before->n_times;
        stuck_list_remove(list, session.version.id);
        if (list->n >= SESSIONS_MAX)
                stuck_list_remove(list, list->sessions->version.id);
        APPEND(list->sessions, list->n, session);
        return session.n_times;
}

/* The worker removes sessions from the note, the main thread adds them: each reads it and writes it again. */
static pthread_mutex_t note_mutex = PTHREAD_MUTEX_INITIALIZER;

static void note_unlockp(pthread_mutex_t **m)
{
        (void) pthread_mutex_unlock(*m);
}

static pthread_mutex_t *note_lock(void)
{
        (void) pthread_mutex_lock(&note_mutex);
        return &note_mutex;
}

#define WITH_NOTE_LOCKED _cleanup_(note_unlockp) _unused_ pthread_mutex_t *locked = note_lock()

static char *note_path(const char *archive_path)
{
        return xasprintf("%s.stuck", archive_path);
}

/* "TIMES FINGERPRINT POLICY CAUSE ID", or something that is not for us. */
static bool parse_line(const char *line, StuckSession *ret)
{
        StuckSession s = { 0 };
        char cause[16];
        int at = 0;

        if (sscanf(line, "%u %" SCNx64 " %" SCNd64 " %15s %n", &s.n_times, &s.version.fingerprint,
                   &s.version.policy, cause, &at) < 4 ||
            at == 0)
                return false;
        line += at;
        while (s.cause < N_STUCK_CAUSES && strcmp(cause, causes[s.cause]) != 0)
                s.cause++;
        if (s.cause == N_STUCK_CAUSES || s.n_times == 0 || s.n_times > UINT16_MAX || *line == 0 ||
            strlen(line) > SESSION_ID_MAX)
                return false;
        (void) snprintf(s.version.id, sizeof(s.version.id), "%s", line);
        *ret = s;
        return true;
}

int stuck_read(const char *archive_path, StuckList *ret)
{
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        _cleanup_free_ char *path = note_path(archive_path), *text = NULL;
        char *rest;
        int r;

        r = file_read(path, NOTE_BYTES_MAX, &text, NULL);
        if (r < 0 && r != -ENOENT)
                return r;
        rest = text;
        for (char *line; (line = strsep(&rest, "\n"));) {
                StuckSession s;

                if (parse_line(line, &s))
                        (void) add(&list, s);
        }
        *ret = TAKE_STRUCT(list);
        return 0;
}

static int write_note(const char *archive_path, const StuckList *list)
{
        _cleanup_free_ char *path = note_path(archive_path);
        _cleanup_(strbuf_done) StrBuf text = { 0 };

        if (list->n == 0)
                return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
        for (size_t i = 0; i < list->n; i++) {
                const StuckSession *s = list->sessions + i;

                (void) strbuf_printf(&text, LINE_FORMAT, s->n_times, s->version.fingerprint,
                                     s->version.policy, causes[s->cause], s->version.id);
        }
        return file_write_atomic(path, 0600, text.data, text.size);
}

int stuck_note(const char *archive_path, const SessionVersion *version, StuckCause cause,
               unsigned *ret_n_times)
{
        WITH_NOTE_LOCKED;
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        unsigned n_times;
        int r;

        (void) stuck_read(archive_path, &list); /* what cannot be read is written again */
        n_times = add(&list, (StuckSession){ .version = *version, .cause = cause, .n_times = 1 });
        r = write_note(archive_path, &list);
        if (r >= 0 && ret_n_times)
                *ret_n_times = n_times;
        return r;
}

int stuck_take_back(const char *archive_path, const char *id)
{
        WITH_NOTE_LOCKED;
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        StuckSession *s;
        int r;

        r = stuck_read(archive_path, &list);
        if (r < 0)
                return r;
        s = stuck_list_find(&list, id, strlen(id));
        if (!s)
                return 0;
        if (--s->n_times == 0)
                stuck_list_remove(&list, id);
        return write_note(archive_path, &list);
}

int stuck_forget(const char *archive_path, const char *id)
{
        WITH_NOTE_LOCKED;
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        int r;

        r = stuck_read(archive_path, &list);
        if (r < 0)
                return r;
        stuck_list_remove(&list, id);
        return write_note(archive_path, &list);
}

/* What the process has in hand. Nobody allocates under the mutex. */
static struct {
        pthread_mutex_t mutex;
        char note[PATH_MAX];
        SessionVersion version;
} held = { .mutex = PTHREAD_MUTEX_INITIALIZER };

void stuck_hold(const char *archive_path, const SessionVersion *version)
{
        (void) pthread_mutex_lock(&held.mutex);
        held.version.id[0] = 0;
        if (version) {
                memcpy(held.version.id, version->id, sizeof(held.version.id));
                held.version.fingerprint = version->fingerprint;
                held.version.policy = version->policy;
                (void) snprintf(held.note, sizeof(held.note), "%s.stuck", archive_path);
        }
        (void) pthread_mutex_unlock(&held.mutex);
}

bool stuck_held(SessionVersion *ret)
{
        bool is_there;

        (void) pthread_mutex_lock(&held.mutex);
        is_there = held.version.id[0] != 0;
        if (is_there)
                *ret = held.version;
        (void) pthread_mutex_unlock(&held.mutex);
        return is_there;
}

/* A line is added to the file as it is: to read it takes memory. stuck_read() counts them together. */
void stuck_note_without_memory(void)
{
        char line[LINE_BYTES_MAX];
        SessionVersion version;
        int fd, n;

        if (!stuck_held(&version))
                return;
        n = snprintf(line, sizeof(line), LINE_FORMAT, 1U, version.fingerprint, version.policy,
                     causes[STUCK_MEMORY], version.id);
        fd = open(held.note, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                  0600);
        if (fd < 0)
                return;
        if (write(fd, line, (size_t) n) == n)
                (void) fsync(fd);
        (void) close(fd);
}
