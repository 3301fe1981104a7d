"""No planted secret is found in any byte that scrubjay writes or prints"""

import json
import random

import pytest

from mirror import compare
from planted import CLASSIC, EVERY, one_of_each, plant


def leaks(desk):
    """(kind, place) of each planted secret that is found somewhere; never the secret itself."""
    found = set()
    for place, data in desk.scrubjay.everything():
        for secret in desk.planted:
            for part in secret.gone:
                if part.encode() in data or json.dumps(part)[1:-1].encode() in data:
                    found.add((secret.kind, place))
    return sorted(found)


def test_the_source_holds_them_all(desk):
    """Without this, the tests below would pass on an empty source."""
    with open(desk.viewer.database, "rb") as f:
        held = f.read()
    for secret in desk.planted:
        assert all(part.encode() in held for part in secret.gone), secret.kind


@pytest.mark.parametrize("n", range(len(CLASSIC)), ids=[secret.kind for secret in one_of_each(makers=CLASSIC)])
def test_classic_kind(empty_desk, n):
    """Each of the thirteen kinds alone, in each place of a session."""
    desk = empty_desk
    rng = random.Random("classic %d" % n)
    desk.transcript().rounds(2, [CLASSIC[n](rng) for _ in range(10)]).save()
    desk.viewer.sync()
    result = desk.scrubjay.sync()
    assert result["secrets_detected"] >= 10
    assert leaks(desk) == []
    assert compare(desk.viewer, desk.scrubjay, desk.planted) >= 10


@pytest.mark.parametrize("n", range(len(CLASSIC), len(EVERY)),
                         ids=[secret.kind for secret in one_of_each(makers=EVERY[len(CLASSIC):])])
def test_further_kind(empty_desk, n):
    desk = empty_desk
    rng = random.Random("further %d" % n)
    desk.transcript().rounds(2, [EVERY[n](rng) for _ in range(10)]).save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    assert leaks(desk) == []


def test_nothing_leaks_through_all_that_happens(desk):
    """Growth, edits, deletion, a rebuild and failures at debug level; then everything is searched at once."""
    desk.scrubjay.environ["SYSTEMD_LOG_LEVEL"] = "debug"
    rng = random.Random("all that happens")
    desk.scrubjay.sync()
    first, second = desk.transcripts[0], desk.transcripts[1]
    for _ in range(4):
        first.user(first.say(secret=plant(rng, CLASSIC)))
        first.shell("cat .env", first.say(secret=plant(rng, CLASSIC)))
        first.save()
        edit = plant(rng, CLASSIC[:6])
        second.planted.append(edit)
        second.entries[0]["message"]["content"] = "Now " + edit.text
        del second.entries[-2:]     # so that the file shrinks: agentsview would take one that grew for one with something appended
        second.save()
        desk.viewer.sync()
        assert desk.scrubjay.sync()["sessions_synced"] == 2
    name = plant(rng, CLASSIC[:3])
    first.planted.append(name)
    with desk.viewer.serve() as server:
        server.rename(first.id, name.text)
        server.pin(first.id, 0, name.text)
        server.trash(second.id)
    desk.scrubjay.sync()
    desk.viewer.sync(full=True)
    desk.scrubjay.sync()
    desk.scrubjay.once("--source", desk.transcripts[0].path, code=2)
    assert leaks(desk) == []


def test_a_secret_is_also_masked_without_context(empty_desk):
    """Once its context has revealed it, a secret is masked in the whole session, even before that place."""
    desk = empty_desk
    rng = random.Random("context")
    known = [make(rng) for make in CLASSIC if make(rng).kind in ("generic-api-key", "generic-secret", "database-url")]
    told = desk.transcript()
    for secret in known:
        told.user("I think it was %s, but do look." % secret.secrets[0])
    told.assistant("I looked:\n" + "\n".join(secret.text for secret in known))
    for secret in known:
        told.user("So %s is it." % secret.secrets[0])
    told.planted = known
    told.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    assert leaks(desk) == []


def test_findings_tell_where_and_never_what(desk):
    desk.scrubjay.sync()
    findings = desk.scrubjay.query("SELECT * FROM findings")
    assert {f["session_id"] for f in findings} == {t.id for t in desk.transcripts if t.planted}
    assert all(f["fingerprint"] and f["rule"] and f["field"] for f in findings)
    fields = {f["field"].split("/")[0] for f in findings}
    assert {"content", "thinking_text", "tool_calls", "tool_result_events", "first_message"} <= fields


def test_the_same_secret_has_the_same_fingerprint(empty_desk):
    desk = empty_desk
    rng = random.Random("same")
    secret, other = CLASSIC[1](rng), CLASSIC[1](rng)
    for text in (secret, secret, other):
        transcript = desk.transcript()
        transcript.user("First a word.")
        transcript.assistant(transcript.say(secret=text))
        transcript.save()
    desk.viewer.sync()
    desk.scrubjay.sync()
    rows = desk.scrubjay.query("SELECT session_id, fingerprint FROM findings WHERE field = 'content'")
    prints = {row["session_id"]: row["fingerprint"] for row in rows}
    a, b, c = (prints[transcript.id] for transcript in desk.transcripts)
    assert a == b != c
