"""`infer`: rules of whole frames, at most thirty an entity, those that find most first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from he_sync.quality.rules.columns import ENOUGH, of_columns
from he_sync.quality.rules.dependencies import dependencies
from he_sync.quality.rules.identities import identities
from he_sync.quality.rules.rule import EXCEPTIONS, Flags, Frames, Rule, Tested, proposed

MOST = 30
RANK = ("key", "identity", "dependency", "reference", "order", "domain", "range")
POINTS_AT = 10
"""Distinct values of a column from which that they are all keys elsewhere is no chance."""


def infer(frames: Frames) -> list[Rule]:
    """Rules of every frame, by entity, kind and support."""
    found: list[Rule] = []
    for entity, frame in frames.items():
        own = [*of_columns(entity, frame), *identities(entity, frame), *dependencies(entity, frame)]
        keys = {rule.columns[0] for rule in own if rule.kind == "key"}
        own = [rule for rule in own if rule.kind != "dependency" or not keys & set(rule.columns)]
        found += _chosen([*own, *_references(entity, frames)], [str(name) for name in frame.columns])
    return found


def _chosen(rules: list[Rule], columns: list[str]) -> list[Rule]:
    """Where there are too many, dependencies that others give go first."""
    given = _given({rule.columns for rule in rules if rule.kind == "dependency"}, columns)
    order = sorted(rules, key=lambda rule: (rule.columns in given, RANK.index(rule.kind), -rule.support, rule.columns))
    return order[:MOST]


def _given(pairs: set[tuple[str, ...]], columns: list[str]) -> set[tuple[str, ...]]:
    """Dependencies over a third column; of columns that decide each other the first one speaks for all."""
    twins = {one: {two for two in columns if (one, two) in pairs and (two, one) in pairs} for one in columns}
    first = {one: min({one, *twins[one]}, key=columns.index) for one in columns}
    found: set[tuple[str, ...]] = set()
    for one, three in pairs:
        over = {two for two in columns if (one, two) in pairs and (two, three) in pairs}
        spoken = first[one] != one or first[three] != three
        if over - twins[one] - twins[three] or (spoken and three not in twins[one]):
            found.add((one, three))
    return found


def _references(entity: str, frames: Frames) -> Iterator[Rule]:
    """A column whose values are all in another frame's column of the same name, where they are unique."""
    frame = frames[entity]
    for other, target in frames.items():
        for name in map(str, frame.columns):
            if other == entity or name not in target.columns or len(frame) < ENOUGH:
                continue
            distinct = frame[name].nunique()
            if target[name].duplicated().any() or distinct < POINTS_AT or frame[name].dtype.kind == "f":
                continue
            breaks = partial(_dangling, entity, other, name)
            broken = breaks(frames)
            if broken.sum() <= EXCEPTIONS * len(frame):
                tested = Tested(broken, len(frame), breaks)
                yield proposed(entity, "reference", (name,), f"{name} is a {name} of {other}", tested)


def _dangling(entity: str, other: str, name: str, frames: Frames) -> Flags:
    return np.asarray(~frames[entity][name].isin(frames[other][name]))
