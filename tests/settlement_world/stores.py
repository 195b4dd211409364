"""Stores: whose they are, when their day and their batches end, how they are funded and how they post."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from tests.settlement_world.spec import HOME, Spec

Frame = dict[str, np.ndarray]

PAYMENTS_A_STORE, FEWEST = 6_450, 6
ALONE, LARGEST = 0.4, 10  # share of entities with one store; others have 3 to LARGEST
GROSS, DAILY, RESTAURANTS, MEMOS = 0.2, 0.15, 0.3, 0.5
CUTS = (22, 0, 2, 4)
RESERVE_BPS = (500, 800, 1000)
RATES = MappingProxyType({"USD": "1", "CAD": "0.695", "EUR": "1.082", "GBP": "1.294", "MXN": "0.0493"})
CONVERTED = 0.3  # of entities in another currency, funded in the terms' currency


def open_stores(spec: Spec) -> Frame:
    """One row a store; `cut` is the true batch cut-off, also where the report does not show it."""
    rng, count = spec.stream("stores"), max(FEWEST, round(spec.payments / PAYMENTS_A_STORE))
    entity = _entities(rng, count)
    of_entity = np.unique(entity, return_inverse=True)[1]
    many = of_entity[-1] + 1

    def by_entity(share: float) -> np.ndarray:
        return (rng.random(many) < share)[of_entity]

    size = np.bincount(of_entity)[of_entity]
    stores = {
        "store_id": np.arange(1, count + 1),
        "entity": entity,
        "zone": np.sort(rng.integers(0, 4, count)),
        "cut": rng.choice(CUTS, count),
        "daily": rng.random(count) < DAILY,
        "restaurant": rng.random(count) < RESTAURANTS,
        "weight": rng.lognormal(0, 0.5, count),
        "gross": by_entity(GROSS),
        "blind": by_entity(spec.blind),
        "merged": size > 1,
    }
    stores["memo"] = by_entity(MEMOS) & ~stores["blind"]
    return {**stores, **_extras(spec, of_entity)}


def _entities(rng: np.random.Generator, count: int) -> np.ndarray:
    sizes: list[int] = []
    while sum(sizes) < count:
        sizes.append(1 if rng.random() < ALONE else int(rng.integers(3, LARGEST + 1)))
    return np.repeat(np.arange(1, len(sizes) + 1), sizes)[:count]


def _extras(spec: Spec, of_entity: np.ndarray) -> Frame:
    rng, many = spec.stream("stores that the samples lack"), of_entity[-1] + 1
    names = np.array(spec.currencies or (HOME,))
    currency = names[np.arange(many) % len(names)]
    converted = (rng.random(many) < CONVERTED) & (currency != HOME)
    reserve = np.where(rng.random(many) < spec.reserves, rng.choice(RESERVE_BPS, many), 0)
    return {
        "currency": currency[of_entity],
        "bank_currency": np.where(converted, HOME, currency)[of_entity],
        "reserve_bps": reserve[of_entity],
        "unnamed": (rng.random(many) < spec.unnamed_batches)[of_entity],
        "unposted": (rng.random(many) < spec.unposted_fees)[of_entity],
    }


def grouped(*columns: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The distinct rows of some columns of whole numbers, in their order, and which of them each row is."""
    key, lowest, spans = np.zeros(len(columns[0]), np.int64), [], []
    for column in columns:
        low, high = (int(column.min()), int(column.max())) if len(column) else (0, 0)
        lowest.append(low)
        spans.append(high - low + 1)
        key = key * spans[-1] + (column.astype(np.int64) - low)
    found, group = np.unique(key, return_inverse=True)
    parts = []
    for low, span in zip(reversed(lowest), reversed(spans), strict=True):
        parts.append(found % span + low)
        found = found // span
    return parts[::-1], group


def summed(amount: np.ndarray, *columns: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The same, with the amounts added up."""
    parts, group = grouped(*columns)
    sums = np.zeros(len(parts[0]), np.int64)
    np.add.at(sums, group, amount)
    return parts, sums
