"""Whether a rule is broken, and since when: pure, over figures and what was known before.

What cannot be read is unknown: an alert neither begins nor ends by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from he_sync.watch.figures import Figures
from he_sync.watch.memory import Labels, Point, Standing
from he_sync.watch.metrics import NAMED, Sample
from he_sync.watch.rules import JUDGED_BY, Burn, Rule, Rules
from he_sync.watch.slo import burning

Points = Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Reading:
    """What a rule says of one series now."""

    key: str
    labels: Labels
    value: float
    breaks: bool
    page: str = ""


@dataclass(frozen=True)
class Turn:
    """What became of an alert: how it stands, None where it does no more; and what people must hear."""

    before: Standing | None
    now: Standing | None
    says: Literal["", "fired", "resolved"] = ""

    @property
    def last(self) -> Standing:
        """How it stands, or stood."""
        found = self.now or self.before
        if found is None:
            raise AssertionError
        return found


def judge(rules: Rules, figures: Figures, points: Points, known: Mapping[str, Standing], now: datetime) -> list[Turn]:
    """Every alert that stands or stood. One whose rule is gone or off is over."""
    turns = []
    for rule in rules.by_name.values():
        mine = {key: one for key, one in known.items() if one.alert == rule.alert}
        if _unknown(rule, figures):
            continue
        found = {one.key: one for one in _readings(rule, figures, points, rules, now)}
        turns += [_turn(rule, mine.get(key), found.get(key), now.timestamp()) for key in {**found, **mine}]
    gone = [one for one in known.values() if one.alert not in rules.by_name]
    turns += [Turn(one, None, "resolved" if one.fired_at is not None else "") for one in gone]
    return [turn for turn in turns if turn.before or turn.now]


def _unknown(rule: Rule, figures: Figures) -> bool:
    group = JUDGED_BY[rule.burn.slo] if rule.burn else NAMED[rule.metric].group
    return group in figures.missing


def _readings(rule: Rule, figures: Figures, points: Points, rules: Rules, now: datetime) -> Iterator[Reading]:
    if rule.burn is not None:
        yield _burn(rule, rule.burn, points, rules, now)
        return
    for one in figures.of(rule.metric):
        if dict(rule.where).items() <= dict(one.labels).items():
            yield Reading(_key(rule, one.labels), one.labels, one.value, _breaks(rule, one), one.to)


def _breaks(rule: Rule, one: Sample) -> bool:
    if rule.above is not None:
        return one.value > rule.above
    return rule.below is not None and one.value < rule.below


def _burn(rule: Rule, burn: Burn, points: Points, rules: Rules, now: datetime) -> Reading:
    objective = next(slo.objective for slo in rules.slos if slo.slo == burn.slo)
    breaks, value = burning(burn, objective, points.get(burn.slo, ()), now)
    labels = (("slo", burn.slo),)
    return Reading(_key(rule, labels), labels, value, breaks)


def _key(rule: Rule, labels: Labels) -> str:
    """In one line, whatever a label holds."""
    return " ".join(" ".join((rule.alert, *(f"{name}={value}" for name, value in labels))).split())


def _turn(rule: Rule, before: Standing | None, found: Reading | None, now: float) -> Turn:
    """A series that is no longer there keeps its rule: the cause of a dead letter that was mended, for example."""
    if found is not None and found.breaks:
        return _broken(rule, before, found, now)
    return _kept(rule, before, now)


def _broken(rule: Rule, before: Standing | None, found: Reading, now: float) -> Turn:
    first = Standing(found.key, rule.alert, found.labels, now, None, None, None, found.value, found.page)
    one = replace(before or first, calm_since=None, value=found.value, page=found.page)
    if one.fired_at is None and now - one.since >= rule.held.total_seconds():
        return Turn(before, replace(one, fired_at=now), "fired")
    return Turn(before, one)


def _kept(rule: Rule, before: Standing | None, now: float) -> Turn:
    if before is None or before.fired_at is None:
        return Turn(before, None)
    calm = now if before.calm_since is None else before.calm_since
    if now - calm >= rule.calm.total_seconds():
        return Turn(before, None, "resolved")
    return Turn(before, replace(before, calm_since=calm))
