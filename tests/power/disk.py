"""A disk that loses its power: what a folder may hold afterwards, from the log of what was done to it

The log is that of tests/faults/faults.c (FAULT_LOG). What was written to a file and not synced yet may be there, may be
gone, or may be there in part, by sectors, each write for itself; names (created, renamed, removed) that no sync of their
folder has followed may be gone, from any of them on.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
WAYS = ("nothing", "names only", "bytes only", "in order", "at random", "at random", "everything")


@dataclass
class Event:
    kind: str
    inode: int
    offset: int
    path: str
    other: str
    data: bytes


def read_log(path):
    """The events of a log, in order."""
    events = []
    with open(path, "rb") as f:
        while line := f.readline():
            kind, inode, offset, *sizes = line.split()
            name, other, data = (f.read(int(size)) for size in sizes)
            assert (len(name), len(other), len(data)) == tuple(map(int, sizes)), "the log is whole"
            events.append(Event(kind.decode(), int(inode), int(offset), os.fsdecode(name), os.fsdecode(other), data))
    return events


def extend(content, size):
    if len(content) < size:
        content.extend(bytes(size - len(content)))


def apply(content, event, pieces=None):
    """Applies a write or a truncation to the bytes; of a torn write, only these pieces arrive."""
    if event.kind == "truncated":
        del content[event.offset:]
        extend(content, event.offset)
        return
    for start, piece in [(event.offset, event.data)] if pieces is None else pieces:
        extend(content, start)
        content[start:start + len(piece)] = piece


def torn(event, rng):
    """A write that the power cut tears: some of its sectors, in any order."""
    edges = [event.offset, *range((event.offset // SECTOR + 1) * SECTOR, event.offset + len(event.data), SECTOR),
             event.offset + len(event.data)]
    sectors = [(a, event.data[a - event.offset:b - event.offset]) for a, b in zip(edges, edges[1:])]
    if len(sectors) == 1:       # one sector either arrives or does not
        return sectors if rng.random() < 0.5 else []
    return [sector for sector in sectors if rng.random() < 0.5]


@dataclass
class File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list = field(default_factory=list)     # events since the last sync

    def sync(self):
        for event in self.pending:
            apply(self.safe, event)
        self.pending = []

    def now(self):
        content = bytearray(self.safe)
        for event in self.pending:
            apply(content, event)
        return bytes(content)

    def after(self, way, rng):
        """What it may hold after a power cut."""
        if way in ("nothing", "names only"):
            return bytes(self.safe)
        content = bytearray(self.safe)
        last = rng.randrange(len(self.pending) + 1) if way == "in order" else len(self.pending)
        for i, event in enumerate(self.pending):
            if i > last:
                break
            chance = 1.0 if way in ("everything", "bytes only") or i < last else rng.random() * 0.7
            if way == "at random":
                chance = rng.random()
            if chance >= 0.5:
                apply(content, event)
            elif chance >= 0.2 and event.kind == "written":
                apply(content, event, torn(event, rng))
        return bytes(content)


class Disk:
    """A folder as it was; the events of the log are then applied to it one by one."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.files = []             # all that ever existed
        self.inodes = {}            # inode: index of its file
        self.safe_names = {}        # name: index of its file
        self.pending_names = []     # (name, index or None: it is gone)
        for path in sorted(Path(folder).iterdir()):
            self._add(path.stat().st_ino, path.read_bytes())
            self.safe_names[path.name] = len(self.files) - 1

    def _add(self, inode, content=b""):
        self.files.append(File(bytearray(content)))
        self.inodes[inode] = len(self.files) - 1

    def names(self, n_pending):
        names = dict(self.safe_names)
        for name, index in self.pending_names[:n_pending]:
            if index is None:
                names.pop(name, None)
            else:
                names[name] = index
        return names

    def _name(self, path):
        folder, name = os.path.split(path)
        assert folder == self.folder, "the archive's folder has no folders"
        return name

    def happen(self, event):
        """Applies an event; returns whether it changes what a power cut may leave."""
        if event.kind == "created":
            self._add(event.inode)
            self.pending_names.append((self._name(event.path), self.inodes[event.inode]))
        elif event.kind == "renamed":
            index = self.names(len(self.pending_names)).get(self._name(event.path))
            assert index is not None, "what is renamed is there"
            self.pending_names += [(self._name(event.other), index), (self._name(event.path), None)]
        elif event.kind == "unlinked":
            self.pending_names.append((self._name(event.path), None))
        elif event.kind == "synced-folder":
            self.safe_names = self.names(len(self.pending_names))
            self.pending_names = []
        elif event.kind == "synced":
            file = self.files[self.inodes[event.inode]]
            if not file.pending:
                return False
            file.sync()
        elif event.kind in ("written", "truncated"):
            self.files[self.inodes[event.inode]].pending.append(event)
        return event.kind != "made-folder"

    def now(self):
        """What it holds while the power is on."""
        return {name: self.files[index].now() for name, index in self.names(len(self.pending_names)).items()}

    def after_power_cut(self, way, rng):
        n_names = {"nothing": 0, "bytes only": 0}.get(way, len(self.pending_names))
        if way in ("in order", "at random"):
            n_names = rng.randrange(len(self.pending_names) + 1)
        return {name: self.files[index].after(way, rng) for name, index in self.names(n_names).items()}
