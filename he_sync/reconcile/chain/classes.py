"""Stage 8 for payments, lines and postings: each record that differs gets its class from evidence, in cents."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.amounts import slips_of
from he_sync.reconcile.chain.arrays import CHARGEBACK, MONTHLY_FEE, NO_DAY, PAY, REFUND, REJECT, SALE, Lines, Payments, Postings, Reader
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.chain.outcome import FEES
from he_sync.reconcile.chain.posted import Posted, documents
from he_sync.reconcile.chain.settled import Settled
from he_sync.reconcile.chain.terms import Terms


SETTLED_BEFORE = "is settled by another line or void: settled a second time"


def classify_settlement(payments: Payments, lines: Lines, settled: Settled, found: Found) -> None:
    """Unsettled payments, lost tips, refunds and settlements that nobody made."""
    gone = np.flatnonzero(settled.due & (settled.line_of < 0))
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
    paired = np.flatnonzero(settled.payment_of >= 0)
    payment = settled.payment_of[paired]
    off = (lines.gross[paired] != payments.amount[payment]) & ~settled.tolerated[paired]
    _amounts(payments, lines, paired[off], payment[off], found)
    alone = np.flatnonzero((settled.payment_of < 0) & (lines.type <= REFUND))
    _orphans(payments, lines, alone, found)
    _rejected(payments, lines, found)


def _amounts(payments: Payments, lines: Lines, line: Ints, payment: Ints, found: Found) -> None:
    delta = lines.gross[line] - payments.amount[payment]
    tip = (delta == -payments.tip[payment]) & (payments.kind[payment] == SALE)
    for kind, here, confidence in (("tip_adjust_lost", tip, 1.0), (UNRESOLVED, ~tip, 0.5)):
        found.add(
            "settlement_lines",
            kind,
            lines.ids[line[here]],
            related=payments.ids[payment[here]],
            delta=delta[here],
            evidence=[
                f"settled {have}, payment {want} with tip {extra}"
                for have, want, extra in zip(
                    lines.gross[line[here]].tolist(),
                    payments.amount[payment[here]].tolist(),
                    payments.tip[payment[here]].tolist(),
                    strict=True,
                )
            ],
            days=lines.day[line[here]],
            currency=lines.currency[line[here]],
            confidence=confidence,
        )


def _orphans(payments: Payments, lines: Lines, alone: Ints, found: Found) -> None:
    known = payments.by_ref.find(lines.ref[alone])
    refund = lines.type[alone] == REFUND
    for kind, here, confidence in (("orphan_refund", refund, 1.0), (UNRESOLVED, ~refund, 0.5)):
        owner = known[here]
        found.add(
            "settlement_lines",
            kind,
            lines.ids[alone[here]],
            related=np.where((owner >= 0) & (kind == UNRESOLVED), payments.ids[np.maximum(owner, 0)], 0)
            if len(payments.ids)
            else np.zeros(len(owner), np.int64),
            delta=lines.gross[alone[here]],
            evidence=[
                f"reference {ref} " + (SETTLED_BEFORE if place >= 0 else "belongs to no payment")
                for ref, place in zip(lines.ref[alone[here]].tolist(), owner.tolist(), strict=True)
            ],
            days=lines.day[alone[here]],
            currency=lines.currency[alone[here]],
            confidence=confidence,
        )


def _rejected(payments: Payments, lines: Lines, found: Found) -> None:
    """Approved offline, declined later: the sale stands in the POS, its money was taken back (reference accounting J13)."""
    rows = np.flatnonzero(lines.type == REJECT)
    owner = payments.by_ref.find(lines.ref[rows])
    found.add(
        "settlement_lines",
        UNRESOLVED,
        lines.ids[rows],
        related=np.where(owner >= 0, payments.ids[np.maximum(owner, 0)], 0) if len(payments.ids) else rows * 0,
        delta=lines.gross[rows],
        evidence=[f"offline approval declined later: {cents} taken back" for cents in lines.gross[rows].tolist()],
        days=lines.day[rows],
        currency=lines.currency[rows],
        confidence=0.9,
    )


def expected_fees(payments: Payments, lines: Lines, settled: Settled, schedule: Schedule, terms: Terms) -> Ints:
    """The contract's fee of every line, minor units; what no schedule prices is expected as charged."""
    price = lines.fee.copy()
    paired = np.flatnonzero(settled.payment_of >= 0)
    tender = payments.tender[settled.payment_of[paired]]
    price[paired] = schedule.expected(tender, lines.gross[paired], lines.type[paired] == REFUND)
    alone = np.flatnonzero((settled.payment_of < 0) & (lines.type <= REFUND))
    price[alone] = schedule.any_of(
        lines.brand[alone], lines.gross[alone], lines.fee[alone], lines.type[alone] == REFUND
    )
    lost = (lines.type == CHARGEBACK) & (lines.gross < 0)
    price[lost] = terms.chargeback_fee_cents
    price[lines.type == MONTHLY_FEE] = terms.monthly_fee_cents
    return price


