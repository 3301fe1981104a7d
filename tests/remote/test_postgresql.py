"""What only PostgreSQL has: agentsview's schema, who owns a session there, the limits of values, and every reason for a refusal"""

import json
import os
import random
import re
import shutil
import socket
import sqlite3
import struct
import subprocess
import threading
import time
import urllib.parse

import pytest

from postgresql import SCHEMA
from scrubjay_test import RULES, SCRUBJAYD, clean_environment, wait_for
from test_delivery import add_call, add_label, delete_for_good, delete_message, touch

pytestmark = pytest.mark.only("postgresql")

SEED = int(os.environ.get("SCRUBJAY_TEST_SEED", random.randrange(2**32)))
print(f"SCRUBJAY_TEST_SEED={SEED}")


def place(ann):
    return f"127.0.0.1:{ann.server.port}"


def warned(ann):
    """A delivery that succeeds, and the warning that a person reads."""
    status, result, stderr = ann.once()
    assert (status, result["remotes"]["team"]["error"]) == (0, ""), (result, stderr)
    return stderr


# The schema is agentsview's

SETUP = "'scrubjayctl remote setup team --print'"


@pytest.mark.parametrize("sql, sentence", [
    ("DROP SCHEMA agentsview CASCADE", "There is no schema 'agentsview' in the database '{database}' on {place}. An administrator creates"
                                       " what is missing: " + SETUP + " shows how."),
    ("REVOKE USAGE ON SCHEMA agentsview FROM agentsview_writer", "The user 'writer' may not use the schema 'agentsview' on {place}."),
    ("REVOKE INSERT, DELETE ON agentsview.messages FROM agentsview_writer",
     "The user 'writer' lacks rights on the table agentsview.messages on {place}: INSERT, DELETE. " + SETUP
     + " shows what an administrator grants."),
    ("REVOKE USAGE ON SEQUENCE agentsview.tool_calls_id_seq FROM agentsview_writer", "agentsview.tool_calls on {place}: USAGE of its"),
    ("DROP TABLE agentsview.sync_metadata", "The schema 'agentsview' on {place} has no table sync_metadata."),
    ("ALTER TABLE agentsview.messages DROP COLUMN content_length",
     "The schema 'agentsview' on {place} is not one that agentsview reads: its table messages has no column content_length."),
    ("ALTER TABLE agentsview.tool_calls ADD COLUMN fresh text NOT NULL",
     "The schema 'agentsview' on {place} is newer than this version of scrubjay: its table tool_calls requires a value in the unknown"
     " column fresh. Update scrubjay."),
    ("ALTER DATABASE {database} SET default_transaction_read_only = on", "{place} accepts no changes: it is a replica, or set to read-only."),
    ("ALTER ROLE writer CONNECTION LIMIT 0", "{place} has too many connections, and accepts no more."),
    ("REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC", "The user 'writer' lacks a right on {place}. " + SETUP),
    ("REVOKE CONNECT ON DATABASE {database} FROM PUBLIC", "The user 'writer' lacks a right on {place}. " + SETUP),
    ("ALTER ROLE writer NOLOGIN", "{place} does not let the user 'writer' in to the database '{database}': there is no such user, or"),
])
def test_failures_that_an_administrator_must_fix(ann, sql, sentence):
    ann.source.add_session("s1")
    ann.server.query(sql.format(database=ann.server.database))
    try:
        assert sentence.format(place=place(ann), database=ann.server.database) in ann.fail()
    finally:
        ann.server.query("SET default_transaction_read_only = off; ALTER ROLE writer LOGIN CONNECTION LIMIT -1")


@pytest.mark.parametrize("code, sentence", [
    ("53100", "The disk of {} is full."),
    ("53200", "{} ran out of memory."),
    ("53400", "{} lacks the resources for this at the moment."),
    ("40001", "Somebody else is changing the same rows on {}; the delivery will be tried again."),
    ("23503", "Somebody else has changed the same sessions on {}; the delivery will be tried again."),
    ("57P01", "{} has closed the connection: it is being shut down."),
    ("XX000", "{} reports an internal error."),
    ("0A000", "{} does not understand the request (SQLSTATE 0A000)."),
])
def test_what_an_error_means(ann, code, sentence):
    """Explained by its code. The server's own text is not repeated, since it may contain rows."""
    ann.source.add_session("s1")
    ann.server.query(f"CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the text of %', NEW.content"
                     f" USING ERRCODE = '{code}'; END $$; CREATE TRIGGER trouble BEFORE INSERT ON messages FOR EACH ROW"
                     " EXECUTE FUNCTION trouble()")
    assert ann.fail() == sentence.format(place(ann))
    ann.server.query("DROP TRIGGER trouble ON messages")
    ann.deliver()
    ann.assert_equal()


def test_a_statement_that_takes_too_long(ann):
    ann.set(Timeout="1s")
    ann.source.add_session("s1")
    ann.server.query("CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$;"
                     " CREATE TRIGGER trouble BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION trouble()")
    assert ann.fail() == f"{place(ann)} does not answer in time."


def test_a_slow_connection_delays_but_does_not_fail(ann):
    """Timeout= limits how long nothing moves, for a block on its way as for an answer."""
    ann.set(Timeout="1s")
    ann.source.add_session("s1", ["one", "x" * 3_000_000, "two"])
    ann.server.proxy.bytes_per_second = 1_000_000
    began = time.monotonic()
    ann.deliver()
    assert time.monotonic() - began > 2, "the line was slow"
    ann.assert_equal()


