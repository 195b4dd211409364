"""Open batches, their running totals, and closing one: its transactions become BATCHED and get the batch date."""

from __future__ import annotations

import secrets

from he_sync.model.retailer import brand_group
from he_sync.sandbox.http import Answer, Call, Routes
from he_sync.sandbox.processor.actions import change
from he_sync.sandbox.processor.problems import Problem, not_found, stamp
from he_sync.sandbox.state import Document, State, field

TABLE = "processor/batches"
SALES = "processor/transactions"
OPEN = f"{field('status')} = 'OPEN'"


def signed(transaction: Document) -> int:
    """Minor units with the sign that the type gives."""
    amount = int(transaction["amount"] or 0)
    return -amount if transaction["type"] == "REFUND" else amount


def join(state: State, transaction: Document) -> str:
    """Put a captured transaction into the open batch of its merchant and brand group; returns the batch id."""
    mid = transaction["system"]["mid"]
    group = brand_group(transaction["payment_method"].get("card", {}).get("brand", ""))
    where = f"{OPEN} AND {field('mid')} = ? AND {field('brand_group')} = ?"
    found = state.select(TABLE, where, (mid, group), limit=1)
    batch = found[0] if found else _new(state, mid, group)
    return _count_in(state, batch, signed(transaction), 1)


def leave(state: State, transaction: Document) -> None:
    """Take a reversed transaction out of its batch."""
    batch = state.get(TABLE, transaction["batch_id"])
    if batch is not None:
        _count_in(state, batch, -signed(transaction), -1)


def _new(state: State, mid: str, group: str) -> Document:
    return {
        "id": f"BAT_{secrets.token_hex(8)}",
        "mid": mid,
        "brand_group": group,
        "status": "OPEN",
        "time_created": stamp(state.now()),
        "time_closed": "",
        "transaction_count": 0,
        "amount": "0",
    }


def _count_in(state: State, batch: Document, amount: int, count: int) -> str:
    total, number = int(batch["amount"] or 0) + amount, int(batch["transaction_count"]) + count
    state.put(TABLE, batch["id"], {**batch, "amount": str(total), "transaction_count": number})
    return str(batch["id"])


def members(state: State, batch_id: str) -> list[Document]:
    """The transactions of a batch that were not reversed."""
    where = f"{field('batch_id')} = ? AND {field('status')} NOT IN ('REVERSED', 'DECLINED')"
    return state.select(SALES, where, (batch_id,))


def close(state: State, batch: Document) -> Document:
    """Close an open batch. The totals are counted from its transactions, as the host does."""
    now = stamp(state.now())
    with state.transaction():
        rows = members(state, batch["id"])
        for row in rows:
            state.put(SALES, row["id"], {**row, "status": "BATCHED", "batch_time_created": now})
        total = sum(signed(row) for row in rows)
        closed = {**batch, "status": "CLOSED", "time_closed": now, "transaction_count": len(rows), "amount": str(total)}
        state.put(TABLE, batch["id"], closed)
    return closed


def _shown(state: State, batch: Document) -> Document:
    rows = members(state, batch["id"])
    sums = {
        name: [int(row["amount"] or 0) for row in rows if row["type"] == kind]
        for name, kind in (("sales", "SALE"), ("refunds", "REFUND"))
    }
    return {
        "id": batch["id"],
        "time_last_updated": batch["time_closed"],
        "status": batch["status"],
        "amount": batch["amount"],
        "currency": rows[0]["currency"] if rows else "USD",
        "country": rows[0].get("country", "US") if rows else "US",
        "transaction_count": batch["transaction_count"],
        **{name: {"count": len(amounts), "amount": str(sum(amounts))} for name, amounts in sums.items()},
    }


def _close(call: Call) -> Answer:
    batch_id = call.path["id"]

    def work() -> Document:
        batch = call.state.get(TABLE, batch_id)
        if batch is None:
            raise not_found("Batch", batch_id, call)
        if batch["status"] != "OPEN":
            raise Problem("INVALID_BATCH_ACTION", "40017", f"{batch_id} is not open, so it cannot be closed")
        return _shown(call.state, close(call.state, batch))

    return change(call, "BATCHES", "CLOSE", work)


def _nameless(_: Call) -> Answer:
    raise Problem("MANDATORY_DATA_MISSING", "40223", "Request expects the batch_id")


def add(routes: Routes) -> None:
    """Register the closing address."""
    routes.add("POST", "/ucp/batches", _nameless)
    routes.add("POST", "/ucp/batches/{id}", _close)
