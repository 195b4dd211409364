"""When a sensor asks for a run and when it holds still, and who hears of a failure: real instance, store and files."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import dagster as dg
import pytest
import time_machine

from he_sync.connect import alarms as channel
from he_sync.connect.alarms import Alarm
from he_sync.connect.wire import http_send
from he_sync.model.errors import TryLater
from he_sync.store import inbox, lanes, sqlite_file
from he_sync.store.database import open_store
from he_sync.store.inbox import Arrival
from resources.memory import MemoryResource
from resources.runs.launcher import WORKER
from sensors.changes import changes
from sensors.failures import run_failures
from sensors.sweep import LANE, LAUNCHED_WITHIN, STARTS_WITHIN, inbox_sweep, why_not

NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


@dg.job(name="drain")
def drain() -> None:
    """Asked for, not run, here."""


@dg.op
def refuse() -> None:
    raise dg.Failure("HE_EPICOR_PASSWORD is wrong;\n set it", allow_retries=False)


@dg.job(name="nightly_close")
def nightly_close() -> None:
    refuse()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def store(home):
    with open_store(home / "he_sync.db") as opened:
        yield opened


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as one:
        yield one


def arrive(store, number=1):
    body = json.dumps({"about": number})
    digest = sha256(body.encode()).hexdigest()
    inbox.put(store, [Arrival("shop", "order.created", f"event-{number}", f"order {number}", "", body, digest)])


def tick(instance, home):
    context = dg.build_sensor_context(
        instance=instance, resources={"memory": MemoryResource(home=str(home), profile="")}
    )
    return inbox_sweep(drain).evaluate_tick(context)


def requested(instance, home):
    return len(tick(instance, home).run_requests)


# the sweep


def test_the_sweep_asks_for_nothing_while_nothing_waits(instance, home):
    assert requested(instance, home) == 0


def test_the_sweep_asks_for_one_drain_however_many_events_wait(instance, home, store):
    for number in range(50):
        arrive(store, number)
    assert requested(instance, home) == 1


def test_the_sweep_tells_people_of_a_write_ahead_log_that_a_reader_holds_open(instance, home, store, monkeypatch):
    monkeypatch.setattr(sqlite_file, "MOST_LOG_BYTES", 0)
    with closing(sqlite3.connect(sqlite_file.path_of(store), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM inbox").fetchone()
        arrive(store)
        tick(instance, home)
    [alarm] = channel.waiting(home)
    assert "keeps a read open" in alarm.read_text()


def test_the_sweep_holds_still_while_a_drain_has_the_lane_and_asks_again_when_its_lease_has_ended(
    instance, home, store
):
    arrive(store)
    now = datetime.now(UTC)
    lanes.take(store, LANE, "drain 1", 30, now)
    assert requested(instance, home) == 0
    lanes.take(store, LANE, "drain 1", 0, now - timedelta(seconds=31))
    assert requested(instance, home) == 1


def test_a_daemon_whose_clock_is_an_hour_behind_does_not_wait_an_hour_for_a_drain_that_died(instance, postgres_url):
    with open_store(postgres_url) as store:
        arrive(store)
        lanes.take(store, LANE, "drain 1", 30, datetime.now(UTC) - timedelta(seconds=31))
        with time_machine.travel(timedelta(hours=-1), tick=True):
            assert why_not(store, instance, datetime.now(UTC)) == ""


@pytest.mark.parametrize("status", ["STARTING", "NOT_STARTED"])
def test_the_sweep_holds_still_while_a_drain_is_about_to_start(instance, home, store, status):
    arrive(store)
    instance.create_run_for_job(drain, status=dg.DagsterRunStatus[status])
    assert requested(instance, home) == 0


def test_a_drain_that_never_began_is_given_up_after_a_minute(instance, store):
    arrive(store)
    instance.create_run_for_job(drain, status=dg.DagsterRunStatus.STARTING)
    assert "about to start" in why_not(store, instance, datetime.now(UTC))
    assert why_not(store, instance, datetime.now(UTC) + STARTS_WITHIN) == ""


def test_a_drain_that_was_created_and_never_launched_is_given_up_sooner(instance, store):
    arrive(store)
    instance.create_run_for_job(drain, status=dg.DagsterRunStatus.NOT_STARTED)
    assert "about to start" in why_not(store, instance, datetime.now(UTC))
    assert why_not(store, instance, datetime.now(UTC) + LAUNCHED_WITHIN) == ""


def test_a_drain_whose_process_was_killed_before_it_began_is_followed_at_once(store):
    arrive(store)
    launcher = {"run_launcher": {"module": "resources.runs.launcher", "class": "WarmLauncher"}}
    with dg.instance_for_test(overrides=launcher) as instance:
        begun = instance.create_run_for_job(drain, status=dg.DagsterRunStatus.STARTING)
        assert "about to start" in why_not(store, instance, datetime.now(UTC))
        instance.add_run_tags(begun.run_id, {WORKER: "1 0"})
        assert why_not(store, instance, datetime.now(UTC)) == ""


def test_after_a_drain_that_failed_the_next_is_not_asked_for_at_once(instance, home, store):
    arrive(store)
    run = instance.create_run_for_job(drain, status=dg.DagsterRunStatus.STARTED)
    instance.report_run_failed(run)
    [skipped] = [tick(instance, home).skip_message]
    assert "has just failed" in skipped


# polls


def test_a_poll_whose_source_cannot_be_reached_fails_no_tick_and_tells_people_once_an_hour(home):
    def poll(*_: object) -> dict[str, int]:
        raise TryLater("epicor does not answer")

    class Connections:
        @contextmanager
        def systems(self) -> Iterator[None]:
            yield None

    memory = _Memory(home)
    for _ in range(3):
        context = dg.build_sensor_context(resources={"memory": memory, "connections": Connections()})
        assert "nothing is lost" in (changes("epicor", poll, 30).evaluate_tick(context).skip_message or "")
    [told] = channel.waiting(home)
    assert json.loads(told.read_text())["subject"] == "epicor cannot be read"


class _Memory:
    def __init__(self, home: Path) -> None:
        self.home = str(home)

    def store(self):
        return open_store(Path(self.home) / "he_sync.db")

    def retailer(self) -> None:
        return None


# failures


def test_a_run_that_failed_is_told_to_those_whom_it_concerns_with_its_own_words_in_one_line(instance, home):
    result = nightly_close.execute_in_process(instance=instance, raise_on_error=False)
    tell(instance, result)
    [kept] = channel.waiting(home)
    alarm = json.loads(kept.read_text())
    assert alarm["who"] == ["team:finance", "team:integration"]
    assert "HE_EPICOR_PASSWORD is wrong; set it" in alarm["text"]
    assert result.run_id in alarm["text"]


def test_the_same_failure_within_the_hour_is_told_once(instance, home):
    for _ in range(3):
        tell(instance, nightly_close.execute_in_process(instance=instance, raise_on_error=False))
    assert len(list(channel.waiting(home))) == 1


def test_a_run_that_is_tried_again_wakes_nobody(instance, home):
    tags = {"dagster/will_retry": "true"}
    tell(instance, nightly_close.execute_in_process(instance=instance, raise_on_error=False, tags=tags))
    assert list(channel.waiting(home)) == []


def tell(instance, result):
    failure = next(event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE)
    run = instance.get_run_by_id(result.run_id)
    context = dg.build_run_status_sensor_context("run_failures", failure, instance, run).for_run_failure()
    run_failures(context)


# the channel


class _Channel(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        self.server.heard.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), _Channel)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def deliver(home: Path, server: HTTPServer) -> channel.Delivered:
    with http_send(total_deadline=5, byte_cap=1 << 20) as send:
        return channel.deliver(home, f"http://127.0.0.1:{server.server_address[1]}/alert", send)


def test_an_alarm_waits_while_its_channel_is_down_and_is_told_once_when_it_is_back(home):
    with listening() as server:
        pass
    channel.tell(home, Alarm("one", "mend it", ("team:a",)), NOW)
    channel.tell(home, Alarm("two", "mend it too", ("team:a",)), NOW)
    down = deliver(home, server)
    assert (down.told, down.waiting) == (0, 2)
    assert "does not answer" in down.problem
    with listening() as back:
        assert deliver(home, back) == channel.Delivered(2, 0)
        assert deliver(home, back) == channel.Delivered(0, 0)
        assert sorted(heard["subject"] for heard in back.heard) == ["one", "two"]


def test_a_channel_that_refuses_keeps_the_alarm_and_its_address_is_not_named(home, monkeypatch):
    monkeypatch.setattr(_Channel, "status", 500)
    channel.tell(home, Alarm("one", "mend it", ("team:a",)), NOW)
    with listening() as server:
        refused = deliver(home, server)
    assert refused == channel.Delivered(0, 1, "the alarm channel answered 500")


def test_a_subject_is_told_again_in_the_next_hour(home):
    alarm = Alarm("epicor cannot be read", "it is down", ("team:a",))
    assert [channel.tell(home, alarm, NOW + timedelta(minutes=step)) for step in (0, 20, 59, 61)] == [
        True,
        False,
        False,
        True,
    ]
