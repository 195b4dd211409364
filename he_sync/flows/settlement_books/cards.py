"""Payments, settlement lines and batches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source, alive, deposits
from he_sync.model.contract import records
from he_sync.model.retailer import Terms
from he_sync.reconcile import settlements
from he_sync.reconcile.deposits import expected_fee

UNKNOWN_BRAND = "card"
CHARGEBACK = "CHARGEBACK"


@dataclass(frozen=True)
class Linked:
    """What the nights' own match of payments and lines says: brands by payment, references by line.

    A sale that two cards paid has one reference for both. Here each card payment has one of its own, and so has the
    line that was found by reference and amount.
    """

    brands: dict[int, str]
    of_line: dict[str, str]


def linked(source: Source, lines: pd.DataFrame) -> Linked:
    """Match payments and lines as a night does."""
    links = settlements.compare("", alive(source), lines).links
    brand = dict(zip(lines["line_id"], lines["brand"].str.lower(), strict=True))
    pairs = list(zip(links["payment_id"], links["line_id"], links["rule"], strict=True))
    named = {int(payment): str(line) for payment, line, rule in pairs if rule.startswith("reference")}
    known = dict(zip(lines["line_id"], lines["reference"], strict=True))
    strangers = {str(line): f"line {line}" for line, reference in known.items() if reference}
    return Linked(
        {int(payment): brand[line] for payment, line, _ in pairs},
        strangers | {line: f"payment {payment}" for payment, line in named.items()},
    )


def payments(source: Source, numbers: Numbers, known: Linked) -> list[dict[str, Any]]:
    """Payments that were not voided, in the relation's columns."""
    rows = alive(source).reset_index(drop=True)
    return [
        {
            "payment_id": row.payment_id,
            "order_id": numbers.orders.of(row.owner),
            "store_id": numbers.stores.of(row.store),
            "ts_utc": row.completed_at,
            "business_date": row.business_date,
            "tender": _tender(source, row, known.brands),
            "kind": "sale" if row.amount_minor >= 0 else "refund",
            "amount_cents": row.amount_minor,
            "tip_cents": row.tip_minor,
            "auth_ref": numbers.references.of(f"payment {row.payment_id}" if row.kind == "card" else ""),
            "orig_payment_id": 0,
        }
        for row in records(rows)
    ]


def _tender(source: Source, row: Any, brands: dict[int, str]) -> str:
    if row.kind == "card":
        return brands.get(row.payment_id, UNKNOWN_BRAND)
    return "till" if row.kind == "cash" and not source.cash_is_banked else str(row.kind)


def lines(source: Source, lines: pd.DataFrame, numbers: Numbers, known: Linked) -> list[dict[str, Any]]:
    """Settlement lines with their fees, and one chargeback line for each deposit that has any."""
    fees = _fees(source, lines)
    rows = [
        _line(row, numbers, {"type": row.kind, "auth_ref": numbers.references.of(reference)}, row.amount_minor, fee)
        for row, fee in zip(records(lines), fees, strict=True)
        for reference in [known.of_line.get(row.line_id, "")]
    ]
    for deposit in records(deposits(source)):
        paid = lines[lines["deposit_id"] == deposit.deposit_id]
        if deposit.chargebacks_minor and len(paid):
            named = {"type": CHARGEBACK, "auth_ref": 0, "line_id": numbers.lines.of(f"{deposit.deposit_id} chargeback")}
            last = next(records(paid.sort_values("batch_id").tail(1)))
            rows.append(_line(last, numbers, named, deposit.chargebacks_minor, 0))
    return rows


def _line(row: Any, numbers: Numbers, named: dict[str, Any], gross: int, fee: int) -> dict[str, Any]:
    return {
        "line_id": numbers.lines.of(row.line_id),
        "batch_id": numbers.batches.of(row.batch_id),
        "mid": numbers.mids.of(row.mid),
        "brand_group": row.brand_group,
        "txn_date": row.business_date,
        "settle_date": row.business_date if row.batch_id else None,
        "gross_cents": gross,
        "fee_cents": fee,
        "net_cents": gross - fee,
    } | named


def _fees(source: Source, lines: pd.DataFrame) -> list[int]:
    """The contract's fee of each line, and on a deposit's largest line what it charged beyond all of them."""
    terms: Terms = source.retailer.terms
    fees = {number: expected_fee(lines.iloc[[number]], terms) for number in range(len(lines))}
    for deposit in records(deposits(source)):
        paid = lines[lines["deposit_id"] == deposit.deposit_id]
        if deposit.fees_minor and len(paid):
            largest = int(paid["amount_minor"].idxmax())
            fees[largest] -= deposit.fees_minor + sum(fees[int(number)] for number in paid.index)
    return [fees[number] for number in range(len(lines))]


def batches(source: Source, lines: list[dict[str, Any]], numbers: Numbers) -> list[dict[str, Any]]:
    """Batches, summed from their lines."""
    gross_funded = {numbers.mids.of(store.mid) for store in source.retailer.stores if store.funding == "gross"}
    found: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        if line["batch_id"]:
            found.setdefault(line["batch_id"], []).append(line)
    return [_batch(batch, rows, gross=rows[0]["mid"] in gross_funded) for batch, rows in found.items()]


def _batch(batch: int, lines: list[dict[str, Any]], *, gross: bool) -> dict[str, Any]:
    """A batch's sums; what is paid out is net of fees unless they are billed apart."""
    sums = {
        kind: sum(one["gross_cents"] for one in lines if one["type"] == kind) for kind in ("SALE", "REFUND", CHARGEBACK)
    }
    fees = sum(one["fee_cents"] for one in lines)
    return {
        "batch_id": batch,
        "mid": lines[0]["mid"],
        "brand_group": lines[0]["brand_group"],
        "batch_date": max(one["txn_date"] for one in lines),
        "lines": len(lines),
        "gross_cents": sums["SALE"],
        "refunds_cents": sums["REFUND"],
        "chargebacks_cents": sums[CHARGEBACK],
        "fees_cents": fees,
        "payout_cents": sum(sums.values()) - (0 if gross else fees),
    }
