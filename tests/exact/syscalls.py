"""Many kills at syscalls over the whole way; `python -m tests.exact.syscalls --kills N --seed N` for `make chaos`."""

from __future__ import annotations

import random
from itertools import cycle

from tests.exact.kills import End, Points
from tests.exact.strace import SYSCALLS, counted, kill_at, traced, watch
from tests.exact.tours import Death, Toll, Work, main, tour
from tests.exact.walk import Walk

NESTED, SOON = 5, 12
"""Deaths while recovering on one tour, each at one of the first calls of a kind."""


def by_syscall(syscall: str, number: int) -> Death:
    """Death at the n-th such call."""

    def death(work: Work) -> End:
        end = traced(lambda pipe: work(Points(), pipe), kill_at(syscall, number))
        return End(f"{syscall} {number}" if end.killed else "", end.said)

    return death


def kill_points(walk: Walk) -> list[tuple[str, int]]:
    """Every syscall of an undisturbed way, by kind and number."""
    posts = walk.sell()
    seen = traced(lambda pipe: walk.go(Points(), pipe, posts), watch(*SYSCALLS))
    walk.acknowledged(posts, seen.said)
    return [(name, number) for name, most in counted(seen.calls).items() for number in range(1, most + 1)]


def killed_at_syscalls(walk: Walk, kills: int, seed: int) -> Toll:
    """Tours until so many have died: each point first in its turn, then some while recovering."""
    chance, toll = random.Random(seed), Toll()  # noqa: S311 - a seeded draw, not a secret
    points = kill_points(walk)
    order = cycle(chance.sample(points, len(points)))
    early = [(name, number) for name, number in points if number <= SOON]
    while toll.killed.total() < kills:
        deadly = [next(order), *(chance.choice(early) for _ in range(NESTED))]
        tour(walk, [by_syscall(*point) for point in deadly], toll)
    return toll


if __name__ == "__main__":
    main("tests.exact.syscalls", killed_at_syscalls, "Kills at system calls")
