"""Orders a day: of each store, and of the whole chain. Lines are learned from days before the judged ones only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from he_sync.quality.anomalies.alert import CHAIN, Alert
from he_sync.quality.anomalies.daily import Daily, Flags, Numbers
from he_sync.quality.anomalies.expected import RECENT, Expected, expected
from he_sync.quality.anomalies.known_days import Names, names_of
from he_sync.quality.anomalies.settings import Settings
from he_sync.quality.anomalies.tails import CAUTIOUS, deviations, line

LEARNED_FOR = 28
"""Days that are judged by what was learned at their beginning; levels go on by the day."""
LOST = 0.85
"""Part of the budget for days with too little: a day posted twice is far off, half a day lost is nearer."""
LEAST_CHANCE = -600.0
"""A logarithm, below which a double holds nothing."""
SIZES = 3
"""Groups of stores by size with a line each: counting evens out what small stores do."""


@dataclass(frozen=True)
class Judged:
    """By store and day of the judged days: expected count, its deviation, both lines, and who is looked at at all."""

    mean: Numbers
    off: Numbers
    low: Numbers
    high: Numbers
    looked_at: Flags
    chain: Numbers
    chain_off: Numbers
    chain_line: Numbers

    @property
    def alerts(self) -> Flags:
        """Store-days beyond their lines."""
        return self.looked_at & ((self.off < -self.low) | (self.off > self.high))

    @property
    def chain_alerts(self) -> Flags:
        """Days of the chain beyond its lines."""
        return np.asarray(np.abs(self.chain_off) > self.chain_line)


def judged(days: Daily, known: Names, first: int, settings: Settings) -> Judged:
    """The days from place `first` on; what is learned is learned again every LEARNED_FOR days."""
    blocks = [
        _block(days.until(min(start + LEARNED_FOR, len(days.dates))), known, start, settings)
        for start in range(first, len(days.dates), LEARNED_FOR)
    ]
    names = Judged.__dataclass_fields__
    return Judged(*(np.concatenate([getattr(block, name) for block in blocks], axis=-1) for name in names))


def _block(days: Daily, known: Names, learned: int, settings: Settings) -> Judged:
    found = expected(days, known, learned)
    off = deviations(days.counts, found.mean, found.spread)
    age = np.arange(len(days.dates))[None, :] - days.opened[:, None]
    looked_at = (age >= settings.least_days) & ~found.closed
    caution = np.where(found.named, settings.known_day_caution, 1.0)
    past = np.where(looked_at & ~found.named, off, np.nan)[:, max(0, learned - RECENT) : learned]
    low, high = _lines(past, found.mean[:, :learned], settings.volume_budget)
    off = np.where(days.counts == 0, _silence(days, found, off), off)
    silent = CAUTIOUS * float(stats.norm.isf(settings.volume_budget * LOST))  # its chance is counted, no tail drawn on
    chain_off = _chain_off(days, found)
    chain_line = _chain_line(chain_off, found, learned, settings.volume_budget)
    now = slice(learned, None)
    return Judged(
        found.mean[:, now],
        off[:, now],
        np.where(days.counts == 0, np.minimum(low[:, None] * caution, silent), low[:, None] * caution)[:, now],
        (high[:, None] * caution)[:, now],
        looked_at[:, now],
        found.chain[now],
        chain_off[now],
        (chain_line * caution)[now],
    )


def _lines(past: Numbers, mean: Numbers, budget: float) -> tuple[Numbers, Numbers]:
    """Lower and upper line of each store, from the past of stores of its size."""
    stores = len(past)
    rank = np.argsort(np.argsort(mean.mean(axis=1), kind="stable"), kind="stable")
    group = rank * SIZES // max(stores, 1) if stores >= 3 * SIZES else np.zeros(stores, dtype=np.int64)
    low, high = np.zeros(stores), np.zeros(stores)
    for one in np.unique(group):
        some = past[group == one].ravel()
        some = some[np.isfinite(some)]
        low[group == one], high[group == one] = (
            line(some * sign, budget * share, len(some)) for sign, share in ((-1, LOST), (1, 1 - LOST))
        )
    return low, high


def _silence(days: Daily, found: Expected, off: Numbers) -> Numbers:
    """Deviations of days without orders: of all such days in a row together, closed days left out."""
    size = 1 / np.maximum(found.spread, 1e-3) ** 2
    nothing = np.where(found.closed, 0.0, size * np.log(size / (size + found.mean)))
    quiet = (days.counts == 0) & days.alive
    together = np.zeros(off.shape)
    before = np.zeros(len(days.stores))
    for day in range(len(days.dates)):
        together[:, day] = before = np.where(quiet[:, day], before + nothing[:, day], 0.0)
    silent = stats.norm.ppf(np.exp(np.maximum(together, LEAST_CHANCE)) / 2)
    return np.asarray(np.where(quiet, np.minimum(off, silent), off))


def _chain_off(days: Daily, found: Expected) -> Numbers:
    """In standard deviations; 0 where the whole chain keeps closed."""
    total = days.counts.sum(axis=0)
    off = np.log(np.maximum(total, 0.5) / np.maximum(found.chain, 0.5)) / found.chain_spread
    return np.where(found.chain < 1, 0.0, off)


def _chain_line(off: Numbers, found: Expected, learned: int, budget: float) -> Numbers:
    """By day. Known days are too few to draw a tail from, and have a spread of their own: a normal distribution's."""
    usual = line(np.abs(off[:learned][~found.named[:learned]]), budget, learned)
    return np.where(found.named, float(stats.norm.isf(budget / 2)), usual)


def volume_alerts(days: Daily, known: Names, first: int, settings: Settings) -> Iterator[Alert]:
    """Stores and chain, from the day at place `first` on. `rows` are left to who has the records."""
    found = judged(days, known, first, settings)
    names = names_of(days.dates[first:], known)
    dates = days.dates[first:]
    for store, day in zip(*np.nonzero(found.alerts), strict=True):
        off = float(found.off[store, day])
        edge = float((found.low if off < 0 else found.high)[store, day])
        seen = int(days.counts[store, first + day])
        about = (days.stores[store], str(dates[day]), names[day] or _weekday(dates[day]))
        yield _alert(about, float(found.mean[store, day]), seen, (off, edge))
    for day in np.flatnonzero(found.chain_alerts):
        about = (CHAIN, str(dates[day]), names[day] or _weekday(dates[day]))
        seen = int(days.counts[:, first + day].sum())
        yield _alert(about, float(found.chain[day]), seen, (float(found.chain_off[day]), float(found.chain_line[day])))


def _weekday(day: np.datetime64) -> str:
    return str(day.astype("datetime64[D]").item().strftime("%A"))


def _alert(about: tuple[str, str, str], mean: float, seen: int, far: tuple[float, float]) -> Alert:
    """`about` is subject, date and what kind of day it is; `far` the deviation and the line that it is beyond."""
    subject, date, what = about
    off, edge = far
    share = f"{abs(seen / max(mean, 0.5) - 1):.0%} {'less' if off < 0 else 'more'} than" if seen else "nothing, unlike"
    others = "by the days before" if subject == CHAIN else "by the days before and the other stores of the day"
    why = f"{share} a usual {what} here {others}; {abs(off):.1f} standard deviations, the line is at {edge:.1f}"
    check = "orders" if seen or subject == CHAIN else "silent_store"
    return Alert(check, subject, date, f"about {mean:,.0f} orders", f"{seen:,} orders", why, (), abs(off) / edge)
