"""What reached the bank: card deposits by account, brand group and value date, monthly fee withdrawals, cash by store.

`deposit` numbers every deposit that was due, also those that never arrived (`arrived` False); `amount` is what the bank
shows, `due` what it should show, `cleared` the same in the stores' currency.
"""

from __future__ import annotations

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.breaks import DEPOSITS, FEWEST_DEPOSITS
from tests.settlement_world.sales import CASH
from tests.settlement_world.spec import HOME, Spec
from tests.settlement_world.stores import RATES, Frame, summed

CARD, FEES, CASH_DEPOSIT = range(3)
LAGS = (1, 2)  # bank days, by brand group
CASH_LAG, FEES_LAG = 1, 2
MICRO = 1_000_000
SHORT_PERCENT = (3, 25)


def fund(spec: Spec, stores: Frame, payments: Frame, batches: Frame) -> tuple[Frame, Frame, Frame]:
    """Bank lines, which batch is paid by which (`batch`, `deposit`), and the daily rates."""
    rates = _rates(spec)
    cards, paid = _cards(spec, stores, batches)
    parts = [cards, _withdrawals(stores, batches), _cash(payments)]
    bank = {name: np.concatenate([one[name] for one in parts]) for name in cards}
    bank["due"] = _converted(stores, rates, bank)
    _break(spec, bank)
    return bank, paid, rates


def _cards(spec: Spec, stores: Frame, batches: Frame) -> tuple[Frame, Frame]:
    pieces = _pieces(spec, stores, batches)
    store = batches["store"][pieces["batch"]]
    merged, entity = stores["merged"][store], stores["entity"][store]
    amex = batches["amex"][pieces["batch"]]
    own = np.where(merged, -1, pieces["batch"] * 2 + pieces["part"])
    order = np.lexsort((pieces["batch"], own, amex, pieces["day"], entity, ~merged))
    keys = [column[order] for column in (entity, pieces["day"], amex, own)]
    changes = np.concatenate([[True], np.any([key[1:] != key[:-1] for key in keys], axis=0)])
    starts = np.flatnonzero(changes)
    batch, first_store = pieces["batch"][order], _first_store(stores)[entity[order]][starts]
    cleared = np.add.reduceat(pieces["amount"][order], starts)
    day = pieces["day"][order][starts]
    deposits = {
        "kind": np.full(len(starts), CARD, np.int8),
        "store": first_store,
        "amex": amex[order][starts],
        "day": day,
        "cleared": cleared,
        "first_batch": np.where(stores["memo"][first_store], np.minimum.reduceat(batch, starts), -1),
    }
    return deposits, {"batch": batch, "deposit": np.cumsum(changes) - 1}


def _first_store(stores: Frame) -> np.ndarray:
    first = np.zeros(stores["entity"].max() + 1, np.int64)
    first[stores["entity"][::-1]] = np.arange(len(stores["entity"]))[::-1]
    return first


def _pieces(spec: Spec, stores: Frame, batches: Frame) -> Frame:
    """One a batch and deposit: two where a batch is paid in two."""
    rng, count = spec.stream("splits"), len(batches["payout"])
    day = np.where(
        batches["amex"], clock.bank_day(batches["batch_day"], LAGS[1]), clock.bank_day(batches["batch_day"], LAGS[0])
    )
    able = ~stores["merged"][batches["store"]] & (batches["payout"] > 0)
    split = np.flatnonzero(able & (rng.random(count) < spec.splits))
    second = batches["payout"][split] * rng.integers(20, 41, len(split)) // 100
    amount = batches["payout"].copy()
    amount[split] -= second
    later = np.where(rng.random(len(split)) < 0.5, day[split], clock.bank_day(day[split], 1))
    return {
        "batch": np.concatenate([np.arange(count), split]),
        "part": np.repeat([0, 1], [count, len(split)]),
        "day": np.concatenate([day, later]),
        "amount": np.concatenate([amount, second]),
    }


def _withdrawals(stores: Frame, batches: Frame) -> Frame:
    """One a month and store where batches are funded gross: what the month's items cost."""
    gross = stores["gross"][batches["store"]]
    month = clock.month_start(batches["batch_day"][gross], 1)
    (store, month), fees = summed(batches["fees"][gross], batches["store"][gross], month)
    return _plain(FEES, store, clock.bank_day(month, FEES_LAG), -fees)


def _cash(payments: Frame) -> Frame:
    cash = payments["tender"] == CASH
    (store, day), sums = summed(
        payments["amount"][cash], payments["store"][cash], clock.bank_day(payments["day"][cash], CASH_LAG)
    )
    return _plain(CASH_DEPOSIT, store, day, sums)


def _plain(kind: int, store: np.ndarray, day: np.ndarray, amount: np.ndarray) -> Frame:
    return {
        "kind": np.full(len(store), kind, np.int8),
        "store": store.astype(np.int64),
        "amex": np.zeros(len(store), bool),
        "day": day,
        "cleared": amount,
        "first_batch": np.full(len(store), -1),
    }


def _break(spec: Spec, bank: Frame) -> None:
    rng, able = spec.stream("deposits"), np.flatnonzero((bank["kind"] != FEES) & (bank["due"] > 0))
    count = max(FEWEST_DEPOSITS, round(spec.breaks * DEPOSITS * len(able))) if spec.breaks else 0
    chosen = rng.choice(able, min(2 * count, len(able)), replace=False)
    bank["amount"], bank["arrived"] = bank["due"].copy(), np.ones(len(bank["due"]), bool)
    bank["arrived"][chosen[:count]] = False
    short = chosen[count:]
    bank["amount"][short] -= np.maximum(1, bank["due"][short] * rng.integers(*SHORT_PERCENT, len(short)) // 100)


def _rates(spec: Spec) -> Frame:
    """Millionths of the terms' currency for one unit, by day and currency; empty where all are one."""
    names = tuple(sorted({HOME, *spec.currencies})) if spec.currencies else ()
    rng, days = spec.stream("rates"), np.arange(spec.first - 7, spec.first + spec.days + 100)
    walk = np.exp(np.cumsum(rng.normal(0, 0.004, (len(names), len(days))), axis=1))
    base = np.array([[float(RATES[name])] for name in names]).reshape(len(names), 1)
    micro = np.round(base * walk * MICRO).astype(np.int64)
    micro[[name == HOME for name in names]] = MICRO
    return {"names": np.array(names), "days": days, "micro": micro}


def _converted(stores: Frame, rates: Frame, bank: Frame) -> np.ndarray:
    """In the account's currency, by the rates of the value date."""
    store, day, amount = bank["store"], bank["day"], bank["cleared"]
    if not len(rates["names"]):
        return amount
    at = day - rates["days"][0]
    own = rates["micro"][np.searchsorted(rates["names"], stores["currency"][store]), at]
    bank = rates["micro"][np.searchsorted(rates["names"], stores["bank_currency"][store]), at]
    return np.sign(amount) * ((2 * np.abs(amount) * own + bank) // (2 * bank))
