"""What a year's few things only happen to show: eight carriers whose labels go by country, until the ninth comes.

Lines repeat what their things are: 2,000 lines of eight carriers are eight witnesses. So dependencies between
attributes, and closed lists of an attribute's values, are judged by the things that decide them and not by lines.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from he_sync.quality.rules.breaking import Codes, coded, differing
from he_sync.quality.rules.dependencies import BETTER
from he_sync.quality.rules.names import calls_a_thing
from he_sync.quality.rules.rule import EXCEPTIONS, Rule

BY_LUCK = 1e-5
"""Chance of agreeing things up to which it is no luck: a table has a hundred pairs of attributes."""
OF_A_VALUE = 100
"""Things of every value of a closed list. A value a tenth as common as the rarest one comes to none of so many by luck
in 1 list of 20,000 (e**-10); next to thirty it does in 1 of 20, and next year's new things have it."""
COUNTED = 5_000
"""Ways that are followed at once."""


def without_luck(rules: Sequence[Rule], frame: pd.DataFrame) -> list[Rule]:
    """The rules but for dependencies between attributes and lists of attributes that few things witness.

    A column that decides others and is decided by none is a kind of thing, of which there may be one more.
    """
    pairs = {rule.columns for rule in rules if rule.kind == "dependency"}
    wanted = {name for pair in pairs for name in pair} | {rule.columns[0] for rule in rules if rule.kind == "domain"}
    names = [str(name) for name in frame.columns if name in wanted or calls_a_thing(str(name))]
    codes = {name: coded(frame[name]) for name in names}
    things = {one: tuple(two for first, two in pairs if first == one and (two, one) not in pairs) for one in names}
    return [rule for rule in rules if not _lucky(rule, things, codes)]


def _lucky(rule: Rule, things: Mapping[str, tuple[str, ...]], codes: Mapping[str, Codes]) -> bool:
    if rule.kind == "domain":
        [name] = rule.columns
        over = [one for one in things if one != name and _decides(codes[one], codes[name])]
        return bool(things[name] and not over) or any(_fewest(codes[one], codes[name]) < OF_A_VALUE for one in over)
    if rule.kind != "dependency":
        return False
    one, two = rule.columns
    over = [thing for thing, decided in things.items() if {one, two} <= set(decided)]
    return any(_agree_by_luck(codes[thing], codes[one], codes[two]) for thing in over)


def _decides(thing: Codes, value: Codes) -> bool:
    """Whether lines have the values of their things, be there ever so few of the second value."""
    dealt = np.random.default_rng(7).permutation(len(value))
    return bool(differing(thing, value).sum() < BETTER * differing(thing, value[dealt]).sum())


def _fewest(thing: Codes, value: Codes) -> int:
    """Things of the value of a list that has fewest, wrong ones aside."""
    of_each = np.bincount(_usual(thing, value))
    return int(of_each[of_each > 0].min())


def _usual(thing: Codes, value: Codes) -> Codes:
    """The commonest value of each thing."""
    usual = ~differing(thing, value)
    _, first = np.unique(thing[usual], return_index=True)
    return value[usual][first]


def _agree_by_luck(thing: Codes, one: Codes, two: Codes) -> bool:
    """Whether too many things differ, or things would be as alike were the second attribute dealt out anew.

    Dealt out to n things, values that m1, m2, .. of them have fall in n! / (m1! m2! ..) ways; in a few of these each
    group of things of one first attribute has one value.
    """
    left, right = _usual(thing, one), _usual(thing, two)
    if differing(left, right).sum() > EXCEPTIONS * len(left):
        return True
    groups, sizes = (np.unique(codes, return_counts=True)[1].tolist() for codes in (left, right))
    every = math.lgamma(len(right) + 1) - sum(math.lgamma(size + 1) for size in sizes)
    return math.log(max(_ways(groups, sizes), 1)) - every > math.log(BY_LUCK)


def _ways(groups: list[int], sizes: list[int]) -> int:
    """In how many ways groups fill values of these sizes whole; at most that, where there are too many to count."""
    left: Counter[tuple[int, ...]] = Counter({tuple(sizes): 1})
    for group in sorted(groups, reverse=True):
        after: Counter[tuple[int, ...]] = Counter()
        for room, ways in left.items():
            for place, free in enumerate(room):
                if free >= group:
                    after[*room[:place], free - group, *room[place + 1 :]] += ways
        if len(after) > COUNTED:
            return int(len(sizes) ** len(groups))
        left = after
    return sum(left.values())
