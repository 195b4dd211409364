"""The kernel as nemesis: strace kills a process at its n-th syscall, or makes that fail, or looks on.

A warmed child waits at a gate until strace is attached; so one point costs a fork and an attach, not an interpreter.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

STRACE = shutil.which("strace")
SYSCALLS = (
    "pwrite64",
    "fdatasync",
    "sendto",
    "recvfrom",
    "connect",
    "close",
    "openat",
    "fcntl",
    "ftruncate",
    "unlink",
)
PR_SET_PTRACER, ANYBODY = 0x59616D61, -1
CALL = re.compile(r"^(?P<pid>\d+) +(?P<name>\w+)\((?P<rest>.*)$")


@dataclass(frozen=True)
class Traced:
    """How a traced child ended: killed or not, its exit code, what it said, the calls that strace saw."""

    killed: bool
    code: int
    said: str
    calls: tuple[str, ...]


def kill_at(syscall: str, number: int) -> tuple[str, ...]:
    """Kill -9 instead of the n-th such call of a thread."""
    return "-e", f"trace={syscall}", "-e", f"inject={syscall}:signal=KILL:when={number}"


def fail_at(syscall: str, number: int, error: str) -> tuple[str, ...]:
    """The n-th such call fails with this error and does nothing."""
    return "-e", f"trace={syscall}", "-e", f"inject={syscall}:error={error}:when={number}"


def watch(*syscalls: str) -> tuple[str, ...]:
    """Only look on; file names and socket ends stand beside the numbers."""
    return "-y", "-s", "64", "-e", f"trace={','.join(syscalls)}"


def traced(work: Callable[[int], None], options: Sequence[str]) -> Traced:
    """Run `work(pipe)` in a child under strace; what it writes to the pipe is `said`."""
    assert STRACE is not None
    (gate, opener), (said_out, said_in) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(opener)
        _live(work, gate, said_in)
    os.close(gate)
    os.close(said_in)
    with tempfile.NamedTemporaryFile("r", prefix="strace-", encoding="utf-8", errors="replace") as log:
        line = [STRACE, "-f", "-o", log.name, *options, "-p", str(child)]
        with subprocess.Popen(line, stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            first = tracer.stderr.readline()
            if "attached" not in first:
                os.kill(child, signal.SIGKILL)
            os.close(opener)
            with os.fdopen(said_out, "rb") as readable:
                said = readable.read().decode(errors="replace")
            _, status = os.waitpid(child, 0)
            tracer.stderr.read()
        if "attached" not in first:
            raise OSError(f"strace: {first.strip()}")
        calls = tuple(log.read().splitlines())
    return Traced(os.WIFSIGNALED(status), os.waitstatus_to_exitcode(status), said, calls)


def _live(work: Callable[[int], None], gate: int, said: int) -> None:
    code = 1
    try:
        # Where a security module lets only a parent trace, this lets strace, which is a sibling.
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(ANYBODY), 0, 0, 0)
        os.read(gate, 1)
        work(said)
        code = 0
    except BaseException:  # noqa: BLE001 - the parent shows it
        with suppress(OSError):
            os.write(said, traceback.format_exc().encode())
    finally:
        os._exit(code)


def counted(calls: Sequence[str]) -> dict[str, int]:
    """How often each syscall was made, by the busiest thread: that is how strace counts `when`."""
    by_thread: dict[tuple[str, str], int] = {}
    for line in calls:
        if found := CALL.match(line):
            key = found["name"], found["pid"]
            by_thread[key] = by_thread.get(key, 0) + 1
    most: dict[str, int] = {}
    for (name, _), times in by_thread.items():
        most[name] = max(most.get(name, 0), times)
    return most


def unsynced_when(calls: Sequence[str], leaves: Callable[[str], bool], file: str) -> Iterator[str]:
    """Every call that `leaves` the process while bytes of `file` were written and not yet synced."""
    dirty = False
    for line in calls:
        found = CALL.match(line)
        if found is None:
            continue
        if found["name"] == "pwrite64" and file in found["rest"]:
            dirty = True
        elif found["name"] in {"fdatasync", "fsync"} and file in found["rest"]:
            dirty = False
        elif dirty and leaves(line):
            yield line
