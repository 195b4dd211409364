"""Which field is which: ours beside Valentine's COMA, on systems that ours has not seen; and a table of 500 fields.

`python -m tests.bench.suggesting [--samples FOLDER]` runs it alone, on a folder of samples with `pairs.csv` too.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from he_sync.mapping.suggest.scoring import scored
from he_sync.mapping.suggest.tables import Table
from tests.bench.environments import HOME, environment, peer
from tests.bench.figures import Figure, said, skipped, table
from tests.bench.measure import Measure, measured
from tests.bench.wide_fields import SIDES
from tests.suggest_world.evaluate import Outcome, outcome, ranked
from tests.suggest_world.labelled import EPICOR, Labelled, epicor_table, own, samples, untouched
from tests.suggest_world.learn import case, without_systems

VALENTINE = ("valentine==1.0.1",)
MEBIBYTE = 1024 * 1024
WIDE = 500
Ranks = dict[str, dict[str, list[str]]]


def figures(folder: Path, given: Path | None = None) -> Iterator[Figure]:
    """Every set beside COMA, what is taken unseen, Magneto by name, and the wide table."""
    python = environment("valentine", *VALENTINE)
    labels = own()
    yield from _beside("fields, systems not seen", labels, _left_out(labels), python, folder)
    sets = {"fields, Shopify to ERPNext": untouched()} | ({"fields, samples": list(samples(given))} if given else {})
    for name, some in sets.items():
        found = outcome(some)
        yield from _beside(name, some, found, python, folder)
        yield Figure(name, "taken unseen", 100 * found.auto / found.fields, "%", better="more")
        yield Figure(name, "of those right", 100 * found.precision, "%", better="more")
    yield skipped("fields", "magneto-python: 6 GB of packages, and its models come from a hub")
    for side, name in zip(SIDES, ("InvcHead", "OrderHed"), strict=True):
        whole = epicor_table(name)
        write(folder / side, replace(whole, fields=whole.fields[:WIDE]))
    yield from _wide(measured("tests.bench.wide_fields:suggested", str(folder), {}))


def _left_out(labels: Sequence[Labelled]) -> Outcome:
    """Ours with weights that saw neither system of a pair."""
    found: Ranks = {}
    for weights, one in without_systems([case(label) for label in labels]):
        order, targets = scored(one.signs, weights).order, one.label.target.names()
        names = one.label.source.names()
        found[one.label.name] = {name: [targets[place] for place in order[row]] for row, name in enumerate(names)}
    return ranked(labels, lambda label: found[label.name])


def _beside(
    name: str, labels: Sequence[Labelled], ours: Outcome, python: Path | None, folder: Path
) -> Iterator[Figure]:
    coma = _coma(labels, python, folder / name.replace(" ", "-")) if python else None
    who = "COMA, instances" if coma else ""
    for what, our, their in (("top-1", ours.top1, coma and coma.top1), ("top-5", ours.top5, coma and coma.top5)):
        yield Figure(name, what, 100 * our, "%", who, None if their is None else 100 * their, "more")
    if coma is None:
        yield skipped(name, f"{VALENTINE[0]} cannot be installed")


def _coma(labels: Sequence[Labelled], python: Path, folder: Path) -> Outcome:
    folder.mkdir(parents=True, exist_ok=True)
    for label in labels:
        write(folder / f"{label.name}.source.csv", label.source)
        write(folder / f"{label.name}.target.csv", label.target)
    peer(python, "peer_coma.py", folder, folder / "coma.json")
    found: Ranks = json.loads((folder / "coma.json").read_text(encoding="utf-8"))
    return ranked(labels, lambda label: found[label.name])


def write(path: Path, given: Table) -> None:
    """A table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(given.names())
        rows.writerows(zip(*(field.values for field in given.fields), strict=True))


def _wide(one: Measure) -> Iterator[Figure]:
    name = f"{WIDE} x {WIDE} fields, two CSV files to suggestions"
    yield Figure(name, "wall, imports too", one.seconds, "s")
    yield Figure(name, "processor", one.processor_seconds, "s")
    yield Figure(name, "peak memory", one.peak / MEBIBYTE, "MiB")


def main() -> None:
    """Run and show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=Path, help=f"a folder with pairs.csv; tables of names are in {EPICOR.name}")
    asked, console = parser.parse_args(), Console()
    found = []
    for one in figures(HOME / "fields", asked.samples):
        found.append(one)
        console.print(f"[dim]{said(one)}[/]")
    console.print(table(found, "which field is which"))


if __name__ == "__main__":
    main()
