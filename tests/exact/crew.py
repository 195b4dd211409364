"""The processes of a storm: a receiver and two drain workers, started again whenever they are gone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.exact.stand_in import ROOT

LOOK_SECONDS = 0.2
CLOCK = ".clock"


@dataclass
class Member:
    """One process that must always be there."""

    name: str
    line: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def clock(self) -> Path:
        """Where it reads by how many seconds its wall clock is wrong."""
        return self.log.with_suffix(CLOCK)

    def step_clock(self, seconds: float) -> None:
        """Its wall clock is wrong by so much from now on, until it is told otherwise."""
        fresh = self.clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(self.clock)

    def start(self) -> None:
        """Begin, or begin again."""
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.line, cwd=ROOT, env=dict(self.environment), stdout=log, stderr=log)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it is there."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def keep(self) -> None:
        """Start it again when it is gone."""
        if self.process is None or self.process.poll() is not None:
            self.start()

    def end(self) -> None:
        """For good."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


@dataclass
class Crew:
    """The members, and a thread that keeps them."""

    receiver: Member
    workers: list[Member]
    port: int
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def members(self) -> list[Member]:
        """All of them."""
        return [self.receiver, *self.workers]

    def keep(self) -> None:
        """Until it is over."""
        while not self.over.wait(LOOK_SECONDS):
            for member in self.members:
                member.keep()


@contextmanager
def crew(folder: Path, url: str, environment: Mapping[str, str]) -> Iterator[Crew]:
    """A receiver on a free port and two workers on one store, kept alive until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    given = {**os.environ, **environment, "HE_STORE_URL": url}
    receiver = [sys.executable, "-m", "he_sync.web.receiver", "--port", str(port)]
    worker = [sys.executable, "-m", "tests.exact.worker", url]
    workers = [
        Member(name, [*worker, str(folder / f"{name}{CLOCK}")], given, folder / f"{name}.log")
        for name in ("worker-1", "worker-2")
    ]
    members = [Member("receiver", receiver, given, folder / "receiver.log"), *workers]
    one = Crew(members[0], workers, port)
    for member in members:
        member.start()
    keeper = threading.Thread(target=one.keep, daemon=True)
    keeper.start()
    try:
        yield one
    finally:
        one.over.set()
        keeper.join()
        for member in members:
            member.end()
