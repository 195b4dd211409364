"""What each store and the chain should have had on a day, from earlier days and from what other stores had that day.

    log expected = level of the store + chain's calendar + store's own calendar + wandering of both + the day's weather

The weather is what the other stores of the same day share; a day that only one store has is that store's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.quality.anomalies.daily import Daily, Flags, Numbers, Whole
from he_sync.quality.anomalies.known_days import Names, distinct, names_of, with_neighbours
from he_sync.quality.anomalies.seasonal import TO_SIGMA, Calendar, calendar, fit

PACE = 0.05
"""How fast a level follows its days; half as fast or twice as fast foretell worse."""
CLIP = 2.5
"""Standard deviations beyond which a day moves no level."""
RECENT = 365
"""Learned days from which spread is taken."""
HALF_YEAR, FORTNIGHT = 182, 14
SHRINK = 0.4
"""Part of what two stores share that is not believed."""
LEAST_SPREAD, LEAST_SHARED = 0.03, 0.05
ENOUGH = 20
"""Known days of stores from which their spread is taken."""
NEW_NAME = 0.5
"""Standard deviation, in logarithms, of a known day that no learned year had."""
KNOWN_WIDER, LATER_WIDER = 1.5, 1.5
"""A known day of the chain is at least so many usual spreads wide; what few days taught is so much wider."""
CLOSED = 0.5
"""Share of its past days of that weekday or name on which a store had nothing; from there on it is taken as closed."""


@dataclass(frozen=True)
class Expected:
    """By store and day: mean count, spread of its logarithm beyond counting, and whether the store keeps closed.

    `chain` and `chain_spread` by day are of the whole chain, without the day's own weather.
    """

    mean: Numbers
    spread: Numbers
    closed: Flags
    chain: Numbers
    chain_spread: Numbers
    named: Flags


@dataclass(frozen=True)
class _Base:
    """Logarithms: `log` seen, `usual` by the calendars, `use` where there is something to learn from."""

    log: Numbers
    usual: Numbers
    use: Flags
    leverage: Numbers
    weight: Numbers
    named: Flags


@dataclass(frozen=True)
class _Walk:
    """What is left of each day after the levels that were known the evening before."""

    weather: Numbers
    others: Numbers
    off: Numbers
    chain_level: Numbers
    store_level: Numbers


def expected(days: Daily, known: Names, learned: int) -> Expected:
    """Of all days; calendars are learned from the first `learned` days, levels from all days before each one."""
    base = _base(days, known, learned)
    walk = _walk(base)
    share = _share(walk, learned)
    today = walk.chain_level + share * (walk.others - walk.chain_level)
    log = base.usual + walk.store_level + today
    log += _kin(np.where(base.use, base.log - log, np.nan), learned)
    off = np.where(base.use, base.log - log, np.nan) / (1 - base.leverage)
    mean = np.exp(log)
    mean *= _lifted(days.counts, mean, base.use, learned)[:, None]
    plain = np.exp(base.usual + walk.store_level + walk.chain_level)
    plain *= _lifted(days.counts, plain, base.use, learned)[:, None]
    closed = _closed(days, known, learned)
    spread = _spread(off, mean, base.named, learned)
    chain = np.where(closed | ~days.alive, 0.0, plain).sum(axis=0)
    chain *= _carried(days, chain, base.named, learned)
    wide = _chain_spread(days, known, chain, base.named, learned)
    return Expected(mean, spread, closed, chain, wide, base.named)


def _base(days: Daily, known: Names, learned: int) -> _Base:
    wide = with_neighbours(known)
    use = days.counts > 0
    log = np.log(np.maximum(days.counts, 1))
    past = use & (np.arange(log.shape[1]) < learned)
    middle = np.array([np.median(row[some]) if some.any() else 0.0 for row, some in zip(log, past, strict=True)])
    weight = 1 / (0.02 + np.exp(-middle))
    chain = calendar(days.dates, wide, learned, "chain")
    common, there = _weighted(log - middle[:, None], use, weight)
    curve = (
        chain.features
        @ fit(chain.features, chain.penalty, common, there & (np.arange(len(there)) < learned)).coefficients
    )
    own = calendar(days.dates, wide, learned, "store")
    usual, leverage = _own(log - middle[:, None] - curve, past, own)
    return _Base(log, usual + middle[:, None] + curve, use, leverage, weight, own.named)


def _own(left: Numbers, past: Flags, own: Calendar) -> tuple[Numbers, Numbers]:
    """What a store does otherwise than the chain; nothing of a store without a past."""
    usual, leverage = np.zeros(left.shape), np.zeros(left.shape)
    for store in np.flatnonzero(past.any(axis=1)):
        found = fit(own.features, own.penalty, left[store], past[store])
        usual[store], leverage[store] = own.features @ found.coefficients, found.leverage
    return usual, leverage


def _weighted(left: Numbers, use: Flags, weight: Numbers) -> tuple[Numbers, Flags]:
    """The stores' common part by day: a weighted mean, none further from the median than CLIP spreads."""
    there = np.asarray(use.any(axis=0))
    held = np.where(use, _held(left, use), 0.0) * weight[:, None]
    share = np.where(use, weight[:, None], 0.0).sum(axis=0)
    return np.asarray(np.where(there, held.sum(axis=0) / np.maximum(share, 1e-9), 0.0)), there