@pytest.mark.parametrize("url, sentence", [
    ("postgresql://writer@no-such-host.invalid/x", "The name of no-such-host.invalid:5432 cannot be resolved."),
    ("postgresql://writer@127.0.0.1:{port}/nowhere", "There is no database 'nowhere' on 127.0.0.1:{port}."),
    ("postgresql://writer@127.0.0.1:port/x", "a port is a number"), ("postgresql://writer@h/x?port=hunter", "a port is a number"),
    ("postgresql://writer@127.0.0.1:70000/x", "a port is a number"), ("postgresql://writer@/x?host=hun%20ter", "a host consists of letters"),
    ("postgresql://writer:hunter", "a port is a number"), ("postgresql://writer@127.0.0.1/x#hunter", "# as %23"),
    ("postgresql://writer@127.0.0.1/x?sslmode=hunter", "Its URL is not postgresql://USER@HOST:PORT/DATABASE"),
    ("postgresql://writer@127.0.0.1/x?sslmode=require?password=hunter", "? as %3F"),
    ("postgresql://writer:hunter%2@127.0.0.1/x", "Its URL is not postgresql://USER@HOST:PORT/DATABASE"),
    ("postgresql://writer@127.0.0.1/x?colour=blue", "Its URL is not postgresql://USER@HOST:PORT/DATABASE"),
    ("postgresql+http://writer@127.0.0.1/x", "Its URL is not postgresql://USER@HOST:PORT/DATABASE"),
    ("postgres://writer@127.0.0.1:1/x", "127.0.0.1:1 refuses connections. Does PostgreSQL run there, on that port?"),
    ("postgresql:///x?host=/nowhere&user=writer", "the socket in /nowhere refuses connections."),
])
def test_a_wrong_url_of_postgresql(ann, url, sentence):
    ann.source.add_session("s1")
    ann.set(URL=url.format(port=ann.server.port))
    error = ann.fail()
    assert sentence.format(port=ann.server.port) in error and "hunter" not in error


def everything_shown(ann, bus):
    """Everything that a person, a program or a file learns about the remote, from each part of scrubjay."""
    shown = [repr(ann.once()), repr(ann.ctl("remote", "list")), repr(ann.ctl("remote", "list", "--json")), repr(ann.ctl("remote", "check", "team")),
             repr(ann.ctl("remote", "preview", "team")), repr(ann.ctl("doctor", SCRUBJAY_SOURCE_PATH=str(ann.source.path)))]
    daemon = ann.start(bus)
    wait_for(lambda: daemon.status()["Remotes"][0][2] or daemon.status()["Remotes"][0][4], "it was delivered, or cannot be")
    shown.append(repr(daemon.status()))
    daemon.stop()
    shown.append(daemon.log)
    ledger = ann.archive.with_name(ann.archive.name + ".remotes")
    if ledger.exists():
        shown += [repr(sqlite3.connect(ledger).execute("SELECT target, last_error FROM remotes").fetchall())]
    return shown


@pytest.mark.parametrize("character", ["?", "#", "@", "/", "%3F", "%23", "%40", "%2F"])
def test_no_part_of_a_password_in_the_url_is_shown(ann, bus, character):
    dice = random.Random(f"{SEED}/{character}")
    words = ["%012x" % dice.randrange(2**48) for _ in range(2)]
    password, server = urllib.parse.unquote(character).join(words), ann.server
    server.query(f"DROP ROLE IF EXISTS carl; CREATE ROLE carl LOGIN PASSWORD '{password}'; GRANT agentsview_writer TO carl")
    ann.set(URL=f"postgresql://carl:{character.join(words)}@127.0.0.1:{server.port}/{server.database}")
    (ann.config / "remote-team-password").unlink()
    ann.source.add_session("s1", ["one"])
    shown = everything_shown(ann, bus)
    assert [text for text in shown if words[0] in text or words[1] in text] == []
    listed = json.loads(ann.ctl("remote", "list", "--json")[1])[0]
    if len(character) > 1:
        assert (listed["url"], listed["last_error"]) == (f"postgresql://127.0.0.1:{server.port}/{server.database}", "")
        assert server.query("SELECT id FROM sessions") == [["s1"]]
    else:
        assert listed["url"] == "postgresql://..." and "write @ as %40" in listed["last_error"]
        assert server.query("SELECT id FROM sessions") == []


@pytest.mark.parametrize("url, shown", [
    ("postgresql://writer@db.example/x", "postgresql://db.example:5432/x"),
    ("postgres://writer:p@db1.example:1,db2.example:2/x", "postgresql://db1.example:1,db2.example:2/x"),
    ("postgresql://writer@/x?host=db.example&port=7&password=p", "postgresql://db.example:7/x"),
    ("postgresql://writer@db.example", "postgresql://db.example:5432/writer"),
    ("postgresql://writer@[::1]:7/x?hostaddr=::1", "postgresql://[::1]:7/x?hostaddr=::1"),
    ("postgresql://writer@%2Frun%2Fpg/x%20y", "postgresql://%2Frun%2Fpg:5432/x%20y"),
])
def test_the_url_that_is_shown(ann, url, shown):
    ann.set(URL=url)
    assert json.loads(ann.ctl("remote", "list", "--json")[1])[0]["url"] == shown


def test_without_a_password(ann):
    ann.source.add_session("s1")
    (ann.config / "remote-team-password").unlink()
    assert f"{place(ann)} requires a password for the user 'writer', and there is none." in ann.fail()


