/* History: what git knows of a file and of commits */
#include "ctl/history.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/git.h"
#include "base/time-util.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)
#define OUTPUT_MAX   ((size_t) 1 << 30)

void blame_done(Blame *b)
{
        for (size_t i = 0; i < b->n; i++)
                free(b->commits[i].summary);
        free(b->commits);
        *b = (Blame){ 0 };
}

static size_t id_length(const char *s)
{
        size_t n = 0;

        while (isxdigit((unsigned char) s[n]))
                n++;
        return n;
}

/* Takes a full id (40 or 64 digits) that begins at @s. */
static bool take_id(const char *s, CommitId *ret)
{
        size_t n = id_length(s);

        if (n != 40 && n != 64)
                return false;
        memcpy(ret->text, s, n);
        ret->text[n] = 0;
        return true;
}

/* Bytes as a file to read from, or -1 with errno. */
static int input_file(const StrBuf *b)
{
        _cleanup_close_ int fd = memfd_create("input", MFD_CLOEXEC);

        if (fd < 0)
                return -errno;
        for (size_t done = 0; done < b->size;) {
                ssize_t n = write(fd, b->data + done, b->size - done);

                if (n < 0 && errno != EINTR)
                        return -errno;
                done += n > 0 ? (size_t) n : 0;
        }
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Runs git with @input; what it prints goes to @output as a string. Returns its exit status or a negative errno. */
static int ask(const char *folder, const char *const *arguments, const StrBuf *input,
               StrBuf *output)
{
        _cleanup_close_ int in = -1;
        int r;

        if (input) {
                in = input_file(input);
                if (in < 0)
                        return in;
        }
        r = git_output(folder, arguments, in, OUTPUT_MAX, TIMEOUT_USEC, output);
        if (r >= 0 && strbuf_putc(output, 0) < 0)
                return -ENOMEM;
        return r;
}

static BlamedCommit *blame_find(Blame *b, const CommitId *id)
{
        BlamedCommit *grown;

        for (size_t i = b->n; i > 0; i--)
                if (strcmp(b->commits[i - 1].id.text, id->text) == 0)
                        return b->commits + i - 1;
        if (b->n == b->n_allocated) {
                size_t n = b->n_allocated > 0 ? b->n_allocated * 2 : 16;

                grown = reallocarray(b->commits, n, sizeof(*grown));
                if (!grown)
                        return NULL;
                b->commits = grown;
                b->n_allocated = n;
        }
        b->commits[b->n] = (BlamedCommit){ .id = *id };
        return &b->commits[b->n++];
}

static int more_lines_first(const void *a, const void *b)
{
        const BlamedCommit *x = a, *y = b;

        if (x->n_lines != y->n_lines)
                return x->n_lines < y->n_lines ? 1 : -1;
        return strcmp(x->id.text, y->id.text);
}

/* One line of "git blame --porcelain": an id begins a line's entry, facts of a commit follow where they are new. */
static int blame_line(Blame *b, BlamedCommit **now, const char *line, size_t size)
{
        static const char summary[] = "summary ", time[] = "author-time ";
        CommitId id;

        if (size > 0 && line[0] == '\t')
                return 0; /* the line itself */
        if (take_id(line, &id)) {
                if (strspn(id.text, "0") == strlen(id.text)) {
                        b->n_uncommitted++;
                        *now = NULL;
                        return 0;
                }
                *now = blame_find(b, &id);
                if (!*now)
                        return -ENOMEM;
                (*now)->n_lines++;
        } else if (*now && !(*now)->summary && strncmp(line, summary, strlen(summary)) == 0) {
                (*now)->summary = strndup(line + strlen(summary), size - strlen(summary));
                if (!(*now)->summary)
                        return -ENOMEM;
        } else if (*now && strncmp(line, time, strlen(time)) == 0) {
                (*now)->time_usec = strtoull(line + strlen(time), NULL, 10) * USEC_PER_SEC;
        }
        return 0;
}

static int is_repository(const char *folder)
{
        const char *const arguments[] = { "rev-parse", "--is-inside-work-tree", NULL };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        int r = ask(folder, arguments, NULL, &output);

        return r < 0 ? r : r == 0 && strncmp(output.data, "true", 4) == 0;
}

int history_blame(const char *folder, const char *file, uint64_t line, Blame *ret)
{
        _cleanup_(blame_done) Blame b = { 0 };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        BlamedCommit *now = NULL;
        char range[64];
        const char *const all[] = { "blame", "--porcelain", "--no-textconv", "--", file, NULL };
        const char *const one[] = { "blame", "--porcelain", "--no-textconv", "-L", range, "--",
                                    file,    NULL };
        int r;

        (void) snprintf(range, sizeof(range), "%" PRIu64 ",%" PRIu64, line, line);
        r = ask(folder, line > 0 ? one : all, NULL, &output);
        if (r > 0) {
                r = is_repository(folder);
                return r < 0 ? r : r > 0 ? -ENOENT : -ENOTDIR;
        }
        if (r < 0)
                return r;
        for (const char *p = output.data; *p;) {
                size_t n = strcspn(p, "\n");

                r = blame_line(&b, &now, p, n);
                if (r < 0)
                        return r;
                p += n + (p[n] == '\n');
        }
        if (b.n > 0)
                qsort(b.commits, b.n, sizeof(*b.commits), more_lines_first);
        *ret = b;
        b = (Blame){ 0 };
        return 0;
}

int history_resolve(const char *folder, const char *const *names, size_t n, CommitId *ret)
{
        const char *const arguments[] = { "cat-file", "--batch-check=%(objectname)", NULL };
        _cleanup_(strbuf_done) StrBuf input = { 0 }, output = { 0 };
        const char *p;
        int r;

        memset(ret, 0, n * sizeof(*ret));
        for (size_t i = 0; i < n; i++)
                (void) strbuf_printf(&input, "%.*s^{commit}\n",
                                     (int) strspn(names[i], "0123456789abcdefABCDEF^"), names[i]);
        if (n == 0 || input.failed)
                return n == 0 ? 0 : -ENOMEM;
        r = ask(folder, arguments, &input, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        /* a line for each, in order; "... missing" and "... ambiguous" are no ids */
        p = output.data;
        for (size_t i = 0; i < n && *p; i++) {
                size_t size = strcspn(p, "\n");

                if (id_length(p) == size)
                        (void) take_id(p, ret + i);
                p += size + (p[size] == '\n');
        }
        return 0;
}

/* Hands @diffs to "git patch-id" and gives each line of its answer ("patch commit") to the ids of @commits. */
static int patch_ids_of(const char *folder, const StrBuf *diffs, const CommitId *commits, size_t n,
                        CommitId *ret)
{
        const char *const arguments[] = { "patch-id", "--stable", NULL };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        int r;

        r = ask(folder, arguments, diffs, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        for (const char *p = output.data; *p;) {
                size_t size = strcspn(p, "\n");
                CommitId patch, commit;

                if (take_id(p, &patch) && p[strlen(patch.text)] == ' ' &&
                    take_id(p + strlen(patch.text) + 1, &commit))
                        for (size_t i = 0; i < n; i++)
                                if (strcmp(commits[i].text, commit.text) == 0)
                                        ret[i] = patch;
                p += size + (p[size] == '\n');
        }
        return 0;
}

int history_patch_ids(const char *folder, const CommitId *commits, size_t n, CommitId *ret)
{
        const char *const arguments[] = { "log",         "--no-walk=unsorted", "--stdin",
                                          "-p",          "--no-ext-diff",      "--no-textconv",
                                          "--no-color",  "--full-index",       "--no-renames",
                                          "--no-merges", "--format=commit %H", NULL };
        _cleanup_(strbuf_done) StrBuf input = { 0 }, output = { 0 };
        int r;

        memset(ret, 0, n * sizeof(*ret));
        for (size_t i = 0; i < n; i++)
                (void) strbuf_printf(&input, "%s\n", commits[i].text);
        if (n == 0 || input.failed)
                return n == 0 ? 0 : -ENOMEM;
        r = ask(folder, arguments, &input, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        output.size--; /* the NUL */
        return patch_ids_of(folder, &output, commits, n, ret);
}

int history_branch_patch_id(const char *folder, const CommitId *tip, const CommitId *onto,
                            CommitId *ret)
{
        char range[2 * COMMIT_ID_MAX + 3];
        /* three dots: from where they parted */
        const char *const arguments[] = { "diff",          "--no-ext-diff",
                                          "--no-textconv", "--no-color",
                                          "--full-index",  "--no-renames",
                                          range,           NULL };
        _cleanup_(strbuf_done) StrBuf diff = { 0 }, output = { 0 };
        int r;

        *ret = (CommitId){ 0 };
        (void) snprintf(range, sizeof(range), "%s...%s", onto->text, tip->text);
        (void) strbuf_printf(&diff, "commit %s\n", tip->text);
        r = ask(folder, arguments, NULL, &output);
        if (r < 0)
                return r;
        if (r > 0)
                return 0; /* they have nothing in common */
        if (strbuf_append(&diff, output.data, output.size - 1) < 0)
                return -ENOMEM;
        return patch_ids_of(folder, &diff, tip, 1, ret);
}
