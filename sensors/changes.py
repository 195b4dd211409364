"""Polls: what changed at a source since the last look, put into the inbox. They repair what no event announced.

How a source is asked, and how far it was read, is the engine's: its cursor moves in our store with what it covers, and
not in Dagster, which would lose or repeat changes when a tick dies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import dagster as dg

from he_sync.connect.alarms import Alarm, tell
from he_sync.connect.systems import Systems
from he_sync.model.errors import Throttled, TryLater
from he_sync.model.retailer import Retailer
from he_sync.store.database import Store


class Found(Protocol):
    """What a poll found."""

    @property
    def figures(self) -> Mapping[str, int | str]:
        """For people: how many rows were read, what was new, what no event announced."""


Poll = Callable[[Store, Systems, Retailer, datetime], Found]
"""Asks one source once; raises TryLater while the source cannot be read."""
PEOPLE = ("team:integration",)


def changes(source: str, poll: Poll, every: int) -> dg.SensorDefinition:
    """The sensor `<source>_changes`, every so many seconds. It starts no run: the sweep sees what came in."""
    told = f"Puts into the inbox what changed in {source.capitalize()} and no event announced"
    return asking(f"{source}_changes", source, poll, every, told)


def asking(name: str, source: str, poll: Poll, every: int, description: str) -> dg.SensorDefinition:
    """A sensor that asks one source every so many seconds, and tells people when the source cannot be read."""

    @dg.sensor(
        name=name,
        minimum_interval_seconds=every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"memory", "connections"},
        description=description,
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        resources: Any = context.resources
        now = datetime.now(UTC)
        try:
            with resources.memory.store() as store, resources.connections.systems() as systems:
                figures = poll(store, systems, resources.memory.retailer(), now).figures
        except TryLater as error:
            if not isinstance(error, Throttled):
                tell(Path(resources.memory.home), Alarm(f"{source} cannot be read", str(error), PEOPLE), now)
            return dg.SkipReason(f"{error}; nothing is lost, the next look begins where the last one ended")
        return dg.SkipReason(", ".join(f"{name} {value}" for name, value in figures.items()) or "no change")

    return look
