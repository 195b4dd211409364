"""The shared token bucket: no window sees more calls than agreed, whatever processes and clocks do."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from he_sync.connect.throttle import Limit, Throttle
from he_sync.model.errors import Throttled


class Clock:
    def __init__(self) -> None:
        self.now, self.pauses = 1000.0, list[float]()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def bucket(path: Path, clock: Clock, rate: float = 10, burst: float = 2) -> Throttle:
    return Throttle(path / "shared.db", {"epicor": Limit(rate, burst)}, clock=clock, sleep=clock.sleep)


def test_a_burst_leaves_at_once_and_the_rest_at_the_rate(tmp_path: Path) -> None:
    clock = Clock()
    throttle = bucket(tmp_path, clock)
    for _ in range(12):
        throttle.take("epicor")
    assert clock.now - 1000 == pytest.approx(1.0)
    assert len(clock.pauses) == 10


def test_a_system_without_a_limit_never_waits(tmp_path: Path) -> None:
    clock = Clock()
    throttle = bucket(tmp_path, clock)
    for _ in range(100):
        throttle.take("heartland")
    assert clock.pauses == []


def test_a_clock_that_steps_back_an_hour_neither_frees_calls_nor_stops_them(tmp_path: Path) -> None:
    clock = Clock()
    throttle = bucket(tmp_path, clock)
    for _ in range(4):
        throttle.take("epicor")
    clock.now -= 3600
    began = clock.now
    for _ in range(10):
        throttle.take("epicor")
    assert clock.now - began == pytest.approx(1.1)  # nothing refills during the step: one call later, not an hour


def test_a_clock_that_jumps_ahead_frees_one_burst_and_no_more(tmp_path: Path) -> None:
    clock = Clock()
    throttle = bucket(tmp_path, clock)
    throttle.take("epicor")
    clock.now += 86400
    for _ in range(3):
        throttle.take("epicor")
    assert clock.pauses == [pytest.approx(0.1)]


def test_a_pause_that_one_process_was_asked_for_holds_all_of_them(tmp_path: Path) -> None:
    clock = Clock()
    bucket(tmp_path, clock).pause("epicor", 30)
    bucket(tmp_path, clock).take("epicor")
    assert clock.pauses == [pytest.approx(30.1)]


def test_a_queue_of_more_than_a_quarter_of_an_hour_is_said_and_not_waited_for(tmp_path: Path) -> None:
    clock = Clock()
    throttle = bucket(tmp_path, clock)
    throttle.pause("epicor", 1000)
    for _ in range(2):
        with pytest.raises(Throttled, match="1000 s long"):
            throttle.take("epicor")
    assert clock.pauses == []


def calls(path: Path, stamps: multiprocessing.Queue[float], count: int) -> None:
    throttle = Throttle(path, {"epicor": Limit(50, 5)})
    for _ in range(count):
        throttle.take("epicor")
        stamps.put(time.time())


def test_four_processes_together_keep_one_limit(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    stamps: multiprocessing.Queue[float] = spawn.Queue()
    workers = [spawn.Process(target=calls, args=(tmp_path / "shared.db", stamps, 15)) for _ in range(4)]
    for worker in workers:
        worker.start()
    times = sorted(stamps.get(timeout=60) for _ in range(60))
    for worker in workers:
        worker.join(30)
    stamps.close()
    stamps.join_thread()
    for window in (0.5, 1.0):
        worst = max(sum(1 for later in times if 0 <= later - first < window) for first in times)
        assert worst <= 5 + 50 * window + 6  # a call is stamped after it was let go; on a busy machine a few bunch up
