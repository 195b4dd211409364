"""Kinetic's methods: which go by GET, which store nothing and may be repeated, which store."""

from __future__ import annotations

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.epicor_answers import dataset, returned
from he_sync.connect.wire import Request, Response
from he_sync.model.errors import LookUpFirst, NotFound, TryLater
from he_sync.sandbox.epicor import switches
from he_sync.sandbox.faults import Fault
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, CUSTOMERS, ORDERS, answering, customers, seen


def test_a_read_only_method_goes_by_get(sandbox: Sandbox, client: EpicorClient) -> None:
    customers(sandbox, 1)
    found = returned(client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 1}))
    assert found["Customer"][0]["CustID"] == "H1"
    assert seen(sandbox, "GET", "GetByID") == [f"/kinetic/api/v2/odata/{COMPANY}/Erp.BO.CustomerSvc/GetByID?custNum=1"]
    with pytest.raises(NotFound) as missing:
        client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 99})
    assert missing.value.kind == "Ice.Common.RecordNotFoundException"


@pytest.mark.parametrize("status", ["400", "409"])
def test_a_row_changed_by_somebody_else_is_read_again_whatever_status_says_so(
    sandbox: Sandbox, client: EpicorClient, status: str
) -> None:
    switches.CONFLICT_STATUS.set(sandbox.state, status)
    customers(sandbox, 1)
    ds = dataset(client.call("Erp.BO.CustomerSvc", "GetByID", {"custNum": 1}))
    client.patch(*CUSTOMERS, {"CustNum": 1}, {"Name": "Somebody else's"})
    ds["Customer"][0] |= {"Name": "Ours", "RowMod": "U"}
    with pytest.raises(TryLater, match="read the row again"):
        client.call("Erp.BO.CustomerSvc", "Update", {"ds": ds})


def test_a_method_that_stores_nothing_is_repeated_and_one_that_stores_is_not(
    sandbox: Sandbox, client: EpicorClient
) -> None:
    sandbox.faults.set([Fault("lost_response", method="POST", route="CustomerSvc", remaining=1)])
    client.call("Erp.BO.CustomerSvc", "GetNewCustomer", {"ds": {}})
    assert len(seen(sandbox, "POST", "GetNewCustomer")) == 2
    sandbox.faults.set([Fault("lost_response", method="POST", route="CustomerSvc", remaining=1)])
    with pytest.raises(LookUpFirst):
        client.call("Erp.BO.CustomerSvc", "Update", {"ds": {}})
    assert len(seen(sandbox, "POST", "Svc/Update")) == 1


STORING = ["Update", "MasterUpdate", "SetInventoryQtyAdj", "PostGroupJournals", "CheckOut", "Issue"]


@pytest.mark.parametrize("method", STORING)
def test_methods_that_store_are_known_as_such(method: str) -> None:
    client = answering(Response(500, {}, b""))
    with pytest.raises(LookUpFirst):
        client.call("Erp.BO.AnySvc", method)


def test_a_write_goes_out_once_even_when_the_server_says_that_nothing_was_done() -> None:
    sent: list[Request] = []
    client = answering(Response(503, {}, b"busy"), sent=sent)
    for write in (
        lambda: client.call("Erp.BO.SalesOrderSvc", "MasterUpdate"),
        lambda: client.insert(*ORDERS, {"CustNum": 1}),
        lambda: client.patch(*ORDERS, {"OrderNum": 5001}, {"OrderComment": "x"}),
    ):
        with pytest.raises(TryLater):
            write()
    assert [one.method for one in sent] == ["POST", "POST", "PATCH"]


@pytest.mark.parametrize("method", ["GetNewOrderHed", "ChangeSoldToID", "OnChangeBinNum", "PreUpdate", "CheckSONum"])
def test_methods_that_only_compute_are_known_as_such(method: str) -> None:
    client = answering(Response(500, {}, b""))
    with pytest.raises(TryLater):
        client.call("Erp.BO.AnySvc", method)
