"""findings as a list that one works off: what is acknowledged is neither open nor forgotten"""

import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest


from conftest import SCRUBJAYCTL  # noqa: E402
from planted import github  # noqa: E402

AWS, JWT = "4000000000000000", "fffffffffffffffe"


def secrets(sample, *arguments):
    return {s["fingerprint"]: s for s in json.loads(sample.run("findings", *arguments, "--json").out)}


def list_file(sample):
    return sample.archive.parent / "archive.db.acknowledged"


def status(sample):
    return json.loads(sample.run("status", "--json").out)


def test_acknowledged_secrets_are_not_listed(sample):
    assert sample.run("findings", "ack", "40000000", "--note", "rotated on Friday").out == "1 secret acknowledged.\n"
    assert set(secrets(sample)) == {JWT}
    known = secrets(sample, "--all")
    assert known[JWT]["open"] is True and "note" not in known[JWT]
    assert known[AWS]["open"] is False and known[AWS]["note"] == "rotated on Friday"
    assert known[AWS]["acknowledged_at"] > "2026-01-01"
    places = json.loads(sample.run("findings", "--places", "--json").out)
    assert {p["fingerprint"] for p in places} == {JWT}
    assert len(json.loads(sample.run("findings", "--places", "--all", "--json").out)) == 3
    groups = json.loads(sample.run("findings", "--by", "project", "--all", "--json").out)
    assert [(g["secrets"], g["open"]) for g in groups] == [(2, 1)]
    out = sample.run("findings", "--all").out
    assert "ACKNOWLEDGED" in out and "rotated on Friday" in out
    assert "ACKNOWLEDGED" not in sample.run("findings").out
    assert stat.S_IMODE(list_file(sample).stat().st_mode) == 0o600


def test_status_counts_open_secrets(sample):
    daemon_is_not_asked = status(sample)
    assert (daemon_is_not_asked["secrets"], daemon_is_not_asked["open_secrets"]) == (2, 2)
    sample.run("findings", "ack", "4000")
    after = status(sample)
    assert (after["secrets"], after["findings"], after["open_secrets"], after["open_findings"]) == (2, 3, 1, 1)
    assert after["rules"]["aws-access-key"] == {"findings": 2, "secrets": 1, "open_secrets": 0}
    out = sample.run("status").out
    assert "1 secret to rotate, 1 place, 1 acknowledged" in out
    assert "jwt" in out and "aws-access-key" not in out
    sample.run("findings", "ack", "ffff")
    assert "no open secrets, 2 acknowledged" in sample.run("status").out
    assert sample.run("findings").err == "No secret is open; --all shows acknowledged ones.\n"
    assert sample.run("findings", "--rule", "none").err == "No secret was found.\n"


def test_a_baseline_acknowledges_all_current_secrets(sample):
    assert sample.run("findings", "--baseline", "--rule", "jwt").out == "1 secret acknowledged.\n"
    assert set(secrets(sample)) == {AWS}
    sample.run("findings", "--baseline", "--note", "before the review")
    assert secrets(sample) == {}
    assert {s["note"] for s in secrets(sample, "--all").values()} == {"baseline", "before the review"}
    sample.write("INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES "
                 "(:b, 0, 'content', 'jwt', 5, '2026-02-24T00:00:00.000Z');\n")
    assert set(secrets(sample)) == {"0000000000000005"}
    assert sample.run("findings", "--baseline").out == "1 secret acknowledged.\n"
    assert sample.run("findings", "--baseline").out == "0 secrets acknowledged.\n"


def test_what_is_acknowledged_keeps_its_time_and_note(sample):
    def entry():
        row, = [row for row in json.loads(sample.run("findings", "--all", "--json").out) if not row["open"]]
        return row["acknowledged_at"], row["note"]

    sample.run("findings", "ack", "4000", "--note", "rotated")
    before = entry()
    assert before[1] == "rotated"
    assert "acknowledged already" in sample.run("findings", "ack", "4000").out
    sample.run("findings", "--baseline", "--all", "--rule", "aws*")
    assert entry() == before
    assert sample.run("findings", "ack", "4000", "--note", "by ann").out == "1 secret acknowledged.\n"
    assert entry() == (before[0], "by ann")


