"""The cash side: card deposits, reserves, fee bills, currency, cash at the bank (reference accounting 4.4, 4.5).

Gross funding with a monthly bill, daily net billing and Amex apart occur at one merchant at once, so that each deposit
says what was taken from it and no setting says it for the merchant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from he_sync.model.errors import BrokenPromise
from he_sync.model.money import show
from he_sync.model.retailer import Accounts
from he_sync.reconcile.journals.entry import At, Entry, lines_of


@dataclass(frozen=True)
class Deposit:
    """A bank line of the processor, minor units of the bank's currency; `mid` is its merchant id, `number` its trace.

    `gross` is by clearing account as booked on the sale side. What was taken is positive: fees, reserve, disputes with
    their fees. `reserve_released` was added. `exchange_loss` is what the rate of the settlement cost against the rate
    of the sale, negative when it gained.
    """

    company: str
    mid: str
    number: str
    value_date: str
    net: int
    gross: Mapping[str, int] = field(default_factory=dict)
    fees: int = 0
    reserve_held: int = 0
    reserve_released: int = 0
    disputed: int = 0
    dispute_fees: int = 0
    exchange_loss: int = 0
    currency: str = "USD"
    records: tuple[str, ...] = ()


def deposit(paid: Deposit, books: Accounts) -> Entry:
    """J2, J3, J7a, J7b and J8, with J6a's deductions where disputes were netted from the deposit.

    What was sold leaves clearing at the amount at which it came in; the difference of rates is computed, never
    tolerated away. Raises BrokenPromise where gross less deductions is not the net that the bank shows.
    """
    taken = paid.fees + paid.reserve_held + paid.disputed + paid.dispute_fees + paid.exchange_loss
    expected = sum(paid.gross.values()) + paid.reserve_released - taken
    if expected != paid.net:
        raise BrokenPromise(
            f"deposit {paid.number} of {paid.mid} on {paid.value_date}: the bank has {show(paid.net, paid.currency)}, "
            f"gross less deductions is {show(expected, paid.currency)}; explain the difference before it is posted"
        )
    lines = lines_of(
        (books.bank, paid.net),
        (books.fees, paid.fees),
        (books.reserve, paid.reserve_held - paid.reserve_released),
        (books.disputes, paid.disputed),
        (books.chargeback_fees, paid.dispute_fees),
        (books.exchange_differences, paid.exchange_loss),
        *((account, -cents) for account, cents in sorted(paid.gross.items())),
    )
    return Entry(
        "deposit", paid.company, paid.mid, paid.value_date, "bank", lines, paid.currency, paid.number, paid.records
    )


def accrual(at: At, gross: int, rate: Fraction, books: Accounts) -> Entry:
    """J4a: a night's fees that the processor bills at month end, estimated from gross at the effective rate."""
    cents = round(gross * rate)
    lines = lines_of((books.fees, cents), (books.accrued_fees, -cents))
    return Entry("fee_accrual", at.company, at.unit, at.date, "business", lines)


def fee_bill(at: At, billed: int, accrued: int, books: Accounts) -> Entry:
    """J4b: the month's bill against what was accrued; the rest trues up the expense, in either direction."""
    lines = lines_of((books.accrued_fees, accrued), (books.fees, billed - accrued, "true-up"), (books.bank, -billed))
    return Entry("fee_bill", at.company, at.unit, at.date, "bank", lines)


def cash_deposit(at: At, counted: int, banked: int, books: Accounts) -> Entry:
    """J10: a drawer's cash at the bank; what is missing or too much goes to over and short, never to sales."""
    lines = lines_of((books.bank, banked), (books.over_short, counted - banked), (books.cash, -counted))
    return Entry("cash_deposit", at.company, at.unit, at.date, "bank", lines)
