"""The three stand-ins in a process of their own, with a world that was born and to whom no day happened yet.

Run as `python -m tests.close_world.stand_in FOLDER SHAPE`: prints one JSON line with its addresses and serves until its
input ends. Days happen by the admin port.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from he_sync.sandbox import world
from he_sync.sandbox.server import running
from tests.close_world.shape import SHAPES, Shape
from tests.exact.stand_in import ROOT, StandIn


@contextmanager
def stand_in(folder: Path, shape: Shape) -> Iterator[StandIn]:
    """The process on its own folder, gone when the block ends."""
    line = [sys.executable, "-m", "tests.close_world.stand_in", str(folder), shape.known().name]
    with subprocess.Popen(line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield StandIn(folder, json.loads(process.stdout.readline()))
        finally:
            process.stdin.close()


def main(folder: str, name: str) -> None:
    """Serve until the input ends."""
    shape = SHAPES[name].known()
    with running(Path(folder)) as sandbox:
        world.create(sandbox.state, size=name, seed=shape.seed)
        sys.stdout.write(json.dumps(sandbox.urls) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
