/* History: what git knows of a file and of commits */
#include "ctl/history.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/git.h"
#include "base/memory.h"
#include "base/time-util.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)
#define OUTPUT_MAX   ((size_t) 1 << 30)

void blame_done(Blame *b)
{
        for (size_t i = 0; i < b->n; i++)
                free(b->commits[i].summary);
        for (size_t i = 0; i < b->n_paths; i++)
                free(b->paths[i]);
        free(b->paths);
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

        if (input && input->failed)
                return -ENOMEM;
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
        for (size_t i = b->n; i > 0; i--)
                if (strcmp(b->commits[i - 1].id.text, id->text) == 0)
                        return b->commits + i - 1;
        APPEND(b->commits, b->n, (BlamedCommit){ .id = *id });
        return b->commits + b->n - 1;
}

static int more_lines_first(const void *a, const void *b)
{
        const BlamedCommit *x = a, *y = b;

        if (x->n_lines != y->n_lines)
                return x->n_lines < y->n_lines ? 1 : -1;
        return strcmp(x->id.text, y->id.text);
}

/* The name that a commit has the file by, as git takes it. */
static void add_path(Blame *b, const char *name, size_t size)
{
        _cleanup_free_ char *path = NULL;

        if (size == 0 || *name == '"') /* one with signs that git puts in quotes: it may be any */
                name = "", size = 0;
        path = xasprintf(size > 0 ? ":(top,literal)%.*s" : ":(top)%.*s", (int) size, name);
        for (size_t i = 0; i < b->n_paths; i++)
                if (strcmp(b->paths[i], path) == 0)
                        return;
        APPEND(b->paths, b->n_paths, TAKE_PTR(path));
}

/* One line of "git blame --porcelain": an id begins a line's entry, facts of a commit follow where they are new. */
static void blame_line(Blame *b, BlamedCommit **now, const char *line, size_t size)
{
        static const char summary[] = "summary ", time[] = "author-time ", name[] = "filename ";
        CommitId id;

        if (size > 0 && line[0] == '\t')
                return; /* the line itself */
        if (take_id(line, &id)) {
                if (strspn(id.text, "0") == strlen(id.text)) {
                        b->n_uncommitted++;
                        *now = NULL;
                        return;
                }
                *now = blame_find(b, &id);
                (*now)->n_lines++;
        } else if (*now && !(*now)->summary && strncmp(line, summary, strlen(summary)) == 0) {
                (*now)->summary = xstrndup(line + strlen(summary), size - strlen(summary));
        } else if (*now && strncmp(line, time, strlen(time)) == 0) {
                (*now)->time_usec = strtoull(line + strlen(time), NULL, 10) * USEC_PER_SEC;
        } else if (strncmp(line, name, strlen(name)) == 0) {
                add_path(b, line + strlen(name), size - strlen(name));
        }
}

static int is_repository(const char *folder)
{
        const char *const arguments[] = { "rev-parse", "--is-inside-work-tree", NULL };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        int r = ask(folder, arguments, NULL, &output);

        return r < 0 ? r : r == 0 && strncmp(output.data, "true", 4) == 0;
}

/* Letters of all languages stay as they are. */
#define QUOTE_LESS "-c", "core.quotePath=false"

int history_blame(const char *folder, const char *file, uint64_t line, Blame *ret)
{
        _cleanup_(blame_done) Blame b = { 0 };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        BlamedCommit *now = NULL;
        char range[64];
        /* names as they are, and not with "\\303" for a letter */
        const char *const all[] = { QUOTE_LESS, "blame", "--porcelain", "--no-textconv",
                                    "--",       file,    NULL };
        const char *const one[] = { QUOTE_LESS, "blame", "--porcelain", "--no-textconv",
                                    "-L",       range,   "--",          file,
                                    NULL };
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

                blame_line(&b, &now, p, n);
                p += n + (p[n] == '\n');
        }
        if (b.n > 0)
                qsort(b.commits, b.n, sizeof(*b.commits), more_lines_first);
        *ret = TAKE_STRUCT(b);
        return 0;
}

/* What one run of git is asked for: less than the system lets a program have. */
#define NAMES_MAX ((size_t) 4096)

/* git asks for 4 digits at least. */
#define ID_MIN 4

typedef struct PrefixName {
        char text[COMMIT_ID_MAX + 16];
} PrefixName;

/* Lists in *@ret the objects whose ids begin as one of @names does, in order of ids. "cat-file" would look for new packs at
 * each that is not there; this asks only the indexes that git has read. */
