"""What Epicor counts, page by page, and which of it moved while it was read.

A page is read between two looks at the ledger of movements: what stands in the ledger before the first is in the
counts, what came between is in doubt, and its parts are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from he_sync.connect.systems import Systems
from he_sync.flows.stock.letters import Trouble
from he_sync.mapping import epicor
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Retailer
from he_sync.stock.figures import Figure
from he_sync.stock.policy import Policy
from he_sync.stock.push import Target

PARTS, MOVEMENTS = ("Erp.BO.PartSvc", "Parts"), ("Erp.BO.PartTranSvc", "PartTrans")
FIELDS = ("PartNum", "ClassID", "IUM")
EXPAND = "PartWhses($select=WarehouseCode,OnHandQty,ReservedQty,SysRevID),PartUOMs($select=UOMCode,ConvFactor)"
PAGE = 500
"""Parts a page: 20 places of each are 10,000 counts, 8 MB while they are looked at."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counts:
    """The counts of one page.

    `mark` is the newest movement (SysRevID) that is certainly in them; `moving` are parts that moved while they were
    read, whose counts may hold it or not. `factors` are base units in one stocking unit, by SKU.
    """

    targets: tuple[Target, ...]
    troubles: tuple[Trouble, ...]
    mark: int
    moving: frozenset[str]
    read_at: datetime
    factors: Mapping[str, int]


def pages(systems: Systems, retailer: Retailer, policy: Policy, skus: Sequence[str] | None = None) -> Iterator[Counts]:
    """Counts of every part, or of these parts."""
    chunks = systems.epicor.walk(*PARTS, select=FIELDS, expand=EXPAND, page_size=PAGE) if skus is None else None
    some = list(skus or ())
    while True:
        mark, began = systems.epicor.newest(*MOVEMENTS), datetime.now(UTC)
        if chunks is None:
            rows, some = _some(systems, some[:PAGE]), some[PAGE:]
        else:
            rows = next(chunks, [])
        if not rows and not some:
            return
        yield _counts(rows, retailer, policy, (mark, began, _moved_since(systems, mark)))


def _some(systems: Systems, skus: Sequence[str]) -> list[dict[str, Any]]:
    if not skus:
        return []
    return systems.epicor.read_any(*PARTS, "PartNum", skus, select=("SysRevID", *FIELDS), expand=EXPAND)


def _moved_since(systems: Systems, mark: int) -> frozenset[str]:
    if systems.epicor.newest(*MOVEMENTS) == mark:
        return frozenset()
    found = systems.epicor.walk(*MOVEMENTS, select=("PartNum",), start=mark)
    return frozenset(str(row["PartNum"]) for page in found for row in page)


def _counts(
    rows: Iterable[Row], retailer: Retailer, policy: Policy, read: tuple[int, datetime, frozenset[str]]
) -> Counts:
    mark, began, moving = read
    targets: list[Target] = []
    troubles: list[Trouble] = []
    factors: dict[str, int] = {}
    for row in rows:
        try:
            factor, made = _targets(row, retailer, policy, began)
            factors[str(row["PartNum"])] = factor
            targets += made
        except BadRecord as error:
            troubles.append(Trouble("epicor", f"part {row['PartNum']}", "its unit has a conversion", str(error)))
        troubles += _unmapped(row, retailer)
    return Counts(tuple(targets), tuple(troubles), mark, moving, began, factors)


def _targets(row: Row, retailer: Retailer, policy: Policy, began: datetime) -> tuple[int, list[Target]]:
    """Base units in one stocking unit, and the counts. Raises BadRecord for a unit without a conversion."""
    sku, revisions = str(row["PartNum"]), {one["WarehouseCode"]: one for one in row.get("PartWhses") or ()}
    item, factor, made = policy.item(sku, str(row.get("ClassID") or "")), 1, []
    stores = {one.code: one for one in retailer.stores}
    for frame, one in epicor.part(row, retailer):
        factor = int(one["factor"])
        if frame == "stock_levels":
            store = stores[one["store"]]
            count = Figure(one["on_hand_milli"], "epicor", began, f"PartWhse {sku} in {store.warehouse}")
            revision = str(revisions[store.warehouse].get("SysRevID") or "")
            made.append(Target(item, store.code, count, revision, 0, one["reserved_milli"]))
    return factor, made


def _unmapped(row: Row, retailer: Retailer) -> Iterator[Trouble]:
    """A warehouse that holds something and is no place of the profile; one letter a warehouse, however many parts."""
    for one in row.get("PartWhses") or ():
        code = str(one["WarehouseCode"])
        if code not in retailer.by_warehouse and (one.get("OnHandQty") or 0):
            reason = f"warehouse {code} holds stock (part {row['PartNum']}, for one) and is no place of the profile"
            yield Trouble("epicor", f"warehouse {code}", "is a place of the profile", f"{reason}; add it under stores")
