"""The process behind `company`: fills a sandbox, serves it, prints the settings that reach it, ends with its stdin."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from pathlib import Path

from he_sync.cli import house
from he_sync.sandbox import world
from he_sync.sandbox.server import running
from he_sync.sandbox.state import State
from he_sync.sandbox.world.bulk import bulk

SEED = 7


def fill(state: State, size: str, *options: str) -> None:
    """Bulk rows over a small world, or days of a world of that size."""
    if size == "bulk":
        world.create(state, size="small", seed=SEED)
        bulk(state, tickets=int(options[0]), parts=int(options[0]))
        return
    world.create(state, size=size, seed=SEED)
    last, days = date.fromisoformat(options[0]), int(options[1])
    for back in range(days - 1, -1, -1):
        world.happen(state, last - timedelta(days=back))


def main(folder: Path, size: str, *options: str) -> None:
    """Fill, serve, say where, and stop when stdin ends."""
    with running(folder / "sandbox") as sandbox:
        fill(sandbox.state, size, *options)
        settings = house.sandbox_environment(sandbox, folder / "home", world.profile(sandbox.state))
        sys.stdout.write(json.dumps(settings) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
