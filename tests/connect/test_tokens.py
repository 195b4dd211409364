"""Shared tokens: fetched by one, used by all, renewed in time, dropped when refused."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from he_sync.connect.tokens import Token, TokenCache


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Issuer:
    """Counts how many tokens it gave."""

    def __init__(self, path: Path, clock: Clock, life: float = 100.0) -> None:
        self.cache, self.issued, self.life = TokenCache(path / "shared.db", clock=clock, sleep=clock.sleep), 0, life

    def token(self) -> str:
        with self.cache.lease("epicor") as lease:
            if lease.token is None:
                self.issued += 1
                lease.keep(Token(f"t{self.issued}", self.life))
            return lease.token or ""


def test_a_token_is_used_for_80_percent_of_its_life_and_then_renewed(tmp_path: Path) -> None:
    clock = Clock()
    issuer = Issuer(tmp_path, clock)
    assert issuer.token() == "t1"
    clock.now += 79
    assert issuer.token() == "t1"
    clock.now += 2
    assert issuer.token() == "t2"


def test_while_one_renews_the_others_go_on_with_the_old_token(tmp_path: Path) -> None:
    clock = Clock()
    issuer, other = Issuer(tmp_path, clock), Issuer(tmp_path, clock)
    issuer.token()
    clock.now += 85
    with issuer.cache.lease("epicor") as lease:
        assert lease.token is None
        assert other.token() == "t1"
        lease.keep(Token("t2", 100))
    assert (other.token(), other.issued) == ("t2", 0)


def test_a_refused_token_is_dropped_unless_it_was_renewed_already(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, Clock())
    issuer.token()
    issuer.cache.drop("epicor", "t0")
    assert issuer.token() == "t1"
    issuer.cache.drop("epicor", "t1")
    assert issuer.token() == "t2"


def test_a_fetch_that_failed_leaves_the_way_free_for_the_next(tmp_path: Path) -> None:
    issuer = Issuer(tmp_path, Clock())
    with pytest.raises(RuntimeError), issuer.cache.lease("epicor"):
        raise RuntimeError("the issuer is down")
    assert issuer.token() == "t1"


def test_a_process_that_died_while_fetching_is_replaced_after_its_lease(tmp_path: Path) -> None:
    clock = Clock()
    dead, issuer = Issuer(tmp_path, clock), Issuer(tmp_path, clock)
    held = dead.cache.lease("epicor")
    held.__enter__()  # and never leaves
    began = clock.now
    assert issuer.token() == "t1"
    assert 60 <= clock.now - began < 61


def test_a_late_refresher_that_lost_its_lease_overwrites_nothing(tmp_path: Path) -> None:
    clock = Clock()
    slow, issuer = Issuer(tmp_path, clock), Issuer(tmp_path, clock)
    with slow.cache.lease("epicor") as lease:
        clock.now += 61
        assert issuer.token() == "t1"
        lease.keep(Token("late", 100))
    assert issuer.token() == "t1"


@pytest.mark.parametrize("life", [-5.0, 0.0, 1e12])
def test_an_absurd_life_is_clamped(tmp_path: Path, life: float) -> None:
    clock = Clock()
    issuer = Issuer(tmp_path, clock, life)
    issuer.token()
    clock.now += 20
    assert issuer.token() == "t1"
    clock.now += 86400
    assert issuer.token() == "t2"


def test_a_clock_that_steps_back_costs_one_new_token_not_a_blocked_system(tmp_path: Path) -> None:
    clock = Clock()
    issuer = Issuer(tmp_path, clock)
    issuer.token()
    clock.now -= 500
    assert issuer.token() == "t2"


def test_a_token_stored_between_the_look_and_the_claim_is_not_fetched_again(tmp_path: Path) -> None:
    clock = Clock()
    issuer, late = Issuer(tmp_path, clock), Issuer(tmp_path, clock)
    issuer.token()
    issuer.cache.drop("epicor", "t1")
    look = late.cache._read

    def looked(name: str, now: float) -> tuple[str | None, float, float]:
        found = look(name, now)
        if issuer.issued == 1:  # after the first look of the late one, the other stores a new token
            clock.now += 0.5
            issuer.token()
        return found

    late.cache._read = looked  # type: ignore[method-assign]
    assert (late.token(), late.issued) == ("t2", 0)


def use(path: Path, fetched: multiprocessing.Queue[str], used: multiprocessing.Queue[str], refused: str) -> None:
    cache = TokenCache(path)
    cache.drop("epicor", refused)
    with cache.lease("epicor") as lease:
        if lease.token is None:
            time.sleep(0.1)  # the issuer takes its time, the others come meanwhile
            fetched.put("new")
            lease.keep(Token("new", 3600))
        used.put(lease.token or "")


def test_an_expired_token_is_renewed_once_by_four_processes(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with TokenCache(path).lease("epicor") as lease:
        lease.keep(Token("old", 3600))
    spawn = multiprocessing.get_context("spawn")
    fetched: multiprocessing.Queue[str] = spawn.Queue()
    used: multiprocessing.Queue[str] = spawn.Queue()
    workers = [spawn.Process(target=use, args=(path, fetched, used, "old")) for _ in range(4)]
    for worker in workers:
        worker.start()
    answers = [used.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert answers == ["new"] * 4
    assert fetched.get(timeout=5) == "new"
    assert fetched.empty()
    for queue in (fetched, used):
        queue.close()
        queue.join_thread()
