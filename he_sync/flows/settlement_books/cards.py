"""Payments and settlement lines of a date, and the batches that lines make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.model.contract import records
from he_sync.reconcile import settlements
from he_sync.reconcile.deposits import line_fees

UNKNOWN_BRAND = "card"
CHARGEBACK = "CHARGEBACK"
SUMS = {"SALE": "gross_cents", "REFUND": "refunds_cents", CHARGEBACK: "chargebacks_cents"}


@dataclass(frozen=True)
class Linked:
    """Brands by payment and payments by line, as a night's match of payments and lines says them.

    A sale that two cards paid has one reference for both. In the folder each card payment has one of its own, and so
    has the line that was found by reference and amount.
    """

    brands: Mapping[int, str] = field(default_factory=dict)
    payments: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Open:
    """Card payments and referenced lines of a date that found no partner on it: rows of the columns below."""

    payments: Sequence[Sequence[Any]] = ()
    lines: Sequence[Sequence[Any]] = ()


PAYMENT = ["payment_id", "store", "reference", "owner", "amount_minor", "tip_minor", "completed_at"]
LINE = ["line_id", "store", "reference", "kind", "brand", "batch_id", "amount_minor", "created_at"]


def alive(source: Source, day: str) -> pd.DataFrame:
    """A date's payments that were not voided."""
    payments = source.frame("payments", day)
    return payments[~payments["voided"]].sort_values("payment_id").reset_index(drop=True)


def settled(source: Source, day: str, paid_on: Sequence[str]) -> pd.DataFrame:
    """A date's lines, also those that only deposits of later dates name; a line that a deposit names knows it."""
    paid = (source.frame("deposit_lines", one) for one in paid_on)
    both = [*(rows[rows["business_date"] == day] for rows in paid), source.frame("settlement_lines", day)]
    return pd.concat(both).drop_duplicates("line_id").sort_values("line_id").reset_index(drop=True)


def link(payments: pd.DataFrame, lines: pd.DataFrame) -> tuple[Linked, Open]:
    """Match a date's payments and lines as its night does, and what is left to be found on other dates."""
    links = settlements.compare("", payments, lines).links
    cards = payments[payments["kind"] == "card"]
    left = cards[~cards["payment_id"].isin(links["payment_id"])]
    right = lines[~lines["line_id"].isin(links["line_id"]) & (lines["reference"] != "")]
    return _linked(links, lines), Open(_plain(left, PAYMENT), _plain(right, LINE))


def _plain(rows: pd.DataFrame, columns: list[str]) -> list[list[Any]]:
    """As JSON has it."""
    *others, when = columns
    return [[*values, moment.isoformat()] for *values, moment in rows[[*others, when]].itertuples(index=False)]


def _linked(links: pd.DataFrame, lines: pd.DataFrame) -> Linked:
    brand = dict(zip(lines["line_id"], lines["brand"].str.lower(), strict=True))
    pairs = list(zip(links["payment_id"], links["line_id"], links["rule"], strict=True))
    return Linked(
        {int(payment): brand[line] for payment, line, _ in pairs},
        {str(line): int(payment) for payment, line, rule in pairs if rule.startswith("reference")},
    )


def link_across(open_of: Iterable[Open]) -> Linked:
    """Match what dates left open, by reference: a card that was taken at midnight, an approval that came days later."""
    every = list(open_of)
    payments = pd.DataFrame([row for one in every for row in one.payments], columns=PAYMENT)
    lines = pd.DataFrame([row for one in every for row in one.lines], columns=LINE)
    if payments.empty or lines.empty:
        return Linked()
    there = set(zip(lines["store"], lines["reference"], strict=True))
    keys = zip(payments["store"], payments["reference"], strict=True)
    payments = payments[[key in there for key in keys]].assign(kind="card", voided=False)
    return _linked(settlements.compare("", payments, lines).links, lines) if len(payments) else Linked()


def payments(
    source: Source, rows: pd.DataFrame, numbers: Numbers, linked: Linked
) -> dict[str, Sequence[Any] | pd.Series[Any]]:
    """Payments in the relation's columns."""
    cash = "cash" if source.cash_is_banked else "till"
    kinds = rows["kind"].where(rows["kind"] != "cash", cash)
    card = rows["kind"] == "card"
    brand = rows["payment_id"].map(linked.brands).fillna(UNKNOWN_BRAND)
    names = ("payment " + rows["payment_id"].astype("str")).where(card, "")
    return {
        "payment_id": rows["payment_id"],
        "order_id": numbers.orders.all(rows["owner"]),
        "store_id": numbers.stores.all(rows["store"]),
        "ts_utc": rows["completed_at"],
        "business_date": rows["business_date"],
        "tender": kinds.where(~card, brand),
        "kind": ["sale" if cents >= 0 else "refund" for cents in rows["amount_minor"]],
        "amount_cents": rows["amount_minor"],
        "tip_cents": rows["tip_minor"],
        "auth_ref": numbers.references.all(names),
        "orig_payment_id": [0] * len(rows),
    }


