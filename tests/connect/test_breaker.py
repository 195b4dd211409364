"""The breaker: a system without an answer is asked seldom, by one caller of all processes, until it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from he_sync.connect.auth import fixed
from he_sync.connect.breaker import FAILURES, PROBE_SECONDS, Breaker
from he_sync.connect.complaints import heartland
from he_sync.connect.exchange import Exchange
from he_sync.connect.hurry import hurried
from he_sync.connect.permit import LeaseEnded
from he_sync.connect.retry import Patience
from he_sync.connect.throttle import Limit, Throttle
from he_sync.connect.wire import Request, Response, Send
from he_sync.model.errors import HeSyncError, Throttled, TryLater

READ = Request("GET", "https://erp.test/rows")


class Clock:
    def __init__(self) -> None:
        self.now, self.pauses = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Server:
    """Answers with a status, or raises; counts."""

    def __init__(self, status: int | Exception) -> None:
        self.status, self.calls = status, 0

    def __call__(self, _request: Request) -> Response:
        self.calls += 1
        if isinstance(self.status, Exception):
            raise self.status
        return Response(self.status, {}, b"{}")


def exchange(path: Path, clock: Clock, server: Send) -> Exchange:
    breaker = Breaker(path / "shared.db", clock=clock)
    return Exchange("erp", server, fixed(), heartland, breaker=breaker)


def asked(one: Exchange, times: int) -> None:
    for _ in range(times):
        with pytest.raises(HeSyncError):
            one.once(READ)


@pytest.mark.parametrize("status", [502, 503, 504, TryLater("refused")], ids=str)
def test_a_system_that_is_down_is_asked_once_each_half_minute_by_all_processes_together(
    tmp_path: Path, status: int | Exception
) -> None:
    clock, server = Clock(), Server(status)
    processes = [exchange(tmp_path, clock, server) for _ in range(3)]
    for second in range(600):
        asked(processes[second % 3], 1)
        clock.now += 1
    assert server.calls == FAILURES + (600 - FAILURES) // PROBE_SECONDS


def test_while_the_probe_is_under_way_nobody_else_calls(tmp_path: Path) -> None:
    clock, server = Clock(), Server(503)
    asked(exchange(tmp_path, clock, server), FAILURES)
    clock.now += PROBE_SECONDS
    others = list[str]()

    def probed(_request: Request) -> Response:
        with pytest.raises(Throttled) as told:
            exchange(tmp_path, clock, server).once(READ)
        others.append(str(told.value))
        return Response(200, {}, b"{}")

    exchange(tmp_path, clock, probed).once(READ)
    assert (len(others), server.calls) == (1, FAILURES)


def test_the_first_answer_of_any_kind_opens_the_way_again(tmp_path: Path) -> None:
    clock, server = Clock(), Server(503)
    one = exchange(tmp_path, clock, server)
    asked(one, FAILURES + 1)
    assert one.ready_in() == PROBE_SECONDS
    server.status, clock.now = 404, clock.now + PROBE_SECONDS
    asked(one, 3)
    assert (server.calls, one.ready_in()) == (FAILURES + 3, 0)


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, LeaseEnded("our own lease ended")], ids=str)
def test_a_system_that_answers_is_asked_on_whatever_it_answers(tmp_path: Path, status: int | Exception) -> None:
    server = Server(status)
    asked(exchange(tmp_path, Clock(), server), 50)
    assert server.calls == 50


def test_whoever_is_turned_away_is_told_for_how_long(tmp_path: Path) -> None:
    clock, server = Clock(), Server(503)
    one = exchange(tmp_path, clock, server)
    asked(one, FAILURES)
    clock.now += 12
    with pytest.raises(
        Throttled, match=r"no answer 5 times, the last time it answered 503; asked again in 18 s"
    ) as told:
        one.once(READ)
    assert told.value.retry_after == 18


def test_a_clock_that_steps_back_an_hour_does_not_close_the_way_for_an_hour(tmp_path: Path) -> None:
    clock, server = Clock(), Server(503)
    one = exchange(tmp_path, clock, server)
    asked(one, FAILURES)
    clock.now -= 3600
    server.status = 200
    one.once(READ)
    assert one.ready_in() == 0


# hurry


def test_in_a_hurry_a_paused_system_is_refused_at_once_and_the_place_in_the_queue_given_back(tmp_path: Path) -> None:
    clock = Clock()
    throttle = Throttle(tmp_path / "shared.db", {"erp": Limit(10, 1)}, clock=clock, sleep=clock.sleep)
    throttle.pause("erp", 60)
    assert throttle.ready_in("erp") == 60
    with hurried(2):
        for _ in range(100):
            with pytest.raises(Throttled):
                throttle.take("erp")
    assert throttle.ready_in("erp") == 60
    assert clock.pauses == []


def test_in_a_hurry_a_read_is_tried_twice_and_no_pause_passes_the_hurry() -> None:
    clock, tried = Clock(), list[int]()

    def operation() -> None:
        tried.append(1)
        raise TryLater("down")

    patience = Patience(clock=clock, sleep=clock.sleep, draw=lambda _low, high: high)
    with hurried(2), pytest.raises(TryLater):
        patience.read(operation)
    assert (len(tried), clock.pauses) == (2, [0.5])


def test_in_a_hurry_a_wish_of_the_other_side_is_handed_on_and_not_waited_for() -> None:
    clock = Clock()

    def operation() -> None:
        raise Throttled("slow down", 30.0)

    with hurried(2), pytest.raises(Throttled):
        Patience(clock=clock, sleep=clock.sleep).read(operation)
    assert clock.pauses == []
