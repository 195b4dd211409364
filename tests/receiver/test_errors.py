"""An error of our own is a refusal (T41): whatever part breaks, nobody is let in and nobody is thanked."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from he_sync.model.errors import FixSettings, TryLater
from he_sync.store import inbox
from he_sync.store.database import Store
from he_sync.web.receiver.app import Receiver
from he_sync.web.receiver.inlet import Inlet
from he_sync.web.receiver.metrics import Metrics
from he_sync.web.receiver.settings import read_settings
from he_sync.web.receiver.sources import Source, sources
from tests.receiver.running import EPICOR, HEARTLAND, SECRETS, order_body, signed

BODY = order_body()


def broken(*_: Any) -> Any:
    raise ZeroDivisionError


async def answer(receiver: Receiver, path: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of one request, handed to the application as a server does."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    path, _, query = path.partition("?")
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await receiver({"path": path, "method": "POST", "headers": raw, "query_string": query.encode()}, receive, send)
    return int(sent[0]["status"])


def ask(store: Store, path: str, headers: dict[str, str], change: Callable[[Source], Source] = lambda one: one) -> int:
    async def run() -> int:
        found = {name: change(source) for name, source in sources(read_settings(SECRETS)).items()}
        inlet = Inlet(store, lambda: None, 10)
        inlet.start()
        try:
            return await answer(Receiver(found, inlet, store, Metrics()), path, BODY, headers)
        finally:
            await asyncio.to_thread(inlet.close)

    return asyncio.run(run())


@pytest.mark.parametrize("path", ["/hooks/shop/order.created", f"/hooks/heartland/item_created?secret={HEARTLAND}"])
def test_a_check_that_breaks_lets_nobody_in(store: Store, path: str) -> None:
    def break_both(one: Source) -> Source:
        return replace(one, at_the_door=broken, over_the_body=broken)

    assert ask(store, path, signed("e1", BODY), break_both) == 401
    assert inbox.count(store) == {}


def test_a_reading_that_breaks_is_no_thanks(store: Store) -> None:
    assert ask(store, "/hooks/shop/order.created", signed("e1", BODY), lambda one: replace(one, read=broken)) == 500
    assert inbox.count(store) == {}


def test_a_sweep_or_a_store_that_breaks_is_no_thanks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("he_sync.web.receiver.app.sweep", broken)
        assert ask(store, "/hooks/shop/order.created", signed("e1", BODY)) == 500
    with monkeypatch.context() as patched:
        patched.setattr("he_sync.store.inbox.put", broken)
        assert ask(store, "/hooks/shop/order.created", signed("e1", BODY)) == 503
    assert inbox.count(store) == {}
    assert ask(store, "/hooks/shop/order.created", signed("e1", BODY)) == 202


def test_one_event_that_the_store_refuses_does_not_refuse_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = inbox.put

    def but_one(opened: Store, arrivals: Any) -> Any:
        if any(arrival.event_id == "e2" for arrival in arrivals):
            raise ValueError("not this one")
        return real(opened, arrivals)

    async def run() -> list[Any]:
        inlet = Inlet(store, lambda: None, 10)
        many = [asyncio.create_task(inlet.put([arrival(f"e{number}")])) for number in range(5)]
        await asyncio.sleep(0)
        inlet.start()
        found = await asyncio.gather(*many, return_exceptions=True)
        await asyncio.to_thread(inlet.close)
        return found

    monkeypatch.setattr("he_sync.store.inbox.put", but_one)
    found = asyncio.run(run())
    assert [type(one) for one in found] == [list, list, TryLater, list, list]
    assert inbox.count(store) == {"new": 4}


def arrival(event_id: str) -> inbox.Arrival:
    return inbox.Arrival("shop", "order.created", event_id, f"order {event_id}", "", "{}", hashlib.sha256().hexdigest())


def test_more_than_may_wait_is_refused_and_what_waits_is_written_at_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("he_sync.web.receiver.inlet.MOST_WAITING", 3)

    async def run() -> list[Any]:
        inlet = Inlet(store, lambda: None, 10)
        many = [asyncio.create_task(inlet.put([arrival(f"e{number}")])) for number in range(5)]
        await asyncio.sleep(0)
        inlet.start()
        await asyncio.to_thread(inlet.close)
        return await asyncio.gather(*many, return_exceptions=True)

    assert [type(one) for one in asyncio.run(run())] == [list, list, list, TryLater, TryLater]
    assert inbox.count(store) == {"new": 3}


def test_a_store_that_hangs_is_answered_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("he_sync.web.receiver.inlet.PATIENCE", 0.3)
    with store.begin():  # holds the writer's lock
        assert ask_without_end(store) == 503


def ask_without_end(store: Store) -> int:
    async def run() -> int:
        inlet = Inlet(store, lambda: None, 10)
        inlet.start()
        return await answer(
            Receiver(sources(read_settings(SECRETS)), inlet, store, Metrics()),
            "/hooks/epicor/Part",
            json.dumps({"table": "Part", "keys": {"PartNum": "P"}}).encode(),
            {"x-he-sync-secret": EPICOR},
        )

    return asyncio.run(run())


@pytest.mark.parametrize("value", ["0", "-1", "many", ""])
def test_a_setting_that_is_no_count_is_named(value: str) -> None:
    with pytest.raises(FixSettings, match="HE_RECEIVER_CONNECTIONS"):
        read_settings({"HE_RECEIVER_CONNECTIONS": value})
