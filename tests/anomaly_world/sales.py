"""Sales of a made-up chain with honest repeats of every kind, and documents that an interface posted twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

DAYS, JUDGED = 120, 90
FIRST = np.datetime64("2025-03-01")
POSTED_TWICE = 120
DAY = 86_400


def sales(seed: int, count: int = 60_000, stores: int = 15) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Orders, their lines, and the first judged date. Column `twice` marks the second of two postings.

    Honest: one coffee after another of walk-ins, standing purchases day by day, the same again within minutes because
    something was forgotten, two tills in one second.
    """
    draw = np.random.default_rng(seed)
    store, day = draw.integers(0, stores, count), draw.integers(0, DAYS, count)
    customer = np.where(draw.random(count) < 0.35, draw.integers(1, 4000, count), 0)
    second = (draw.beta(2, 2, count) * 36_000).astype(np.int64)
    basket = _baskets(count, draw)
    orders = pd.DataFrame(
        {"store": store, "day": day, "moment": day * DAY + second, "customer_id": customer, "basket": basket}
    )
    orders = pd.concat([orders, _habits(stores, draw), _again(orders, draw), _counter(draw)], ignore_index=True)
    orders = orders.sort_values(["moment"], kind="stable", ignore_index=True)
    orders["register"] = draw.integers(1, 5, len(orders))
    orders = orders.drop_duplicates(["store", "register", "moment"], ignore_index=True)
    orders["twice"] = False
    orders = _posted_again(orders, draw)
    return _shaped(orders), _lines(orders), str(FIRST + JUDGED)


def _baskets(count: int, draw: np.random.Generator) -> np.ndarray:  # type: ignore[type-arg]
    """A third one popular item, the others one to six items of many; a basket is a number that names its items."""
    popular = draw.choice(40, count, p=np.arange(40, 0, -1) / 820.0)
    items = draw.integers(1, 7, count)
    mixed = 1_000 + items * 10_000_000 + draw.integers(0, 500**2, count) * 17
    return np.where(draw.random(count) < 0.33, popular, mixed)


def _habits(stores: int, draw: np.random.Generator) -> pd.DataFrame:
    """Two hundred customers who buy the same on most days, at much the same time."""
    rows = []
    for customer in range(5_000, 5_200):
        when, store = draw.integers(0, 36_000), draw.integers(0, stores)
        basket = int(draw.integers(0, 40)) if draw.random() < 0.5 else 5_000 + customer * 1_000
        days = np.flatnonzero(draw.random(DAYS) < draw.uniform(0.2, 0.8))
        moments = np.clip(when + draw.normal(0, 900, len(days)), 0, 36_000).astype(np.int64)
        rows += [(store, day, day * DAY + moment, customer, basket) for day, moment in zip(days, moments, strict=True)]
    return pd.DataFrame(rows, columns=["store", "day", "moment", "customer_id", "basket"])


def _counter(draw: np.random.Generator) -> pd.DataFrame:
    """One store's counter: a hundred times a day the same cup, at four tills, now and then two in one second."""
    day = np.repeat(np.arange(DAYS), 100)
    moment = day * DAY + (draw.beta(2, 2, len(day)) * 36_000).astype(np.int64)
    return pd.DataFrame({"store": 0, "day": day, "moment": moment, "customer_id": 0, "basket": 0})


def _again(orders: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """Two in a thousand come back within five minutes for the same again."""
    some = orders.iloc[draw.choice(len(orders), len(orders) // 500, replace=False)].copy()
    some["moment"] += draw.integers(30, 300, len(some))
    return some


def _posted_again(orders: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """The same document under a new id up to three days later, most after the judged date, some before it."""
    late = np.flatnonzero((orders["day"] >= JUDGED) & (orders["day"] < DAYS - 3))
    early = np.flatnonzero(orders["day"] < JUDGED)
    chosen = np.r_[draw.choice(late, POSTED_TWICE, replace=False), draw.choice(early, POSTED_TWICE // 2, replace=False)]
    copies = orders.iloc[chosen].copy()
    copies["twice"] = True
    copies["day"] += np.where(draw.random(len(copies)) < 0.5, 0, draw.integers(1, 4, len(copies)))
    return pd.concat([orders, copies], ignore_index=True)


def _shaped(orders: pd.DataFrame) -> pd.DataFrame:
    number = np.arange(1, len(orders) + 1)
    day = FIRST + orders["day"].to_numpy()
    return pd.DataFrame(
        {
            "order_id": number,
            "owner": [f"ticket {one}" for one in number],
            "store": [f"S{one:03d}" for one in orders["store"]],
            "customer_id": orders["customer_id"],
            "business_date": day.astype(str),
            "completed_at": FIRST.astype("datetime64[s]") + (36_000 + orders["moment"].to_numpy()),
            "register": orders["register"],
            "total_minor": 300 + orders["basket"] % 9_973,
            "twice": orders["twice"],
        }
    )


def _lines(orders: pd.DataFrame) -> pd.DataFrame:
    basket = orders["basket"].to_numpy()
    many = np.where(basket < 40, 1, 1 + basket % 3)
    row = np.repeat(np.arange(len(orders)), many)
    place = np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
    held = basket[row]
    return pd.DataFrame(
        {
            "owner": [f"ticket {one + 1}" for one in row],
            "sku": [f"I{one}" for one in (held * 31 + place * 7) % 100_003],
            "quantity_milli": 1_000 + 1_000 * (held % 2),
            "amount_minor": 100 + (held * 13 + place) % 5_003,
        }
    )
