"""The lines of docs/team-server.md for agentsview's pages on PostgreSQL, typed as they are, and its compose file"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import yaml
from postgresql import Cluster
from scrubjay_test import github_token, wait_for
from terminal import Typed, typed

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "agentsview"))

from browser import OpenPage  # noqa: E402
from viewer import find_program  # noqa: E402

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "team-server.md").read_text()
SECTION = re.search(r"^## agentsview's pages on PostgreSQL\n(.*?)^## ", GUIDE, re.MULTILINE | re.DOTALL).group(1)
ADMIN, ANN, PAGES = "of the administrator", "of ann", "ofpages"  # the last one stands in a URL
HOST = "db.example.com"
# the arguments of the real agentsview in tests: it contacts only its server
QUIET = "AGENTSVIEW_TELEMETRY_ENABLED=0 AGENTSVIEW_DISABLE_UPDATE_CHECK=1"


def blocks(language, text=SECTION):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def cluster():
    """A server that nobody has set up yet."""
    cluster = Cluster()
    cluster.query(f"ALTER ROLE postgres PASSWORD '{ADMIN}'")
    yield cluster
    cluster.stop()


@pytest.fixture
def at_its_name(session, cluster):
    """The server has the guide's name, and a trusted certificate."""
    hosts, roots = session.installed / "hosts", session.installed / "roots"
    hosts.write_text(f"127.0.0.1 localhost {HOST}\n")
    roots.write_text(cluster.certificate.read_text())
    places = {hosts: "/etc/hosts", roots: "/etc/ssl/certs/ca-certificates.crt"}
    for file, place in places.items():
        session.run("mount", "--bind", file, place, root=True)
    yield
    for place in places.values():
        session.run("umount", place, root=True)
    cluster.leave()
    cluster.query("DROP DATABASE IF EXISTS team WITH (FORCE)")
    for role in ("ann", "pages", "team_agentsview_writer", "team_agentsview_reader", "team_agentsview_owner"):
        cluster.query(f"DROP ROLE IF EXISTS {role}")


@pytest.fixture
def with_agentsview(session):
    """In PATH, where a user may run it."""
    folder, = [path.parent for path in session.installed.rglob("bin/scrubjayctl")]
    if not (folder / "agentsview").exists():
        shutil.copy(find_program(), folder / "agentsview")
        (folder / "agentsview").chmod(0o755)
    return folder / "agentsview"


def answers(line):
    """What a person types while a line runs."""
    found = [("Password for user postgres", ADMIN + "\n")] if "psql" in line else []
    for name, password in (("ann", ANN), ("pages", PAGES)):
        if f"password {name}" in line:
            found += [("Enter new password", password + "\n"), ("again", password + "\n")]
    return found or ([ANN + "\n\x04"] if "cat >" in line else [])


@contextlib.contextmanager
def served(session, line, variables):
    """The address that a line serves until somebody presses Ctrl-C."""
    with Typed(session, line, variables=variables + " BROWSER=true") as terminal:
        terminal.wait("http://")
        terminal.wait("\n")
        yield "http://127.0.0.1:" + re.search(rb"http://[\w.]+:(\d+)", terminal.said).group(1).decode()
        terminal.type("\x03")
        terminal.process.wait(120)


def test_from_nothing_to_a_page_in_a_browser(session, cluster, at_its_name, with_agentsview):
    on_the_server, *on_mine, serve = [line for block in blocks("sh") for line in block.splitlines()]
    assert len([on_the_server, *on_mine, serve]) == 10
    drop_in, = [text for text in blocks("ini", GUIDE) if "LoadCredential=" in text]
    token = github_token(1)
    # the server has another port, since this machine may have a PostgreSQL of its own
    variables, port = f"PGPORT={cluster.port} {QUIET}", f"{HOST}:{cluster.port}/"
    cluster.leave()
    subprocess.run(on_the_server.split(), check=True, env=os.environ | {"PGHOST": str(cluster.folder), "PGPORT": str(cluster.port), "PGUSER": "postgres"})
    with session.source() as source:
        source.add_session("s1", ["What does it say?", f"The token is {token}, and it works."])
        session.systemctl("enable", "--now", "scrubjay.service")
        wait_for(lambda: session.status()["LastSyncAt"] > 0, "the first cycle", 60)
        said = {line: typed(session, line.replace(HOST + "/", port), *answers(line), editor=drop_in, variables=variables) for line in on_mine}
        preview, = [text for line, text in said.items() if "preview" in line]
        assert re.search(r"^\s*s1 +project +will be sent", preview, re.MULTILINE)
        assert [line for line, text in said.items() for password in (ADMIN, ANN, PAGES) if password in text] == []
        session.call("RunOnce")
        assert session.call("Deliver") == [{}]
    assert session.status()["Remotes"][0][4:] == [""]
    with Typed(session, serve.replace(HOST + "/", port).replace("PASSWORD", PAGES), variables=variables + " BROWSER=true") as pages, \
            OpenPage() as browser:
        pages.wait("http://127.0.0.1:")
        while not re.search(rb"http://127\.0\.0\.1:\d+\D", pages.said):
            pages._read()
        url = re.search(rb"http://127\.0\.0\.1:\d+", pages.said).group().decode()
        browser.open(url + "/sessions/s1", "What does it say?", "The token is [REDACTED:github-pat], and it works.")
        assert token not in browser.html()
        pages.type("\x03")
        pages.process.wait(60)
    session.systemctl("revert", "scrubjay.service")


def test_the_compose_file(session, cluster, at_its_name, with_agentsview):
    """Does what its two containers do, with the programs of this machine."""
    compose, = blocks("yaml")
    services = yaml.safe_load(compose)["services"]
    server, pages = services["postgresql"], services["pages"]
    assert set(services) == {"postgresql", "pages"} and pages["network_mode"] == "service:postgresql"
    published = {port.rpartition(":")[2] for port in server["ports"]}
    session.configure("[Remote team]\nURL=postgresql://ann@127.0.0.1/team\n")
    setup = typed(session, re.search(r"`(scrubjayctl remote setup team --print) > setup.sql`", SECTION).group(1))
    assert any(volume.startswith("./setup.sql:/docker-entrypoint-initdb.d/") for volume in server["volumes"])
    cluster.query(f"CREATE DATABASE {server['environment']['POSTGRES_DB']}")
    cluster.leave()
    # as the image's own entry point does
    subprocess.run([*cluster.psql(server["environment"]["POSTGRES_DB"]), "--no-psqlrc", "-f", "-"], input=setup, text=True, check=True)
    url = pages["environment"]["AGENTSVIEW_PG_URL"]
    password = re.search("pages:(.*)@", url).group(1)
    cluster.query(f"CREATE ROLE pages LOGIN PASSWORD '{password}'; GRANT team_agentsview_reader TO pages")
    command = re.search(r"exec (.*)\"", pages["command"]).group(1)
    port = re.search(r"--port (\d+)", command)
    assert published == {"5432", port.group(1) if port else "8080"}  # agentsview's own default
    variables = f"{QUIET} AGENTSVIEW_PG_URL=" + url.replace("127.0.0.1", f"127.0.0.1:{cluster.port}")
    with served(session, command + " --port 0", variables) as address:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address + "/api/v1/sessions", timeout=60) as answer:
            assert answer.status == 200
