"""A bookkeeper's reading of the three systems, written without the world's code: what differs, by subject.

Every function reads documents only and returns {subject: (delta_minor, delta_milli)}, ERP or bank side minus POS side.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from he_sync.model.retailer import Retailer
    from he_sync.sandbox.state import Document, State

Found = dict[str, tuple[int, int]]


def truth(state: State) -> list[dict[str, Any]]:
    """The planted differences of all days."""
    rows: list[dict[str, Any]] = json.loads((state.folder / "truth.json").read_text())
    return rows


def cents(amount: Any) -> int:
    """Exact cents of a wire amount."""
    value = Decimal(str(amount)) * 100
    assert value == int(value), amount
    return int(value)


def store_day(stamp: str, zone: str, rollover: int = 4) -> str:
    """Business date of a UTC stamp."""
    local = datetime.fromisoformat(stamp).astimezone(ZoneInfo(zone))
    return (local.date() - timedelta(days=local.hour < rollover)).isoformat()


class Books:
    """All documents of a day, read once."""

    def __init__(self, state: State, retailer: Retailer, day: date) -> None:
        self.state, self.retailer, self.day = state, retailer, day.isoformat()
        self.zones = {store.location_id: store.timezone for store in retailer.stores}
        self.codes = {store.location_id: store.code for store in retailer.stores}
        self.tickets = self._of_day("heartland/sales/tickets", "completed_at")
        self.orders = self._of_day("heartland/sales/orders", "created_at")
        self.heads = {row["id"]: row for row in (*self.tickets, *self.orders)}
        self.lines = state.children("heartland/sales/tickets.lines", [row["id"] for row in self.tickets])
        payments = state.children("heartland/payments", list(self.heads))
        self.payments = [row for rows in payments.values() for row in rows]
        self.types = {row["id"]: row["name"] for row in state.select("heartland/payment_types")}

    def _of_day(self, table: str, field: str) -> list[Document]:
        rows = self.state.select(table)
        return [row for row in rows if store_day(row[field], self.zones[row["source_location_id"]]) == self.day]

    def part(self, ticket: int, kind: str) -> int:
        """Cents of a ticket's lines of one type."""
        return sum(cents(line["value"]) for line in self.lines[ticket] if line["type"] == kind)

    def alive(self) -> list[Document]:
        """Payments that count."""
        return [row for row in self.payments if row["status"] == "complete"]

    def tender(self, payment: Document) -> str:
        """Name of its payment type."""
        return str(self.types[payment["payment_type_id"]])

    def code(self, payment: Document) -> str:
        """The store that took it."""
        return self.codes[self.heads[payment["transaction_id"]]["source_location_id"]]


def orders(books: Books) -> Found:
    """Sales orders against what was sold, tips and gift cards aside."""
    heads = defaultdict(list)
    for row in books.state.select("epicor/OrderHed"):
        heads[row["PONum"]].append(cents(row["OrderAmt"]))
    expected = {f"ticket {row['id']}": (f"HR-T{row['id']}", _sold(books, row)) for row in books.tickets if _pushed(row)}
    expected |= {f"order {row['id']}": (f"HR-O{row['id']}", cents(row["total"])) for row in books.orders}
    off = {subject: sum(heads[po]) - amount for subject, (po, amount) in expected.items()}
    return {subject: (delta, 0) for subject, delta in off.items() if delta}


def _pushed(row: Document) -> bool:
    return row["type"] == "Ticket" and not row["voided?"]


def _sold(books: Books, row: Document) -> int:
    return cents(row["total"]) - books.part(row["id"], "TipLine") - books.part(row["id"], "GiftCardLine")


def customers(books: Books) -> Found:
    """POS customers touched that day that the ERP does not know or knows otherwise."""
    theirs = {row["CustID"]: row for row in books.state.select("epicor/Customer")}
    found: Found = {}
    for row in books.state.select("heartland/customers"):
        if store_day(row["updated_at"], books.retailer.timezone) == books.day:
            erp = theirs.get(f"H{row['id']}")
            ours = (row["name"], row["email"], row["phone_number"])
            if erp is None or (erp["Name"], erp["EMailAddress"], erp["PhoneNum"]) != ours:
                found[f"customer {row['id']}"] = (0, 0)
    return found


def inventory(state: State, retailer: Retailer) -> Found:
    """All stock rows, in thousandths of eaches."""
    items = {row["id"]: row["public_id"] for row in state.select("heartland/items")}
    codes = {store.location_id: store.code for store in retailer.stores}
    factors = {(row["PartNum"], row["UOMCode"]): row["ConvFactor"] for row in state.select("epicor/PartUOM")}
    pos = {
        f"item {items[row['item_id']]} @ {codes[row['location_id']]}": row["qty_on_hand"] - row["qty_committed"]
        for row in state.select("heartland/inventory/values")
    }
    erp = {
        f"item {row['PartNum']} @ {row['WarehouseCode']}": (row.get("OnHandQty", 0) - row.get("ReservedQty", 0))
        * factors[row["PartNum"], row["IUM"]]
        for row in state.select("epicor/PartWhse")
    }
    off = {spot: (pos.get(spot, 0) - erp.get(spot, 0)) * 1000 for spot in pos | erp}
    return {spot: (0, int(delta)) for spot, delta in off.items() if delta}


