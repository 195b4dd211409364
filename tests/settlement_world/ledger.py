"""The ERP's ledger: payments (one line each, or one a day and account), fees and chargebacks by batch, deposits."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np

from tests.settlement_world import clock
from tests.settlement_world.bank import CASH_DEPOSIT, FEES
from tests.settlement_world.breaks import Plan, transposed
from tests.settlement_world.sales import AMEX, CARDS, TENDERS
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


def post(stores: Frame, payments: Frame, plan: Plan, batches: Frame, bank: Frame) -> tuple[Frame, Frame]:
    """Ledger lines sorted by id, and each payment's line: `own` (-1: none) and `summary` (-1: none), as ids."""
    count = len(payments["ts"])
    detail = ~stores["daily"][payments["store"]]
    own = np.where(detail, GL + np.arange(count), -1)
    own[plan.payments["missing_gl"]] = -1
    days, summary = _days(payments, ~detail, SUMMARY + 2 * count)
    parts = [
        _payments(payments, plan, np.flatnonzero(own >= 0)),
        *_duplicates(payments, plan, DUPLICATE + count),
        days,
        _deposits(bank, DEPOSITED + 2 * count),
        *_batches(stores, batches, BATCHED + 4 * count),
    ]
    return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}, {"own": own, "summary": summary}


_COLUMNS = {
    "erp_doc": np.int64,
    "day": np.int32,
    "account": np.int32,
    "store": np.int32,
    "ref": np.int64,
    "amount": np.int64,
    "source": np.int8,
}


def _lines(gl_id: np.ndarray, **columns: Any) -> Frame:
    """Ledger lines; no document and no reference unless named."""
    made = {"gl_id": gl_id}
    for name, kind in _COLUMNS.items():
        made[name] = np.broadcast_to(np.asarray(columns.get(name, 0)).astype(kind), gl_id.shape)
    return made


def _payments(payments: Frame, plan: Plan, which: np.ndarray) -> Frame:
    rng, broken = plan.spec.stream("ledger"), plan.payments
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
    lost = rng.random(len(amount)) < plan.spec.lost_references
    lost[np.concatenate([one for name, one in broken.items() if name not in _OUTSIDE])] = False
    lost[np.isin(payments["order"], plan.orders["order_duplicate_push"])] = False
    ref[lost] = 0
    columns = {"day": day, "account": account, "store": payments["store"], "ref": ref, "amount": amount}
    shown = {name: column[which] for name, column in columns.items()}
    return _lines(GL + which, erp_doc=DOCUMENT + payments["order"][which], source=PAY, **shown)


_OUTSIDE = ("unsettled_payment", "tip_adjust_lost", "fee_overcharge")  # breaks that the ledger does not show


def _duplicates(payments: Frame, plan: Plan, first: int) -> list[Frame]:
    """Posted twice under the same document, then what a second push of the order posted under its own."""
    pushed = np.flatnonzero(np.isin(payments["order"], plan.orders["order_duplicate_push"]) & (payments["kind"] == 0))
    made = []
    for which, document in ((plan.payments["duplicate_posting"], DOCUMENT), (pushed, SECOND_DOCUMENT)):
        made.append(
            _lines(
                first + np.arange(len(which)),
                erp_doc=document + payments["order"][which],
                day=payments["day"][which],
                account=OF_TENDER[payments["tender"][which]],
                store=payments["store"][which],
                ref=PAYMENT + which,
                amount=payments["amount"][which],
                source=PAY,
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
    made = _lines(first + np.arange(len(day)), day=day, account=account, store=store, amount=sums, source=DAILY)
    return made, summary


def _deposits(bank: Frame, first: int) -> Frame:
    """Two lines a deposit that was due, whether it arrived or not."""
    ids = first + 2 * np.arange(len(bank["due"]))
    against = np.where(bank["amex"], AMEX_CLEARING, CLEARING)
    against = np.select([bank["kind"] == FEES, bank["kind"] == CASH_DEPOSIT], [ACCRUED, CASH_ACCOUNT], against)
    shared = {"day": bank["day"], "store": bank["store"], "source": DEPOSIT}
    return _woven(
        _lines(ids, account=BANK, amount=bank["due"], **shared),
        _lines(ids + 1, account=against, amount=-bank["cleared"], **shared),
    )


def _batches(stores: Frame, batches: Frame, first: int) -> list[Frame]:
    """Fees and disputes by batch (four ids each), then reserves and rejected items where there are any."""
    count = len(batches["fees"])
    clearing = np.where(batches["amex"], AMEX_CLEARING, CLEARING)
    owed = np.where(stores["gross"][batches["store"]], ACCRUED, clearing)
    ids = first + 4 * np.arange(count)
    posts = np.flatnonzero(~(stores["blind"] & stores["unposted"])[batches["store"]])
    disputed, extra = np.flatnonzero(batches["disputed"]), first + 4 * count
    made = [
        _entry(batches, posts, ids, (FEE, owed), batches["fees"]),
        _entry(batches, disputed, ids + 2, (DISPUTES, clearing), -batches["chargebacks"]),
    ]
    for account, amount in ((RESERVE, -batches["reserve"]), (REJECTED, -batches["rejected"])):
        ids = extra + 2 * np.arange(count)
        made.append(_entry(batches, np.flatnonzero(amount), ids, (account, clearing), amount))
        extra += 2 * count
    return made


def _entry(
    batches: Frame, which: np.ndarray, ids: np.ndarray, sides: tuple[int, np.ndarray], amount: np.ndarray
) -> Frame:
    """Some batches' entry, debit side first."""
    shared = {"day": batches["batch_day"][which], "store": batches["store"][which], "ref": BATCH_ID + which}
    return _woven(
        _lines(ids[which], account=sides[0], amount=amount[which], source=BATCH, **shared),
        _lines(ids[which] + 1, account=sides[1][which], amount=-amount[which], source=BATCH, **shared),
    )


def _woven(one: Frame, other: Frame) -> Frame:
    return {name: np.concatenate([one[name], other[name]]) for name in one}
