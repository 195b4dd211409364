"""Writing rows of Kinetic: once, and read back."""

from __future__ import annotations

from decimal import Decimal

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_query import equals
from he_sync.connect.wire import Response
from he_sync.model.errors import LookUpFirst, Refused, TryLater
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, CUSTOMERS, ORDERS, answering, customers, orders, seen


def test_an_inserted_customer_comes_back_with_its_number(client: EpicorClient) -> None:
    made = client.insert(*CUSTOMERS, {"CustID": "H100231", "Name": "Ada Hill"})
    assert client.by_key(*CUSTOMERS, {"CustNum": made["CustNum"]})["CustID"] == "H100231"


@pytest.mark.parametrize(
    ("fault", "error", "landed"),
    [
        (Fault("lost_request", method="POST", route="Customers"), LookUpFirst, 0),
        (Fault("lost_response", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("error_after", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("truncated_body", method="POST", route="Customers"), LookUpFirst, 1),
        (Fault("error_before", method="POST", route="Customers"), TryLater, 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_an_insert_goes_out_once_and_says_whether_it_must_be_looked_up(
    sandbox: Sandbox, client: EpicorClient, fault: Fault, error: type[Exception], landed: int
) -> None:
    sandbox.faults.set([fault])
    with pytest.raises(error):
        client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    assert len(seen(sandbox, "POST", "Customers")) == 1
    assert len(client.read(*CUSTOMERS, filter=equals("CustID", "H1"))) == landed


def test_the_same_customer_twice_is_one_customer_whatever_the_second_answer_is(
    sandbox: Sandbox, client: EpicorClient
) -> None:
    """A duplicate CustID answers a generic 500 or a 409; the first is looked up, the second is a refusal."""
    client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    for status, error in (("500", LookUpFirst), ("409", Refused)):
        switches.DUPLICATE_CUSTID_STATUS.set(sandbox.state, status)
        with pytest.raises(error):
            client.insert(*CUSTOMERS, {"CustID": "H1", "Name": "Ada Hill"})
    assert client.count(*CUSTOMERS, equals("CustID", "H1")) == 1


def test_a_patch_is_read_back(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    stored = client.patch(*CUSTOMERS, {"CustNum": 1}, {"Name": "Ada", "CreditLimit": Decimal("100.50")})
    assert (stored["Name"], stored["CreditLimit"]) == ("Ada", Decimal("100.50"))


def test_a_patch_that_answers_success_and_stores_nothing_is_refused(sandbox: Sandbox, client: EpicorClient) -> None:
    """A closed order takes a PATCH with 204 and keeps what it was."""
    orders(sandbox, 1)
    closed = sandbox.state.get("epicor/OrderHed", f"{COMPANY}~5001")
    sandbox.state.put("epicor/OrderHed", f"{COMPANY}~5001", {**(closed or {}), "OpenOrder": False})
    with pytest.raises(Refused, match="did not store OrderComment") as refused:
        client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "call first"})
    assert refused.value.kind == "NotStored"


def test_a_patch_that_cannot_be_read_back_is_looked_up() -> None:
    client = answering(Response(204, {}, b""), Response(503, {}, b"busy"))
    with pytest.raises(LookUpFirst, match="cannot be read back"):
        client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "call first"})


def test_a_patch_of_a_row_that_is_not_there_is_refused_in_kinetic_s_words(client: EpicorClient) -> None:
    with pytest.raises(Refused, match="Customer not available") as refused:
        client.patch(*CUSTOMERS, {"CustNum": 99}, {"Name": "Nobody"})
    assert refused.value.kind == "Ice.Common.BusinessObjectException"


def test_update_ext_that_failed_inside_a_200_is_refused_with_the_row_s_reason(client: EpicorClient) -> None:
    rows = {"Customer": [{"Company": COMPANY, "CustNum": 0, "CustID": "", "Name": "Ada Hill", "RowMod": "A"}]}
    with pytest.raises(Refused, match=r"Customer: Customer ID is required\.") as refused:
        client.update_ext("Erp.BO.CustomerSvc", rows)
    assert refused.value.kind == "Ice.Common.BusinessObjectException"


def test_update_ext_gives_back_what_it_stored(client: EpicorClient) -> None:
    rows = {"Customer": [{"Company": COMPANY, "CustNum": 0, "CustID": "H7", "Name": "Ada Hill", "RowMod": "A"}]}
    assert client.update_ext("Erp.BO.CustomerSvc", rows)["Customer"][0]["CustID"] == "H7"