def test_undo_opens_it_again(sample):
    sample.run("findings", "ack", "4000", "FFFFFFFF")
    assert sample.run("findings", "ack", "--undo", "40000000").out == "1 secret is open again.\n"
    assert sample.run("findings", "ack", "--undo", "40000000").out == "Nothing changed: no acknowledged secret was named.\n"
    assert set(secrets(sample)) == {AWS}


def test_one_wrong_name_and_nothing_is_acknowledged(sample):
    sample.write("INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES "
                 "(:b, 0, 'content', 'jwt', 4611686018427387905, '2026-02-24T00:00:00.000Z');\n")
    assert "Several secrets begin with '40000000'" in sample.run("findings", "ack", "40000000", code=1).err
    assert "no secret '12345678'" in sample.run("findings", "ack", "ffff", "12345678", code=1).err
    for name in ("400", "4000000000000000f", "jwt", "xyz12345", "", "4000%"):
        assert "is not the fingerprint of a secret" in sample.run("findings", "ack", "ffff", name, code=1).err
    assert not list_file(sample).exists()
    sample.run("findings", "ack", "4000000000000001")
    assert set(secrets(sample)) == {AWS, JWT}


@pytest.mark.parametrize("arguments", [
    ["ack"], ["drop", "4000"], ["--undo"], ["--note", "x"], ["ack", "4000", "--baseline"],
    ["ack", "4000", "--undo", "--note", "x"]])
def test_invalid_options_are_reported(sample, arguments):
    assert sample.run("findings", *arguments, code=2).err.startswith("scrubjayctl: ")
    assert not list_file(sample).exists()


def test_the_list_never_holds_a_secret(sample):
    seed = random.randrange(2**32)
    print("seed", seed)
    secret = github("github-pat", "ghp_")(random.Random(seed)).text
    outcome = sample.run("findings", "ack", "4000", "--note", f"was {secret} in the wiki\x1b[2J")
    assert "which was masked" in outcome.err and secret not in outcome.err + outcome.out
    assert secret.encode() not in list_file(sample).read_bytes()
    note = secrets(sample, "--all")[AWS]["note"]
    assert note.startswith("was [REDACTED:") and "\x1b" not in note
    assert "at most 1000 bytes" in sample.run("findings", "ack", "ffff", "--note", "x" * 1001, code=1).err


def test_it_outlives_the_archive(sample):
    sample.run("findings", "ack", "4000")
    for file in sample.archive.parent.glob("archive.db*"):
        if file != list_file(sample):
            file.unlink()
    sample.make_archive()
    assert set(secrets(sample)) == {JWT}


def test_dates_are_those_of_the_messages_and_the_first_stays(sample):
    sample.write("INSERT INTO secrets_seen VALUES (4611686018427387904, '2020-05-06T07:08:09.000Z');\n")
    known = secrets(sample)
    assert known[AWS]["first_seen_at"] == "2020-05-06T07:08:09.000Z"
    assert known[AWS]["last_seen_at"] == "2026-02-22T08:00:00.000Z"
    assert known[JWT]["first_seen_at"] == known[JWT]["last_seen_at"] == "2026-02-23T01:00:00.000Z"
    sample.write("DROP TABLE secrets_seen;\n")     # an archive that the service has not opened since an update
    assert secrets(sample)[AWS]["first_seen_at"] == "2026-02-22T08:00:00.000Z"


@pytest.mark.parametrize("harm", ["another program's", "a newer one", "cut", "zeros", "a folder", "unreadable"])
def test_a_list_that_cannot_be_read_closes_nothing(sample, harm):
    sample.run("findings", "ack", "4000")
    file = list_file(sample)
    if harm in ("another program's", "a newer one"):
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA application_id = 7" if harm == "another program's" else "PRAGMA user_version = 99")
        db.close()
    elif harm == "cut":
        os.truncate(file, 5000)
    elif harm == "zeros":
        file.write_bytes(bytes(8192))
    elif harm == "a folder":
        file.unlink()
        file.mkdir()
    elif os.geteuid() == 0:
        os.truncate(file, 100)      # root can read everything
    else:
        file.chmod(0)
    before = file.read_bytes() if file.is_file() and os.access(file, os.R_OK) else None
    outcome = sample.run("findings", "--json")
    assert f"The list of acknowledged secrets '{file}' cannot be used: " in outcome.err
    assert {s["fingerprint"] for s in json.loads(outcome.out)} == {AWS, JWT}
    assert "cannot be used" in sample.run("status").out
    assert "cannot be used" in status(sample)["archive_warning"]
    assert "cannot be used" in sample.run("findings", "ack", "ffff", code=1).err
    assert sample.run("sessions").err == ""
    assert before is None or file.read_bytes() == before


