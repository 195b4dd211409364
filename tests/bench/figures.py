"""A benchmark's figure with the peer it is held against, and how figures are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from rich.table import Table

FAILED = "failed:"


@dataclass(frozen=True)
class Figure:
    """One measured value; `peer` names what was measured beside it in the same run, `better` says which way is good.

    `value` is None where the benchmark was skipped.
    """

    benchmark: str
    what: str
    value: float | None
    unit: str
    peer: str = ""
    peer_value: float | None = None
    better: str = "less"

    @property
    def ratio(self) -> float | None:
        """Ours over the peer's."""
        return self.value / self.peer_value if self.peer_value and self.value is not None else None

    @property
    def has_failed(self) -> bool:
        """Whether this stands for a benchmark that ended with an error."""
        return self.value is None and self.what.startswith(FAILED)

    def plain(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "ratio": self.ratio}


def skipped(benchmark: str, why: str) -> Figure:
    """The line of a benchmark that cannot run here."""
    return Figure(benchmark, f"skipped: {why}", None, "", better="")


def failed(benchmark: str, error: Exception) -> Figure:
    """The line of a benchmark that ended with an error."""
    return Figure(
        benchmark, f"{FAILED} {type(error).__name__}: {' '.join(str(error).split())[:200]}", None, "", better=""
    )


def said(one: Figure) -> str:
    """A figure in one line, as it comes."""
    return f"{one.benchmark}: {one.what} {_number(one.value)} {one.unit}"


def table(figures: Iterable[Figure], title: str) -> Table:
    """One line a figure, below a line that names its benchmark."""
    shown = Table(title=title, title_justify="left")
    for column in ("benchmark", "measured", "unit", "peer", "peer's", "ratio", "good is"):
        shown.add_column(column, justify="right" if column in {"measured", "peer's", "ratio"} else "left")
    for name, some in groupby(figures, key=lambda one: one.benchmark):
        shown.add_section()
        shown.add_row(f"[bold]{name}[/]")
        for one in some:
            ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
            ours, theirs = _number(one.value), _number(one.peer_value)
            shown.add_row(f"  {one.what}", ours, one.unit, one.peer, theirs, ratio, one.better)
    return shown


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.2f}"