def test_a_unix_socket(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.set(URL=f"postgresql://writer@/{ann.server.database}?host={ann.server.cluster.folder}&port={ann.server.cluster.port}")
    ann.deliver()
    ann.assert_equal()


def test_tls(ann, tmp_path):
    ann.source.add_session("s1", ["one", "two"])
    url = ann.server.url(direct=True)
    certificate = tmp_path / "authority.pem"
    shutil.copy(ann.server.cluster.certificate, certificate)
    ann.set(URL=url + "?sslmode=verify-full")
    assert f"The certificate of 127.0.0.1:{ann.server.cluster.port} could not be verified" in ann.fail()
    ann.set(URL=url.replace("127.0.0.1", "localhost") + "?sslmode=verify-full", CaFile=certificate)
    assert "could not be verified" in ann.fail()
    ann.set(URL=url, CaFile=certificate)  # whoever names an authority wants the certificate to be verified
    ann.deliver()
    ann.assert_equal()
    ann.set(URL=ann.server.url(), CaFile=certificate)
    assert "TLS with" in ann.fail()


def test_of_a_host_s_addresses_the_last_one_tells_why(ann, tmp_path):
    """As localhost is ::1 and 127.0.0.1: the first one refuses, and the other one's answer counts."""
    ann.source.add_session("s1")
    ann.set(URL=ann.server.url(direct=True).replace("127.0.0.1", "two.example"))
    hosts = tmp_path / "hosts"
    hosts.write_text("::1 two.example\n127.0.0.1 two.example\n")
    done = subprocess.run(["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', hosts, SCRUBJAYD, "--once",
                           "--source", ann.source.path, "--archive", ann.archive],
                          env=clean_environment(ann.home), capture_output=True, text=True, timeout=60)
    error = json.loads(done.stdout)["remotes"]["team"]["error"]
    assert "The certificate of two.example" in error and "could not be verified" in error


@pytest.mark.parametrize("parameters, sentence", [
    ("", None), ("?sslmode=verify-ca", None), ("?sslmode=require", "Nothing proves that the server is really 192.0.2.1:5432"),
    ("?sslmode=prefer", "may be sent to 192.0.2.1:5432 in plain text"), ("?sslmode=disable", "may be sent to 192.0.2.1:5432 in plain text"),
])
def test_plain_text_to_another_host_is_reported(ann, parameters, sentence):
    ann.source.add_session("s1")
    ann.deliver()
    ann.set(URL="postgresql://writer@192.0.2.1/x" + parameters)
    caution = json.loads(ann.ctl("remote", "list", "--json")[1])[0]["caution"]
    assert sentence in caution if sentence else caution == ""


@pytest.mark.parametrize("url, environment, is_local", [
    ("localhost/x?", {}, True), ("127.9.8.7/x?", {}, True), ("[::1]/x?", {}, True), ("/x?host=/run/pg", {}, True), ("/x?", {}, True),
    ("localhost:1,127.0.0.1:2,[::1]:3/x?", {}, True), ("/x?host=/run/pg,localhost", {}, True), ("db.example/x?hostaddr=127.0.0.1", {}, True),
    ("localhost/x?hostaddr=192.0.2.2", {}, False), ("127.0.0.1:1,192.0.2.2:5432/x?", {}, False), ("127.evil.example/x?", {}, False),
    ("127.1/x?", {}, False), ("/x?host=/run/pg,db2.example", {}, False), ("/x?hostaddr=127.0.0.1,192.0.2.2", {}, False),
    ("localhost,localhost/x?hostaddr=127.0.0.1,", {}, True), ("localhost,db.example/x?hostaddr=127.0.0.1,", {}, False),
    ("/x?host=%40db", {}, False), ("localhost.db.example/x?", {}, False),
    ("/x?", {"PGHOST": "db.example"}, False), ("/x?", {"PGHOSTADDR": "192.0.2.2"}, False), ("localhost/x?", {"PGHOSTADDR": "192.0.2.2"}, False),
    ("db.example/x?", {"PGHOST": "localhost"}, False), ("/x?service=far", {}, False), ("/x?service=near", {}, True), ("/x?", {"PGSERVICE": "far"}, False),
])
def test_what_counts_as_this_machine(ann, tmp_path, url, environment, is_local):
    services = tmp_path / "services"
    services.write_text("[far]\nhost=db.example\n[near]\nhost=localhost\n")
    ann.set(URL=f"postgresql://{url}&user=writer&sslmode=prefer".replace("?&", "?"))
    listed, = json.loads(ann.ctl("remote", "list", "--json", PGSERVICEFILE=str(services), **environment)[1])
    assert ("may be sent to" in listed["caution"], listed["last_error"]) == (not is_local, "")


def test_nothing_is_sent_in_plain_text_if_one_host_is_elsewhere(ann):
    ann.source.add_session("s1")
    ann.set(URL=f"postgresql://writer@127.0.0.1:{ann.server.port},192.0.2.2:1/{ann.server.database}")
    assert "TLS with" in ann.once()[1]["remotes"]["team"]["error"]
    assert ann.server.query("SELECT id FROM sessions") == []


@pytest.mark.parametrize("hosts, more", [
    ("127.0.0.1:{silent},127.0.0.1:{port}", ""), ("127.0.0.1:{closed},127.0.0.1:{port}", ""), ("127.0.0.1:{starting},127.0.0.1:{port}", ""),
    ("127.0.0.1:{closed},127.0.0.1:{silent},localhost:{port}", ""), ("no-such-host.invalid:1,localhost:{port}", ""),
    ("127.0.0.1:{closed},localhost:{port}", "?hostaddr=127.0.0.1,"), ("no-such-host.invalid:{silent},localhost:{port}", "?hostaddr=127.0.0.1,127.0.0.1"),
])
def test_one_host_after_the_other_is_tried(ann, hosts, more):
    """Whether an earlier one refuses, is starting up, or accepts the connection and is silent."""
    ann.source.add_session("s1", ["one"])
    ann.set(Timeout="2s")
    with socket.socket() as silent, socket.socket() as closed, socket.socket() as starting:
        for end in (silent, closed, starting):
            end.bind(("127.0.0.1", 0))
        silent.listen()
        starting.listen()

        def start_up():
            client, _ = starting.accept()
            with client:
                for _ in range(3):  # it may ask for TLS and Kerberos first
                    size, code = struct.unpack("!II", client.recv(8))
                    if code in (80877103, 80877104):
                        client.sendall(b"N")
                        continue
                    client.recv(size - 8)
                    fields = b"SFATAL\0VFATAL\0C57P03\0Mstarting up\0\0"
                    client.sendall(b"E" + struct.pack("!I", len(fields) + 4) + fields)
                    return

        threading.Thread(target=start_up, daemon=True).start()
        names = {name: end.getsockname()[1] for name, end in (("silent", silent), ("closed", closed), ("starting", starting))}
        ann.set(URL=f"postgresql://writer@{hosts.format(port=ann.server.port, **names)}/{ann.server.database}{more}{'&' if more else '?'}sslmode=prefer")
        ann.deliver()
    ann.assert_equal()


def test_an_answer_of_one_host_is_one_for_all(ann):
    """As with libpq: another host is not asked whether a wrong password is right there."""
    ann.source.add_session("s1", ["one"])
    ann.set(URL=f"postgresql://nobody@127.0.0.1:{ann.server.port},127.0.0.1:1/{ann.server.database}")
    assert "does not let the user 'nobody' in" in ann.fail()


def test_a_service_that_is_not_there(ann, tmp_path):
    ann.source.add_session("s1")
    ann.set(URL="postgresql://writer@localhost/x?service=nowhere")
    assert "libpq cannot use its URL" in ann.once(PGSERVICEFILE=str(tmp_path / "none"))[1]["remotes"]["team"]["error"]


def put_back(server):
    """Returns a function that restores the server to its present state, as from a backup."""
    def cut():
        server.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{server.database}'", "postgres")

    cut()
    server.query(f"CREATE DATABASE backup_{server.database} TEMPLATE {server.database}", "postgres")

    def restore():
        cut()
        server.query(f"DROP DATABASE {server.database} WITH (FORCE)", "postgres")
        server.query(f"ALTER DATABASE backup_{server.database} RENAME TO {server.database}", "postgres")
    return restore


def test_a_restored_server_gets_what_it_lost(ann):
    ann.source.add_session("s1", ["one"])
    ann.source.add_session("s3", ["three"])
    ann.deliver()
    restore = put_back(ann.server)
    ann.source.add_session("s2", ["two"])
    ann.source.append("s1", ["new"])
    delete_for_good(ann.source, "s3")
    ann.deliver()
    restore()
    ann.deliver()
    ann.assert_equal()
    assert ann.deliver()["rows_sent"] == 0  # and that is all


def test_a_server_that_was_put_back_under_an_open_connection(ann, bus):
    ann.source.add_session("s1", ["one"])
    ann.start(bus)
    ann.settle()
    restore = put_back(ann.server)
    ann.source.add_session("s2", ["two"])
    ann.settle()
    restore()
    ann.source.append("s1", ["new"])
    ann.settle()
    ann.assert_equal()


def test_another_place_and_back_again(ann):
    from postgresql import DATA
    server = ann.server
    server.query((DATA / "agentsview.sql").read_text().replace("@SCHEMA@", "other").replace("@ROLES@", "other")
                 .replace("@DATABASE@", server.database))
    server.query("GRANT other_writer TO writer")
    server.query(f"CREATE DATABASE second_{server.database} TEMPLATE {server.database}", "postgres")
    url = server.url()
    base = url.partition("?")[0].rpartition("/")[0]
    ann.source.add_session("s1", ["one"])
    ann.deliver()
    for n, there in enumerate([{"Schema": "other"}, {"URL": f"{base}/?dbname=second_{server.database}"}]):
        ann.set(**there)
        ann.source.add_session(f"t{n}", ["two"])
        ann.source.append("s1", ["new"])
        ann.deliver()
        ann.set(URL=url, Schema="agentsview")
        ann.deliver()
        ann.assert_equal()


def test_an_older_schema_lacks_columns(ann):
    """Their values are left out, and this is reported; once the columns exist, everything is sent again."""
    ann.server.query("ALTER TABLE messages DROP COLUMN dialogue_text, DROP COLUMN thinking_text;"
                     " ALTER TABLE sessions DROP COLUMN pr_links, DROP COLUMN labels, DROP COLUMN context_pressure_max")
    ann.source.add_session("s1", ["one", "two"], context_pressure_max=0.7)
    add_label(ann.source, "s1", "word")
    told = warned(ann)
    assert "lack columns" in told and ("sessions.pr_links, sessions.context_pressure_max, messages.thinking_text, messages.dialogue_text,"
                                       " sessions.labels") in told.replace("\n", " ")
    assert ann.server.query("SELECT content FROM messages ORDER BY ordinal") == [["one"], ["two"]]
    assert ann.ctl("remote", "check", "team")[0] == 0
    ann.server.query("ALTER TABLE messages ADD COLUMN dialogue_text text, ADD COLUMN thinking_text text NOT NULL DEFAULT '';"
                     "ALTER TABLE sessions ADD COLUMN pr_links text NOT NULL DEFAULT '', ADD COLUMN labels text[] NOT NULL DEFAULT '{}',"
                     " ADD COLUMN context_pressure_max float8")
    ann.ctl("remote", "resend", "team")
    ann.deliver()
    ann.assert_equal()
    assert ann.server.query("SELECT context_pressure_max::text, labels::text FROM sessions") == [["0.7", "{word}"]]


def test_columns_that_we_do_not_know_stay_as_they_are(ann):
    ann.server.query("ALTER TABLE messages ADD COLUMN fresh text NOT NULL DEFAULT 'as made'; ALTER TABLE sessions ADD COLUMN fresh int")
    ann.source.add_session("s1", ["one"])
    ann.deliver()
    ann.server.query("UPDATE messages SET fresh = 'theirs'")
    ann.source.sql("UPDATE messages SET content = 'other'")
    touch(ann.source, "s1")
    ann.deliver()
    assert ann.server.query("SELECT content, fresh FROM messages") == [["other", "theirs"]]


def test_nothing_tells_readers_of_a_version_of_agentsview(ann):
    """One row with a newer data version would lock out older readers."""
    ann.source.add_session("s1")
    ann.deliver()
    assert ann.server.query("SELECT max(data_version) FROM sessions") == [["0"]]


def test_setup_is_all_that_an_administrator_runs(ann, tmp_path):
    """On an empty database; and again, which changes nothing."""
    server = ann.server
    server.query(f"DROP DATABASE IF EXISTS bare_{server.database}", "postgres")
    server.query(f"CREATE DATABASE bare_{server.database} TEMPLATE template0", "postgres")
    server.database = f"bare_{server.database}"
    schema = "masked"
    ann.set(URL=server.url("carol"), Schema=schema)
    status, sql, stderr = ann.ctl("remote", "setup", "team", "--print")
    assert status == 0, stderr
    for _ in range(2):
        server.query(sql)
    server.query(f"ALTER ROLE carol PASSWORD '{server.password}'")
    ann.source.add_session("s1", ["one", "two"])
    add_call(ann.source, "s1", 1)
    ann.deliver()
    assert server.query("SELECT content FROM " + schema + ".messages ORDER BY ordinal") == [["one"], ["two"]]
    rights = server.query("SELECT string_agg(DISTINCT privilege_type, ',') FROM information_schema.role_table_grants"
                          f" WHERE grantee = '{server.database}_masked_reader' AND table_schema = 'masked'")
    assert rights == [["SELECT"]]


def test_two_teams_on_one_server_do_not_see_each_other(ann):
    server, databases = ann.server, []
    for user in ("team_one", "team_two"):
        server.query(f"DROP DATABASE IF EXISTS {user}_data", "postgres")
        server.query(f"CREATE DATABASE {user}_data TEMPLATE template0", "postgres")
        server.database = f"{user}_data"
        databases.append(server.database)
        ann.set(URL=server.url(user))
        status, sql, stderr = ann.ctl("remote", "setup", "team", "--print")
        assert status == 0, stderr
        server.query(sql)
    for mine, other in zip(databases, reversed(databases)):
        roles = server.query("SELECT rolname, has_schema_privilege(oid, 'agentsview', 'USAGE'), has_table_privilege(oid, 'agentsview.messages',"
                             f" 'SELECT') FROM pg_roles WHERE rolname LIKE '{other}\\_%' OR rolname = '{other.removesuffix('_data')}'", mine)
        assert len(roles) == 4 and {(usage, select) for _, usage, select in roles} == {("f", "f")}
    with pytest.raises(Exception, match=f"This is for the database {databases[1]}, and not for {databases[0]}"):
        server.query(sql, databases[0])


@pytest.mark.parametrize("database, sentence", [
    ("Team", "The name of the database ('Team') may contain only lower case letters"), ("a" * 50, "are too long for the names of roles"),
    ("a'b", "The name of the database ('a'b') may contain only lower case letters"),
])
def test_names_that_no_role_can_have(ann, database, sentence):
    ann.set(URL=f"postgresql://carol@localhost/{database}")
    status, out, stderr = ann.ctl("remote", "setup", "team", "--print")
    assert (status, out) == (1, "") and sentence in stderr


@pytest.mark.parametrize("arguments", [["setup", "team"], ["setup", "--print"], ["check", "team", "--print"]])
def test_usage_of_setup(ann, arguments):
    assert ann.ctl("remote", *arguments)[0] == 2


def test_an_invalid_schema_name(ann):
    ann.set(Schema="a'b")
    status, out, stderr = ann.ctl("remote", "setup", "team", "--print")
    assert (status, out) == (1, "") and "may contain only lower case letters" in stderr
    ann.source.add_session("s1")
    assert 'There is no schema \'a\'b\'' in ann.fail()


# Who owns a session

def test_sessions_not_sent_by_scrubjay_are_left_alone_and_reported(ann):
    for marker, session in (("''", "plain"), ("'pusher'", "pushed")):
        ann.server.add_session(session, marker)
        ann.server.add_message(session, 0, "as it was")
        ann.source.add_session(session, ["masked"])
    ann.source.add_session("s1")
    error = ann.fail()
    assert "'pl" in error or "'pu" in error
    assert ann.server.query("SELECT id, owner_marker, content FROM sessions JOIN messages ON session_id = id WHERE id <> 's1' ORDER BY 1") == [
        ["plain", "", "as it was"], ["pushed", "pusher", "as it was"]]
    assert ann.server.query("SELECT owner_marker LIKE 'scrubjay:%' FROM sessions WHERE id = 's1'") == [["t"]]
    status, _, stderr = ann.ctl("remote", "check", "team")
    assert status == 0 and "2 of the sessions there did not come from scrubjay ('plain' is one)" in stderr


def test_a_permanently_deleted_session_does_not_come_back(ann):
    ann.source.add_session("s1", ["one"])
    ann.source.add_session("s2", ["one"])
    ann.deliver()
    ann.server.query("INSERT INTO excluded_sessions (id) VALUES ('s1'); DELETE FROM sessions WHERE id = 's1'")
    for _ in range(2):
        ann.source.append("s1", ["more"])
        assert "The session 's1' is not delivered: somebody has deleted it there permanently." in warned(ann)
        assert ann.server.query("SELECT id FROM sessions") == [["s2"]]
        assert ann.ctl("remote", "check", "team")[0] == 0
    ann.ctl("remote", "resend", "team")
    warned(ann)
    assert ann.server.query("SELECT id FROM sessions") == [["s2"]]
    ann.server.query("DELETE FROM excluded_sessions")
    ann.source.append("s1", ["more"])
    ann.deliver()
    ann.assert_equal()


def while_it_travels(ann, place, sql):
    """A delivery that reaches @place; then somebody runs @sql, and the delivery continues. Returns how it ended."""
    ann.server.disturb("delay", place, seconds=120)
    seen = re.compile(ann.server.places[place])
    n_before, done = len(ann.server.requests()), []
    delivery = threading.Thread(target=lambda: done.append(ann.once()))
    delivery.start()
    wait_for(lambda: any(seen.search(r["query"]) for r in ann.server.requests()[n_before:]), "it has come there", 60)
    somebody = subprocess.Popen([*ann.server.cluster.psql(ann.server.database), "-c", f"SET search_path = {SCHEMA}; BEGIN; {sql}; COMMIT"],
                                env=os.environ | {"PGAPPNAME": "somebody"})
    wait_for(lambda: somebody.poll() is not None or ann.server.query("SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) "
                                                                     "WHERE NOT granted AND application_name = 'somebody'"),
             "it is done, or waits for the delivery", 60)
    ann.server.control("clear")
    delivery.join()
    assert somebody.wait(60) == 0
    return done[0]


GONE_FOR_GOOD = "INSERT INTO excluded_sessions (id) VALUES ('s1'); DELETE FROM sessions WHERE id = 's1'"


@pytest.mark.parametrize("place", ["copy", "sessions", "messages"])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_session_permanently_deleted_while_being_sent_does_not_come_back(ann, place, is_whole):
    ann.source.add_session("s1", ["one", "two"])
    ann.source.add_session("s2", ["one"])
    ann.deliver()
    ann.source.append("s1", ["more"])
    ann.source.append("s2", ["more"])
    if is_whole:
        delete_message(ann.source, "s1", 0)
    while_it_travels(ann, place, GONE_FOR_GOOD)
    ann.deliver_at_last()
    for table, key in (("sessions", "id"), ("messages", "session_id")):
        assert ann.server.query(f"SELECT count(*) FROM {table} WHERE {key} = 's1'") == [["0"]]
    ann.assert_equal(here="id <> 's1'")
    ann.source.append("s1", ["more"])
    assert "The session 's1' is not delivered: somebody has deleted it there permanently." in warned(ann)


def test_a_session_deleted_while_being_sent_comes_back_whole(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.deliver()
    ann.source.append("s1", ["three"])
    status, result, _ = while_it_travels(ann, "copy", "DELETE FROM sessions WHERE id = 's1'")
    assert (status, result["remotes"]["team"]["error"]) == (
        1, f"Somebody else has added or deleted a session on {place(ann)} while it was being sent; the delivery will be tried again.")
    ann.deliver()
    ann.assert_equal()


def test_a_permanently_deleted_session_that_is_still_there_is_deleted(ann):
    ann.source.add_session("s1", ["one"])
    ann.source.add_session("s2", ["one"])
    ann.deliver()
    ann.server.query("INSERT INTO excluded_sessions (id) VALUES ('s1')")
    ann.source.append("s1", ["more"])
    assert "somebody has deleted it there permanently" in warned(ann)
    assert ann.server.query("SELECT id FROM sessions") == [["s2"]]
    assert ann.server.query("SELECT session_id FROM messages") == [["s2"]]
    assert ann.deliver()["rows_sent"] == 0


def test_a_session_renamed_or_trashed_in_the_pages_stays_so(ann):
    for session in ("s1", "s2"):
        ann.source.add_session(session, ["one"], display_name="ours")
    ann.deliver()
    ann.server.query("UPDATE sessions SET display_name = 'theirs', deleted_at = now() WHERE id = 's1'")
    for session in ("s1", "s2"):
        ann.source.sql("UPDATE sessions SET display_name = 'ours anew' WHERE id = ?", (session,))
        ann.source.append(session, ["two"])
    ann.deliver()
    assert ann.server.query("SELECT display_name, source_display_name, deleted_at IS NULL FROM sessions ORDER BY id") == [
        ["theirs", "ours anew", "f"], ["ours anew", "ours anew", "t"]]
    ann.assert_equal()
    assert ann.ctl("remote", "check", "team")[0] == 0


# What open pages watch

def test_a_page_sees_each_change_and_the_text_has_a_revision(ann):
    ann.source.add_session("s1", ["one", "two"])
    ann.source.add_session("s2", ["one"])
    ann.deliver()

    def marks():
        return {row[0]: row[1:] for row in ann.server.query("SELECT id, updated_at, transcript_revision FROM sessions")}

    before = marks()
    ann.source.append("s1", ["three"])
    ann.deliver()
    grown = marks()
    assert grown["s1"][0] > before["s1"][0] and grown["s1"][1] != before["s1"][1] and grown["s2"] == before["s2"]
    ann.source.sql("UPDATE sessions SET display_name = 'name' WHERE id = 's1'")
    touch(ann.source, "s1")
    ann.deliver()
    renamed = marks()
    assert renamed["s1"][0] > grown["s1"][0] and renamed["s1"][1] == grown["s1"][1]
    delete_message(ann.source, "s1", 0)
    ann.deliver()
    assert marks()["s1"][1] != renamed["s1"][1]


def test_rows_that_are_the_same_are_not_written(ann):
    """With the indexes for searching, that would be a hundred times more work."""
    ann.source.add_session("s1", ["text"] * 200)
    ann.deliver()
    before = ann.server.query("SELECT ctid, ordinal FROM messages ORDER BY ordinal")
    delete_message(ann.source, "s1", 7)
    ann.deliver()
    assert [row for row in before if row[1] != "7"] == ann.server.query("SELECT ctid, ordinal FROM messages ORDER BY ordinal")
    ann.assert_equal()


def test_tools_are_flagged(ann):
    ann.source.add_session("s1", ["one", "two"])
    add_call(ann.source, "s1", 1)
    ann.source.add_session("s2")
    ann.deliver()
    assert ann.server.query("SELECT id, has_tool_calls FROM sessions ORDER BY id") == [["s1", "t"], ["s2", "f"]]
    ann.source.sql("DELETE FROM tool_calls")
    touch(ann.source, "s1")
    ann.deliver()
    assert ann.server.query("SELECT has_tool_calls FROM sessions WHERE id = 's1'") == [["f"]]


# Values

def test_values_that_the_server_does_not_take(ann):
    """NUL, invalid UTF-8, numbers beyond 2^31, invalid times, texts too long for an index: nothing fails, and no text is lost."""
    dice = random.Random(SEED)
    long = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))
    ann.source.add_session("s1", ["one\0two", "x" * (20 << 20), "\ud800".encode("utf-8", "surrogatepass")], cwd="/" + long, git_branch=long,
                           project=long, started_at="", ended_at="soon", termination_status=long, parent_session_id=long)
    add_call(ann.source, "s1", 1, name=long, category=long)
    ann.source.sql("UPDATE tool_calls SET file_path = ?", (long,))
    ann.source.sql("UPDATE sessions SET total_output_tokens = ?, peak_context_tokens = -5", (2**40,))
    ann.source.sql("UPDATE messages SET content_length = ?, model = ?, role = ?", (2**40, long, "user"))
    touch(ann.source, "s1")
    ann.deliver()
    (total, peak, cwd, started), = ann.server.query("SELECT total_output_tokens, peak_context_tokens, cwd, started_at FROM sessions")
    assert (total, peak, started) == (str(2**31 - 1), "0", None)
    assert cwd.startswith("/" + long[:1900]) and cwd.endswith("…") and len(cwd.encode()) <= 2003
    contents = [row[0] for row in ann.server.query("SELECT content FROM messages ORDER BY ordinal")]
    assert contents[0] == "one\ufffdtwo" and len(contents[1]) == 20 << 20 and "\ufffd" in contents[2]
    assert ann.ctl("remote", "check", "team")[0] == 0


