"""Each agentsview from 0.16.1 on is read, and an upgrade in place loses nothing"""

import pytest

from mirror import TABLES, compare
from versions import VERSIONS, program
from viewer import Viewer


def of_version(desk, version):
    desk.viewer = Viewer(desk.home, program=program(version))
    return desk


def keys(scrubjay):
    return {(table, *(row[name] for name in key)) for table, (_, key) in TABLES.items()
            for row in scrubjay.query("SELECT * FROM " + table)}


@pytest.mark.parametrize("version", VERSIONS)
def test_its_sessions_arrive(empty_desk, version):
    desk = of_version(empty_desk, version)
    for n in range(2):
        desk.transcript(project=n).rounds(3).save()
    desk.viewer.sync()
    assert desk.scrubjay.sync()["sessions_synced"] == 2
    compare(desk.viewer, desk.scrubjay, desk.planted)
    desk.transcripts[0].user("One question more.")
    desk.transcripts[0].save()
    desk.viewer.sync()
    assert desk.scrubjay.sync()["sessions_synced"] >= 1
    compare(desk.viewer, desk.scrubjay, desk.planted)
    assert desk.scrubjay.sync()["messages_written"] == 0


def test_upgraded_in_place_from_the_oldest_to_the_newest(empty_desk):
    desk, before = empty_desk, set()
    for n in range(2):
        desk.transcript(project=n).rounds(3).save()
    for version in VERSIONS:
        of_version(desk, version)
        desk.transcripts[0].user("Now with %s." % version)
        desk.transcripts[0].save()
        desk.viewer.sync()
        desk.scrubjay.sync()
        compare(desk.viewer, desk.scrubjay, desk.planted)
        held = keys(desk.scrubjay)
        assert held > before, version
        before = held
        assert desk.scrubjay.sync()["messages_written"] == 0
    texts = {row["content"] for row in desk.scrubjay.query("SELECT content FROM messages")}
    assert {"Now with %s." % version for version in VERSIONS} <= texts
