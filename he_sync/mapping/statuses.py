"""A POS status as an ERP state, and back. The flow file may override the table.

The ERP has no status word that could be written: OrderHeld, VoidOrder and OpenOrder make the state (reference epicor
3.1). Shipped is what shipping makes of an order; it is read and never written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from he_sync.model.errors import BadRecord, FixSettings

ErpState = Literal["held", "open", "shipped", "void"]
STATES: tuple[ErpState, ...] = get_args(ErpState)
POS_TO_ERP: dict[str, ErpState] = {
    "pending": "held",
    "open": "open",
    "closed": "shipped",
    "complete": "shipped",
    "cancelled": "void",
    "canceled": "void",
    "void": "void",
    "voided": "void",
}
ERP_TO_POS: dict[ErpState, str] = {"held": "pending", "open": "open", "shipped": "closed", "void": "cancelled"}
PENDING = "pending"
DEAD = frozenset(word for word, state in POS_TO_ERP.items() if state == "void")


def to_erp(status: str, statuses: Mapping[str, str] | None = None) -> ErpState:
    """The ERP state of a POS status. Raises BadRecord for a status nobody mapped, FixSettings for a wrong table."""
    word = status.strip().lower()
    wanted = (statuses or {}).get(word) or POS_TO_ERP.get(word)
    if wanted is None:
        raise BadRecord(f"status {word[:40]!r} is unknown; add it under map.statuses of the flow")
    for state in STATES:
        if state == wanted:
            return state
    raise FixSettings(f"map.statuses: {word} is {wanted!r}; use one of {', '.join(STATES)}")


def state_of(head: Mapping[str, Any]) -> ErpState:
    """The state of a sales order's head: void before held, held before closed."""
    if head.get("VoidOrder"):
        return "void"
    if not head.get("OpenOrder", True):
        return "shipped"
    return "held" if head.get("OrderHeld") else "open"


def to_pos(head: Mapping[str, Any], statuses: Mapping[str, str] | None = None) -> str:
    """The POS status that an ERP order's head stands for; a flow's own table is asked first, in its order."""
    state = state_of(head)
    return next((word for word, wanted in (statuses or {}).items() if wanted == state), ERP_TO_POS[state])


def columns(state: ErpState) -> dict[str, bool]:
    """What a new sales order's head says about its state."""
    return {"OrderHeld": True} if state == "held" else {}
