"""Checks a close against the sandbox: every planted difference in its class, none invented, each write there once.

The truth file is read by tests and by this check only; nothing that finds differences ever sees it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from he_sync.flows.writers import group_id, mark
from he_sync.model.difference import CLASSES, Difference
from he_sync.sandbox.state import State
from he_sync.store.effects import Effect

Fact = tuple[str, str, int, int]


def planted(folder: Path, day: str) -> set[Fact]:
    """Planted differences that a close of this date should find; stock stays different until it is written back."""
    rows = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    due = (row for row in rows if row["date"] == day or (row["date"] < day and CLASSES[row["class"]] == "inventory"))
    return {(row["class"], row["subject"], row["delta_minor"], row["delta_milli"]) for row in due}


def compare(folder: Path, day: str, found: Iterable[Difference]) -> list[str]:
    """One line for each planted difference that was missed and each that was invented."""
    ours = {(one.klass, one.subject, one.delta_minor, one.delta_milli) for one in found}
    truth = planted(folder, day)
    return [f"missed: {fact}" for fact in sorted(truth - ours)] + [f"invented: {fact}" for fact in sorted(ours - truth)]


def once_each(state: State, effects: Iterable[Effect]) -> list[str]:
    """One line for each confirmed effect that is not in the oracle ledger exactly once."""
    written = _written(state)
    return [
        f"{effect.kind} {effect.entity}: {written[_trace(effect)]} times in the oracle"
        for effect in effects
        if _trace(effect) is not None and written[_trace(effect)] != 1
    ]


TRACES: dict[str, tuple[str, Callable[[Effect], str]]] = {
    "create_customer": ("epicor/Customer", lambda effect: str(effect.body["CustID"])),
    "create_sales_order": ("epicor/OrderHed", lambda effect: str(effect.body["header"]["PONum"])),
    "adjust_erp_stock": ("epicor/PartTran", lambda effect: mark(effect.key)),
    "adjust_pos_stock": ("heartland/inventory/adjustment_sets", lambda effect: mark(effect.key)),
    "post_journal": ("epicor/GLJrnDtl", lambda effect: group_id(effect.key)),
    "post_store_day": ("epicor/GLJrnDtl", lambda effect: group_id(effect.key)),
    "add_order_charge": ("epicor/OHOrderMsc", lambda effect: str(effect.body["order_num"])),
}
"""What the other side keeps of an effect: its collection and the value that tells it."""


def _trace(effect: Effect) -> tuple[str, str] | None:
    if effect.kind not in TRACES:
        return None
    collection, value = TRACES[effect.kind]
    return collection, value(effect)


TELLING = {
    "epicor/Customer": "CustID",
    "epicor/OrderHed": "PONum",
    "epicor/PartTran": "TranReference",
    "heartland/inventory/adjustment_sets": "description",
    "epicor/OHOrderMsc": "OrderNum",
}


def _written(state: State) -> Counter[tuple[str, str] | None]:
    rows = state.oracle("origin = 'api' AND operation = 'insert'")
    counted: Counter[tuple[str, str] | None] = Counter()
    journals: set[tuple[Any, ...]] = set()
    for row in rows:
        document = row["after"]
        if row["collection"] in TELLING:
            counted[row["collection"], str(document.get(TELLING[row["collection"]], ""))] += 1
        if row["collection"] == "epicor/GLJrnDtl":
            journals.add((document["GroupID"], document["JournalCode"], document["JournalNum"]))
    counted.update(("epicor/GLJrnDtl", str(group)) for group, _, _ in journals)
    return counted
