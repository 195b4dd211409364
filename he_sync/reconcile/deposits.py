"""Deposits, legs L3 and L4 of reference accounting 4.3: lines and fees make the deposit, and the bank received it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.money import show
from he_sync.model.retailer import Terms

BASIS = 10_000


def expected_fee(lines: pd.DataFrame, terms: Terms) -> int:
    """Contract fees of settled lines."""
    return sum(line_fees(lines, terms))


def line_fees(lines: pd.DataFrame, terms: Terms) -> list[int]:
    """Of each line: for a sale basis points of the amount rounded half up, plus the item price; else 0."""
    return [
        (int(amount) * fee.basis_points * 2 + BASIS) // (2 * BASIS) + fee.per_item_minor
        if (fee := terms.fees.get(brand)) and amount > 0
        else 0
        for brand, amount in zip(lines["brand"], lines["amount_minor"], strict=True)
    ]


def compare(
    day: str, deposits: pd.DataFrame, lines: pd.DataFrame, bank: pd.DataFrame, terms: Terms
) -> list[Difference]:
    """Differences of the deposits funded on a date; `lines` are the settlement lines that carry their ids."""
    of_deposit = dict(iter(lines.groupby("deposit_id")))
    received = _received(deposits, bank)
    found = []
    for row in records(deposits.sort_values("deposit_id")):
        found += _made_up(day, row, of_deposit.get(row.deposit_id, lines.iloc[0:0]), terms)
        found += _arrived(day, row, received.get(row.deposit_id))
    return found


def _made_up(day: str, row: Any, lines: pd.DataFrame, terms: Terms) -> list[Difference]:
    subject = f"deposit {row.deposit_id}"
    stated = row.sales_minor + row.refunds_minor + row.chargebacks_minor + row.fees_minor
    gross = int(lines["amount_minor"].sum())
    if row.amount_minor != stated or gross != row.sales_minor + row.refunds_minor:
        text = f"lines {show(gross)}, stated {show(stated)}, paid {show(row.amount_minor)}"
        return [
            Difference(day, "deposit_unexplained", subject, row.store, row.amount_minor - stated, 0, text, "review")
        ]
    charged = -row.fees_minor
    over = charged - expected_fee(lines, terms) if charged else 0
    if not over:
        return []
    klass = "fee_overcharge" if over > 0 else "deposit_unexplained"
    text = f"fees {show(charged)}, by contract {show(charged - over)}"
    return [Difference(day, klass, subject, row.store, -over, 0, text, "review")]


def _arrived(day: str, row: Any, received: int | None) -> list[Difference]:
    subject = f"deposit {row.deposit_id}"
    if received is None:
        text = f"{show(row.amount_minor)} to {row.bank_account} never arrived"
        return [Difference(day, "missing_deposit", subject, row.store, -row.amount_minor, 0, text, "review")]
    if received == row.amount_minor:
        return []
    klass = "short_deposit" if received < row.amount_minor else "deposit_unexplained"
    text = f"bank {show(received)}, processor {show(row.amount_minor)}"
    return [Difference(day, klass, subject, row.store, received - row.amount_minor, 0, text, "review")]


def _received(deposits: pd.DataFrame, bank: pd.DataFrame) -> dict[str, int]:
    """Bank amount by deposit: by trace reference, by account and exact amount, then the nearest larger deposit."""
    open_deposits = {row.deposit_id: row for row in records(deposits.sort_values("deposit_id"))}
    open_lines = list(records(bank.sort_values("line_id")))
    received: dict[str, int] = {}
    for fits in (_by_reference, _by_amount, _by_shortfall):
        for line in list(open_lines):
            candidates = [row for row in open_deposits.values() if fits(row, line)]
            if candidates:
                best = min(candidates, key=lambda row: (row.amount_minor - line.amount_minor, row.deposit_id))
                received[best.deposit_id] = int(line.amount_minor)
                del open_deposits[best.deposit_id]
                open_lines.remove(line)
    return received


def _by_reference(deposit: Any, line: Any) -> bool:
    return bool(line.reference == deposit.deposit_id)


def _by_amount(deposit: Any, line: Any) -> bool:
    return (
        not line.reference and line.bank_account == deposit.bank_account and line.amount_minor == deposit.amount_minor
    )


def _by_shortfall(deposit: Any, line: Any) -> bool:
    return (
        not line.reference
        and line.bank_account == deposit.bank_account
        and 0 < line.amount_minor < deposit.amount_minor
    )
