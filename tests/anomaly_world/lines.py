"""Order lines of a made-up chain over a year, with ten kinds of mistake in the judged month and a few in the past.

Rougher than a price list: prices change, zones differ, clearance and staff discounts, overrides that no column states,
trade customers who buy by the dozen, goods sold by the yard, gifts at nothing, returns, items that are new.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pandas as pd

FIRST, DAYS, JUDGED = date(2024, 6, 1), 365, 335
KINDS = ("zero price", "negative quantity", "90 % discount", "price x 10", "price / 10")
KINDS += ("quantity x 10", "quantity x 100", "price x 2", "price / 2", "price + 20 %")
EXACT = KINDS[:3]
EACH = 40
Lines = dict[str, np.ndarray]  # type: ignore[type-arg]


def lines(seed: int, count: int = 80_000, items: int = 400) -> tuple[pd.DataFrame, int]:
    """Lines in order of dates, and the place of the first judged one; column `fault` says what was planted."""
    draw = np.random.default_rng(seed)
    item = _popular(count, items, draw)
    day = np.sort(draw.integers(0, DAYS, count))
    store, customer = draw.integers(0, 20, count), np.where(draw.random(count) < 0.4, draw.integers(1, 900, count), 0)
    born = np.where(draw.random(items) < 0.1, draw.integers(0, DAYS, items), -1)
    item = np.where(born[item] > day, 0, item)
    list_price = _list_prices(item, day, store, items, draw)
    off = _discounts(item, customer, day, items, draw)
    quantity = _quantities(item, customer, items, draw)
    back = draw.random(count) < 0.03
    given = (draw.random(items) < 0.01)[item]
    gift = given & (draw.random(count) < 0.6)
    found = {
        "list_minor": np.where(gift, 0, list_price),
        "off_minor": np.where(gift, 0, list_price * off // 100),
        "quantity_milli": np.where(back, -1000, quantity),
        "override": np.where(draw.random(count) < 0.02, draw.integers(70, 96, count), 100),
    }
    fault = _spoilt(found, np.flatnonzero(back | given), draw)
    asked = (found["list_minor"] - found["off_minor"]) * found["override"] // 100
    return pd.DataFrame(
        {
            "line_id": np.arange(1, count + 1),
            "owner": [f"ticket {one}" for one in np.cumsum(draw.random(count) < 0.45) + 1],
            "business_date": [str(FIRST + timedelta(days=int(one))) for one in day],
            "store": [f"S{one:03d}" for one in store],
            "customer_id": customer,
            "kind": np.where(back, "return", "sale"),
            "sku": [f"I{one:04d}" for one in item],
            "department": [f"D{one % 12}" for one in item],
            "quantity_milli": found["quantity_milli"],
            "unit_price_minor": asked,
            "discount_minor": _times(found["off_minor"], found["quantity_milli"]),
            "amount_minor": _times(asked, found["quantity_milli"]),
            "fault": fault,
        }
    ), int(np.searchsorted(day, JUDGED))


def _times(price: np.ndarray, milli: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.asarray(np.sign(milli) * ((price * np.abs(milli) + 500) // 1000), dtype=np.int64)


def _popular(count: int, items: int, draw: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    weight = 1 / (np.arange(items) + 8.0)
    return draw.permutation(items)[draw.choice(items, count, p=weight / weight.sum())]


def _list_prices(  # type: ignore[no-untyped-def]
    item, day, store, items: int, draw: np.random.Generator
) -> np.ndarray:  # type: ignore[type-arg]
    """A department's level, an item's own, up to two changes a year of up to a seventh, dearer in some stores."""
    level = np.exp(draw.normal(7.5, 0.7, 12))[np.arange(items) % 12]
    base = level * np.exp(draw.normal(0, 0.5, items))
    price = base[item]
    for _ in range(2):
        when, change = draw.integers(-200, DAYS, items), draw.uniform(0.95, 1.15, items)
        price = price * np.where((when[item] >= 0) & (day >= when[item]), change[item], 1.0)
    zone = np.where((draw.random(items) < 0.2)[item] & (store < 6), 1.08, 1.0)
    return np.maximum((price * zone / 100).round() * 100 - 1, 49).astype(np.int64)


def _discounts(  # type: ignore[no-untyped-def]
    item, customer, day, items: int, draw: np.random.Generator
) -> np.ndarray:  # type: ignore[type-arg]
    """Per cent: campaigns of items over weeks, staff, trade, clearance up to half."""
    start = draw.integers(0, DAYS, (3, items))
    running = ((day >= start[:, item]) & (day < start[:, item] + 14)).any(axis=0)
    off = np.where(running, draw.choice([10, 20, 25, 30], items)[item], 0)
    off = np.maximum(off, np.where(customer % 40 == 1, 20, 0))
    off = np.maximum(off, np.where(customer % 30 == 2, 15, 0))
    clearance = (draw.random(items) < 0.06)[item] & (day % 120 > 90)
    return np.asarray(np.maximum(off, np.where(clearance, 50, 0)), dtype=np.int64)


def _quantities(item, customer, items: int, draw: np.random.Generator) -> np.ndarray:  # type: ignore[no-untyped-def,type-arg]
    """Mostly one; by the yard for a twentieth of the items; by the dozen for trade customers, rarely for anybody."""
    pieces = 1 + draw.poisson(draw.choice([0.1, 0.4, 1.5], items, p=[0.6, 0.3, 0.1])[item])
    trade = (customer > 0) & (customer % 30 == 2)
    pieces = np.where(trade, draw.choice([6, 12, 24, 48], len(item)), pieces)
    pieces = np.where(draw.random(len(item)) < 0.001, draw.integers(8, 30, len(item)), pieces)
    yards = (np.exp(draw.normal(0.8, 0.6, len(item))) * 4).round().clip(1) * 250
    return np.asarray(np.where((draw.random(items) < 0.05)[item], yards, pieces * 1000), dtype=np.int64)


def _spoilt(found: Lines, never: np.ndarray, draw: np.random.Generator) -> list[str]:  # type: ignore[type-arg]
    """EACH of a kind after JUDGED, and as many again of all kinds together in the eleven months before."""
    count = len(found["list_minor"])
    later = np.setdiff1d(np.arange(count * JUDGED // DAYS + count // 500, count), never)
    before = np.setdiff1d(np.arange(count * JUDGED // DAYS - count // 500), never)
    fault = np.full(count, "", dtype=object)
    places = draw.choice(later, EACH * len(KINDS), replace=False).reshape(len(KINDS), EACH)
    old = draw.choice(before, EACH, replace=False).reshape(len(KINDS), -1)
    for number, kind in enumerate(KINDS):
        rows = np.r_[places[number], old[number]]
        column, change = MISTAKES[kind]
        found[column][rows] = change(found[column][rows])
        if kind == "90 % discount":
            found["off_minor"][rows] = found["list_minor"][rows] * 9 // 10
        fault[rows] = kind
    return [str(one) for one in fault]


MISTAKES: dict[str, tuple[str, Callable[..., np.ndarray]]] = {  # type: ignore[type-arg]
    "zero price": ("override", lambda had: had * 0),
    "negative quantity": ("quantity_milli", lambda had: -had),
    "90 % discount": ("override", lambda had: had * 0 + 100),
    "price x 10": ("list_minor", lambda had: had * 10),
    "price / 10": ("list_minor", lambda had: had // 10),
    "quantity x 10": ("quantity_milli", lambda had: had * 10),
    "quantity x 100": ("quantity_milli", lambda had: had * 100),
    "price x 2": ("list_minor", lambda had: had * 2),
    "price / 2": ("list_minor", lambda had: had // 2),
    "price + 20 %": ("list_minor", lambda had: had * 6 // 5),
}
