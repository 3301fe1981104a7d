/* A damaged archive: found, kept beside, never written over */
#include "archive/archive-damage.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/archive-schema.h"
#include "archive/archive.h"
#include "archive/search-index.h"
#include "base/file-util.h"
#include "base/time-util.h"

/* Half a gigabyte a second is what a disk gives; larger archives are checked in part, and whole on request. */
#define QUICK_CHECK_USEC  (20 * USEC_PER_SEC)
#define TICK_INSTRUCTIONS 10000

/* Places in the first page of a SQLite file (sqlite.org/fileformat2.html, 1.3). */
#define HEADER_SIZE           100
#define HEADER_PAGE_SIZE      16
#define HEADER_CHANGES        24
#define HEADER_N_PAGES        28
#define HEADER_APPLICATION_ID 68
#define HEADER_VALID_FOR      92

static int is_over(void *userdata)
{
        const uint64_t *deadline = userdata;

        return now_usec(CLOCK_MONOTONIC) > *deadline;
}

/* SQLite's first finding as a part of a sentence: without its headline, one line. */
static void set_problem(char **ret, const char *text)
{
        const char *line = strncmp(text, "***", 3) == 0 ? strchr(text, '\n') : NULL;

        line = line ? line + 1 : text;
        format_error(ret, "%.*s", (int) strcspn(line, "\n"), line);
}

int archive_check(sqlite3 *db, ArchiveCheck how, char **ret_problem)
{
        _cleanup_(sqlite3_finalizep) sqlite3_stmt *stmt = NULL;
        uint64_t deadline = now_usec(CLOCK_MONOTONIC) + QUICK_CHECK_USEC;
        const char *text;
        int r;

        stmt = sqlite_make(db, how == ARCHIVE_CHECK_FULL ? "PRAGMA integrity_check(1)"
                                                         : "PRAGMA quick_check(1)");
        if (how == ARCHIVE_CHECK_QUICK)
                sqlite3_progress_handler(db, TICK_INSTRUCTIONS, is_over, &deadline);
        r = sqlite_step(stmt);
        sqlite3_progress_handler(db, 0, NULL, NULL);
        if (r == -ECANCELED && how == ARCHIVE_CHECK_QUICK)
                return 0;
        if (r == -EUCLEAN || r == -EMEDIUMTYPE)
                text = sqlite_reason(db);
        else if (r <= 0)
                return r;
        else
                text = (const char *) sqlite3_column_text(stmt, 0);
        if (text && strcmp(text, "ok") == 0)
                return 0;
        set_problem(ret_problem, text ?: "it cannot be checked");
        return 1;
}

static uint32_t read_be32(const unsigned char *p)
{
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static bool is_zero(const unsigned char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i])
                        return false;
        return true;
}

/* Is there more of it beside it, in a -wal or a -journal? */
static bool has_more(const char *path, const char *suffix)
{
        _cleanup_free_ char *name = xasprintf("%s%s", path, suffix);
        struct stat st;

        return stat(name, &st) == 0 && st.st_size > 0;
}

int archive_check_header(const char *path, char **ret_problem)
{
        unsigned char header[HEADER_SIZE];
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        uint64_t page_size;
        struct stat st;

        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_size == 0 || has_more(path, "-wal") ||
            has_more(path, "-journal") ||
            pread(fd, header, sizeof(header), 0) != (ssize_t) sizeof(header))
                return 0; /* the pages that count may be there: SQLite will say */
        if (memcmp(header, "SQLite format 3", 16) != 0) {
                /* Whose file is it? Ours by its mark, or one whose blocks the system never wrote. */
                if (read_be32(header + HEADER_APPLICATION_ID) != ARCHIVE_APPLICATION_ID &&
                    !is_zero(header, sizeof(header)))
                        return 0;
                format_error(ret_problem, "its header is no longer that of SQLite");
                return 1;
        }
        page_size = (uint64_t) header[HEADER_PAGE_SIZE] << 8 | header[HEADER_PAGE_SIZE + 1];
        page_size = page_size == 1 ? 65536 : page_size;
        if (read_be32(header + HEADER_APPLICATION_ID) != ARCHIVE_APPLICATION_ID ||
            read_be32(header + HEADER_CHANGES) != read_be32(header + HEADER_VALID_FOR) ||
            read_be32(header + HEADER_N_PAGES) * page_size <= (uint64_t) st.st_size)
                return 0;
        format_error(ret_problem, "the end of the file is missing");
        return 1;
}

/* How many files in @folder begin with @prefix and are no part (-wal, -journal) of another one. */
static int count_files(const char *folder, const char *prefix)
{
        DIR *dir = opendir(folder);
        struct dirent *entry;
        int n = 0;

        if (!dir)
                return -errno;
        while ((entry = readdir(dir)))
                n += strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
                     !strstr(entry->d_name + strlen(prefix), "-wal") &&
                     !strstr(entry->d_name + strlen(prefix), "-journal");
        (void) closedir(dir);
        return n;
}

int archive_n_damaged(const char *path)
{
        _cleanup_free_ char *folder = path_folder(path), *prefix = NULL;
        const char *slash = strrchr(path, '/');

        prefix = xasprintf("%s.damaged-", slash ? slash + 1 : path);
        return count_files(folder, prefix);
}

/* A name that no file has: "@path.damaged-20260102T030405Z", with a number where two are of one second. */
static int free_name(const char *path, char **ret)
{
        time_t now = (time_t) (now_usec(CLOCK_REALTIME) / USEC_PER_SEC);
        char when[32];
        struct tm tm;

        (void) gmtime_r(&now, &tm);
        (void) strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
        for (int i = 0; i < 100; i++) {
                _cleanup_free_ char *name = NULL;
                char number[8] = "";
                struct stat st;

                if (i > 0)
                        (void) snprintf(number, sizeof(number), ".%d", i);
                name = xasprintf("%s.damaged-%s%s", path, when, number);
                if (lstat(name, &st) < 0 && errno == ENOENT) {
                        *ret = TAKE_PTR(name);
                        return 0;
                }
        }
        return -EEXIST;
}

/* @from and @suffix to @to and @suffix; a file that does not exist is fine. */
static int move(const char *from, const char *to, const char *suffix)
{
        _cleanup_free_ char *a = xasprintf("%s%s", from, suffix),
                            *b = xasprintf("%s%s", to, suffix);

        return rename(a, b) < 0 && errno != ENOENT ? -errno : 0;
}

int archive_move_aside(const char *path, char **ret)
{
        _cleanup_free_ char *name = NULL, *shm = xasprintf("%s-shm", path);
        int r;

        r = archive_n_damaged(path);
        if (r >= ARCHIVE_DAMAGED_MAX)
                return -EUCLEAN;
        if (r >= 0)
                r = free_name(path, &name);
        /* These first: a stop between two leaves a file that is found damaged again, not a -wal without its file,
         * which SQLite would remove, or a -journal that it would write into the next one. */
        if (r >= 0)
                r = move(path, name, "-journal");
        if (r >= 0)
                r = move(path, name, "-wal");
        if (r >= 0)
                r = move(path, name, "");
        if (r < 0)
                return r;
        (void) unlink(shm);
        (void) search_index_remove(path);
        *ret = TAKE_PTR(name);
        return 0;
}
