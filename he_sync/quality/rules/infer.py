"""`infer`: rules of whole frames, at most thirty an entity, those that find most first."""

from __future__ import annotations

from he_sync.quality.rules.breaking import Frames
from he_sync.quality.rules.columns import of_columns
from he_sync.quality.rules.compound import compounds
from he_sync.quality.rules.dependencies import dependencies
from he_sync.quality.rules.identities import identities
from he_sync.quality.rules.luck import without_luck
from he_sync.quality.rules.names import calls_a_thing
from he_sync.quality.rules.references import references
from he_sync.quality.rules.rule import Rule

MOST = 30
RANK = ("key", "identity", "dependency", "reference", "order", "domain", "range")


def infer(frames: Frames) -> list[Rule]:
    """Rules of every frame, by entity, kind and support."""
    found: list[Rule] = []
    for entity, frame in frames.items():
        own = [*of_columns(entity, frame), *identities(entity, frame), *dependencies(entity, frame)]
        keys = {rule.columns[0] for rule in own if rule.kind == "key" and len(rule.columns) == 1}
        own = [rule for rule in own if rule.kind != "dependency" or not keys & set(rule.columns)]
        own = [rule for rule in own if rule.kind != "range" or not _adds_up(rule, own)]
        together = list(compounds(entity, frame, own))
        own = without_luck(_one_way(own), frame)
        found += _chosen([*own, *together, *references(entity, frames)], [str(name) for name in frame.columns])
    return found


def _adds_up(rule: Rule, rules: list[Rule]) -> bool:
    """Whether an identity holds on most of the rows that leave the range: more was promised than is there."""
    rows = set(rule.exceptions)
    others = [one for one in rules if one.kind == "identity" and rule.columns[0] in one.columns]
    return any(2 * len(rows & set(one.exceptions)) < len(rows) for one in others)


def _one_way(rules: list[Rule]) -> list[Rule]:
    """Of a number and its name that decide each other, the number decides: a second John Smith comes some day."""
    pairs = {rule.columns for rule in rules if rule.kind == "dependency"}

    def backward(one: str, two: str) -> bool:
        return (two, one) in pairs and calls_a_thing(two) and not calls_a_thing(one)

    return [rule for rule in rules if rule.kind != "dependency" or not backward(rule.columns[0], rule.columns[1])]


def _chosen(rules: list[Rule], columns: list[str]) -> list[Rule]:
    """Where there are too many, dependencies that others give go first, and then those of two columns together."""
    single = {rule.columns for rule in rules if rule.kind == "dependency" and not rule.columns[2:]}
    given = _given(single, columns)

    def last(rule: Rule) -> int:
        return 2 * (rule.columns in given) + (rule.kind == "dependency" and rule.columns not in single)

    order = sorted(rules, key=lambda rule: (last(rule), RANK.index(rule.kind), -rule.support, rule.columns))
    return order[:MOST]


def _given(pairs: set[tuple[str, ...]], columns: list[str]) -> set[tuple[str, ...]]:
    """Dependencies over a third column; of columns that decide each other the first one speaks for all."""
    twins = {one: {two for two in columns if (one, two) in pairs and (two, one) in pairs} for one in columns}
    first = {
        one: min({one, *twins[one]}, key=lambda two: (not calls_a_thing(two), columns.index(two))) for one in columns
    }
    found: set[tuple[str, ...]] = set()
    for one, three in pairs:
        over = {two for two in columns if (one, two) in pairs and (two, three) in pairs}
        if over - twins[one] - twins[three] or (first[one] != one and three not in twins[one]):
            found.add((one, three))
    return found
