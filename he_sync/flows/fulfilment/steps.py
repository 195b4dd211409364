"""The names under which flow files find the steps of this room."""

from __future__ import annotations

from he_sync.flows.case import Case, Desk, Steps
from he_sync.flows.fulfilment import customers, orders, reading, stock


def _decide(cases: list[Case], desk: Desk) -> list[Case]:
    """Orders first, then the stock that jobs and movements of parts changed."""
    decided = stock.decide(orders.decide(cases, desk), desk)
    return [case if case.settled or case.effects or case.withdraw else case.still(NOTHING_NEW) for case in decided]


NOTHING_NEW = "the shop knows it already"
STEPS = Steps(
    readers={"epicor_fulfilment": reading.read, "epicor_customers": customers.read},
    mappers={"fulfilment_status": orders.say, "account_fields": customers.compare},
    deciders={"fulfilment_status": _decide, "account_fields": customers.decide},
)
