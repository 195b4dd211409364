"""The assembly: reads the books, runs the stages in order, writes links and breaks, returns the summary."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.outcome import Outcome
from he_sync.reconcile.chain.rules import RuleSet

Format = Literal["csv", "parquet"]


def reconcile(
    books: Books,
    rules: RuleSet,
    out: Path | None,
    *,
    format: Format = "parquet",
    threads: int | None = None,
    previous: Path | None = None,
) -> Outcome:
    """Match, classify and close; writes `links.<format>` and `breaks.<format>` into the existing folder `out`.

    `previous` is the state folder of an earlier run of the same books; the new state replaces it. The caller decides
    on exit 3 by `outcome.summary.closes`, and removes `out` where an error leaves through here.
    """
    raise NotImplementedError(books, rules, out, format, threads, previous)
