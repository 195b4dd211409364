"""References: a column whose values are keys of another entity."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from he_sync.quality.rules.breaking import Frames
from he_sync.quality.rules.columns import ENOUGH, RARELY
from he_sync.quality.rules.exact import is_number
from he_sync.quality.rules.names import KEY
from he_sync.quality.rules.rule import EXCEPTIONS, Rule, proposed

POINTS_AT = 10
"""Distinct values of a column from which that they are all keys elsewhere is no chance."""


def references(entity: str, frames: Frames) -> Iterator[Rule]:
    """Columns of an entity that point at another's key, by its name or by texts that are nowhere else."""
    frame = frames[entity]
    if len(frame) < ENOUGH:
        return
    for other, target in frames.items():
        keys = [str(name) for name in target.columns if other != entity and _is_key(target[name])]
        for name in map(str, frame.columns):
            if frame[name].nunique() >= POINTS_AT and not pd.api.types.is_float_dtype(frame[name]):
                key = next((one for one in keys if _points(frame[name], name, other, one)), "")
                yield from _tested(entity, name, (other, key), frames) if key else ()


def _is_key(column: pd.Series) -> bool:
    return not pd.api.types.is_float_dtype(column) and float(column.duplicated().mean()) <= RARELY


def _points(column: pd.Series, name: str, other: str, key: str) -> bool:
    """Numbers are among other numbers by chance: they need the key's name or the entity's."""
    if name == key:
        return True
    if is_number(column):
        return KEY.search(key) is not None and _singular(other) in name.lower()
    return KEY.search(name) is not None and KEY.search(key) is not None


def _singular(entity: str) -> str:
    return entity.lower().removesuffix("s")


def _tested(entity: str, name: str, target: tuple[str, str], frames: Frames) -> Iterator[Rule]:
    other, key = target
    rule = Rule(entity, "reference", (name,), f"{name} is a {key} of {other}", facts={"entity": other, "column": key})
    broken = rule.flags(frames)
    if broken.sum() <= EXCEPTIONS * len(broken):
        yield proposed(rule, broken, len(broken))
