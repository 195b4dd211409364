"""Account rules from a ledger's history: which account a payment type, a class or both of them were booked to.

Found in the earlier part of the history, tested on the later one: an account that was changed in between fails there
and is left out, with the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from he_sync.quality.rules.breaking import SIGN, Flags, given_by, is_given
from he_sync.quality.rules.exact import is_number
from he_sync.quality.rules.history import History
from he_sync.quality.rules.names import calls_a_thing
from he_sync.quality.rules.rule import Rule, proposed

PURE = 0.99
"""Share of the rows that a rule speaks of that are booked to its account, earlier and later."""
ROWS, LATER = 20, 5
"""Rows that a rule speaks of, earlier and later."""
DIFFERENT = 200
"""Values of a column that may say the account; more are texts or numbers of documents."""
MOST = 30


@dataclass(frozen=True)
class Tested:
    """An account rule, and how many later rows it speaks of and how many of them are booked elsewhere."""

    rule: Rule
    later: int
    elsewhere: int

    @property
    def holds(self) -> bool:
        """Whether the later part keeps it."""
        return self.later >= LATER and self.elsewhere <= (1 - PURE) * self.later

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.rule.plain(), "holds": self.holds, "later": {"rows": self.later, "elsewhere": self.elsewhere}}


def accounts(entity: str, past: History, account: str) -> list[Tested]:
    """At most thirty rules: of the column that says most accounts alone, then of two where one does not."""
    columns = _saying(past.rows, account)
    left = ~past.is_later
    target = past.rows[account].astype(str)
    found: list[Rule] = []
    for size in (1, 2):
        ways = [
            (names, _rules(entity, past.rows, names, (account, target, left))) for names in combinations(columns, size)
        ]
        best = max(ways, key=lambda way: _worth(way[1]), default=((), []))
        found += best[1]
        for rule in best[1]:
            left = left & ~is_given(past.rows, rule.facts)
    return [_tested(rule, past) for rule in found[:MOST]]


def _saying(rows: pd.DataFrame, account: str) -> list[str]:
    """Columns with few values that name something, and the sign of amounts."""
    found = []
    for name in map(str, rows.columns):
        column = rows[name]
        number = is_number(column)
        if name == account or pd.api.types.is_datetime64_any_dtype(column):
            continue
        if number and not calls_a_thing(name):
            if bool((column < 0).any()) and bool((column > 0).any()):
                found.append(f"{SIGN}{name}")
        elif 1 < column.nunique() <= DIFFERENT:
            found.append(name)
    return found


Target = tuple[str, pd.Series, Flags]


def _rules(entity: str, rows: pd.DataFrame, names: Sequence[str], target: Target) -> list[Rule]:
    """A rule for each choice of values whose rows are booked to one account."""
    account, booked, left = target
    keys = pd.DataFrame({name: given_by(rows, name) for name in names})[left].assign(_account=booked[left])
    counts = keys.groupby([*names, "_account"], sort=True).size()
    whole = counts.groupby(level=list(range(len(names)))).transform("sum")
    pure = counts[(counts >= PURE * whole) & (whole >= ROWS)]
    found = []
    for values in pure.index:
        given = dict(zip(names, map(str, values[:-1]), strict=True))
        found.append(_rule(entity, account, given, str(values[-1])))
    return [proposed(rule, _broken(rule, rows, left), _spoken(rule, rows, left)) for rule in found]


def _rule(entity: str, account: str, given: dict[str, str], value: str) -> Rule:
    where = " and ".join(f"{name} is {one or 'empty'}" for name, one in given.items())
    columns = (account, *(name.removeprefix(SIGN) for name in given))
    return Rule(
        entity, "account", columns, f"{account} is {value} where {where}", facts={"given": given, "value": value}
    )


def _spoken(rule: Rule, rows: pd.DataFrame, part: Flags) -> int:
    return int((is_given(rows, rule.facts) & part).sum())


def _broken(rule: Rule, rows: pd.DataFrame, part: Flags) -> Flags:
    return rule.flags({rule.entity: rows}) & part


def _worth(rules: Sequence[Rule]) -> int:
    """Rows spoken of, less what a rule more is to read."""
    return sum(rule.support for rule in rules) - ROWS * len(rules)


def _tested(rule: Rule, past: History) -> Tested:
    part = past.is_later
    return Tested(rule, _spoken(rule, past.rows, part), int(_broken(rule, past.rows, part).sum()))
