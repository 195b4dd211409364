"""Ledger: each payment stands in the books once, on its tender's account, with its amount, in its period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference
from he_sync.model.money import show
from he_sync.model.retailer import Retailer


def expected_accounts(
    payments: pd.DataFrame, links: pd.DataFrame, lines: pd.DataFrame, retailer: Retailer
) -> dict[int, frozenset[str]]:
    """Natural accounts a payment may stand on: one, or both clearing accounts while the card's brand is not known."""
    groups = dict(zip(lines["line_id"], lines["brand_group"], strict=True))
    brand = {payment: groups[line] for payment, line in zip(links["payment_id"], links["line_id"], strict=True)}
    clearing = {"AMEX": retailer.accounts.amex_clearing, "VMDD": retailer.accounts.card_clearing}
    found = {}
    for row in records(payments):
        if row.kind == "card":
            known = brand.get(row.payment_id)
            found[row.payment_id] = frozenset(clearing.values()) if known is None else frozenset({clearing[known]})
        else:
            found[row.payment_id] = frozenset({retailer.by_payment_type[row.payment_type].account})
    return found


def unposted(payments: pd.DataFrame, ledger: pd.DataFrame) -> list[int]:
    """Payments without a posting among the day's lines; other periods are asked before one is called missing."""
    posted = set(ledger["payment_id"])
    return [int(payment) for payment in payments[~payments["voided"]]["payment_id"] if payment not in posted]


def strangers(payments: pd.DataFrame, ledger: pd.DataFrame) -> list[int]:
    """Payments that the day's ledger names and the day does not have: of another date, or of nobody."""
    return sorted(set(ledger[ledger["payment_id"] > 0]["payment_id"]) - set(payments["payment_id"]))


@dataclass(frozen=True)
class Elsewhere:
    """What was found outside the date: postings of its payments, and payments of other dates that its ledger names."""

    postings: pd.DataFrame
    payments: frozenset[int]


def compare(
    day: str,
    payments: pd.DataFrame,
    ledger: pd.DataFrame,
    elsewhere: Elsewhere,
    accounts: dict[int, frozenset[str]],
) -> list[Difference]:
    """Differences of a business date's payments against the ledger lines of that date."""
    posted = ledger[ledger["payment_id"] > 0]
    postings = _of_payments(posted)
    late = _of_payments(elsewhere.postings)
    alive = payments[~payments["voided"]]
    found: list[Difference] = []
    for row in records(alive.sort_values("payment_id")):
        lines = postings.get(row.payment_id, [])
        found += _one(day, row, lines, late.get(row.payment_id, []), accounts[row.payment_id])
    for payment in sorted(postings.keys() - set(alive["payment_id"]) - elsewhere.payments):
        net = sum(line.amount_minor for line in postings[payment])
        if net:
            text = f"posted on {postings[payment][0].account}, no such payment"
            found.append(
                Difference(
                    day, "orphan_posting", f"payment {payment}", postings[payment][0].store, net, 0, text, "review"
                )
            )
    return found


def _of_payments(lines: pd.DataFrame) -> dict[int, list[Any]]:
    """Lines by the payment they name."""
    found: dict[int, list[Any]] = {}
    for line in records(lines):
        found.setdefault(int(line.payment_id), []).append(line)
    return found


def _one(day: str, row: Any, lines: list[Any], late: list[Any], accounts: frozenset[str]) -> Iterator[Difference]:
    subject, amount = f"payment {row.payment_id}", int(row.amount_minor)
    if not lines:
        if late:
            text = f"posted on {late[0].posting_date} instead"
            yield Difference(day, "timing_next_period", subject, row.store, -amount, 0, text, "review")
        else:
            text = f"{show(amount)} {row.payment_type} was never posted"
            yield Difference(day, "missing_gl", subject, row.store, -amount, 0, text, "post_journal")
        return
    net: dict[str, int] = {}
    for line in lines:
        net[line.account] = net.get(line.account, 0) + int(line.amount_minor)
    net = {account: value for account, value in net.items() if value}
    right = sum(value for account, value in net.items() if account in accounts)
    other = {account: value for account, value in net.items() if account not in accounts}
    if right == amount and not other:
        return
    klass, delta = _klass(amount, right, other)
    text = f"should be {show(amount)} on {'/'.join(sorted(accounts))}; stands as " + ", ".join(
        f"{show(value)} on {key}" for key, value in sorted(net.items())
    )
    action = "review" if klass == "ledger_unexplained" else "post_journal"
    yield Difference(day, klass, subject, row.store, delta, 0, text, action)


def _klass(amount: int, right: int, other: dict[str, int]) -> tuple[str, int]:
    delta = right - amount
    if other:
        wrong = right == 0 and list(other.values()) == [amount]
        return ("wrong_account" if wrong else "ledger_unexplained"), delta
    if right == 2 * amount:
        return "duplicate_posting", delta
    if right == -amount:
        return "wrong_amount_sign", delta
    if abs(delta) == 1:
        return "currency_rounding", delta
    if sorted(str(abs(right))) == sorted(str(abs(amount))) and delta % 9 == 0:
        return "wrong_amount_transposed", delta
    return "ledger_unexplained", delta
