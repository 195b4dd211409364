"""The clearing proof over what was pulled: every date from the first one without a gap, up to one of them.

Cards come from payments, their settlement lines and deposits; what is owed from tickets and payments; disputes and
reserves from deposits. The processor states no reserve by itself (its deposit has no field for one): what it pays less
than its own parts come to is taken as held back, what it pays more as released, one tranche a deposit.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import pandas as pd

from he_sync.flows import compare
from he_sync.flows.books.ground import Books
from he_sync.model.contract import records
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.reconcile.clearing.arrivals import arrivals
from he_sync.reconcile.clearing.booked import Meant, booked
from he_sync.reconcile.clearing.moves import TRANCHES, Known, moves
from he_sync.reconcile.clearing.prove import Clearing, prove, proven
from he_sync.store.lake import Lake

WINDOW = 62
"""Dates proven together at most, as in the chain: what was sold before them opens the accounts."""
FRAMES = (
    *("tickets", "settlement_lines", "settlement_links", "deposits", "deposit_lines", "bank_lines"),
    "payments_elsewhere",
)


def clearing(office: Books, until: str, first: str = "") -> Clearing:
    """Prove the dates up to `until`. Raises FixInput where one of them was not pulled and compared."""
    dates = tuple(_dates(office.lake, until, first))
    frames = {name: pd.concat([office.lake.read("canonical", name, day) for day in dates]) for name in FRAMES}
    payments = pd.concat([_payments(office, day) for day in dates], ignore_index=True)
    known = _known(frames, payments.drop_duplicates("payment_id"))
    ours = set(known.payments["payment_id"])
    meant = Meant(
        {row.payment_id: (row.business_date, row.store) for row in records(known.payments)},
        frozenset(frames["payments_elsewhere"]["payment_id"]) - ours,
        {row.deposit_id: row.store for row in records(known.deposits)},
        known.arrived,
        office.retailer.accounts.bank,
    )
    accounts = accounts_of(office.retailer)
    lines = booked(_ledger_known(office.lake, dates), meant, accounts, dates[0])
    found = moves(known, dates[0], office.retailer)
    return prove(found, lines, dates, office.retailer.accounts, office.retailer.currency)


def accounts_of(retailer: Retailer) -> tuple[str, ...]:
    """The accounts of a profile that are proven."""
    return proven(retailer.accounts, {one.account for one in retailer.tenders if one.kind == "card"})


def _dates(lake: Lake, until: str, first: str) -> list[str]:
    """Every date from `first`, or from the earliest that was pulled without a gap."""
    if not _there(lake, until):
        raise FixInput(f"{until} was not pulled and compared; run he-sync close {until}")
    found, day = [until], date.fromisoformat(until)
    while found[-1] != first and len(found) < WINDOW and _there(lake, (day := day - timedelta(days=1)).isoformat()):
        found.append(day.isoformat())
    if first and found[-1] != first:
        raise FixInput(f"the dates from {first} to {until} were not all pulled; without a gap they begin {found[-1]}")
    return found[::-1]


def _there(lake: Lake, day: str) -> bool:
    names = (*FRAMES, "payments", "ledger_lines", "ledger_elsewhere")
    return all((lake.root / "canonical" / name / day / "current.json").is_file() for name in names)


def _payments(office: Books, day: str) -> pd.DataFrame:
    """A date's payments with the account that their store-day books them on; those of voided tickets left out."""
    known = compare.accounts(office.lake, day, office.retailer)
    rows = office.lake.read("canonical", "payments", day)
    rows = rows[~rows["voided"]].reset_index(drop=True)
    own = [office.retailer.by_payment_type[name].account for name in rows["payment_type"]]
    accounts = [
        next(iter(known[number])) if len(known[number]) == 1 else default
        for number, default in zip(rows["payment_id"], own, strict=True)
    ]
    return rows.assign(account=pd.Series(accounts, index=rows.index, dtype="str"))


def _known(frames: dict[str, pd.DataFrame], payments: pd.DataFrame) -> Known:
    tickets, links = frames["tickets"].drop_duplicates("ticket_id"), frames["settlement_links"]
    # A line of a date that a deposit paid later knows the deposit only where the deposit's own pull has it.
    lines = pd.concat([frames["deposit_lines"], frames["settlement_lines"]]).drop_duplicates("line_id")
    deposits = frames["deposits"].drop_duplicates("deposit_id")
    arrived = arrivals(deposits, frames["bank_lines"])
    return Known(
        payments,
        tickets[~tickets["voided"]],
        links.drop_duplicates("line_id"),
        lines[lines["deposit_id"] != ""].reset_index(drop=True),
        deposits,
        arrived,
        _tranches(deposits),
    )


def _tranches(deposits: pd.DataFrame) -> pd.DataFrame:
    parts = ("sales_minor", "refunds_minor", "chargebacks_minor", "fees_minor")
    held = deposits[list(parts)].sum(axis=1) - deposits["amount_minor"]
    found = deposits.assign(amount_minor=held, tranche=deposits["deposit_id"])
    return found[held != 0][list(TRANCHES)]


READS = (("canonical", "ledger_lines"), ("canonical", "ledger_elsewhere"), ("close", "ledger"))
"""Of the ledger: the night's, the night's of other dates, the close's since."""


def ledger_of(lake: Lake, dates: Sequence[str]) -> pd.DataFrame:
    """The lines up to the last date. A date's are those of its last read, and what reads of others found since."""
    rows = _ledger_known(lake, dates)
    return rows[rows["posting_date"] <= dates[-1]]


def _ledger_known(lake: Lake, dates: Sequence[str]) -> pd.DataFrame:
    """The same with what is known to be dated later: postings of these dates' payments and store-days."""
    reads, last_read = [], dict.fromkeys(dates, 0)
    for day in dates:
        for stage, name in READS:
            pointer = lake.root / stage / name / day / "current.json"
            if pointer.is_file():
                at = pointer.stat().st_mtime_ns
                reads.append(lake.read(stage, name, day).assign(read_at=at))
                last_read[day] = max(last_read[day], at if name != "ledger_elsewhere" else 0)
    rows = pd.concat(reads).sort_values("read_at", ascending=False, kind="stable")
    since = rows["posting_date"].map(last_read).fillna(0)
    return rows[rows["read_at"] >= since].drop_duplicates("line_id")


def of(found: Clearing, accounts: Collection[str], stores: Collection[str]) -> Clearing:
    """The part of a proof that concerns some accounts and stores; none given: all."""

    def wanted(account: str, unit: str) -> bool:
        return (not accounts or account in accounts) and (not stores or unit in stores)

    mine = [wanted(*place) for place in zip(found.by_hand["account"], found.by_hand["unit"], strict=True)]
    return Clearing(
        found.dates,
        tuple(one for one in found.rolled if wanted(one.account, one.unit)),
        tuple(one for one in found.items if wanted(one.account, one.unit)),
        tuple(one for one in found.causes if wanted(one.gap.account, one.gap.unit)),
        found.by_hand[pd.Series(mine, index=found.by_hand.index, dtype="bool")],
    )
