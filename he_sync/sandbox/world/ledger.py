"""The general ledger of a day: one posted line a payment, and what balances it, store by store.

Journal SJ of source module AR, one number a store and day. A payment's line is "HR PAY <id>" on its tender's account;
the other side are summary lines "HR DAY <store> <date>". What a planted error leaves open stands on suspense, so every
journal balances. A payment posted to the next period stands in a journal of its own dated the first of next month.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from he_sync.model.retailer import Accounts
from he_sync.sandbox.world.plant import Paid, paid
from he_sync.sandbox.world.randomness import midnight, money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from he_sync.model.retailer import Retailer
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.rows import Rows
    from he_sync.sandbox.world.sale import Sale
    from he_sync.sandbox.world.today import Today

ACCOUNTS = Accounts()


@dataclass
class Journal:
    """One journal as it is written: lines of (account, signed cents, text); debits positive."""

    number: int
    place: Place
    day: date
    lines: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Description of its summary lines."""
        return f"HR DAY {self.place.code} {self.day.isoformat()}"

    def balance(self) -> None:
        """Put what the lines do not explain on suspense."""
        off = sum(cents for _, cents, _ in self.lines)
        if off:
            self.lines.append((ACCOUNTS.suspense, -off, self.text))


def expected_account(retailer: Retailer, paid: Paid) -> str:
    """Natural account of a payment's tender; Amex has its own clearing account."""
    if paid.payment.brand and paid.payment.group == "AMEX":
        return retailer.accounts.amex_clearing
    return retailer.by_payment_type[paid.payment.tender].account


def journals(today: Today, place: Place, sales: Sequence[Sale], number: int) -> list[Journal]:
    """The store's journal, and one in the next period where payments were posted late."""
    main, late = Journal(number, place, today.day), Journal(number + 1, place, _next_month(today.day))
    for one in paid(sales):
        _post(today, one, main, late)
    summary: Counter[str] = Counter()
    for sale in sales:
        summary.update(_other_side(sale))
    main.lines += [(account, cents, main.text) for account, cents in summary.items() if cents]
    found = [journal for journal in (main, late) if journal.lines]
    for journal in found:
        journal.balance()
    return found


def _post(today: Today, one: Paid, main: Journal, late: Journal) -> None:
    """One payment's line or lines, wrong in the way its plant says."""
    plants = today.plants
    klass, account = plants.klass(one.subject), expected_account(today.world.retailer, one)
    line = (account, one.amount, f"HR PAY {one.payment.id}")
    if klass == "missing_gl":
        return
    if klass == "timing_next_period":
        late.lines.append(line)
        return
    if klass == "duplicate_posting":
        main.lines.append(line)
    if klass == "wrong_account":
        wrong = ACCOUNTS.cash if account != ACCOUNTS.cash else ACCOUNTS.card_clearing
        line = (wrong, one.amount, line[2])
    if klass in {"wrong_amount_transposed", "wrong_amount_sign", "currency_rounding"}:
        line = (account, one.amount + plants.minor(one.subject), line[2])
    main.lines.append(line)


def _other_side(sale: Sale) -> Counter[str]:
    """What a sale earns or owes by account, credits negative: the mirror of its payments."""
    if sale.kind == "Order":
        return Counter({ACCOUNTS.deposits: -sum(payment.amount for payment in sale.payments)})
    goods = ACCOUNTS.returns if sale.kind == "Return" else ACCOUNTS.sales
    return Counter(
        {
            goods: -sale.subtotal,
            ACCOUNTS.sales_tax: -sale.tax,
            ACCOUNTS.tips: -sale.tip,
            ACCOUNTS.gift_cards: -sale.gift,
        }
    )


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def journal_rows(rows: Rows, journal: Journal) -> None:
    """GLJrnDtl rows of one journal."""
    day, year = midnight(journal.day), journal.day.year
    for turn, (natural, cents, text) in enumerate(journal.lines, 1):
        side = "Debit" if cents > 0 else "Credit"
        account = f"{natural}|{journal.place.code}"
        document = {
            "BookID": "MAIN",
            "FiscalYear": year,
            "FiscalYearSuffix": "",
            "JournalCode": "SJ",
            "JournalNum": journal.number,
            "JournalLine": turn,
            "FiscalPeriod": journal.day.month,
            "FiscalCalendarID": "MAIN",
            "COACode": "MAIN",
            "GLAccount": account,
            "SegValue1": natural,
            "SegValue2": journal.place.code,
            f"{side}Amount": money(abs(cents)),
            f"Book{side}Amount": money(abs(cents)),
            "CurrencyCode": "USD",
            "JEDate": day,
            "PostedDate": day,
            "PostedBy": "legacy",
            "Posted": True,
            "SourceModule": "AR",
            "Description": text,
        }
        rows.epicor("GLJrnDtl", ["MAIN", year, "", "SJ", journal.number, turn], document)
