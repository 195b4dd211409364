"""Two versions of a mapping beside each other: what differs in the file, and what would differ in the target."""

from __future__ import annotations

from collections.abc import Mapping as Map
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from he_sync.mapping.spec.applying import Applied, apply
from he_sync.mapping.spec.columns import Record
from he_sync.mapping.spec.compiled import Engine
from he_sync.mapping.spec.document import composed, plain
from he_sync.mapping.spec.editing import with_entry
from he_sync.mapping.spec.trying import same
from he_sync.mapping.spec.writing import flow, in_words

Way = Literal["created", "changed", "unchanged", "would_fail", "left_out"]
WAYS: tuple[Way, ...] = ("created", "changed", "unchanged", "would_fail", "left_out")


@dataclass(frozen=True)
class Difference:
    """One part of the file: target field or key, as it was and as it is; "" where it is not there."""

    key: str
    old: str
    new: str


@dataclass(frozen=True)
class Outcome:
    """One record: what would become of it, and which target fields differ as (field, old, new), or why it fails."""

    row: int
    way: Way
    fields: tuple[tuple[str, Any, Any], ...] = ()
    why: str = ""


def differences(old: str, new: str) -> list[Difference]:
    """What differs between two texts, field by field; wording and order of the file make no difference."""
    before, after = (_parts(text) for text in (old, new))
    keys = [*before, *(key for key in after if key not in before)]
    return [
        Difference(key, _said(before.get(key)), _said(after.get(key)))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _parts(text: str) -> dict[str, Any]:
    """Target fields with their entries, and every other key with its data."""
    if not text.strip():
        return {}
    whole = plain(composed(text, "mapping"))
    entries = whole.pop("map", None) or {}
    whole.pop("version", None)
    sides = {f"{side}.fields": (whole.get(side) or {}).pop("fields", None) for side in ("source", "target")}
    named = {key: (value,) for key, value in {**whole, **sides}.items() if value is not None}
    return {**entries, **named}


def _said(part: Any) -> str:
    if isinstance(part, tuple):
        return flow(part[0])
    return in_words(part) if isinstance(part, dict) else "" if part is None else flow(part)


def outcomes(live: Engine | None, draft: Engine, records: Sequence[Record]) -> list[Outcome]:
    """What a draft would make of records beside what the live version makes of them.

    A record of which the live version makes nothing (left out, refused, no field mapped) is created.
    """
    old = apply(live, records) if live else Applied((None,) * len(records), (), frozenset())
    new = apply(draft, records)
    failures = {one.row: f"{one.field} {one.text}" for one in reversed(new.failures)}
    return [_outcome(row, old.records[row], new.records[row], failures.get(row)) for row in range(len(records))]


def _outcome(row: int, old: Record | None, new: Record | None, failure: str | None) -> Outcome:
    if failure is not None:
        return Outcome(row, "would_fail", why=failure)
    if new is None:
        return Outcome(row, "left_out")
    before, after = (flat(one or {}) for one in (old, new))
    names = [*after, *(name for name in before if name not in after)]
    fields = tuple(
        (name, before.get(name), after.get(name)) for name in names if not same(before.get(name), after.get(name))
    )
    return Outcome(row, "created" if not old else "changed" if fields else "unchanged", fields)


def flat(record: Map[str, Any], before: str = "") -> dict[str, Any]:
    """A record within a record as fields with dots in their names."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def rebased(base: str, mine: str, theirs: str) -> tuple[str, list[Difference]]:
    """My changes of fields put onto their text, and those that both of us changed otherwise: theirs stay.

    Only fields travel; what I changed of tables, tests or sides is among the second too.
    """
    ours, other = (plain(composed(text, "mapping")) for text in (mine, theirs))
    changed = {one.key for one in differences(base, theirs)}
    made, clashes = theirs, []
    for one in differences(base, mine):
        entries = ours.get("map") or {}
        field = one.key in entries or one.key in (plain(composed(base, "mapping")).get("map") or {})
        if not field or one.key in changed:
            there = (other.get("map") or {}).get(one.key) if field else None
            clashes.append(Difference(one.key, _said(there), one.new))
            continue
        made = with_entry(made, one.key, entries.get(one.key))
    return made, [one for one in clashes if one.old != one.new]
