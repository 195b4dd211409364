"""Stage 9: the four identities from raw totals, against the cents that classified breaks explain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from he_sync.reconcile.chain.arrays import DAY, PAY, REFUND, BankLines, Codes, Lines, Payments, Postings
from he_sync.reconcile.chain.expected import Expected
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import Ints, Mask
from he_sync.reconcile.chain.outcome import IDENTITIES, Identity

GL, SETTLED, FEES, BANK = IDENTITIES
FEE_CLASSES = frozenset({"fee_overcharge", "fee_undercharge"})


def by_currency(amounts: Ints, currency: np.ndarray[tuple[int], np.dtype[np.int16]], rows: Mask | slice) -> dict[int, int]:
    """Totals by currency code; exact, in int64."""
    money, kinds = amounts[rows], currency[rows]
    return {int(code): int(money[kinds == code].sum()) for code in np.flatnonzero(np.bincount(kinds))}
