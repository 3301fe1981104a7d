/* enrich: git links in tool output, projects of folders */
#include "base/url.h"
#include "enrich/gitlink.h"
#include "enrich/identity.h"
#include "fixture.h"

/* Links as text: "commit! 1a2b3c4;" with ! for certain ones. */
static int write_link(void *userdata, const GitLink *link)
{
        return strbuf_printf(userdata, "%s%s %.*s;", link->is_pull_request ? "pr" : "commit",
                             link->is_certain ? "!" : "", (int) link->size, link->text);
}

TEST(links_in_what_a_command_printed)
{
        static const struct {
                const char *command, *output, *links;
        } cases[] = {
                { "git commit -m x", "[main 1a2b3c4] x\n 1 file changed", "commit! 1a2b3c4;" },
                { "cd /src && git -C lib commit -qm x && git log",
                  "[main (root-commit) 1a2b3c4d] x", "commit! 1a2b3c4d;" },
                { "git commit -m x", "[detached HEAD 1a2b3c4] x", "commit! 1a2b3c4;" },
                { "git log", "[main 1a2b3c4] x", "" },
                { "git commit", "nothing to commit", "" },
                { "git commit", "[main abc] too short", "" },
                { "git commit", "see [1a2b3c4] for more", "" },
                { "gh pr create --fill", "https://github.com/acme/x/pull/12\n",
                  "pr! https://github.com/acme/x/pull/12;" },
                { "gh pr list", "12 https://github.com/acme/x/pull/12/files",
                  "pr https://github.com/acme/x/pull/12;" },
                { "glab mr create", "https://gitlab.com/a/b/-/merge_requests/3",
                  "pr! https://gitlab.com/a/b/-/merge_requests/3;" },
                { "true", "github.com/acme/x/pull/12 and /pull/", "" },
                { "true", "https://u:p@github.com/acme/x/pull/12", "" },
                { "", "", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(strbuf_done) StrBuf found = { 0 };

                CHECK_INT(strbuf_puts(&found, ""), 0);
                CHECK_INT(gitlink_search_output(cases[i].command, strlen(cases[i].command),
                                                cases[i].output, strlen(cases[i].output),
                                                write_link, &found),
                          0);
                CHECK_STR(found.data, cases[i].links);
        }
        CHECK_INT(gitlink_search_text(NULL, 0, false, write_link, NULL), 0);
}

TEST(shells_are_known_by_category_or_name)
{
        CHECK(gitlink_is_shell("Bash", 4, "Bash", 4));
        CHECK(gitlink_is_shell("", 0, "run_terminal_cmd", 16));
        CHECK(!gitlink_is_shell("Read", 4, "Read", 4));
        CHECK(!gitlink_is_shell(NULL, 0, NULL, 0));
}

TEST(remotes_lose_their_credentials)
{
        static const char *const cases[][2] = {
                { "https://github.com/a/b.git", "https://github.com/a/b.git" },
                { "https://user:token@github.com/a/b.git", "https://github.com/a/b.git" },
                { "https://token@github.com/a/b", "https://github.com/a/b" },
                { "https://us@er:p@ss@github.com/a/b", "https://github.com/a/b" },
                { "https://github.com/a/b?token=x#y", "https://github.com/a/b" },
                { "ssh://git@github.com/a/b", "ssh://git@github.com/a/b" },
                { "ssh://git:pw@github.com:22/a/b", "ssh://git@github.com:22/a/b" },
                { "git@github.com:a/b.git", "git@github.com:a/b.git" },
                { "/srv/git/b", "/srv/git/b" },
                { "", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *url = url_without_credentials(cases[i][0]);

                CHECK_STR(url, cases[i][1]);
        }
}

TEST(a_folder_knows_its_project)
{
        _cleanup_(identity_freep) Identity *identity = NULL;
        _cleanup_free_ char *repository = fixture_path("repository"),
                            *deep = fixture_path("repository/src/deep");
        _cleanup_free_ char *command = NULL;
        Project project;

        REQUIRE(folder_make(deep) == 0);
        REQUIRE(asprintf(&command,
                         "git init -q '%s' && git -C '%s' remote add origin https://ci:%s@git.example.com/team/jay.git",
                         repository, repository, "hidden") > 0);
        REQUIRE(system(command) == 0);
        identity = identity_new("me@example.com", "Me");
        project = identity_project(identity, deep, strlen(deep));
        CHECK_STR(project.id, "https://git.example.com/team/jay.git");
        CHECK_STR(project.name, "jay");
        project = identity_project(identity, fixture_folder, strlen(fixture_folder));
        CHECK_STR(project.id, "");
        project = identity_project(identity, "/no/such/folder", 15);
        CHECK_STR(project.name, "");
        project = identity_project(identity, NULL, 0);
        CHECK_STR(identity_user_id(identity), "me@example.com");
        CHECK_STR(identity_user_name(identity), "Me");
}
