"""Completeness of a date over what the night pulled: POS against ERP by store, with what is missing by name."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.retailer import Retailer
from he_sync.reconcile.clearing.words import OURS
from he_sync.reconcile.completeness import Item, Proof, Side, freshness, prove
from he_sync.reconcile.customers import FIELDS, Known, plain
from he_sync.reconcile.orders import sales
from he_sync.store.lake import Lake, Snapshot

INPUTS = ("tickets", "orders", "erp_orders", "payments", "ledger_lines", "customers", "stock_levels")


@dataclass(frozen=True)
class Completeness:
    """A date's proofs, and the line that sums up what the ERP lacks."""

    proofs: tuple[Proof, ...]
    freshness: str
    snapshot: Snapshot

    @property
    def incomplete(self) -> tuple[Proof, ...]:
        """Store-days of which the two sides do not hold the same."""
        return tuple(proof for proof in self.proofs if not proof.complete)


def run(lake: Lake, day: str, retailer: Retailer) -> Completeness:
    """Prove a date and keep the proof. Raises FixInput where the date was not pulled."""
    frames = {name: lake.read("canonical", name, day) for name in (*INPUTS, "ledger_elsewhere")}
    proofs = (
        *prove("orders", _sold(frames, retailer), booked(frames["erp_orders"])),
        *prove("sales", _taken(frames), _posted(frames, day, retailer)),
        *prove("customers", *_people(frames["customers"])),
        *prove("stock levels", _stock(frames, "heartland"), _stock(frames, "epicor")),
    )
    kept = lake.write("reconcile", "completeness", day, _frame(proofs))
    return Completeness(proofs, freshness(proofs, "Epicor", retailer.currency), kept)


def last_day(lake: Lake) -> str | None:
    """The last date that was proven; None where none was."""
    return max(
        (path.parent.name for path in (lake.root / "reconcile" / "completeness").glob("*/current.json")), default=None
    )


def kept(lake: Lake, day: str) -> tuple[Proof, ...]:
    """The proofs of a date as they were kept; none where it was not proven."""
    if not (lake.root / "reconcile" / "completeness" / day / "current.json").is_file():
        return ()
    return tuple(_proof(row) for row in records(lake.read("reconcile", "completeness", day)))


def freshness_of(proofs: tuple[Proof, ...], currency: str) -> str:
    """The line that sums up what the ERP lacks."""
    return freshness(proofs, "Epicor", currency)


def _sold(frames: dict[str, pd.DataFrame], retailer: Retailer) -> Iterator[Item]:
    for sale in sales(frames["tickets"], frames["orders"], retailer.epicor).values():
        yield Item(sale.subject, sale.store, sale.amount_minor)


def booked(orders: pd.DataFrame) -> Iterator[Item]:
    """Sales orders that stand for a sale of the POS; voided ones and those born in the ERP prove nothing."""
    for row in records(orders[(orders["source"] != "") & ~orders["voided"]]):
        yield Item(row.source, "", row.total_minor)


def _taken(frames: dict[str, pd.DataFrame]) -> Iterator[Item]:
    """Each tender; what people ask for is "card sales"."""
    payments = frames["payments"]
    for row in records(payments[~payments["voided"]]):
        yield Item(f"payment {row.payment_id}", row.store, int(row.amount_minor), group=row.kind.replace("_", " "))


def _posted(frames: dict[str, pd.DataFrame], day: str, retailer: Retailer) -> Iterator[Item]:
    """Tenders as the ledger has them: one by one, or in sums where the close posts store-days."""
    return _in_sums(frames, day, retailer) if retailer.epicor.ledger == "store_days" else _by_payment(frames)


def _in_sums(frames: dict[str, pd.DataFrame], day: str, retailer: Retailer) -> Iterator[Item]:
    """Tenders that a store-day's journals of the date add up to, in the order in which they were taken.

    Those behind the posted sum came late and are not there; a sum that no number of tenders makes proves none.
    """
    own = retailer.accounts
    kinds: dict[str, str] = {tender.account: tender.kind for tender in retailer.tenders}
    kinds |= {own.card_clearing: "card", own.amex_clearing: "card"}
    posted: dict[tuple[str, str], int] = defaultdict(int)
    for row in records(frames["ledger_lines"]):
        named = OURS.match(row.description)
        if named and named[2] == day and named[3] == row.account and row.account in kinds:
            posted[row.store, kinds[row.account].replace("_", " ")] += int(row.amount_minor)
    taken: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in sorted(_taken(frames), key=lambda one: int(one.subject.split(" ")[1])):
        taken[item.store, item.group].append(item)
    for place, items in taken.items():
        sums = list(accumulate(item.amount_minor for item in items))
        there = max((number for number, cents in enumerate(sums, 1) if cents == posted[place]), default=0)
        yield from items[:there]


def _by_payment(frames: dict[str, pd.DataFrame]) -> Iterator[Item]:
    """A payment as the ledger has it, of whatever date: the net of its postings that no other takes back.

    Postings that cancel each other out are no posting.
    """
    net: dict[int, int] = defaultdict(int)
    places: dict[int, str] = {}
    for row in records(pd.concat([frames["ledger_lines"], frames["ledger_elsewhere"]], ignore_index=True)):
        if row.payment_id > 0:
            net[row.payment_id] += int(row.amount_minor)
            places.setdefault(row.payment_id, row.store)
    for payment, cents in sorted(net.items()):
        if cents:
            yield Item(f"payment {payment}", places[payment], cents)


def _people(customers: pd.DataFrame) -> tuple[list[Item], list[Item]]:
    """POS customers that changed on the date, and as the ERP has them; customers belong to no store."""
    known = Known(customers[customers["side"] == "epicor"])
    ours, theirs = [], []
    for row in records(customers[customers["side"] == "heartland"]):
        subject = f"customer {row.customer_id}"
        there = known.by_link.get(row.link) or known.by_link.get(known.twin(row))
        ours.append(Item(subject, "", content=_said(row)))
        if there:
            theirs.append(Item(subject, "", content=_said(there)))
    return ours, theirs


def _said(row: Any) -> str:
    return repr([plain(field, getattr(row, field)) for field in FIELDS])


def _stock(frames: dict[str, pd.DataFrame], side: str) -> Iterator[Item]:
    levels = frames["stock_levels"]
    for row in records(levels[levels["side"] == side]):
        if row.available_milli:
            yield Item(f"item {row.sku} @ {row.store}", row.store, content=str(row.available_milli))


COLUMNS = (
    "entity",
    "store",
    "source_count",
    "source_minor",
    "source_content",
    "target_count",
    "target_minor",
    "target_content",
    "missing",
    "extra",
    "other",
    "missing_minor",
)
SIDES, NAMED = ("source", "target"), ("missing", "extra", "other")


def _frame(proofs: tuple[Proof, ...]) -> pd.DataFrame:
    rows = [
        (
            one.entity,
            one.store,
            one.source.count,
            one.source.amount_minor,
            one.source.content,
            one.target.count,
            one.target.amount_minor,
            one.target.content,
            *("\n".join(names) for names in (one.missing, one.extra, one.other)),
            json.dumps(one.missing_minor, sort_keys=True),
        )
        for one in proofs
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _proof(row: Any) -> Proof:
    ours, theirs = (Side(*(getattr(row, f"{name}_{what}") for what in ("count", "minor", "content"))) for name in SIDES)
    missing, extra, other = (tuple(filter(None, getattr(row, name).split("\n"))) for name in NAMED)
    return Proof(row.entity, row.store, ours, theirs, missing, extra, other, json.loads(row.missing_minor))
