"""Reading what became of orders in the ERP: an event about an order, a job or a pack is answered by the whole order.

Header sets and two queries only. Which jobs and packs belong to an order is no question for a set: a filter on a child
set works inside a window of its parents, and ShipHead.OrderNum is calculated (reference epicor 2.1, 3.5). The queries
HeSync_OrderJobs and HeSync_OrderPacks answer it; docs/operations.md has their columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select

from he_sync.connect.epicor_query import in_list, lists
from he_sync.connect.strict_json import dumps
from he_sync.flows.case import Case, Desk, going
from he_sync.mapping.epicor import owner_of
from he_sync.model.errors import FixSettings, NotFound
from he_sync.store.database import Store
from he_sync.store.tables import effects

Row = Mapping[str, Any]
ORDERS = ("Erp.BO.SalesOrderSvc", "SalesOrders")
JOBS = ("Erp.BO.JobEntrySvc", "JobEntries")
PACKS = ("Erp.BO.CustShipSvc", "CustShips")
JOBS_OF, PACKS_OF = "HeSync_OrderJobs", "HeSync_OrderPacks"
ROOM = 5_000
"""Bytes of an address that a list of order numbers may take."""
HEAD = ("OrderNum", "PONum", "CustNum", "OpenOrder", "VoidOrder", "OrderHeld", "NeedByDate")
RELEASE = (
    "OrderRels($select=OrderRelNum,OurReqQty,OurStockShippedQty,OurJobShippedQty,OpenRelease,VoidRelease,NeedByDate"
    ",SysRevID)"
)
LINE = f"OrderDtls($select=OrderLine,PartNum,IUM,SalesUM,DocUnitPrice,OpenLine,VoidLine,SysRevID;$expand={RELEASE})"
JOB = ("JobNum", "PartNum", "ProdQty", "QtyCompleted", "JobComplete", "JobClosed")
DEMAND = "JobProds($select=OrderNum,OrderLine,WarehouseCode,ProdQty,SysRevID)"
PACK = ("PackNum", "ShipDate", "ShipStatus", "TrackingNumber", "ReadyToInvoice", "Voided")
SHIPPED = "ShipDtls($select=PackLine,OrderNum,OrderLine,PartNum,IUM,OurInventoryShipQty,OurJobShipQty,SysRevID)"


@dataclass(frozen=True)
class Work:
    """One order of ours in the ERP: its head with lines and releases (None when it is gone), its jobs, its packs."""

    owner: str
    order_num: int
    head: Row | None
    jobs: tuple[Row, ...] = ()
    packs: tuple[Row, ...] = ()

    @property
    def releases(self) -> list[Row]:
        """Every release of every line."""
        return [release for line in self.lines for release in line.get("OrderRels") or ()]

    @property
    def lines(self) -> Sequence[Row]:
        """The order's lines."""
        return (self.head or {}).get("OrderDtls") or ()

    @property
    def revision(self) -> int:
        """The newest SysRevID of all its rows: a child's change does not move its parent's."""
        heads = [self.head] if self.head else []
        children = [*self.lines, *self.releases]
        children += [row for job in self.jobs for row in job.get("JobProds") or ()]
        children += [row for pack in self.packs for row in pack.get("ShipDtls") or ()]
        return max((int(row.get("SysRevID") or 0) for row in (*heads, *self.jobs, *self.packs, *children)), default=0)


def read(cases: list[Case], desk: Desk) -> list[Case]:
    """The cases with their orders as `work`; an event of nobody's order, or of a till's, is quiet."""
    numbers = _numbers(going(cases), desk)
    wanted = {number for some in numbers.values() for number in some}
    heads = _orders(desk, wanted)
    ours = {number: owner_of(str(row.get("PONum") or "")) for number, row in heads.items() if row}
    ours |= created_by_us(desk.store, [number for number in wanted if heads.get(number) is None])
    mine = {number: owner for number, owner in ours.items() if owner.startswith("order ")}
    linked = _linked(desk, list(mine))
    work = {number: _work(number, owner, heads, linked) for number, owner in mine.items()}
    return [case if case.settled else _with_work(case, numbers[case.entity], work, desk) for case in cases]


def _numbers(cases: Sequence[Case], desk: Desk) -> dict[str, list[int]]:
    """Order numbers that each case is about, by entity."""
    packs = _packs(
        desk, [int(case.number) for case in cases if case.kind == "erp_shipment" and case.number.isdecimal()]
    )
    jobs = _jobs(desk, [case.number for case in cases if case.kind == "erp_job"])
    found: dict[str, list[int]] = {}
    for case in cases:
        if case.kind == "erp_order" and case.number.isdecimal():
            found[case.entity] = [int(case.number)]
        elif case.kind == "erp_job":
            found[case.entity] = _order_numbers((jobs.get(case.number) or {}).get("JobProds"))
        elif case.kind == "erp_shipment" and case.number.isdecimal():
            found[case.entity] = _order_numbers((packs.get(int(case.number)) or {}).get("ShipDtls"))
        else:
            found[case.entity] = []
    return found


