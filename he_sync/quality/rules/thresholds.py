"""Approval thresholds from what people decided: where rejections begin, tested on the later part of the history.

A threshold is worth a route only where people reject far more on its far side, earlier and later. Rejections that have
nothing to do with the amount suggest none: a threshold low enough to catch them would ask about everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import fisher_exact

from he_sync.quality.rules.breaking import Flags
from he_sync.quality.rules.exact import exact
from he_sync.quality.rules.history import History

Whole = npt.NDArray[np.int64]
STEPS = (Decimal(1), Decimal("1.5"), Decimal(2), Decimal("2.5"), Decimal(3), Decimal(4), Decimal(5), Decimal("7.5"))
"""Round numbers between powers of ten: nobody remembers a limit of 4,873.20."""
TIMES = 3
"""How many times as often people must be against what is asked about as against what is not."""
REJECTED = 5
"""Rejections on the far side at least, earlier and later."""
SURE = 0.01
"""Chance at which the later part may show the difference though there is none."""
CENTS = ("_minor", "_cents")


@dataclass(frozen=True)
class Seen:
    """A condition over a part of the history: rows, those it asks about, and how many of each people were against."""

    rows: int
    asked: int
    rejected: int
    let_through: int

    @property
    def tells(self) -> bool:
        """Whether people were against what it asks about TIMES as often."""
        others = self.rows - self.asked
        if not self.asked or not others or self.rejected < REJECTED:
            return False
        return self.rejected * others >= TIMES * self.let_through * self.asked

    @property
    def by_chance(self) -> float:
        """How likely the difference is where there is none."""
        left = [self.rejected, self.asked - self.rejected]
        right = [self.let_through, self.rows - self.asked - self.let_through]
        return float(fisher_exact([left, right], alternative="greater")[1])

    def plain(self) -> dict[str, int]:
        """For JSON: `let_through` are rejections that it would not have asked about."""
        return {"rows": self.rows, "asked": self.asked, "rejected": self.rejected, "let_through": self.let_through}


@dataclass(frozen=True)
class Threshold:
    """A route of a flow (flows.md) with what it would have asked about, earlier and later."""

    when: str
    option: str
    value: Decimal
    earlier: Seen
    later: Seen

    @property
    def id(self) -> str:
        """Eight letters, the same from run to run."""
        return blake2b(f"{self.when} {self.value}".encode(), digest_size=4).hexdigest()

    @property
    def holds(self) -> bool:
        """Whether the later part says what the earlier one said."""
        return self.later.tells and self.later.by_chance <= SURE

    def route(self) -> dict[str, str]:
        """As a flow file has it; the amount in quotes there (flows.md)."""
        because = f"of these {_percent(self.later)} were rejected"
        return {"when": self.when, self.option: f"{self.value:f}", "to": "approval", "because": because}

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        told = {"id": self.id, "route": self.route(), "holds": self.holds}
        return {**told, "earlier": self.earlier.plain(), "later": self.later.plain()}


def thresholds(past: History, against: Flags, columns: dict[str, str]) -> Iterator[Threshold]:
    """A route at most of an amount, of new customers' amounts, of a margin: `columns` by `amount`, `new`, `margin`."""
    rows = past.rows
    everyone = np.ones(len(rows), dtype=bool)
    if amount := columns.get("amount"):
        yield from _best(past, against, everyone, (rows[amount], amount, "amount", "over"))
        if new := columns.get("new"):
            are_new = np.asarray(rows[new].astype(str).str.lower().isin({"true", "1", "yes", "y", "new"}))
            yield from _best(past, against, are_new, (rows[amount], amount, "new_customer", "over_amount"))
    if margin := columns.get("margin"):
        yield from _best(past, against, everyone, (rows[margin], margin, "margin", "under_percent"))


def _best(past: History, against: Flags, of: Flags, about: tuple[pd.Series, str, str, str]) -> Iterator[Threshold]:
    """The round number that parts the earlier rows best, where it parts them."""
    column, name, when, option = about
    number = exact(column)
    if number is None:
        return
    unit = 10**number.places * (100 if name.endswith(CENTS) else 1)
    values, rows = number.whole, of & number.known
    earlier, later = rows & ~past.is_later, rows & past.is_later
    found: tuple[float, Threshold] | None = None
    for value in _round_numbers(values[earlier], unit):
        asked = values < int(value * unit) if option == "under_percent" else values > int(value * unit)
        seen = _seen(earlier, asked, against)
        gain = _gain(seen)
        if seen.tells and (found is None or gain > found[0] + 1e-9):
            found = gain, Threshold(when, option, value, seen, _seen(later, asked, against))
    if found:
        yield found[1]


def _seen(rows: Flags, asked: Flags, against: Flags) -> Seen:
    counts = (rows, rows & asked, rows & asked & against, rows & ~asked & against)
    return Seen(*(int(one.sum()) for one in counts))


def _round_numbers(values: Whole, unit: int) -> Sequence[Decimal]:
    """Between the smallest and the largest value but for a hundredth at each end."""
    if not len(values):
        return ()
    low, high = (Decimal(int(one)) / unit for one in np.quantile(values, [0.01, 0.99]))
    powers = [Decimal(10) ** power for power in range(8)]
    return [step * power for power in powers for step in STEPS if max(low, Decimal(0)) < step * power < high]


def _gain(seen: Seen) -> float:
    """Log-likelihood of two rates of rejection over that of one."""
    whole = _likely(seen.rejected + seen.let_through, seen.rows)
    return _likely(seen.rejected, seen.asked) + _likely(seen.let_through, seen.rows - seen.asked) - whole


def _likely(some: int, of: int) -> float:
    if not 0 < some < of:
        return 0.0
    rate = some / of
    return some * float(np.log(rate)) + (of - some) * float(np.log(1 - rate))


def _percent(seen: Seen) -> str:
    return f"{100 * seen.rejected // max(seen.asked, 1)} %"
