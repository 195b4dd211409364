"""The doorbell: rings at once when nobody drains, once at a time, again while nobody comes, never beside a drain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from he_sync.model.errors import TryLater
from he_sync.store import inbox, lanes
from he_sync.store.database import Store
from he_sync.store.inbox import Arrival
from he_sync.web.receiver import doorbell
from he_sync.web.receiver.doorbell import Doorbell, dagster_launch
from tests.receiver.running import SECRETS, eventually, order_body, receiving

LAUNCHED = b'{"data":{"launchRun":{"__typename":"LaunchRunSuccess","run":{"runId":"r1"}}}}'


def arrive(store: Store, number: int = 1) -> None:
    inbox.put(store, [Arrival("shop", "order.created", f"e{number}", f"order {number}", "", "{}", "0" * 64)])


@contextmanager
def bell(store: Store, launch: Callable[[], None], holder: str = "one") -> Iterator[Doorbell]:
    made = Doorbell(store, launch, holder)
    made.start()
    try:
        yield made
    finally:
        made.close()


class Drains:
    """Stands for the launch of a drain: remembers when, how many at once, and may take the lane."""

    def __init__(self, store: Store, *, comes: bool = True, fails: int = 0) -> None:
        self.at: list[float] = []
        self._store, self._comes, self._fails = store, comes, fails

    def __call__(self) -> None:
        self.at.append(time.monotonic())
        if len(self.at) <= self._fails:
            raise TryLater("Dagster does not answer")
        if self._comes:
            assert lanes.take(self._store, "drain", "run", 60, datetime.now(UTC))


def test_the_first_event_after_a_quiet_time_rings_at_once(store: Store) -> None:
    drains = Drains(store)
    with bell(store, drains) as rung:
        arrive(store)
        started = time.monotonic()
        rung.ring()
        eventually(lambda: drains.at)
    assert drains.at[0] - started < 0.25


def test_every_quiet_time_ends_with_a_ring_at_once(store: Store) -> None:
    drains = Drains(store)
    with bell(store, drains) as rung:
        for number in range(4):
            arrive(store, number)
            started = time.monotonic()
            rung.ring()
            eventually(lambda: len(drains.at) > number)  # noqa: B023 - asked at once
            assert drains.at[-1] - started < 1.0
            eventually(lambda: lanes.held(store, "drain", datetime.now(UTC)))
            eventually(lambda: not lanes.held(store, "doorbell", datetime.now(UTC)))
            assert inbox.take(store, "run", None, 10, 60, datetime.now(UTC))
            lane = lanes.take(store, "drain", "run", 60, datetime.now(UTC))
            assert lane
            lanes.release(store, lane)


def test_a_thousand_events_ring_once_while_the_drain_comes_and_works(store: Store) -> None:
    drains = Drains(store)
    with bell(store, drains) as rung:
        arrive(store)
        for _ in range(1_000):
            rung.ring()
        eventually(lambda: lanes.held(store, "drain", datetime.now(UTC)))
        for number in range(2, 20):
            arrive(store, number)
            rung.ring()
    assert len(drains.at) == 1


def test_nobody_is_rung_for_while_a_drain_works(store: Store) -> None:
    drains = Drains(store)
    assert lanes.take(store, "drain", "run", 60, datetime.now(UTC))
    with bell(store, drains) as rung:
        arrive(store)
        rung.ring()
        threading.Event().wait(0.5)
    assert drains.at == []


def test_two_processes_ring_once(store: Store) -> None:
    drains = Drains(store, comes=False)
    with bell(store, drains, "one") as one, bell(store, drains, "other") as other:
        arrive(store)
        one.ring()
        other.ring()
        eventually(lambda: drains.at)
        assert lanes.take(store, "drain", "run", 60, datetime.now(UTC))
    assert len(drains.at) == 1


def test_nobody_is_rung_for_when_nothing_waits(store: Store) -> None:
    drains = Drains(store)
    with bell(store, drains) as rung:
        rung.ring()
        threading.Event().wait(0.3)
    arrive(store)
    assert inbox.take(store, "w", None, 10, 60, datetime.now(UTC))
    with bell(store, drains) as rung:
        rung.ring()
        threading.Event().wait(0.3)
    assert drains.at == []


def test_a_launch_that_fails_is_tried_again_until_somebody_drains(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbell, "FIRST_PAUSE", 0.02)
    drains = Drains(store, fails=3)
    with bell(store, drains) as rung:
        arrive(store)
        rung.ring()
        eventually(lambda: lanes.held(store, "drain", datetime.now(UTC)))
    assert len(drains.at) == 4


def test_a_run_that_never_takes_the_lane_is_followed_by_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(doorbell, "START_SECONDS", 0.3)
    drains = Drains(store, comes=False)
    with bell(store, drains) as rung:
        arrive(store)
        rung.ring()
        eventually(lambda: len(drains.at) >= 3)


class Dagster(BaseHTTPRequestHandler):
    """A GraphQL address that answers as it is told."""

    said: tuple[int, bytes] = (200, LAUNCHED)
    asked: list[bytes]

    def do_POST(self) -> None:
        """Keep what was asked."""
        body = self.rfile.read(int(self.headers["content-length"]))
        type(self).asked.append(self.path.encode() + b" " + body)
        status, text = type(self).said
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextmanager
def dagster(status: int = 200, text: bytes = LAUNCHED) -> Iterator[tuple[str, list[bytes]]]:
    asked: list[bytes] = []
    handler = type("Told", (Dagster,), {"said": (status, text), "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_a_stored_event_launches_the_job_drain_in_dagster(tmp_path: Path) -> None:
    with dagster() as (url, asked), receiving(tmp_path, environment={"HE_DAGSTER_URL": url}) as running:
        assert running.order("e1", order_body()).status == 202
        eventually(lambda: asked)
    assert asked[0].startswith(b"/graphql ")
    assert b'"jobName": "drain"' in asked[0]
    assert b'"repositoryLocationName": "he-sync"' in asked[0]
    assert not [value for value in SECRETS.values() if value.encode() in asked[0]]


@pytest.mark.parametrize(
    ("status", "text"),
    [(500, b""), (200, b"<html>"), (302, b""), (200, b'{"data":{"launchRun":{"__typename":"PipelineNotFoundError"}}}')],
)
def test_an_answer_that_launches_nothing_is_no_success(status: int, text: bytes) -> None:
    with dagster(status, text) as (url, _), pytest.raises(TryLater):
        dagster_launch(url)()


def test_a_dagster_that_is_not_there_is_no_success() -> None:
    with pytest.raises(TryLater, match="does not answer"):
        dagster_launch("http://127.0.0.1:9")()
