"""A world: one entity's lines of a year with planted rules and traps, the same with faults, and the next year's.

Traps are what looks like a rule and is none: a customer shops in the home store nineteen times of twenty, tips make one
total in ten differ, codes drawn at random happen not to meet, a value comes nine times a year, a new item has its
department and nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tests.rules_world.amounts import IDENTITIES, Amounts
from tests.rules_world.things import THINGS, camel, thing

LEAST, MOST = 600, 5_000
FAULTS = (0.002, 0.010)
"""Share of rows of each decided column that have a wrong value."""


@dataclass
class World:
    """`clean` and `later` keep every planted rule; `faulty` is `clean` with a few wrong values in what is decided."""

    seed: int

    def __post_init__(self):
        draw = np.random.default_rng(self.seed)
        self.camel, self.decimals = bool(draw.random() < 0.3), bool(draw.random() < 0.4)
        self.rows = int(draw.integers(LEAST, MOST))
        names = draw.permutation(list(THINGS))[: draw.integers(2, 5)]
        self.things = [thing(str(name), draw, self.styled) for name in names]
        self.kinds = [one for one in IDENTITIES if draw.random() < 0.5] or ["total"]
        self.home = draw.integers(0, 1 << 30)
        self.faulted = float(draw.uniform(*FAULTS))

    def styled(self, style, name):
        return style.format(name=camel(name) if self.camel else name, camel=camel(name))

    def year(self, number):
        draw = np.random.default_rng([self.seed, number])
        columns = {self.styled("{name}_id", "line"): np.arange(self.rows) + 1 + number * self.rows}
        for one in self.things:
            columns |= self._named(one, draw, number)
        amounts = Amounts(self.kinds, self.rows, draw, 1.0 if number == 0 else 1.07)
        columns |= {self.styled("{name}", name): self._money(name, column) for name, column in amounts.columns.items()}
        planted = [frozenset(self.styled("{name}", one) for one in some) for some in amounts.planted]
        columns |= self._traps(draw, number, columns)
        order = list(np.random.default_rng(self.seed).permutation(list(columns)))
        return pd.DataFrame({name: columns[name] for name in order}), planted

    def _named(self, one, draw, number):
        """Lines name popular things more often; next year there are new ones."""
        weights = one.popular.copy()
        if number:
            weights[weights == 0] = weights[weights > 0].mean()
        picked = draw.choice(len(one.table), self.rows, p=weights / weights.sum())
        return {name: one.table[name].to_numpy()[picked] for name in one.table.columns}

    def _money(self, name, column):
        plain = {"qty", "shelf", "backroom", "held", "on_hand", "free", "commission_pct", "weight_milli", "due_in_days"}
        if not self.decimals or name in plain or not np.issubdtype(np.asarray(column).dtype, np.integer):
            return column
        return np.round(column / 100, 2)

    def _traps(self, draw, number, columns):
        n = self.rows
        first = self.things[0]
        home = np.random.default_rng(self.home).integers(0, 9, len(first.table))
        place = pd.Index(first.table[first.column]).get_indexer(columns[first.column])
        away = draw.random(n) < 0.05 + 0.1 * (self.seed % 3)
        base = draw.integers(1_000, 50_000, n)
        tip = np.where(draw.random(n) < 0.1, draw.integers(100, 900, n), 0)
        fee = draw.integers(10, 500, n)
        status = draw.choice(["open", "shipped", "void", "held"], n, p=[0.3, 0.6, 0.1 - 10 / n, 10 / n])
        placed = pd.Timestamp(f"{2025 + number}-01-01") + pd.to_timedelta(draw.integers(0, 330, n), unit="D")
        return {
            "visited": [f"P{one}" for one in np.where(away, draw.integers(0, 9, n), home[place])],
            "bill_base": base, "bill_fee": fee, "bill_sum": base + fee + tip,
            "auth_code": [f"{one:06d}" for one in draw.integers(0, 900_000, n)],
            "state_word": status, "channel": draw.choice(["web", "shop", "phone"], n, p=[0.2, 0.7, 0.1]),
            "period": [f"{one:%Y-%m}" for one in placed], "placed_on": placed,
            "shipped_on": placed + pd.to_timedelta(draw.integers(0, 25, n), unit="D"),
            "gift": draw.random(n) < 0.01, "always": "yes", "refund": -np.where(draw.random(n) < 0.004, base, 0),
        }  # fmt: skip

    @cached_property
    def _first(self):
        return self.year(0)

    @property
    def clean(self):
        return self._first[0]

    @cached_property
    def later(self):
        return self.year(1)[0]

    @property
    def identities(self):
        """Planted ones as sets of columns."""
        return self._first[1]

    @property
    def dependencies(self):
        """Pairs that can be told from the clean year: what has hardly more than one value is decided by anything."""
        pairs = [pair for one in self.things for pair in one.decided]
        return [pair for pair in pairs if self.clean[pair[1]].value_counts(normalize=True).iloc[0] < 0.9]

    @cached_property
    def faulty(self):
        draw, rows = np.random.default_rng([self.seed, 99]), self.clean.copy()
        decided = {two for _, two in self.dependencies}
        added = {self._explained(names) for names in self.identities}
        for name in [*sorted(decided), *sorted(added)]:
            where = draw.choice(len(rows), max(1, int(self.faulted * len(rows))), replace=False)
            values = rows[name].to_numpy(copy=True)
            values[where] = self._wrong(values, where, draw, name in decided)
            rows[name] = values
        return rows

    def _explained(self, names):
        return next(name for name in self.clean.columns if name in names)

    def _wrong(self, values, where, draw, decided):
        if decided:
            return values[draw.permutation(len(values))[: len(where)]]
        if np.issubdtype(values.dtype, np.datetime64):
            return values[where] + np.timedelta64(3, "D")
        return np.round(values[where] + draw.choice([1, -1, 10, 100], len(where)), 2)
