"""How far an order is in the ERP, and the word for it that the shop reads.

Kinetic's OrderStatus column has no documented values; its flags, releases, jobs and packs say what is true (reference
epicor 7). A flow file may use other words: `map.statuses`, stage to word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, get_args

from he_sync.model.errors import FixSettings

Row = Mapping[str, Any]
Stage = Literal[
    "open", "held", "in_production", "produced", "partly_shipped", "complete", "closed_short", "cancelled", "gone"
]
WORDS: dict[Stage, str] = {
    "open": "Pending",
    "held": "Held",
    "in_production": "In production",
    "produced": "Produced",
    "partly_shipped": "Partly shipped",
    "complete": "Complete",
    "closed_short": "Closed short",
    "cancelled": "Cancelled",
    "gone": "Deleted",
}
BY_HAND: dict[Stage, str] = {
    "cancelled": "was voided in Epicor by hand; it is not created again. Cancel it in Heartland or reopen it in Epicor",
    "gone": "was deleted in Epicor by hand; it is not created again. Cancel it in Heartland",
    "closed_short": "was closed in Epicor before all of it was shipped. Cancel or refund the rest in Heartland",
    "held": "is on hold in Epicor; nothing of it ships until somebody releases it there",
}
"""Stages that only a person in the ERP can have caused, and what that means for the shop."""


def stage_of(head: Row | None, releases: Iterable[Row], jobs: Iterable[Row]) -> Stage:
    """The stage of an order that is there as `head`, or was: void before closed, closed before held."""
    if head is None:
        return "gone"
    if head.get("VoidOrder"):
        return "cancelled"
    living = [row for row in releases if not row.get("VoidRelease")]
    left = sum((open_quantity(row, closed=False) for row in living), Decimal(0))
    if not head.get("OpenOrder", True):
        return "closed_short" if left > 0 else "complete"
    return "held" if head.get("OrderHeld") else _progress(living, left, [bool(job.get("JobComplete")) for job in jobs])


def _progress(releases: Iterable[Row], left: Decimal, made: Sequence[bool]) -> Stage:
    """How far an open order is: shipping says more than making."""
    if any(shipped_quantity(row) for row in releases):
        return "partly_shipped" if left > 0 else "complete"
    if made:
        return "produced" if all(made) else "in_production"
    return "open"


def shipped_quantity(release: Row) -> Decimal:
    """What left of a release, in the part's stock unit."""
    return Decimal(release.get("OurStockShippedQty") or 0) + Decimal(release.get("OurJobShippedQty") or 0)


def open_quantity(release: Row, *, closed: bool = True) -> Decimal:
    """What is still to leave, in the part's stock unit; with `closed` nothing of a release that is closed."""
    if closed and not release.get("OpenRelease", True):
        return Decimal(0)
    return max(Decimal(release.get("OurReqQty") or 0) - shipped_quantity(release), Decimal(0))


def word(stage: Stage, words: Mapping[str, str] | None = None) -> str:
    """What the shop reads. Raises FixSettings for a flow's word of a stage that does not exist."""
    known = get_args(Stage)
    if unknown := sorted(set(words or {}) - set(known)):
        raise FixSettings(f"map.statuses: {unknown[0]!r} is no stage of an order; use {', '.join(known)}")
    return (words or {}).get(stage) or WORDS[stage]
