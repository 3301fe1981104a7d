/*
 * What a cycle of the engine costs, in time and in counts
 *
 *     engine-bench [--count] SOURCE ARCHIVE RULES STEP...
 *
 * Runs the steps in one process, as the daemon's worker would, and prints one JSON object for each:
 *
 *     start       a new engine, the archive opened, the first cycle
 *     damaged     the same, with a source in which sessions fail
 *     idle=N      N cycles without any change; the figures are for all of them
 *     commit      a commit that changes nothing relevant, and a cycle
 *     append=N    a message added to each of N sessions, and a cycle
 *     append-long a message added to the longest session, and a cycle
 *     audit       all fingerprints compared
 *
 * With --count, SQLite reports for each statement what it did: rows read, steps of full scans and of its virtual machine,
 * rows written, pages read. That takes time, so times are measured without it.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/sqlite-util.h"
#include "base/time-util.h"
#include "sync/engine.h"

/* Counting */

#define CONNECTIONS_MAX 8

typedef struct Counts {
        uint64_t rows_read, fullscan_steps, vm_steps, rows_written, statements, pages;
} Counts;

static struct {
        bool on;     /* whether statements are counted */
        bool inside; /* the engine is running: what is opened and allocated belongs to it */
        Counts counts;
        uint64_t allocations;
        struct {
                sqlite3 *db;
                int64_t changes; /* as last seen */
        } connections[CONNECTIONS_MAX];
} counting;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);

void *malloc(size_t size)
{
        counting.allocations += counting.inside;
        return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
        counting.allocations += counting.inside;
        return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
        counting.allocations += counting.inside;
        return __libc_realloc(p, size);
}

static void count_changes(sqlite3 *db)
{
        for (size_t i = 0; i < CONNECTIONS_MAX; i++)
                if (counting.connections[i].db == db) {
                        int64_t now = sqlite3_total_changes(db);

                        counting.counts.rows_written +=
                                        (uint64_t) (now - counting.connections[i].changes);
                        counting.connections[i].changes = now;
                }
}

static uint64_t take_status(sqlite3_stmt *stmt, int what)
{
        return (uint64_t) sqlite3_stmt_status(stmt, what, true);
}

/* Pages read, cached or not, since the last call. Counting rows is a single step of the virtual machine, however many it walks;
 * only this reveals it. */
static uint64_t take_pages(sqlite3 *db)
{
        int hits = 0, misses = 0, highest;

        (void) sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_HIT, &hits, &highest, true);
        (void) sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_MISS, &misses, &highest, true);
        return (uint64_t) hits + (uint64_t) misses;
}

static int on_trace(unsigned event, void *userdata, void *p, void *x)
{
        Counts *c = &counting.counts;

        if (event == SQLITE_TRACE_ROW) {
                c->rows_read++;
                return 0;
        }
        c->statements++;
        c->fullscan_steps += take_status(p, SQLITE_STMTSTATUS_FULLSCAN_STEP);
        c->vm_steps += take_status(p, SQLITE_STMTSTATUS_VM_STEP);
        c->pages += take_pages(sqlite3_db_handle(p));
        count_changes(sqlite3_db_handle(p));
        return 0;
}

/* Called for each connection that is opened. */
static int on_connection(sqlite3 *db, char **error, const struct sqlite3_api_routines *api)
{
        static size_t n;

        if (!counting.inside)
                return SQLITE_OK;
        counting.connections[n].db = db;
        counting.connections[n].changes = 0;
        n = (n + 1) % CONNECTIONS_MAX;
        return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE | SQLITE_TRACE_ROW, on_trace, NULL);
}

/* Measuring */

typedef struct Figures {
        uint64_t wall_usec, cpu_usec, allocations, bytes_written, bytes_read, peak_kb, rss_kb;
} Figures;

/* The number after @name in a file of /proc/self. */
static uint64_t proc_number(const char *path, const char *name)
{
        _cleanup_(fclosep) FILE *f = fopen(path, "re");
        char line[256];

        while (f && fgets(line, sizeof(line), f))
                if (strncmp(line, name, strlen(name)) == 0)
                        return strtoull(line + strlen(name), NULL, 10);
        return 0;
}

