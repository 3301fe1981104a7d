"""Identity and project; commits and pull requests in the output of tools"""

import subprocess

from transcripts import make_repository


def one_session(desk, cwd):
    desk.projects.append(str(cwd))
    return desk.transcript(project=len(desk.projects) - 1)


def session_row(desk, transcript):
    (row,) = desk.scrubjay.query("SELECT * FROM sessions WHERE id = ?", transcript.id)
    return row


def links(desk, transcript):
    columns = "message_ordinal, commit_sha, pr_url, link_type, confidence"
    sql = "SELECT %s FROM git_links WHERE session_id = ? ORDER BY message_ordinal, commit_sha, pr_url" % columns
    return desk.scrubjay.query(sql, transcript.id)


def synced(desk):
    for transcript in desk.transcripts:
        transcript.save()
    desk.viewer.sync()
    desk.scrubjay.sync()


def test_project_is_the_origin_of_the_repository(desk):
    desk.scrubjay.sync()
    assert session_row(desk, desk.transcripts[0])["project_id"] == "git@github.com:acme/alpha.git"
    assert session_row(desk, desk.transcripts[0])["project_name"] == "alpha"
    assert session_row(desk, desk.transcripts[1])["project_id"] == "https://gitlab.example.com/team/beta.git"
    assert session_row(desk, desk.transcripts[1])["project_name"] == "beta"


def test_credentials_are_removed_from_the_origin(empty_desk):
    desk = empty_desk
    password = "Zx9" + "kQ7vLm2pRt4w"
    url = "https://robot:%s@git.example.com/team/gamma.git" % password
    told = one_session(desk, make_repository(desk.home + "/src/gamma", url))
    told.user("Hello.")
    told.assistant("Hello.")
    synced(desk)
    row = session_row(desk, told)
    assert (row["project_id"], row["project_name"]) == ("https://git.example.com/team/gamma.git", "gamma")
    assert all(password.encode() not in data for _, data in desk.scrubjay.everything())


def test_below_the_top_of_the_repository(empty_desk):
    desk = empty_desk
    top = make_repository(desk.home + "/src/delta", "git@git.example.com:team/delta.git")
    subprocess.run(["mkdir", "-p", top + "/lib/deep"], check=True)
    told = one_session(desk, top + "/lib/deep")
    told.user("Hello.")
    told.assistant("Hello.")
    synced(desk)
    assert session_row(desk, told)["project_id"] == "git@git.example.com:team/delta.git"


def test_a_folder_that_is_gone_or_no_repository(empty_desk):
    desk = empty_desk
    for cwd in (desk.home + "/no/such/folder", desk.home):
        told = one_session(desk, cwd)
        told.user("Hello.")
        told.assistant("Hello.")
    synced(desk)
    for transcript in desk.transcripts:
        row = session_row(desk, transcript)
        assert "git@" not in (row["project_id"] or "")
        assert row["project_path"] == transcript.cwd


def test_commit_in_the_output_of_git_commit(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Commit it.")
    told.shell("git add -A && git commit -m 'parser: read quoted keys'",
               "[main 3f9c2d1] parser: read quoted keys\n 2 files changed, 14 insertions(+), 3 deletions(-)")
    told.shell("git log --oneline | head -2", "3f9c2d1 parser: read quoted keys\n77aa001 start")
    told.shell("echo done", "[main 1234567] this is no commit: no git was called")
    synced(desk)
    assert links(desk, told) == [{"message_ordinal": 1, "commit_sha": "3f9c2d1", "pr_url": "", "link_type": "commit",
                                  "confidence": "high"}]


def test_root_commit_and_branch_with_a_slash(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Commit it.")
    told.shell("git commit -qm x; git commit --allow-empty -m start", "[fix/quoted-keys (root-commit) 0a1b2c3] start")
    synced(desk)
    assert [link["commit_sha"] for link in links(desk, told)] == ["0a1b2c3"]


def test_pull_request_made_by_gh(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Make a pull request.")
    told.shell("gh pr create --fill", "Creating pull request for fix into main in acme/alpha\n\n"
                                      "https://github.com/acme/alpha/pull/17\n")
    synced(desk)
    assert links(desk, told) == [{"message_ordinal": 1, "commit_sha": "", "pr_url": "https://github.com/acme/alpha/pull/17",
                                  "link_type": "pr", "confidence": "high"}]


def test_pull_request_only_seen(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Look.")
    told.shell("gh pr list", "https://github.com/acme/alpha/pull/18  waits for review")
    synced(desk)
    assert [(link["pr_url"], link["confidence"]) for link in links(desk, told)] == [
        ("https://github.com/acme/alpha/pull/18", "medium")]


def test_a_link_that_comes_late_and_disappears_again(empty_desk):
    desk = empty_desk
    told = desk.transcript()
    told.user("Commit it.")
    tool = told.call("Bash", {"command": "git commit -am late", "description": "commit"})
    synced(desk)
    assert links(desk, told) == []
    told.result(tool, "[main 5e6f7a8] late\n 1 file changed")
    synced(desk)
    assert [link["commit_sha"] for link in links(desk, told)] == ["5e6f7a8"]
    del told.entries[1:]
    told.user("No, leave it.")
    told.assistant("Left.")
    synced(desk)
    assert links(desk, told) == []
