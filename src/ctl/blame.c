/*
 * scrubjayctl blame: which session wrote this?
 *
 * git says which commit a line comes from, and the archive which session's tools printed that commit when they made it. A
 * rebase or a squash gives a commit another id; what it changes is the same, and tells. Times are not guessed from.
 */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "archive/query.h"
#include "base/file-util.h"
#include "base/memory.h"
#include "ctl/command.h"
#include "ctl/history.h"
#include "ctl/i18n.h"
#include "ctl/json-out.h"
#include "ctl/options.h"
#include "ctl/places.h"
#include "ctl/session-text.h"
#include "ctl/terminal.h"
#include "ctl/text.h"

/* Branches that may have been squashed, the newest. */
#define BRANCHES_MAX 100

/* A commit that a session made. */
typedef struct Made {
        char *session_id, *commit; /* as it was printed */
        int64_t ordinal;
        CommitId id, patch; /* where the repository has it still */
} Made;

/* How a commit of git's is one of a session's. */
typedef enum Match {
        MATCH_ID,
        MATCH_PATCH,
        MATCH_SQUASH,
} Match;

static const char *const match_names[] = { "id", "patch", "squash" };

typedef struct View {
        Query *q;
        const char *folder;
        const Blame *blame;
        Made *made; /* by commit */
        size_t n_made;
        bool is_resolved; /* id and patch are set */
        JsonArray array;
        bool json;
} View;

static void view_done(View *v)
{
        for (size_t i = 0; i < v->n_made; i++) {
                free(v->made[i].session_id);
                free(v->made[i].commit);
        }
        free(v->made);
}

static int on_commit(void *userdata, const LinkRow *link)
{
        View *v = userdata;

        APPEND(v->made, v->n_made,
               (Made){ .session_id = xstrdup(link->session_id),
                       .commit = xstrdup(link->commit_sha),
                       .ordinal = link->ordinal });
        return 0;
}

/* Finds out which of the sessions' commits this repository has, and what those change that change this file. */
static int resolve(View *v)
{
        _cleanup_free_ const char **names = xcalloc(v->n_made + 1, sizeof(*names));
        _cleanup_free_ CommitId *ids = xcalloc(v->n_made + 1, sizeof(*ids)),
                                *touching = xcalloc(v->n_made + 1, sizeof(*touching)),
                                *patches = xcalloc(v->n_made + 1, sizeof(*patches));
        int r;

        for (size_t i = 0; i < v->n_made; i++)
                names[i] = v->made[i].commit;
        r = history_resolve(v->folder, names, v->n_made, ids);
        if (r < 0)
                return r;
        memcpy(touching, ids, v->n_made * sizeof(*ids));
        r = history_keep_touching(v->folder, v->blame, touching, v->n_made);
        if (r >= 0)
                r = history_patch_ids(v->folder, touching, v->n_made, patches);
        if (r < 0)
                return r;
        for (size_t i = 0; i < v->n_made; i++) {
                v->made[i].id = ids[i];
                v->made[i].patch = patches[i];
        }
        v->is_resolved = true;
        return 0;
}

/* Is @m the last commit that its session made, as far as the repository has them? */
static bool is_tip(const View *v, const Made *m)
{
        for (size_t i = 0; i < v->n_made; i++)
                if (*v->made[i].id.text && v->made[i].ordinal > m->ordinal &&
                    strcmp(v->made[i].session_id, m->session_id) == 0)
                        return false;
        return true;
}

typedef struct Matches {
        const Made **list; /* borrowed */
        size_t n;
        Match how;
} Matches;

static void matches_done(Matches *m)
{
        free(m->list);
}

static void matches_add(Matches *m, const Made *made)
{
        for (size_t i = 0; i < m->n; i++)
                if (strcmp(m->list[i]->session_id, made->session_id) == 0)
                        return;
        APPEND(m->list, m->n, made);
}

/* Sessions that printed this very id. */
static void match_ids(const View *v, const BlamedCommit *c, Matches *ret)
{
        ret->how = MATCH_ID;
        for (size_t i = 0; i < v->n_made; i++)
                if (strncasecmp(v->made[i].commit, c->id.text, strlen(v->made[i].commit)) == 0)
                        matches_add(ret, v->made + i);
}

