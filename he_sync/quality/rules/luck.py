"""What a year's few things only happen to show: eight carriers whose labels go by country, until the ninth comes.

Lines repeat what their things are: 2,000 lines of eight carriers are eight witnesses. So dependencies between
attributes, and closed lists of an attribute's values, are judged by the things that decide them and not by lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from he_sync.quality.rules.breaking import Codes, coded, differing
from he_sync.quality.rules.rule import Rule

WITNESSES = 7
"""Things that would have to differ, were one attribute nothing to the other; fewer agree by chance too often."""
OF_A_VALUE = 5
"""Things of every value of a closed list: with fewer, another value may come with the next thing."""
TRIES = 8


def without_luck(rules: Sequence[Rule], frame: pd.DataFrame) -> list[Rule]:
    """The rules but for dependencies between attributes and lists of attributes that few things witness.

    A column that decides others and is decided by none is a kind of thing, of which there may be one more.
    """
    pairs = {rule.columns for rule in rules if rule.kind == "dependency"}
    names = {name for pair in pairs for name in pair}
    codes = {name: coded(frame[name]) for name in names}
    things = {one: tuple(two for first, two in pairs if first == one and (two, one) not in pairs) for one in names}
    return [rule for rule in rules if not _lucky(rule, pairs, things, codes)]


def _lucky(
    rule: Rule, pairs: set[tuple[str, ...]], things: Mapping[str, tuple[str, ...]], codes: Mapping[str, Codes]
) -> bool:
    if rule.kind == "domain":
        [name] = rule.columns
        over = [one for one, decided in things.items() if name in decided]
        thing = bool(things.get(name)) and not over
        return thing or any(_fewest(codes[one], codes[name]) < OF_A_VALUE for one in over)
    if rule.kind != "dependency" or rule.columns[::-1] in pairs:
        return False
    one, two = rule.columns
    over = [thing for thing, decided in things.items() if {one, two} <= set(decided)]
    return any(_witnesses(codes[thing], codes[one], codes[two]) < WITNESSES for thing in over)


def _fewest(thing: Codes, value: Codes) -> int:
    """Things of the value of a list that has fewest, wrong ones aside."""
    of_each = np.bincount(_usual(thing, value))
    return int(of_each[of_each > 0].min())


def _usual(thing: Codes, value: Codes) -> Codes:
    """The commonest value of each thing."""
    usual = ~differing(thing, value)
    _, first = np.unique(thing[usual], return_index=True)
    return value[usual][first]


def _witnesses(thing: Codes, one: Codes, two: Codes) -> float:
    left, right = _usual(thing, one), _usual(thing, two)
    draw = np.random.default_rng(7)
    return float(np.mean([differing(left, right[draw.permutation(len(right))]).sum() for _ in range(TRIES)]))
