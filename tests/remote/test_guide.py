"""What docs/team-server.md shows works"""

import re
from pathlib import Path

import pytest

from test_delivery import delete_for_good

pytestmark = pytest.mark.only("clickhouse")

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "team-server.md").read_text()


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def statement(word):
    """The guide's SQL that contains this word."""
    found, = [block for block in blocks("sql") if word in block]
    return found.strip().rstrip(";")


@pytest.fixture
def shared(ann):
    for number, project in enumerate(("alpha", "alpha", "beta")):
        ann.source.add_session(f"s{number}", ["one", "two"], project=project)
    ann.deliver()
    ann.source.append("s0", ["three"])
    delete_for_good(ann.source, "s1")
    ann.deliver()
    return ann


def test_the_query_for_readers(shared):
    """It counts each message once, and none of what was deleted."""
    assert shared.server.query(statement("FINAL JOIN")) == [["alpha", "3"], ["beta", "2"]]


def test_retention(shared):
    """The server deletes old rows by itself; its tables are still good enough for us."""
    shared.source.add_session("old", ["x"])
    shared.source.sql("UPDATE messages SET timestamp='2020-01-01T00:00:00.000Z' WHERE session_id='old'")
    shared.deliver()
    shared.server.query(statement("MODIFY TTL"))
    shared.server.query("OPTIMIZE TABLE messages FINAL")
    assert shared.server.query("SELECT DISTINCT session_id FROM messages FINAL ORDER BY 1") == [["s0"], ["s2"]]
    shared.source.append("s0", ["four"])
    shared.deliver()
    assert shared.server.query("SELECT count() FROM messages FINAL WHERE session_id='s0'") == [["4"]]


def test_the_rights_are_those_that_are_needed(shared):
    """Each statement that is sent is of a kind that the GRANT allows."""
    allowed = re.search(r"GRANT (.*) ON", statement("GRANT")).group(1).split(", ")
    kinds = {"SELECT": r"SELECT", "INSERT": r"INSERT INTO", "CREATE TABLE": r"CREATE TABLE", "ALTER DELETE": r"DELETE FROM",
             "ALTER ADD COLUMN": r"ALTER TABLE \S+ ADD COLUMN"}
    assert set(kinds) <= set(allowed)
    shared.server.query("ALTER TABLE messages DROP COLUMN thinking_text")
    shared.source.append("s0", ["four"])
    shared.deliver()
    sent = [r["query"].lstrip() for r in shared.server.requests()]
    assert sent and not [q for q in sent if not any(re.match(kind, q) for kind in kinds.values())]
