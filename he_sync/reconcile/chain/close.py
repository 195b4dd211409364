"""Stage 9: the four identities from raw totals, against the cents that classified breaks explain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from he_sync.reconcile.chain.arrays import DAY, PAY, REFUND, REJECT, Codes, Lines, Payments, Postings, Small
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.outcome import FEES, IDENTITIES, SETTLED, Identity

Cents = Counter[int]  # by currency code


def totals(amounts: Ints, currency: Small, rows: Mask | None = None) -> Cents:
    """Totals by currency; exact, in int64."""
    if rows is not None:
        amounts, currency = amounts[rows], currency[rows]
    if not len(amounts):
        return Counter()
    codes = np.flatnonzero(np.bincount(currency)).tolist()
    if len(codes) == 1:
        return Counter({codes[0]: int(amounts.sum())})
    return Counter({code: int(amounts[currency == code].sum()) for code in codes})


def card_differences(payments: Payments, lines: Lines, price: Ints, schedule: Schedule) -> dict[str, Cents]:
    """Settled against sold, and fees against the contract: totals that no match has touched."""
    settled = totals(lines.gross, lines.currency, (lines.type <= REFUND) | (lines.type == REJECT))
    settled.subtract(totals(payments.amount, payments.currency, schedule.card[payments.tender]))
    fees = totals(lines.fee, lines.currency)
    fees.subtract(totals(price, lines.currency))
    return {SETTLED: settled, FEES: fees}


def ledger_difference(payments: Payments, postings: Postings) -> Cents:
    """The ledger's payments and day lines against the POS."""
    ledger = totals(postings.amount, postings.currency, (postings.source == PAY) | (postings.source == DAY))
    ledger.subtract(totals(payments.amount, payments.currency))
    return ledger


def close(
    found: Found, differing: Mapping[str, Cents], open_items: Mapping[str, Cents], codes: Codes
) -> dict[str, dict[str, Identity]]:
    """Each identity by currency: what differs; what breaks, tolerance and items not yet due explain."""
    explained: dict[str, Cents] = {name: Counter(open_items.get(name, {})) for name in IDENTITIES}
    for name, cents in found.allowance.passed.items():
        explained[name].update(cents)
    for one in found.breaks:
        if one.identity:
            explained[one.identity][one.currency] += one.delta
    return {
        name: {
            currency: Identity(differing[name][code], explained[name][code])
            for code, currency in enumerate(codes.currencies)
        }
        for name in IDENTITIES
    }
