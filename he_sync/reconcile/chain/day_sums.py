"""Stores that post one ledger line a day and account: every payment belongs to its line, which must be their sum."""

from __future__ import annotations

import numpy as np

from he_sync.reconcile.chain.arrays import DAY, Postings
from he_sync.reconcile.chain.found import UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints, find, pack
from he_sync.reconcile.chain.posted import Posted

RULE = ("day_sum", "store_day_account")


def match_day_sums(posted: Posted, found: Found) -> None:
    """Link payments to DAY lines and explain every line that is not its payments' sum."""
    payments, postings, accounts = posted.payments, posted.postings, posted.accounts
    left = np.flatnonzero(~posted.detail & (posted.posting_of < 0))
    right = np.flatnonzero(postings.source == DAY)
    mine, theirs = pack(
        (payments.store[left], postings.store[right]),
        (payments.day[left], postings.day[right]),
        (accounts[payments.tender[left]], postings.account[right]),
        (payments.currency[left], postings.currency[right]),
    )
    place = find(theirs, mine)
    hit = place >= 0
    found.link("PS", payments.ids[left[hit]], postings.ids[right[place[hit]]], RULE)
    posted.posting_of[left[hit]] = right[place[hit]]
    total = np.zeros(len(right), np.int64)
    np.add.at(total, place[hit], payments.amount[left[hit]])
    again = find(theirs, theirs) != np.arange(len(theirs))
    off = np.flatnonzero((total != postings.amount[right]) & ~again)
    for i in off.tolist():
        _explain(posted, left[place == i], int(right[i]), int(total[i]), found)
    _repeated(postings, right[again], right[find(theirs, theirs[again])], found)


def _explain(posted: Posted, members: Ints, line: int, total: int, found: Found) -> None:
    """A line off by exactly one payment's amount lacks that payment, one of nothing all; anything else stays open."""
    payments, postings = posted.payments, posted.postings
    delta = int(postings.amount[line]) - total
    one = members[payments.amount[members] == -delta]
    if len(one) == 1:
        found.add(
            "pos_payments",
            "missing_gl",
            payments.ids[one],
            related=postings.ids[[line]],
            delta=np.array([delta]),
            evidence=[f"day line {postings.ids[line]} lacks exactly this payment"],
            days=payments.day[one],
            currency=payments.currency[one],
            confidence=0.9,
        )
        return
    nothing = not postings.amount[line]
    found.add(
        "gl_lines",
        "missing_gl" if nothing else UNRESOLVED,
        postings.ids[[line]],
        related=np.zeros(1, np.int64),
        delta=np.array([delta]),
        evidence=[f"day line is {postings.amount[line]}, its {len(members)} payments make {total}"],
        days=postings.day[[line]],
        currency=postings.currency[[line]],
        confidence=1.0 if nothing else 0.5,
    )


def _repeated(postings: Postings, lines: Ints, firsts: Ints, found: Found) -> None:
    found.add(
        "gl_lines",
        "duplicate_posting",
        postings.ids[lines],
        related=postings.ids[firsts],
        delta=postings.amount[lines],
        evidence=[
            f"second line of the store's day and account, after {first}" for first in postings.ids[firsts].tolist()
        ],
        days=postings.day[lines],
        currency=postings.currency[lines],
    )
