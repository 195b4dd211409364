"""Small differences that the rules let pass: within a limit each, within a cap a day, counted apart, never silent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from he_sync.reconcile.chain.rules import RuleSet


@dataclass
class Allowance:
    """What tolerance has let pass: minor units by (identity, currency code), and what is left of each day's cap."""

    rules: RuleSet
    currencies: tuple[str, ...] = ()
    passed: dict[str, Counter[int]] = field(default_factory=dict)
    count: int = 0
    _used: Counter[tuple[str, int, int, int]] = field(default_factory=Counter)

    def passes(self, leg: str, identity: str, where: tuple[int, int, int], amounts: tuple[int, int]) -> bool:
        """Whether (expected, actual) may pass as equal; books the difference if so. Asked in a fixed order of records.

        `where` is currency code, bank account (BD) or store (PL), and day.
        """
        if not self.rules.tolerances:
            return False
        currency, account, day = where
        expected, actual = amounts
        difference = actual - expected
        rule = self.rules.tolerance(leg, self.currencies[currency], account)
        key = leg, currency, account, day
        if rule is None or not rule.allows(expected, difference):
            return False
        if self._used[key] + abs(difference) > rule.day_cents:
            return False
        self._used[key] += abs(difference)
        self.passed.setdefault(identity, Counter())[currency] += difference
        self.count += 1
        return True
