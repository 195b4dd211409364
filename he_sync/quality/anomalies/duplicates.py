"""Sales that are there twice under two ids, told from customers who buy the same again.

Two sales of one store are the same when customer, items, quantities and amounts are. How many of those are honest is
seen in the data itself: sales that agree in everything but lie a minute apart show how often two agree by chance in one
second; sales that lie a week apart show how often one comes back within days. Of all alerts at most one in twenty may
be such an honest one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from he_sync.model.money import show
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.daily import Flags, Numbers, Whole
from he_sync.quality.anomalies.settings import Settings

HONEST = 0.05
"""Share of alerts that may be honest repeats."""
EVENS = 0.5
"""Share of honest repeats from which a group of sales raises no alert, however pure the others are."""
MONTH = 28
MINUTE = range(1, 121)
"""Seconds between two sales that show how often honest ones agree by chance."""
MINUTES_ONLY = 0.9
"""Share of times on the full minute from which seconds are not kept."""
LATER = range(4, 19)
"""Days between two sales that show how often the same is bought again."""
UNKNOWN_DAY = -1
SPAN = 1_000_000
"""More than days since 1970."""


@dataclass(frozen=True)
class Repeats:
    """By sale: place of the same sale before it (-1: none), seconds and days since, and whether it is one too many."""

    before: Whole
    days: Whole
    twice: Flags


def baskets(orders: pd.DataFrame, lines: pd.DataFrame | None) -> pd.Series:
    """What each order holds, as one number by content; of orders without lines their total alone."""
    total = pd.util.hash_array(orders["total_minor"].to_numpy(dtype=np.int64))
    if lines is None or lines.empty:
        return pd.Series(total, index=orders.index)
    content = pd.util.hash_pandas_object(lines[["sku", "quantity_milli", "amount_minor"]], index=False).to_numpy()
    with np.errstate(over="ignore"):
        held = (
            pd.Series(content * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)).groupby(lines["owner"].to_numpy()).sum()
        )
        mine = held.reindex(orders["owner"]).fillna(0).to_numpy(dtype=np.uint64)
        return pd.Series(mine + total, index=orders.index)


def repeats(orders: pd.DataFrame, basket: pd.Series, settings: Settings) -> Repeats:
    """Of orders of any dates; needs `order_id`, `store`, `customer_id`, `business_date`.

    With `completed_at` sales of one second are held against those of one minute, and where `register` is named too the
    same till never has two sales in one second: a document that is posted again keeps
    its moment, though its date may be later. Without it days alone speak, and who buys twice a day cannot be told.
    """
    day = orders["business_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    same = pd.factorize(pd.util.hash_pandas_object(_key(orders, basket), index=False))[0]
    who = (orders["customer_id"].to_numpy() != 0).astype(np.int64)
    stratum = who * 100 + _often(same, day)
    if "completed_at" not in orders:
        before, gap = _gaps(same, day)
        wide = range(settings.duplicate_within_days + 1)
        close = (gap >= 0) & (gap < len(wide))
        return Repeats(before, gap, close & _rare(stratum, _pairs(same, day, wide), _pairs(same, day, LATER)))
    moment, fine = _moments(orders)
    before, gap = _gaps(same, moment)
    apart = np.where(before >= 0, np.abs(day - day[before]), UNKNOWN_DAY)
    close = (gap == 0) & (apart <= settings.duplicate_within_days)
    minute = (gap >= MINUTE.start) & (gap < MINUTE.stop)
    honest = minute / (2 * len(MINUTE))  # a minute apart is before or after, one second is once
    rare = close if fine and "register" in orders else _purest(_finer(stratum, day, apart), close, honest)
    return Repeats(before, apart, close & rare)


def _moments(orders: pd.DataFrame) -> tuple[Whole, bool]:
    """Seconds, or minutes where hardly any time has seconds; whether it has. One till rings up one sale a second."""
    second = orders["completed_at"].to_numpy(dtype="datetime64[s]").astype(np.int64)
    fine = bool((second % 60 != 0).mean() > 1 - MINUTES_ONLY) if len(second) else False
    return (second if fine else second // 60), fine


def _key(orders: pd.DataFrame, basket: pd.Series) -> pd.DataFrame:
    kind = orders["kind"].astype(str) if "kind" in orders else ""
    key = {"store": orders["store"].astype(str), "customer": orders["customer_id"], "basket": basket, "kind": kind}
    if "register" in orders and "completed_at" in orders:
        key["register"] = orders["register"].astype(str)
    return pd.DataFrame(key)


def _often(same: Whole, day: Whole) -> Whole:
    """How often a sale comes, as the power of two of its number over all days."""
    span = max(int(day.max() - day.min()) + 1, 1) if len(day) else 1
    each = np.bincount(same)[same] / span * 30
    return np.asarray(np.floor(np.log2(np.maximum(each, 0.5))) + 1, dtype=np.int64)


def _gaps(same: Whole, when: Whole) -> tuple[Whole, Whole]:
    """Place of the same sale before each in time (then by row), and how long ago; -1 where there is none."""
    order = np.lexsort((when, same))
    before, gap = np.full(len(same), -1, dtype=np.int64), np.full(len(same), UNKNOWN_DAY, dtype=np.int64)
    alike = same[order][1:] == same[order][:-1]
    before[order[1:][alike]] = order[:-1][alike]
    gap[order[1:][alike]] = (when[order[1:]] - when[order[:-1]])[alike]
    return before, gap


def _pairs(same: Whole, day: Whole, lags: range) -> Numbers:
    """By sale: earlier sales of the same at these distances in days, per day of distance."""
    code = same * SPAN + day
    known, count = np.unique(code, return_counts=True)
    found = np.zeros(len(code))
    for lag in lags:
        place = np.minimum(np.searchsorted(known, code - lag), len(known) - 1)
        found += np.where(known[place] == code - lag, count[place], 0) if lag else (count[place] - 1) / 2
    return found / max(len(lags), 1)


def _rare(stratum: Whole, close: Numbers | Flags, apart: Numbers) -> Flags:
    """Whether close repeats of a sale's stratum are at least 1 / HONEST times what those further apart let expect."""
    many, honest = np.bincount(stratum, weights=close), np.bincount(stratum, weights=apart)
    return np.asarray((honest <= HONEST * many)[stratum])


