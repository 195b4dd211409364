from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from he_sync.sandbox.heartland import switches
from he_sync.sandbox.heartland.webhooks import announce
from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_documents import KITE, STATION, load, ticket
from tests.sandbox.heartland_http import Receiver, Retail, receiving, sure_webhooks

SALE = "sales_transaction_completed"


@pytest.fixture
def retail(sandbox: Sandbox) -> Retail:
    load(sandbox.state)
    found = Retail(sandbox)
    sure_webhooks(found)
    return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def register(retail: Retail, receiver: Receiver, *events: str) -> str:
    return retail.post("webhooks", {"url": receiver.url, "events": list(events)})


def sell(retail: Retail) -> str:
    body = {"station_id": STATION, "item_lines": [{"item_id": KITE, "qty": 1}], "status": "complete"}
    return retail.post("sales/tickets", body)


def test_a_completed_ticket_arrives_as_the_bare_resource(retail: Retail, receiver: Receiver) -> None:
    register(retail, receiver, SALE)
    made = sell(retail)
    arrived = receiver.next()
    assert arrived["path"] == "/hooks/sale?secret=s"
    row: Any = retail.call("GET", made).json()
    assert arrived["body"] == row


def test_a_share_of_deliveries_arrives_twice(retail: Retail, receiver: Receiver) -> None:
    retail.turn(switches.WEBHOOK_DUPLICATE_SHARE, "1")
    register(retail, receiver, SALE)
    sell(retail)
    assert receiver.next()["body"] == receiver.next()["body"]


def test_an_update_of_a_completed_transaction_fires_again_by_switch(retail: Retail, receiver: Receiver) -> None:
    register(retail, receiver, SALE)
    made = sell(retail)
    assert receiver.next()["body"]["sales_rep"] is None
    retail.put(made, {"sales_rep": "Derek"})
    assert receiver.next()["body"]["sales_rep"] == "Derek"
    retail.turn(switches.WEBHOOK_REFIRE, "absent")
    retail.put(made, {"sales_rep": "Kim"})
    other = sell(retail)
    assert receiver.next()["body"]["id"] == int(other.rsplit("/", 1)[1])


def test_a_failed_delivery_is_tried_again_a_bounded_number_of_times(retail: Retail) -> None:
    with receiving(failures=2) as receiver:
        register(retail, receiver, SALE)
        sell(retail)
        assert [receiver.next()["failed"] for _ in range(3)] == [True, True, False]
    with receiving(failures=99) as receiver:
        retail.turn(switches.WEBHOOK_ATTEMPTS, "1")
        register(retail, receiver, "item_created")
        numbers = [retail.get(retail.post("items", {}))["id"] for _ in range(2)]
        assert sorted(receiver.next()["body"]["id"] for _ in range(2)) == numbers


def test_items_and_customers_tell_creation_from_update(retail: Retail, receiver: Receiver) -> None:
    register(retail, receiver, "item_updated", "customer_created")
    retail.put(f"items/{KITE}", {"description": "Big kite"})
    assert receiver.next()["body"]["description"] == "Big kite"
    retail.post("items", {"description": "not asked for"})
    retail.post("customers", {"first_name": "Cy", "last_name": "Lee", "email": "cy@example.test"})
    assert receiver.next()["body"]["name"] == "Cy Lee"


def test_what_the_world_writes_as_it_happens_is_told_too(retail: Retail, receiver: Receiver) -> None:
    register(retail, receiver, SALE)
    retail.sandbox.state.put("heartland/sales/tickets", 100009, ticket(100009, 12, "8.00"))
    assert receiver.next()["body"]["id"] == 100009


def test_bulk_loaded_documents_are_silent_until_announced(retail: Retail, receiver: Receiver) -> None:
    register(retail, receiver, SALE)
    state = retail.sandbox.state
    first, second = ticket(100009, 12, "8.00"), ticket(100010, 12, "9.00")
    state.load("heartland/sales/tickets", [(one["id"], None, one) for one in (first, second)])
    announce(state, [(SALE, second)])
    assert receiver.next()["body"]["id"] == 100010


def test_hooks_are_listed_deleted_and_optionally_answer_their_id(retail: Retail, receiver: Receiver) -> None:
    made = register(retail, receiver, SALE)
    assert retail.rows("webhooks?per_page=10")[0]["events"] == [SALE]
    assert retail.call("DELETE", made).status_code == 200
    assert retail.rows("webhooks") == []
    retail.turn(switches.WEBHOOK_POST_BODY, "id")
    answer = retail.call("POST", "webhooks", {"url": receiver.url, "events": [SALE]})
    assert (answer.status_code, answer.json()) == (201, {"id": 100001})
