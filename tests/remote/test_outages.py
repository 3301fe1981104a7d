"""Whatever happens on the way: nothing is lost, nothing is there twice, and the reason is said once"""

import signal
import socket
import ssl
import subprocess
import threading

import pytest

from clickhouse import PASSWORD, restart_when_killed, rows_here, rows_there
from scrubjay_test import run_once, wait_for
from test_delivery import delete_message, touch

NOT_APPLIED = ["reset_before", "reset_mid", "partial", "bad_http", "kill_before"]
APPLIED = ["reset_after", "status_after", "truncate", "kill_after"]


@pytest.mark.parametrize("kind", NOT_APPLIED + APPLIED)
@pytest.mark.parametrize("match", ["INSERT INTO `messages`", "INSERT INTO `sessions`", "DELETE FROM"])
def test_one_fault(ann, kind, match):
    ann.source.add_session("s1", ["one", "two", "three"])
    ann.source.add_session("s2", ["one", "two"])
    ann.deliver()
    delete_message(ann.source, "s1", 1)
    ann.source.append("s2", ["three"])
    ann.source.add_session("s3")
    ann.server.fault(kind, match=match, count=1)
    stop = restart_when_killed(ann.server)
    try:
        ann.deliver_at_last()
    finally:
        stop()
    ann.assert_equal()


@pytest.mark.parametrize("code", [159, 202, 241, 242, 243, 252])
def test_a_server_in_trouble(ann, code):
    ann.source.add_session("s1", ["one", "two"])
    ann.server.fault("status", code=code, count=-1)
    assert str(code) in ann.fail()
    ann.server.clear_faults()
    ann.deliver()
    ann.assert_equal()


def test_the_same_block_goes_again_with_the_same_token(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.server.fault("reset_after", match="INSERT INTO `messages`", count=2)
    ann.deliver()
    tokens = [r["params"]["insert_deduplication_token"] for r in ann.server.requests() if "INTO `messages`" in r["query"]]
    assert len(tokens) == 3 and len(set(tokens)) == 1
    assert ann.server.query("SELECT count() FROM messages") == [["2"]], "also without FINAL"


def test_a_session_row_means_that_all_its_rows_are_there(ann):
    """At any moment of a delivery that breaks again and again."""
    for i in range(40):
        ann.source.add_session(f"s{i}", ["x" * 100] * 500)
    ann.server.fault("reset_after", count=-1, probability=0.3)
    ann.server.fault("reset_mid", count=-1, probability=0.3)
    while True:
        _, result, _ = ann.once()
        for session_id, in ann.server.query("SELECT id FROM sessions FINAL") if table_exists(ann.server) else []:
            assert ann.server.query(f"SELECT count() FROM messages FINAL WHERE session_id='{session_id}'") == [["500"]]
        if result["remotes"]["team"]["error"] == "":
            break
    ann.assert_equal()


def table_exists(server):
    return server.query(f"SELECT count() FROM system.tables WHERE database='{server.database}' AND name='sessions'") == [["1"]]


def test_the_daemon_lives_through_an_outage(ann, bus):
    ann.source.add_session("s1")
    daemon = ann.start(bus)
    wait_for(lambda: ann.remote()[2] > 0, "the first delivery")
    ann.server.fault("reset_before", match=".", count=-1)  # the connection that is open
    ann.server.control("refuse")
    for i in range(5):
        ann.source.append("s1", [f"during the outage {i}"])
        ann.source.add_session(f"t{i}")
    wait_for(lambda: ann.remote()[4] != "", "the outage shows")
    name, url, _, _, error = ann.remote()
    assert (name, url) == ("team", f"clickhouse+http://127.0.0.1:{ann.server.port}/{ann.server.database}")
    assert "refuses connections" in error
    wait_for(lambda: len(rows_here(ann.archive, "sessions")) == 6, "the archive goes on")
    wait_for(lambda: ann.remote()[3] == 6, "six sessions wait")
    assert daemon.call("Deliver") == [{"team": error}]
    assert daemon.log.count("is not up to date") == 1
    ann.server.clear_faults()
    assert daemon.call("Deliver") == [{}]
    assert ann.remote()[3:] == [0, ""]
    wait_for(lambda: "is reached again" in daemon.log, "the end is told")
    ann.assert_equal()


def test_it_comes_back_by_itself(ann, bus):
    ann.source.add_session("s1")
    ann.server.fault("status", code=252, count=6)
    ann.start(bus)
    wait_for(lambda: ann.remote()[4] == "" and ann.remote()[2] > 0, "the delivery", 30)
    ann.assert_equal()


def test_a_change_is_there_soon(ann, bus):
    ann.source.add_session("s1")
    ann.start(bus)
    wait_for(lambda: ann.remote()[2] > 0, "the first delivery")
    ann.source.append("s1", ["news"])
    wait_for(lambda: len(rows_there(ann.server, "messages")) == 2, "the change", 3)


def test_stopping_does_not_wait_for_a_server_that_hangs(ann, bus):
    ann.source.add_session("s1")
    ann.server.fault("hang", seconds=60, count=-1)
    daemon = ann.start(bus)
    wait_for(lambda: any("messages" in r["query"] for r in ann.server.requests()) or ann.remote()[3] == 1, "it hangs")
    daemon.signal(signal.SIGTERM)
    assert daemon.wait(5) == 0


def test_retry_after_is_respected(ann, bus):
    ann.source.add_session("s1")
    ann.server.fault("status", status=503, retry_after=3, count=1)
    ann.start(bus)
    wait_for(lambda: ann.remote()[4] != "", "the refusal")
    wait_for(lambda: ann.remote()[2] > 0, "the delivery")
    times = [r["t"] for r in ann.server.requests() if "INSERT" in r["query"]]
    assert times[1] - times[0] >= 3


def test_a_server_that_hangs_times_out(make_person):
    ann = make_person(settings={"Timeout": "1s"})
    ann.source.add_session("s1")
    ann.server.fault("hang", seconds=30, count=-1)
    assert "does not answer in time" in ann.fail()


def test_one_remote_down_does_not_hold_the_other(ann):
    ann.source.add_session("s1")
    ann.set("broken", URL="clickhouse+http://writer@127.0.0.1:1/x")
    status, result, _ = ann.once()
    assert status == 1
    assert "refuses connections" in result["remotes"]["broken"]["error"]
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


def test_a_missing_right(ann):
    ann.source.add_session("s1")
    ann.set(URL=ann.server.url("reader"))
    ann.password = "pw-of-reader"
    ann.write_settings()
    assert "reader" in ann.fail()


@pytest.mark.parametrize("url, sentence", [
    ("clickhouse+http://writer@no-such-host.invalid/x", "cannot be resolved"),
    ("clickhouse+http://writer@127.0.0.1:{port}/nowhere", "There is no database 'nowhere'"),
    ("clickhouse+ftp://writer@127.0.0.1/x", "is not of the form"),
    ("clickhouse+http://writer@127.0.0.1:99999/x", "is not of the form"),
    ("postgres+http://writer@127.0.0.1/x", "no kind of remote"),
])
def test_a_wrong_url(ann, url, sentence):
    ann.source.add_session("s1")
    ann.set(URL=url.format(port=ann.server.port))
    assert sentence in ann.fail()


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
    assert "may be read by others" in ann.fail()


def test_a_credential_goes_first(ann, tmp_path):
    ann.source.add_session("s1")
    (ann.config / "remote-team-password").write_text("wrong")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "remote-team-password").write_text(PASSWORD)
    ann.deliver(CREDENTIALS_DIRECTORY=str(credentials))


