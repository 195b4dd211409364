"""Two documents that a till should never send, put into Heartland beside the good ones of a business date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from he_sync.sandbox.state import State, field

TICKETS, PAYMENTS, TENDERS = "heartland/sales/tickets", "heartland/payments", "heartland/payment_types"
WRONG_TOTAL, STRANGE_TENDER = 990001, 990002
TENDER = "Seashells"


def load(state: State, day: date) -> None:
    """A ticket whose total is a dollar more than its parts, and one paid with a tender that no profile knows."""
    like = state.select(TICKETS, f"{field('local_completed_at')} LIKE ? AND {field('type')} = 'Ticket'", (f"{day}T1%",))
    model = {**like[0], "customer_id": None}
    wrong = {**model, "id": WRONG_TOTAL, "public_id": str(WRONG_TOTAL), "total": model["total"] + Decimal(1)}
    strange = {**model, "id": STRANGE_TENDER, "public_id": str(STRANGE_TENDER)}
    tender = state.select(TENDERS)[0] | {"id": STRANGE_TENDER, "name": TENDER}
    state.load(TENDERS, [(STRANGE_TENDER, None, tender)])
    state.load(TICKETS, [(WRONG_TOTAL, None, wrong), (STRANGE_TENDER, None, strange)])
    state.load(PAYMENTS, [(STRANGE_TENDER, STRANGE_TENDER, _paid(state, model))])


def _paid(state: State, model: dict[str, Any]) -> dict[str, Any]:
    payment = state.children(PAYMENTS, [model["id"]])[model["id"]][0]
    return payment | {"id": STRANGE_TENDER, "transaction_id": STRANGE_TENDER, "payment_type_id": STRANGE_TENDER}
