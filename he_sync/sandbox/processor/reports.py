"""The reading side of GP-API: transactions, settlement, deposits, disputes, the audit list."""

from __future__ import annotations

from dataclasses import replace

from he_sync.sandbox.http import Answer, Call, Routes
from he_sync.sandbox.processor import actions, filters, shapes, switches
from he_sync.sandbox.processor.history import reader
from he_sync.sandbox.processor.lists import TIME_ORDERS, Listing, page_of
from he_sync.sandbox.processor.problems import Problem, not_found
from he_sync.sandbox.state import State, field

HOT = (
    "time_created",
    "batch_time_created",
    "deposit_time_created",
    "deposit_id",
    "batch_id",
    "reference",
    "parent_resource_id",
)
ORDERS = {**TIME_ORDERS, "DEPOSIT_ID": "deposit_id", "ID": "id"}
DISPUTE_ORDERS = {
    "ID": "id",
    "TO_STAGE_TIME_CREATED": "stage_time_created",
    "STAGE_TIME_CREATED": "stage_time_created",
    "STAGE": "stage",
    "STATUS": "status",
    "ARN": filters.DISPUTED_CARD + ".arn",
    "BRAND": filters.DISPUTED_CARD + ".brand",
}

TRANSACTIONS = Listing(
    "processor/transactions",
    "transactions",
    filters.TRANSACTIONS,
    ORDERS,
    shapes.transaction,
    indexes=HOT,
)
SETTLED = replace(
    TRANSACTIONS,
    filters=filters.SETTLED,
    show=shapes.settled,
    every=f"{field('batch_time_created')} > ''",
)
DEPOSITS = Listing(
    "processor/deposits",
    "deposits",
    filters.DEPOSITS,
    {**TIME_ORDERS, "TYPE": "funding_type", "DEPOSIT_ID": "id"},
    shapes.deposit,
    indexes=("time_created",),
)
DISPUTES = Listing("processor/disputes", "disputes", filters.DISPUTES, DISPUTE_ORDERS, shapes.dispute)
SETTLED_DISPUTES = replace(
    DISPUTES,
    filters=filters.SETTLED_DISPUTES,
    show=shapes.settled_dispute,
    every=f"{field('deposit_id')} > ''",
)
ACTIONS = Listing(
    actions.TABLE,
    "actions",
    filters.ACTIONS,
    {**TIME_ORDERS, "ID": "id", "RESOURCE": "resource"},
    lambda _, stored: stored,
    indexes=("time_created",),
)


def _deposits(call: Call) -> Answer:
    shown = filters.integer("amount")
    if switches.FEES_IN_AMOUNT.read(call.state) == "no":
        shown = f"({shown} - {filters.integer('fees.amount')})"
    return page_of(call, replace(DEPOSITS, filters={**DEPOSITS.filters, "amount": filters.minor(shown)}))


def _transaction(call: Call) -> Answer:
    return _one(call, TRANSACTIONS, "Transactions")


def _deposit(call: Call) -> Answer:
    return _one(call, DEPOSITS, "Deposits")


def _dispute(call: Call) -> Answer:
    if reader(call).get(DISPUTES.table, call.path["id"]) is None:
        message = "101,Unable to locate dispute record for that ID. Please recheck the ID provided."
        raise Problem("INVALID_REQUEST_DATA", "40073", message)
    return _one(call, DISPUTES, "Disputes")


def _disputes(call: Call) -> Answer:
    """The list; an `arn` that no dispute has is an error here, not an empty list."""
    arn = call.params().get("arn")
    if arn and not reader(call).count(DISPUTES.table, filters.DISPUTES["arn"].sql, (arn,)):
        message = "105,Unable to locate dispute record for arn. Please recheck the value provided for arn."
        raise Problem("INVALID_REQUEST_DATA", "40048", message)
    return page_of(call, DISPUTES)


def _settled_dispute(call: Call) -> Answer:
    stored = reader(call).get(DISPUTES.table, call.path["id"])
    if stored is None or not stored.get("deposit_id"):
        raise not_found("Disputes", call.path["id"], call)
    return Answer(200, shapes.settled_dispute(call, stored))


def _one(call: Call, listing: Listing, resource: str) -> Answer:
    stored = reader(call).get(listing.table, call.path["id"])
    if stored is None:
        raise not_found(resource, call.path["id"], call)
    return Answer(200, listing.show(call, stored))


def add(routes: Routes, state: State) -> None:
    """Register the reading addresses and make the indexes that keep a day's rows quick to find among many days."""
    for listing in (TRANSACTIONS, DEPOSITS, ACTIONS):
        state.table(listing.table, listing.indexes)
    routes.add("GET", "/ucp/transactions", lambda call: page_of(call, TRANSACTIONS))
    routes.add("GET", "/ucp/transactions/{id}", _transaction)
    routes.add("GET", "/ucp/settlement/transactions", lambda call: page_of(call, SETTLED))
    routes.add("GET", "/ucp/settlement/deposits", _deposits)
    routes.add("GET", "/ucp/settlement/deposits/{id}", _deposit)
    routes.add("GET", "/ucp/settlement/disputes", lambda call: page_of(call, SETTLED_DISPUTES))
    routes.add("GET", "/ucp/settlement/disputes/{id}", _settled_dispute)
    routes.add("GET", "/ucp/disputes", _disputes)
    routes.add("GET", "/ucp/disputes/{id}", _dispute)
    routes.add("GET", "/ucp/actions", lambda call: page_of(call, ACTIONS))
