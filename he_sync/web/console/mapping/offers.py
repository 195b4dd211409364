"""Suggestions for the fields of a mapping that have no source yet, with score and reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

from he_sync.flows.mapped.recorded import Recorded
from he_sync.mapping.expressions.kinds import Kind
from he_sync.mapping.spec.columns import picked
from he_sync.mapping.spec.model import From, Mapping
from he_sync.mapping.suggest.memory import Memory
from he_sync.mapping.suggest.suggestions import suggest
from he_sync.mapping.suggest.tables import Field, table

LEAST = 0.2
"""Chance below which a suggestion wastes a person's time."""
ROWS = 50
NAMES = {"number": "decimal", "instant": "datetime"}
FRESH = 600
"""Seconds for which suggestions stand while new records come in: of two wide tables they take seconds."""


@dataclass(frozen=True)
class Asked:
    """Names and kinds of both sides, and in which `age` of FRESH seconds; of their values any of that age will do."""

    source: tuple[tuple[str, str], ...]
    target: tuple[tuple[str, str], ...]
    age: int
    values: tuple[tuple[str, ...], ...] = field(compare=False, hash=False)


@dataclass(frozen=True)
class Offer:
    """A source field for a target field; `score` is the chance that it is right."""

    source: str
    target: str
    score: float
    reason: str

    @property
    def percent(self) -> str:
        """The chance, for people."""
        return f"{self.score * 100:.0f} %"


def offers(mapping: Mapping, documents: Sequence[Recorded], memory: Memory) -> list[Offer]:
    """The best offer for each target field without a source, the surest first. A field that is used is not offered."""
    used = {entry.start.field for entry in mapping.entries.values() if isinstance(entry.start, From)}
    used |= {name for name, chosen in memory.accepted.items() if chosen is None}
    records = [one.document for one in documents[:ROWS]]
    sides = [
        tuple((name, _kind(kind)) for name, kind in one.fields.items()) for one in (mapping.source, mapping.target)
    ]
    values = tuple(tuple(map(_text, picked(records, name))) if records else () for name, _ in sides[0])
    found = _suggested(Asked(sides[0], sides[1], int(time.time() // FRESH), values))
    best: dict[str, Offer] = {}
    for one in sorted(found, key=lambda offer: (-offer.score, offer.source)):
        free = one.source not in used and one.target not in mapping.entries and one.target not in best
        if free and (one.source, one.target) not in memory.rejected:
            best[one.target] = one
            used.add(one.source)
    return list(best.values())


@lru_cache(16)
def _suggested(asked: Asked) -> tuple[Offer, ...]:
    if not asked.source or not asked.target:
        return ()
    source = [Field(name, values, kind) for (name, kind), values in zip(asked.source, asked.values, strict=True)]
    target = [Field(name, (), kind) for name, kind in asked.target]
    found = suggest(table("source", source), table("target", target))
    return tuple(
        Offer(one.source, candidate.target, candidate.score, candidate.reason)
        for one in found
        for candidate in one.candidates
        if candidate.score >= LEAST
    )


def _kind(kind: Kind) -> str:
    return "integer" if kind.name == "number" and not kind.scale else NAMES.get(kind.name, kind.name)


def _text(value: Any) -> str:
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
