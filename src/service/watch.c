/* Watch: says when the source may have changed */
#include "service/watch.h"

#include <limits.h>
#include <string.h>
#include <sys/inotify.h>

#include "base/file-util.h"

#define FOLDER_GONE (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)

/* In the source's folder; on a file: written, put there, taken away, made readable or unreadable. */
#define FILE_EVENTS (IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB)
#define WAL_EVENTS  IN_MODIFY

/* In a parent: what may be the next step of the way. */
#define PARENT_EVENTS (IN_CREATE | IN_MOVED_TO | IN_ATTRIB)

/* One file that is watched by its folder. */
typedef struct Place {
        char *path;
        const char *name; /* within path */
        char *watched;    /* the folder, or its nearest existing parent */
        int wd;           /* -1: not watched */
        bool has_folder;
} Place;

struct Watch {
        int fd;
        Place link;   /* the path as it was given */
        Place target; /* where it leads, if that is elsewhere; otherwise path is NULL */
};

static void place_done(Watch *w, Place *p)
{
        if (p->wd >= 0)
                (void) inotify_rm_watch(w->fd, p->wd);
        free(p->path);
        free(p->watched);
        *p = (Place){ .wd = -1 };
}

static void place_set(Watch *w, Place *p, const char *path)
{
        place_done(w, p);
        p->path = xstrdup(path);
        p->name = strrchr(p->path, '/');
        p->name = p->name ? p->name + 1 : p->path;
}

/* Can this mean that the folder is not there (yet)? */
static bool is_missing(int error)
{
        return error == ENOENT || error == ENOTDIR;
}

/* Watches the folder of @p or its nearest existing parent. Both places may get the same watch descriptor. */
static int place_arm(Watch *w, Place *p)
{
        _cleanup_free_ char *folder = path_folder(p->path);
        bool is_own = true;
        int wd;

        for (;;) {
                char *parent;

                wd = inotify_add_watch(w->fd, folder,
                                       (is_own ? FILE_EVENTS : PARENT_EVENTS) | IN_DELETE_SELF |
                                                       IN_MOVE_SELF | IN_ONLYDIR | IN_MASK_ADD);
                if (wd >= 0)
                        break;
                if (!is_missing(errno) || strcmp(folder, "/") == 0)
                        return -errno;
                parent = path_folder(folder);
                free(folder);
                folder = parent;
                is_own = false;
        }
        p->wd = wd;
        p->has_folder = is_own;
        free(p->watched);
        p->watched = TAKE_PTR(folder);
        return 0;
}

static void place_disarm(Watch *w, Place *p)
{
        if (p->wd >= 0)
                (void) inotify_rm_watch(w->fd, p->wd);
        p->wd = -1;
}

/* Between looking for a folder and watching its parent it may have been made: look again until nothing changes. */
static int place_arm_settled(Watch *w, Place *p)
{
        for (;;) {
                _cleanup_free_ char *before = TAKE_PTR(p->watched);
                int r = place_arm(w, p);

                if (r < 0)
                        return r;
                if (p->has_folder || (before && p->watched && strcmp(before, p->watched) == 0))
                        return 0;
        }
}

/* Watches what the source's link leads to. */
static int arm_target(Watch *w)
{
        _cleanup_free_ char *real = realpath(w->link.path, NULL);
        _cleanup_free_ char *folder = path_folder(w->link.path), *real_folder = NULL, *usual = NULL;

        /* the folder may be reached through a link, which is the same place for inotify */
        real_folder = real ? realpath(folder, NULL) : NULL;
        usual = real_folder ? path_join(real_folder, w->link.name) : NULL;
        if (!usual || strcmp(real, usual) == 0)
                return 0;
        place_set(w, &w->target, real);
        return place_arm_settled(w, &w->target);
}

/* Sets up all watches again. */
static int arm(Watch *w)
{
        int r;

        place_disarm(w, &w->link);
        place_done(w, &w->target);
        r = place_arm_settled(w, &w->link);
        return r < 0 ? r : arm_target(w);
}

int watch_new(const char *path, Watch **ret)
{
        _cleanup_(watch_freep) Watch *w = xcalloc(1, sizeof(*w));
        int r;

        w->link.wd = w->target.wd = -1;
        w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (w->fd < 0)
                return -errno;
        place_set(w, &w->link, path);
        r = arm(w);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

Watch *watch_free(Watch *w)
{
        if (!w)
                return NULL;
        if (w->fd >= 0) {
                place_done(w, &w->link);
                place_done(w, &w->target);
        }
        (void) fd_close(w->fd);
        free(w);
        return NULL;
}

int watch_fd(const Watch *w)
{
        return w->fd;
}

bool watch_has_folder(const Watch *w)
{
        return w->link.has_folder;
}

/* Does @event say that the database of @p may have changed? */
static bool is_change(const Place *p, const struct inotify_event *event)
{
        size_t n;

        if (event->wd != p->wd || !p->has_folder || event->len == 0)
                return false;
        n = strlen(p->name);
        if (strncmp(event->name, p->name, n) != 0)
                return false;
        if (!event->name[n])
                return event->mask & FILE_EVENTS;
        return strcmp(event->name + n, "-wal") == 0 && (event->mask & WAL_EVENTS);
}

/* Does @event say that the place has to be looked for again: its folder left, or a step towards it appeared? */
static bool is_move(const Place *p, const struct inotify_event *event)
{
        if (p->wd < 0 || event->wd != p->wd)
                return false;
        if (event->mask & FOLDER_GONE)
                return true;
        return !p->has_folder && (event->mask & PARENT_EVENTS);
}

/* A link that was put in the source's place, or taken away. */
static bool is_relink(const Watch *w, const struct inotify_event *event)
{
        return event->wd == w->link.wd && w->link.has_folder && event->len > 0 &&
               strcmp(event->name, w->link.name) == 0 &&
               (event->mask & (IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM));
}

int watch_dispatch(Watch *w)
{
        char buffer[64 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
                        __attribute__((aligned(__alignof__(struct inotify_event))));
        bool changed = false, moved = false, had_folder = w->link.has_folder;

        /* bounded, so that a busy folder cannot hold the loop: what is left makes the fd readable again */
        for (int i = 0; i < 16; i++) {
                ssize_t n = read(w->fd, buffer, sizeof(buffer));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0 && errno == EAGAIN)
                        break;
                if (n < 0)
                        return -errno;
                for (const char *p = buffer; p < buffer + n;) {
                        const struct inotify_event *event = (const void *) p;

                        if (event->mask & IN_Q_OVERFLOW)
                                changed = moved = true;
                        changed = changed || is_change(&w->link, event) ||
                                  is_change(&w->target, event);
                        moved = moved || is_move(&w->link, event) || is_move(&w->target, event) ||
                                is_relink(w, event);
                        p += sizeof(*event) + event->len;
                }
        }
        if (moved) {
                int r = arm(w);

                if (r < 0)
                        return r;
                /* what happened before the new watch was set was not seen */
                changed = changed || w->link.has_folder || had_folder;
        }
        return changed;
}
