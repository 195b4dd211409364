"""The duplicate sweeper: what the ERP holds twice under a reference that only one may have. It changes nothing.

It bounds the damage where everything before it failed (reference reliability 3.2, P8). Which of two documents goes is a
person's decision: both may carry the work of others by now.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_query import both
from he_sync.connect.systems import Systems
from he_sync.model.calendar import zone
from he_sync.model.retailer import Retailer
from he_sync.store import cursors, dead_letters
from he_sync.store.database import Store
from he_sync.store.dead_letters import DeadLetter

Row = dict[str, Any]
CURSOR = "duplicate sweep"


@dataclass(frozen=True)
class Watch:
    """One reference to watch over.

    Attributes:
        number: the column that Epicor numbers the documents by.
        shared: the column that carries the reference.
        ours: a filter on documents that we made.
        living: a filter on documents that count.
        among_others: also those that we did not make may be the twin of one of ours.
    """

    kind: str
    place: tuple[str, str]
    number: str
    shared: str
    ours: str
    living: str
    remedy: str
    among_others: bool = False


ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
CUSTOMERS = ("Erp.BO.CustomerSvc", "Customers")
RETURNS = ("Erp.BO.RMAProcSvc", "RMAProcs")
VOID, MERGE, DELETE = "void the others", "merge or inactivate the others", "delete the others"
WATCHES = (
    Watch("sales order", ORDERS, "OrderNum", "PONum", "startswith(PONum,'HR-')", "VoidOrder eq false", VOID),
    Watch("customer", CUSTOMERS, "CustNum", "CustID", "startswith(CustID,'H')", "Inactive eq false", MERGE),
    Watch("customer", CUSTOMERS, "CustNum", "EMailAddress", "startswith(CustID,'H')", "Inactive eq false", MERGE, True),
    Watch("return", RETURNS, "RMANum", "XRefRMANumber", "startswith(XRefRMANumber,'HR-')", "", DELETE),
)


@dataclass(frozen=True)
class Twins:
    """Documents of one kind that share a reference; `numbers` are Epicor's, lowest first."""

    watch: Watch
    reference: str
    numbers: tuple[int, ...]

    @property
    def text(self) -> str:
        """One line for a person: what, which, what to do."""
        named = " and ".join(map(str, self.numbers))
        return f"{self.watch.kind}s {named} in Epicor share {self.reference}; keep one and {self.watch.remedy}"

    def letter(self, business_date: str) -> DeadLetter:
        """The alarm; found again it is the same letter, and open again where nothing was done about it."""
        what, numbers = self.watch, json.dumps(self.numbers)
        places = ("epicor", what.kind, self.reference, -1, what.shared, "only one document", numbers)
        return DeadLetter(*places, self.text, business_date, plain=self.text)


@dataclass(frozen=True)
class Swept:
    """What is there twice, and the SysRevID to go on from: one counter for all tables of a database."""

    twins: tuple[Twins, ...]
    revision: int


@dataclass(frozen=True)
class Looked:
    """What one look came to."""

    figures: Mapping[str, int | str]


def look(store: Store, systems: Systems, retailer: Retailer, now: datetime) -> Looked:
    """Sweep what changed since the last look; each pair is a dead letter, kept with the place to go on from.

    The first look is at everything. Raises TryLater while Epicor cannot be read.
    """
    swept = sweep(systems.epicor, int(cursors.read(store, CURSOR).value or 0))
    day = now.astimezone(zone(retailer.timezone)).date().isoformat()
    with store.begin() as connection:
        dead_letters.put_in(connection, [twins.letter(day) for twins in swept.twins])
        cursors.move(connection, CURSOR, str(swept.revision), now)
    return Looked({"twins": len(swept.twins), "up to": swept.revision})


def sweep(epicor: EpicorClient, start: int = 0) -> Swept:
    """Look at every document of ours changed after a SysRevID, and at all that share its reference.

    With 0 everything is looked at, which is the night's sweep; the drain goes on from what its last one gave.
    """
    found: list[Twins] = []
    last = start
    for watch in WATCHES:
        ours = _walked(epicor, watch, both(watch.living, watch.ours), start)
        last = max([last, *(int(row["SysRevID"]) for row in ours)])
        found += _twins(watch, _sharing(epicor, watch, ours, start))
    return Swept(tuple(found), last)


def _walked(epicor: EpicorClient, watch: Watch, asked: str, start: int = 0) -> list[Row]:
    pages = epicor.walk(*watch.place, filter=asked, select=(watch.number, watch.shared), start=start)
    return [row for page in pages for row in page]


def _sharing(epicor: EpicorClient, watch: Watch, ours: list[Row], start: int) -> list[Row]:
    """Every living document with a reference of these; a whole sweep has read them all, but those of others."""
    wanted = {str(row[watch.shared]).strip().casefold(): row[watch.shared] for row in ours if row[watch.shared]}
    if start:
        columns = (watch.number, watch.shared)
        return epicor.read_any(*watch.place, watch.shared, wanted.values(), filter=watch.living, select=columns)
    if not watch.among_others:
        return ours
    everyone = _walked(epicor, watch, watch.living)
    return [row for row in everyone if str(row[watch.shared]).strip().casefold() in wanted]


def _twins(watch: Watch, rows: Iterable[Row]) -> Iterator[Twins]:
    """Case and blanks around it do not make another reference: to SQL Server they are the same."""
    groups: dict[str, dict[int, str]] = {}
    for row in rows:
        if reference := str(row[watch.shared] or "").strip():
            groups.setdefault(reference.casefold(), {})[int(row[watch.number])] = reference
    for members in groups.values():
        if len(members) > 1:
            yield Twins(watch, min(members.values()), tuple(sorted(members)))
