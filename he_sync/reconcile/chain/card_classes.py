"""Stage 8 for payments and settlement lines: each record that differs gets its class from evidence, in cents."""

from __future__ import annotations

from collections import Counter

import numpy as np

from he_sync.reconcile.chain.arrays import CHARGEBACK, MONTHLY_FEE, REFUND, REJECT, SALE
from he_sync.reconcile.chain.close import Cents, totals
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import AnyInts, Ints, find, pack
from he_sync.reconcile.chain.outcome import FEES
from he_sync.reconcile.chain.settled import Settled
from he_sync.reconcile.chain.terms import Terms

LATEST_BATCH = 2
"""Days after its business date until which a payment may settle: taken after the cut-off, and slipped by a day."""
SETTLED_BEFORE = "belongs to a payment that another line settles, or that is void"


def classify_settlement(settled: Settled, found: Found, as_of: int) -> Cents:
    """Unsettled payments, lost tips, refunds and settlements that nobody made; cents that are still under way.

    `as_of` is the last day of which anything is known, in days since 1970.
    """
    payments, lines = settled.payments, settled.lines
    unpaid = settled.due & (settled.line_of < 0)
    under_way = unpaid & (payments.day + LATEST_BATCH > as_of)
    gone = np.flatnonzero(unpaid & ~under_way)
    found.add(
        "pos_payments",
        "unsettled_payment",
        payments.ids[gone],
        related=np.zeros(len(gone), np.int64),
        delta=-payments.amount[gone],
        evidence=[f"no settlement line for reference {ref}" for ref in payments.ref[gone].tolist()],
        days=payments.day[gone],
        currency=payments.currency[gone],
    )
    paired = np.flatnonzero((settled.payment_of >= 0) & ~settled.tolerated)
    off = lines.gross[paired] != payments.amount[settled.payment_of[paired]]
    _amounts(settled, paired[off], found)
    alone = np.flatnonzero((settled.payment_of < 0) & (lines.type <= REFUND))
    refund = lines.type[alone] == REFUND
    owner = payments.by_ref.find(lines.ref[alone]).astype(np.int64)
    lost = np.flatnonzero(~refund & (lines.ref[alone] == 0))
    owner[lost] = _repeated(settled, alone[lost])
    _orphans(settled, "orphan_refund", alone[refund], owner[refund], found)
    twice = ~refund & (owner >= 0)
    twice[twice] = settled.line_of[owner[twice]] >= 0
    _orphans(settled, "duplicate_settlement_line", alone[twice], owner[twice], found)
    _orphans(settled, UNRESOLVED, alone[~refund & ~twice], owner[~refund & ~twice], found)
    _rejected(settled, found)
    coming = totals(payments.amount, payments.currency, under_way)
    return Counter({currency: -cents for currency, cents in coming.items()})


def _amounts(settled: Settled, line: Ints, found: Found) -> None:
    """Settled without the tip, or with an amount that nothing explains."""
    payments, lines = settled.payments, settled.lines
    payment = settled.payment_of[line]
    delta = lines.gross[line] - payments.amount[payment]
    tip = (delta == -payments.tip[payment]) & (payments.kind[payment] == SALE)
    for kind, here, confidence in (("tip_adjust_lost", tip, 1.0), (UNRESOLVED, ~tip, 0.5)):
        amounts = zip(
            lines.gross[line[here]].tolist(),
            payments.amount[payment[here]].tolist(),
            payments.tip[payment[here]].tolist(),
            strict=True,
        )
        found.add(
            "settlement_lines",
            kind,
            lines.ids[line[here]],
            related=payments.ids[payment[here]],
            delta=delta[here],
            evidence=[f"settled {have}, payment {want} with tip {extra}" for have, want, extra in amounts],
            days=lines.day[line[here]],
            currency=lines.currency[line[here]],
            confidence=confidence,
        )