/* Sessions whose branch changes the same when it is squashed. */
static int match_squashes(const View *v, const BlamedCommit *c, const CommitId *patch, Matches *ret)
{
        CommitId tips[BRANCHES_MAX] = { 0 }, branches[BRANCHES_MAX], parent;
        const Made *made[BRANCHES_MAX];
        size_t n = 0;
        int r;

        r = history_parent(v->folder, &c->id, &parent);
        if (r < 0 || !*parent.text)
                return r;
        for (size_t i = v->n_made; i > 0 && n < BRANCHES_MAX; i--) {
                const Made *m = v->made + i - 1;

                if (!*m->id.text || !is_tip(v, m))
                        continue;
                tips[n] = m->id;
                made[n++] = m;
        }
        r = history_branch_patch_ids(v->folder, tips, n, &parent, branches);
        ret->how = MATCH_SQUASH;
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (strcmp(branches[i].text, patch->text) == 0)
                        matches_add(ret, made[i]);
        return r;
}

/* Sessions that made a commit which changes the same, or a branch that does when it is squashed. */
static int match_patches(View *v, const BlamedCommit *c, Matches *ret)
{
        CommitId patch;
        int r;

        r = v->is_resolved ? 0 : resolve(v);
        if (r >= 0)
                r = history_patch_ids(v->folder, &c->id, 1, &patch);
        if (r < 0 || !*patch.text)
                return r;
        ret->how = MATCH_PATCH;
        for (size_t i = 0; i < v->n_made; i++)
                if (strcmp(v->made[i].patch.text, patch.text) == 0)
                        matches_add(ret, v->made + i);
        return ret->n > 0 ? 0 : match_squashes(v, c, &patch, ret);
}

static int print_json(View *v, const BlamedCommit *c, const Matches *m)
{
        struct json_object *o = json_new(), *sessions = json_new_array();

        json_add_text(o, "commit", c->id.text);
        json_add_text(o, "summary", c->summary);
        json_add_time(o, "time", c->time_usec);
        json_add_count(o, "lines", c->n_lines);
        json_add_text(o, "match", m->n > 0 ? match_names[m->how] : NULL);
        for (size_t i = 0; i < m->n; i++) {
                struct json_object *s = json_new();

                json_add_text(s, "session_id", m->list[i]->session_id);
                json_add_count(s, "ordinal", (uint64_t) m->list[i]->ordinal);
                json_add_text(s, "commit", m->list[i]->commit);
                json_append(sessions, s);
        }
        json_add(o, "sessions", sessions);
        return json_array_print(&v->array, o);
}

static int print_session(void *userdata, const SessionRow *s)
{
        session_print_line(userdata, s, 2);
        return 0;
}

static int print_text(View *v, const BlamedCommit *c, const Matches *m)
{
        _cleanup_(strbuf_done) StrBuf time = { 0 };
        _cleanup_free_ char *summary = printable(c->summary);
        int r = 0;

        (void) put_local_time(&time, c->time_usec);
        printf("%s%.12s%s  %s  ", style_on(STYLE_BOLD), c->id.text, style_off(), time.data);
        printf(P_("%" PRIu64 " line", "%" PRIu64 " lines", c->n_lines), c->n_lines);
        printf("  %s\n", summary);
        for (size_t i = 0; r >= 0 && i < m->n; i++) {
                _cleanup_free_ char *id = session_shown_id(v->q, m->list[i]->session_id),
                                    *commit = printable(m->list[i]->commit);

                fputs("  ", stdout);
                r = query_session(v->q, m->list[i]->session_id, print_session, v->q);
                if (m->how == MATCH_PATCH)
                        printf(_("    It was %s when the session made it.\n"), commit);
                else if (m->how == MATCH_SQUASH)
                        printf(_("    It is a squash of the session's branch that ended with %s.\n"),
                               commit);
                session_print_command(id, m->list[i]->ordinal, "    ");
        }
        return r < 0 ? r : 0;
}