def settlements(books: Books) -> Found:
    """Card payments against the transactions of that night's batches."""
    waiting = defaultdict(list)
    for row in books.alive():
        if books.tender(row) == "Credit Card":
            waiting[str(row["transaction_id"])].append(row)
    batches = {row["id"] for row in books.state.select("processor/batches") if row["business_date"] == books.day}
    settled = [row for row in books.state.select("processor/transactions") if row["batch_id"] in batches]
    found: Found = {}
    left = [row for row in settled if not _take(waiting.get(row["reference"], []), signed(row))]
    named = [row for row in left if row["reference"]]
    for row in named:
        (payment,) = waiting.pop(row["reference"])
        found[f"payment {payment['id']}"] = (signed(row) - cents(payment["amount"]), 0)
    by_mid = {store.mid: store.code for store in books.retailer.stores}
    for row in left:
        if not row["reference"] and not _take_blank(books, waiting, by_mid[row["system"]["mid"]], signed(row)):
            found[f"transaction {row['id']}"] = (signed(row), 0)
    for payment in (one for rows in waiting.values() for one in rows):
        found[f"payment {payment['id']}"] = (-cents(payment["amount"]), 0)
    return found


def signed(row: Document) -> int:
    """Cents of a transaction, refunds negative."""
    return int(row["amount"]) * (1 if row["type"] == "SALE" else -1)


def _take(payments: list[Document], amount: int) -> bool:
    for payment in payments:
        if cents(payment["amount"]) == amount:
            payments.remove(payment)
            return True
    return False


def _take_blank(books: Books, waiting: dict[str, list[Document]], code: str, amount: int) -> bool:
    """The one payment of that store and amount nobody settled; two of them would be ambiguous."""
    fits = [
        rows
        for rows in waiting.values()
        for payment in rows
        if books.code(payment) == code and cents(payment["amount"]) == amount
    ]
    assert len(fits) < 2, "a blank reference fits two payments"
    return bool(fits) and _take(fits[0], amount)


def deposits(books: Books) -> Found:
    """Deposits of that date against the bank and against contract fees."""
    bank = [row for row in books.state.select("epicor/BankTran") if row["TranDate"][:10] == books.day]
    by_mid = {store.mid: store for store in books.retailer.stores}
    found: Found = {}
    for row in books.state.select("processor/deposits"):
        if row["time_created"] != books.day:
            continue
        store, amount = by_mid[row["system"]["mid"]], int(row["amount"])
        over = -int(row["fees"]["amount"] or 0) - (contract_fees(books, row) if store.funding == "net" else 0)
        named = [line for line in bank if line.get("TranRef") == row["id"]]
        plain = [line for line in bank if not line.get("TranRef") and line["BankAcctID"] == store.bank_account]
        plain = [line for line in plain if cents(line["TranAmt"]) == amount]
        lines = named or plain
        assert len(lines) < 2, "two bank lines for one deposit"
        delta = (cents(lines[0]["TranAmt"]) if lines else 0) - amount - over
        if delta:
            found[f"deposit {row['id']}"] = (delta, 0)
    return found


def contract_fees(books: Books, deposit: Document) -> int:
    """What the contract says about the sales of a deposit, each rounded half up."""
    total = 0
    for row in books.state.select("processor/transactions", "json_extract(doc, '$.deposit_id') = ?", [deposit["id"]]):
        price = books.retailer.terms.fees[row["payment_method"]["card"]["brand"]]
        if row["type"] == "SALE":
            total += (int(row["amount"]) * price.basis_points + 5000) // 10000 + price.per_item_minor
    return total


def ledger(books: Books) -> Found:
    """Postings on each payment's own account by its business date."""
    posted: Counter[tuple[str, str]] = Counter()
    for row in books.state.select("epicor/GLJrnDtl"):
        if row["Description"].startswith("HR PAY ") and row["JEDate"][:10] == books.day:
            amount = cents(row.get("DebitAmount", 0)) - cents(row.get("CreditAmount", 0))
            posted[row["Description"][7:], row["GLAccount"]] += amount
    accounts = {tender.payment_type: tender.account for tender in books.retailer.tenders}
    amex = _amex(books)
    found: Found = {}
    for row in books.alive():
        natural = "1151" if row["id"] in amex else accounts[books.tender(row)]
        delta = posted[str(row["id"]), f"{natural}|{books.code(row)}"] - cents(row["amount"])
        if delta:
            found[f"payment {row['id']}"] = (delta, 0)
    return found


def _amex(books: Books) -> set[int]:
    """Payments whose settled card is Amex: by reference and amount, else by store and amount."""
    by_mid = {store.mid: store.code for store in books.retailer.stores}
    cards = [row for row in books.alive() if books.tender(row) == "Credit Card"]
    found = set()
    for row in books.state.select("processor/transactions"):
        if row["payment_method"]["card"]["brand"] == "AMEX":
            for payment in cards:
                same = cents(payment["amount"]) == signed(row)
                ours = row["reference"] == str(payment["transaction_id"])
                blank = not row["reference"] and by_mid[row["system"]["mid"]] == books.code(payment)
                near = abs(_utc(payment["completed_at"]) - _utc(row["time_created"])) < timedelta(minutes=1)
                if same and (ours or (blank and near)):
                    found.add(payment["id"])
    return found


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
