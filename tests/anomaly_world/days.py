"""Daily orders of a made-up chain over three years, with the faults that a night's feed has.

Rougher than a textbook's: stores that open later, closed Sundays, weather over the whole chain and over regions, local
days that nobody wrote down, levels that wander, tails, and unlabelled faults in the years that are learned from.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]
FIRST, YEARS = date(2023, 1, 1), 3
KINDS = {
    "zero day": 0.0,
    "posted twice": 2.0,
    "half lost": 0.5,
    "a week of 35 % less": 0.65,
    "half again": 1.5,
    "30 % lost": 0.7,
    "20 % lost": 0.8,
}
WEEK = "a week of 35 % less"
APART = 60
"""Days between two faults of a store at least, so that each is judged by itself."""


@dataclass(frozen=True)
class World:
    """Orders by store and day; `faults` are (store, first day, days, kind) of the judged year, `names` known days."""

    stores: tuple[str, ...]
    days: tuple[date, ...]
    clean: Whole
    orders: Whole
    names: dict[date, str]
    judged: int
    faults: tuple[tuple[int, int, int, str], ...] = ()
    mean: Numbers = field(default_factory=lambda: np.zeros(0))


def world(seed: int, stores: int = 24, years: int = YEARS, whole_chain: bool = False) -> World:
    """Half the stores have 150 to 900 orders a day, the others 10 to 60; the last year is judged.

    `whole_chain`: the judged faults strike all stores at once; their store is -1.
    """
    draw = np.random.default_rng(seed)
    count = int(365.25 * years)
    days = tuple(FIRST + timedelta(days=step) for step in range(count))
    names = _known(days, draw)
    level = np.r_[draw.uniform(150, 900, stores // 2), draw.uniform(10, 60, stores - stores // 2)]
    log = np.log(level)[:, None] + _seasons(days, stores, draw) + _wandering(count, stores, draw)
    log += _named(days, names, stores, draw)
    mean = np.exp(log + _rough(count, stores, draw)) * _open(days, stores, draw)
    clean = draw.poisson(mean).astype(np.int64)
    judged = count - 365
    orders, _ = _with_faults(clean, 60, judged, 170, draw)
    orders, faults = (_all_at_once if whole_chain else _with_faults)(orders, judged, count, APART, draw)
    return World(tuple(f"S{n:03d}" for n in range(stores)), days, clean, orders, names, judged, faults, mean)


def _known(days: tuple[date, ...], draw: np.random.Generator) -> dict[date, str]:
    """What a company's own calendar names: six holidays, four sales of three days, on dates that move with the year."""
    known: dict[date, str] = {}
    for year in sorted({day.year for day in days}):
        thanksgiving = max(date(year, 11, n) for n in range(22, 29) if date(year, 11, n).weekday() == 3)
        known |= {date(year, 1, 1): "new year", date(year, 7, 4): "fourth of july", date(year, 12, 24): "eve"}
        known |= {date(year, 12, 25): "christmas", thanksgiving: "thanksgiving"}
        known |= {thanksgiving + timedelta(days=1): "black friday"}
        for number, month in enumerate((3, 5, 8, 10)):
            start = date(year, month, 3 + int(draw.integers(0, 20)))
            known |= {start + timedelta(days=step): f"sale {number}" for step in range(3)}
    return known


def _seasons(days: tuple[date, ...], stores: int, draw: np.random.Generator) -> Numbers:
    weekday = np.array([day.weekday() for day in days])
    place = np.array([day.timetuple().tm_yday for day in days]) / 365.25
    week = np.array([-0.25, -0.2, -0.12, 0.0, 0.2, 0.35, 0.05]) + draw.normal(0, 0.1, (stores, 7))
    year = 0.15 * np.sin(2 * np.pi * (place - 0.3)) * draw.normal(1, 0.4, (stores, 1))
    run_up = 0.5 * np.exp(-(((place - 0.96) / 0.035) ** 2)) * draw.normal(1, 0.3, (stores, 1))
    month_end = np.array([(day + timedelta(days=1)).day == 1 for day in days]) * draw.normal(0.12, 0.05, (stores, 1))
    trend = draw.normal(0.02, 0.08, (stores, 1)) * np.arange(len(days)) / 365.25
    return week[:, weekday] + year + run_up + month_end + trend


def _wandering(count: int, stores: int, draw: np.random.Generator) -> Numbers:
    own = np.cumsum(draw.normal(0, 0.006, (stores, count)), axis=1)
    own -= 0.02 * np.arange(count) / count * own[:, -1:]
    weather, regions = np.zeros((1, count)), np.zeros((4, count))
    for step in range(1, count):
        weather[:, step] = 0.7 * weather[:, step - 1] + draw.normal(0, 0.05, 1)
        regions[:, step] = 0.5 * regions[:, step - 1] + draw.normal(0, 0.04, 4)
    return own + weather + regions[np.arange(stores) % 4]


