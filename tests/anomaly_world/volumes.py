"""What volume alerts find and what they cry for nothing, over worlds that nobody has tuned to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from he_sync.quality.anomalies.daily import Daily
from he_sync.quality.anomalies.settings import Settings
from he_sync.quality.anomalies.volumes import Judged, judged
from tests.anomaly_world.days import KINDS, World

LARGE = 150
Sized = tuple[str, str]


@dataclass
class Outcome:
    """Counts by (kind, large or small or chain); false alerts over clean series-days, and how many on known days."""

    planted: Counter[Sized] = field(default_factory=Counter)
    found: Counter[Sized] = field(default_factory=Counter)
    false: int = 0
    on_known_days: int = 0
    clean: int = 0

    def recall(self, kind: str, size: str) -> float:
        """Share of planted faults with an alert on one of their days."""
        return self.found[kind, size] / max(self.planted[kind, size], 1)

    @property
    def false_share(self) -> float:
        """Of clean series-days."""
        return self.false / max(self.clean, 1)


def daily_of(world: World) -> Daily:
    """The world's orders as the engine takes them."""
    return Daily(world.stores, np.array(world.days, dtype="datetime64[D]"), world.orders)


def of_engine(worlds: Iterable[World], settings: Settings | None = None) -> Outcome:
    """Ours, each world judged over its last year."""
    total = Outcome()
    for world in worlds:
        seen = judged(daily_of(world), world.names, world.judged, settings or Settings())
        add(total, world, seen)
    return total


def add(total: Outcome, world: World, seen: Judged) -> None:
    """One world's alerts into the counts; a fault of all stores is the chain's, not theirs."""
    count_stores(total, world, seen.alerts)
    whole = {(day, kind) for store, day, _, kind in world.faults if store < 0}
    chain = seen.chain_alerts
    for day, kind in whole:
        total.planted[kind, "chain"] += 1
        total.found[kind, "chain"] += bool(chain[day - world.judged])
    clean = np.ones(len(chain), dtype=bool)
    for _, day, length, _ in world.faults if whole else ():
        clean[day - world.judged : day - world.judged + length] = False
    if whole:
        _count_false(total, world, chain[None, :], clean[None, :])


def count_stores(total: Outcome, world: World, alerts: np.ndarray) -> None:  # type: ignore[type-arg]
    """Alerts by store and judged day into the counts."""
    clean = np.ones(alerts.shape, dtype=bool)
    large = world.clean[:, world.judged :].mean(axis=1) >= LARGE
    for store, day, length, kind in world.faults:
        if store < 0:
            return
        place = slice(day - world.judged, day - world.judged + length)
        clean[store, place] = False
        size = "large" if large[store] else "small"
        total.planted[kind, size] += 1
        total.found[kind, size] += bool(alerts[store, place].any())
    _count_false(total, world, alerts, clean)


def _count_false(total: Outcome, world: World, alerts: np.ndarray, clean: np.ndarray) -> None:  # type: ignore[type-arg]
    known = np.array([day in world.names for day in world.days[world.judged :]])
    total.clean += int(clean.sum())
    total.false += int((alerts & clean).sum())
    total.on_known_days += int((alerts & clean)[:, known].sum())


def said(outcome: Outcome) -> list[str]:
    """A line a kind."""
    sizes = sorted({size for _, size in outcome.planted})
    known = f"{outcome.on_known_days} of {outcome.false} on known days"
    lines = [f"false {outcome.false_share:.4f} of {outcome.clean}, {known}"]
    for kind in KINDS:
        cells = [f"{size} {outcome.recall(kind, size):.2f} of {outcome.planted[kind, size]}" for size in sizes]
        lines.append(f"{kind}: {', '.join(cells)}")
    return lines
