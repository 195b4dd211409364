"""Tickets: created in one call or step by step, completed once, voided whole. A return is a ticket of type Return.

Our choice: a gift card sold on a line or taken as a tender moves no card's balance. No source names a card on either;
a balance is known to change by `gift_card/adjustments` only, so whoever makes such a ticket posts one.
"""

from __future__ import annotations

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.crud import Rules, Write
from he_sync.sandbox.heartland.errors import validation_error
from he_sync.sandbox.heartland.fields import boolean, money, stamp
from he_sync.sandbox.heartland.lines import (
    COMPLETE,
    ITEM,
    bodies,
    fill_line,
    fill_payment,
    insert_all,
    refresh,
    refuse_duplicates,
    totals,
    void_payments,
)
from he_sync.sandbox.heartland.lookups import document, local_time, location_of_station, tax_rate, transaction_key
from he_sync.sandbox.heartland.rows import TAX
from he_sync.sandbox.heartland.stock import Move, Source, post, quantity, undo
from he_sync.sandbox.state import Document, field

PATH = "sales/tickets"
LINES = Rules(fill_line, nested=("item_lookup",))
TYPES = frozenset({"Ticket", "Return"})
INCOMPLETE = "incomplete"


def _flag(asked: Document, name: str) -> bool:
    """A flag of the body that holds unless it says no."""
    try:
        return asked.get(name) is None or boolean(asked[name])
    except ValueError as error:
        raise validation_error({name: str(error)}) from error


def _prepare(write: Write) -> None:
    ticket = write.document
    _check(write)
    if ticket.get("source_location_id") is None:
        ticket["source_location_id"] = location_of_station(write.state, ticket.get("station_id"))
    name_customer(write)
    complete(write)
    if write.before is None:
        _insert_parts(write)
    ticket |= totals(write.state, PATH, write.key, ticket)
    void(write)


def _check(write: Write) -> None:
    ticket, before = write.document, write.before or {}
    if ticket["type"] not in TYPES:
        raise validation_error({"type": "is not Ticket or Return"})
    words = {INCOMPLETE, COMPLETE, before.get("status")}
    if ticket["status"] not in words or (before.get("status") == COMPLETE and ticket["status"] == INCOMPLETE):
        raise validation_error({"status": "cannot become that"})
    where = f"{field('public_id')} = ? AND key <> ?"
    if ticket["public_id"] != before.get("public_id") and write.state.count(
        write.resource.store, where, (ticket["public_id"], write.key)
    ):
        raise validation_error({"public_id": "has already been taken"})


def name_customer(write: Write) -> None:
    """The customer's name beside the id."""
    customer = document(write.state, "customers", write.document.get("customer_id"))
    if customer:
        write.document["customer_name"] = customer.get("name")


def complete(write: Write) -> None:
    """Completion stamps: given ones are kept, so that history can be imported."""
    one = write.document
    one["completed?"] = one["status"] == COMPLETE
    if one["completed?"] and one.get("completed_at") is None:
        one["completed_at"] = stamp(write.state)
    one["local_completed_at"] = local_time(write.state, one.get("source_location_id"), one.get("completed_at"))


def void(write: Write) -> None:
    """Voiding: payments are voided and stock comes back. The status word is a switch, `voided?` is the fact."""
    if (write.before or {}).get("voided?") and not write.document["voided?"]:
        raise validation_error({"voided": "cannot be taken back"})
    if write.turns("voided?", True):
        void_payments(write.state, write.key)
        undo(write.state, Source(write.document["type"], write.key))
        write.document["status"] = switches.TICKET_VOID_STATUS.read(write.state)
    if write.document["voided?"]:
        write.document.update(total_paid=money(0), balance=money(0))


def _insert_parts(write: Write) -> None:
    asked, recalculate = write.asked, _flag(write.asked, "recalculate")
    items = [*bodies(asked, "item_lines", ITEM), *bodies(asked, "lines", ITEM)]
    refuse_duplicates(write.state, [line for line in items if line["type"] == ITEM])
    if recalculate:
        items = [{**line, "unit_price": line.get("adjusted_unit_price")} for line in items]
    insert_all(write.state, f"{PATH}.lines", LINES, write.key, items)
    insert_all(write.state, f"{PATH}.lines", LINES, write.key, _taxes(write, recalculate))
    rules = Rules(lambda payment: fill_payment(payment, write.document.get("source_location_id")))
    insert_all(write.state, f"{PATH}.payments", rules, write.key, bodies(asked, "payments"))


def _taxes(write: Write, recalculate: bool) -> list[Document]:
    """The tax lines of the body, or the server's own where it recalculates and knows a rate."""
    rate = tax_rate(write.state, write.document.get("source_location_id"))
    if not recalculate or not rate:
        return bodies(write.asked, "tax_lines", TAX)
    subtotal = totals(write.state, PATH, write.key, write.document)["subtotal"]
    return [{"type": TAX, "description": "Sales Tax", "value": money(subtotal * rate)}]


def _settle(write: Write) -> None:
    if write.turns("status", COMPLETE) and not write.document["voided?"] and _flag(write.asked, "affect_inventory"):
        lines = write.state.select(f"heartland/{PATH}.lines", "parent = ?", (write.key,))
        place = write.document["source_location_id"]
        moves = [Move(line["item_id"], place, qty=-quantity(line["qty"])) for line in lines if line.get("item_id")]
        post(write.state, Source(write.document["type"], write.key), moves)


def _only_while_open(write: Write) -> None:
    if document(write.state, PATH, write.owner).get("status") != INCOMPLETE:
        raise validation_error({"ticket": "is complete"})


def _prepare_line(write: Write) -> None:
    _only_while_open(write)
    fill_line(write)


def _prepare_payment(write: Write) -> None:
    ticket = document(write.state, PATH, write.owner)
    if write.before is None:
        _only_while_open(write)
    fill_payment(write, ticket.get("source_location_id"))


def _refresh(write: Write) -> None:
    if write.owner is not None:
        refresh(write.state, PATH, write.owner)


NESTED = ("item_lines", "lines", "tax_lines", "payments", "recalculate", "affect_inventory")
RULES = {
    PATH: Rules(_prepare, _settle, next_key=transaction_key, nested=NESTED),
    f"{PATH}.lines": Rules(_prepare_line, _refresh, _only_while_open, nested=("item_lookup",)),
    f"{PATH}.payments": Rules(_prepare_payment, _refresh),
}
