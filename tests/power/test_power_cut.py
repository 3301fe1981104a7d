"""The power is cut: whatever of the unsynced writes is left, the archive opens, each session is old or new, and no secret shows

A cycle runs undisturbed while all that it does to the archive's folder is logged. From the log, states are made that the
disk may have after a power cut at each moment (disk.py), and each is opened, checked, and brought into step by the next
cycle. SCRUBJAY_POWER_STATES says how many states of each scene (a tenth of them again after a second cut),
SCRUBJAY_POWER_SEED repeats a run.
"""

import copy
import hashlib
import os
import random
import shutil

import pytest
from archive_state import differences, problems, sessions, whole
from busy_source import change, fill
from conftest import SEED
from disk import WAYS, Disk, read_log
from faulty import run_once
from planted import EVERY
from scrubjay_test import RULES, Source

STATES = int(os.environ.get("SCRUBJAY_POWER_STATES", "120"))
ALL = ("databases.json", "generic.json", "code-hosts.json")
MASKED = {"github-pat", "github-oauth", "github-app", "database-url"}      # what these rules find for certain


def rules(*names):
    return {"SCRUBJAY_MASK_RULESDIR": " ".join(str(RULES / name) for name in names)}


def plant(source, rng):
    """A session with secrets that nobody has seen before. Returns what must be found nowhere."""
    found = [make(rng) for make in EVERY for _ in range(2)]
    found = [secret for secret in found if secret.kind in MASKED]
    assert len(found) >= 4, {secret.kind for secret in found}
    source.add_session("planted", [f"Take this: {secret.text} and go on.\n" * 40 for secret in found])
    return [part.encode() for secret in found for part in secret.gone]


class Scene:
    """An archive's folder before a cycle, and everything that the cycle does to it."""

    def __init__(self, tmp_path, source, rng):
        self.source, self.rng = source, rng
        self.secrets = plant(source, rng)
        self.folder = tmp_path / "home" / "archive"     # the same for all runs: the log contains its paths
        self.before = tmp_path / "before"
        self.log = tmp_path / "log"
        self.settings = rules(*ALL)
        self.folder.mkdir(parents=True, mode=0o700)
        (self.folder / "fingerprint.key").write_bytes(bytes(range(16)))
        (self.folder / "fingerprint.key").chmod(0o600)

    @property
    def archive(self):
        return self.folder / "archive.db"

    def cycle(self, **faults):
        return run_once(self.source.path, self.archive, settings=self.settings, **faults)

    def put(self, files):
        """Makes the folder contain these files and nothing else."""
        shutil.rmtree(self.folder)
        self.folder.mkdir(mode=0o700)
        for name, content in files.items():
            if not name.endswith("-shm"):       # it is memory, and created anew
                (self.folder / name).write_bytes(content)
                (self.folder / name).chmod(0o600)

    def held(self):
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if not path.name.endswith("-shm")}

    def logged(self):
        """Runs one cycle with the log. Returns the disk as it was, and the events."""
        disk = Disk(self.folder)
        self.log.unlink(missing_ok=True)
        done = self.cycle(log=self.log)
        assert done.status == 0, done.errors
        events = read_log(self.log)
        replayed = copy.deepcopy(disk)
        for event in events:
            replayed.happen(event)
        now = {name: content for name, content in replayed.now().items() if not name.endswith("-shm")}
        assert now == self.held(), "the log holds all that changes the folder"
        return disk, events

    def prepare(self):
        self.old = sessions(self.archive) if self.archive.exists() else {}
        for path in self.folder.glob("archive.db-*"):
            path.unlink()
        self.start = self.held()
        self.disk, self.events = self.logged()
        self.new = whole(self.archive)

    def leaks(self):
        """The files that contain a planted secret; only their names."""
        return sorted({path.name for path in self.folder.iterdir()
                       if any(secret in path.read_bytes() for secret in self.secrets)})

    def check(self, files, where, plain_before=False):
        """Opens the state as it is, then runs the next cycle on it."""
        self.put(files)
        assert plain_before or self.leaks() == [], where
        if "archive.db" in files:
            assert problems(self.archive) == [], where
            for session, rows in sessions(self.archive).items():
                assert rows in (self.old.get(session), self.new["sessions"].get(session)), \
                    f"{where}: {session} is neither old nor new"
        self.put(files)     # opening it has recovered it
        done = self.cycle()
        assert done.status == 0, f"{where}: {done.errors}"
        assert differences(whole(self.archive), self.new) == [], where
        assert problems(self.archive) == [], where
        assert self.leaks() == [], where
        assert [path.name for path in self.folder.glob("*damaged*")] == [], where

    def cut_everywhere(self, n_states=STATES, **options):
        """Different states from all over the log. Returns how many."""
        moments = sorted(self.rng.choices(range(len(self.events) + 1), k=n_states * 4))
        seen = set()
        again = []
        happened = 0
        for moment in moments:
            for event in self.events[happened:moment]:
                self.disk.happen(event)
            happened = moment
            way = self.rng.choice(WAYS)
            files = self.disk.after_power_cut(way, self.rng)
            digest = tuple(hashlib.sha256(name.encode() + files[name]).digest() for name in sorted(files))
            if digest in seen or len(seen) == n_states:
                continue
            seen.add(digest)
            self.check(files, f"seed {SEED}: cut after event {moment} of {len(self.events)}, {way}", **options)
            if len(seen) % 10 == 0:
                again.append((moment, files))
        for moment, files in again:
            self.cut_again(moment, files, **options)
        return len(seen)

    def cut_again(self, first, files, **options):
        """A second power cut during the cycle that follows the first."""
        self.put(files)
        disk, events = self.logged()
        second = self.rng.randrange(len(events) + 1)
        for event in events[:second]:
            disk.happen(event)
        way = self.rng.choice(WAYS)
        self.check(disk.after_power_cut(way, self.rng),
                   f"seed {SEED}: cut after event {first}, again after {second} of {len(events)}, {way}", **options)


