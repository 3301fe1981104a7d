/*
 * Fuzz: what others on the bus send
 *
 * The bytes become messages of any kind, with arguments of any signature, to the whole service: its loop, worker and
 * vtables, connected to a bus that this program imitates. Each call is answered once, the service survives, and Status
 * reports the same as before.
 */
#include <ftw.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file-util.h"
#include "base/sqlite-util.h"
#include "base/time-util.h"
#include "fuzz.h"
#include "mask/utf8.h"
#include "service/bus.h"
#include "service/log.h"

#define MESSAGES_MAX 8
#define DEPTH_MAX    12
#define PATIENCE     (10 * USEC_PER_SEC)

static char folder[] = "/tmp/scrubjay-fuzz-XXXXXX";
static Daemon *daemon_served;
static Bus *face;
static sd_bus *peer; /* our end of its connection */
static uint64_t waiting[MESSAGES_MAX + 1];
static size_t n_waiting;
static bool name_asked_for;

/* The bus's side */

static int answer_call(sd_bus_message *m)
{
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "Hello"))
                return sd_bus_reply_method_return(m, "s", ":1.1");
        if (sd_bus_message_is_method_call(m, "org.freedesktop.DBus", "RequestName")) {
                name_asked_for = true;
                return sd_bus_reply_method_return(m, "u", (uint32_t) 1);
        }
        return sd_bus_reply_method_return(m, NULL);
}

/* Every answer is one that was waited for. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        uint64_t cookie;
        uint8_t type;

        MUST(sd_bus_message_get_type(m, &type) >= 0);
        if (type == SD_BUS_MESSAGE_METHOD_CALL)
                return answer_call(m) < 0 ? -EIO : 1;
        if (sd_bus_message_get_reply_cookie(m, &cookie) < 0)
                return 1;
        for (size_t i = 0; i < n_waiting; i++)
                if (waiting[i] == cookie) {
                        waiting[i] = waiting[--n_waiting];
                        return 1;
                }
        MUST(!"an answer that nobody waits for");
        return 1;
}

/* Lets the service and the bus work until there is nothing to do at once. */
static void turn(uint64_t wait_usec)
{
        bool more = true;

        while (more) {
                int a = sd_event_run(daemon_event(daemon_served), wait_usec);
                int b = sd_bus_process(peer, NULL);

                MUST(a >= 0 && b >= 0);
                MUST(sd_event_get_state(daemon_event(daemon_served)) != SD_EVENT_FINISHED);
                more = a > 0 || b > 0;
                wait_usec = 0;
        }
}

static void wait_for_answers(void)
{
        uint64_t end = now_usec(CLOCK_MONOTONIC) + PATIENCE;

        turn(0);
        while (n_waiting > 0) {
                turn(1000);
                MUST(now_usec(CLOCK_MONOTONIC) < end);
        }
}

