"""`he-sync match customers --previous DIR`: what is new or changed joins an earlier run, by that run's models."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from he_sync.match.run import Options, Outcome, Tell
from he_sync.match.writing import MODEL
from he_sync.model.errors import FixInput

if TYPE_CHECKING:
    from he_sync.match.online.again import Drift
    from he_sync.match.online.index import Index


def earlier(run: Path, options: Options, *, linked: bool) -> Index:
    """The earlier run. Raises FixInput where it was of other sides, or where an option wants it to learn anew."""
    from he_sync.match.online.stored import opened  # noqa: PLC0415 - with it come 60 MB, which a run without an index need not hold

    known = opened(run)
    if options.policy != known.learned.policy or frozenset(options.clean) not in (known.learned.clean, frozenset()):
        raise FixInput(
            f"{run}: ran with --precision {known.learned.policy.precision:g} and its own --clean; give the same, "
            "or leave --previous out"
        )
    if linked != known.learned.linked:
        files = ("one file", "two files")
        raise FixInput(f"{run}: ran on {files[known.learned.linked]}, and this would be on {files[linked]}")
    return known


def model_of(run: Path) -> dict[str, Any]:
    """What the fit of an earlier run found. Raises FixInput where there is none."""
    try:
        found: dict[str, Any] = json.loads((run / MODEL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise FixInput(f"{run}: holds no {MODEL} to compare with; name a finished run's folder") from None
    return found


def joined(known: Index, records: pl.DataFrame, options: Options, tell: Tell) -> tuple[Outcome, Drift]:
    """The run by the earlier one's models, and what has changed."""
    from he_sync.match.online.again import again_joined  # noqa: PLC0415 - same

    tell("joining the earlier run")
    return again_joined(known, records, options.decided, options.answers)


def kept(outcome: Outcome, before: Index | None, changed: int, run: Path) -> None:
    """Keep the index of a run beside its results."""
    from he_sync.match.online.keeping import kept as index  # noqa: PLC0415 - same
    from he_sync.match.online.stored import save  # noqa: PLC0415 - same

    save(index(outcome, before, changed), run)


def stamped(run: Path) -> None:
    """Say that the files are of the run that the index keeps."""
    from he_sync.match.online.stored import stamp  # noqa: PLC0415 - same

    stamp(run)


def patched(outcome: Outcome, earlier: Path | None) -> Callable[[Path], set[str]]:
    """What writes the tables of a joined run from those of the earlier one; nothing for other runs."""
    if earlier is None:
        return lambda _: set()
    from he_sync.match.online.keeping import Joined  # noqa: PLC0415 - same
    from he_sync.match.online.patching import patched as tables  # noqa: PLC0415 - same

    return lambda folder: tables(outcome, earlier, folder) if isinstance(outcome, Joined) else set()


def told(drift: Drift | None) -> dict[str, Any]:
    """What has changed, for the summary that is printed."""
    return {"previous": asdict(drift) | {"full_run_due": drift.due}} if drift else {}


def said(drift: Drift | None) -> str:
    """The same in two lines."""
    if drift is None:
        return ""
    due = "a run without --previous is due" if drift.due else "the models still hold"
    return (
        f"\nsince the earlier run: {drift.new:,} new, {drift.changed:,} changed, {drift.removed:,} gone; "
        f"{drift.compared:,} pairs compared\n"
        f"changed since the models learned: {drift.share:.1%} of the records, {drift.moved:.1%} of the pairs; {due}"
    )
