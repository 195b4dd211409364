"""Dependencies of two columns together: a price list and an item decide a price that neither decides alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from he_sync.quality.rules.breaking import Codes, Flags, coded, differing, empty, joined
from he_sync.quality.rules.dependencies import BETTER, REPEATED, measured
from he_sync.quality.rules.names import KEY, comes_and_goes
from he_sync.quality.rules.rule import EXCEPTIONS, Rule, proposed

MOSTLY = 0.5
"""Share of rows whose two values come together again: below, most pairs could not have differed."""
EACH = 4
"""Rows of a value at least, on average: what comes once names a row and decides everything."""
MATTERS = 0.05
"""Share of rows that must differ once the decided column is dealt out anew within the groups of either column."""
FIRST = 2_000
"""Rows on which a pair is looked at first."""
Pairs = frozenset[tuple[str, ...]]


def compounds(entity: str, frame: pd.DataFrame, found: Sequence[Rule]) -> Iterator[Rule]:
    """Two columns that decide a third, which no column decides alone by the rules of `found`."""
    pairs = frozenset(rule.columns for rule in found if rule.kind == "dependency")
    keys = {rule.columns[0] for rule in found if rule.kind == "key" and len(rule.columns) == 1}
    codes = {str(name): coded(frame[name]) for name in frame.columns if name not in keys}
    says = {name: ~empty(frame[name]) for name in codes}
    left = [name for name in codes if _names(frame[name], codes[name])]
    decided = {last for _, last in pairs}
    free = [name for name in codes if name not in decided and not _dated(frame[name]) and not _calls(name)]
    held: list[Rule] = []
    for one, two in combinations(left, 2):
        if not _together(one, two, pairs, left):
            continue
        both = joined([codes[one], codes[two]])
        counted = (np.bincount(both)[both] > 1) & says[one] & says[two]
        if counted.sum() < max(REPEATED, MOSTLY * len(frame)):
            continue
        for right in free:
            if right not in {one, two} and not {(right, one), (right, two)} & pairs:
                held += _tested(Rule(entity, "dependency", (one, two, right), _text(one, two, right)), codes, counted)
    yield from (rule for rule in held if not _given(rule, {other.columns for other in held}, pairs))


def _text(one: str, two: str, right: str) -> str:
    return f"{one} and {two} decide {right}"


def _names(column: pd.Series, codes: Codes) -> bool:
    values = int(codes.max(initial=0)) + 1
    return not measured(column) and not _dated(column) and values > 1 and EACH * values <= len(codes)


def _dated(column: pd.Series) -> bool:
    """Dates decide dates by arithmetic, which is an identity."""
    return pd.api.types.is_datetime64_any_dtype(column)


def _calls(name: str) -> bool:
    """A carrier is no class of its label and its place: the next one may have both."""
    return bool(KEY.search(name)) or comes_and_goes(name)


def _together(one: str, two: str, pairs: Pairs, names: Sequence[str]) -> bool:
    """Not where one decides the other, nor for attributes of one thing: its few things are the witnesses then."""
    thing = any((name, one) in pairs and (name, two) in pairs for name in names)
    return not thing and (one, two) not in pairs and (two, one) not in pairs


def _tested(rule: Rule, codes: Mapping[str, Codes], counted: Flags) -> Iterator[Rule]:
    one, two, right = (codes[name] for name in rule.columns)
    both, some = joined([one, two]), slice(FIRST)
    if differing(both[some], right[some]).sum() > 2 * EXCEPTIONS * FIRST:
        return
    broken = differing(both, right) & counted
    chance = min(int((differing(both, _dealt(right, alone)) & counted).sum()) for alone in (one, two))
    allowed = min(EXCEPTIONS * counted.sum(), BETTER * chance)
    if chance >= MATTERS * counted.sum() and broken.sum() <= allowed:
        yield proposed(rule, broken, int(counted.sum()))


def _dealt(right: Codes, within: Codes) -> Codes:
    """The values in another order within each group, so that what one column says of them stays."""
    order = np.random.default_rng(7).permutation(len(right))
    shuffled = order[np.argsort(within[order], kind="stable")]
    dealt = np.empty_like(right)
    dealt[np.argsort(within, kind="stable")] = right[shuffled]
    return dealt


def _given(rule: Rule, held: set[tuple[str, ...]], pairs: Pairs) -> bool:
    """Whether what a column of the pair decides does as well: price list and item, where each store has its list."""
    one, two, right = rule.columns
    wider = [{other, last} for first, last in pairs for whole, other in ((one, two), (two, one)) if first == whole]
    return any({*some[:2]} == side and some[2] == right for side in wider for some in held)
