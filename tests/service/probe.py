"""Tries what the sandbox forbids, and writes the results to the file named as argument: {attempt: "OK" or errno}."""

import ctypes
import errno
import json
import os
import signal
import socket
import stat
import sys
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
NAMESPACES = {"mount": 0x20000, "cgroup": 0x2000000, "uts": 0x4000000, "ipc": 0x8000000, "user": 0x10000000,
              "pid": 0x20000000, "net": 0x40000000}
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
USUAL_DEVICES = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}


def checked(result):
    if result == -1:
        raise OSError(ctypes.get_errno(), "")


def in_a_child(action):
    """A child makes the attempt; its errno becomes its exit status."""
    pid = os.fork()
    if pid == 0:
        try:
            action()
            os._exit(0)
        except OSError as error:
            os._exit(error.errno)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if status != 0:
        raise OSError(abs(status), "")


def trace_a_child():
    pid = os.fork()
    if pid == 0:
        signal.pause()
    try:
        checked(libc.ptrace(PTRACE_ATTACH, pid, None, None))
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def write(path):
    with open(path, "w"):
        pass
    os.unlink(path)


def read_memory(pid):
    with open(f"/proc/{pid}/mem", "rb"):
        pass


def set_user_id_bit(folder):
    path = folder / "with-suid"
    path.touch()
    try:
        path.chmod(0o4755)
    finally:
        path.unlink()


def read_a_device():
    """Any device file but the usual ones."""
    for path in Path("/dev").rglob("*"):
        if path.name not in USUAL_DEVICES and path.parent.name not in ("pts", "shm", "mqueue") and not path.is_symlink() and (
                stat.S_ISCHR(path.stat().st_mode) or stat.S_ISBLK(path.stat().st_mode)):
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY))
            return
    raise OSError(errno.ENOENT, "")


def main(out):
    home, manager = Path.home(), os.getppid()
    attempts = {
        "write home": lambda: write(home / "written"),
        "write settings": lambda: write(home / ".config" / "written"),
        "write archive folder": lambda: write(out.parent / "written"),
        "write usr": lambda: write("/usr/written"),
        "read home": lambda: os.listdir(home),
        "see other homes": lambda: None if set(os.listdir("/home")) - {home.name} else os.stat("/home/nobody-else"),
        "see the credentials of others": lambda: os.listdir("/run/credentials"),
        "read memory of the manager": lambda: read_memory(manager),
        "read environment of the manager": lambda: Path(f"/proc/{manager}/environ").read_bytes(),
        "ptrace": trace_a_child,
        "process_vm_readv": lambda: checked(libc.process_vm_readv(os.getpid(), None, 0, None, 0, 0)),
        "device": read_a_device,
        "mknod": lambda: os.mknod(out.parent / "device", 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
        "mount": lambda: in_a_child(lambda: checked(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))),
        "suid": lambda: set_user_id_bit(out.parent),
        "personality": lambda: in_a_child(lambda: checked(libc.personality(0x0040000))),
        "keyring": lambda: checked(libc.syscall(250, 0, -3, 1)),  # keyctl(KEYCTL_GET_KEYRING_ID, session, create)
        "realtime": lambda: in_a_child(lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
        "socket unix": lambda: socket.socket(socket.AF_UNIX).close(),
        "socket inet": lambda: socket.socket(socket.AF_INET).close(),
        "socket inet6": lambda: socket.socket(socket.AF_INET6).close(),
        "socket netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close(),
    }
    for name, flag in NAMESPACES.items():
        attempts[f"namespace {name}"] = lambda flag=flag: in_a_child(lambda: checked(libc.unshare(flag)))
    results = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            results[name] = "OK"
        except OSError as error:
            results[name] = errno.errorcode.get(error.errno, str(error.errno))
    out.write_text(json.dumps(results))


main(Path(sys.argv[1]))
