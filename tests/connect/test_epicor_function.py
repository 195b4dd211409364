"""HeSync/CreateOrderOnce: the contract of docs/epicor-function.md, as the stand-in keeps it and a site must."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_query import equals
from he_sync.connect.wire import HttpSend
from he_sync.model.errors import NotAllowed, NotFound, Refused
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, KEY, ORDERS, PASSWORD, customers, seen

FUNCTION = ("HeSync", "CreateOrderOnce")


def order(**changes: Any) -> dict[str, Any]:
    line = {"PartNum": "BOOT-11", "SalesUM": "EA", "SellingQuantity": 2, "DocUnitPrice": 5, "OverridePriceList": True}
    return {"CustNum": 1, "PONum": "HR-T1", "FOB": "ORIG", "CurrencyCode": "USD", "OrderDtls": [line], **changes}


def there(client: EpicorClient) -> int:
    return client.count(*ORDERS, filter=equals("PONum", "HR-T1"))


def test_the_same_key_gives_the_same_order_and_says_who_made_it(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    first = client.function(*FUNCTION, {"key": "k1", "order": order()})
    again = client.function(*FUNCTION, {"key": "k1", "order": order()})
    assert (first["created"], again["created"], again["orderNum"]) == (True, False, first["orderNum"])
    assert there(client) == 1


def test_sixteen_calls_at_once_with_one_key_make_one_order(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    with ThreadPoolExecutor(16) as pool:
        calls = [pool.submit(client.function, *FUNCTION, {"key": "k1", "order": order()}) for _ in range(16)]
        answers = [call.result() for call in calls]
    assert len({answer["orderNum"] for answer in answers}) == 1
    assert sum(answer["created"] for answer in answers) == 1
    assert there(client) == 1


def test_another_order_under_a_known_key_is_refused_with_both_hashes(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    made = client.function(*FUNCTION, {"key": "k1", "order": order()})
    with pytest.raises(Refused, match=rf"KeyTaken: key k1 stands for order {made['orderNum']} .*stored \w+, sent \w+"):
        client.function(*FUNCTION, {"key": "k1", "order": order(OrderComment="another")})
    assert there(client) == 1


def test_an_order_that_is_refused_leaves_its_key_free(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    with pytest.raises(Refused, match="FOB is required"):
        client.function(*FUNCTION, {"key": "k1", "order": order(FOB="")})
    assert client.function(*FUNCTION, {"key": "k1", "order": order()})["created"]


def test_a_call_whose_answer_is_lost_is_made_again_by_itself_and_makes_one_order(
    sandbox: Sandbox, client: EpicorClient
) -> None:
    customers(sandbox, 1)
    sandbox.faults.set([Fault("lost_response", route="efx", remaining=2)])
    assert not client.function(*FUNCTION, {"key": "k1", "order": order()})["created"]
    assert len(seen(sandbox, "POST", "efx")) == 3
    assert there(client) == 1


def test_a_site_without_the_function_and_an_account_without_the_right_say_so(
    sandbox: Sandbox, client: EpicorClient, send: HttpSend
) -> None:
    with pytest.raises(NotFound):
        client.function("HeSync", "NobodyPublishedThis", {})
    viewer = EpicorClient(sandbox.epicor, COMPANY, "viewer", PASSWORD, KEY, send)
    with pytest.raises(NotAllowed):
        viewer.function(*FUNCTION, {"key": "k1", "order": order()})


@pytest.mark.parametrize("body", [{}, {"key": "", "order": {}}, {"key": "k" * 201, "order": {}}, {"key": "k"}])
def test_a_call_without_a_key_or_an_order_is_refused(client: EpicorClient, body: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="deserialize"):
        client.function(*FUNCTION, body)
