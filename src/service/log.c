/* The journal */
#include "service/log.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/strbuf.h"
#include "base/terminal-text.h"

#define FIELDS_MAX 16 /* of one message; the most that one has here is 9 */

static int max_level = LOG_INFO;
static LogTarget target = LOG_TARGET_AUTO;

static const char *const level_names[] = { "emerg",   "alert",  "crit", "err",
                                           "warning", "notice", "info", "debug" };
static const char *const target_names[] = { "auto", "journal", "console", "null" };

void log_set_max_level(int level)
{
        max_level = level;
}

int log_max_level(void)
{
        return max_level;
}

void log_set_target(LogTarget new_target)
{
        target = new_target;
}

LogTarget log_target(void)
{
        return target;
}

static int find_name(const char *const *names, size_t n_names, const char *name)
{
        for (size_t i = 0; i < n_names; i++)
                if (strcmp(names[i], name) == 0)
                        return (int) i;
        return -EINVAL;
}

int log_level_from_name(const char *name)
{
        if (name[0] >= '0' && name[0] <= '7' && !name[1])
                return name[0] - '0';
        return find_name(level_names, ELEMENTSOF(level_names), name);
}

const char *log_level_name(int level)
{
        return level >= LOG_EMERG && level <= LOG_DEBUG ? level_names[level] : NULL;
}

int log_target_from_name(const char *name)
{
        return find_name(target_names, ELEMENTSOF(target_names), name);
}

const char *log_target_name(LogTarget t)
{
        return target_names[t];
}

void log_read_environment(void)
{
        const char *level = getenv("SCRUBJAY_LOG_LEVEL"), *where = getenv("SCRUBJAY_LOG_TARGET");

        if (level && log_level_from_name(level) >= 0)
                max_level = log_level_from_name(level);
        if (where && log_target_from_name(where) >= 0)
                target = (LogTarget) log_target_from_name(where);
}

/* systemd.exec(5), $JOURNAL_STREAM */
bool log_stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        uint64_t device, inode;
        struct stat st;

        if (!stream || sscanf(stream, "%" SCNu64 ":%" SCNu64, &device, &inode) != 2 ||
            fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == device && st.st_ino == inode;
}

/* "NAME=value" of each field into @ret; returns how many there are. Without memory a field is left out. */
static size_t format_fields(const LogField *fields, StrBuf ret[static FIELDS_MAX], size_t n)
{
        for (; fields && fields->name && n < FIELDS_MAX; fields++) {
                StrBuf *b = ret + n;

                if (fields->text)
                        (void) strbuf_printf(b, "%s=%s", fields->name, fields->text);
                else
                        (void) strbuf_printf(b, "%s=%" PRIu64, fields->name, fields->number);
                if (b->failed)
                        strbuf_done(b);
                else
                        n++;
        }
        return n;
}

/* Returns 0 or a negative errno. */
static int send_to_journal(int level, const char *message_id, const LogField *fields,
                           const char *text)
{
        StrBuf lines[FIELDS_MAX] = { 0 };
        struct iovec io[FIELDS_MAX];
        size_t n = 0;
        int r;

        (void) strbuf_printf(&lines[n++], "MESSAGE=%s", text);
        (void) strbuf_printf(&lines[n++], "PRIORITY=%d", level);
        (void) strbuf_puts(&lines[n++], "SYSLOG_IDENTIFIER=scrubjayd");
        if (message_id)
                (void) strbuf_printf(&lines[n++], "MESSAGE_ID=%s", message_id);
        n = format_fields(fields, lines, n);
        for (size_t i = 0; i < n; i++)
                io[i] = (struct iovec){ .iov_base = lines[i].data, .iov_len = lines[i].size };
        r = sd_journal_sendv(io, (int) n);
        for (size_t i = 0; i < n; i++)
                strbuf_done(lines + i);
        return r;
}

static void log_string(int level, const char *message_id, const LogField *fields, const char *text)
{
        LogTarget to = target;

        if (to == LOG_TARGET_AUTO)
                to = log_stderr_is_journal() ? LOG_TARGET_JOURNAL : LOG_TARGET_CONSOLE;
        if (to == LOG_TARGET_JOURNAL && send_to_journal(level, message_id, fields, text) < 0)
                to = LOG_TARGET_CONSOLE;
        if (to == LOG_TARGET_CONSOLE)
                fprintf(stderr, "%s\n", text);
}

static void _printf_(4, 0) log_va(int level, const char *message_id, const LogField *fields,
                                  const char *format, va_list ap)
{
        _cleanup_(strbuf_done) StrBuf b = { 0 }, safe = { 0 };

        if (level > max_level)
                return;
        (void) strbuf_vprintf(&b, format, ap);
        /* An id or a path in it may hold anything, and is read on a terminal. */
        (void) put_printable(&safe, PRINTABLE_TEXT, b.data ?: "", b.size);
        log_string(level, message_id, fields,
                   b.failed || safe.failed ? "(no memory for this message)" : safe.data ?: "");
}

void log_event(int level, const char *message_id, const LogField *fields, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_va(level, message_id, fields, format, ap);
        va_end(ap);
}

void log_text(int level, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        log_va(level, NULL, NULL, format, ap);
        va_end(ap);
}