def test_no_text_is_too_long_for_the_indexes(ann):
    """Whichever column an index of agentsview's schema covers."""
    dice = random.Random(SEED)

    def long():
        return "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))

    ann.source.add_session("s1", ["one", "two"])
    add_call(ann.source, "s1", 1)
    keys = {"id", "session_id", "created_at", "started_at", "ended_at", "timestamp", "deleted_at", "file_hash", "local_modified_at", "sync_marker",
            "transcript_revision", "file_path of sessions"}
    for table in ("sessions", "messages", "tool_calls"):
        for name, kind in ann.source.sql("SELECT name, type FROM pragma_table_info(?)", (table,)):
            if kind == "TEXT" and not {name, f"{name} of {table}"} & keys:
                ann.source.sql(f"UPDATE {table} SET {name} = ?", (long(),))
    touch(ann.source, "s1")
    for _ in range(2):
        add_label(ann.source, "s1", long())
    ann.deliver()
    assert ann.ctl("remote", "check", "team")[0] == 0
    assert ann.server.query("SELECT count(*) FROM messages WHERE length(source_uuid) > 1900") == [["2"]]
    assert ann.server.query("SELECT count(*), min(length(label)) > 590 FROM sessions, unnest(labels) label") == [["2", "t"]]


def test_long_texts_are_compressed_fast(ann):
    """If the server has a faster method than its oldest one."""
    knows = ann.server.query("SELECT count(*) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)")[0][0]
    ann.source.add_session("s1", ["word " * 5000])
    ann.deliver()
    if knows == "1":
        assert ann.server.query("SELECT pg_column_compression(content) FROM messages") == [["lz4"]]
    ann.assert_equal()


