"""The clearing accounts held against what stands open on them, as far as the close itself knows it.

Items come from what was pulled, matched and found: card payments that no deposit has paid, what a deposit paid that no
payment is behind, what the bank received too little. The balance is the stand-in's ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from he_sync.flows import compare
from he_sync.flows.books import ledger
from he_sync.flows.night import Office
from he_sync.model.contract import records
from he_sync.reconcile.journals.proof import Booked, Item, Proof, prove
from tests.close_world.taken import Balance

SHORT, MISSING = "short_deposit", "missing_deposit"


def clearing(office: Office, days: Iterable[str], booked: Balance) -> tuple[Proof, ...]:
    """A proof for each store's two clearing accounts at the end of the last of these dates."""
    accounts = (office.retailer.accounts.card_clearing, office.retailer.accounts.amex_clearing)
    lines = [Booked(*place.split("|"), "", "", cents, "all") for place, cents in booked.items()]
    return prove(accounts, {}, lines, _open(office, list(days)))


def _open(office: Office, days: list[str]) -> Iterator[Item]:
    """What stands open, one by one."""
    items: Counter[tuple[str, str, str]] = Counter()
    for day in days:
        _taken(office, day, items)
    links = {row.line_id: row.payment_id for day in days for row in records(_read(office, "settlement_links", day))}
    for day in days:
        _paid(office, day, links, items)
        for row in ledger.kept(office, day).direct({office.retailer.accounts.card_clearing}):
            if not row.description.startswith("BANK "):
                items[row.account, row.store, f"entry {row.line_id}"] += int(row.amount_minor)
    for place, cents in items.items():
        if cents:
            yield Item(*place, cents)


def _read(office: Office, name: str, day: str):
    return office.lake.read("canonical", name, day)


def _taken(office: Office, day: str, items: Counter[tuple[str, str, str]]) -> None:
    accounts, payments = compare.accounts(office.lake, day, office.retailer), _read(office, "payments", day)
    for row in records(payments[(payments["kind"] == "card") & ~payments["voided"]]):
        items[min(accounts[row.payment_id]), row.store, f"payment {row.payment_id}"] += int(row.amount_minor)


def _paid(office: Office, day: str, links: dict[str, int], items: Counter[tuple[str, str, str]]) -> None:
    """Deposits that came, line by line; what the bank kept of one stays open under its name."""
    own = office.retailer.accounts
    found = {
        (one.klass, one.subject): one for one in compare.from_frame(office.lake.read("reconcile", "deposits", day))
    }
    for row in records(_read(office, "deposit_lines", day)):
        name = f"deposit {row.deposit_id}"
        if (MISSING, name) not in found:
            payment = links.get(row.line_id)
            item = f"line {row.line_id}" if payment is None else f"payment {payment}"
            account = own.amex_clearing if row.brand_group == "AMEX" else own.card_clearing
            items[account, row.store, item] -= int(row.amount_minor)
    for (klass, name), one in found.items():
        if klass == SHORT:
            account = own.card_clearing if name.endswith("1") else own.amex_clearing
            items[account, one.store, name] -= one.delta_minor
