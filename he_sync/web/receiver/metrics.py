"""Counts for Prometheus: requests by source and outcome, events by what they were, time to the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counts of one process; used in its event loop only."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, int]] = Counter()
        self.events: Counter[tuple[str, str]] = Counter()
        self.cards: Counter[tuple[str, str]] = Counter()
        self._buckets = [0] * (len(BUCKETS) + 1)
        self._seconds = 0.0

    def accepted(self, source: str, stored: Iterable[str], seconds: float) -> None:
        """A request was answered after its events were durable."""
        for what in stored:
            self.events[source, what] += 1
        self._buckets[next((place for place, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))] += 1
        self._seconds += seconds

    def page(self, gauges: Mapping[str, float]) -> str:
        """Everything in Prometheus' text format."""
        return "\n".join((
            *_counts("he_receiver_requests_total", ("source", "status"), self.requests),
            *_counts("he_receiver_events_total", ("source", "stored"), self.events),
            *_counts("he_receiver_card_data_total", ("source", "done"), self.cards),
            *(line for name, value in gauges.items() for line in (f"# TYPE {name} gauge", f"{name} {value:g}")),
            *self._histogram("he_receiver_accept_seconds"),
            "",
        ))  # fmt: skip

    def _histogram(self, name: str) -> Iterable[str]:
        sums = list(accumulate(self._buckets))
        limits = (*(f"{limit:g}" for limit in BUCKETS), "+Inf")
        yield f"# TYPE {name} histogram"
        yield from (f'{name}_bucket{{le="{limit}"}} {count}' for limit, count in zip(limits, sums, strict=True))
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {sums[-1]}"


def _counts(
    name: str, labels: tuple[str, ...], counts: Counter[tuple[str, str]] | Counter[tuple[str, int]]
) -> Iterable[str]:
    yield f"# TYPE {name} counter"
    for values, count in counts.items():
        pairs = ",".join(f'{label}="{value}"' for label, value in zip(labels, values, strict=True))
        yield f"{name}{{{pairs}}} {count}"
