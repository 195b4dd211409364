"""What is polled: one record a source, with how its rows are walked and what entity and version a row is.

Rows come by rising place: (updated_at, id) of Heartland, SysRevID of Epicor. Neither is the order in which rows become
visible: a transaction may commit behind a later place, so every sweep begins a while before the newest place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from he_sync.connect.epicor_query import in_list
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.heartland_query import filtered
from he_sync.connect.systems import Systems
from he_sync.model.calendar import read_instant
from he_sync.model.errors import BrokenPromise
from he_sync.model.retailer import Retailer

Row = Mapping[str, Any]
PAGE = 500
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Ask:
    """Whom a poll asks."""

    systems: Systems
    retailer: Retailer
    now: datetime


@dataclass(frozen=True)
class Seen:
    """One row as a poll found it. `place` is where a walk goes on behind it; both texts sort."""

    entity: str
    topic: str
    version: str
    place: str


@dataclass(frozen=True)
class Source:
    """One polled collection.

    Attributes:
        name: names its cursors, e.g. "heartland/sales/tickets".
        announced: whether its changes are announced by events; only then can one be missed.
        pages: rows behind a place, page by page.
        newest: the place from which a source begins that was never polled.
        timed: whether versions are instants.
    """

    name: str
    announced: bool
    pages: Callable[[Ask, str], Iterator[Sequence[Seen]]]
    newest: Callable[[Ask], str]
    timed: bool = True

    @property
    def system(self) -> str:
        """Whose it is."""
        return self.name.partition("/")[0]


# Heartland


def version_of(row: Row) -> str:
    """updated_at as the receiver writes versions: UTC, microseconds, so that texts sort by time."""
    return read_instant(str(row.get("updated_at"))).isoformat(timespec="microseconds")


def _place(row: Row) -> str:
    return f"{version_of(row)}|{int(row['id']):020d}"


def heartland(path: str, entity: str, topic: Callable[[Row], str], *, announced: bool = True) -> Source:
    """A collection of Heartland; `topic` gives "" for rows that are no news."""

    def pages(ask: Ask, place: str) -> Iterator[Sequence[Seen]]:
        for rows in _changed(ask.systems.heartland, path, place):
            yield [Seen(f"{entity} {row['id']}", topic(row), version_of(row), _place(row)) for row in rows]

    return Source(f"heartland/{path}", announced, pages, lambda ask: _instant_place(ask.now))


def _instant_place(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).isoformat(timespec='microseconds')}|{0:020d}"


def _changed(client: HeartlandClient, path: str, place: str) -> Iterator[list[Row]]:
    """Rows behind a place by rising (updated_at, id), always the first page of a narrower question.

    Numbered pages would lose rows: one that is changed while we read moves to the end and pulls all others forward.
    """
    while True:
        moment = read_instant(place.partition("|")[0])
        rows = _first(client, path, {"updated_at": {"$gte": moment.isoformat(timespec="seconds")}})
        fresh = [row for row in rows if _place(row) > place]
        if not fresh and len(rows) >= PAGE:
            fresh = _rest_of_second(client, path, place, moment)
            if not fresh:
                place = _instant_place(moment.replace(microsecond=0) + SECOND)
                continue
        if not fresh:
            return
        if wrong := next((two for one, two in pairwise(fresh) if _place(two) <= _place(one)), None):
            raise BrokenPromise(f"heartland: {path} is not sorted as asked at {wrong['id']}; no poll of it can end")
        yield fresh
        place = _place(fresh[-1])


def _rest_of_second(client: HeartlandClient, path: str, place: str, moment: datetime) -> list[Row]:
    """More rows than a page were changed in one second, by an import for example: they go by id."""
    second = moment.replace(microsecond=0)
    span = {"$gte": second.isoformat(timespec="seconds"), "$lt": (second + SECOND).isoformat(timespec="seconds")}
    asked = {"updated_at": span, "id": {"$gt": int(place.partition("|")[2])}}
    return [row for row in _first(client, path, asked) if _place(row) > place]


def _first(client: HeartlandClient, path: str, asked: dict[str, Any]) -> list[Row]:
    """The first page of a question by (updated_at, id)."""
    params = [*filtered(asked), ("sort[]", "updated_at"), ("sort[]", "id")]
    walk = client.walk_pages(path, params, page_size=PAGE)
    return list(next(walk, []))


def _made_or_changed(created: str, updated: str) -> Callable[[Row], str]:
    return lambda row: created if row.get("created_at") == row.get("updated_at") else updated


def _ticket(row: Row) -> str:
    done = row.get("completed?", row.get("status") == "complete")
    return "sales_transaction_completed" if done else ""


HEARTLAND = (
    heartland("sales/tickets", "ticket", _ticket),
    heartland("sales/orders", "order", lambda _: "sales_order", announced=False),
    heartland("customers", "customer", _made_or_changed("customer_created", "customer_updated")),
    heartland("items", "item", _made_or_changed("item_created", "item_updated")),
)
"""Of sales orders Heartland announces nothing: the poll is how they come, unless the shop tells us itself."""


# Epicor


def revision_of(*rows: Row) -> str:
    """The highest SysRevID of some rows as the receiver writes versions."""
    return f"{max(int(row.get('SysRevID') or 0) for row in rows):020d}"


@dataclass(frozen=True)
class Set:
    """A header set of Epicor and what its rows are about."""

    service: str
    name: str
    entity: str
    column: str
    topic: str

    def seen(self, row: Row, *children: Row) -> Seen:
        """A row, in the version of its newest child."""
        return Seen(f"{self.entity} {row[self.column]}", self.topic, revision_of(row, *children), revision_of(row))


def epicor(table: Set, filter_of: Callable[[Ask], str] = lambda _: "") -> Source:
    """A header set of Epicor by SysRevID."""

    def pages(ask: Ask, place: str) -> Iterator[Sequence[Seen]]:
        walk = ask.systems.epicor.walk(
            table.service, table.name, filter=filter_of(ask), select=(table.column,), page_size=PAGE, start=int(place)
        )
        for rows in walk:
            yield [table.seen(row) for row in rows]

    def newest(ask: Ask) -> str:
        return f"{ask.systems.epicor.newest(table.service, table.name, filter_of(ask)):020d}"

    return Source(f"epicor/{table.topic}", announced=True, pages=pages, newest=newest, timed=False)


def _owned_places(ask: Ask) -> str:
    """Movements at places of the shop are none of our business; without a place of the ERP's there are none at all."""
    places = sorted(store.warehouse for store in ask.retailer.stores if store.stock_owner == "epicor")
    return in_list("WareHouseCode", places) if places else "WareHouseCode eq ''"