static void forget_peak(void)
{
        _cleanup_close_ int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "5", 1) != 1)
                fprintf(stderr, "engine-bench: the peak of the memory cannot be reset\n");
}

static void begin(Figures *f)
{
        forget_peak();
        *f = (Figures){
                .bytes_written = proc_number("/proc/self/io", "wchar: "),
                .bytes_read = proc_number("/proc/self/io", "rchar: "),
        };
        counting.counts = (Counts){ 0 };
        counting.allocations = 0;
        f->wall_usec = now_usec(CLOCK_MONOTONIC);
        f->cpu_usec = now_usec(CLOCK_PROCESS_CPUTIME_ID);
        counting.inside = true;
}

static void end(Figures *f)
{
        counting.inside = false;
        f->cpu_usec = now_usec(CLOCK_PROCESS_CPUTIME_ID) - f->cpu_usec;
        f->wall_usec = now_usec(CLOCK_MONOTONIC) - f->wall_usec;
        f->allocations = counting.allocations;
        f->bytes_written = proc_number("/proc/self/io", "wchar: ") - f->bytes_written;
        f->bytes_read = proc_number("/proc/self/io", "rchar: ") - f->bytes_read;
        f->peak_kb = proc_number("/proc/self/status", "VmHWM:");
        f->rss_kb = proc_number("/proc/self/status", "VmRSS:");
}

static void put(const char *name, uint64_t value)
{
        printf(", \"%s\": %" PRIu64, name, value);
}

static void print_step(const char *step, uint64_t n_cycles, const Figures *f, const CycleResult *r)
{
        printf("{\"step\": \"%s\"", step);
        put("cycles", n_cycles);
        put("wall_usec", f->wall_usec);
        put("cpu_usec", f->cpu_usec);
        put("allocations", f->allocations);
        put("bytes_written", f->bytes_written);
        put("bytes_read", f->bytes_read);
        put("peak_kb", f->peak_kb);
        put("rss_kb", f->rss_kb);
        put("sessions", r->sessions_synced);
        put("messages", r->messages_written);
        put("text_bytes", r->bytes_read);
        put("secrets", r->secrets_detected);
        if (counting.on) {
                put("rows_read", counting.counts.rows_read);
                put("fullscan_steps", counting.counts.fullscan_steps);
                put("vm_steps", counting.counts.vm_steps);
                put("rows_written", counting.counts.rows_written);
                put("statements", counting.counts.statements);
                put("pages", counting.counts.pages);
        }
        printf("}\n");
        (void) fflush(stdout);
}

/* Steps */

typedef struct Bench {
        const char *source_path;
        EngineSettings settings;
        Engine *engine;
        sqlite3 *source; /* the writer's */
} Bench;

static void fail(const char *what, const char *why)
{
        fprintf(stderr, "engine-bench: %s: %s\n", what, why ?: "");
        exit(1);
}

static void write_source(Bench *b, const char *sql)
{
        if (!b->source && sqlite3_open(b->source_path, &b->source) != SQLITE_OK)
                fail("source", sqlite_reason(b->source));
        if (sqlite_run(b->source, sql) < 0)
                fail("source", sqlite_reason(b->source));
}

/* Adds a message to each of the sessions that @which selects (a SELECT of ids), as when their transcripts grow. */
static void append(Bench *b, const char *which)
{
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        (void) strbuf_printf(
                        &sql,
                        "BEGIN; CREATE TEMP TABLE grown AS %s;"
                        "INSERT INTO messages (session_id, ordinal, role, content, content_length) "
                        "SELECT id, (SELECT max(ordinal) + 1 FROM messages WHERE session_id = grown.id), "
                        "'user', printf('%%.600c', 'x'), 600 FROM grown;"
                        "UPDATE sessions SET message_count = message_count + 1, "
                        "transcript_revision = transcript_revision + 1, file_hash = hex(randomblob(16)), "
                        "sync_marker = strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now') "
                        "WHERE id IN (SELECT id FROM grown); DROP TABLE grown; COMMIT",
                        which);
        if (sql.failed)
                fail("append", "out of memory");
        write_source(b, sql.data);
}

