"""Proposed rules against those in force over all kept history: links gained, lost, with another partner, and false.

History is every business date that was pulled, in windows as long as the chain looks back, and every folder of files
under `<home>/history`. A folder there with a file `links` is labelled: what its links contradict is a false match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from he_sync.flows.chain import WINDOW, pulled
from he_sync.flows.rule_change.kept import Proposed, rules_in_force, rules_of
from he_sync.flows.settlement_books.folder import write_folder
from he_sync.flows.settlement_books.source import read_source
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.reconcile.chain.backtest import Comparison, backtest
from he_sync.store.lake import Lake

COUNTS = ("gained", "lost", "changed")


def try_out(home: Path, retailer: Retailer, one: Proposed, tell: Callable[[str], None]) -> dict[str, Any]:
    """The whole comparison. Raises FixInput where no date was pulled and no history is kept."""
    sets = [rules_in_force(home), rules_of(one.text)]
    rows: list[dict[str, Any]] = []
    with TemporaryDirectory(prefix="he-sync-history-") as place:
        for name, folder in history(home, retailer, Path(place)):
            tell(f"compare over {name}")
            rows += [_row(name, found) for found in backtest(sets, [folder])]
    if not rows:
        raise FixInput("no date was pulled yet and nothing is kept under history; close a date first")
    sums = {what: dict(sorted(sum((Counter(row[what]) for row in rows), Counter()).items())) for what in COUNTS}
    return {"instead_of": sets[0].version, "version": sets[1].version, "rows": rows, "sums": sums}


def _row(name: str, found: Comparison) -> dict[str, Any]:
    counts = {what: dict(getattr(found, what)) for what in COUNTS}
    return {"history": name, **counts, "false": {rel: list(both) for rel, both in found.false_matches.items()}}


def history(home: Path, retailer: Retailer, place: Path) -> Iterator[tuple[str, Path]]:
    """Folders to compare over, with what they are called: windows of pulled dates, newest first, then kept folders."""
    for days in windows(Lake(home / "lake"), home):
        folder = place / f"{days[0]} to {days[-1]}"
        folder.mkdir()
        write_folder(read_source(Lake(home / "lake"), days, retailer), folder)
        yield folder.name, folder
    for kept in sorted((home / "history").glob("*/")):
        labelled = any((kept / f"links.{kind}").is_file() for kind in ("parquet", "csv"))
        yield f"{kept.name}{', labelled' if labelled else ''}", kept


def windows(lake: Lake, home: Path) -> Iterator[tuple[str, ...]]:
    """Pulled dates without gaps between them, at most WINDOW together, each date in one window."""
    left = sorted(path.name for path in (home / "lake" / "canonical" / "ledger_elsewhere").glob("20*-*-*"))
    while left:
        try:
            days = pulled(lake, left[-1])
        except FixInput:
            left.pop()
            continue
        yield days[-WINDOW:]
        before = (date.fromisoformat(days[0]) - timedelta(days=1)).isoformat()
        left = [day for day in left if day <= before]