def test_a_rejected_session_does_not_hold_up_others(ann):
    dice = random.Random(SEED)
    ann.server.query("CREATE INDEX bad ON messages (content)")  # nobody knows what the next version of agentsview will have

    def texts():
        return ["one", "".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))]

    for i in range(6):
        ann.source.add_session(f"s{i}", texts() if i in (2, 4) else ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s1')")
    said = "{} left out until {} or you run 'scrubjayctl remote resend team': "
    two, one = said.format("2 sessions ('s2' is one) are", "they change"), said.format("The session 's4' is", "it changes")
    assert two + "A value is too large for an index on" in ann.fail()
    ann.assert_equal(here="id NOT IN ('s2', 's4')")
    n_before = len(ann.server.requests())
    assert two + "the server refused what is in it." in ann.fail()
    assert not [r for r in ann.server.requests()[n_before:] if "COPY" in r["query"]]  # it is not tried again
    ann.source.append("s0", texts())
    ann.source.add_session("s6", ["one"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES ('s0')")
    assert two.replace("2", "3", 1).replace("s2", "s0") + "A value is too large" in ann.fail()
    ann.assert_equal(here="id NOT IN ('s0', 's2', 's4')")  # what was there of s0 is gone
    status, out, _ = ann.ctl("remote", "check", "team")
    assert status != 0 and "s0" in out and "s2" in out and "s3" not in out
    delete_for_good(ann.source, "s0")
    delete_message(ann.source, "s2", 1)
    assert one in ann.fail()
    ann.assert_equal(here="id <> 's4'")
    ann.server.query("DROP INDEX bad")
    ann.ctl("remote", "resend", "team")
    ann.deliver()
    ann.assert_equal()


def test_where_nothing_is_taken_it_says_so(ann):
    ann.server.query("CREATE FUNCTION trouble() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END $$;"
                     " CREATE TRIGGER trouble BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION trouble()")
    ann.source.add_many(25, ["one"])
    said = ann.fail()
    assert said.startswith("25 sessions ('") and f"{place(ann)} refuses one of the values." in said
    assert len([r for r in ann.server.requests() if "set_config('search_path'" in r["query"]]) == 1  # on one connection
    ann.server.query("DROP TRIGGER trouble ON messages")
    ann.ctl("remote", "resend", "team")
    ann.deliver()
    ann.assert_equal()


def test_a_rejected_update_leaves_no_text_that_is_masked_now(ann, tmp_path):
    """A later rule masks what is there, and then the server refuses the session for another reason."""
    dice = random.Random(SEED)
    ann.source.add_session("s1", ["one", "the value corge-0815 here"])
    ann.source.add_session("s2", ["one"])
    ann.deliver()
    assert "corge-0815" in ann.server.query("SELECT string_agg(content, ' ') FROM messages")[0][0]
    ann.server.query("CREATE INDEX bad ON messages (content)")
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "house.json").write_text(json.dumps([{"id": "corge", "description": "of this house", "literals": ["corge-"],
                                                   "pattern": "corge-[0-9]{4}", "reference": "https://example.org/",
                                                   "examples": {"positive": ["<<corge-{digit:4}>>"], "negative": ["corge-x"]}}]))
    ann.source.append("s1", ["".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000))])
    status, result, stderr = ann.once(SCRUBJAY_MASK_RULESDIR=f"{RULES} {rules}")
    assert status == 1 and "'s1' is left out" in result["remotes"]["team"]["error"], stderr
    assert ann.server.query("SELECT session_id, content FROM messages") == [["s2", "one"]]
    assert ann.server.query("SELECT id FROM sessions") == [["s2"]]


