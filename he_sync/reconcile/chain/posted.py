"""Payments against the ledger, one posting a payment: the payment's id, then its document, then its amount.

A posting that lost its reference is first given the payment it most likely belongs to; only then the best posting of each
payment is chosen, so that a duplicate that kept its reference cannot displace the original that lost it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.reconcile.chain.amounts import slips_of
from he_sync.reconcile.chain.arrays import PAY, Payments, Postings, Reader, Stores
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import NOWHERE, Ints, Mask, Places, find
from he_sync.reconcile.chain.settled import pair_ranked, pairs_of

BY_ID = ("exact_key", "payment_id")
BEST = ("exact_key", "best_of_payment")
BY_DOC = ("fallback_key", "erp_document")
BY_AMOUNT = ("fallback_key", "store_account_amount_day")


@dataclass(frozen=True)
class Posted:
    """Positions: the posting of each payment or -1; the payment of each posting or -1; the spare ones among these."""

    posting_of: Places
    payment_of: Places
    spare: Mask  # postings whose payment has a better one
    detail: Mask  # payments that are posted one by one


def match_postings(
    reader: Reader,
    payments: Payments,
    postings: Postings,
    stores: Stores,
    accounts: Ints,
    found: Found,
) -> Posted:
    """Pair payments of stores that post in detail with PAY lines; `accounts` is the expected account by tender code."""
    owner = np.full(len(postings.ids), NOWHERE, np.int32)
    pay = np.flatnonzero(postings.source == PAY).astype(np.int32)
    named = payments.by_id.find(postings.ref[pay])
    money = payments.currency[np.maximum(named, 0)] == postings.currency[pay]
    owner[pay] = np.where((named >= 0) & money, named, NOWHERE)
    rule_of = np.zeros(len(postings.ids), np.int8)
    doubted = _doubt(reader, payments, postings, pay, owner)
    lost = pay[owner[pay] < 0]
    if found.allowance.rules.uses("PG", BY_DOC[1]):
        _by_document(reader, payments, postings, lost, accounts, owner, rule_of)
    _take_back(payments, postings, doubted, owner)
    posting_of, spare = _choose(payments, postings, pay, accounts, owner)
    store = find(stores.ids, payments.store)
    detail = ~stores.posts_daily[store]
    if found.allowance.rules.uses("PG", BY_AMOUNT[1]):
        _by_amount(payments, postings, lost, accounts, detail, owner, posting_of, rule_of)
    _link(payments, postings, posting_of, rule_of, found)
    return Posted(posting_of, owner, spare, detail)


def _doubt(
    reader: Reader, payments: Payments, postings: Postings, pay: Places, owner: Places
) -> tuple[Places, Places]:
    """Postings whose document is another order's than the named payment's: the reference may be garbled.

    Only those that differ from the payment in store, amount or day, or are not its only one, are looked at. They lose their owner; returns the
    postings and the payments that they named.
    """
    owned = pay[owner[pay] >= 0]
    named = owner[owned]
    odd = payments.store[named] != postings.store[owned]
    odd |= payments.amount[named] != postings.amount[owned]
    odd |= payments.day[named] != postings.day[owned]
    odd |= np.bincount(named, minlength=len(payments.ids))[named] > 1
    owned, named = owned[odd], named[odd]
    orders = _orders_of(reader, payments, postings, owned)
    wrong = np.where(orders != 0, orders != payments.order[named], payments.store[named] != postings.store[owned])
    owner[owned[wrong]] = NOWHERE
    return owned[wrong], named[wrong]


def _take_back(payments: Payments, postings: Postings, doubted: tuple[Places, Places], owner: Places) -> None:
    """What found no better payment belongs to the one it names, if that is of its store."""
    posting, payment = doubted
    free = (owner[posting] < 0) & (payments.store[payment] == postings.store[posting])
    owner[posting[free]] = payment[free]


def _by_document(
    reader: Reader,
    payments: Payments,
    postings: Postings,
    lost: Places,
    accounts: Ints,
    owner: Places,
    rule_of: np.ndarray[tuple[int], np.dtype[np.int8]],
) -> None:
    """Posting -> ERP document -> order -> the payment of that order which fits best and has no posting of the document."""
    lost = lost[postings.doc[lost] != 0]
    if not len(lost):
        return
    orders = _orders_of(reader, payments, postings, lost, owner)
    lost, orders = lost[orders != 0], orders[orders != 0]
    wanted = np.flatnonzero(find(orders, payments.order) >= 0)
    one, other = pairs_of(payments.order[wanted], orders)
    payment, posting = wanted[one], lost[other]
    money = payments.currency[payment] == postings.currency[posting]
    payment, posting = payment[money], posting[money]
    has_doc = _has_posting(postings, owner, payment, postings.doc[posting])
    cost = _cost(payments, postings, payment, posting, accounts)
    order = np.lexsort((payment, posting, cost[2], cost[1], has_doc, cost[0]))
    taken: set[tuple[int, int]] = set()
    docs = postings.doc[posting].tolist()
    for i in order.tolist():
        record, target = int(posting[i]), int(payment[i])
        if owner[record] >= 0 or ((target, docs[i]) in taken and cost[0][i]):
            continue
        owner[record] = target
        rule_of[record] = 1
        taken.add((target, docs[i]))


def _orders_of(
    reader: Reader, payments: Payments, postings: Postings, lost: Places, owner: Places | None = None
) -> Ints:
    """The order of each lost posting's document: from the ERP's orders, else from a posting that kept its payment."""
    result = documents(reader, postings.doc[lost])
    unknown = np.flatnonzero(result == 0)
    if owner is None or not len(unknown):
        return result
    docs = postings.doc[lost[unknown]]
    kept = np.flatnonzero(owner >= 0)
    kept = kept[find(docs, postings.doc[kept]) >= 0]
    place = find(postings.doc[kept], docs)
    hit = place >= 0
    result[unknown[hit]] = payments.order[owner[kept[place[hit]]]]
    return result


def documents(reader: Reader, docs: Ints) -> Ints:
    """The order of each ERP document, or 0."""
    result = np.zeros(len(docs), np.int64)
    if reader.has("erp_orders"):
        for place, order in reader.lookup("erp_orders", "erp_doc", ["order_id"], docs):
            result[place] = order
    return result


def _has_posting(postings: Postings, owner: Places, payment: Ints, doc: Ints) -> Mask:
    """Whether a payment already has a posting of the same document."""
    kept = np.flatnonzero(owner >= 0)
    kept = kept[find(payment, owner[kept]) >= 0]
    one, other = pairs_of(owner[kept], payment)
    same = postings.doc[kept[one]] == doc[other]
    result = np.zeros(len(payment), bool)
    result[other[same]] = True
    return result


def _cost(
    payments: Payments, postings: Postings, payment: Ints, posting: Ints, accounts: Ints
) -> tuple[Ints, Mask, Mask]:
    """How badly a posting fits: amount (0 equal, 1 explained by a slip, 2 not), account, date."""
    want, have = payments.amount[payment], postings.amount[posting]
    off = np.where(want == have, 0, 2)
    for i in np.flatnonzero(off).tolist():
        if slips_of(int(want[i]), int(have[i])) is not None:
            off[i] = 1
    account = postings.account[posting] != accounts[payments.tender[payment]]
    return off, account, postings.day[posting] != payments.day[payment]


def _choose(
    payments: Payments, postings: Postings, pay: Places, accounts: Ints, owner: Places
) -> tuple[Places, Mask]:
    """The best posting of each payment: amount, account, date, lowest id. The others are spare."""
    posting_of = np.full(len(payments.ids), NOWHERE, np.int32)
    owned = pay[owner[pay] >= 0]
    posting_of[owner[owned[::-1]]] = owned[::-1]
    spare = np.zeros(len(postings.ids), bool)
    many = np.bincount(owner[owned], minlength=len(payments.ids)) > 1
    if many.any():
        rivals = owned[many[owner[owned]]]
        target = owner[rivals]
        off, account, date = _cost(payments, postings, target, rivals, accounts)
        order = np.lexsort((rivals, date, account, off, target))
        ranked = target[order]
        best = np.ones(len(order), bool)
        best[1:] = ranked[1:] != ranked[:-1]
        posting_of[ranked[best]] = rivals[order[best]]
        spare[rivals[order[~best]]] = True
    return posting_of, spare


def _by_amount(
    payments: Payments,
    postings: Postings,
    lost: Places,
    accounts: Ints,
    detail: Mask,
    owner: Places,
    posting_of: Places,
    rule_of: np.ndarray[tuple[int], np.dtype[np.int8]],
) -> None:
    """What names no document either: store, account, amount and day, by rank."""
    lost = lost[owner[lost] < 0]
    left = np.flatnonzero((posting_of < 0) & detail)
    if not len(lost) or not len(left):
        return
    one, other, _, _ = pair_ranked(
        (
            payments.store[left],
            payments.currency[left],
            payments.amount[left],
            payments.day[left],
            accounts[payments.tender[left]],
        ),
        (
            postings.store[lost],
            postings.currency[lost],
            postings.amount[lost],
            postings.day[lost],
            postings.account[lost],
        ),
        payments.seconds[left],
        postings.ids[lost],
    )
    posting_of[left[one]], owner[lost[other]] = lost[other], left[one]
    rule_of[lost[other]] = 2


def _link(
    payments: Payments,
    postings: Postings,
    posting_of: Places,
    rule_of: np.ndarray[tuple[int], np.dtype[np.int8]],
    found: Found,
) -> None:
    hit = np.flatnonzero(posting_of >= 0)
    place = posting_of[hit]
    for number, rule in enumerate((BY_ID, BY_DOC, BY_AMOUNT)):
        here = rule_of[place] == number
        found.link("PG", payments.ids[hit[here]], postings.ids[place[here]], rule)
