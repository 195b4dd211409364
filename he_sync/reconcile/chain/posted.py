"""Payments against the ledger, one posting a payment: the payment's id, then its document, then its amount.

A posting that lost its reference is first given the payment it most likely belongs to; only then the best posting of
each payment is chosen, so that a duplicate that kept its reference cannot displace the original that lost it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.amounts import slips_of
from he_sync.reconcile.chain.arrays import PAY, Payments, Postings, Reader, Stores
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import NOWHERE, AnyInts, Ints, Mask, Places, find
from he_sync.reconcile.chain.pairing import pair_ranked, pairs_of

BY_ID = ("exact_key", "payment_id")
BY_DOC = ("fallback_key", "erp_document")
BY_AMOUNT = ("fallback_key", "store_account_amount_day")


@dataclass
class Posted:
    """Payments and postings, and which is whose: positions in the other table or -1."""

    reader: Reader
    payments: Payments
    postings: Postings
    stores: Stores
    accounts: Ints  # the account that each tender code belongs on
    posting_of: Places = field(init=False)
    owner: Places = field(init=False)
    rule_of: NDArray[np.int8] = field(init=False)  # how a posting found its owner: place in BY_ID, BY_DOC, BY_AMOUNT
    spare: Mask = field(init=False)  # postings whose payment has a better one
    detail: Mask = field(init=False)  # payments that are posted one by one
    lost: Places = field(init=False)  # postings whose reference names no payment, or is doubted
    odd: Places = field(init=False)  # postings that differ from the payment they name, or are not its only one
    documented: tuple[Places, Ints] | None = None  # lost postings, and the order that each one's document tells

    def __post_init__(self) -> None:
        self.posting_of = np.full(len(self.payments), NOWHERE, np.int32)
        self.owner = np.full(len(self.postings), NOWHERE, np.int32)
        self.rule_of = np.zeros(len(self.postings), np.int8)
        self.spare = np.zeros(len(self.postings), bool)
        self.detail = ~self.stores.posts_daily[self.stores.places(self.payments.store)]


def match_postings(posted: Posted, found: Found) -> None:
    """Pair payments of stores that post in detail with PAY lines."""
    payments, postings, rules = posted.payments, posted.postings, found.allowance.rules
    pay = np.flatnonzero(postings.source == PAY).astype(np.int32)
    named = payments.by_id.find(postings.ref[pay])
    known = named >= 0
    known[known] = payments.currency[named[known]] == postings.currency[pay[known]]
    posted.owner[pay[known]] = named[known]
    doubted = _doubt(posted, pay)
    lost = posted.lost = pay[posted.owner[pay] < 0]
    if rules.uses("PG", BY_DOC[1]):
        _by_document(posted, lost)
    _take_back(posted, doubted)
    _choose(posted, pay)
    if rules.uses("PG", BY_AMOUNT[1]):
        _by_amount(posted, lost)
    hit = np.flatnonzero(posted.posting_of >= 0)
    place = posted.posting_of[hit]
    for number, rule in enumerate((BY_ID, BY_DOC, BY_AMOUNT)):
        here = posted.rule_of[place] == number
        found.link("PG", payments.ids[hit[here]], postings.ids[place[here]], rule)


def _doubt(posted: Posted, pay: Places) -> tuple[Places, Places]:
    """Postings whose document is another order's than the named payment's: the reference may be garbled.

    Only those are looked at that differ from the payment in store, amount or day, or that are not its only one. They
    lose their owner; returns the postings and the payments that they named. Documents of postings that name no payment
    are looked up with theirs, in one pass over the orders.
    """
    payments, postings = posted.payments, posted.postings
    owned = pay[posted.owner[pay] >= 0]
    named = posted.owner[owned]
    odd = payments.store[named] != postings.store[owned]
    odd |= payments.amount[named] != postings.amount[owned]
    odd |= payments.day[named] != postings.day[owned]
    odd |= np.bincount(named, minlength=len(payments))[named] > 1
    owned, named = owned[odd], named[odd]
    posted.odd = owned
    lost = pay[posted.owner[pay] < 0]
    orders = documents(posted.reader, postings.doc[np.concatenate((owned, lost))])[: len(owned)]
    wrong = np.where(orders != 0, orders != payments.order[named], payments.store[named] != postings.store[owned])
    posted.owner[owned[wrong]] = NOWHERE
    return owned[wrong], named[wrong]


def _take_back(posted: Posted, doubted: tuple[Places, Places]) -> None:
    """What found no better payment belongs to the one it names, if that is of its store."""
    posting, payment = doubted
    free = (posted.owner[posting] < 0) & (posted.payments.store[payment] == posted.postings.store[posting])
    posted.owner[posting[free]] = payment[free]


def _by_document(posted: Posted, lost: Places) -> None:
    """Posting -> ERP document -> order -> the payment of the order that fits best and lacks a posting of it."""
    payments, postings = posted.payments, posted.postings
    lost = lost[postings.doc[lost] != 0]
    orders = _orders_of(posted, lost)
    posted.documented = lost, orders
    lost, orders = lost[orders != 0], orders[orders != 0]
    if not len(lost):
        return
    wanted = np.flatnonzero(find(orders, payments.order) >= 0)
    one, other = pairs_of(payments.order[wanted], orders)
    payment, posting = wanted[one], lost[other]
    money = payments.currency[payment] == postings.currency[posting]
    payment, posting = payment[money], posting[money]
    off, account, date = _cost(posted, payment, posting)
    docs = postings.doc[posting]
    order = np.lexsort((payment, posting, date, account, _has_posting(posted, payment, docs), off))
    taken: set[tuple[int, int]] = set()
    for i in order.tolist():
        record, target = int(posting[i]), (int(payment[i]), int(docs[i]))
        if posted.owner[record] < 0 and not (target in taken and off[i]):
            posted.owner[record], posted.rule_of[record] = target[0], 1
            taken.add(target)


def _orders_of(posted: Posted, lost: Places) -> Ints:
    """The order of each lost posting's document: from the ERP's orders, else from a posting that kept its payment."""
    postings = posted.postings
    result = documents(posted.reader, postings.doc[lost])
    unknown = np.flatnonzero(result == 0)
    if not len(unknown):
        return result
    docs = postings.doc[lost[unknown]]
    kept = np.flatnonzero(posted.owner >= 0)
    kept = kept[find(docs, postings.doc[kept]) >= 0]
    place = find(postings.doc[kept], docs)
    hit = place >= 0
    result[unknown[hit]] = posted.payments.order[posted.owner[kept[place[hit]]]]
    return result


def documents(reader: Reader, docs: AnyInts) -> Ints:
    """The order of each ERP document, or 0. What had none is asked again: a night fetches orders in between."""
    known = reader.order_of_doc
    new = np.array(sorted(set(docs.tolist()) - known.keys()), np.int64)
    if len(new) and reader.has("erp_orders"):
        for place, order in reader.lookup("erp_orders", "erp_doc", ["order_id"], new):
            known[int(new[place])] = order
    return np.array([known.get(doc, 0) for doc in docs.tolist()], np.int64)


def _has_posting(posted: Posted, payment: Ints, doc: Ints) -> Mask:
    """Whether a payment already has a posting of the same document."""
    kept = np.flatnonzero(posted.owner >= 0)
    asked = np.zeros(len(posted.payments), bool)
    asked[payment] = True
    kept = kept[asked[posted.owner[kept]]]
    one, other = pairs_of(posted.owner[kept], payment)
    result = np.zeros(len(payment), bool)
    result[other[posted.postings.doc[kept[one]] == doc[other]]] = True
    return result


def _cost(posted: Posted, payment: AnyInts, posting: AnyInts) -> tuple[Ints, Mask, Mask]:
    """How badly a posting fits: amount (0 equal, 1 explained by a slip, 2 not), account, date."""
    payments, postings = posted.payments, posted.postings
    want, have = payments.amount[payment], postings.amount[posting]
    off = np.where(want == have, 0, 2)
    for i in np.flatnonzero(off).tolist():
        if slips_of(int(want[i]), int(have[i])) is not None:
            off[i] = 1
    account = postings.account[posting] != posted.accounts[payments.tender[payment]]
    return off, account, postings.day[posting] != payments.day[payment]


def _choose(posted: Posted, pay: Places) -> None:
    """The best posting of each payment: amount, account, date, lowest id. The others are spare."""
    owned = pay[posted.owner[pay] >= 0]
    posted.posting_of[posted.owner[owned[::-1]]] = owned[::-1]
    many = np.bincount(posted.owner[owned], minlength=len(posted.payments)) > 1
    rivals = owned[many[posted.owner[owned]]]
    if not len(rivals):
        return
    target = posted.owner[rivals]
    off, account, date = _cost(posted, target, rivals)
    order = np.lexsort((rivals, date, account, off, target))
    ranked = target[order]
    best = np.ones(len(order), bool)
    best[1:] = ranked[1:] != ranked[:-1]
    posted.posting_of[ranked[best]] = rivals[order[best]]
    posted.spare[rivals[order[~best]]] = True


def _by_amount(posted: Posted, lost: Places) -> None:
    """What names no document either: store, account, amount and day, by rank."""
    payments, postings = posted.payments, posted.postings
    lost = lost[posted.owner[lost] < 0]
    left = np.flatnonzero((posted.posting_of < 0) & posted.detail)
    if not len(lost) or not len(left):
        return
    mine = (
        payments.store[left],
        payments.currency[left],
        payments.amount[left],
        payments.day[left],
        posted.accounts[payments.tender[left]],
    )
    theirs = (
        postings.store[lost],
        postings.currency[lost],
        postings.amount[lost],
        postings.day[lost],
        postings.account[lost],
    )
    one, other, _, _ = pair_ranked(mine, theirs, left, postings.ids[lost])
    posted.posting_of[left[one]], posted.owner[lost[other]] = lost[other], left[one]
    posted.rule_of[lost[other]] = 2