def classify_fees(payments: Payments, lines: Lines, settled: Settled, price: Ints, found: Found) -> None:
    """More than the contract is an overcharge; less stays open, for it will be asked back or is another product."""
    off = np.flatnonzero(lines.fee != price)
    delta = lines.fee[off] - price[off]
    payment = settled.payment_of[off]
    related = np.where(payment >= 0, payments.ids[np.maximum(payment, 0)], 0) if len(payments.ids) else payment
    for kind, here, confidence in (("fee_overcharge", delta > 0, 1.0), (UNRESOLVED, delta < 0, 0.5)):
        found.add(
            "settlement_lines",
            kind,
            lines.ids[off[here]],
            related=related[here],
            delta=delta[here],
            evidence=[
                f"fee {have}, contract {want}"
                for have, want in zip(lines.fee[off[here]].tolist(), price[off[here]].tolist(), strict=True)
            ],
            days=lines.day[off[here]],
            currency=lines.currency[off[here]],
            confidence=confidence,
            identity=FEES,
        )


def classify_ledger(
    payments: Payments, postings: Postings, posted: Posted, accounts: Ints, reader: Reader, found: Found
) -> None:
    """Missing, duplicate and wrong postings; a record with two causes gets both."""
    missing = np.flatnonzero((posted.posting_of < 0))
    found.add(
        "pos_payments",
        "missing_gl",
        payments.ids[missing],
        related=payments.ids[missing],
        delta=-payments.amount[missing],
        evidence=["no posting names this payment, its document or its amount"] * len(missing),
        days=payments.day[missing],
        currency=payments.currency[missing],
    )
    hit = np.flatnonzero((posted.posting_of >= 0) & posted.detail)
    line = posted.posting_of[hit]
    _wrong_amounts(payments, postings, hit, line, found)
    _wrong_places(payments, postings, hit, line, accounts, found)
    _spares(payments, postings, posted, reader, found)
    strays = np.flatnonzero((postings.source == PAY) & (posted.payment_of < 0))
    found.add(
        "gl_lines",
        UNRESOLVED,
        postings.ids[strays],
        related=np.zeros(len(strays), np.int64),
        delta=postings.amount[strays],
        evidence=[f"posting for a payment that does not exist (reference {ref})" for ref in postings.ref[strays].tolist()],
        days=postings.day[strays],
        currency=postings.currency[strays],
        confidence=0.5,
    )


def _wrong_amounts(payments: Payments, postings: Postings, hit: Ints, line: Ints, found: Found) -> None:
    off = postings.amount[line] != payments.amount[hit]
    rows: dict[str, list[tuple[int, int, int, str]]] = {}
    for payment, posting in zip(hit[off].tolist(), line[off].tolist(), strict=True):
        want, have = int(payments.amount[payment]), int(postings.amount[posting])
        for kind, cents in slips_of(want, have) or [(UNRESOLVED, have - want)]:
            rows.setdefault(kind, []).append((payment, posting, cents, f"posted {have}, payment {want}"))
    for kind in sorted(rows):
        payment_at = np.array([row[0] for row in rows[kind]])
        posting_at = np.array([row[1] for row in rows[kind]])
        found.add(
            "gl_lines",
            kind,
            postings.ids[posting_at],
            related=payments.ids[payment_at],
            delta=np.array([row[2] for row in rows[kind]], np.int64),
            evidence=[row[3] for row in rows[kind]],
            days=postings.day[posting_at],
            currency=postings.currency[posting_at],
            confidence=0.5 if kind == UNRESOLVED else 1.0,
        )


def _wrong_places(
    payments: Payments, postings: Postings, hit: Ints, line: Ints, accounts: Ints, found: Found
) -> None:
    want = accounts[payments.tender[hit]]
    off = postings.account[line] != want
    late = (postings.day[line] > payments.day[hit]) & (month(postings.day[line]) > month(payments.day[hit]))
    for kind, here, text in (
        ("wrong_account", off, "account {} instead of {}"),
        ("timing_next_period", late, "posted on day {} for business day {}"),
    ):
        one = postings.account[line[here]] if kind == "wrong_account" else postings.day[line[here]].astype("M8[D]")
        other = want[here] if kind == "wrong_account" else payments.day[hit[here]].astype("M8[D]")
        found.add(
            "gl_lines",
            kind,
            postings.ids[line[here]],
            related=payments.ids[hit[here]],
            delta=np.zeros(int(here.sum()), np.int64),
            evidence=[text.format(a, b) for a, b in zip(one, other, strict=True)],
            days=postings.day[line[here]],
            currency=postings.currency[line[here]],
        )


def month(days: np.ndarray[tuple[int], np.dtype[np.int32]]) -> Ints:
    """Months since 1970."""
    return days.astype("M8[D]").astype("M8[M]").astype(np.int64)


def _spares(
    payments: Payments, postings: Postings, posted: Posted, reader: Reader, found: Found
) -> None:
    """The same document twice is a duplicate posting; another document of the order is a duplicate push."""
    spare = np.flatnonzero(posted.spare)
    payment = posted.payment_of[spare]
    best = posted.posting_of[payment]
    push = postings.doc[spare] != postings.doc[best]
    order = documents(reader, postings.doc[spare])
    order = np.where(order != 0, order, payments.order[payment])
    for kind, here, other in (
        ("duplicate_posting", ~push, payments.ids[payment]),
        ("duplicate_order_push", push, order),
    ):
        found.add(
            "gl_lines",
            kind,
            postings.ids[spare[here]],
            related=other[here],
            delta=postings.amount[spare[here]],
            evidence=[
                f"payment {pay} is posted by {first}, document {doc}"
                for pay, first, doc in zip(
                    payments.ids[payment[here]].tolist(),
                    postings.ids[best[here]].tolist(),
                    postings.doc[best[here]].tolist(),
                    strict=True,
                )
            ],
            days=postings.day[spare[here]],
            currency=postings.currency[spare[here]],
        )


