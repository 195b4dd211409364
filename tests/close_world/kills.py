"""The close killed with -9 at every point: resumed by the next, nothing is posted twice and the books balance.

`python -m tests.close_world.kills [--kills 500] [--part books|whole]`: `books` is what follows the comparisons, `whole`
begins with the pulls. Prints what was found to be wrong after a tour, exit 1 with any.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from tests.close_world.scene import Scene
from tests.close_world.shape import TINY
from tests.close_world.stand_in import stand_in
from tests.exact.kills import forked
from tests.exact.tours import Toll, points_of
from tests.exact.walk import in_memory

KILLS, NESTED, MOST_SHOWN = 500, 3, 50
MOST_ROUNDS = 6
"""Closes that live, with a quarantine between each; whatever is not signed then is a finding."""
WHOLE, BOOKS = "whole", "books"


def killed_anywhere(scene: Scene, kills: int, seed: int, toll: Toll) -> Iterator[str]:
    """Kill so many closes, spread evenly over the points of one, and again while it recovers; gives the findings."""
    chance = random.Random(seed)  # noqa: S311 - a seeded draw, not a secret
    scene.anew()
    points, _ = points_of(scene.go)
    tours = -(-kills // (1 + NESTED))
    for turn in count():
        if toll.killed.total() >= kills:
            return
        first = 1 + (turn * points // tours + chance.randrange(max(1, points // tours))) % points
        for line in _tour(scene, [first, *(chance.randint(1, points // 2) for _ in range(NESTED))], toll):
            yield f"killed at {first} of {points}: {line}"


def _tour(scene: Scene, deadly: list[int], toll: Toll) -> list[str]:
    """One date closed past these deaths."""
    scene.anew()
    toll.tours += 1
    for number in (*deadly, *[0] * MOST_ROUNDS):
        end = forked(scene.go, number)
        scene.pass_quarantine()
        if end.killed:
            toll.killed[end.killed_at] += 1
        elif end.said.split()[-1] == "0":
            break
    return scene.findings()


@contextmanager
def opened(part: str) -> Iterator[Scene]:
    """A scene in memory, warmed."""
    with in_memory() as folder, stand_in(folder / "sandbox", TINY) as there:
        scene = Scene(there, folder, whole=part == WHOLE)
        scene.warm()
        yield scene
        scene.close()


def in_a_process(kills: int, seed: int) -> str:
    """What this program says. Forks of a small process with one thread are cheap, and safe."""
    line = [sys.executable, "-m", "tests.close_world.kills", "--kills", str(kills), "--seed", str(seed)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def main() -> None:
    """Kill, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--part", choices=(BOOKS, WHOLE), default=BOOKS)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    started, toll = time.monotonic(), Toll()
    with opened(asked.part) as scene:
        found = list(killed_anywhere(scene, asked.kills, asked.seed, toll))
    sys.stdout.write(f"{toll}, {time.monotonic() - started:.0f} s: {len(found)} findings\n")
    sys.stdout.write("".join(f"  {line}\n" for line in found[:MOST_SHOWN]))
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
