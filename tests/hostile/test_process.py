"""The process and the binary: no core dumps, private files whatever the umask, a hardened build"""

import os
import re
import resource
import signal
import subprocess

import pytest
from faulty import IDENTITY
from scrubjay_test import BUILD, SCRUBJAYD, Daemon, run_once

PROGRAMS = [SCRUBJAYD, BUILD / "src" / "ctl" / "scrubjayctl"]


def test_no_core_dump(source, tmp_path, bus):
    source.add_session("one")
    daemon = Daemon(tmp_path / "home", bus, source=source.path, environment=IDENTITY)
    was = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (was[1], was[1]))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, was)
    with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as f:
        assert re.search(r"Max core file size\s+0\s+0", f.read())
    daemon.signal(signal.SIGSEGV)
    _, status = os.waitpid(daemon.process.pid, 0)
    daemon.process.returncode = -signal.SIGSEGV     # it was reaped here, for the flag
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGSEGV
    assert not os.WCOREDUMP(status)
    daemon.socket.close()


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_files_are_private_whatever_the_umask(source, tmp_path, mask):
    source.add_session("one")
    home = tmp_path / "home"
    home.mkdir()
    was = os.umask(mask)
    try:
        status, _, errors = run_once(source.path, home / "deep" / "folder" / "archive.db", environment=IDENTITY)
    finally:
        os.umask(was)
    assert (status, errors) == (0, "")
    for folder, folders, files in os.walk(home):
        for name in folders:
            assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o700, name
        for name in files:
            assert os.stat(os.path.join(folder, name)).st_mode & 0o777 == 0o600, name


def test_the_files_of_a_daemon_are_private(source, tmp_path, bus):
    source.add_session("one")
    daemon = Daemon(tmp_path / "home", bus, source=source.path, environment=IDENTITY)
    was = os.umask(0)
    try:
        daemon.start()
    finally:
        os.umask(was)
    try:
        daemon.wait_idle()
        source.add_session("two")  # the archive has its -wal from the second sync on
        daemon.run_once()
        names = sorted(path.name for path in daemon.archive.parent.iterdir())
        assert "archive.db-wal" in names and "fingerprint.key" in names
        for path in daemon.archive.parent.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600, path.name
    finally:
        assert daemon.stop() == 0


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_build_is_hardened(program):
    assert re.search(r"Type:\s+DYN", readelf(program, "--file-header")), "PIE"
    segments = readelf(program, "--segments")
    assert "GNU_RELRO" in segments
    assert re.search(r"GNU_STACK\s.* RW\s", segments), "a stack that cannot be executed"
    assert not re.search(r"LOAD\s.* RWE\s", segments)
    dynamic = readelf(program, "--dynamic")
    assert "BIND_NOW" in dynamic or re.search(r"FLAGS_1.*NOW", dynamic), "now"
    symbols = readelf(program, "--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(sn)?printf_chk|__memcpy_chk|__vasprintf_chk|__fprintf_chk", symbols), "_FORTIFY_SOURCE"
    if os.uname().machine == "x86_64":
        # the note that enables it needs a C library that has it, and Debian's does not; the code is ready
        code = subprocess.run(["objdump", "--disassemble=main", program], check=True, capture_output=True, text=True)
        assert "endbr64" in code.stdout, "CET"


def test_no_setting_opens_the_archive_to_others(source, tmp_path):
    """If somebody made the archive readable, it is closed again."""
    source.add_session("one")
    archive = tmp_path / "home" / "archive.db"
    assert run_once(source.path, archive, environment=IDENTITY)[0] == 0
    archive.chmod(0o644)
    assert run_once(source.path, archive, environment=IDENTITY)[0] == 0
    assert archive.stat().st_mode & 0o777 == 0o600
