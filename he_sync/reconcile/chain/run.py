"""The assembly: reads the books, runs the stages in order, writes links and breaks, returns the summary."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.outcome import Identity, Outcome, Summary
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.state import save, take_over

if TYPE_CHECKING:
    from he_sync.reconcile.chain.stages import Stages

Format = Literal["csv", "parquet"]


def reconcile(  # noqa: PLR0913 - the options of a run
    books: Books,
    rules: RuleSet,
    out: Path | None,
    *,
    format: Format = "parquet",  # noqa: A002 - the word of the command line
    threads: int | None = None,
    previous: Path | None = None,
) -> Outcome:
    """Match, classify and close; writes `links.<format>` and `breaks.<format>` into the existing folder `out`.

    `previous` is the output folder of an earlier run: where data, rules and engine are the same, its links and breaks
    are taken over as they are. The caller decides on exit 3 by `outcome.summary.closes`, and removes `out` where an
    error leaves through here.
    """
    names = (f"links.{format}", f"breaks.{format}")
    if out is not None and previous is not None:
        known = take_over(previous, out, names, books.versions, rules.version)
        if known is not None:
            return Outcome(known, names, taken_over=True)
    from he_sync.reconcile.chain.found import Found  # noqa: PLC0415 - numpy and pyarrow load only where they run
    from he_sync.reconcile.chain.stages import Stages  # noqa: PLC0415 - same
    from he_sync.reconcile.chain.write import LinkWriter, write_breaks  # noqa: PLC0415 - same

    if threads:
        books.connection.execute(f"set threads = {threads}")
    writer = LinkWriter(out / names[0] if out is not None else None)
    found = Found(writer)
    try:
        stages = Stages(books, rules, found)
        identities = stages.run(threads)
        summary = summarise(stages, identities, rules, books)
        if out is not None:
            write_breaks(found.breaks, stages.as_of, out / names[1])
    finally:
        writer.close()
    if out is None:
        return Outcome(summary)
    save(out, summary)
    return Outcome(summary, names)


def summarise(stages: Stages, identities: dict[str, dict[str, Identity]], rules: RuleSet, books: Books) -> Summary:
    """Counts and shares of what was found."""
    found = stages.found
    links: Counter[str] = Counter()
    by_rule: Counter[str] = Counter()
    unsure: Counter[str] = Counter()
    for (relation, stage, rule, strength), count in sorted(found.counts.items()):
        links[relation] += count
        by_rule[f"{relation} {stage}/{rule} {strength}"] += count
        unsure[relation] += count if strength == "suggested" else 0
    breaks = Counter(one.kind for one in found.breaks)
    cents: Counter[str] = Counter()
    for one in found.breaks:
        cents[one.kind] += one.delta
    must = {"PL": stages.rows["card_payments"], "LD": stages.rows["settlement_lines"], "DG": len(stages.bank.ids)}
    return Summary(
        as_of=date(1970, 1, 1) + timedelta(days=stages.as_of),
        identities=identities,
        rows=dict(sorted(stages.rows.items())),
        links=dict(links),
        links_by_rule=dict(by_rule),
        breaks=dict(sorted(breaks.items())),
        break_cents=dict(sorted(cents.items())),
        match_rates={name: links[name] / count if count else 1.0 for name, count in must.items()},
        ambiguous={name: unsure[name] / count if count else 0.0 for name, count in sorted(links.items())},
        rules_version=rules.version,
        data_versions=dict(books.versions),
    )
