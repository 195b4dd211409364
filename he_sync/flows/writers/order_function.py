"""The stronger way to create a sales order: the customer's Epicor Function `HeSync/CreateOrderOnce`.

It stores the effect's key in a unique row and creates the order in one transaction, so that any failure may be tried
again at once (reference reliability 3.2, P1). What the customer installs: docs/epicor-function.md.
"""

from __future__ import annotations

from decimal import Decimal

from he_sync.flows.writers.bench import Bench, Body
from he_sync.model.errors import BrokenPromise, FixSettings, NotFound, Refused

LIBRARY, FUNCTION = "HeSync", "CreateOrderOnce"
KEY_TAKEN = "HeSync.KeyTaken"


def create(bench: Bench, key: str, header: Body, charges: list[Body]) -> str:
    """The order's number, made now or by an earlier call with the same key.

    Raises FixSettings where the function is not installed, BrokenPromise where the key stands for another order.
    """
    order = {**header, "OHOrderMscs": [{**row, "DocMiscAmt": Decimal(row["DocMiscAmt"])} for row in charges]}
    try:
        answer = bench.systems.epicor.function(LIBRARY, FUNCTION, {"key": key, "order": order})
    except NotFound as error:
        raise FixSettings(
            f"epicor has no published function {LIBRARY}/{FUNCTION}; install it (docs/epicor-function.md) or set the "
            "flow's way to composite"
        ) from error
    except Refused as error:
        if KEY_TAKEN in f"{error.kind} {error}":
            raise BrokenPromise(f"{error}; a person must look at it") from error
        raise
    number = answer.get("orderNum")
    if not isinstance(number, int) or number <= 0:
        raise BrokenPromise(f"{LIBRARY}/{FUNCTION} answered without orderNum; compare it with docs/epicor-function.md")
    return str(number)
