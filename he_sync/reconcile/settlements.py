"""Settlements, leg L1: each card payment of the POS is one transaction of the processor (reference accounting 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.money import show


@dataclass(frozen=True)
class Settled:
    """Links (payment_id, line_id, rule) and what is left over."""

    links: pd.DataFrame
    differences: list[Difference]


def compare(day: str, payments: pd.DataFrame, lines: pd.DataFrame) -> Settled:
    """Match the day's card payments to settlement lines: by reference and amount, without the tip, by amount alone.

    Within a group of equal keys the pairs go in time order; a key is used up line by line, so a split tender of two
    equal amounts stays two pairs.
    """
    cards = payments[(payments["kind"] == "card") & ~payments["voided"]].sort_values(["completed_at", "payment_id"])
    open_payments = {row.payment_id: row for row in records(cards)}
    open_lines = {row.line_id: row for row in records(lines.sort_values(["created_at", "line_id"]))}
    pairs: list[tuple[int, str, str]] = []
    for rule, left, right in RULES:
        for payment_id, line_id in _pair(open_payments, open_lines, left, right):
            pairs.append((payment_id, line_id, rule))
    found = _tips(day, pairs, cards, lines) + _rest(day, open_payments, open_lines)
    return Settled(pd.DataFrame(pairs, columns=["payment_id", "line_id", "rule"]), found)


Keyed = Callable[[Any], Hashable]
RULES: list[tuple[str, Keyed, Keyed]] = [
    (
        "reference and amount",
        lambda payment: (payment.store, payment.reference, payment.amount_minor),
        lambda line: (line.store, line.reference, line.amount_minor) if line.reference else None,
    ),
    (
        "reference, tip missing",
        lambda payment: (
            (payment.store, payment.reference, payment.amount_minor - payment.tip_minor) if payment.tip_minor else None
        ),
        lambda line: (line.store, line.reference, line.amount_minor) if line.reference else None,
    ),
    (
        "amount and day",
        lambda payment: (payment.store, payment.amount_minor),
        lambda line: None if line.reference else (line.store, line.amount_minor),
    ),
    (
        "amount and day, tip missing",
        lambda payment: (payment.store, payment.amount_minor - payment.tip_minor) if payment.tip_minor else None,
        lambda line: None if line.reference else (line.store, line.amount_minor),
    ),
]


def _pair(payments: dict[int, Any], lines: dict[str, Any], left: Keyed, right: Keyed) -> list[tuple[int, str]]:
    """Pair what has the same key, in time order, and take both out of the open ones."""
    waiting: dict[Hashable, list[str]] = {}
    for line_id, line in lines.items():
        if (key := right(line)) is not None:
            waiting.setdefault(key, []).append(line_id)
    pairs = []
    for payment_id, payment in list(payments.items()):
        key = left(payment)
        if key is not None and waiting.get(key):
            pairs.append((payment_id, waiting[key].pop(0)))
            del payments[payment_id]
            del lines[pairs[-1][1]]
    return pairs


def _tips(day: str, pairs: list[tuple[int, str, str]], payments: pd.DataFrame, lines: pd.DataFrame) -> list[Difference]:
    by_id = {row.payment_id: row for row in records(payments)}
    amounts = dict(zip(lines["line_id"], lines["amount_minor"], strict=True))
    found = []
    for payment_id, line_id, _ in pairs:
        payment, settled = by_id[payment_id], int(amounts[line_id])
        if settled != payment.amount_minor:
            text = f"{line_id} settled {show(settled)} of {show(payment.amount_minor)}, without the tip"
            found.append(
                Difference(
                    day,
                    "tip_adjust_lost",
                    f"payment {payment_id}",
                    payment.store,
                    settled - payment.amount_minor,
                    0,
                    text,
                    "review",
                )
            )
    return found


def _rest(day: str, payments: dict[int, Any], lines: dict[str, Any]) -> list[Difference]:
    found = [
        Difference(
            day,
            "unsettled_payment",
            f"payment {row.payment_id}",
            row.store,
            -row.amount_minor,
            0,
            f"{row.owner}: in no batch",
            "review",
        )
        for row in payments.values()
    ]
    for line in lines.values():
        klass = "orphan_refund" if line.kind == "REFUND" else "orphan_settlement"
        text = f"batch {line.batch_id}: no such payment at the POS"
        found.append(
            Difference(day, klass, f"transaction {line.line_id}", line.store, line.amount_minor, 0, text, "review")
        )
    return found
