"""Stage 8 for the ledger: missing, duplicate and wrong postings. A record with two causes gets both classes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from he_sync.reconcile.chain.amounts import slips_of
from he_sync.reconcile.chain.arrays import PAY, Days
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints
from he_sync.reconcile.chain.posted import Posted, documents


def classify_ledger(posted: Posted, found: Found) -> None:
    """All classes of payments and postings."""
    payments, postings = posted.payments, posted.postings
    missing = np.flatnonzero(posted.posting_of < 0)
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
    hit = np.flatnonzero(posted.posting_of >= 0)
    hit = hit[postings.source[posted.posting_of[hit]] == PAY]
    _wrong_amounts(posted, hit, found)
    _wrong_places(posted, hit, found)
    _spares(posted, found)
    strays = np.flatnonzero((postings.source == PAY) & (posted.owner < 0))
    refs = postings.ref[strays].tolist()
    found.add(
        "gl_lines",
        UNRESOLVED,
        postings.ids[strays],
        related=np.zeros(len(strays), np.int64),
        delta=postings.amount[strays],
        evidence=[f"posting for a payment that does not exist (reference {ref})" for ref in refs],
        days=postings.day[strays],
        currency=postings.currency[strays],
        confidence=0.5,
    )


def _wrong_amounts(posted: Posted, hit: Ints, found: Found) -> None:
    payments, postings = posted.payments, posted.postings
    line = posted.posting_of[hit]
    off = postings.amount[line] != payments.amount[hit]
    rows: dict[str, list[tuple[int, int, int, str]]] = defaultdict(list)
    for payment, posting in zip(hit[off].tolist(), line[off].tolist(), strict=True):
        want, have = int(payments.amount[payment]), int(postings.amount[posting])
        for kind, cents in slips_of(want, have) or [(UNRESOLVED, have - want)]:
            rows[kind].append((payment, posting, cents, f"posted {have}, payment {want}"))
    for kind in sorted(rows):
        payment_at, posting_at, cents_of = (np.array([row[i] for row in rows[kind]], np.int64) for i in range(3))
        found.add(
            "gl_lines",
            kind,
            postings.ids[posting_at],
            related=payments.ids[payment_at],
            delta=cents_of,
            evidence=[row[3] for row in rows[kind]],
            days=postings.day[posting_at],
            currency=postings.currency[posting_at],
            confidence=0.5 if kind == UNRESOLVED else 1.0,
        )


def _wrong_places(posted: Posted, hit: Ints, found: Found) -> None:
    """On another account than the tender's, or in a later month than the business date's."""
    payments, postings = posted.payments, posted.postings
    line = posted.posting_of[hit]
    want, have = posted.accounts[payments.tender[hit]], postings.account[line]
    off = np.flatnonzero(have != want)
    texts = [f"account {b} instead of {a}" for a, b in zip(want[off].tolist(), have[off].tolist(), strict=True)]
    _misplaced(posted, "wrong_account", hit[off], texts, found)
    sold, entered = payments.day[hit], postings.day[line]
    off = np.flatnonzero(entered > sold)
    off = off[month(entered[off]) > month(sold[off])]
    dates = zip(entered[off].astype("M8[D]"), sold[off].astype("M8[D]"), strict=True)
    texts = [f"posted on {a} for business date {b}" for a, b in dates]
    _misplaced(posted, "timing_next_period", hit[off], texts, found)


def _misplaced(posted: Posted, kind: str, hit: Ints, evidence: list[str], found: Found) -> None:
    line = posted.posting_of[hit]
    found.add(
        "gl_lines",
        kind,
        posted.postings.ids[line],
        related=posted.payments.ids[hit],
        delta=np.zeros(len(hit), np.int64),
        evidence=evidence,
        days=posted.postings.day[line],
        currency=posted.postings.currency[line],
    )


def month(days: Days) -> Ints:
    """Months since 1970."""
    return days.astype("M8[D]").astype("M8[M]").astype(np.int64)


def _spares(posted: Posted, found: Found) -> None:
    """The same document twice is a duplicate posting; another document of the order is a duplicate push."""
    payments, postings = posted.payments, posted.postings
    spare = np.flatnonzero(posted.spare)
    payment = posted.owner[spare]
    best = posted.posting_of[payment]
    push = postings.doc[spare] != postings.doc[best]
    order = documents(posted.reader, postings.doc[spare])
    order = np.where(order != 0, order, payments.order[payment])
    for kind, here, other in (
        ("duplicate_posting", ~push, payments.ids[payment]),
        ("duplicate_order_push", push, order),
    ):
        columns = payments.ids[payment[here]], postings.ids[best[here]], postings.doc[best[here]]
        rows = zip(*(column.tolist() for column in columns), strict=True)
        found.add(
            "gl_lines",
            kind,
            postings.ids[spare[here]],
            related=other[here],
            delta=postings.amount[spare[here]],
            evidence=[f"payment {one} is posted by {first}, document {doc}" for one, first, doc in rows],
            days=postings.day[spare[here]],
            currency=postings.currency[spare[here]],
        )
