"""Whatever happens on the way: nothing is lost, nothing is there twice, and the reason is reported once"""

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from clickhouse import PASSWORD, restart_when_killed, rows_here
from scrubjay_test import run_once, wait_for
from test_delivery import delete_message, touch

def only(kind, *values):
    return pytest.param(*values, marks=pytest.mark.only(kind))


@pytest.mark.parametrize("kind", ["reset_before", "reset_mid", "kill_before", "reset_after", "kill_after",
                                  *[only("clickhouse", kind) for kind in ("partial", "bad_http", "status_after", "truncate")]])
@pytest.mark.parametrize("place", ["messages", "sessions", "deletion",
                                   *[only("postgresql", place) for place in ("copy", "claim", "commit")]])
def test_one_fault(ann, kind, place):
    ann.source.add_session("s1", ["one", "two", "three"])
    ann.source.add_session("s2", ["one", "two"])
    ann.deliver()
    delete_message(ann.source, "s1", 1)
    ann.source.append("s2", ["three"])
    ann.source.add_session("s3")
    ann.server.disturb(kind, place, count=1)
    stop = restart_when_killed(ann.server)
    try:
        ann.deliver_at_last()
    finally:
        stop()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("code, sentence", [
    (159, "{} took too long (code 159)."),
    (202, "{} is running too many queries (code 202)."),
    (241, "{} ran out of memory (code 241)."),
    (242, "A table on {} is read-only for now (code 242)."),
    (243, "The disk of {} is full (code 243)."),
    (252, "{} has too many parts to merge, and accepts no rows until it has caught up (code 252)."),
    (None, "{} cannot serve requests now (HTTP status 503, code 0)."),
])
def test_a_server_in_trouble(ann, code, sentence):
    ann.source.add_session("s1", ["one", "two"])
    ann.server.fault("status", count=-1, **({"code": code} if code else {"status": 503}))
    assert ann.fail() == sentence.format(f"127.0.0.1:{ann.server.port}")
    ann.server.clear_faults()
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_a_block_is_sent_again_with_the_same_token(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.server.fault("reset_after", match="INSERT INTO `messages`", count=2)
    ann.deliver()
    tokens = [r["params"]["insert_deduplication_token"] for r in ann.server.requests() if "INTO `messages`" in r["query"]]
    assert len(tokens) == 3 and len(set(tokens)) == 1
    assert ann.server.stored("SELECT count() FROM messages") == [["2"]], "also without FINAL"


def test_a_session_row_means_that_all_its_rows_are_there(ann):
    """At any moment of a delivery that fails again and again."""
    for i in range(40):
        ann.source.add_session(f"s{i}", ["x" * 100] * 500)
    for skip in (3, 9, 12):
        ann.server.disturb("reset_after", "rows", count=2, skip=skip)
        ann.server.disturb("reset_mid", "rows", count=2, skip=skip)
    while True:
        _, result, _ = ann.once()
        with contextlib.suppress(ann.server.no_table):
            for session_id, in ann.server.query("SELECT id FROM sessions"):
                assert ann.server.query(f"SELECT count(*) FROM messages WHERE session_id='{session_id}'") == [["500"]]
        if result["remotes"]["team"]["error"] == "":
            break
    ann.assert_equal()


def test_the_daemon_lives_through_an_outage(ann, bus):
    ann.source.add_session("s1")
    daemon = ann.start(bus)
    ann.settle()
    ann.server.fault("reset_before", match=".", count=-1)  # on the open connection
    ann.server.control("refuse")
    for i in range(5):
        ann.source.append("s1", [f"during the outage {i}"])
        ann.source.add_session(f"t{i}")
    wait_for(lambda: ann.remote()[4] != "", "the outage shows")
    name, url, _, _, error = ann.remote()
    assert (name, url) == ("team", ann.server.url().replace("writer@", ""))
    assert "refuses connections" in error
    wait_for(lambda: len(rows_here(ann.archive, "sessions")) == 6, "the archive goes on")
    wait_for(lambda: ann.remote()[3] == 6, "six sessions wait")
    assert daemon.call("Deliver") == [{"team": error}]
    assert daemon.log.count("is not up to date") == 1
    ann.server.clear_faults()
    assert daemon.call("Deliver") == [{}]
    assert ann.remote()[3:] == [0, ""]
    wait_for(lambda: "can be reached again" in daemon.log, "the end is told")
    ann.assert_equal()


def test_status_and_doctor_say_how_far_behind_and_why(ann, bus):
    ann.source.add_session("s1")
    ann.start(bus)
    ann.settle()

    def said():
        """status, its JSON, and what doctor reports about remotes."""
        environment = {"DBUS_SESSION_BUS_ADDRESS": bus.address, "SCRUBJAY_SOURCE_PATH": str(ann.source.path)}
        doctor = json.loads(ann.ctl("doctor", "--json", **environment)[1])
        return (ann.ctl("status", **environment)[1], json.loads(ann.ctl("status", "--json", **environment)[1])["remotes"],
                [finding for finding in doctor if finding["check"] == "remote"])

    status, (remote,), (finding,) = said()
    assert f"team ({ann.server.url().split('//')[0]}//127.0.0.1" in status and "delivered" in status
    assert (remote["name"], remote["behind"], remote["last_error"]) == ("team", 0, "")
    assert (finding["verdict"], finding["text"]) == ("good", "The remote 'team' is up to date.")

    ann.server.fault("reset_before", match=".", count=-1)  # on the open connection
    ann.server.control("refuse")
    ann.source.append("s1", ["more"])
    ann.source.add_session("s2")
    wait_for(lambda: ann.remote()[4] != "" and ann.remote()[3] == 2, "the outage shows")
    status, (remote,), (finding,) = said()
    reason = f"127.0.0.1:{ann.server.port} refuses connections. Does {ann.server.name} run there, on that port?"
    assert reason in " ".join(status.split()) and "2 sessions behind" in " ".join(status.split())
    assert (remote["behind"], remote["last_error"]) == (2, reason)
    assert (finding["verdict"], finding["text"]) == ("look", f"The remote 'team' is 2 sessions behind: {reason}")

    ann.password = "no longer right"
    ann.write_settings()
    ann.server.clear_faults()  # after that, the daemon tries again by itself
    ann.daemon.call("Deliver")
    status, (remote,), (finding,) = said()
    assert "does not let the user 'writer' in" in remote["last_error"] and remote["behind"] == 2
    assert "wrong. The password is read from the credential or file remote-team-password" in finding["text"]
    assert ann.password not in status + finding["text"]

    ann.password = PASSWORD
    ann.write_settings()
    assert ann.daemon.call("Deliver") == [{}]
    assert said()[1][0]["behind"] == 0


def test_who_waits_for_a_delivery_waits_through_a_reload(ann, bus):
    ann.source.add_session("s1")
    ann.server.disturb("hang", seconds=60, count=-1)
    daemon = ann.start(bus)
    answers = []
    wait_for(lambda: ann.remote()[3] == 1, "it hangs")
    caller = threading.Thread(target=lambda: answers.append(daemon.call("Deliver")))
    caller.start()
    time.sleep(0.3)  # until the call has arrived; a late one is answered as well
    ann.server.clear_faults()
    n_reloads = daemon.notified("RELOADING=1")
    daemon.signal(signal.SIGHUP)
    wait_for(lambda: daemon.notified("RELOADING=1") > n_reloads, "the reload")
    caller.join(20)
    assert answers == [[{}]]
    ann.assert_equal()


def test_it_comes_back_by_itself(ann, bus):
    ann.source.add_session("s1")
    if ann.server.kind == "clickhouse":
        ann.server.fault("status", code=252, count=6)
    else:
        ann.server.disturb("reset_before", count=3)
    daemon = ann.start(bus)
    wait_for(lambda: daemon.logged("can be reached again"), "the delivery", 30)
    ann.assert_equal()


def test_a_change_is_there_soon(ann, bus):
    ann.source.add_session("s1")
    ann.start(bus)
    ann.settle()
    ann.source.append("s1", ["news"])
    wait_for(lambda: len(ann.server.rows_there("messages")) == 2, "the change", 3)


def test_stopping_does_not_wait_for_a_server_that_hangs(ann, bus):
    ann.source.add_session("s1")
    ann.server.disturb("hang", seconds=60, count=-1)
    daemon = ann.start(bus)
    wait_for(lambda: ann.remote()[3] == 1, "it hangs")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(5) == 0


@pytest.mark.only("clickhouse")
def test_retry_after_is_respected(ann, bus):
    ann.source.add_session("s1")
    ann.server.fault("status", status=503, retry_after=3, count=1)
    ann.start(bus)
    wait_for(lambda: ann.remote()[4] != "", "the refusal")
    wait_for(lambda: ann.remote()[4] == "", "the delivery")
    times = [r["t"] for r in ann.server.requests() if "INSERT" in r["query"]]
    assert times[1] - times[0] >= 3


def test_a_server_that_hangs_times_out(make_person):
    ann = make_person(settings={"Timeout": "1s"})
    ann.source.add_session("s1")
    ann.server.disturb("hang", seconds=30, count=-1)
    assert "does not answer in time" in ann.fail()


def test_one_remote_down_does_not_hold_the_other(ann):
    ann.source.add_session("s1")
    ann.set("broken", URL=f"{ann.server.url().split('//')[0]}//writer@127.0.0.1:1/x")
    status, result, _ = ann.once()
    assert status == 1
    assert result["remotes"]["broken"]["error"] == f"127.0.0.1:1 refuses connections. Does {ann.server.name} run there, on that port?"
    assert result["remotes"]["team"] == {"rows_sent": 2, "error": ""}
    ann.assert_equal()


# What a person reads

def test_a_wrong_password(ann):
    ann.source.add_session("s1")
    ann.password = "wrong password"
    ann.write_settings()
    error = ann.fail()
    assert "does not let the user 'writer' in" in error and PASSWORD not in error
    assert "wrong password" not in error.replace("the password is wrong", "")


def test_who_may_only_read(ann):
    ann.source.add_session("s1")
    ann.set(URL=ann.server.url("reader"))
    ann.password = "pw-of-reader"
    ann.write_settings()
    place = f"127.0.0.1:{ann.server.port}"
    assert ann.fail() in (f"The user 'reader' may only read on {place}.",
                          f"The user 'reader' lacks rights on the table agentsview.sessions on {place}: INSERT, UPDATE, DELETE. 'scrubjayctl"
                          " remote setup team --print' shows what an administrator grants.")


@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("status, sentence", [
    (401, "does not let the user 'writer' in: the user name or the password is wrong."),
    (403, "does not let the user 'writer' in: the user name or the password is wrong."),
    (404, "is not ClickHouse (HTTP status 404)."),
    (429, "cannot serve requests now (HTTP status 429, code 0)."),
    (500, "cannot serve requests now (HTTP status 500, code 0)."),
    (502, "cannot serve requests now (HTTP status 502, code 0)."),
    (418, "does not understand the request (HTTP status 418, code 0)."),
])
def test_what_another_answer_means(ann, status, sentence):
    """Also from a proxy before the server. Its own text is not repeated, since it may contain rows."""
    ann.source.add_session("s1")
    ann.server.fault("status", status=status, body="the text of it", match=".", count=-1)
    error = ann.fail()
    assert sentence in error and "the text of it" not in error


@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("url, sentence", [
    ("clickhouse+http://writer@no-such-host.invalid/x", "cannot be resolved"),
    ("clickhouse+http://writer@127.0.0.1:{port}/nowhere", "There is no database 'nowhere'"),
    ("clickhouse+ftp://writer@127.0.0.1/x", "is not of the form"),
    ("clickhouse+http://writer@127.0.0.1:99999/x", "is not of the form"),
    ("mysql://writer@127.0.0.1/x", "no kind of remote"),
])
def test_a_wrong_url(ann, url, sentence):
    ann.source.add_session("s1")
    ann.set(URL=url.format(port=ann.server.port))
    assert sentence in ann.fail()


@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("character", ["?", "#", "@", "/"])
def test_a_url_that_could_be_read_in_two_ways_is_not_shown(ann, character):
    words = [os.urandom(6).hex(), os.urandom(6).hex()]
    ann.source.add_session("s1")
    ann.set(URL=f"clickhouse+http://carl:{character.join(words)}@127.0.0.1:1/x")
    assert "write @ as %40" in ann.fail()
    listed = ann.ctl("remote", "list", "--json")[1]
    assert json.loads(listed)[0]["url"] == "clickhouse+http://..."
    assert [word for word in words if word in listed + repr(ann.once())] == []


def test_a_password_on_the_command_line_is_refused(ann):
    ann.source.add_session("s1")
    ann.remotes = {}
    ann.write_settings()
    status, result, stderr = run_once(ann.source.path, ann.archive, "--remote",
                                      ann.server.url().replace("@", ":hunter22@"), home=ann.home)
    assert status == 1
    assert "everybody on this machine can see" in result["remotes"]["command-line"]["error"]
    assert "hunter22" not in stderr + str(result)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_password_file_that_others_read_is_refused(ann, mode):
    ann.source.add_session("s1")
    (ann.config / "remote-team-password").chmod(mode)
    assert "Others can read the password file" in ann.fail()


def test_a_credential_goes_first(ann, tmp_path):
    ann.source.add_session("s1")
    (ann.config / "remote-team-password").write_text("wrong")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "remote-team-password").write_text(PASSWORD)
    ann.deliver(CREDENTIALS_DIRECTORY=str(credentials))