def _held(left: Numbers, use: Flags) -> Numbers:
    """Values pulled in to CLIP spreads of the day's median."""
    some = np.where(use, left, np.nan)
    some[:, ~use.any(axis=0)] = 0.0
    middle = np.nanmedian(some, axis=0)
    spread = np.maximum(np.nanmedian(np.abs(some - middle), axis=0) * TO_SIGMA, LEAST_SHARED)
    return np.clip(left, middle - CLIP * spread, middle + CLIP * spread)


def _walk(base: _Base) -> _Walk:
    """Day by day: the weather of all and of the others, then the levels of tomorrow."""
    stores, count = base.log.shape
    left = base.log - base.usual
    weather, others, off = np.zeros(count), np.zeros((stores, count)), np.full((stores, count), np.nan)
    chain_level, store_level = np.zeros(count), np.zeros((stores, count))
    chain, own, clip = 0.0, np.zeros(stores), np.full(stores, 0.4)
    for day in range(count):
        use = base.use[:, day]
        chain_level[day], store_level[:, day] = chain, own
        others[:, day] = weather[day] = chain
        if not use.any():
            continue
        free = left[:, day] - own
        weather[day], others[:, day] = _shared(free, use, base.weight, chain)
        off[:, day] = np.where(use, free - others[:, day], np.nan)
        step = np.where(use, np.clip(free - weather[day], -clip, clip), 0.0)
        own = own + PACE * step
        clip = np.where(use, 0.98 * clip + 0.02 * np.minimum(CLIP * TO_SIGMA * np.abs(step), 1.0), clip)
        chain += (0.0 if base.named[day] else 3 * PACE) * float(np.clip(weather[day] - chain, -0.2, 0.2))
    return _Walk(weather, others, off, chain_level, store_level)


def _shared(free: Numbers, use: Flags, weight: Numbers, before: float) -> tuple[float, Numbers]:
    """The common part of all stores, and for each that of the others; yesterday's level where there are no others."""
    middle = float(np.median(free[use]))
    wide = CLIP * max(float(np.median(np.abs(free[use] - middle))) * TO_SIGMA, LEAST_SHARED)
    held = np.clip(free, middle - wide, middle + wide)
    part = np.where(use, weight, 0.0)
    total, whole = part.sum(), float(part @ held)
    rest = total - part
    few = 2 * float(np.median(weight))
    return whole / total, (whole - part * held + few * before) / (rest + few)


def _share(walk: _Walk, learned: int) -> float:
    """How much of what the others have a store has too, 0 to 1, from the learned days."""
    move = (walk.others - walk.chain_level)[:, :learned]
    whole = walk.off[:, :learned] + move
    some = ~np.isnan(whole) & (np.abs(np.nan_to_num(walk.off[:, :learned])) < 1)
    below = float((move[some] ** 2).sum())
    return float(np.clip((move[some] * whole[some]).sum() / below, 0, 1)) if below > 0 else 0.0


def _kin(off: Numbers, learned: int) -> Numbers:
    """What the stores that usually move with a store (one town, one street) let expect of its day.

    The conditional mean of a normal distribution; covariances of the learned days, shrunk towards none.
    """
    wide = np.maximum(np.nan_to_num(_robust(off[:, :learned]), nan=1.0), LEAST_SPREAD)[:, None]
    held = np.clip(np.nan_to_num(off) / wide, -CLIP, CLIP)
    past = held[:, :learned]
    together = (1 - SHRINK) * (past @ past.T) / max(learned, 1)
    np.fill_diagonal(together, np.maximum(together.diagonal() / (1 - SHRINK), 0.1))
    precision = np.linalg.inv(together)
    others = -precision / precision.diagonal()[:, None]
    np.fill_diagonal(others, 0.0)
    return np.asarray(others @ held * wide)


def _lifted(counts: Whole, mean: Numbers, use: Flags, learned: int) -> Numbers:
    """What makes the mean of a logarithm the mean of a count, by store, without days that are far off."""
    recent = slice(max(0, learned - RECENT), learned)
    near = use[:, recent] & (np.abs(np.log(np.maximum(counts[:, recent], 1) / mean[:, recent])) < 1)
    above = np.where(near, counts[:, recent], 0).sum(axis=1)
    below = np.where(near, mean[:, recent], 0.0).sum(axis=1)
    return np.asarray(np.where(below > 0, above / np.maximum(below, 1e-9), 1.0))


