"""The programs of one `up`, each a process group with its own log: start, wait until they answer, stop all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.cli.ports import HOST, PROC
from he_sync.model.errors import BrokenPromise

STARTS_WITHIN, STOPS_WITHIN = 180.0, 20.0
"""Seconds. On two busy cores the interpreters need 30 s to start; a run in progress gets 20 s to say it ended."""
POLL = 0.2
LONGEST = 400
MARK = "HE_SYNC_UP"
"""Environment variable that every process of one `up` inherits; its value is the home folder."""
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
  __typename ... on PythonError { message cause { message } } } } } } }"""


@dataclass(frozen=True)
class Part:
    """One program of an `up` and, where it serves, the address that it answers at."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    url: str = ""

    def wait_until_answers(self, path: str) -> None:
        """Return once it speaks HTTP. Raises BrokenPromise with what went wrong."""
        until = time.monotonic() + STARTS_WITHIN
        while not answers(self.url, path):
            self.check(within=until)
            time.sleep(POLL)

    def check(self, within: float = float("inf")) -> None:
        """Raise BrokenPromise when the program has ended, or not answered by `within`."""
        if (code := self.process.poll()) is not None:
            raise BrokenPromise(f"{self.name} ended with code {code}: {last_word(self.log)}; see {self.log}")
        if time.monotonic() > within:
            raise BrokenPromise(
                f"{self.name} did not answer within {STARTS_WITHIN:.0f} s: {last_word(self.log)}; see {self.log}"
            )


def require_loaded(dagster: Part) -> None:
    """Raises BrokenPromise with the first error of a code location that cannot be loaded."""
    answer = request(dagster.url, "POST", "/graphql", {"query": LOCATIONS})
    for entry in answer["data"]["workspaceOrError"].get("locationEntries", []):
        loaded = entry["locationOrLoadError"] or {}
        if loaded.get("__typename") == "PythonError":
            why = " ".join((loaded["cause"] or loaded)["message"].split())[:LONGEST]
            raise BrokenPromise(f"Dagster runs but cannot load definitions.py: {why}; see {dagster.log}")


def answers(url: str, path: str) -> bool:
    """Whether anything speaks HTTP there; its status does not matter."""
    try:
        request(url, "GET", path)
    except (OSError, HTTPException):
        return False
    return True


def request(url: str, method: str, path: str, body: Any = None) -> Any:
    """One request on loopback; the answer's JSON, or None where it is none. Raises OSError or HTTPException."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=30)
    try:
        headers = {"content-type": "application/json"} if body else {}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        text = connection.getresponse().read()
    finally:
        connection.close()
    with suppress(ValueError):
        return json.loads(text)
    return None


@contextmanager
def part(
    name: str, words: Sequence[str], environment: Mapping[str, str], home: Path, port: int | None = None
) -> Iterator[Part]:
    """`python -m words` in a session of its own, so that a Ctrl-C meant for `up` reaches it once: when this ends."""
    path = home / f"{name.lower()}.log"
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", *words],
            cwd=house.project_root(),
            env={**environment, MARK: str(home.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Part(name, process, path, f"http://{HOST}:{port}" if port else "")
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the group as a terminal would; what has not ended in time is killed."""
    _signal(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOPS_WITHIN)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def sweep(home: Path) -> int:
    """Kill every process that an `up` of this home left behind; gives how many. Needs /proc, finds none without."""
    mark = f"{MARK}={home.resolve()}".encode()
    found = 0
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if mark in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                found += 1
    return found


def last_word(log: Path) -> str:
    """The last line of a log that names an error, or its last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "Exception" in line]
    return (errors or lines or ["it said nothing"])[-1]