def _finer(stratum: Whole, day: Whole, apart: Whole) -> Whole:
    """By month too, as an interface fails for days, and by whether dates differ: in an honest second they do not."""
    month = (int(day.max(initial=0)) - day) // MONTH
    return np.asarray((stratum * (int(month.max(initial=0)) + 1) + month) * 2 + (apart > 0), dtype=np.int64)


def _purest(stratum: Whole, close: Flags, apart: Numbers) -> Flags:
    """Sales of the strata with the smallest honest share, as many as keep it below HONEST in all of them together.

    A stratum by itself may have more: a counter where three in ten pairs are honest is worth asking where the others
    have none. Strata without a pair count with what they let expect: by luck each of them could have had one.
    """
    many, honest = np.bincount(stratum, weights=close), np.bincount(stratum, weights=apart)
    share = honest / np.maximum(many, 1)
    order = np.argsort(share, kind="stable")
    within = (np.cumsum(honest[order]) <= HONEST * np.cumsum(many[order])) & (share[order] < EVENS)
    taken = np.zeros(len(many), dtype=bool)
    taken[order[: int(np.flatnonzero(within)[-1]) + 1 if within.any() else 0]] = True
    return np.asarray(taken[stratum])


def duplicate_alerts(
    orders: pd.DataFrame, lines: pd.DataFrame | None, first: str, settings: Settings
) -> Iterator[Alert]:
    """Of orders from the date `first` on; those before it are what they are held against."""
    found = repeats(orders, baskets(orders, lines), settings)
    late = orders["business_date"].to_numpy(dtype=str) >= first
    for place in np.flatnonzero(found.twice & late):
        row, other = (orders.iloc[int(one)].to_dict() for one in (place, found.before[place]))
        whose = f"customer {row['customer_id']}" if row["customer_id"] else "no customer named"
        why = f"same store, items, quantities and amounts, {whose}; so close together this is no habit"
        seen = f"{show(int(row['total_minor']))} again as {row['order_id']}, {found.days[place]} days later"
        if "completed_at" in orders and row["completed_at"] == other["completed_at"]:
            seen = f"{show(int(row['total_minor']))} again as {row['order_id']}, of the same second"
        ids = (str(other["order_id"]), str(row["order_id"]))
        yield Alert("duplicate", str(row["store"]), str(row["business_date"]), f"one sale, {ids[0]}", seen, why, ids)
