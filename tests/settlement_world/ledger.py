"""The ERP's ledger: payments (one line each, or one a day and account), fees and chargebacks by batch, deposits."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.bank import CASH_DEPOSIT, FEES
from tests.settlement_world.breaks import Plan, transposed
from tests.settlement_world.sales import AMEX, CARDS, TENDERS
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame, grouped

SOURCES = ("PAY", "DAY", "DEPOSIT", "BATCH")
PAY, DAILY, DEPOSIT, BATCH = range(4)
GL, DUPLICATE, SUMMARY, DEPOSITED, BATCHED = 60_000_000, 61_000_000, 62_000_000, 65_000_000, 69_000_000
DOCUMENT, SECOND_DOCUMENT = 70_000_000, 80_000_000
PAYMENT, BATCH_ID = 10_000_000, 30_000_000
CLEARING, AMEX_CLEARING, CASH_ACCOUNT, BANK, FEE, ACCRUED, DISPUTES = 1200, 1210, 1050, 1010, 6100, 2300, 6110
RESERVE, REJECTED = 1160, 1170
ACCOUNTS = MappingProxyType(
    {**dict.fromkeys(TENDERS, CLEARING), "amex": AMEX_CLEARING, "cash": CASH_ACCOUNT, "gift": 2200, "house": 1300}
)
OF_TENDER = np.array([ACCOUNTS[name] for name in TENDERS])


def post(spec: Spec, stores: Frame, payments: Frame, plan: Plan, batches: Frame, bank: Frame) -> tuple[Frame, Frame]:
    """Ledger lines sorted by id, and each payment's line: `own` (-1: none) and `summary` (-1: none), as ids."""
    count = len(payments["ts"])
    detail = ~stores["daily"][payments["store"]]
    own = np.where(detail, GL + np.arange(count), -1)
    own[plan.payments["missing_gl"]] = -1
    days, summary = _days(payments, ~detail, SUMMARY + 2 * count)
    parts = [
        _payments(spec, payments, plan, np.flatnonzero(own >= 0)),
        *_duplicates(payments, plan, DUPLICATE + count),
        days,
        _deposits(bank, DEPOSITED + 2 * count),
        *_batches(stores, batches, BATCHED + 4 * count),
    ]
    return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}, {"own": own, "summary": summary}


def _lines(  # noqa: PLR0913 - the columns of a line
    gl_id: np.ndarray,
    doc: np.ndarray | int,
    day: np.ndarray,
    account: np.ndarray | int,
    store: np.ndarray,
    ref: np.ndarray | int,
    amount: np.ndarray,
    source: int,
) -> Frame:
    shape = gl_id.shape
    return {
        "gl_id": gl_id,
        "erp_doc": np.broadcast_to(np.asarray(doc, np.int64), shape),
        "day": day.astype(np.int32),
        "account": np.broadcast_to(np.asarray(account, np.int32), shape),
        "store": store.astype(np.int32),
        "ref": np.broadcast_to(np.asarray(ref, np.int64), shape),
        "amount": amount,
        "source": np.full(shape, source, np.int8),
    }


def _payments(spec: Spec, payments: Frame, plan: Plan, which: np.ndarray) -> Frame:
    rng, broken = spec.stream("ledger"), plan.payments
    amount, day = payments["amount"].copy(), payments["day"].copy()
    account = OF_TENDER[payments["tender"]]
    for name, change in (
        ("wrong_amount_transposed", transposed),
        ("wrong_amount_sign", np.negative),
        ("currency_rounding", lambda cents: cents + rng.choice((-1, 1), len(cents))),
    ):
        amount[broken[name]] = change(amount[broken[name]])
    late, wrong = broken["timing_next_period"], broken["wrong_account"]
    day[late] = clock.month_start(day[late], 1)
    other = (payments["tender"][wrong] < CARDS) & (payments["tender"][wrong] != AMEX)
    account[wrong] = np.where(other, CASH_ACCOUNT, CLEARING)
    ref = PAYMENT + np.arange(len(amount))
    lost = rng.random(len(amount)) < spec.lost_references
    lost[np.concatenate([one for name, one in broken.items() if name not in _OUTSIDE])] = False
    lost[np.isin(payments["order"], plan.orders["order_duplicate_push"])] = False
    ref[lost] = 0
    columns = (DOCUMENT + payments["order"], day, account, payments["store"], ref, amount)
    return _lines(GL + which, *(one[which] for one in columns), PAY)