def _orphans(settled: Settled, kind: str, alone: Ints, owner: AnyInts, found: Found) -> None:
    """Lines that settle no payment: `owner` is the payment whose reference they carry, which has its line, or -1."""
    payments, lines = settled.payments, settled.lines
    related = np.zeros(len(alone), np.int64)
    related[owner >= 0] = payments.ids[owner[owner >= 0]]
    names = (f"reference {ref}" if ref else "a line without reference" for ref in lines.ref[alone].tolist())
    found.add(
        "settlement_lines",
        kind,
        lines.ids[alone],
        related=related,
        delta=lines.gross[alone],
        evidence=[
            f"{name} {SETTLED_BEFORE if at >= 0 else 'belongs to no payment'}"
            for name, at in zip(names, owner.tolist(), strict=True)
        ],
        days=lines.day[alone],
        currency=lines.currency[alone],
        confidence=1.0 if kind != UNRESOLVED else 0.5,
    )


def _repeated(settled: Settled, alone: Ints) -> Ints:
    """The payment whose line one without a reference repeats in store, brand, amount, fee and day, or -1."""
    lines, paired = settled.lines, np.flatnonzero(settled.payment_of >= 0)
    if not len(alone) or not len(paired):
        return np.full(len(alone), -1, np.int64)
    columns = (settled.mid, lines.brand, lines.type, lines.currency, lines.gross, lines.fee, lines.day)
    mine, theirs = pack(*((column[alone], column[paired]) for column in columns))
    place = find(theirs, mine)
    return np.asarray(np.where(place >= 0, settled.payment_of[paired[place]], -1), np.int64)


def _rejected(settled: Settled, found: Found) -> None:
    """Approved offline, declined later: the sale stands in the POS, its money was taken back (accounting J13)."""
    payments, lines = settled.payments, settled.lines
    rows = np.flatnonzero(lines.type == REJECT)
    owner = payments.by_ref.find(lines.ref[rows])
    related = np.zeros(len(rows), np.int64)
    related[owner >= 0] = payments.ids[owner[owner >= 0]]
    found.add(
        "settlement_lines",
        "offline_declined",
        lines.ids[rows],
        related=related,
        delta=lines.gross[rows],
        evidence=[f"offline approval declined later: {cents} taken back" for cents in lines.gross[rows].tolist()],
        days=lines.day[rows],
        currency=lines.currency[rows],
    )


def expected_fees(settled: Settled, terms: Terms) -> Ints:
    """The contract's fee of every line, minor units; what no schedule prices is expected as charged."""
    payments, lines, schedule = settled.payments, settled.lines, settled.schedule
    price: Ints = lines.fee.copy()
    paired = np.flatnonzero(settled.payment_of >= 0)
    tender = payments.tender[settled.payment_of[paired]]
    price[paired] = schedule.expected(tender, lines.gross[paired], lines.type[paired] == REFUND)
    alone = np.flatnonzero((settled.payment_of < 0) & (lines.type <= REFUND))
    refund = lines.type[alone] == REFUND
    price[alone] = schedule.any_of(lines.brand[alone], lines.gross[alone], lines.fee[alone], refund)
    price[(lines.type == CHARGEBACK) & (lines.gross < 0)] = terms.chargeback_fee_cents
    price[lines.type == MONTHLY_FEE] = terms.monthly_fee_cents
    return price


def classify_fees(settled: Settled, price: Ints, found: Found) -> None:
    """More than the contract is an overcharge; less stays open, for it will be asked back or is another product."""
    payments, lines = settled.payments, settled.lines
    off = np.flatnonzero(lines.fee != price)
    delta = lines.fee[off] - price[off]
    payment = settled.payment_of[off]
    related = np.zeros(len(off), np.int64)
    related[payment >= 0] = payments.ids[payment[payment >= 0]]
    for kind, here, confidence in (("fee_overcharge", delta > 0, 1.0), (UNRESOLVED, delta < 0, 0.5)):
        fees = zip(lines.fee[off[here]].tolist(), price[off[here]].tolist(), strict=True)
        found.add(
            "settlement_lines",
            kind,
            lines.ids[off[here]],
            related=related[here],
            delta=delta[here],
            evidence=[f"fee {have}, contract {want}" for have, want in fees],
            days=lines.day[off[here]],
            currency=lines.currency[off[here]],
            confidence=confidence,
            identity=FEES,
        )
