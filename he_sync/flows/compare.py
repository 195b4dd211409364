"""The comparisons of a business date: frames from the lake in, typed differences out, one leg a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, fields

import pandas as pd

from he_sync.connect import strict_json
from he_sync.connect.systems import Systems
from he_sync.mapping import epicor
from he_sync.model.contract import frame
from he_sync.model.difference import Difference
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.retailer import Retailer
from he_sync.reconcile import customers, deposits, inventory, ledger, orders, settlements
from he_sync.store.lake import Lake

ASKED_AT_ONCE = 100
LEGS = ("orders", "customers", "inventory", "settlements", "deposits", "ledger")
INPUTS: dict[str, tuple[str, ...]] = {
    "orders": ("tickets", "orders", "erp_orders"),
    "customers": ("customers",),
    "inventory": ("stock_levels",),
    "settlements": ("payments", "settlement_lines"),
    "deposits": ("deposits", "deposit_lines", "bank_lines"),
    "ledger": ("payments", "ledger_lines", "settlement_lines", "ledger_elsewhere", "settlement_links"),
}


def compare(leg: str, lake: Lake, day: str, retailer: Retailer) -> list[Difference]:
    """Differences of one leg of a business date, in a stable order. Settlements also write `settlement_links`."""
    found = COMPARISONS[leg](lake, day, retailer)
    return sorted(found, key=lambda difference: (difference.klass, difference.subject, difference.evidence))


def _frame(lake: Lake, day: str, name: str) -> pd.DataFrame:
    return lake.read("canonical", name, day)


def _orders(lake: Lake, day: str, retailer: Retailer) -> list[Difference]:
    tickets, taken, booked = (_frame(lake, day, name) for name in INPUTS["orders"])
    return orders.compare(day, tickets, taken, booked, retailer.epicor)


def _customers(lake: Lake, day: str, _retailer: Retailer) -> list[Difference]:
    both = _frame(lake, day, "customers")
    return customers.compare(day, both[both["side"] == "heartland"], both[both["side"] == "epicor"])


def _inventory(lake: Lake, day: str, retailer: Retailer) -> list[Difference]:
    both = _frame(lake, day, "stock_levels")
    owners: dict[str, str] = {store.code: store.stock_owner for store in retailer.stores}
    return inventory.compare(day, both[both["side"] == "heartland"], both[both["side"] == "epicor"], owners)


def _settlements(lake: Lake, day: str, _retailer: Retailer) -> list[Difference]:
    settled = settlements.compare(day, _frame(lake, day, "payments"), _frame(lake, day, "settlement_lines"))
    lake.write("canonical", "settlement_links", day, settled.links)
    return settled.differences


def _deposits(lake: Lake, day: str, retailer: Retailer) -> list[Difference]:
    made, lines, bank = (_frame(lake, day, name) for name in INPUTS["deposits"])
    return deposits.compare(day, made, lines, bank, retailer.terms)


def _ledger(lake: Lake, day: str, retailer: Retailer) -> list[Difference]:
    payments, lines = _frame(lake, day, "payments"), _frame(lake, day, "ledger_lines")
    known = frozenset(int(number) for number in _frame(lake, day, "payments_elsewhere")["payment_id"])
    elsewhere = ledger.Elsewhere(_frame(lake, day, "ledger_elsewhere"), known)
    found = ledger.compare(day, payments, lines, elsewhere, accounts(lake, day, retailer))
    if retailer.epicor.ledger == "store_days":
        # A payment has no posting of its own there: whether its store-day stands is the close's question.
        return [one for one in found if one.klass != "missing_gl"]
    return found


def accounts(lake: Lake, day: str, retailer: Retailer) -> dict[int, frozenset[str]]:
    """The accounts each payment of the day may stand on."""
    names = ("payments", "settlement_links", "settlement_lines")
    payments, links, lines = (_frame(lake, day, name) for name in names)
    return ledger.expected_accounts(payments, links, lines, retailer)


COMPARISONS: dict[str, Callable[[Lake, str, Retailer], list[Difference]]] = {
    "orders": _orders,
    "customers": _customers,
    "inventory": _inventory,
    "settlements": _settlements,
    "deposits": _deposits,
    "ledger": _ledger,
}


def find_elsewhere(systems: Systems, lake: Lake, day: str, retailer: Retailer) -> int:
    """Ask both sides before anything is called missing or an orphan; gives how many postings stand on other dates.

    Epicor is asked for postings of the day's unposted payments, Heartland for payments that the day's ledger names.
    """
    payments, lines = _frame(lake, day, "payments"), _frame(lake, day, "ledger_lines")
    single = retailer.epicor.ledger == "payments"
    texts = [f"HR PAY {number}" for number in ledger.unposted(payments, lines)] if single else []
    found = systems.epicor.read_any("Erp.BO.GLJrnDtlSvc", "GLJrnDtls", "Description", texts) if texts else []
    rows = [
        row
        for document in found
        for _, row in epicor.ledger_line(strict_json.loads(strict_json.dumps(document)), retailer)
    ]
    rows = [row for row in rows if row["posting_date"] != day]
    lake.write("canonical", "ledger_elsewhere", day, frame(LedgerLines, rows))
    known = _living_payments(systems, ledger.strangers(payments, lines))
    lake.write("canonical", "payments_elsewhere", day, pd.DataFrame({"payment_id": pd.Series(known, dtype="int64")}))
    return len(rows)


def _living_payments(systems: Systems, numbers: list[int]) -> list[int]:
    """Which of these payments exist at the POS and are not voided."""
    found = []
    for start in range(0, len(numbers), ASKED_AT_ONCE):
        asked = {"id": {"$in": numbers[start : start + ASKED_AT_ONCE]}}
        for page in systems.heartland.walk("payments", asked, only=("id", "status")):
            found += [int(row["id"]) for row in page if row["status"] != "voided"]
    return found


def as_frame(differences: list[Difference]) -> pd.DataFrame:
    """Differences as a frame, integers kept."""
    columns = {item.name: "int64" if item.type == "int" else "str" for item in fields(Difference)}
    rows = [asdict(difference) for difference in differences]
    return pd.DataFrame({name: pd.Series([row[name] for row in rows], dtype=kind) for name, kind in columns.items()})


def from_frame(rows: pd.DataFrame) -> list[Difference]:
    """The reverse of `as_frame`."""
    return [Difference(**{str(key): value for key, value in row.items()}) for row in rows.to_dict("records")]
