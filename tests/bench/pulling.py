"""Our side of the pull: the real sources through the real clients into the lake, and its raw rows to frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from he_sync.connect.systems import connect
from he_sync.flows import canonical
from he_sync.flows.pull import pull
from he_sync.flows.sources import SOURCES, Ask
from he_sync.model.retailer import load_retailer
from he_sync.settings import read_settings
from he_sync.store.lake import Lake
from tests.bench.company import BULK_DAY

Run = Callable[[], dict[str, Any]]


@contextmanager
def into_lake(entity: str) -> Iterator[Run]:
    """One pull of an entity of the bulk day."""
    settings = read_settings()
    lake, retailer = Lake(settings.home / "lake"), load_retailer(settings.profile)
    with connect(settings) as systems:
        ask = Ask(systems, retailer, BULK_DAY)

        def run() -> dict[str, Any]:
            snapshot = pull(SOURCES[entity], ask, lake)
            return {"rows": snapshot.rows, "bytes": lake.path(snapshot).stat().st_size}

        yield run


@contextmanager
def to_frames(name: str) -> Iterator[Run]:
    """One canonical step of the bulk day; entities that are not in the lake are pulled before the clock runs."""
    settings = read_settings()
    lake, retailer, day = Lake(settings.home / "lake"), load_retailer(settings.profile), BULK_DAY.isoformat()
    step = canonical.STEPS[name]
    with connect(settings) as systems:
        for entity in (*step.entities, *step.also):
            if not (lake.root / "raw" / entity / day / "current.json").exists():
                pull(SOURCES[entity], Ask(systems, retailer, BULK_DAY), lake)

    def run() -> dict[str, Any]:
        result = canonical.run(step, lake, day, retailer)
        return {"rows": sum(snapshot.rows for snapshot in result.snapshots.values()), "failures": len(result.failures)}

    yield run
