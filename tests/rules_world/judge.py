"""How many planted rules were found, how many proposals are true, what of them next year's clean lines break."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from he_sync.quality.rules.infer import infer
from tests.rules_world.world import World

JUDGED = ("dependency", "identity")


@dataclass
class Outcome:
    """Counts over worlds; a proposal is true where neither the clean year nor the next one breaks it."""

    planted: int = 0
    found: int = 0
    proposals: int = 0
    true: int = 0
    broken_later: int = 0
    rules: int = 0
    most: int = 0
    seconds: float = 0.0
    missed: list = field(default_factory=list)
    untrue: list = field(default_factory=list)
    later: list = field(default_factory=list)
    unsupported: list = field(default_factory=list)

    @property
    def recall(self):
        return self.found / self.planted

    @property
    def precision(self):
        return self.true / self.proposals


def judged(worlds: Iterable[World]) -> Outcome:
    """Of each world the rules of its faulty year, held against the clean one and the next."""
    found = Outcome()
    for world in worlds:
        began = time.process_time()
        rules = infer({"lines": world.faulty})
        found.seconds += time.process_time() - began
        found.rules += len(rules)
        found.most = max(found.most, len(rules))
        found.unsupported += [rule.text for rule in rules if rule.support <= len(rule.exceptions)]
        ours = {(rule.kind, _of(rule)): rule for rule in rules if rule.kind in JUDGED}
        sought = [("dependency", pair) for pair in world.dependencies]
        sought += [("identity", names) for names in world.identities]
        found.planted += len(sought)
        found.missed += [(world.seed, *one) for one in sought if one not in ours]
        found.found = found.planted - len(found.missed)
        found.proposals += len(ours)
        _truth(found, world, rules)
    return found


def _of(rule):
    return rule.columns if rule.kind == "dependency" else frozenset(rule.columns)


def _truth(found, world, rules):
    clean, later = {"lines": world.clean}, {"lines": world.later}
    for rule in rules:
        if next_year := rule.broken(later):
            found.broken_later += 1
            found.later.append((world.seed, rule.kind, rule.text, len(next_year)))
        if rule.kind in JUDGED:
            true = not next_year and not rule.broken(clean)
            found.true += true
            if not true:
                found.untrue.append((world.seed, rule.text, len(rule.broken(clean)), len(next_year)))


def hundred(seed: int, planted: int = 100) -> tuple[Outcome, int]:
    """Worlds from a seed on until they have so many planted rules; the first seed that was not needed."""
    some: list[World] = []
    while sum(len(one.dependencies) + len(one.identities) for one in some) < planted:
        some.append(World(seed))
        seed += 1
    return judged(some), seed
