"""Back-fills that finance asked for in the console and another person approved: each becomes one of Dagster's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.events import AssetKeyPartitionKey
from dagster._core.execution.backfill import PartitionBackfill

ASKED = "he/back_fill"
"""Run tag: which back-fill a run carries out."""
EVERY = 5
PEOPLE = {"he/entity": "close"}
"""One at a time with the nights (dagster.yaml): two that post a store-day at once would wait for each other."""


class Waiting(Protocol):
    """A back-fill that may run."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def days(self) -> list[str]:
        """Its dates."""

    @property
    def who(self) -> str:
        """Who asked for it."""


def back_fills(
    asset: dg.AssetKey, waiting: Callable[[Path], Sequence[Waiting]], turn: Callable[[Path, str], int]
) -> dg.SensorDefinition:
    """The sensor `back_fills`. A back-fill's name is its id in Dagster, so that it is asked for once, whoever looks."""

    @dg.sensor(
        name="back_fills",
        minimum_interval_seconds=EVERY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        required_resource_keys={"memory"},
        description="Starts the back-fills that finance asked for in the console and another person approved",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        resources: Any = context.resources
        home, instance = Path(resources.memory.home), context.instance
        begun = []
        for one in waiting(home):
            name = f"{one.name}-{turn(home, one.name)}"
            if instance.get_backfill(name) is None:
                instance.add_backfill(_as_dagsters(context, asset, one, name))
                begun.append(name)
        return dg.SkipReason(f"began {', '.join(begun)}" if begun else "none waits")

    return look


def _as_dagsters(context: dg.SensorEvaluationContext, asset: dg.AssetKey, one: Waiting, name: str) -> Any:
    """Typed as Any: Dagster's own constructor says no type."""
    if context.repository_def is None:
        raise dg.DagsterInvariantViolationError("a sensor without its code location knows no assets")
    dates = {AssetKeyPartitionKey(asset, day) for day in one.days}
    return PartitionBackfill.from_asset_graph_subset(
        backfill_id=name,
        asset_graph_subset=AssetGraphSubset.from_asset_partition_set(dates, context.repository_def.asset_graph),
        backfill_timestamp=datetime.now(UTC).timestamp(),
        tags={ASKED: one.name, **PEOPLE},
        dynamic_partitions_store=context.instance,
        title=f"{one.name} for {one.who}",
        description="Asked for in the console",
        run_config=None,
    )