VIEW = ("DROP TABLE acknowledged; CREATE VIEW acknowledged (fingerprint, acknowledged_at, note) AS "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, '2026-01-01T00:00:00Z', '' FROM n WHERE i < 0")
TABLE = ("DROP TABLE acknowledged; CREATE TABLE acknowledged (fingerprint INTEGER PRIMARY KEY, acknowledged_at TEXT, note TEXT, "
         "x AS (hex(zeroblob(fingerprint * 1000)))); INSERT INTO acknowledged VALUES (400000, '2026-01-01T00:00:00.000Z', '')")
TRIGGER = "CREATE TRIGGER t AFTER INSERT ON acknowledged BEGIN DELETE FROM acknowledged; END"


@pytest.mark.parametrize("sql", [
    VIEW, TABLE, TRIGGER, "UPDATE acknowledged SET acknowledged_at = NULL", "UPDATE acknowledged SET acknowledged_at = 'today'",
    "UPDATE acknowledged SET note = x'00ff'", "CREATE TABLE other (x)"],
    ids=["endless view", "computed column", "trigger", "no time", "another time", "bytes", "another table"])
def test_a_foreign_list_acknowledges_nothing(sample, sql):
    sample.run("findings", "ack", "4000")
    db = sqlite3.connect(list_file(sample))
    db.executescript(sql)
    db.close()
    outcome = sample.run("findings", "--json")
    assert f"The list of acknowledged secrets '{list_file(sample)}' cannot be used: " in outcome.err
    assert {s["fingerprint"]: s["open"] for s in json.loads(outcome.out)} == {AWS: True, JWT: True}
    assert "cannot be used" in sample.run("status").out


@pytest.mark.parametrize("place", ["", "-journal", "-wal", "-shm"])
@pytest.mark.parametrize("what", ["FIFO", "link to one"])
def test_a_fifo_in_its_place_does_not_block(sample, place, what):
    sample.run("findings", "ack", "4000")
    file = Path(f"{list_file(sample)}{place}")
    file.unlink(missing_ok=True)
    fifo = file if what == "FIFO" else sample.home / "fifo"
    os.mkfifo(fifo)
    if fifo != file:
        file.symlink_to(fifo)
    outcome = sample.run("findings", "--json")
    assert "cannot be used: it is not a regular file." in outcome.err
    assert {s["fingerprint"] for s in json.loads(outcome.out)} == {AWS, JWT}
    assert "it is not a regular file" in sample.run("findings", "ack", "ffff", code=1).err
    assert stat.S_ISFIFO(fifo.stat().st_mode)


def test_a_link_to_a_list_is_not_followed(sample):
    sample.run("findings", "ack", "4000")
    list_file(sample).rename(sample.home / "elsewhere")
    list_file(sample).symlink_to(sample.home / "elsewhere")
    assert "cannot be used: it is a symbolic link." in sample.run("findings").err
    assert "it is a symbolic link" in sample.run("findings", "ack", "ffff", code=1).err


def test_a_list_beyond_all_sizes_is_not_read(sample):
    sample.run("findings", "ack", "4000")
    os.truncate(list_file(sample), 1 << 40)
    assert "cannot be used: File too large." in sample.run("findings").err


def test_a_list_of_another_archive_is_reported(sample):
    """A fingerprint means nothing beside a key that did not make it."""
    key = sample.archive.parent / "fingerprint.key"
    key.write_bytes(bytes(range(16)))
    sample.run("findings", "ack", "4000")
    assert set(secrets(sample)) == {JWT}
    key.write_bytes(bytes(16))
    outcome = sample.run("findings", "--json")
    assert "cannot be used: it was made with another fingerprint.key, for another archive." in outcome.err
    assert {s["fingerprint"] for s in json.loads(outcome.out)} == {AWS, JWT}
    assert "another fingerprint.key" in sample.run("findings", "ack", "ffff", code=1).err
    key.unlink()    # given away without its key
    assert set(secrets(sample)) == {JWT}


def test_a_list_of_before_its_key_was_noted_is_brought_up(sample):
    sample.run("findings", "ack", "4000")
    (sample.archive.parent / "fingerprint.key").write_bytes(bytes(range(16)))
    db = sqlite3.connect(list_file(sample))
    db.executescript("DROP TABLE made_with; PRAGMA user_version = 1")
    db.close()
    assert set(secrets(sample)) == {JWT}
    sample.run("findings", "ack", "ffff")
    assert secrets(sample) == {}
    db = sqlite3.connect(list_file(sample))
    assert db.execute("SELECT count(*) FROM made_with WHERE key != 0").fetchone() == (1,)
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    db.close()


def test_a_secret_that_is_named_twice_is_one(sample):
    assert sample.run("findings", "ack", "4000", AWS, "40000").out == "1 secret acknowledged.\n"
    assert sample.run("findings", "ack", "4000", AWS, "--undo").out == "1 secret is open again.\n"


def test_one_that_writes_is_waited_for(sample):
    sample.run("findings", "ack", "4000")
    db = sqlite3.connect(list_file(sample), isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    assert set(secrets(sample)) == {JWT}    # readers do not wait
    waiting = subprocess.Popen([SCRUBJAYCTL, "findings", "ack", "ffff"], env=sample.environ, cwd=sample.home,
                               stdout=subprocess.PIPE, text=True)
    time.sleep(0.2)
    assert waiting.poll() is None
    db.execute("COMMIT")
    db.close()
    assert waiting.communicate(timeout=60)[0] == "1 secret acknowledged.\n"
    assert secrets(sample) == {}


def test_many_at_once_all_count(sample):
    rows = ", ".join(f"(:b, 0, 'content', 'jwt', {n << 32}, '2026-02-24T00:00:00.000Z')" for n in range(0x1000, 0x1014))
    sample.write(f"INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES {rows};\n")
    running = [subprocess.Popen([SCRUBJAYCTL, "findings", "ack", f"{n:08x}"], env=sample.environ, cwd=sample.home,
                                stdout=subprocess.DEVNULL) for n in range(0x1000, 0x1014)]
    assert [process.wait(60) for process in running] == [0] * 20
    assert set(secrets(sample)) == {AWS, JWT}


def test_a_kill_leaves_the_list_as_it_was_or_as_it_is(sample):
    """The next reader rolls back a journal that a killed writer left."""
    sample.run("findings", "ack", "4000")
    code = ("import os, signal, sqlite3, sys\n"
            "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "db.execute('PRAGMA cache_size = 1')\n"
            "db.execute('BEGIN IMMEDIATE')\n"
            "db.executemany('INSERT INTO acknowledged VALUES (?, ?, ?)', ((n, '', 'x' * 900) for n in range(1000)))\n"
            "os.kill(os.getpid(), signal.SIGKILL)\n")
    killed = subprocess.run([sys.executable, "-c", code, list_file(sample)])
    assert killed.returncode == -signal.SIGKILL
    assert Path(f"{list_file(sample)}-journal").stat().st_size > 0
    assert set(secrets(sample)) == {JWT}


def test_sarif_suppresses_acknowledged_secrets(sample):
    sample.run("findings", "ack", "4000", "--note", "rotated")
    results = json.loads(sample.run("findings", "--sarif").out)["runs"][0]["results"]
    assert [r["ruleId"] for r in results] == ["jwt"] and "suppressions" not in results[0]
    results = json.loads(sample.run("findings", "--sarif", "--all").out)["runs"][0]["results"]
    assert [r.get("suppressions") for r in results] == [
        None, *[[{"kind": "external", "status": "accepted", "justification": "rotated"}]] * 2]
