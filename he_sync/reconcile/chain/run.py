"""The assembly: reads the books, runs the stages in order, writes links and breaks, returns the summary."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.outcome import Outcome
from he_sync.reconcile.chain.rules import RuleSet

Format = Literal["csv", "parquet"]


def reconcile(
    books: Books,
    rules: RuleSet,
    out: Path | None,
    *,
    format: Format = "parquet",  # noqa: A002 - the word of the command line
    threads: int | None = None,
    previous: Path | None = None,
) -> Outcome:
    """Match, classify and close; writes `links.<format>` and `breaks.<format>` into the existing folder `out`.

    `previous` is the state folder of an earlier run of the same books; the new state replaces it. The caller decides
    on exit 3 by `outcome.summary.closes`, and removes `out` where an error leaves through here.
    """
    from he_sync.reconcile.chain.stages import Stages  # noqa: PLC0415 - numpy and pyarrow load only where they run

    stages = Stages(books, rules)
    summary = stages.run()
    written = ()
    if out is not None:
        from he_sync.reconcile.chain.write import write_breaks, write_links

        write_links(stages.found, out / f"links.{format}")
        write_breaks(stages.found.breaks, stages.as_of, out / f"breaks.{format}")
        written = (f"links.{format}", f"breaks.{format}")
    return Outcome(summary, written)