def test_a_column_of_another_type(ann):
    ann.source.add_session("s1")
    ann.deliver()
    ann.server.query("ALTER TABLE messages DROP COLUMN model")
    ann.server.query("ALTER TABLE messages ADD COLUMN model UInt8")
    touch(ann.source, "s1")
    error = ann.fail()
    assert "messages.model" in error and "UInt8" in error and "String" in error


def test_a_table_of_another_kind(ann):
    ann.source.add_session("s1")
    ann.server.query("CREATE TABLE sessions (org_id String, id String, _version UInt64) ENGINE = MergeTree ORDER BY id")
    assert "sessions" in ann.fail()


def test_a_column_that_went_is_made_again(ann):
    ann.source.add_session("s1")
    ann.deliver()
    ann.server.query("ALTER TABLE messages DROP COLUMN thinking_text")
    ann.source.append("s1", ["x"])
    ann.deliver()
    ann.assert_equal()


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
        assert "is no HTTP server" in ann.fail()


# TLS

@pytest.fixture
def certificate(tmp_path):
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    key, "-out", file, "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return key, file


def test_tls_is_verified(ann, certificate):
    """Through a TLS proxy before the real server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=tls_proxy, args=(listener, context, ann.server.port), daemon=True).start()
    url = f"clickhouse+https://writer@127.0.0.1:{listener.getsockname()[1]}/{ann.server.database}"
    ann.source.add_session("s1")
    ann.set(URL=url)
    assert "could not be verified" in ann.fail()
    ann.set(URL=url, CaFile=certificate[1])
    ann.deliver()
    ann.assert_equal()
    listener.close()


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
            connection = context.wrap_socket(listener.accept()[0], server_side=True)
        except ssl.SSLError:
            continue
        except OSError:
            return
        behind = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(connection, behind), daemon=True).start()
        threading.Thread(target=pump, args=(behind, connection), daemon=True).start()