@pytest.mark.only("clickhouse")
def test_a_column_of_another_type(ann):
    ann.source.add_session("s1")
    ann.deliver()
    ann.server.query("ALTER TABLE messages DROP COLUMN model")
    ann.server.query("ALTER TABLE messages ADD COLUMN model UInt8")
    touch(ann.source, "s1")
    assert ann.fail() == (f"The column messages.model on 127.0.0.1:{ann.server.port} has the type UInt8 instead of String."
                          " Change or rename the table; nothing is sent until then.")


@pytest.mark.only("clickhouse")
def test_a_table_of_another_kind(ann):
    ann.source.add_session("s1")
    ann.server.query("CREATE TABLE sessions (org_id String, id String, _version UInt64) ENGINE = MergeTree ORDER BY id")
    assert ann.fail() == (f"The table sessions on 127.0.0.1:{ann.server.port} has the engine MergeTree instead of"
                          " ReplacingMergeTree(_version).")


@pytest.mark.only("clickhouse")
@pytest.mark.parametrize("columns, engine, sentence", [
    ("org_id String, id String, _version UInt64", "ReplacingMergeTree() ORDER BY (org_id, id)",
     "does not replace rows by _version: its engine must be ReplacingMergeTree(_version)."),
    ("org_id String, id String, _version UInt64", "ReplacingMergeTree(_version) ORDER BY id",
     "is ordered by (id) instead of (org_id, id), so its rows would replace each other."),
    ("id String, _version UInt64", "ReplacingMergeTree(_version) ORDER BY id", "is ordered by (id) instead of"),
])
def test_a_table_that_would_bend_rows(ann, columns, engine, sentence):
    ann.source.add_session("s1")
    ann.server.query(f"CREATE TABLE sessions ({columns}) ENGINE = {engine}")
    assert sentence in ann.fail()


