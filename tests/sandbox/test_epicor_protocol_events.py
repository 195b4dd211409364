"""What the Epicor stand-in tells others: CDC subscribers by pull and push, and hand-made BPM posts."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from he_sync.sandbox.epicor import switches
from he_sync.sandbox.server import Sandbox
from tests.sandbox.epicor_http import Caller, line, switch

CDC = "Ice.LIB.CdcSubscriberSvc"
WAIT_SECONDS = 10


class Receiver:
    """A web hook's other side: what came, and whether it is accepted."""

    def __init__(self) -> None:
        self.came: queue.Queue[tuple[dict[str, str], Any]] = queue.Queue()
        self.status = 200
        self.url = ""

    def next(self) -> tuple[dict[str, str], Any]:
        return self.came.get(timeout=WAIT_SECONDS)


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            receiver.came.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks/epicor"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def kinetic(sandbox: Sandbox) -> Caller:
    caller = Caller(sandbox)
    caller.customer()
    caller.part()
    return caller


def subscribe(kinetic: Caller, mode: str, uri: str = "", **rule: Any) -> dict[str, Any]:
    hook = {"webHookURI": uri, "webHookHeaders": '{"X-Secret":"s"}'}
    who = dict(kinetic.call(f"{CDC}/Register", description="x", mode=mode, **hook)["parameters"])
    wanted = {"ruleID": "orders", "schemaName": "Erp", "tableName": "OrderHed", "changeType": "insert|update", **rule}
    kinetic.call(f"{CDC}/RuleAdd", **who, companyID="EPIC06", **wanted)
    return who


def pull(kinetic: Caller, who: dict[str, Any], offset: int, size: int = 100) -> dict[str, Any]:
    return dict(kinetic.call(f"{CDC}/Pull", **who, offset=offset, pageSize=size)["returnObj"])


def test_a_pull_gives_every_change_behind_the_offset_as_text(kinetic: Caller) -> None:
    kinetic.order(1, line(), PONum="before the rule")
    who = subscribe(kinetic, "PULL")
    order = kinetic.order(1, line())["OrderNum"]
    first = pull(kinetic, who, 0, size=1)
    rest = pull(kinetic, who, first["lastOffset"])
    seen = [*first["results"], *rest["results"]]
    while first["morePages"] and not seen:
        first = pull(kinetic, who, first["lastOffset"], size=1)
        seen += first["results"]
    item = next(one for one in [*first["results"], *rest["results"]] if "insert" in one["metadata"])
    assert all(isinstance(value, str) for value in item.values())
    assert json.loads(item["keys"]) == {"Company": "EPIC06", "OrderNum": order}
    assert "before the rule" not in json.dumps(seen)
    assert pull(kinetic, who, rest["lastOffset"]) == {
        "results": [],
        "morePages": False,
        "lastOffset": rest["lastOffset"],
    }


def test_a_rule_may_be_json_logic_on_the_row(kinetic: Caller) -> None:
    logic = {"and": [{"==": [{"var": "PONum"}, "HR-T2"]}, {"!": [{"var": "VoidOrder"}]}]}
    who = subscribe(kinetic, "PULL", rule=json.dumps(logic), changeType="insert")
    for n in (1, 2, 3):
        kinetic.order(1, line(), PONum=f"HR-T{n}")
    assert [json.loads(one["data"])["PONum"] for one in pull(kinetic, who, 0)["results"]] == ["HR-T2"]
    assert (
        kinetic.post(f"{CDC}/RuleAdd", {**who, "ruleID": "x", "tableName": "Part", "rule": '{"nope":[1]}'}).status_code
        == 400
    )


