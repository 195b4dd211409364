"""Four ways to write orders over a wire that loses, delays and answers late, as one table.

`python -m tests.bench.exactly_once [--orders 200000] [--seed N]`. The wire is that of `tests/exact/late_landing.py`;
our way runs the product's store and push, the others are what people write first.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure
from tests.exact.late_landing import PEERS, Outcome, ours, peer

ORDERS = 200_000
BENCHMARK = "orders over a wire with 2 % late landings"


def outcomes(orders: int, seed: int) -> Iterator[Outcome]:
    """Every way over the same kind of wire; ours last, because it takes a store's time."""
    for name in PEERS:
        yield peer(name, orders, seed)
    yield ours(orders, seed)


def figures(orders: int, seed: int) -> Iterator[Figure]:
    """For `make bench`: our duplicates and open ends beside those of the way that looks up but does not wait."""
    found = {one.way: one for one in outcomes(orders, seed)}
    us, them, name = found["he-sync"], found["look up, then retry"], f"{orders:,} {BENCHMARK}"
    yield Figure(name, "created twice", us.duplicates, "orders", "look up, retry", them.duplicates)
    yield Figure(name, "lost or left open", us.lost + us.unresolved, "orders", "look up, retry", them.unresolved)
    yield Figure(name, "calls an order", us.calls_an_order, "calls", "look up, retry", them.calls_an_order)


def shown(found: list[Outcome], title: str) -> Table:
    """One line a way."""
    table = Table(title=title, title_justify="left")
    for column in ("way", "duplicates", "lost", "unresolved", "calls an order"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for one in found:
        counts = (f"{number:,}" for number in (one.duplicates, one.lost, one.unresolved))
        table.add_row(one.way, *counts, f"{one.calls_an_order:.2f}")
    return table


def main() -> None:
    """Run, show, say how to run it again; exit 1 where our way is not 0 and 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked, started = parser.parse_args(), time.monotonic()
    found = list(outcomes(asked.orders, asked.seed))
    console = Console()
    console.print(shown(found, f"{asked.orders:,} {BENCHMARK}, {time.monotonic() - started:.0f} s"))
    console.print(
        f"again with: python -m tests.bench.{Path(__file__).stem} --orders {asked.orders} --seed {asked.seed}"
    )
    us = found[-1]
    raise SystemExit(int(bool(us.duplicates or us.lost or us.unresolved)))


if __name__ == "__main__":
    main()
