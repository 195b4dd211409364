"""Bad rows become dead letters: with source, record, column, rule and payload, once for the same content."""

from __future__ import annotations

from collections.abc import Iterable

from he_sync.quality.contracts import Failure
from he_sync.store import dead_letters
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter


def set_aside(store: Store, failures: Iterable[Failure], day: str) -> int:
    """Keep the failures of a business date as dead letters; gives how many are new."""
    letters = [_letter(failure, day) for failure in failures]
    return dead_letters.put(store, letters).new if letters else 0


def _letter(failure: Failure, day: str) -> DeadLetter:
    source = failure.entity.split("/")[0] if "/" in failure.entity else "canonical"
    reason = f"{failure.column}: {failure.rule}" + (f", not {failure.value}" if failure.value else "")
    payload = failure.payload or failure.value
    return DeadLetter(
        source, failure.entity, failure.record, failure.row, failure.column, failure.rule, payload, reason, day
    )
