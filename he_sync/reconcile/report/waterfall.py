"""From what customers paid to what the bank received, in the terms' currency; the steps add up exactly."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from he_sync.model.money import exponent
from he_sync.reconcile.given import Books

_PER_DAY = """
SELECT currency, txn_date, type, sum(gross_cents)::BIGINT, sum(fee_cents)::BIGINT FROM settlement_lines
GROUP BY ALL ORDER BY ALL
"""
_CASH = """
SELECT currency, business_date, sum(amount_cents)::BIGINT FROM pos_payments WHERE tender = 'cash'
GROUP BY ALL ORDER BY ALL
"""
_BANK = "SELECT currency, value_date, sum(amount_cents)::BIGINT FROM bank_lines GROUP BY ALL ORDER BY ALL"


@dataclass(frozen=True)
class Step:
    """One bar: an amount that is added, or a total that stands on the ground. Minor units of the terms' currency."""

    name: str
    cents: int
    is_total: bool = False
    note: str = ""


class _Rates:
    """What an amount of a day is worth in the terms' currency: the rate that holds from the last earlier day on."""

    def __init__(self, books: Books) -> None:
        self._home = books.terms.currency
        self._fixed = {currency: Decimal(rate) for currency, rate in books.terms.rates.items()}
        self._dated: dict[str, list[tuple[date, Decimal]]] = {}
        if books.has("rates"):
            rows = books.connection.execute("SELECT currency, rate_date, rate FROM rates ORDER BY ALL").fetchall()
            for currency, day, rate in rows:
                self._dated.setdefault(currency, []).append((day, rate))

    def home(self, cents: int, currency: str, day: date) -> int:
        if currency == self._home:
            return cents
        shift = exponent(self._home) - exponent(currency)
        worth = (Decimal(cents) * self._rate(currency, day)).scaleb(shift)
        return int(worth.quantize(Decimal(1), ROUND_HALF_UP))

    def _rate(self, currency: str, day: date) -> Decimal:
        if dated := self._dated.get(currency):
            return dated[max(bisect_right(dated, day, key=lambda one: one[0]) - 1, 0)][1]
        return self._fixed[currency]


def steps(books: Books, breaks: Mapping[str, int]) -> tuple[Step, ...]:
    """The bars; `breaks` has the cents of missing_deposit and short_deposit."""
    run, rates = books.connection.execute, _Rates(books)
    cash, bank = (
        sum(rates.home(cents, currency, day) for currency, day, cents in run(query).fetchall())
        for query in (_CASH, _BANK)
    )
    card = _card(run(_PER_DAY).fetchall(), rates)
    net = sum(step.cents for step in card)
    known = [
        Step(name, breaks[kind], note=note)
        for kind, name, note in _GONE
        if breaks.get(kind) and books.currencies == {books.terms.currency}
    ]
    rest = bank - net - cash - sum(step.cents for step in known)
    return (
        *card,
        Step("Net of cards", net, is_total=True, note="what the processor owes"),
        Step("Cash takings", cash, note="cash sales less cash refunds"),
        *known,
        _rest(rest, several=books.currencies != {books.terms.currency}),
        Step("Bank", bank, is_total=True, note="all lines of the statement"),
    )


_GONE = (
    ("missing_deposit", "Missing deposits", "due and not on the statement"),
    ("short_deposit", "Short deposits", "less than the batches"),
)
"""Breaks that stand apart where there is one currency; a break carries none, so with several they are in the rest."""


def _rest(cents: int, *, several: bool) -> Step:
    if several:
        return Step("Not on the statement, exchange", cents, note="in transit, missing, short, and changes of rates")
    return Step("Not on the statement yet", cents, note="in transit after its last day, or unresolved")


def _card(sums: Iterable[tuple[str, date, str, int, int]], rates: _Rates) -> list[Step]:
    """What the processor settled, from gross to net."""
    gross: dict[str, int] = {}
    fees = 0
    for currency, day, kind, amount, fee in sums:
        gross[kind] = gross.get(kind, 0) + rates.home(amount, currency, day)
        fees -= rates.home(fee, currency, day)
    back = sum(amount for kind, amount in gross.items() if kind.startswith("CHARGEBACK"))
    other = sum(amount for kind, amount in gross.items() if kind not in _NAMED)
    found = [
        Step("Card sales", gross.get("SALE", 0), note="settled by the processor, gross"),
        Step("Fees", fees, note="discount, items, months"),
        Step("Refunds", gross.get("REFUND", 0), note="through the processor"),
        Step("Chargebacks", back, note="less what was won back"),
    ]
    return [*found, Step("Reserves and others", other, note="held back, released, rejected")] if other else found


_NAMED = ("SALE", "REFUND", "CHARGEBACK", "CHARGEBACK_REVERSAL")