def _spread(off: Numbers, mean: Numbers, named: Flags, learned: int) -> Numbers:
    """Standard deviations beyond counting by store and day; wider on known days by what all stores showed there."""
    recent = slice(max(0, learned - RECENT), learned)
    usual = off[:, recent][:, ~named[recent]]
    counting = 1 / np.maximum(mean, 0.5)
    own = _robust(usual) ** 2 - counting[:, recent].mean(axis=1)
    pooled = float(np.nanmedian(own)) if np.isfinite(own).any() else LEAST_SPREAD**2
    own = np.maximum(np.where(np.isfinite(own), own, pooled), LEAST_SPREAD**2)
    here = np.isfinite(off[:, :learned]) & named[:learned]
    plain = (own[:, None] + counting[:, :learned])[here]
    more = _beyond(off[:, :learned][here], plain) if here.sum() > ENOUGH else NEW_NAME**2 / 4
    return np.asarray(np.sqrt(own[:, None] + np.where(named, more, 0.0)[None, :]))


def _beyond(off: Numbers, plain: Numbers) -> float:
    """Variance beyond `plain`, large stores counting for more; the furthest 3 % are faults of the past."""
    near = np.abs(off) <= np.quantile(np.abs(off), 0.97)
    weight = 1 / plain[near] ** 2
    return max(float((weight * (off[near] ** 2 - plain[near])).sum() / weight.sum()), 0.0)


def _robust(rows: Numbers) -> Numbers:
    """Standard deviation of each row from its median absolute value; nan of a row without values."""
    found = np.full(len(rows), np.nan)
    some = np.isfinite(rows).sum(axis=1) >= FORTNIGHT
    found[some] = np.nanmedian(np.abs(rows[some]), axis=1) * TO_SIGMA
    return found


def _carried(days: Daily, chain: Numbers, named: Flags, learned: int) -> Numbers:
    """What yesterday's weather leaves for today, as a factor: a rainy day is often followed by another.

    By how much usual days follow one another (their correlation); a day that is further off than weather, or known,
    leaves nothing.
    """
    total = days.counts.sum(axis=0)
    off = np.where((total > 0) & (chain >= 1) & ~named, np.log(np.maximum(total, 1) / np.maximum(chain, 1e-9)), np.nan)
    wide = float(np.nan_to_num(_robust(off[None, :learned])[0], nan=0.0))
    off = np.where(np.abs(off) <= CLIP * wide, off, np.nan)
    before, after = off[: learned - 1], off[1:learned]
    pairs = np.isfinite(before) & np.isfinite(after)
    below = float((before[pairs] ** 2).sum())
    follows = float(np.clip((before[pairs] * after[pairs]).sum() / below, 0, 1)) if below > 0 else 0.0
    return np.asarray(np.exp(follows * np.concatenate([[0.0], np.nan_to_num(off[:-1])])))


def _chain_spread(days: Daily, known: Names, chain: Numbers, named: Flags, learned: int) -> Numbers:
    """By day: of usual days, of the days around known ones, of known days, and of those that no learned year had."""
    total = days.counts.sum(axis=0)
    off = np.where((total > 0) & (chain > 0), np.log(np.maximum(total, 1) / np.maximum(chain, 1e-9)), np.nan)[None, :]
    names = np.array(names_of(days.dates, known))
    exact, new = names != "", ~np.isin(names, [*names[:learned], ""])
    recent = slice(max(0, learned - RECENT), learned)
    usual = max(float(np.nan_to_num(_robust(off[:, recent][:, ~named[recent]])[0], nan=0.2)), LEAST_SPREAD)
    special = float(_robust(off[:, :learned][:, exact[:learned]])[0])
    special = max(KNOWN_WIDER * usual, LATER_WIDER * special) if np.isfinite(special) else NEW_NAME
    around = np.where(named, LATER_WIDER * usual, usual)
    return np.where(new, NEW_NAME, np.where(exact, special, around))


def _closed(days: Daily, known: Names, learned: int) -> Flags:
    """By weekday over the last half-year, and by name over all years on the weekdays on which a store opens."""
    weekday = (days.dates.astype(np.int64) + 3) % 7
    names, place = np.array(names_of(days.dates, known)), np.arange(len(days.dates))
    closed = np.zeros(days.counts.shape, dtype=bool)
    for day in range(7):
        past = days.alive & ((weekday == day) & (place >= learned - HALF_YEAR) & (place < learned))
        closed |= _mostly_nothing(days, past)[:, None] & (weekday == day)
    for name in distinct(names):
        past = days.alive & ~closed & ((names == name) & (place < learned))
        closed |= _mostly_nothing(days, past)[:, None] & (names == name)
    return closed


def _mostly_nothing(days: Daily, past: Flags) -> Flags:
    nothing = (past & (days.counts == 0)).sum(axis=1)
    return np.asarray((nothing > 0) & (nothing >= CLOSED * past.sum(axis=1)))
