"""The unit's sandbox lets the service read the files that people keep credentials in, as [Mask] KnownFiles= names them."""

import base64
import json
import shutil
from pathlib import Path

import pytest
from fixtures import rng, value  # noqa: F401
from scrubjay_test import wait_for

MARK = "[REDACTED:known-value]"


def usual_files(rng):
    """Path below the home folder -> (content, its value)."""
    values = [value(rng) for _ in range(7)]
    auth = base64.b64encode(f"somebody:{values[4]}".encode()).decode()
    contents = {
        ".netrc": f"machine one.example login somebody password {values[0]}\n",
        ".pgpass": f"db.example:5432:*:somebody:{values[1]}\n",
        ".aws/credentials": f"[default]\naws_secret_access_key = {values[2]}\n",
        ".npmrc": f"//registry.example/:_authToken={values[3]}\n",
        ".docker/config.json": json.dumps({"auths": {"registry.example": {"auth": auth}}}),
        ".kube/config": f"apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: me\n  user:\n    token: {values[5]}\n",
        "project/.env": f"API_SECRET={values[6]}\n",
    }
    return dict(zip(contents, zip(contents.values(), values)))


@pytest.fixture
def files(session, rng):
    """With mode 0600, in folders with mode 0700, as such files have."""
    files = usual_files(rng)
    with session.as_user():
        for name, (content, _) in files.items():
            path = session.here / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(content)
            path.chmod(0o600)
    yield files
    for name in files:
        path = session.here / name
        path.unlink(missing_ok=True)
        if path.parent != session.here:
            shutil.rmtree(path.parent, ignore_errors=True)


def test_the_service_reads_the_usual_ones(session, files):
    session.configure("[Mask]\nKnownFiles=~/.netrc ~/.pgpass ~/.aws/credentials ~/.npmrc\n"
                      "KnownFiles=~/.docker/config.json ~/.kube/config %h/*/.env\n")
    source = session.source()
    source.add_session("one", [f"yesterday {secret} was blue" for _, secret in files.values()])
    source.close()
    session.systemctl("enable", "--now", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT count(*) FROM messages") == [(len(files),)], "the session", 60)
    texts = [text for (text,) in session.rows("SELECT content FROM messages")]
    assert texts == [f"yesterday {MARK} was blue"] * len(files)
    status = session.status()
    assert status["KnownFiles"] == len(files) and status["KnownFilesUnread"] == 0 and status["LastError"] == ""
    verdict, text, _ = session.doctor()["known-files"]
    assert verdict == "good" and f"files read: {len(files)}" in text


def test_a_file_hidden_by_the_sandbox_is_reported_and_can_be_opened(session, rng):
    """The service has its own /tmp."""
    hidden, secret = Path("/tmp/scrubjay-known"), value(rng)
    session.run("sh", "-c", f"mkdir -p {hidden} && printf 'A={secret}\\n' > {hidden}/my.env")
    session.configure(f"[Mask]\nKnownFiles={hidden}/my.env\n")
    source = session.source()
    source.add_session("one", [f"yesterday {secret} was blue"])
    session.systemctl("enable", "--now", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT count(*) FROM messages") == [(1,)], "the session", 60)
    assert session.status()["KnownFilesUnread"] == 1
    command = next(session.installed.rglob("bin/scrubjayctl"))
    said = session.run("env", f"SCRUBJAY_MASK_RULESDIR={session.installed}/rules", command, "doctor", check=False).stdout
    assert "that the service has read: 0; that can be read: 1." in said

    session.drop_in(f"[Service]\nBindReadOnlyPaths={hidden}\n")
    session.systemctl("restart", "scrubjay.service")
    wait_for(lambda: session.rows("SELECT content FROM messages") == [(f"yesterday {MARK} was blue",)], "it is masked", 60)
    assert session.status()["KnownFilesUnread"] == 0
    source.close()
    session.run("rm", "-r", hidden, root=True)