ORDERS = Set("Erp.BO.SalesOrderSvc", "SalesOrders", "erp_order", "OrderNum", "OrderHed")
JOBS = Set("Erp.BO.JobEntrySvc", "JobEntries", "erp_job", "JobNum", "JobHead")
EPICOR = (
    epicor(ORDERS, lambda _: "startswith(PONum,'HR-')"),
    epicor(JOBS),
    epicor(Set("Erp.BO.CustShipSvc", "CustShips", "erp_shipment", "PackNum", "ShipHead")),
    epicor(Set("Erp.BO.CustomerSvc", "Customers", "erp_customer", "CustNum", "Customer")),
    epicor(Set("Erp.BO.PartTranSvc", "PartTrans", "erp_part", "PartNum", "PartWhse"), _owned_places),
)


@dataclass(frozen=True)
class Family:
    """Open heads that are read with their children, round and round: a child's change does not move its parent's place.

    `lines` names the children, `below` the children of these.
    """

    table: Set
    filter: str
    expand: str
    lines: str
    below: str = ""

    def pages(self, ask: Ask, place: str) -> Iterator[Sequence[Seen]]:
        """Heads behind a place, each in the version of its newest row."""
        walk = ask.systems.epicor.walk(
            self.table.service,
            self.table.name,
            filter=self.filter,
            select=(self.table.column,),
            expand=self.expand,
            page_size=PAGE,
            start=int(place),
        )
        for rows in walk:
            yield [self.table.seen(row, *self._children(row)) for row in rows]

    def _children(self, row: Row) -> list[Row]:
        lines = list(row.get(self.lines) or ())
        return lines + [one for line in lines for one in (line.get(self.below) or () if self.below else ())]


FAMILIES = (
    Family(
        ORDERS,
        "OpenOrder eq true and startswith(PONum,'HR-O')",
        "OrderDtls($select=OrderLine,SysRevID;$expand=OrderRels($select=OrderRelNum,SysRevID))",
        "OrderDtls",
        "OrderRels",
    ),
    Family(JOBS, "JobClosed eq false", "JobProds($select=OrderNum,SysRevID)", "JobProds"),
)
