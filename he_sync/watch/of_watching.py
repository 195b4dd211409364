"""Figures of watching itself: what fires, what waits to be told, what objectives were judged by, the last look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from he_sync.watch.memory import FILE, OPEN, memory
from he_sync.watch.metrics import Sample
from he_sync.watch.place import Watched
from he_sync.watch.rules import load

LOOKED = "looked"
SEVERITIES = ("page", "ticket")


def watching(watched: Watched, now: datetime) -> Iterator[Sample]:
    """Nothing but an age where nobody looked yet."""
    if not (watched.home / FILE).exists():
        yield Sample("he_watch_age_seconds", float("inf"))
        return
    rules = load(watched.home)
    with memory(watched.home) as kept:
        firing = [one for one in kept.standings().values() if one.fired_at is not None]
        looked = kept.mark(LOOKED)
        owed = kept.rows(f"SELECT target, count(*) FROM notice WHERE {OPEN} GROUP BY target")  # noqa: S608 - our own words
        since = {target: down.since for target, down in kept.downs().items()}
        points = {slo.slo: kept.counted(slo.slo)[-1:] for slo in rules.slos}
    severities: list[str] = [rules.by_name[one.alert].severity for one in firing if one.alert in rules.by_name]
    for severity in SEVERITIES:
        yield Sample("he_alerts_firing", severities.count(severity), (("severity", severity),))
    for target in (one.name for one in rules.targets):
        yield Sample("he_notices_waiting", dict(owed).get(target, 0), (("target", target),))
        down = max(0.0, now.timestamp() - since[target]) if target in since else 0.0
        yield Sample("he_target_down_seconds", down, (("target", target),))
    for slo, last in points.items():
        for point in last:
            yield Sample("he_slo_judged_total", point.judged, (("slo", slo),))
            yield Sample("he_slo_good_total", point.good, (("slo", slo),))
    age = now.timestamp() - float(looked) if looked else float("inf")
    yield Sample("he_watch_age_seconds", max(0.0, age))
