"""Named, versioned rules: what may be matched by which key, and how far two amounts of a leg may differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Tolerance:
    """How far a leg's two amounts may differ: cents and basis points, capped a day; applies to its currency only."""

    leg: str  # PL, BD, DG
    currency: str
    cents: int = 0
    bps: int = 0
    day_cents: int = 0
    account: int = 0  # 0: every bank account


@dataclass(frozen=True)
class Rule:
    """One way to match, in order of trust."""

    name: str
    version: int
    relation: str
    enabled: bool = True


@dataclass(frozen=True)
class RuleSet:
    """Ordered rules and tolerances; `version` is a digest of all of it."""

    name: str
    rules: tuple[Rule, ...]
    tolerances: tuple[Tolerance, ...] = ()
    version: str = ""

    def uses(self, relation: str, name: str) -> bool:
        """Whether a rule is on; a rule that the set does not name is."""
        return all(rule.enabled for rule in self.rules if rule.relation == relation and rule.name == name)


def read_rules(path: Path) -> RuleSet:
    """The rule set of a YAML file, or FixSettings in one line that names file and key."""
    raise NotImplementedError(path)


def built_in() -> RuleSet:
    """The rules that hold when no file is given."""
    return RuleSet("built-in", ())


def as_record(rules: RuleSet) -> Mapping[str, object]:
    """The rule set as it is written into summary.json."""
    return {"name": rules.name, "version": rules.version}
