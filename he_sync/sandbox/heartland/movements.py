"""Documents that move stock on purpose: adjustment sets, transfers, physical counts. Each moves it exactly once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.crud import Rules, Write, body_of, insert, replace
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.fields import stamp
from he_sync.sandbox.heartland.lookups import document, item_of
from he_sync.sandbox.heartland.resources import RESOURCES, VALUES
from he_sync.sandbox.heartland.stock import Move, Source, post, quantity, value_of
from he_sync.sandbox.http import Answer, Call
from he_sync.sandbox.state import Document, Key, State, field

SETS, TRANSFERS, COUNTS = "inventory/adjustment_sets", "inventory/transfers", "inventory/physical_counts"
PENDING, SHIPPED, COMPLETE, ACCEPTED = "pending", "shipped", "complete", "accepted"
COUNT_STEPS = (PENDING, "counting", "finalizing", ACCEPTED)


def step(write: Write, allowed: dict[str | None, set[str]], final: str) -> None:
    """Refuse a status that does not follow, and the final one twice where the switch says so."""
    before, now = (write.before or {}).get("status"), write.document["status"]
    if now not in allowed.get(before, set()) | {before}:
        raise validation_error({"status": f"cannot become {now}"})
    again = before == final and write.asked.get("status") == final
    if again and switches.COMPLETE_TWICE.read(write.state) == "refused":
        raise validation_error({"status": f"is already {final}"})


def lines_of(state: State, path: str, key: Key) -> list[Document]:
    """Lines of a stock document in key order."""
    return state.select(RESOURCES[f"{path}.lines"].store, "parent = ?", (key,))


def item_line(write: Write) -> None:
    """A line that names its item by id or lookup, on a document that has not moved stock yet."""
    path = write.resource.path.rsplit(".", 1)[0]
    if document(write.state, path, write.owner).get("status") in {COMPLETE, SHIPPED, ACCEPTED}:
        raise validation_error({"status": "is final, lines cannot change"})
    item = item_of(write.state, write.asked if write.before is None else {"item_id": write.document["item_id"]})
    if not item:
        raise validation_error({"item_id": "can't be blank"})
    write.document["item_id"] = item["id"]


# adjustment sets


def _prepare_set(write: Write) -> None:
    step(write, {None: {PENDING}, PENDING: {COMPLETE}}, COMPLETE)
    if write.turns("status", COMPLETE):
        write.document["completed_at"] = stamp(write.state)


def _settle_set(write: Write) -> None:
    if write.turns("status", COMPLETE):
        place = write.document["location_id"]
        moves = [
            Move(line["item_id"], place, qty=quantity(line["qty"]), unit_cost=line.get("unit_cost"))
            for line in lines_of(write.state, SETS, write.key)
        ]
        post(write.state, Source("AdjustmentSet", write.key), moves)


def _set_line(write: Write) -> None:
    item_line(write)
    write.document["adjustment_set_id"] = write.owner


def _keep_complete(write: Write) -> None:
    if (write.before or {}).get("status") == COMPLETE:
        raise validation_error({"status": "is complete"})


def adjust_at_once(call: Call) -> Answer:
    """The older `inventory/adjustments`: a set of one line, complete in one call."""
    asked, state = body_of(call), call.state
    rules = RULES[SETS]
    reason = asked.get("adjustment_reason_id", asked.get("reason_id"))
    head = {"location_id": asked.get("location_id"), "adjustment_reason_id": reason}
    made = insert(state, RESOURCES[SETS], rules, None, head)
    line: Document = {name: asked[name] for name in ("item_id", "item_lookup", "qty", "unit_cost") if name in asked}
    insert(state, RESOURCES[f"{SETS}.lines"], RULES[f"{SETS}.lines"], made.key, line)
    replace(state, RESOURCES[SETS], rules, made.key, None, {"status": COMPLETE})
    return Answer(201, None, {"location": f"/api/{SETS}/{made.key}"})


# transfers


def _prepare_transfer(write: Write) -> None:
    step(write, {None: {PENDING}, PENDING: {SHIPPED, COMPLETE}, SHIPPED: {COMPLETE}}, COMPLETE)
    if write.document["from_location_id"] == write.document["to_location_id"]:
        raise validation_error({"to_location_id": "is where it comes from"})
    for status, name in ((SHIPPED, "shipped_at"), (COMPLETE, "completed_at")):
        if write.turns("status", status):
            write.document[name] = stamp(write.state)


def _settle_transfer(write: Write) -> None:
    before = (write.before or {}).get("status")
    now = write.document["status"]
    if now in {before, PENDING}:
        return
    start, end = write.document["from_location_id"], write.document["to_location_id"]
    moves: list[Move] = []
    for line in lines_of(write.state, TRANSFERS, write.key):
        qty, item = quantity(line["qty"]), line["item_id"]
        if before == PENDING:
            moves += [Move(item, start, qty=-qty), Move(item, end, in_transit=qty)]
        if now == COMPLETE:
            moves.append(Move(item, end, qty=qty, in_transit=-qty))
    post(write.state, Source("Transfer", write.key), moves)
    _tell(write, now)


def _tell(write: Write, what: str) -> None:
    events = RESOURCES[f"{TRANSFERS}.events"]
    key = write.state.next_id(events.store)
    row = {
        "id": key,
        "type": what,
        "description": None,
        "created_at": stamp(write.state),
        "updated_at": stamp(write.state),
    }
    write.state.put(events.store, key, row, write.key)


# physical counts


def _prepare_count(write: Write) -> None:
    following = {before: {now} for before, now in zip((None, *COUNT_STEPS), COUNT_STEPS, strict=False)}
    step(write, following, ACCEPTED)
    if write.turns("status", ACCEPTED):
        write.document["accepted_at"] = stamp(write.state)


def _settle_count(write: Write) -> None:
    """Acceptance sets stock to what was counted; a full count sets what was not counted to zero."""
    if not write.turns("status", ACCEPTED):
        return
    place = write.document["location_id"]
    counted = _counted(write.state, write.key)
    if write.document["scope"] == "full":
        for value in write.state.select(VALUES.store, f"{field('location_id')} = ?", (place,)):
            counted.setdefault(value["item_id"], Decimal(0))
    moves = [
        Move(item, place, qty=qty - quantity(value_of(write.state, item, place)["qty_on_hand"]))
        for item, qty in counted.items()
    ]
    post(write.state, Source("PhysicalCount", write.key), moves)


def _counted(state: State, key: Key) -> dict[Any, Decimal]:
    found: dict[Any, Decimal] = {}
    for batch in state.select(RESOURCES[f"{COUNTS}.batches"].store, "parent = ?", (key,)):
        for line in lines_of(state, f"{COUNTS}.batches", batch["id"]):
            found[line["item_id"]] = found.get(line["item_id"], Decimal(0)) + quantity(line["qty"])
    return found


LOOKUP = ("item_lookup",)
RULES = {
    SETS: Rules(_prepare_set, _settle_set, _keep_complete),
    f"{SETS}.lines": Rules(_set_line, remove=item_line, nested=LOOKUP),
    TRANSFERS: Rules(_prepare_transfer, _settle_transfer),
    f"{TRANSFERS}.lines": Rules(item_line, remove=item_line, nested=LOOKUP),
    COUNTS: Rules(_prepare_count, _settle_count),
    f"{COUNTS}.batches.lines": Rules(item_line, nested=LOOKUP),
}