/* The service, one for all inputs */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static void clean(void)
{
        face = bus_free(face);
        daemon_served = daemon_free(daemon_served);
        sd_bus_flush_close_unref(peer);
        (void) nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int listen_at(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        MUST(fd >= 0 && strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        MUST(bind(fd, (struct sockaddr *) &address, sizeof(address)) == 0 && listen(fd, 1) == 0);
        return fd;
}

static void connect_them(const char *path)
{
        _cleanup_close_ int listening = listen_at(path);
        char address[128];
        sd_id128_t id;
        int fd;

        (void) snprintf(address, sizeof(address), "unix:path=%s", path);
        MUST(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1) == 0);
        MUST(bus_new(daemon_served, &face) == 0);
        fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        MUST(fd >= 0 && sd_id128_randomize(&id) == 0);
        MUST(sd_bus_new(&peer) == 0 && sd_bus_set_fd(peer, fd, fd) >= 0);
        MUST(sd_bus_set_server(peer, true, id) >= 0 && sd_bus_set_anonymous(peer, true) >= 0);
        MUST(sd_bus_add_filter(peer, NULL, on_message, NULL) >= 0 && sd_bus_start(peer) >= 0);
        while (!name_asked_for)
                turn(1000);
        turn(0);
}

#if LIBSYSTEMD_VERSION >= 257
/* libsystemd leaves 64 bytes of each connection that it serves. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
        return "leak:libsystemd.so.0";
}
#endif

static void make_source(const char *path)
{
        _cleanup_(sqlite_closep) sqlite3 *db = NULL;

        MUST(sqlite3_open(path, &db) == SQLITE_OK);
        MUST(sqlite_run(db, "CREATE TABLE sessions (id, project, agent, message_count);"
                            "CREATE TABLE messages (id, session_id, ordinal, role, content);"
                            "INSERT INTO sessions VALUES ('one', 'p', 'claude', 0)") == 0);
}

static void prepare(void)
{
        static SettingsOptions options;
        static char *source, *archive;
        _cleanup_(settings_unrefp) Settings *settings = NULL;
        _cleanup_free_ char *path = NULL;

        if (daemon_served)
                return;
        MUST(mkdtemp(folder));
        (void) atexit(clean);
        MUST((path = path_join(folder, "bus")) != NULL);
        MUST((source = path_join(folder, "source.db")) != NULL);
        MUST((archive = path_join(folder, "archive.db")) != NULL);
        make_source(source);
        MUST(setenv("HOME", folder, 1) == 0);
        MUST(setenv("SCRUBJAY_MASK_RULESDIR", TEST_RULES_DIR, 1) == 0);
        (void) unsetenv("NOTIFY_SOCKET");
        log_set_target(LOG_TARGET_NULL);
        options = (SettingsOptions){ .source = source,
                                     .archive = archive,
                                     .system_folder = "/nonexistent" };
        MUST(settings_load(&options, &settings, NULL) == 0);
        MUST(daemon_new(settings, &options, &daemon_served) == 0);
        connect_them(path);
}

/* Messages */

static const char *const paths[] = { BUS_PATH, "/org/freedesktop/LogControl1", "/", "/org/scrubjay",
                                     "/org/scrubjay/Sync1/more" };
static const char *const interfaces[] = { BUS_INTERFACE,
                                          "org.freedesktop.DBus.Properties",
                                          "org.freedesktop.LogControl1",
                                          "org.freedesktop.DBus.Introspectable",
                                          "org.freedesktop.DBus.Peer",
                                          "org.freedesktop.DBus.ObjectManager",
                                          "org.freedesktop.DBus",
                                          "org.example.Other" };
static const char *const members[] = { "Status",       "RunOnce",       "ForceResync",
                                       "Deliver",      "Get",           "Set",
                                       "GetAll",       "Introspect",    "Ping",
                                       "GetMachineId", "SyncCompleted", "NameLost",
                                       "NameAcquired", "NoSuchMember" };
static const char *const words[] = { BUS_INTERFACE,
                                     "org.freedesktop.LogControl1",
                                     "LogLevel",
                                     "LogTarget",
                                     "debug",
                                     "console",
                                     "Source",
                                     "LastError",
                                     "Remotes",
                                     "LastSyncAt",
                                     "",
                                     "%s%n",
                                     "99999999999",
                                     "/etc/passwd" };

/* One from the table or, where anything is allowed, from the input. Borrowed until the next call. */
static const char *take_text(Input *in, const char *const *table, size_t n_table)
{
        static char text[4096 + 1];
        unsigned kind = take(in);
        size_t n;

        if (kind < 200)
                return table[kind % n_table];
        n = kind < 250 ? take(in) : sizeof(text) - 1;
        if (kind < 250) {
                n = n < in->size ? n : in->size;
                memcpy(text, in->data, n);
                in->data += n;
                in->size -= n;
        } else
                memset(text, (int) take(in), n);
        n = utf8_valid_length(text, n); /* a bus lets no other pass */
        text[n] = 0;
        return text;
}

/* One value of @signature, which is one of those below. */
static int append_content(sd_bus_message *m, Input *in, const char *signature)
{
        if (strcmp(signature, "s") == 0)
                return sd_bus_message_append(m, "s", take_text(in, words, ELEMENTSOF(words)));
        if (strcmp(signature, "y") == 0)
                return sd_bus_message_append(m, "y", take(in));
        if (strcmp(signature, "t") == 0)
                return sd_bus_message_append(m, "t", (uint64_t) take(in) << 56);
        if (strcmp(signature, "(ss)") == 0)
                return sd_bus_message_append(m, "(ss)", "LogLevel", "debug");
        if (strcmp(signature, "{sv}") == 0)
                return sd_bus_message_append(m, "{sv}", "LogLevel", "i", (int) take(in));
        return sd_bus_message_append(m, signature, 0); /* an array, empty */
}

/* A container with at most one value; those in variants are sometimes deep. */
static int append_container(sd_bus_message *m, Input *in, char type, unsigned depth)
{
        static const char *const contents[] = { "s", "y", "t", "(ss)", "as", "a{sv}", "{sv}" };
        size_t n = ELEMENTSOF(contents) - (type != 'a');
        const char *content = contents[take(in) % n];
        bool deeper = type == 'v' && depth < DEPTH_MAX && take(in) % 4 == 0;
        int r;

        r = sd_bus_message_open_container(m, type, deeper ? "v" : content);
        if (r >= 0 && deeper)
                r = append_container(m, in, 'v', depth + 1);
        else if (r >= 0 && (type != 'a' || take(in) % 2))
                r = append_content(m, in, content);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, Input *in)
{
        switch (take(in) % 12) {
        case 0:
                return sd_bus_message_append(m, "y", take(in));
        case 1:
                return sd_bus_message_append(m, "b", (int) take(in));
        case 2:
                return sd_bus_message_append(m, "i", (int) take(in) - 128);
        case 3:
                return sd_bus_message_append(m, "t", (uint64_t) take(in) << 56);
        case 4:
                return sd_bus_message_append(m, "d", (double) take(in) * 1e307);
        case 5:
                return sd_bus_message_append(m, "o", paths[take(in) % ELEMENTSOF(paths)]);
        case 6:
                return sd_bus_message_append(m, "g", "a{sv}(iiy)");
        case 7:
                return append_container(m, in, 'a', 0);
        case 8:
                return append_container(m, in, 'v', 0);
        case 9:
                return append_container(m, in, 'r', 0);
        default:
                return sd_bus_message_append(m, "s", take_text(in, words, ELEMENTSOF(words)));
        }
}

/* A message of any type; NULL if sd-bus cannot make one from these words. */
static sd_bus_message *take_message(Input *in)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        char path[256], interface[256];
        unsigned type = take(in);
        int r;

        (void) snprintf(path, sizeof(path), "%.255s", take_text(in, paths, ELEMENTSOF(paths)));
        (void) snprintf(interface, sizeof(interface), "%.255s",
                        take_text(in, interfaces, ELEMENTSOF(interfaces)));
        switch (type % 8) {
        case 0:
                r = sd_bus_message_new_signal(peer, &m, path, interface,
                                              take_text(in, members, ELEMENTSOF(members)));
                break;
        case 1: /* an answer to a call that was never made, or was answered already */
                r = sd_bus_message_new(peer, &m,
                                       type & 8 ? SD_BUS_MESSAGE_METHOD_RETURN
                                                : SD_BUS_MESSAGE_METHOD_ERROR);
                break;
        default:
                r = sd_bus_message_new_method_call(peer, &m, type & 8 ? BUS_NAME : ":1.1", path,
                                                   type & 16 ? NULL : interface,
                                                   take_text(in, members, ELEMENTSOF(members)));
        }
        if (r < 0)
                return NULL;
        (void) sd_bus_message_set_sender(m, ":1.7");
        if (type & 32)
                (void) sd_bus_message_set_expect_reply(m, 0);
        for (unsigned n = take(in) % 5; n > 0 && r >= 0; n--)
                r = append_value(m, in);
        return r < 0 ? NULL : TAKE_PTR(m);
}

static void send_message(sd_bus_message *m)
{
        bool answered = sd_bus_message_get_expect_reply(m) > 0;
        uint64_t cookie = 0;

        if (sd_bus_send(peer, m, answered ? &cookie : NULL) >= 0 && answered)
                waiting[n_waiting++] = cookie;
}

static void check_service(void)
{
        Snapshot s;

        daemon_snapshot(daemon_served, &s);
        MUST(s.running && strncmp(s.source, folder, strlen(folder)) == 0);
        MUST(log_level_name(log_max_level()) && log_target_name(log_target()));
        log_set_target(LOG_TARGET_NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Input in = { data, size };

        prepare();
        for (int n = 0; n < MESSAGES_MAX && in.size > 0; n++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = take_message(&in);

                if (m)
                        send_message(m);
        }
        wait_for_answers();
        check_service();
        return 0;
}
