"""Shares of a store's day: a tender among payments, refunds and voids among tickets, fees of what was settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.daily import Daily, Flags, Numbers, Whole
from he_sync.quality.anomalies.expected import RECENT
from he_sync.quality.anomalies.known_days import Names, names_of, with_neighbours
from he_sync.quality.anomalies.seasonal import TO_SIGMA
from he_sync.quality.anomalies.settings import Settings
from he_sync.quality.anomalies.tails import deviations, line

WINDOW = 56
"""Days back over which a share is what it usually is."""
BELIEF = 50.0
"""Records' worth of the chain's share that a store's own is mixed with."""
TELLING = 3.0
"""Expected records from which a day says how far shares scatter beyond counting."""
LEAST_SCATTER = 0.01


@dataclass(frozen=True)
class Share:
    """What is a share of what: `name` as people say it, `check` as alerts call it."""

    check: str
    name: str
    part: Daily
    whole: Daily


def share_alerts(share: Share, known: Names, first: int, settings: Settings) -> Iterator[Alert]:
    """Store-days from the place `first` on, judged by days before and by the other stores of the day."""
    mean = _usual(share)
    part, whole = share.part.counts, share.whole.counts
    spread = _scatter(part[:, :first], mean[:, :first], whole[:, :first])
    much = mean > whole / 2
    off = deviations(
        np.where(much, whole - part, part), np.where(much, whole - mean, mean), np.full(part.shape, spread)
    )
    off = np.where(whole > 0, np.where(much, -off, off), np.nan)
    old = np.arange(part.shape[1])[None, :] - share.whole.opened[:, None] >= settings.least_days
    named = _named(share.whole, known)
    low, high = _lines(np.where(old & ~named, off, np.nan)[:, max(0, first - RECENT) : first], settings.share_budget)
    caution = np.where(named, settings.known_day_caution, 1.0)
    wrong = old & ((off < -low * caution) | (off > high * caution))
    for store, day in zip(*np.nonzero(wrong[:, first:]), strict=True):
        at = (int(store), first + int(day))
        edge = (low if off[at] < 0 else high) * caution[at[1]]
        yield _alert(share, at, float(mean[at]), abs(float(off[at])) / float(edge))


def _usual(share: Share) -> Numbers:
    """Expected part of every store-day: the store's share of WINDOW days, moved as the others' moved that day."""
    part, whole = share.part.counts.astype(np.float64), share.whole.counts.astype(np.float64)
    had, of = _before(part), _before(whole)
    chain = (had.sum(axis=0) + 1) / (of.sum(axis=0) + 2)
    own = (had + BELIEF * chain) / (of + BELIEF)
    mean = own * whole
    rest, wanted = part.sum(axis=0) - part, mean.sum(axis=0) - mean
    moved = (rest + BELIEF * chain) / (wanted + BELIEF * chain)
    odds = own / (1 - own) * moved
    return np.asarray(odds / (1 + odds) * whole)


def _before(counts: Numbers) -> Numbers:
    """Sums of the WINDOW days before each day."""
    total = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(counts, axis=1)], axis=1)
    days = np.arange(counts.shape[1])
    return np.asarray(total[:, days] - total[:, np.maximum(days - WINDOW, 0)])


def _scatter(part: Whole, mean: Numbers, whole: Whole) -> float:
    """Standard deviation of a share's logarithm beyond counting, over all stores."""
    some = np.minimum(mean, whole - mean) >= TELLING
    if some.sum() < WINDOW:
        return 0.2
    off = (part[some] - mean[some]) / mean[some]
    beyond = (float(np.median(np.abs(off))) * TO_SIGMA) ** 2 - float(np.mean(1 / mean[some] - 1 / whole[some]))
    return float(np.sqrt(max(beyond, LEAST_SCATTER**2)))


def _named(days: Daily, known: Names) -> Flags:
    return np.array([name != "" for name in names_of(days.dates, with_neighbours(known))], dtype=bool)


def _lines(past: Numbers, budget: float) -> tuple[float, float]:
    some = past[np.isfinite(past)]
    low, high = (line(some * sign, budget / 2, len(some)) for sign in (-1, 1))
    return low, high


def _alert(share: Share, at: tuple[int, int], mean: float, beyond: float) -> Alert:
    part, whole = int(share.part.counts[at]), int(share.whole.counts[at])
    store, day = share.whole.stores[at[0]], str(share.whole.dates[at[1]])
    why = f"{share.name} by the {WINDOW} days before and by what the other stores had that day"
    return Alert(
        share.check,
        store,
        day,
        f"about {mean:,.0f} of {whole:,}, {mean / whole:.1%}",
        f"{part:,}, {part / whole:.1%}",
        why,
        (),
        beyond,
    )


def rate_alerts(fees: Daily, gross: Daily, known: Names, first: int, settings: Settings) -> Iterator[Alert]:
    """Fees over gross, both in minor units, against the median of the WINDOW days before."""
    rate = np.where((gross.counts > 0) & (fees.counts > 0), fees.counts / np.maximum(gross.counts, 1), np.nan)
    usual, off = _against_median(rate)
    named = _named(gross, known)
    past = np.where(named, np.nan, off)[:, max(0, first - RECENT) : first]
    low, high = _lines(past, settings.share_budget)
    wrong = (off < -low) | (off > high)
    for store, day in zip(*np.nonzero(wrong[:, first:]), strict=True):
        at = (int(store), first + int(day))
        beyond = abs(float(off[at])) / (low if off[at] < 0 else high)
        why = f"fees of what was settled, by the {WINDOW} days before; the contract or the mix of cards has changed"
        texts = (f"about {usual[at]:.2%}", f"{rate[at]:.2%}", why)
        yield Alert("fee_rate", gross.stores[at[0]], str(gross.dates[at[1]]), *texts, (), beyond)


def _against_median(rate: Numbers) -> tuple[Numbers, Numbers]:
    """Median of the window before each day, and deviations from it in robust standard deviations; nan with too few."""
    usual, off = np.full(rate.shape, np.nan), np.full(rate.shape, np.nan)
    for day in range(WINDOW // 2, rate.shape[1]):
        back = rate[:, max(0, day - WINDOW) : day]
        enough = np.isfinite(back).sum(axis=1) >= WINDOW // 4
        middle = np.nanmedian(back[enough], axis=1)
        wide = np.nanmedian(np.abs(back[enough] - middle[:, None]), axis=1) * TO_SIGMA
        usual[enough, day] = middle
        off[enough, day] = (rate[enough, day] - middle) / np.maximum(wide, LEAST_SCATTER * middle)
    return usual, off
