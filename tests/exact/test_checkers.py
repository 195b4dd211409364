"""A checker that has never failed has proved nothing: each is shown a history that is right and ones that are not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.exact.checkers import Ack, Amount, Applied, Arrival, Deed, Document, Entry, History, findings

NOW = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=330)
START = "0" * 64
ACK = Ack("shop", "order.created", "evt_1", "order 7", owed="HR-O7")
ARRIVAL = Arrival("shop", "order.created", "evt_1", "order 7", "done")
CREATE = Deed("k1", "create_sales_order", "order 7", "confirmed", "5001")
TELL = Deed("k2", "confirm_order", "order 7", "confirmed", "5001", depends_on="k1")
ORDER = Document("sales order", "5001", "HR-O7", parent="CUST-9")
CUSTOMER = Document("customer", "CUST-9", "H9")
SALE = Amount("S001", "2026-11-20", "USD", "card", 1250)

RIGHT = History(
    NOW,
    acknowledged=(ACK, replace(ACK, event_id="evt_2")),
    arrivals=(ARRIVAL, replace(ARRIVAL, event_id="evt_2", state="parked", letter=True)),
    deeds=(CREATE, TELL, Deed("k3", "cancel_sales_order", "order 8", "doubtful", deadline=LATER)),
    documents=(CUSTOMER, ORDER, Document("charge", "5001/1", "", parent="5001")),
    reported=(("order 7", "5001"),),
    applied=(Applied("order 7", 1), Applied("order 8", 1), Applied("order 7", 3)),
    asked=(SALE, replace(SALE, minor=10)),
    booked=(replace(SALE, minor=1260),),
    audit=(Entry(1, "effect confirmed", "k1", START, "a"), Entry(2, "effect confirmed", "k2", "a", "b")),
    actions=(("effect confirmed", "k1"), ("effect confirmed", "k2")),
    texts=(("the store", "a body without any of it, 4111 1111"), ("the log", "nothing")),
    secrets=("canary-1",),
    cards=("4111111111111111",),
)

WRONG = {
    "an acknowledged event is lost": (
        "total: shop/order.created evt_1 was acknowledged and is not in the inbox",
        {"arrivals": RIGHT.arrivals[1:]},
    ),
    "an event is stuck in a worker's hands": (
        "total: shop/order.created evt_1 of order 7 is still taken",
        {"arrivals": (replace(ARRIVAL, state="taken"), RIGHT.arrivals[1])},
    ),
    "an event is parked and nobody is told": (
        "total: shop/order.created evt_2 of order 7 is still parked",
        {"arrivals": (ARRIVAL, replace(RIGHT.arrivals[1], letter=False))},
    ),
    "an event is done and its order was never written": (
        "total: HR-O8 is owed and nobody wrote it",
        {"acknowledged": (replace(ACK, owed="HR-O8"),)},
    ),
    "an order is there twice": (
        "unique: sales order HR-O7 was written 2 times",
        {"documents": (*RIGHT.documents, replace(ORDER, number="5002"))},
    ),
    "a customer is there twice": (
        "unique: customer H9 was written 2 times",
        {"documents": (*RIGHT.documents, replace(CUSTOMER, number="CUST-10"))},
    ),
    "an older edit follows a newer one": (
        "order: order 7: version 2 was applied after 3",
        {"applied": (*RIGHT.applied, Applied("order 7", 2))},
    ),
    "a cent is missing": (
        "money: S001 2026-11-20 USD card: 1 minor units too little were booked",
        {"booked": (replace(SALE, minor=1259),)},
    ),
    "a sale is booked to the wrong tender": (
        "money: S001 2026-11-20 USD cash: 1260 minor units too much were booked",
        {"booked": (replace(SALE, minor=1260, tender="cash"),)},
    ),
    "a charge hangs on no order": (
        "no orphan: charge 5001/1 hangs on 5001, which is not there",
        {"documents": (CUSTOMER, RIGHT.documents[2]), "acknowledged": ()},
    ),
    "an effect is confirmed without a document": (
        "no orphan: create_sales_order of order 7 is confirmed as 5009, which is not there",
        {"deeds": (replace(CREATE, reference="5009"), TELL)},
    ),
    "an effect is confirmed without any reference": (
        "no orphan: create_sales_order of order 7 is confirmed as nothing, which is not there",
        {"deeds": (replace(CREATE, reference=""), TELL)},
    ),
    "a report went out before its order": (
        "no orphan: confirm_order of order 7 is confirmed before what it waited for",
        {"deeds": (replace(CREATE, state="planned"), TELL)},
    ),
    "the shop was told another number": (
        "no orphan: order 7 was told 5009, not 5001",
        {"reported": (("order 7", "5009"),)},
    ),
    "the shop was told nothing": ("no orphan: order 7 was told nothing, not 5001", {"reported": ()}),
    "a row of the audit log was taken out": (
        "audit: the audit chain breaks at row 1",
        {"audit": RIGHT.audit[1:], "actions": ()},
    ),
    "a row of the audit log was changed": (
        "audit: the audit chain breaks at row 2",
        {"audit": (replace(RIGHT.audit[0], hash="x"), RIGHT.audit[1])},
    ),
    "a confirmation left no audit row": (
        "audit: effect confirmed of k9 happened 1 times and has 0 audit rows",
        {"actions": (("effect confirmed", "k9"),)},
    ),
    "a decision was written down twice": (
        "audit: effect confirmed of k1 happened 1 times and has 2 audit rows",
        {"audit": (*RIGHT.audit, Entry(3, "effect confirmed", "k1", "b", "c"))},
    ),
    "an effect is in doubt past its quarantine": (
        "quiet: cancel_sales_order of order 8 is still doubtful",
        {"now": LATER},
    ),
    "an effect that could go was left": (
        "quiet: create_sales_order of order 7 is still planned",
        {"deeds": (replace(CREATE, state="planned"),)},
    ),
    "an intent has no lease": (
        "quiet: create_sales_order of order 7 is still intent",
        {"deeds": (replace(CREATE, state="intent"),)},
    ),
    "a secret is in a log": ("no secret: the log holds secret 1", {"texts": (("the log", "key=canary-1;"),)}),
    "a card number is in the store": (
        "no secret: the store holds card number 1",
        {"texts": (("the store", "paid with 4111-1111 1111-1111"),)},
    ),
}


def test_a_history_in_which_all_is_right_has_no_finding():
    assert findings(RIGHT) == []


@pytest.mark.parametrize("case", WRONG)
def test_a_checker_names_what_is_wrong_in_a_history_where(case):
    line, change = WRONG[case]
    assert line in findings(replace(RIGHT, **change))
