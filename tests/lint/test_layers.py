"""
Who may include whom

main, ctl > service > {sync, remote} > {source, mask, enrich, archive} > model > base. The stages never include one
another; a courier knows the archive alone.
"""

import os
import re

import pytest

from tree import TOP, read, tracked

STAGES = {"source", "mask", "enrich", "archive"}
BELOW = {
    "base": set(),
    "model": {"base"},
    "source": {"base", "model"},
    "mask": {"base", "model"},
    "enrich": {"base", "model"},
    "archive": {"base", "model"},
    "sync": {"base", "model"} | STAGES,
    "remote": {"base", "model", "archive"},
    "service": {"base", "model", "sync", "remote"} | STAGES,
    "ctl": {"base", "model", "sync", "remote", "service"} | STAGES,
    "": {"base", "model", "sync", "remote", "service"} | STAGES,    # main.c
}
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
GENERATED = {"config.h", "ctl/share-style.h", "mask/judge-sizes.h"}

SOURCES = [path for path in tracked(".c", ".h") if path.startswith("src/")]


def folder_of(path):
    """src/mask/json.c -> mask; src/main.c -> nothing."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def breaches(path, text):
    folder = folder_of(path)
    assert folder in BELOW, "src/%s is a new folder: say in test_layers.py what it may include" % folder
    for name in INCLUDE.findall(text):
        if name in GENERATED:
            continue
        if not os.path.exists(os.path.join(TOP, "src", name)):
            yield "%s includes %s, which does not start at src/" % (path, name)
        elif folder_of("src/" + name) not in BELOW[folder] | {folder}:
            yield "%s includes %s" % (path, name)


def backend_of(path):
    """src/remote/clickhouse/http.c -> clickhouse; src/remote/link.c -> nothing."""
    parts = path.split("/")
    return parts[2] if parts[:2] == ["src", "remote"] and len(parts) > 3 else ""


# The parts of a delivery, the lowest first: none includes a later one.
ROAD = ["remote", "filter", "ledger", "plan", "progress", "link", "lists", "survey", "batch", "delivery", "courier"]


def rank(path):
    return ROAD.index(path.rsplit("/", 1)[-1].rsplit(".", 1)[0])


@pytest.mark.parametrize("path", SOURCES)
def test_a_backend_is_known_to_nobody(path):
    for name in INCLUDE.findall(read(path)):
        assert backend_of("src/" + name) in ("", backend_of(path)), "%s includes %s" % (path, name)


@pytest.mark.parametrize("path", [path for path in SOURCES if path.startswith("src/remote/") and not backend_of(path)
                                  and path.rsplit("/", 1)[-1].rsplit(".", 1)[0] in ROAD])
def test_the_road_goes_one_way(path):
    own = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    for name in INCLUDE.findall(read(path)):
        part = name.rsplit("/", 1)[-1]
        if name.startswith("remote/") and part.rsplit(".", 1)[0] in ROAD and part != own + ".h":
            assert rank(part) < rank(path), "%s includes %s" % (path, name)


def unit_of(path):
    """A header and its implementation are one unit; so is a family with the header that its files share (archive.h, archive-internal.h)."""
    name = path.rsplit(".", 1)[0]
    return name[:-len("-internal")] if name.endswith("-internal") else name


def circles(includes):
    """Of {unit: the units that it includes}: each set of units that reach one another."""
    def reached(start):
        seen, waiting = set(), [start]
        while waiting:
            for other in includes.get(waiting.pop(), ()):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)
        return seen

    reach = {unit: reached(unit) for unit in includes}
    return {frozenset(other for other in reach if other in reach[unit] and unit in reach[other])
            for unit in reach if unit in reach[unit]}


def included_units():
    includes = {}
    for path in SOURCES:
        for name in INCLUDE.findall(read(path)):
            if name not in GENERATED and unit_of("src/" + name) != unit_of(path):
                includes.setdefault(unit_of(path), set()).add(unit_of("src/" + name))
    return includes


def test_files_stand_in_no_circle():
    assert circles(included_units()) == set()


def test_a_circle_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set()}) == {frozenset("abc")}
    assert circles({"a": {"b", "c"}, "b": {"c"}}) == set()
    assert unit_of("src/archive/archive-internal.h") == unit_of("src/archive/archive.c") != unit_of("src/archive/feed.h")


@pytest.mark.parametrize("path", SOURCES)
def test_includes_look_down_only(path):
    assert list(breaches(path, read(path))) == []


@pytest.mark.parametrize("path, include", [
    ("src/mask/masker.c", "archive/archive.h"),
    ("src/base/strbuf.c", "model/value.h"),
    ("src/sync/engine.c", "service/settings.h"),
    ("src/remote/courier.c", "source/reader.h"),
    ("src/archive/feed.c", "remote/remote.h"),
    ("src/archive/archive.c", "strbuf.h"),
])
def test_a_breach_would_be_seen(path, include):
    assert len(list(breaches(path, '#include "%s"\n' % include))) == 1


@pytest.mark.parametrize("folder", sorted(BELOW["service"] - {"remote"}))
def test_the_environment_is_passed_on(folder):
    """What a variable decides must be visible in the settings. (systemd passes a remote's password in one.)"""
    for path in SOURCES:
        if folder_of(path) == folder:
            assert not re.search(r"\bgetenv\s*\(", read(path)), path


@pytest.mark.parametrize("folder", sorted(BELOW["service"]))
def test_only_the_service_logs(folder):
    """Code below service/ returns; the daemon logs once, with the context it has."""
    calls = re.compile(r"\b(sd_journal_\w+|syslog|log_(error|warning|notice|info)\w*)\s*\(")
    for path in SOURCES:
        if folder_of(path) == folder:
            assert not calls.search(read(path)), path