def test_a_pin_that_is_not_taken_bars_its_own_session(ann):
    dice = random.Random(SEED)
    ann.server.query("CREATE INDEX bad ON pinned_messages (note)")
    for i in range(5):
        ann.source.add_session(f"s{i}", ["one", "two"])
    ann.source.sql("INSERT INTO pinned_messages (session_id, message_id, ordinal, note) SELECT session_id, id, ordinal, CASE session_id WHEN 's3'"
                   " THEN ? ELSE 'note' END FROM messages WHERE ordinal = 0", ("".join(dice.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=9000)),))
    assert "The session 's3' is left out until it changes" in ann.fail()
    ann.assert_equal(here="id <> 's3'")
    assert len(ann.server.query("SELECT session_id FROM pinned_messages")) == 4


def test_ids_that_fit_in_no_index_are_left_out(ann):
    ann.source.add_session("s" * 1000, ["one"])
    ann.source.add_session("s1", ["one"])
    assert "The session 'ssss" in warned(ann)
    assert ann.server.query("SELECT id FROM sessions") == [["s1"]]
    assert ann.ctl("remote", "check", "team")[0] == 0


@pytest.mark.parametrize("session", ["it's", 'a"b', "a\\b", "{a,b}", "ä😀", "a b", "-- x"])
def test_ids_that_sql_knows_other_meanings_for(ann, session):
    ann.source.add_session(session, ["one", "two"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) VALUES (?)", (session,))
    ann.deliver()
    ann.source.append(session, ["three"])
    delete_message(ann.source, session, 0)
    ann.deliver()
    ann.assert_equal()
    assert ann.ctl("remote", "check", "team")[0] == 0


def test_reading_what_is_there_never_takes_too_long(ann):
    """However much it is, and however slow the server: all of it at once would take three times the time-out."""
    ann.set(Timeout="1s")
    ann.source.add_many(300, ["one"])
    ann.source.sql("INSERT INTO starred_sessions (session_id) SELECT id FROM sessions")
    ann.deliver()
    ann.server.query("CREATE FUNCTION slow(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN true; END $$;"
                     " ALTER TABLE messages ENABLE ROW LEVEL SECURITY; CREATE POLICY all_rows ON messages USING (true);"
                     " CREATE POLICY slowly ON messages AS RESTRICTIVE FOR SELECT USING (slow(session_id))")
    assert ann.ctl("remote", "check", "team") == (0, "The remote 'team' has what the archive has.\n", "")


# Others at the same time

def test_a_locked_table_is_waited_for_and_given_up(ann):
    ann.set(Timeout="1s")
    ann.source.add_session("s1", ["one"])
    lock = subprocess.Popen([*ann.server.cluster.psql(ann.server.database), "-c",
                             f"BEGIN; LOCK TABLE {SCHEMA}.messages; SELECT pg_sleep(60)"], stdout=subprocess.DEVNULL)
    try:
        wait_for(lambda: ann.server.query("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
                                          f" AND relation = '{SCHEMA}.messages'::regclass") == [["1"]], "it is locked")
        assert ann.fail() in (f"Somebody else has locked the tables on {place(ann)}.", f"{place(ann)} does not answer in time.")
    finally:
        lock.kill()
        lock.wait()
        ann.server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()")
    ann.deliver_at_last()
    ann.assert_equal()


def test_a_transaction_of_a_connection_that_was_given_up_comes_to_nothing_or_first(ann):
    """The server still works on it when the next delivery begins, which waits until it ends."""
    ann.set(Timeout="1s")
    ann.source.add_session("s1", ["one"])
    ann.deliver()
    ann.source.append("s1", ["two"])
    ann.server.disturb("hang", "commit", seconds=3, count=1)
    assert "does not answer in time" in ann.fail()
    ann.source.append("s1", ["three"])
    ann.server.clear_faults()
    ann.deliver_at_last()
    ann.assert_equal()