_OUTSIDE = ("unsettled_payment", "tip_adjust_lost", "fee_overcharge")  # breaks that the ledger does not show


def _duplicates(payments: Frame, plan: Plan, first: int) -> list[Frame]:
    """Posted twice under the same document, then what a second push of the order posted under its own."""
    pushed = np.flatnonzero(np.isin(payments["order"], plan.orders["order_duplicate_push"]) & (payments["kind"] == 0))
    made = []
    for which, document in ((plan.payments["duplicate_posting"], DOCUMENT), (pushed, SECOND_DOCUMENT)):
        made.append(
            _lines(
                first + np.arange(len(which)),
                document + payments["order"][which],
                payments["day"][which],
                OF_TENDER[payments["tender"][which]],
                payments["store"][which],
                PAYMENT + which,
                payments["amount"][which],
                PAY,
            )
        )
        first += len(which)
    return made


def _days(payments: Frame, daily: np.ndarray, first: int) -> tuple[Frame, np.ndarray]:
    which = np.flatnonzero(daily)
    account = OF_TENDER[payments["tender"][which]]
    (day, store, account), group = grouped(payments["day"][which], payments["store"][which], account)
    sums = np.zeros(len(day), np.int64)
    np.add.at(sums, group, payments["amount"][which])
    summary = np.full(len(daily), -1)
    summary[which] = first + group
    return _lines(first + np.arange(len(day)), 0, day, account, store, 0, sums, DAILY), summary


def _deposits(bank: Frame, first: int) -> Frame:
    """Two lines a deposit that was due, whether it arrived or not."""
    ids = first + 2 * np.arange(len(bank["due"]))
    against = np.where(bank["amex"], AMEX_CLEARING, CLEARING)
    against = np.select([bank["kind"] == FEES, bank["kind"] == CASH_DEPOSIT], [ACCRUED, CASH_ACCOUNT], against)
    return _woven(
        _lines(ids, 0, bank["day"], BANK, bank["store"], 0, bank["due"], DEPOSIT),
        _lines(ids + 1, 0, bank["day"], against, bank["store"], 0, -bank["cleared"], DEPOSIT),
    )


def _batches(stores: Frame, batches: Frame, first: int) -> list[Frame]:
    """Fees and disputes by batch (four ids each), then reserves and rejected items where there are any."""
    count = len(batches["fees"])
    clearing = np.where(batches["amex"], AMEX_CLEARING, CLEARING)
    owed = np.where(stores["gross"][batches["store"]], ACCRUED, clearing)
    ids = first + 4 * np.arange(count)
    disputed, extra = np.flatnonzero(batches["disputed"]), first + 4 * count
    made = [
        _entry(batches, np.arange(count), ids, FEE, owed, batches["fees"]),
        _entry(batches, disputed, ids + 2, DISPUTES, clearing, -batches["chargebacks"]),
    ]
    for account, amount in ((RESERVE, -batches["reserve"]), (REJECTED, -batches["rejected"])):
        made.append(_entry(batches, np.flatnonzero(amount), extra + 2 * np.arange(count), account, clearing, amount))
        extra += 2 * count
    return made


def _entry(  # noqa: PLR0913 - an entry has two sides
    batches: Frame, which: np.ndarray, ids: np.ndarray, debit: int, credit: np.ndarray, amount: np.ndarray
) -> Frame:
    day, store, ref = batches["batch_day"][which], batches["store"][which], BATCH_ID + which
    return _woven(
        _lines(ids[which], 0, day, debit, store, ref, amount[which], BATCH),
        _lines(ids[which] + 1, 0, day, credit[which], store, ref, -amount[which], BATCH),
    )


def _woven(one: Frame, other: Frame) -> Frame:
    return {name: np.concatenate([one[name], other[name]]) for name in one}
