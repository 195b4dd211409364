"""A night's compare by stage, and what canonicalisation costs over reading the same payloads as JSON at all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from he_sync.flows import canonical, night
from he_sync.settings import read_settings
from tests.bench.pulling import Run

STAGES = {"knock": "pull", "pull": "pull", "read": "canonical", "compare": "reconcile"}
"""Which stage a step of the night belongs to, by the first word in which the night tells it."""


class Stopwatch:
    """Told what the night does next, it books the time since to the stage before."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES.values(), 0.0)
        self._stage, self._since = "", 0.0

    def tell(self, step: str) -> None:
        """A step begins; an empty one ends the last."""
        now = time.perf_counter()
        if self._stage:
            self.seconds[self._stage] += now - self._since
        self._stage, self._since = STAGES.get(step.split(" ", maxsplit=1)[0], ""), now


@contextmanager
def by_stage(day: str) -> Iterator[Run]:
    """Seconds of pull, canonical and reconcile of one business date, and of json.loads over its raw documents."""
    with night.open_office(read_settings()) as office:

        def run() -> dict[str, Any]:
            watch = Stopwatch()
            night.compare_day(office, date.fromisoformat(day), tell=watch.tell)
            watch.tell("")
            entities = [entity for step in canonical.STEPS.values() for entity in step.entities]
            start, rows = time.perf_counter(), 0
            for entity in entities:
                for _, payload in office.lake.payloads(entity, day):
                    json.loads(payload)
                    rows += 1
            return {"rows": rows, **watch.seconds, "json": time.perf_counter() - start}

        yield run
