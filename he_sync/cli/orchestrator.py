"""Dagster's webserver, daemon and code server as one process group: start, wait until they answer, stop all of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.cli.ports import HOST, PROC
from he_sync.model.errors import BrokenPromise

STARTS_WITHIN, STOPS_WITHIN = 180.0, 20.0
"""Seconds. On two busy cores the three interpreters need 30 s to start; a run in progress gets 20 s to say it ended."""
POLL = 0.2
MARK = "HE_SYNC_UP"
"""Environment variable that every process of one `up` inherits; its value is the home folder."""
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
  __typename ... on PythonError { message cause { message } } } } } } }"""


@dataclass(frozen=True)
class DagsterDev:
    """A running `dagster dev`."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def url(self) -> str:
        """Address of the UI."""
        return f"http://{HOST}:{self.port}"

    def wait_until_ready(self) -> None:
        """Return once the UI answers and the code is loaded. Raises BrokenPromise with what went wrong."""
        until = time.monotonic() + STARTS_WITHIN
        while not answers(self.url, "/server_info"):
            self.check(within=until)
            time.sleep(POLL)
        for error in self._load_errors():
            raise BrokenPromise(f"Dagster runs but cannot load definitions.py: {error}; see {self.log}")

    def check(self, within: float = float("inf")) -> None:
        """Raise BrokenPromise when Dagster has ended, or not answered by `within`."""
        if (code := self.process.poll()) is not None:
            raise BrokenPromise(f"Dagster ended with code {code}: {last_word(self.log)}; see {self.log}")
        if time.monotonic() > within:
            raise BrokenPromise(
                f"Dagster did not answer within {STARTS_WITHIN:.0f} s: {last_word(self.log)}; see {self.log}"
            )

    def _load_errors(self) -> Iterator[str]:
        answer = request(self.url, "POST", "/graphql", {"query": LOCATIONS})
        for entry in answer["data"]["workspaceOrError"].get("locationEntries", []):
            loaded = entry["locationOrLoadError"] or {}
            if loaded.get("__typename") == "PythonError":
                yield (loaded["cause"] or loaded)["message"].strip().splitlines()[-1]


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
def running(environment: Mapping[str, str], home: Path, port: int) -> Iterator[DagsterDev]:
    """Dagster in a session of its own, so that a Ctrl-C meant for `up` reaches it once: from here, when this ends."""
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", HOST, "-p", str(port)]
    path = home / "dagster.log"
    if path.exists():
        path.replace(path.with_suffix(".log.1"))
    with path.open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            cwd=house.project_root(),
            env={**environment, MARK: str(home.resolve())},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield DagsterDev(process, port, path)
    finally:
        stop(process)
        sweep(home)


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
