"""The sandbox in a process of its own, so that whoever is killed is never the other side.

Run as `python -m tests.exact.stand_in FOLDER`: prints one JSON line with its
addresses and serves until its input ends. The small world of one day is in it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from he_sync.cli import house
from he_sync.connect.wire import Request, http_send
from he_sync.model.retailer import Retailer
from he_sync.sandbox import world
from he_sync.sandbox.faults import Faults
from he_sync.sandbox.server import Sandbox, running
from he_sync.sandbox.state import State

ROOT = Path(__file__).parents[2]
DAY = "2026-11-20"
SEED = 5


@dataclass(frozen=True)
class StandIn:
    """The other side as a test sees it: its addresses over HTTP, its memory for making orders and for the oracle."""

    folder: Path
    urls: dict[str, str]

    @cached_property
    def state(self) -> State:
        """The sandbox's memory, opened here as well."""
        return State(self.folder)

    @cached_property
    def retailer(self) -> Retailer:
        """The world's profile."""
        return world.profile(self.state)

    def environment(self, home: Path) -> dict[str, str]:
        """Settings of a process that works on it."""
        sandbox = Sandbox(self.state, Faults(self.state), {}, self.urls)
        return house.sandbox_environment(sandbox, home, self.retailer)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A request to the admin port."""
        with http_send() as send:
            content = None if body is None else json.dumps(body).encode()
            return send(Request(method, f"{self.urls['admin']}{path}", {}, content, idempotent=False)).json()


@contextmanager
def stand_in(folder: Path) -> Iterator[StandIn]:
    """A sandbox process on its own folder, gone when the block ends."""
    line = [sys.executable, "-m", "tests.exact.stand_in", str(folder)]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield StandIn(folder, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def main(folder: str) -> None:
    """Serve until the input ends."""
    with running(Path(folder)) as sandbox:
        world.create(sandbox.state, size="small", seed=SEED)
        world.happen(sandbox.state, date.fromisoformat(DAY))
        sys.stdout.write(json.dumps(sandbox.urls) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
