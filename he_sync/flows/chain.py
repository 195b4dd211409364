"""The settlement chain over what the nights pulled: the last dates compared as one, every cent of them explained.

A payment of one date is settled, paid and posted on others. A night's own legs see one date; this sees them all. Only
what new and changed dates touch is read, and matched again, on top of the run before. One folder a date under
`<home>/chain`; the books of the last two runs stay in `.books`, their files in `.books/files`, one a date and relation.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from he_sync.flows.rule_change.kept import in_force
from he_sync.flows.settlement_books.days import Days, Known
from he_sync.flows.settlement_books.folder import named_by, write_days
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import FRAMES, read_source
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.reconcile import runs
from he_sync.store.lake import Lake

WINDOW = 62
"""Business dates that are compared together: a chargeback of the month before last is still met by its sale."""
BOOKS, FILES, NUMBERS = ".books", "files", "numbers.db"
KNOWN = "dates.json"
"""What a run's dates were made of, so that the next one can tell which are as they were."""
FORGOTTEN = timedelta(days=2 * WINDOW)
"""Numbers of records this long before the first date are forgotten: a back-fill of so long ago gives new ones."""
KINDS = {
    "pos_payments": "payment",
    "settlement_lines": "transaction",
    "batches": "batch",
    "bank_lines": "bank line",
    "gl_lines": "posting",
    "orders": "",
}
"""What a record of each relation is called; a sale's own name says it already."""


@dataclass(frozen=True)
class Chained:
    """What one run found: its dates, `summary.json`, the breaks with the records' own names, and the output's folder.

    `made` are the dates whose books were made anew, `opened` the frames, by name and date, that were read for it.
    """

    dates: tuple[str, ...]
    figures: dict[str, Any]
    breaks: pd.DataFrame
    out: Path
    made: tuple[str, ...]
    opened: tuple[tuple[str, str], ...]

    @property
    def links(self) -> int:
        """How many links there are."""
        return sum(pq.read_metadata(path).num_rows for path in runs.links_of(self.out))

    @property
    def report(self) -> Path:
        """The page for finance."""
        return self.out / "report.html"


def run(lake: Lake, home: Path, day: str, retailer: Retailer, window: int = WINDOW) -> Chained:
    """Compare the dates up to `day` and keep the outcome under it. Raises FixInput where `day` was never pulled."""
    dates, out, before = pulled(lake, day, window), home / "chain" / day, _before(home, day)
    source = read_source(lake, dates, retailer)
    with closing(_numbers(home, dates[0])) as numbers:
        books = _books(home / "chain" / BOOKS, f"{retailer.name} {day}", day)
        days = write_days(source, books, home / "chain" / BOOKS / FILES, numbers, _known(before, numbers, dates[0]))
        numbers.keep()
        figures = runs.settlements(books, out, rules=in_force(home), previous=before)
        _tidy(home / "chain" / BOOKS, {day, before.name if before else day})
        _write(out / KNOWN, days, numbers)
        breaks = named(pd.read_parquet(out / "breaks.parquet"), numbers)
    facts = {"rules": figures["rules_version"], "dates": [dates[0], dates[-1]], "data": figures["data_versions"]}
    lake.write("reconcile", "chain", day, breaks, facts)
    return Chained(dates, figures, breaks, out, tuple(days.made), tuple(source.read))


def _books(kept: Path, title: str, day: str) -> Path:
    """A new folder of books; `title` is what the report calls itself."""
    shutil.rmtree(kept / day, ignore_errors=True)
    (kept / day / title).mkdir(parents=True)
    return kept / day / title


def _tidy(kept: Path, days: Collection[str]) -> None:
    """Let go of the books of other runs, and of files that none of these names."""
    for one in kept.glob("20*-*-*"):
        if one.name not in days:
            shutil.rmtree(one)
    named = {path for books in kept.glob("20*-*-*/*") for path in named_by(books)}
    for path in (kept / FILES).resolve().glob("*/*"):
        if path not in named:
            path.unlink()


def pulled(lake: Lake, day: str, window: int = WINDOW) -> tuple[str, ...]:
    """The dates up to `day` that were pulled, without a gap between them, at most `window`."""
    lake.current("canonical", "ledger_elsewhere", day)
    dates = [date.fromisoformat(day)]
    while len(dates) < window and _is_there(lake, (dates[-1] - timedelta(days=1)).isoformat()):
        dates.append(dates[-1] - timedelta(days=1))
    return tuple(one.isoformat() for one in reversed(dates))


def _is_there(lake: Lake, day: str) -> bool:
    try:
        for name in FRAMES:
            lake.current("canonical", name, day)
    except FixInput:
        return False
    return True


def _before(home: Path, day: str) -> Path | None:
    """The latest run of an earlier date that is whole."""
    folders = sorted((home / "chain").glob("20*-*-*"), reverse=True)
    return next((one for one in folders if one.name < day and (one / KNOWN).is_file()), None)


def _known(before: Path | None, numbers: Numbers, first: str) -> dict[str, Known]:
    """What an earlier run kept of its dates; nothing where its numbers are not those of now."""
    kept = json.loads((before / KNOWN).read_text(encoding="utf-8")) if before else None
    if kept is None or not numbers.knows(kept["numbers"], first):
        return {}
    return {day: Known.of(one) for day, one in kept["dates"].items()}


def _write(path: Path, days: Days, numbers: Numbers) -> None:
    dates = {day: one.plain() for day, one in days.known.items()}
    path.write_text(json.dumps({"numbers": numbers.mark(), "dates": dates}), encoding="utf-8")


def _numbers(home: Path, first: str) -> Numbers:
    """A record keeps its number from run to run, so that a date which did not change is known again."""
    (home / "chain").mkdir(parents=True, exist_ok=True)
    numbers = Numbers(home / "chain" / NUMBERS)
    numbers.forget((date.fromisoformat(first) - FORGOTTEN).isoformat())
    return numbers


def named(breaks: pd.DataFrame, numbers: Numbers) -> pd.DataFrame:
    """The breaks with `subject`, what the record is called in its own system; a deposit that never came has none."""
    kinds = {
        "settlement_lines": numbers.lines,
        "batches": numbers.batches,
        "bank_lines": numbers.bank_lines,
        "gl_lines": numbers.postings,
        "orders": numbers.orders,
    }
    by_table = breaks.groupby("table")["record_id"]
    names = {name: ids.texts(by_table.get_group(name)) for name, ids in kinds.items() if name in by_table.groups}
    subjects = [
        f"{KINDS.get(table, table)} {names.get(table, {}).get(number, number)}".strip() if number else "deposit"
        for table, number in zip(breaks["table"], breaks["record_id"], strict=True)
    ]
    return breaks.assign(subject=pd.Series(subjects, index=breaks.index, dtype="str"))
