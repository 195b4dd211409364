"""Tables for people: Markdown from rows, every figure as it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate


def markdown(rows: Sequence[Mapping[str, Any]], shown: int = 50, empty: str = "none") -> str:
    """A Markdown table of the first `shown` rows, and how many more there are. Text stays text: 1.20 is not 1.2."""
    if not rows:
        return empty
    body = tabulate([list(row.values()) for row in rows[:shown]], list(rows[0]), tablefmt="pipe", disable_numparse=True)
    return body + (f"\n\nand {len(rows) - shown} more" if len(rows) > shown else "")