def _named(days: tuple[date, ...], names: dict[date, str], stores: int, draw: np.random.Generator) -> Numbers:
    """A named day has its own height, a store's own answer to it, and is never the same two years running."""
    effect = {"new year": -0.6, "fourth of july": -0.35, "eve": 0.1, "christmas": -1.2, "thanksgiving": -1.0}
    effect |= {"black friday": 0.8} | {f"sale {number}": float(draw.uniform(0.15, 0.5)) for number in range(4)}
    own = {name: draw.normal(0, 0.12, stores) for name in sorted(set(names.values()))}
    yearly = {(day.year, name): draw.normal(0, 0.08) for day, name in sorted(names.items())}
    found = np.zeros((stores, len(days)))
    for place, day in enumerate(days):
        if day in names:
            found[:, place] = effect[names[day]] + own[names[day]] + yearly[day.year, names[day]]
            found[:, place] += draw.normal(0, 0.06, stores)
    return found


def _rough(count: int, stores: int, draw: np.random.Generator) -> Numbers:
    """A store's own days: tails of Student's t with five degrees, and six days a year that only the street knows of."""
    own = draw.uniform(0.04, 0.13, (stores, 1)) * draw.standard_t(5, (stores, count)) / np.sqrt(5 / 3)
    street = (draw.random((stores, count)) < 6 / 365) * draw.normal(0, 0.25, (stores, count))
    return own + street


def _open(days: tuple[date, ...], stores: int, draw: np.random.Generator) -> Numbers:
    """Two stores open in the second year; three are closed on Sundays, most at Christmas, some on Thanksgiving."""
    found = np.ones((stores, len(days)))
    for store in draw.choice(stores, 2, replace=False):
        found[store, : int(draw.integers(370, 500))] = 0
    sundays = np.array([day.weekday() == 6 for day in days])
    found[np.ix_(draw.choice(stores, 3, replace=False), np.flatnonzero(sundays))] = 0
    christmas = np.array([(day.month, day.day) == (12, 25) for day in days])
    thanks = np.array([day.month == 11 and 22 <= day.day <= 28 and day.weekday() == 3 for day in days])
    found[np.ix_(np.flatnonzero(draw.random(stores) < 0.85), np.flatnonzero(christmas))] = 0
    found[np.ix_(np.flatnonzero(draw.random(stores) < 0.4), np.flatnonzero(thanks))] = 0
    return found


def _with_faults(
    clean: Whole, first: int, last: int, apart: int, draw: np.random.Generator
) -> tuple[Whole, tuple[tuple[int, int, int, str], ...]]:
    """Faults of every kind in turn, at least `apart` days from one another in a store, on days with orders."""
    orders, faults, kinds = clean.copy(), [], list(KINDS)
    for store in range(len(clean)):
        day, turn = first + int(draw.integers(0, apart)), int(draw.integers(0, len(kinds)))
        while day < last - 8:
            kind = kinds[turn % len(kinds)]
            length = 7 if kind == WEEK else 1
            if clean[store, day] > 0:
                part = orders[store, day : day + length]
                orders[store, day : day + length] = _spoilt(part, KINDS[kind], draw)
                faults.append((store, day, length, kind))
                turn += 1
            day += length + apart + int(draw.integers(0, apart // 4))
    return orders, tuple(faults)


def _all_at_once(
    clean: Whole, first: int, last: int, apart: int, draw: np.random.Generator
) -> tuple[Whole, tuple[tuple[int, int, int, str], ...]]:
    """The same faults for every store; days on which most are closed are passed over."""
    orders, faults, usual = clean.copy(), [], np.median(clean[:, first:last].sum(axis=0))
    days = range(first + int(draw.integers(0, 9)), last - 8, apart // 4)
    for day, kind in zip(days, (kind for _ in days for kind in KINDS if kind != WEEK), strict=False):
        if clean[:, day].sum() > usual / 5:
            orders[:, day] = _spoilt(orders[:, day], KINDS[kind], draw)
            faults.append((-1, day, 1, kind))
    return orders, tuple(faults)


def _spoilt(part: Whole, factor: float, draw: np.random.Generator) -> Whole:
    """What arrives: all twice, none, or each order by the toss of a coin."""
    whole, share = int(factor), factor - int(factor)
    return np.asarray(part * whole + draw.binomial(part, share), dtype=np.int64)
