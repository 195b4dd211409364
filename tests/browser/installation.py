"""`he-sync up` as a person starts it: the installed command, in a process of its own, on ports that are free."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from he_sync.cli.orchestrator import request
from he_sync.sandbox import world
from he_sync.sandbox.state import State
from tests.browser import bad_documents

HE_SYNC = str(Path(sys.executable).with_name("he-sync"))
FREE_PORTS = ("--port", "0", "--ports", "0")
DAYS = 7
RUNS = "{ runsOrError { ... on Runs { results { runId status jobName tags { key value } } } } }"
ASSETS = "{ assetNodes { assetKey { path } partitionStats { numMaterialized numFailed } } }"


def a_week(home: Path, last: date) -> list[str]:
    """A small retailer whose last seven days happened, two documents of the last one bad. Gives the dates."""
    state = State(home / "sandbox")
    world.create(state, size="small", seed=7)
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    for day in days:
        world.happen(state, day)
    bad_documents.load(state, last)
    return [day.isoformat() for day in days]


def he_sync(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HE_SYNC, *arguments], capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def up(home: Path, *arguments: str) -> Iterator[dict[str, str]]:
    """The addresses of an installation that runs as long as the block."""
    command = [HE_SYNC, "up", "--home", str(home), "--json", *(arguments or FREE_PORTS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        he_sync("down", "--home", str(home))
        process.communicate(timeout=60)


def runs(url: str) -> list[dict[str, Any]]:
    """Every run of the installation, with its tags as a mapping."""
    found = request(url, "POST", "/graphql", {"query": RUNS})["data"]["runsOrError"]["results"]
    return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]


def materialised(url: str) -> dict[str, tuple[int, int]]:
    """(green, red) partitions by asset; flows have none, events come when they come."""
    found = request(url, "POST", "/graphql", {"query": ASSETS})["data"]["assetNodes"]
    stats = {"/".join(asset["assetKey"]["path"]): asset["partitionStats"] for asset in found}
    return {name: (of["numMaterialized"], of["numFailed"]) for name, of in stats.items() if of}
