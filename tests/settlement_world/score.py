"""Show how right a run is: `python -m tests.settlement_world.score DIR OUT [--json]`, DIR with truth."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.settlement_world.measures import SUBJECTS, Score, score


def tables(found: Score) -> Iterator[Table]:
    """The score for a person."""
    if found.pairs:
        yield _pairs(found)
    classes = Table(title=f"classes: macro F1 {found.macro_f1:.4f}", title_justify="left")
    for column in ("class", "found", "right", "true", "F1", "F1 equal"):
        classes.add_column(column, justify="left" if column == "class" else "right")
    for name, one in found.classes.items():
        equal = found.classes_equal[name].f1
        classes.add_row(name, f"{one.found:,}", f"{one.right:,}", f"{one.true:,}", f"{one.f1:.4f}", f"{equal:.4f}")
    yield classes
    money = Table(title="cents", title_justify="left")
    for column in ("identity", "unexplained", "explained wrongly"):
        money.add_column(column, justify="left" if column == "identity" else "right")
    for name, wrong in found.explained_wrong.items():
        money.add_row(name, str(found.unexplained.get(name, "?")), f"{wrong:,}")
    yield money


def _pairs(found: Score) -> Table:
    table = Table(title="links", title_justify="left")
    for column in ("relation", "found", "true", "precision", "recall", "P equal", "R equal", "asserted P", "coverage"):
        table.add_column(column, justify="left" if column == "relation" else "right")
    for name, one in found.pairs.items():
        equal, sure = found.pairs_equal[name], found.asserted[name]
        shares = (one.precision, one.recall, equal.precision, equal.recall, sure.precision)
        cover = sure.found / sure.true if sure.true else 1.0
        table.add_row(name, f"{one.found:,}", f"{one.true:,}", *(f"{each:.6f}" for each in (*shares, cover)))
    return table


def _summed_up(found: Score) -> Iterator[str]:
    blind = found.all_blind
    yield f"deposits exact: {found.deposits.right:,} of {found.deposits.true:,} ({found.deposits.recall:.4f})"
    yield f"blind deposits exact: {found.blind_deposits.right:,} of {found.blind_deposits.true:,}"
    cover = blind.found / blind.true if blind.true else 1.0
    yield f"blind lines: asserted precision {blind.precision:.6f} at coverage {cover:.4f}"
    for entity, one in found.blind.items():
        cover = one.found / one.true if one.true else 1.0
        yield f"  entity {entity}: precision {one.precision:.6f}, coverage {cover:.4f}, {one.true:,} lines"
    yield f"accepted wrong: {found.accepted_wrong:.8f}"
    yield f"false exceptions: {found.false_exceptions:,}"
    yield f"unresolved: {found.unresolved[0]:,} for {found.unresolved[1]:,} cents"


def main() -> None:
    """Score and show."""
    parser = argparse.ArgumentParser(prog="python -m tests.settlement_world.score", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--subject", choices=SUBJECTS, default="settlements")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = score(asked.folder, asked.out, asked.subject)
    if asked.json:
        print(json.dumps(asdict(found), indent=1))  # noqa: T201
        return
    console = Console(width=130)
    for table in tables(found):
        console.print(table)
    for line in _summed_up(found) if found.pairs else ():
        console.print(line)


if __name__ == "__main__":
    main()
