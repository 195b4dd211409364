"""Collects a history: the client's log, our store read with plain SQL, the sandbox's oracle ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import MetaData, Table, inspect, select

from he_sync.sandbox.state import State
from he_sync.store.database import Store
from tests.exact.checkers import Ack, Amount, Applied, Arrival, Deed, Document, Entry, History
from tests.exact.shop import Sold

CENTS = 100
RETURNS, MEMOS = "epicor/RMAHead", "epicor/InvcHead"
NAMED = {
    "epicor/OrderHed": ("sales order", "OrderNum", "PONum", "CustNum"),
    "epicor/Customer": ("customer", "CustNum", "CustID", ""),
    "epicor/RMAHead": ("return", "RMANum", "XRefRMANumber", "CustNum"),
}
PARTS = {
    "epicor/OrderDtl": ("line", "sales order", "OrderNum"),
    "epicor/OHOrderMsc": ("charge", "sales order", "OrderNum"),
    "epicor/OrderRel": ("release", "sales order", "OrderNum"),
    "epicor/RMADtl": ("returned line", "return", "RMANum"),
}
REFERENCES = {"create_customer": "customer", "update_customer": "customer", "create_rma": "return"}
"""What the number is that a confirmed effect carries; a sales order where it is not named."""


@dataclass
class Log:
    """What the client knows: what it sold, what was acknowledged, which amounts were right in which order."""

    sold: list[Sold] = field(default_factory=list)
    acknowledged: list[Ack] = field(default_factory=list)
    versions: dict[str, dict[int, int]] = field(default_factory=dict)
    """By PONum: amount in minor units to version."""
    actions: list[tuple[str, str]] = field(default_factory=list)
    """What a person did: the audit log's words and the subject."""


def collect(  # noqa: PLR0913 - the three witnesses, and what must not be found in them
    store: Store,
    state: State,
    log: Log,
    now: datetime,
    *,
    texts: Iterable[tuple[str, str]] = (),
    secrets: Iterable[str] = (),
    cards: Iterable[str] = (),
) -> History:
    """The history of a run that has come to rest at `now`."""
    rows = _tables(store)
    written = state.oracle("origin = 'api' AND collection LIKE 'epicor/%'")
    deeds = tuple(_deeds(rows["effects"]))
    return History(
        now,
        acknowledged=tuple(_acknowledged(log)),
        arrivals=tuple(_arrivals(rows)),
        deeds=deeds,
        documents=tuple(_documents(written)),
        applied=tuple(_applied(written, log.versions)),
        asked=tuple(
            one.amount for one in log.sold if one.owed in {ack.owed for ack in log.acknowledged} and not one.void
        ),
        booked=tuple(_booked(state, log.sold)),
        audit=tuple(
            Entry(row["seq"], row["action"], row["subject"], row["previous"], row["hash"]) for row in rows["audit"]
        ),
        actions=(*log.actions, *(("effect confirmed", deed.key) for deed in deeds if deed.state == "confirmed")),
        texts=(*_texts(rows), *texts),
        secrets=tuple(secrets),
        cards=tuple(cards),
        reported=tuple(_reported(state)),
        known=_known(state, written),
    )


def _tables(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, read without the product's own code."""
    metadata, found = MetaData(), {}
    with store.begin() as connection:
        for name in inspect(connection).get_table_names():
            table = Table(name, metadata, autoload_with=connection)
            query = select(table).order_by(*table.primary_key.columns)
            found[name] = [dict(row._mapping) for row in connection.execute(query)]
    return found


def _acknowledged(log: Log) -> Iterator[Ack]:
    """A cancelled order may have been written or not: it owes nothing."""
    void = {one.owed for one in log.sold if one.void}
    for ack in log.acknowledged:
        yield replace(ack, owed="") if ack.owed in void else ack


def _arrivals(rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[Arrival]:
    letters = {row["record"] for row in rows["dead_letters"] if row["resolved_at"] is None}
    for row in rows.get("inbox", []):
        names = ("source", "topic", "event_id", "entity", "state")
        yield Arrival(*(row[name] for name in names), letter=row["entity"] in letters)


def _deeds(rows: list[dict[str, Any]]) -> Iterator[Deed]:
    from he_sync.store.tables import EPOCH, MICROSECOND  # noqa: PLC0415 - how an instant is stored

    for row in rows:
        ends = [row[name] for name in ("lease_until", "not_before") if row[name] is not None]
        deadline = EPOCH + max(ends) * MICROSECOND if ends else None
        kind = REFERENCES.get(row["kind"], "sales order")
        reference = f"{kind} {row['reference']}" if row["reference"] else ""
        yield Deed(row["key"], row["kind"], row["entity"], row["state"], reference, row["depends_on"] or "", deadline)


def _documents(written: list[dict[str, Any]]) -> Iterator[Document]:
    for row in written:
        if row["operation"] != "insert":
            continue
        after = row["after"]
        if row["collection"] in NAMED:
            kind, number, external, parent = NAMED[row["collection"]]
            hangs_on = f"customer {after[parent]}" if parent else ""
            yield Document(kind, f"{kind} {after[number]}", str(after.get(external) or ""), hangs_on)
        elif row["collection"] in PARTS:
            kind, whole, number = PARTS[row["collection"]]
            yield Document(kind, f"{kind} {row['key']}", "", f"{whole} {after[number]}")


def _applied(written: list[dict[str, Any]], versions: Mapping[str, Mapping[int, int]]) -> Iterator[Applied]:
    """The amounts that an order took on its way; what is no version's amount is a step between two."""
    for row in written:
        if row["collection"] == "epicor/OrderHed" and row["after"]:
            external = str(row["after"].get("PONum") or "")
            version = versions.get(external, {}).get(_minor(row["after"].get("OrderAmt", 0)))
            if version is not None:
                yield Applied(external, version)


def _booked(state: State, sold: Iterable[Sold]) -> Iterator[Amount]:
    """What the living sales orders of our sales come to, and what the memos of their returns give back."""
    by_number = {one.owed: one for one in sold}
    for row in state.select("epicor/OrderHed"):
        sale = by_number.get(str(row.get("PONum") or ""))
        if sale and not row.get("VoidOrder"):
            yield replace(sale.amount, minor=_minor(row["OrderAmt"]))
    returned = {row["RMANum"]: by_number.get(str(row.get("XRefRMANumber") or "")) for row in state.select(RETURNS)}
    for row in state.select(MEMOS):
        if sale := returned.get(row.get("RMANum")):
            yield replace(sale.amount, minor=_minor(row["InvoiceAmt"]))


def _reported(state: State) -> Iterator[tuple[str, str]]:
    """The ERP's number as the POS shows it."""
    for row in state.select("heartland/sales/orders"):
        if number := (row.get("custom") or {}).get("epicor_order"):
            yield f"order {row['id']}", f"sales order {number}"


def _known(state: State, written: list[dict[str, Any]]) -> frozenset[str]:
    """Documents of the world, which nobody wrote through the API."""
    ours = {(row["collection"], row["key"]) for row in written if row["operation"] == "insert"}
    return frozenset(
        f"{kind} {row[number]}"
        for collection, (kind, number, _, _) in NAMED.items()
        for row in state.select(collection)
        if (collection, f"{row['Company']}~{row[number]}") not in ours
    )


def _texts(rows: Mapping[str, list[dict[str, Any]]]) -> Iterator[tuple[str, str]]:
    for name, some in rows.items():
        yield f"table {name}", "\n".join(str(value) for row in some for value in row.values() if isinstance(value, str))


def _minor(amount: Any) -> int:
    return int(Decimal(str(amount)) * CENTS)
