"""The settlement chain over what the nights pulled: the last dates compared as one, every cent of them explained.

A payment of one date is settled, paid and posted on others. A night's own legs see one date; this sees them all. Only
what new and changed dates touch is matched again, on top of the run before. One folder a date under `<home>/chain`; the
books of the last two runs stay in `.books`, to see what changed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books.folder import write_folder
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import FRAMES, read_source
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.reconcile import runs
from he_sync.store.lake import Lake, Snapshot

WINDOW = 62
"""Business dates that are compared together: a chargeback of the month before last is still met by its sale."""
NUMBERS, BOOKS = "numbers.json", ".books"
KINDS = {
    "pos_payments": "payment",
    "settlement_lines": "transaction",
    "batches": "batch",
    "bank_lines": "bank line",
    "gl_lines": "posting",
    "pos_orders": "",
    "erp_orders": "sales order",
}
"""What a record of each relation is called; a sale's own name says it already."""


@dataclass(frozen=True)
class Chained:
    """What one run found: its dates, `summary.json`, the breaks with the records' own names, and the files."""

    dates: tuple[str, ...]
    figures: dict[str, Any]
    breaks: pd.DataFrame
    links: Snapshot
    report: Path


def run(lake: Lake, home: Path, day: str, retailer: Retailer) -> Chained:
    """Compare the dates up to `day` and keep the outcome under it. Raises FixInput where `day` was never pulled."""
    dates, out, before = pulled(lake, day), home / "chain" / day, _before(home, day)
    kept = home / "chain" / BOOKS
    books = kept / day / f"{retailer.name} {day}"  # what the report calls itself
    shutil.rmtree(kept / day, ignore_errors=True)
    books.mkdir(parents=True)
    numbers = write_folder(read_source(lake, dates, retailer), books, _numbers(before), by_day=True)
    figures = runs.settlements(books, out, previous=before)
    for one in kept.iterdir():
        if one.name not in {day, before.name if before else day}:
            shutil.rmtree(one)
    (out / NUMBERS).write_text(json.dumps(numbers.document()), encoding="utf-8")
    breaks = named(pd.read_parquet(out / "breaks.parquet"), numbers)
    facts = {"rules": figures["rules_version"], "dates": [dates[0], dates[-1]], "data": figures["data_versions"]}
    links = lake.write("reconcile", "chain_links", day, pd.concat(map(pd.read_parquet, runs.links_of(out))), facts)
    lake.write("reconcile", "chain", day, breaks, facts)
    return Chained(dates, figures, breaks, links, out / "report.html")


def pulled(lake: Lake, day: str) -> tuple[str, ...]:
    """The dates up to `day` that were pulled, without a gap between them, at most WINDOW."""
    lake.current("canonical", "ledger_elsewhere", day)
    dates = [date.fromisoformat(day)]
    while len(dates) < WINDOW and _is_there(lake, (dates[-1] - timedelta(days=1)).isoformat()):
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
    return next((one for one in folders if one.name < day and (one / NUMBERS).is_file()), None)


def _numbers(before: Path | None) -> Numbers:
    """A record keeps its number from run to run, so that a date which did not change is known again."""
    return Numbers.of(json.loads((before / NUMBERS).read_text(encoding="utf-8"))) if before else Numbers()


def named(breaks: pd.DataFrame, numbers: Numbers) -> pd.DataFrame:
    """The breaks with `subject`, what the record is called in its own system; a deposit that never came has none."""
    names = {
        "settlement_lines": numbers.lines.texts(),
        "batches": numbers.batches.texts(),
        "bank_lines": numbers.bank_lines.texts(),
        "gl_lines": numbers.postings.texts(),
        "pos_orders": numbers.orders.texts(),
    }
    subjects = [
        f"{KINDS.get(table, table)} {names.get(table, {}).get(number, number)}".strip() if number else "deposit"
        for table, number in zip(breaks["table"], breaks["record_id"], strict=True)
    ]
    return breaks.assign(subject=pd.Series(subjects, index=breaks.index, dtype="str"))