def _order_numbers(rows: Iterable[Row] | None) -> list[int]:
    return sorted({int(row["OrderNum"]) for row in rows or () if row.get("OrderNum")})


def _with_work(case: Case, numbers: Sequence[int], work: Mapping[int, Work], desk: Desk) -> Case:
    mine = tuple(work[number] for number in numbers if number in work)
    if not numbers:
        return (
            case.know(work=()) if case.kind in {"erp_job", "erp_part"} else case.still("it belongs to no sales order")
        )
    if not mine:
        return case.know(work=()) if case.kind == "erp_job" else case.still("not an order that the shop waits for")
    text = dumps([{"head": one.head, "jobs": one.jobs, "packs": one.packs} for one in mine]).decode()
    newest = max(one.revision for one in mine)
    return replace(case.know(work=mine), document=mine[0].head or {}).told("read", f"as of {newest}", desk, text)


def _work(number: int, owner: str, heads: Mapping[int, Row | None], linked: tuple[Links, Links]) -> Work:
    jobs, packs = linked
    return Work(owner, number, heads.get(number), jobs.get(number, ()), packs.get(number, ()))


Links = Mapping[int, tuple[Row, ...]]


def _linked(desk: Desk, numbers: Sequence[int]) -> tuple[Links, Links]:
    """Jobs and packs by order number, each read whole."""
    job_links = _links(desk, JOBS_OF, "JobProd_OrderNum", "JobProd_JobNum", numbers)
    pack_links = _links(desk, PACKS_OF, "ShipDtl_OrderNum", "ShipDtl_PackNum", numbers)
    jobs = _jobs(desk, [str(job) for some in job_links.values() for job in some])
    packs = _packs(desk, [int(pack) for some in pack_links.values() for pack in some])
    return (
        {number: _rows(jobs.get(str(one)) for one in some) for number, some in job_links.items()},
        {number: _rows(packs.get(int(one)) for one in some) for number, some in pack_links.items()},
    )


def _rows(found: Iterable[Row | None]) -> tuple[Row, ...]:
    return tuple(row for row in found if row is not None)


def _links(desk: Desk, query: str, of: str, to: str, numbers: Sequence[int]) -> dict[int, list[Any]]:
    """Keys linked to each order. The range narrows in the database, the filter to the very orders."""
    found: dict[int, set[Any]] = {}
    for some in lists(of, sorted(numbers), ROOM):
        asked = {"FromOrder": str(some[0]), "ToOrder": str(some[-1]), "$filter": in_list(of, some)}
        for row in _asked(desk, query, asked):
            found.setdefault(int(row[of]), set()).add(row[to])
    return {number: sorted(keys) for number, keys in found.items()}


def _asked(desk: Desk, query: str, parameters: Mapping[str, str]) -> list[Row]:
    try:
        return [row for page in desk.systems.epicor.baq(query, parameters) for row in page]
    except NotFound:
        what = f"Epicor has no query {query}"
        raise FixSettings(f"{what}; import it as docs/operations.md says under 'What Epicor must have'") from None


def _orders(desk: Desk, numbers: Iterable[int]) -> Mapping[int, Row | None]:
    return desk.look_up("erp orders whole", numbers, _reader(desk, ORDERS, "OrderNum", (*HEAD, "SysRevID"), LINE))


def _jobs(desk: Desk, numbers: Iterable[str]) -> Mapping[str, Row | None]:
    return desk.look_up("erp jobs", numbers, _reader(desk, JOBS, "JobNum", (*JOB, "SysRevID"), DEMAND))


def _packs(desk: Desk, numbers: Iterable[int]) -> Mapping[int, Row | None]:
    return desk.look_up("erp packs", numbers, _reader(desk, PACKS, "PackNum", (*PACK, "SysRevID"), SHIPPED))


def _reader(
    desk: Desk, place: tuple[str, str], column: str, fields: Sequence[str], expand: str
) -> Callable[[list[Any]], dict[Any, Row]]:
    def fetch(keys: list[Any]) -> dict[Any, Row]:
        rows = desk.systems.epicor.read_any(*place, column, keys, select=fields, expand=expand)
        return {row[column]: row for row in rows}

    return fetch


def created_by_us(store: Store, numbers: Sequence[int]) -> dict[int, str]:
    """Owners of sales orders that we created and that are not in the ERP any more."""
    if not numbers:
        return {}
    asked = (effects.c.kind == "create_sales_order", effects.c.reference.in_([str(number) for number in numbers]))
    with store.begin() as connection:
        rows = connection.execute(select(effects.c.reference, effects.c.entity).where(*asked)).all()
    return {int(row.reference): row.entity for row in rows}