static int list_objects(const char *folder, const char *const *names, size_t n, StrBuf *ret)
{
        for (size_t from = 0; from < n; from += NAMES_MAX) {
                size_t n_asked = n - from < NAMES_MAX ? n - from : NAMES_MAX, k = 0;
                _cleanup_free_ const char **arguments = xcalloc(n_asked + 2, sizeof(*arguments));
                _cleanup_free_ PrefixName *prefixes = xcalloc(n_asked, sizeof(*prefixes));
                int r;

                arguments[k++] = "rev-parse";
                for (size_t i = 0; i < n_asked; i++) {
                        size_t size = id_length(names[from + i]);
                        char *text = prefixes[i].text;

                        if (size < ID_MIN || size >= COMMIT_ID_MAX)
                                continue;
                        (void) snprintf(text, sizeof(prefixes[i].text), "--disambiguate=%.*s",
                                        (int) size, names[from + i]);
                        arguments[k++] = text;
                }
                r = k > 1 ? ask(folder, arguments, NULL, ret) : 0;
                if (r != 0)
                        return r < 0 ? r : -EIO;
                if (k > 1)
                        ret->size--; /* the NUL */
        }
        return 0;
}

typedef struct Object {
        CommitId id, commit; /* for a tag: the commit that it points to; "": it is not a commit */
} Object;

static int compare_objects(const void *a, const void *b)
{
        const Object *x = a, *y = b;

        return strcmp(x->id.text, y->id.text);
}