/* Returns how many of the commits were made by a session, or a negative errno. */
static int print_blame(View *v, const Blame *b)
{
        uint64_t n_lines = 0;
        int n_matched = 0, r = 0;

        for (size_t i = 0; r >= 0 && i < b->n; i++) {
                _cleanup_(matches_done) Matches m = { 0 };
                const BlamedCommit *c = b->commits + i;

                match_ids(v, c, &m);
                if (m.n == 0)
                        r = match_patches(v, c, &m);
                if (r < 0)
                        return r;
                n_matched += m.n > 0;
                if (v->json)
                        r = print_json(v, c, &m);
                else if (m.n > 0)
                        r = print_text(v, c, &m);
                else
                        n_lines += c->n_lines;
        }
        if (v->json)
                json_array_end(&v->array);
        else if (b->n_uncommitted > 0)
                fprintf(stderr,
                        P_("%" PRIu64 " line is not committed yet.\n",
                           "%" PRIu64 " lines are not committed yet.\n", b->n_uncommitted),
                        b->n_uncommitted);
        if (!v->json && n_lines > 0)
                fprintf(stderr,
                        P_("%" PRIu64 " line comes from no session of the archive.\n",
                           "%" PRIu64 " lines come from no session of the archive.\n", n_lines),
                        n_lines);
        return r < 0 ? r : n_matched;
}

/* Takes ":LINE" off @place where that is no file. Returns the line, or 0. */
static uint64_t split_line(char *place)
{
        char *colon = strrchr(place, ':');
        uint64_t line;

        if (!colon || colon == place || access(place, F_OK) == 0 ||
            parse_number(colon + 1, &line) < 0 || line == 0)
                return 0;
        *colon = 0;
        return line;
}

static int blame_failed(const char *file, uint64_t line, int r)
{
        if (r == -ENOTDIR)
                print_error(_("'%s' is not in a git repository."), file);
        else if (r == -ENOENT && line > 0)
                print_error(_("git cannot tell where line %" PRIu64
                              " of '%s' comes from: it has no such line, or was never committed."),
                            line, file);
        else if (r == -ENOENT)
                print_error(_("git cannot tell where '%s' comes from: it was never committed."),
                            file);
        else
                print_error(_("git failed for '%s': %s."), file, strerror(-r));
        return STATUS_FAILED;
}

int command_blame(int argc, char *argv[])
{
        _cleanup_free_ char *place = NULL, *folder = NULL;
        _cleanup_(query_closep) Query *q = NULL;
        _cleanup_(blame_done) Blame blame = { 0 };
        _cleanup_(view_done) View v = { 0 };
        const Option options[] = {
                { "json", NULL, N_("print JSON"), OPTION_FLAG, &v.json },
        };
        const Usage usage = {
                .arguments = N_("FILE[:LINE]"),
                .summary = N_("Names the sessions that wrote a file, or a line of it: those whose "
                              "tools made the commits that git blame names. A rebased or squashed "
                              "commit is recognised by its changes. The exit status is 1 if no "
                              "session made any of them."),
                .example = "scrubjayctl blame src/main.c:42",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_arguments = 1,
                .max_arguments = 1,
        };
        const char *name;
        uint64_t line;
        int first = options_parse(&usage, argc, argv);
        int r;

        if (places_open_archive(&q) < 0)
                return STATUS_FAILED;
        place = xstrdup(argv[first]);
        line = split_line(place);
        if (access(place, F_OK) < 0) {
                print_error(_("There is no file '%s'."), place);
                return STATUS_FAILED;
        }
        folder = path_folder(place);
        name = strrchr(place, '/') ? strrchr(place, '/') + 1 : place;
        v.q = q;
        v.folder = folder;
        v.blame = &blame;
        r = history_blame(v.folder, name, line, &blame);
        if (r < 0)
                return blame_failed(place, line, r);
        r = query_commits(q, on_commit, &v);
        if (r >= 0)
                r = print_blame(&v, &blame);
        if (r < 0)
                return query_failed(q, r);
        return r > 0 ? STATUS_DONE : STATUS_FAILED;
}
