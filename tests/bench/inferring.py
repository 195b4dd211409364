"""Rules proposed from faulty records: how many of each hundred planted ones are found, what next year's records break.

`python -m tests.bench.inferring [--hundreds 10] [--seed 1000]` runs it alone, on worlds of other seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pandera.pandas as pa
from rich.console import Console

from tests.bench.figures import Figure, said, table
from tests.rules_world.judge import Outcome, hundred
from tests.rules_world.world import World

HUNDREDS, SEED = 5, 1_000
NAME = "rules from faulty records"
PEER = "pandera infer_schema"


def figures(hundreds: int = HUNDREDS, seed: int = SEED) -> Iterator[Figure]:
    """The worst and the mean of some hundreds, and the peer's rules against the next year of the same worlds."""
    first, found = seed, []
    for _ in range(hundreds):
        one, seed = hundred(seed)
        found.append(one)
    yield from _share("planted rules found", [one.recall for one in found])
    yield from _share("proposals true", [one.precision for one in found])
    theirs = sum(broken_schemas(World(one)) for one in range(first, seed))
    ours = [one.broken_later for one in found]
    yield Figure(NAME, "columns or rules that clean records of next year break", sum(ours), "", PEER, theirs)
    yield Figure(NAME, "rules proposed", sum(one.rules for one in found), "", better="")
    yield Figure(NAME, "planted", sum(one.planted for one in found), "", better="")
    yield Figure(NAME, "seconds a year of lines", _seconds(found) / (seed - first), "s")


def _share(what: str, shares: list[float]) -> Iterator[Figure]:
    yield Figure(NAME, f"{what}, mean", 100 * sum(shares) / len(shares), "%", better="more")
    yield Figure(NAME, f"{what}, worst of {len(shares)} hundreds", 100 * min(shares), "%", better="more")


def _seconds(found: list[Outcome]) -> float:
    return sum(one.seconds for one in found)


def broken_schemas(world: World) -> int:
    """Columns of a schema inferred from the clean year that the next clean year breaks."""
    schema = pa.infer_schema(world.clean)
    try:
        schema.validate(world.later, lazy=True)
    except pa.errors.SchemaErrors as error:
        return int(error.failure_cases["column"].nunique())
    return 0


def main() -> None:
    """Run and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hundreds", type=int, default=HUNDREDS)
    parser.add_argument("--seed", type=int, default=SEED)
    asked, console = parser.parse_args(), Console()
    found = []
    for one in figures(asked.hundreds, asked.seed):
        found.append(one)
        console.print(f"[dim]{said(one)}[/]")
    console.print(table(found, "rules"))


if __name__ == "__main__":
    main()
