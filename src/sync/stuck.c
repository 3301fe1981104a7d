/* Stuck: the sessions in which the watchdog ended the service */
#include "sync/stuck.h"

#include <inttypes.h>
#include <string.h>

#include "base/file-util.h"

#define SESSIONS_MAX   64 /* far more than get stuck; beyond it the oldest is forgotten */
#define NOTE_BYTES_MAX ((size_t) SESSIONS_MAX * (SESSION_ID_MAX + 80))

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

static void add(StuckList *list, const StuckSession *session)
{
        if (list->n >= SESSIONS_MAX)
                stuck_list_remove(list, list->sessions->version.id);
        APPEND(list->sessions, list->n, *session);
}

static char *note_path(const char *archive_path)
{
        return xasprintf("%s.stuck", archive_path);
}

/* "TIMES FINGERPRINT POLICY ID", or something that is not for us. */
static bool parse_line(const char *line, StuckSession *ret)
{
        StuckSession s = { 0 };
        int at = 0;

        if (sscanf(line, "%u %" SCNx64 " %" SCNd64 " %n", &s.n_times, &s.version.fingerprint,
                   &s.version.policy, &at) < 3 ||
            at == 0)
                return false;
        line += at;
        if (s.n_times == 0 || *line == 0 || strlen(line) > SESSION_ID_MAX)
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
                        add(&list, &s);
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

                (void) strbuf_printf(&text, "%u %016" PRIx64 " %" PRId64 " %s\n", s->n_times,
                                     s->version.fingerprint, s->version.policy, s->version.id);
        }
        return file_write_atomic(path, 0600, text.data, text.size);
}

int stuck_note(const char *archive_path, const SessionVersion *version, unsigned *ret_n_times)
{
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        StuckSession now = { .version = *version, .n_times = 1 }, *before;
        int r;

        (void) stuck_read(archive_path, &list); /* what cannot be read is written anew */
        before = stuck_list_find(&list, version->id, strlen(version->id));
        if (before)
                now.n_times = before->n_times + 1;
        stuck_list_remove(&list, version->id);
        add(&list, &now);
        r = write_note(archive_path, &list);
        if (r >= 0 && ret_n_times)
                *ret_n_times = now.n_times;
        return r;
}

int stuck_take_back(const char *archive_path, const char *id)
{
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
        _cleanup_(stuck_list_done) StuckList list = { 0 };
        int r;

        r = stuck_read(archive_path, &list);
        if (r < 0)
                return r;
        stuck_list_remove(&list, id);
        return write_note(archive_path, &list);
}
