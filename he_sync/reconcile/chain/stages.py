"""All stages over one set of books, in order; every stage sees only what the ones before it left.

What needs nothing of each other runs side by side: cards beside orders, then the bank beside the ledger. Each has a
collector of its own, and these are put together in one order. All at once would take 1.5 GiB for 5M payments.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from he_sync.reconcile.chain.arrays import BankLines, Batches, Codes, Payments, Postings, Reader
from he_sync.reconcile.chain.bank import Statement, match_statement
from he_sync.reconcile.chain.bank_days import BankDays
from he_sync.reconcile.chain.bank_ledger import BankLedger
from he_sync.reconcile.chain.batch_fees import BatchFees, batch_fees
from he_sync.reconcile.chain.blind_books import BlindBooks
from he_sync.reconcile.chain.blind_lines import Unbatched, unbatched
from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.card_classes import classify_fees, classify_settlement, expected_fees
from he_sync.reconcile.chain.close import Cents, card_differences, close, ledger_difference, totals
from he_sync.reconcile.chain.day_sums import match_day_sums
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.deposits import Settlements, classify_deposits, link_deposits, link_lines, match_batches
from he_sync.reconcile.chain.expected import (
    CASH,
    FEES,
    Expected,
    Funding,
    card_deposits,
    cash_deposits,
    fee_withdrawals,
)
from he_sync.reconcile.chain.fallback import Fallback
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.fx import Money
from he_sync.reconcile.chain.keys import NOWHERE, Places, find
from he_sync.reconcile.chain.known_odds import KnownOdds
from he_sync.reconcile.chain.ledger_classes import classify_ledger
from he_sync.reconcile.chain.merchants import learn_by_amounts
from he_sync.reconcile.chain.orders import match_orders
from he_sync.reconcile.chain.outcome import BANK, GL, SETTLED, Identity
from he_sync.reconcile.chain.posted import Posted, match_postings
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.settled import Learned, Settled, due, link_references, match_references, take_back
from he_sync.reconcile.chain.tolerances import Allowance
from he_sync.reconcile.chain.voids import net_voids

One = TypeVar("One")
Other = TypeVar("Other")


class Stages:
    """The run's state: what was found, and the as-of day (the last day of the bank statement)."""

    def __init__(self, books: Books, rules: RuleSet, found: Found, codes: Codes | None = None) -> None:
        self.books, self.found, self.terms = books, found, books.terms
        self.reader = Reader(books, codes)
        self.codes = self.reader.codes
        self.rules, found.allowance = rules, Allowance(rules, self.codes.currencies)
        self.schedule = Schedule(books.terms, self.codes)
        self.accounts = np.array([*(books.terms.accounts[name] for name in self.codes.tenders), 0], np.int64)
        self.bank_days = BankDays(books.terms.holidays)
        self.stores = self.reader.stores()
        self.bank: BankLines = self.reader.bank_lines()
        self.batches: Batches = self.reader.batches()
        self.as_of = int(self.bank.day.max()) if len(self.bank.day) else 0
        self.money = Money(self.reader, self.bank, books.terms.rates, books.terms.currency)
        self.differing: dict[str, Cents] = {}
        self.coming: Cents = Counter()  # of payments that may still settle
        self.rows: dict[str, int] = {}
        self.learned: Learned | None = None  # of a narrowed run: what the other lines say
        self.odds = KnownOdds()
        self.last_line = 0  # of a narrowed run: the last day of all lines
        self.keep: Callable[[str, Any], None] = lambda _name, _what: None  # hears what a later run may build on

    @property
    def cash(self) -> int:
        """The code of cash."""
        return self.codes.tenders.index("cash") if "cash" in self.codes.tenders else len(self.codes.tenders)

    def run(self, threads: int | None = None) -> dict[str, dict[str, Identity]]:
        """Match, classify, close; returns the identities by name and currency."""
        payments = self.reader.payments()
        orders, cards, ledger = (self.found.part() for _ in range(3))
        settlements, (cash, entries) = side_by_side(
            threads, lambda: self.cards(payments, cards), lambda: self._others(payments, orders)
        )
        transit, _ = side_by_side(
            threads, lambda: self._bank(settlements, cash, entries, cards), lambda: self.post(payments, ledger)
        )
        self.found.gather((orders, cards, ledger))
        return close(self.found, self.differing, {BANK: transit, SETTLED: self.coming}, self.codes)

    def _others(self, payments: Payments, found: Found) -> tuple[list[Expected], tuple[Postings, DepositPostings]]:
        """What needs no lines: orders, the digests of the files, made once and kept, cash, the postings of the bank.

        These postings are few; they are read apart, so that the bank waits for no other.
        """
        match_orders(self.reader, found)
        len(self.books.versions)
        nobody = np.full(len(self.batches.ids), NOWHERE, np.int32)
        cash = cash_deposits(payments, self.cash, self.funding(nobody))
        postings = self.reader.postings("BATCH", "DEPOSIT")
        return cash, (postings, self._deposits_booked(postings))

    def cards(self, payments: Payments, found: Found | None = None) -> Settlements:
        """Stages 0 to 3: voids, payments to lines, fees, lines to batches."""
        found, lines = found or self.found, self.reader.lines()
        must = due(payments, net_voids(payments, found), self.schedule)
        settled = Settled(payments, lines, self.stores, self.schedule, must, self.learned)
        doubted = match_references(settled)
        learn_by_amounts(settled)
        fallback = Fallback(settled, doubted[1], found)
        self.keep("fallback", fallback)
        fallback.run()
        take_back(settled, doubted)
        link_references(settled, fallback.taken, found)
        price = expected_fees(settled, self.terms)
        known = max([self.as_of, self.last_line, *([int(lines.day.max())] if len(lines) else [])])
        self.coming = classify_settlement(settled, found, known)
        classify_fees(settled, price, found)
        self.differing |= card_differences(payments, lines, price, self.schedule)
        self.keep("cards", settled)
        found.complete("VO", "PL")
        payments.forget("by_ref", "ref", "tip")
        payments.forget("by_id")
        store_of = settled.store_of_mid[find(settled.mids, self.batches.mid)]
        batch_of = match_batches(lines, self.batches, self.stores, store_of, found)
        one = unbatched(settled, batch_of)
        payments.forget("seconds")
        self.rows |= {
            "pos_payments": len(payments),
            "settlement_lines": len(lines),
            "card_payments": int(settled.due.sum()),
        }
        result = Settlements(lines.ids, batch_of, one, store_of)
        self.keep("settlements", result)
        return result

    def post(self, payments: Payments, found: Found | None = None) -> None:
        """Payments to postings and day lines."""
        found, postings = found or self.found, self.reader.postings()
        posted = Posted(self.reader, payments, postings, self.stores, self.accounts)
        match_postings(posted, found)
        found.complete("PG")
        match_day_sums(posted, found)
        self.keep("posted", posted)
        payments.forget("order", "by_id")
        found.complete("PS")
        classify_ledger(posted, found)
        self.differing[GL] = ledger_difference(payments, postings)
        self.rows["gl_lines"] = len(postings)

    def deposits_and_fees(self, postings: Postings, blind: set[int]) -> tuple[DepositPostings, BatchFees]:
        """What the ledger says of deposits and of blind stores' batch fees."""
        return self._deposits_booked(postings), self._fees_booked(postings, blind)

    def _deposits_booked(self, postings: Postings) -> DepositPostings:
        kinds = {self.terms.accounts[tender]: brand for tender, brand in self.terms.brand_group.items()}
        kinds |= {self.terms.accounts.get("cash", 0): CASH, self.terms.accounts.get("accrued_fees", 0): FEES}
        return DepositPostings(postings, self.stores, dict(self.terms.accounts), kinds, self.money)

    def _fees_booked(self, postings: Postings, blind: set[int]) -> BatchFees:
        return batch_fees(postings, self.stores, blind, self.terms, self.codes.brands)

    def _bank(
        self,
        settlements: Settlements,
        cash: list[Expected],
        entries: tuple[Postings, DepositPostings],
        found: Found,
    ) -> Cents:
        """The bank's side with the postings that it needs."""
        postings, deposits = entries
        fees = self._fees_booked(postings, set(settlements.one.store.tolist()))
        return self.bank_side(settlements, cash, (deposits, fees), found)

    def bank_side(
        self,
        settlements: Settlements,
        cash: list[Expected],
        booked: tuple[DepositPostings, BatchFees],
        found: Found | None = None,
    ) -> Cents:
        """Stages 3 to 6: deposits to bank lines, blind accounts, bank lines to the ledger; cents not yet due."""
        funding = self.funding(settlements.store_of_batch)
        deposits = card_deposits(funding) + cash + fee_withdrawals(funding)
        return self.received(settlements, funding, Statement(self.bank, deposits), booked, found or self.found)

    def received(
        self,
        settlements: Settlements,
        funding: Funding,
        statement: Statement,
        booked: tuple[DepositPostings, BatchFees],
        found: Found,
    ) -> Cents:
        """The bank's side from a statement and the deposits that are expected on it."""
        postings, journal = booked
        self._bank_difference(statement.deposits, settlements.one)
        blind = BlindBooks(settlements, funding, statement, self.odds)
        inferred = blind.infer(postings, journal) if blind.legs else None
        self.differing[BANK].update(blind.exchanged)
        match_statement(statement, postings, self.rules)
        paid = link_deposits(statement, found)
        link_lines(settlements, self.batches, statement, paid, found)
        transit: Cents = Counter()
        for deposit in classify_deposits(statement, self.as_of, found):
            transit[deposit.currency] -= deposit.amount
        if inferred is not None:
            blind.link(inferred, found)
            blind.link_batches(inferred, journal, found)
            transit.update(blind.classify(inferred, self.as_of, found))
        BankLedger(statement, postings).match(found)
        self.keep("bank", (funding, statement, postings, found))
        found.complete("LB", "BD", "DG", "LD")
        return transit

    def funding(self, store_of: Places) -> Funding:
        """How batches become money, with each batch's store."""
        lags, brands = self.terms.lags, self.codes.brands
        return Funding(self.batches, store_of, self.stores, self.bank, brands, lags, self.bank_days, self.money)

    def _bank_difference(self, deposits: list[Expected], one: Unbatched) -> None:
        """The bank against batches, cash and fees; lines without a batch must reach it too, gross ones less no fee."""
        money = totals(self.bank.amount, self.bank.currency)
        for deposit in deposits:
            money[deposit.currency] -= deposit.amount
        money.subtract(totals(one.amount, one.currency))
        money.update(totals(one.fee, one.currency, ~self.stores.net[one.store]))
        self.differing[BANK] = money


def side_by_side(threads: int | None, one: Callable[[], One], other: Callable[[], Other]) -> tuple[One, Other]:
    """Do both, at once where there are threads for it; if both fail, the first one's error counts."""
    with ThreadPoolExecutor(min(2, threads or os.cpu_count() or 1)) as pool:
        works = pool.submit(one), pool.submit(other)
        return works[0].result(), works[1].result()
