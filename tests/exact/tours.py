"""A tour: one order on its whole way, whoever works on it killed again and again, until somebody lives to finish it."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from tests.exact.at_once import at_once, shares
from tests.exact.checkers import findings
from tests.exact.kills import End, Points, forked
from tests.exact.stand_in import stand_in
from tests.exact.walk import Walk, in_memory

Work = Callable[[Points, int], None]
Death = Callable[[Work], End]
"""Runs a work in a process of its own and, if it can, kills it."""
NESTED, SOON = 8, 30
"""Deaths while recovering on one tour, each at one of the first points: the next worker goes on from there."""
KILLS, MOST_SHOWN = 10_000, 50
MOST_ROUNDS = 12
"""Workers that live, with a quarantine between each; whatever is not at rest then is left to the checkers."""


@dataclass
class Toll:
    """Who died where."""

    killed: Counter[str] = field(default_factory=Counter)
    tours: int = 0

    def __str__(self) -> str:
        """For people."""
        return f"{self.killed.total():,} kills at {len(self.killed)} places on {self.tours:,} tours"


def tour(walk: Walk, deaths: Iterable[Death], toll: Toll) -> None:
    """Sell one order and bring it home past these deaths, as many of them as it takes until somebody gets through."""
    waiting = walk.sell()
    for death in (*deaths, *[forked] * MOST_ROUNDS):
        end = death(partial(walk.go, posts=tuple(waiting)))
        waiting = walk.acknowledged(waiting, end.said)  # a shop announces again what nobody acknowledged
        walk.pass_quarantine()
        if end.killed:
            toll.killed[end.killed_at] += 1
        elif walk.at_rest(end.said):
            break
    toll.tours += 1


def killed_anywhere(walk: Walk, kills: int, seed: int) -> Toll:
    """Tours until so many have died: each point of an undisturbed way first in its turn, then some while recovering."""
    chance, toll, posts = random.Random(seed), Toll(), walk.sell()  # noqa: S311 - a seeded draw, not a secret
    points, said = points_of(partial(walk.go, posts=posts))
    walk.acknowledged(posts, said)
    while toll.killed.total() < kills or toll.tours < points:
        numbers = [1 + toll.tours % points, *(chance.randint(1, SOON) for _ in range(NESTED))]
        tour(walk, [at(number) for number in numbers], toll)
    return toll


def at(number: int) -> Death:
    """Death at the n-th point."""
    return lambda work: forked(work, number)


def points_of(work: Work) -> tuple[int, str]:
    """How many points a work has when nobody disturbs it, and what it said."""

    def counting(points: Points, pipe: int) -> None:
        work(points, pipe)
        os.write(pipe, f"points {len(points.seen)}\n".encode())

    said = forked(counting).said
    return int(said.split()[-1]), said


def in_a_process(kills: int, seed: int, store: str = "") -> str:
    """What `python -m tests.exact.tours` says. Forks of a small process with one thread are cheap, and safe."""
    command = [sys.executable, "-m", "tests.exact.tours", "--kills", str(kills), "--seed", str(seed)]
    done = subprocess.run(
        [*command, *(["--store", store] if store else [])], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}"


Killer = Callable[[Walk, int, int], Toll]
"""Kills so many, by the lots of this seed."""


def main(module: str = "tests.exact.tours", killer: Killer = killed_anywhere, what: str = "Forked kills") -> None:
    """Kill, check, print; exit 1 where a checker found something."""
    parser = argparse.ArgumentParser(description=f"{what} over the whole way of an order.")
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--at-once", type=int, default=1, help="share them among so many processes")
    parser.add_argument(
        "--store", default="", help="address of an empty Postgres database; a SQLite file in memory without it"
    )
    asked = parser.parse_args()
    if asked.at_once > 1 and asked.store:
        parser.error("one store is for one process: --store or --at-once")
    if asked.at_once > 1:
        runs = [_line(kills, asked.seed + place) for place, kills in enumerate(shares(asked.kills, asked.at_once))]
        raise SystemExit(int(bool(at_once(module, runs, asked.at_once))))
    toll, found, seconds = _killed(killer, asked.kills, asked.seed, asked.store)
    sys.stdout.write(f"{toll}, {seconds:.0f} s: {len(found)} findings\n")
    sys.stdout.write("".join(f"  {line}\n" for line in found[:MOST_SHOWN]))
    sys.stdout.write(f"again with: python -m {module} {' '.join(_line(asked.kills, asked.seed))}\n")
    raise SystemExit(int(bool(found)))


def _killed(killer: Killer, kills: int, seed: int, url: str) -> tuple[Toll, list[str], float]:
    started = time.monotonic()
    with in_memory() as folder, stand_in(folder / "sandbox") as other_side:
        walk = Walk(other_side, folder, url)
        walk.warm()
        toll = killer(walk, kills, seed)
        with walk.looking() as store:
            found = findings(walk.history(store))
        walk.close()
    return toll, found, time.monotonic() - started


def _line(kills: int, seed: int) -> list[str]:
    return ["--kills", str(kills), "--seed", str(seed)]


if __name__ == "__main__":
    main()