/* @n sessions, spread evenly over the table. */
static void append_to(Bench *b, uint64_t n)
{
        static uint64_t times;
        _cleanup_(strbuf_done) StrBuf sql = { 0 };

        times++;
        (void) strbuf_printf(
                        &sql,
                        "WITH RECURSIVE place(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM place "
                        "WHERE i + 1 < %" PRIu64 ") SELECT id FROM place CROSS JOIN sessions "
                        "ON sessions.rowid = 1 + (%" PRIu64
                        " + i * (SELECT max(rowid) FROM sessions) "
                        "/ %" PRIu64 ") %% (SELECT max(rowid) FROM sessions)",
                        n, times * 7, n);
        if (sql.failed)
                fail("append", "out of memory");
        append(b, sql.data);
}

static void run_cycles(Bench *b, const char *step, CycleKind kind, uint64_t n)
{
        bool damaged = strcmp(step, "damaged") == 0, start = damaged || strcmp(step, "start") == 0;
        _cleanup_free_ char *reason = NULL;
        CycleResult result = { 0 };
        Figures f;

        begin(&f);
        if (start)
                b->engine = engine_new(&b->settings, NULL);
        if (start && engine_open_archive(b->engine, &reason) < 0)
                fail(step, reason);
        for (uint64_t i = 0; i < n; i++) {
                cycle_result_done(&result);
                engine_cycle(b->engine, kind, &result);
        }
        end(&f);
        if (result.failure != CYCLE_OK || (result.n_errors > 0) != damaged)
                fail(step, result.sentence ?: "a session failed");
        print_step(step, n, &f, &result);
        cycle_result_done(&result);
}

/* The number after the "=" of a step. */
static uint64_t step_number(const char *step)
{
        const char *number = strchr(step, '=');

        return number ? strtoull(number + 1, NULL, 10) : 1;
}

static void run_step(Bench *b, const char *step)
{
        if (strcmp(step, "start") == 0 || strcmp(step, "damaged") == 0) {
                b->engine = engine_free(b->engine);
                run_cycles(b, step, CYCLE_NORMAL, 1);
                return;
        }
        if (!b->engine)
                fail(step, "the first step is start");
        if (strncmp(step, "idle=", 5) == 0) {
                run_cycles(b, step, CYCLE_NORMAL, step_number(step));
        } else if (strcmp(step, "audit") == 0) {
                run_cycles(b, step, CYCLE_AUDIT, 1);
        } else {
                if (strcmp(step, "commit") == 0)
                        write_source(b, "CREATE TABLE other (x); DROP TABLE other");
                else if (strcmp(step, "append-long") == 0)
                        append(b, "SELECT id FROM sessions ORDER BY message_count DESC LIMIT 1");
                else if (strncmp(step, "append=", 7) == 0)
                        append_to(b, step_number(step));
                else
                        fail(step, "no such step");
                run_cycles(b, step, CYCLE_NORMAL, 1);
        }
}

int main(int argc, char **argv)
{
        const char *rules_folders[2] = { NULL };
        Bench b = { 0 };

        if (argc > 1 && strcmp(argv[1], "--count") == 0) {
                counting.on = true;
                argv++;
                argc--;
        }
        if (argc < 5) {
                fprintf(stderr, "engine-bench [--count] SOURCE ARCHIVE RULES STEP...\n");
                return 2;
        }
        sqlite_setup();
        if (counting.on && sqlite3_auto_extension((void (*)(void)) on_connection) != SQLITE_OK)
                fail("counting", "SQLite refuses it");
        b.source_path = argv[1];
        rules_folders[0] = argv[3];
        b.settings = (EngineSettings){
                .source_path = argv[1],
                .archive_path = argv[2],
                .rules_folders = rules_folders,
                .user_id = "dev@example.net",
                .user_name = "Dev",
        };
        for (int i = 4; i < argc; i++)
                run_step(&b, argv[i]);
        b.engine = engine_free(b.engine);
        (void) sqlite3_close(b.source);
        return 0;
}