@pytest.fixture
def scene(tmp_path, request):
    source = Source(tmp_path / "agentsview" / "sessions.db")
    fill(source)
    yield Scene(tmp_path, source, random.Random(f"{SEED} {request.node.name}"))
    source.close()


def test_the_log_and_the_disk_agree(scene):
    scene.prepare()
    kinds = {event.kind for event in scene.events}
    assert {"created", "written", "synced", "synced-folder"} <= kinds
    assert b"".join(scene.secrets) not in b"".join(event.data for event in scene.events)
    assert scene.leaks() == []


def test_a_first_cycle(scene):
    scene.prepare()
    assert scene.cut_everywhere() == STATES


def test_a_cycle_of_changes(scene):
    assert scene.cycle().status == 0
    change(scene.source)
    scene.prepare()
    assert scene.cut_everywhere() >= STATES // 2


def test_everything_is_masked_again(scene):
    assert scene.cycle().status == 0
    scene.settings |= {"SCRUBJAY_PRIVACY_METADATAONLY": "project"}
    scene.prepare()
    assert scene.cut_everywhere() >= STATES // 2


def test_many_commits_and_checkpoints(scene):
    for i in range(8):
        scene.source.add_session(f"large-{i}", [f"{i} {k} " + "many words " * 6000 for k in range(10)])
    scene.prepare()
    assert sum(event.kind == "synced" for event in scene.events) > 5
    assert scene.cut_everywhere(STATES // 3) == STATES // 3


def test_plain_text_is_wiped_in_the_end(scene):
    """With later rules: after the next cycle, none of the archive's files contains what was plain text until then."""
    scene.settings = rules("generic.json")
    assert scene.cycle().status == 0
    assert scene.leaks() == ["archive.db"], "these rules leave it in"
    scene.settings = rules(*ALL)
    scene.prepare()
    assert scene.cut_everywhere(plain_before=True) >= STATES // 2
