"""A whole process, from its start to its end: wall and processor time, and the most memory it held.

`python -m tests.bench.process COMMAND...` starts the command from a small process of its own, because Linux counts the
memory of the process that forks into the peak of the one that it starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AS_A_USER = {"PYTHONDONTWRITEBYTECODE": ""}
"""Modules are compiled once and kept, as after any first run, even where the machine that measures forbids it."""
KIBIBYTE = 1024
UNIT = 1 if sys.platform == "darwin" else KIBIBYTE  # of ru_maxrss


@dataclass(frozen=True)
class Process:
    """Seconds of wall and processor time, bytes at the peak; of several runs the least of each."""

    seconds: float
    processor_seconds: float
    peak: int


class Failed(Exception):
    """The command did not end with 0; says what it wrote last."""


def run(command: Sequence[str]) -> Process:
    """One run of a command."""
    done = subprocess.run(
        [sys.executable, "-S", "-m", "tests.bench.process", *command],
        cwd=ROOT,
        env={**os.environ, **AS_A_USER},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"{' '.join(command[:6])} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return Process(*json.loads(done.stdout.splitlines()[-1]))


def in_turn(commands: dict[str, Sequence[str]], rounds: int) -> dict[str, Process]:
    """Each command so many times, one after the other in every round; the least of each figure."""
    runs: dict[str, list[Process]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            runs[name].append(run(command))
    return {name: least(some) for name, some in runs.items()}


def least(some: list[Process]) -> Process:
    """The least wall time, processor time and peak of several runs."""
    return Process(
        min(one.seconds for one in some), min(one.processor_seconds for one in some), min(one.peak for one in some)
    )


def python(*arguments: object) -> list[str]:
    """A command of this environment's Python."""
    return [sys.executable, *map(str, arguments)]


def main(command: Sequence[str]) -> Iterator[str]:
    """Start it, wait for it, say what it took."""
    began = time.perf_counter()
    with Path(os.devnull).open("wb") as nowhere:
        child = subprocess.Popen(command, stdout=nowhere)
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    yield json.dumps([time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * UNIT])
    raise SystemExit(child.returncode)


if __name__ == "__main__":
    for line in main(sys.argv[1:]):
        print(line)  # noqa: T201 - its result
