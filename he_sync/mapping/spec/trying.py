"""A mapping's own tests: they run before it may be saved."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.mapping.spec.applying import apply
from he_sync.mapping.spec.columns import picked
from he_sync.mapping.spec.compiled import Engine
from he_sync.mapping.spec.model import Complaint, Try


@dataclass(frozen=True)
class Tried:
    """A test and what came of it; `wrong` is "" where it holds."""

    test: Try
    wrong: str


def tried(engine: Engine) -> list[Tried]:
    """Every test of a mapping, run."""
    return [Tried(test, _wrong(engine, test)) for test in engine.mapping.tests]


def broken(engine: Engine) -> list[Complaint]:
    """The tests that do not hold, each at its place."""
    return [Complaint(one.test.place, f"{one.test.name}: {one.wrong}") for one in tried(engine) if one.wrong]


def _wrong(engine: Engine, test: Try) -> str:
    made = apply(engine, [test.given])
    [record], failures = made.records, made.failures
    if test.refused:
        if any(one.field == test.refused for one in failures):
            return ""
        return f"{test.refused} should refuse the record" + (
            f", {failures[0].field} did" if failures else ", it was mapped"
        )
    if failures:
        return f"{failures[0].field} {failures[0].text}"
    if test.left_out:
        return "" if record is None else "the record should be left out by only, it was mapped"
    if record is None:
        return "the record is left out by only"
    return "; ".join(_differences(record, test.expect))


def _differences(record: Map[str, Any], expect: Map[str, Any]) -> list[str]:
    found = {name: picked([record], name)[0] for name in expect}
    return [
        f"{name} is {_said(found[name])}, not {_said(want)}"
        for name, want in expect.items()
        if not same(found[name], want)
    ]


def same(one: Any, other: Any) -> bool:
    """Numbers by their worth, whatever their zeros; all else by itself."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | Decimal) and isinstance(other, int | Decimal):
        return Decimal(one) == Decimal(other)
    return bool(one == other)


def _said(value: Any) -> str:
    return "nothing" if value is None else f"{value!r}" if isinstance(value, str) else f"{value}"
