"""The suite of a close over one business date: its frames as tables, what is expected of each, the published pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from he_sync.flows.books.clearing import clearing
from he_sync.flows.books.ground import Books, date_of
from he_sync.flows.books.look import Looked, look
from he_sync.flows.books.tills import tills
from he_sync.flows.sources import SOURCES
from he_sync.model.contract import Contract
from he_sync.model.deposit import Deposits
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.payment import Payments
from he_sync.model.settlement_line import SettlementLines
from he_sync.model.ticket import Tickets
from he_sync.quality.close_suite.inferred import expected
from he_sync.quality.close_suite.pages import INDEX
from he_sync.quality.close_suite.rules import Met, Rule, Table, equal, nothing, of_contract, once, one_of
from he_sync.quality.close_suite.run import validate
from he_sync.quality.rules.book import FILE as RULES
from he_sync.quality.rules.book import for_entity
from he_sync.reconcile.journals.store_day import STATES
from he_sync.reconcile.output import new_folder
from he_sync.store.books import Journal

FRAMES: dict[str, tuple[type[Contract], str, str]] = {
    "tickets": (Tickets, "ticket_id", "business_date"),
    "payments": (Payments, "payment_id", "business_date"),
    "settlement_lines": (SettlementLines, "line_id", "business_date"),
    "deposits": (Deposits, "deposit_id", "funding_date"),
    "ledger_lines": (LedgerLines, "line_id", "posting_date"),
}
"""Canonical frames with their contract, key and the column that is the date."""
FOLDER = "data_docs"
"""Below the home: a folder of pages by date."""


@dataclass(frozen=True)
class Held:
    """A date held against its expectations: each with its outcome, and where the pages begin."""

    found: tuple[Met, ...]
    index: Path

    @property
    def broken(self) -> tuple[Met, ...]:
        """Expectations that are not met."""
        return tuple(one for one in self.found if not one.success)


def hold(office: Books, day: str, out: Path) -> Held:
    """Run the suite on a date and publish its pages in `out`, replaced as a whole. Raises FixInput as `look` does."""
    made = list(tables(office, date_of(day)))
    with new_folder(out, INDEX) as folder:
        found = validate(made, day, folder)
    return Held(tuple(found), out / INDEX)


def tables(office: Books, day: str) -> Iterator[Table]:
    """Every table of a date that has a row."""
    frames = {name: office.lake.read("canonical", name, day) for name in FRAMES}
    looked = look(office, day)
    for name, (contract, key, dated) in FRAMES.items():
        rules = [*of_contract(contract), one_of(dated, [day], "the close is of one business date"), *_own(office, name)]
        yield from _table(name, frames[name], rules, key)
    yield from _table("ticket_numbers", _numbers(frames["tickets"]), NUMBERS, "public_id")
    yield from _table("ticket_series", _series(office, day), SERIES, "series")
    yield from _table("store_days", _store_days(looked), STORE_DAYS, "store")
    yield from _table("journals", _journals([each for one in looked for each in one.journals]), JOURNALS, "key")
    yield from _table("clearing", _clearing(office, day), CLEARING, "place")
    yield from _table("sources", _sources(office, day), SOURCE_RULES, "entity")


def _table(name: str, rows: pd.DataFrame, rules: Sequence[Rule], key: str) -> Iterator[Table]:
    """The library has nothing to say of a table without rows, and would call that a failure."""
    if len(rows):
        yield Table(name, rows.reset_index(drop=True), tuple(rules), key)


def _own(office: Books, name: str) -> Iterator[Rule]:
    if name == "payments":
        yield one_of("payment_type", office.retailer.by_payment_type, "the profile names every tender")
    if name in {"tickets", "payments", "deposits"}:
        stores = [store.code for store in office.retailer.stores]
        yield one_of("store", stores, "the profile names every store")
    accepted = (expected(rule) for rule in for_entity(office.lake.root.parent / RULES, name))
    yield from (rule for rule in accepted if rule)


def _numbers(tickets: pd.DataFrame) -> pd.DataFrame:
    """Tickets that were not voided, by number, with the sum of their parts."""
    parts = tickets[["subtotal_minor", "tax_minor", "tip_minor", "gift_card_minor"]].sum(axis=1)
    alive = tickets.assign(parts_minor=parts)[~tickets["voided"]]
    return alive[["store", "public_id", "total_minor", "parts_minor"]]


NUMBERS = (
    once(("store", "public_id"), "no ticket number is there twice in a store-day (docs/close.md)"),
    equal("total_minor", "parts_minor", "a ticket's total is the sum of its parts"),
)
SERIES = (nothing("missing", "no ticket number is nowhere (reference accounting 5)"),)
STORE_DAYS = (
    one_of("state", STATES, "the states of a store-day"),
    nothing("off_minor", "tenders equal what was sold, owed and taken for others"),
    one_of("state", ("posted", "signed"), "every store-day of the date may be signed"),
)
JOURNALS = (
    Rule("ColumnValuesToBeUnique", "one journal under a key", {"column": "key"}),
    nothing("sum_minor", "every journal balances to 0.00"),
    Rule("ColumnValuesToBeBetween", "a journal moves something", {"column": "amount_minor", "min_value": 1}),
    one_of("same_hand", (False,), "nobody approves what they prepared"),
    one_of("without_number", (False,), "what is posted has its number in Epicor"),
)
CLEARING = (nothing("differs_minor", "every account equals its open items (reference accounting 4.3, L5)"),)
SOURCE_RULES = (equal("rows", "source_total", "every record was read, by the source's own count"),)


def _series(office: Books, day: str) -> pd.DataFrame:
    found = tills(office, day).numbers
    missing = Counter((one.scope, one.place) for one in found.gaps for _ in range(one.count))
    rows = [
        {"series": f"{one.scope} {one.place} {one.prefix}".strip(), "missing": missing[one.scope, one.place]}
        for one in found.series
    ]
    return pd.DataFrame(rows)


def _store_days(looked: Sequence[Looked]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {"store": one.store, "state": one.standing.state, "off_minor": one.ground.day.off_minor} for one in looked
    ]
    return pd.DataFrame(rows)


def _journals(journals: Sequence[Journal]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "key": one.key,
            "sum_minor": sum(int(line["amount_minor"]) for line in one.body["lines"]),
            "amount_minor": one.amount_minor,
            "same_hand": (one.approved_by or "").lower() == one.prepared_by.lower(),
            "without_number": one.state in {"posted", "reversed"} and not one.erp_number,
        }
        for one in journals
    ]
    return pd.DataFrame(rows)


def _clearing(office: Books, day: str) -> pd.DataFrame:
    found = clearing(office, day).last
    rows = [{"place": f"{one.account} {one.unit}", "differs_minor": one.differs_minor} for one in found]
    return pd.DataFrame(rows)


def _sources(office: Books, day: str) -> pd.DataFrame:
    there = [entity for entity in SOURCES if (office.lake.root / "raw" / entity / day / "current.json").is_file()]
    kept = [office.lake.current("raw", entity, day) for entity in there]
    rows = [(one.entity, one.rows, int(one.facts["source_total"])) for one in kept]
    return pd.DataFrame(rows, columns=["entity", "rows", "source_total"])
