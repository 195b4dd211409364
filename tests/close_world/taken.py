"""What a business date must come to in the ledger, added up from the documents that the stand-ins made on it.

Nothing of the product's is used: no calendar, no matching, no journals. Which date a document belongs to is known from
when it was made, a card's brand from the transaction that the world made of the payment.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from he_sync.sandbox.state import State
from he_sync.sandbox.world.furniture import PAYMENT_TYPES
from he_sync.sandbox.world.randomness import uid

Balance = Counter[str]
"""Cents by account with store (1150|S001), debit positive."""
Document = dict[str, Any]
TENDERS = {"Cash": "1155", "Credit Card": "1150", "Gift Card": "2300", "Store Credit": "2320", "House Account": "1300"}
GOODS = {"Ticket": "4000", "Return": "4010"}
LINES = {"TipLine": "2330", "GiftCardLine": "2300"}
AMEX, TAX, ORDERS = "1151", "2200", "2310"
TYPES = {number: name for name, number in PAYMENT_TYPES.items()}
SALES = ("heartland/sales/tickets", "heartland/sales/orders")


@dataclass(frozen=True)
class Sold:
    """The documents of one date: its sales with their lines and payments, and where each was made."""

    sales: tuple[Document, ...]
    lines: dict[Any, list[Document]]
    payments: dict[Any, list[Document]]
    stores: dict[int, str]
    amex: frozenset[int]

    @property
    def alive(self) -> Iterable[tuple[Document, str]]:
        """Sales that count, with their store."""
        return ((one, self.stores[one["source_location_id"]]) for one in self.sales if not one.get("voided?"))

    @property
    def balance(self) -> Balance:
        """What all stores' journals of the date must have moved; accounts at nothing left out."""
        sums: Balance = Counter()
        for sale, store in self.alive:
            for account, amount in self._moves(sale):
                sums[f"{account}|{store}"] += cents(amount)
        return Counter({account: moved for account, moved in sums.items() if moved})

    def _moves(self, sale: Document) -> Iterable[tuple[str, Decimal]]:
        for paid in self.payments[sale["id"]]:
            account = TENDERS[TYPES[paid["payment_type_id"]]]
            yield AMEX if paid["id"] in self.amex else account, paid["amount"]
            if sale["type"] == "Order":
                yield ORDERS, -paid["amount"]
        if sale["type"] in GOODS:
            yield GOODS[sale["type"]], -sale["subtotal"]
            yield TAX, -sale["tax_total"]
            for line in self.lines[sale["id"]]:
                if line["type"] in LINES:
                    yield LINES[line["type"]], -line["value"]


def sold(state: State, seed: int, first: int, last: int) -> Sold:
    """The sales numbered from `first` until before `last`."""
    found = [one for name in SALES for one in state.select(name, "key >= ? AND key < ?", [first, last])]
    keys = [one["id"] for one in found]
    payments = state.children("heartland/payments", keys)
    lines = state.children("heartland/sales/tickets.lines", keys)
    cards = [one["id"] for some in payments.values() for one in some if one["payment_type_id"] == CARD]
    stores = {one["id"]: f"S{place + 1:03d}" for place, one in enumerate(state.select("heartland/locations"))}
    return Sold(tuple(found), lines, payments, stores, frozenset(_amex(state, seed, cards)))


CARD = PAYMENT_TYPES["Credit Card"]


def _amex(state: State, seed: int, cards: Iterable[int]) -> Iterable[int]:
    names = {f"TRN_{uid(seed, 'transaction', number).replace('-', '')[:24]}": number for number in cards}
    for start in range(0, len(names), 500):
        some = list(names)[start : start + 500]
        marks = ",".join("?" * len(some))
        for one in state.select("processor/transactions", f"key IN ({marks})", some):
            if one["payment_method"]["card"]["brand"] == "AMEX":
                yield names[one["id"]]


def cents(amount: Any) -> int:
    """A wire amount in cents."""
    return int(Decimal(amount or 0) * 100)


def ledger(state: State) -> Balance:
    """What the ledger has by account with store, every line of it."""
    sums: Balance = Counter()
    for one in ledger_by_date(state).values():
        sums.update(one)
    return sums


def ledger_by_date(state: State) -> dict[str, Balance]:
    """What the lines dated on each date move, by account with store."""
    side = "CAST(ROUND(COALESCE(json_extract(doc, '$.{}Amount'), 0) * 100) AS INTEGER)"
    query = (
        f"SELECT SUBSTR(json_extract(doc, '$.JEDate'), 1, 10), json_extract(doc, '$.GLAccount'),"  # noqa: S608 - own names
        f" SUM({side.format('Debit')} - {side.format('Credit')}) FROM {state.table('epicor/GLJrnDtl')} GROUP BY 1, 2"
    )
    found: dict[str, Balance] = defaultdict(Counter)
    for on, account, moved in state._connection().execute(query):
        found[on][account] += moved
    return found