def test_a_subscriber_proves_itself_by_its_secret(kinetic: Caller) -> None:
    who = subscribe(kinetic, "PULL")
    assert kinetic.post(f"{CDC}/Pull", {**who, "secret": "x", "offset": 0}).status_code == 400
    renewed = kinetic.call(f"{CDC}/RegenerateSecret", subscriberID=who["subscriberID"], oldSecret=who["secret"])
    assert kinetic.post(f"{CDC}/Pull", {**who, "offset": 0}).status_code == 400
    now = {**who, "secret": renewed["parameters"]["newSecret"]}
    assert [rule["ruleID"] for rule in kinetic.call(f"{CDC}/RulesList", **now)["returnObj"]["CdcSubscriberRule"]] == [
        "orders"
    ]
    kinetic.call(f"{CDC}/RuleRemove", **now, ruleID="orders")
    kinetic.call(f"{CDC}/Unregister", **now)
    assert kinetic.post(f"{CDC}/Pull", {**now, "offset": 0}).status_code == 400


def test_a_push_is_repeated_until_the_other_side_takes_it(kinetic: Caller, receiver: Receiver) -> None:
    subscribe(kinetic, "PUSH", receiver.url, changeType="insert")
    receiver.status = 500
    kinetic.order(1, line(), PONum="HR-T1")
    headers, body = receiver.next()
    assert (headers["x-secret"], [one["tableName"] for one in body]) == ("s", ["OrderHed"])
    receiver.status = 200
    kinetic.order(1, line(), PONum="HR-T2")
    while len(body) < 2:
        _, body = receiver.next()
    assert [json.loads(one["data"])["PONum"] for one in body] == ["HR-T1", "HR-T2"]


def test_the_shape_of_a_push_is_a_switch(kinetic: Caller, receiver: Receiver) -> None:
    subscribe(kinetic, "PUSH", receiver.url, changeType="insert")
    switch(kinetic.sandbox, switches.CDC_PUSH_BODY, "single")
    kinetic.order(1, line())
    assert receiver.next()[1]["tableName"] == "OrderHed"


def test_a_bpm_post_follows_the_commit_and_carries_its_secret(kinetic: Caller, receiver: Receiver) -> None:
    directive = {
        "table": "OrderHed",
        "change": "update",
        "url": receiver.url,
        "header": "X-HeSync-Secret",
        "secret": "s",
    }
    order = kinetic.order(1, line())["OrderNum"]
    switch(kinetic.sandbox, switches.BPM_DIRECTIVES, json.dumps([directive]))
    refused = kinetic.patch(f"Erp.BO.SalesOrderSvc/SalesOrders('EPIC06',{order})", {"CurrencyCode": "XXX"})
    assert refused.status_code == 400
    kinetic.patch(f"Erp.BO.SalesOrderSvc/SalesOrders('EPIC06',{order})", {"OrderHeld": True})
    headers, body = receiver.next()
    assert headers["x-hesync-secret"] == "s"
    assert (body["event"], body["keys"], body["rowMod"]) == ("OrderHed.Update", {"OrderNum": order}, "U")
    assert "OrderHeld" in body["changed"]


def test_a_bpm_post_tells_of_a_row_once_however_often_its_transaction_wrote_it(
    kinetic: Caller, receiver: Receiver
) -> None:
    directives = [{"table": table, "url": receiver.url} for table in ("OrderHed", "Customer")]
    switch(kinetic.sandbox, switches.BPM_DIRECTIVES, json.dumps(directives))
    order = kinetic.order(1, line())["OrderNum"]
    kinetic.customer("H2")
    told = [receiver.next()[1] for _ in range(2)]
    assert [(body["event"], body["changed"]) for body in told] == [("OrderHed.Insert", []), ("Customer.Insert", [])]
    assert told[0]["keys"] == {"OrderNum": order}


def test_by_switch_a_bpm_post_comes_twice_or_never(kinetic: Caller, receiver: Receiver) -> None:
    directive = {"table": "Customer", "change": "insert", "url": receiver.url}
    switch(kinetic.sandbox, switches.BPM_DIRECTIVES, json.dumps([directive]))
    switch(kinetic.sandbox, switches.BPM_DELIVERY, "never")
    kinetic.customer("H2")
    switch(kinetic.sandbox, switches.BPM_DELIVERY, "twice")
    number = kinetic.customer("H3")
    assert [receiver.next()[1]["keys"]["CustNum"] for _ in range(2)] == [number, number]