@pytest.mark.only("clickhouse")
def test_a_column_that_went_is_made_again(ann):
    ann.source.add_session("s1")
    ann.deliver()
    ann.server.query("ALTER TABLE messages DROP COLUMN thinking_text")
    ann.source.append("s1", ["x"])
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_something_else_answers(ann):
    ann.source.add_session("s1")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ann.set(URL=f"clickhouse+http://writer@127.0.0.1:{listener.getsockname()[1]}/x")

        def answer():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert "is not an HTTP server" in ann.fail()


# TLS

def make_certificate(folder, name, *more):
    """A key and a self-signed certificate."""
    key, file = folder / f"{name}-key.pem", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    key, "-out", file, "-days", "2", "-subj", f"/CN={name}", *more], check=True, capture_output=True)
    return key, file


@pytest.fixture
def certificate(tmp_path):
    return make_certificate(tmp_path, "127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")


@pytest.fixture
def tls(ann, certificate):
    """Starts a TLS proxy in front of the real server; returns its URL."""
    listeners = []

    def start(clients=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[1], certificate[0])
        if clients:  # a client without one of these is refused
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        listeners.append(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=tls_proxy, args=(listeners[0], context, ann.server.port), daemon=True).start()
        return f"clickhouse+https://writer@127.0.0.1:{listeners[0].getsockname()[1]}/{ann.server.database}"

    yield start
    for listener in listeners:
        listener.close()