@dataclass(frozen=True)
class Paid:
    """What a date's deposits add to lines: fees beyond the contract's on their largest, and chargebacks as lines."""

    extra: Mapping[str, int]
    chargebacks: pd.DataFrame


def paid(source: Source, day: str) -> Paid:
    """Of the deposits of a date; without those that paid sales of before the first of all dates."""
    lines = source.frame("deposit_lines", day).sort_values("line_id")
    by_deposit = {name: rows for name, rows in lines.groupby("deposit_id") if name}
    extra: dict[str, int] = {}
    back: list[pd.DataFrame] = []
    for deposit in records(source.frame("deposits", day).sort_values("deposit_id")):
        rows = by_deposit.get(deposit.deposit_id)
        if rows is None or rows["business_date"].min() < source.days[0]:
            continue
        if deposit.fees_minor:
            beyond = -int(deposit.fees_minor) - sum(line_fees(rows, source.retailer.terms))
            largest = rows["line_id"].iloc[int(rows["amount_minor"].argmax())]
            extra |= {str(largest): beyond} if beyond else {}
        if deposit.chargebacks_minor:
            last = rows.sort_values("batch_id", kind="stable").tail(1)
            named = f"{deposit.deposit_id} chargeback"
            back.append(last.assign(line_id=named, kind=CHARGEBACK, amount_minor=int(deposit.chargebacks_minor)))
    return Paid(extra, pd.concat(back) if back else lines.iloc[:0])


def lines(
    source: Source, rows: pd.DataFrame, numbers: Numbers, linked: Linked, by_deposit: Sequence[Paid]
) -> dict[str, Sequence[Any] | pd.Series[Any]]:
    """Settlement lines with their fees, and one chargeback line for each deposit that has any."""
    names = [_name(line, reference, linked) for line, reference in zip(rows["line_id"], rows["reference"], strict=True)]
    fees = line_fees(rows, source.retailer.terms)
    for one in by_deposit:
        fees = [fee + one.extra.get(line, 0) for fee, line in zip(fees, rows["line_id"], strict=True)]
    for one in by_deposit:
        mine = one.chargebacks[one.chargebacks["business_date"].isin(rows["business_date"])]
        rows = pd.concat([rows, mine], ignore_index=True)
    fees += [0] * (len(rows) - len(fees))
    names += [""] * (len(rows) - len(names))
    net = [int(gross) - fee for gross, fee in zip(rows["amount_minor"], fees, strict=True)]
    return {
        "line_id": numbers.lines.all(rows["line_id"]),
        "batch_id": numbers.batches.all(rows["batch_id"]),
        "mid": numbers.mids.all(rows["mid"]),
        "brand_group": rows["brand_group"],
        "txn_date": rows["business_date"],
        "settle_date": rows["business_date"].where(rows["batch_id"] != "", None),
        "type": rows["kind"],
        "auth_ref": numbers.references.all(names),
        "gross_cents": rows["amount_minor"],
        "fee_cents": fees,
        "net_cents": net,
    }


def _name(line: str, reference: str, linked: Linked) -> str:
    """A reference of its own: its payment's where it was found by one, else one that nothing else has."""
    payment = linked.payments.get(line)
    return f"payment {payment}" if payment else f"line {line}" if reference else ""


def sums(lines: pd.DataFrame, day: str) -> list[list[Any]]:
    """What a date's lines, as rows of the relation, add to each batch: JSON rows of `batches`."""
    found = []
    for batch, rows in lines[lines["batch_id"] > 0].groupby("batch_id"):
        by_type = {name: int(rows["gross_cents"][rows["type"] == name].sum()) for name in SUMS}
        first = rows.iloc[0]
        found.append([batch, int(first["mid"]), first["brand_group"], day, len(rows), *by_type.values(),
                      int(rows["fee_cents"].sum())])  # fmt: skip
    return found


def batches(source: Source, parts: Iterable[Sequence[Any]], numbers: Numbers) -> list[dict[str, Any]]:
    """Batches summed from what each date, in order, adds to them; what is paid out is net of fees unless billed apart.

    A batch that was closed after midnight has lines of two dates and is of the later one.
    """
    gross = {numbers.mids.of(store.mid) for store in source.retailer.stores if store.funding == "gross"}
    found: dict[int, dict[str, Any]] = {}
    for batch, mid, brand_group, day, *counts in parts:
        known = found.setdefault(batch, {"batch_id": batch, "mid": mid, "brand_group": brand_group})
        for name, more in zip(("lines", *SUMS.values(), "fees_cents"), counts, strict=True):
            known[name] = known.get(name, 0) + more
        known["batch_date"] = max(known.get("batch_date", ""), day)
    for one in found.values():
        whole = sum(one[name] for name in SUMS.values())
        one["payout_cents"] = whole - (0 if one["mid"] in gross else one["fees_cents"])
    return list(found.values())