/* Reads ids, a line each, and asks git which of them are commits. */
static int read_objects(const char *folder, const StrBuf *list, Object **ret, size_t *ret_n)
{
        const char *const arguments[] = { "cat-file", "--batch-check=%(objectname)", NULL };
        _cleanup_(strbuf_done) StrBuf input = { 0 }, output = { 0 };
        _cleanup_free_ Object *objects = calloc(list->size / 40 + 1, sizeof(*objects));
        const char *p = list->data, *end = p + list->size;
        size_t n = 0;
        int r;

        if (!objects)
                return -ENOMEM;
        for (; p && p < end; p += strcspn(p, "\n") + 1)
                if (take_id(p, &objects[n].id))
                        (void) strbuf_printf(&input, "%s^{commit}\n", objects[n++].id.text);
        if (n == 0)
                return 0;
        r = ask(folder, arguments, &input, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        p = output.data; /* a line for each, in order; "... missing" is no id */
        for (size_t i = 0; i < n && *p; i++) {
                size_t size = strcspn(p, "\n");

                if (id_length(p) == size)
                        (void) take_id(p, &objects[i].commit);
                p += size + (p[size] == '\n');
        }
        qsort(objects, n, sizeof(*objects), compare_objects);
        *ret = TAKE_PTR(objects);
        *ret_n = n;
        return 0;
}

/* The commit that @name means; "": none, or several. */
static CommitId choose(const Object *objects, size_t n, const char *name)
{
        size_t size = id_length(name), low = 0, high = n;
        CommitId found = { 0 };

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strncasecmp(objects[middle].id.text, name, size) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        for (; size > 0 && low < n && strncasecmp(objects[low].id.text, name, size) == 0; low++) {
                if (!*objects[low].commit.text || strcmp(objects[low].commit.text, found.text) == 0)
                        continue;
                if (*found.text)
                        return (CommitId){ 0 };
                found = objects[low].commit;
        }
        return found;
}

int history_resolve(const char *folder, const char *const *names, size_t n, CommitId *ret)
{
        _cleanup_(strbuf_done) StrBuf list = { 0 };
        _cleanup_free_ Object *objects = NULL;
        size_t n_objects = 0;
        int r;

        r = list_objects(folder, names, n, &list);
        if (r >= 0)
                r = read_objects(folder, &list, &objects, &n_objects);
        for (size_t i = 0; r >= 0 && i < n; i++)
                ret[i] = choose(objects, n_objects, names[i]);
        return r;
}

int history_parent(const char *folder, const CommitId *commit, CommitId *ret)
{
        char name[COMMIT_ID_MAX + 1];
        const char *const arguments[] = { "rev-parse", "--verify", "--quiet", name, NULL };
        _cleanup_(strbuf_done) StrBuf output = { 0 };
        int r;

        *ret = (CommitId){ 0 };
        (void) snprintf(name, sizeof(name), "%s^", commit->text);
        r = ask(folder, arguments, NULL, &output);
        if (r == 0)
                (void) take_id(output.data, ret);
        return r < 0 ? r : 0;
}

int history_keep_touching(const char *folder, const Blame *b, CommitId *commits, size_t n)
{
        static const char *const fixed[] = { "diff-tree", "--stdin",      "-r", "--root",
                                             "-s",        "--no-renames", "--" };
        _cleanup_free_ const char **arguments = xcalloc(ELEMENTSOF(fixed) + b->n_paths + 1,
                                                        sizeof(*arguments));
        _cleanup_(strbuf_done) StrBuf input = { 0 }, output = { 0 };
        const char *p;
        int r;

        memcpy(arguments, fixed, sizeof(fixed));
        memcpy(arguments + ELEMENTSOF(fixed), b->paths, b->n_paths * sizeof(*arguments));
        for (size_t i = 0; i < n; i++)
                if (*commits[i].text)
                        (void) strbuf_printf(&input, "%s\n", commits[i].text);
        if (input.size == 0)
                return 0;
        r = ask(folder, arguments, &input, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        p = output.data; /* those that touch one, in the order that they were asked in */
        for (size_t i = 0; i < n; i++) {
                CommitId next;

                if (!*commits[i].text)
                        continue;
                if (take_id(p, &next) && strcmp(next.text, commits[i].text) == 0)
                        p += strcspn(p, "\n") + 1;
                else
                        commits[i] = (CommitId){ 0 };
        }
        return 0;
}

typedef struct PatchId {
        CommitId commit, patch;
} PatchId;

static int compare_patch_ids(const void *a, const void *b)
{
        const PatchId *x = a, *y = b;

        return strcmp(x->commit.text, y->commit.text);
}

/* Reads the lines of "git patch-id" ("patch commit") for @commits, of which "" are not asked about. */
static int read_patch_ids(const StrBuf *answer, const CommitId *commits, size_t n, CommitId *ret)
{
        _cleanup_free_ PatchId *found = calloc(answer->size / 80 + 1, sizeof(*found));
        size_t n_found = 0;

        if (!found)
                return -ENOMEM;
        for (const char *p = answer->data; *p;) {
                PatchId *f = found + n_found;
                size_t size = strcspn(p, "\n");

                if (take_id(p, &f->patch) && p[strlen(f->patch.text)] == ' ' &&
                    take_id(p + strlen(f->patch.text) + 1, &f->commit))
                        n_found++;
                p += size + (p[size] == '\n');
        }
        qsort(found, n_found, sizeof(*found), compare_patch_ids);
        for (size_t i = 0; i < n; i++) {
                const PatchId key = { .commit = commits[i] },
                              *f = bsearch(&key, found, n_found, sizeof(*found), compare_patch_ids);

                if (f)
                        ret[i] = f->patch;
        }
        return 0;
}

/* Computes the ids of the changes that lines of @input ask for: of a commit, or of a commit compared with another. */
static int ask_patch_ids(const char *folder, const StrBuf *input, const CommitId *commits, size_t n,
                         CommitId *ret)
{
        const char *const diffs[] = { "diff-tree",
                                      "--stdin",
                                      "-r",
                                      "-p",
                                      "--root",
                                      "--no-ext-diff",
                                      "--no-textconv",
                                      "--no-color",
                                      "--full-index",
                                      "--no-renames",
                                      NULL };
        const char *const ids[] = { "patch-id", "--stable", NULL };
        _cleanup_(strbuf_done) StrBuf patches = { 0 }, answer = { 0 };
        int r;

        if (input->size == 0)
                return 0;
        r = ask(folder, diffs, input, &patches);
        if (r != 0)
                return r < 0 ? r : -EIO;
        patches.size--; /* the NUL */
        r = ask(folder, ids, &patches, &answer);
        if (r != 0)
                return r < 0 ? r : -EIO;
        return read_patch_ids(&answer, commits, n, ret);
}

int history_patch_ids(const char *folder, const CommitId *commits, size_t n, CommitId *ret)
{
        _cleanup_(strbuf_done) StrBuf input = { 0 };

        memset(ret, 0, n * sizeof(*ret));
        for (size_t i = 0; i < n; i++)
                if (*commits[i].text)
                        (void) strbuf_printf(&input, "%s\n", commits[i].text);
        return ask_patch_ids(folder, &input, commits, n, ret);
}

/* Two ids, with "..." between them. */
typedef struct RangeName {
        char text[2 * COMMIT_ID_MAX + 3];
} RangeName;

int history_branch_patch_ids(const char *folder, const CommitId *tips, size_t n,
                             const CommitId *onto, CommitId *ret)
{
        _cleanup_free_ const char **arguments = xcalloc(n + 2, sizeof(*arguments));
        _cleanup_free_ RangeName *ranges = xcalloc(n + 1, sizeof(*ranges));
        _cleanup_(strbuf_done) StrBuf output = { 0 }, input = { 0 };
        size_t n_ends = 0;
        int r;

        if (n == 0)
                return 0;
        memset(ret, 0, n * sizeof(*ret));
        arguments[0] = "rev-parse";
        for (size_t i = 0; i < n; i++) {
                (void) snprintf(ranges[i].text, sizeof(ranges[i].text), "%s...%s", onto->text,
                                tips[i].text);
                arguments[i + 1] = ranges[i].text;
        }
        r = ask(folder, arguments, NULL, &output);
        if (r != 0)
                return r < 0 ? r : -EIO;
        /* of each: both ends, then "^" and where they parted, once or more often, or never */
        for (const char *p = output.data, *next; *p; p = next) {
                CommitId base;

                next = p + strcspn(p, "\n") + 1;
                if (*p != '^')
                        n_ends++;
                else if (n_ends > 0 && n_ends <= 2 * n && take_id(p + 1, &base))
                        (void) strbuf_printf(&input, "%s %s\n", tips[n_ends / 2 - 1].text,
                                             base.text);
        }
        return ask_patch_ids(folder, &input, tips, n, ret);
}