@pytest.mark.only("clickhouse")
def test_tls_is_verified(ann, certificate, tls):
    url = tls()
    ann.source.add_session("s1")
    ann.set(URL=url)
    assert "could not be verified" in ann.fail()
    ann.set(URL=url, CaFile=certificate[1])
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_a_name_that_is_not_in_the_certificate(ann, certificate, tls):
    ann.source.add_session("s1")
    ann.set(URL=tls().replace("127.0.0.1", "localhost"), CaFile=certificate[1])
    assert "could not be verified" in ann.fail()


@pytest.mark.only("clickhouse")
def test_an_invalid_file_of_authorities(ann, tls, tmp_path):
    ann.source.add_session("s1")
    url, none = tls(), tmp_path / "none.pem"
    for content in (None, "not a certificate"):
        if content:
            none.write_text(content)
        ann.set(URL=url, CaFile=none)
        assert ann.fail() == f"The file of CaFile= ('{none}') cannot be used."


@pytest.mark.only("clickhouse")
def test_client_certificate(ann, certificate, tls, tmp_path):
    """A server that refuses clients without one."""
    key, file = make_certificate(tmp_path, "ann")
    other_key, other = make_certificate(tmp_path, "somebody-else")
    ann.source.add_session("s1")
    ann.set(URL=tls(clients=file), CaFile=certificate[1])
    assert "requires a client certificate: name its file in ClientCertificate=, and its key in ClientKey=." in ann.fail()
    ann.set(ClientCertificate=other, ClientKey=other_key)
    assert f"does not accept the client certificate ('{other}')." in ann.fail()
    ann.set(ClientCertificate=tmp_path / "nowhere.pem", ClientKey=key)
    error = ann.fail()
    assert "The client certificate ('" in error and "nowhere.pem') or its key cannot be used" in error
    ann.set(ClientCertificate=file, ClientKey=other_key)
    assert "or its key cannot be used" in ann.fail()
    ann.set(ClientCertificate=file, ClientKey=key)
    ann.deliver()
    ann.assert_equal()


@pytest.mark.only("clickhouse")
def test_a_port_that_speaks_no_tls(ann):
    ann.source.add_session("s1")
    ann.set(URL=f"clickhouse+https://writer@127.0.0.1:{ann.server.ports['engine_http']}/x")
    assert "failed. Is this its HTTPS port?" in ann.fail()


def tls_proxy(listener, context, port):
    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    while True:
        try:
            connection = context.wrap_socket(listener.accept()[0], server_side=True, do_handshake_on_connect=False)
            connection.do_handshake()
        except ssl.SSLError:
            threading.Thread(target=hang_up, args=(connection,), daemon=True).start()
            continue
        except OSError:
            return
        behind = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(connection, behind), daemon=True).start()
        threading.Thread(target=pump, args=(behind, connection), daemon=True).start()


def hang_up(connection):
    """Reads the rest first, so that the reason for the refusal arrives: closing a socket with unread data resets it."""
    with socket.socket(fileno=connection.detach()) as plain:
        try:
            plain.shutdown(socket.SHUT_WR)
            plain.settimeout(5)
            while plain.recv(65536):
                pass
        except OSError:
            pass
