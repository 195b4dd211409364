"""All stages over one set of books, in order; every stage sees only what the ones before it left."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np

from he_sync.reconcile.chain.arrays import Reader, Stores
from he_sync.reconcile.chain.bank import Statement, match_statement
from he_sync.reconcile.chain.bank_days import EPOCH, BankDays
from he_sync.reconcile.chain.bank_ledger import match_ledger
from he_sync.reconcile.chain.batch_fees import batch_fees
from he_sync.reconcile.chain.blind import Blind, Inferred
from he_sync.reconcile.chain.blind_books import classify_inferred, expect, expect_fees, link_inferred, link_ledger_batches
from he_sync.reconcile.chain.blind_lines import Unbatched, unbatched
from he_sync.reconcile.chain.books import Books
from he_sync.reconcile.chain.classes import classify_fees, classify_ledger, classify_settlement, expected_fees
from he_sync.reconcile.chain.close import close, differences, totals
from he_sync.reconcile.chain.day_sums import match_day_sums
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.deposits import classify_deposits, link_deposits, link_lines, match_batches
from he_sync.reconcile.chain.expected import CASH, FEES, card_deposits, cash_deposits, fee_withdrawals
from he_sync.reconcile.chain.fees import Schedule
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import find
from he_sync.reconcile.chain.orders import match_orders
from he_sync.reconcile.chain.outcome import BANK, Summary
from he_sync.reconcile.chain.posted import match_postings
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.settled import match_lines
from he_sync.reconcile.chain.voids import net_voids


class Stages:
    """The run's state: arrays, what was found, and the as-of day (the last day of the bank statement)."""

    def __init__(self, books: Books, rules: RuleSet) -> None:
        self.books, self.rules, self.found = books, rules, Found()
        self.reader = Reader(books)
        self.codes = self.reader.codes
        self.terms = books.terms
        self.schedule = Schedule(books.terms, self.codes)
        self.accounts = np.array([*(books.terms.accounts[name] for name in self.codes.tenders), 0], np.int64)
        self.bank_days = BankDays(books.terms.holidays)
        self.as_of = 0

    def run(self) -> Summary:
        """Match, classify, close."""
        reader, found = self.reader, self.found
        stores, bank, batches = reader.stores(), reader.bank_lines(), reader.batches()
        self.as_of = int(bank.day.max()) if len(bank.day) else 0
        payments, lines = reader.payments(), reader.lines()
        voided = net_voids(payments, found)
        settled = match_lines(payments, lines, stores, voided, self.schedule, self.rules, found)
        price = expected_fees(payments, lines, settled, self.schedule, self.terms)
        classify_settlement(payments, lines, settled, np.zeros(len(payments.ids), bool), found)
        classify_fees(payments, lines, settled, price, found)
        postings = reader.postings()
        posted = match_postings(reader, payments, postings, stores, self.accounts, self.rules, found)
        match_day_sums(payments, postings, posted, self.accounts, found)
        rows = reader.connection.execute("select erp_doc::bigint d, order_id::bigint o from erp_orders").fetchnumpy()
        docs = np.asarray(rows["d"]), np.asarray(rows["o"])
        classify_ledger(payments, postings, posted, self.accounts, docs, found)
        store_of = settled.store_of_mid[find(settled.mids, batches.mid)]
        batch_of = match_batches(lines, batches, stores, store_of, found)
        deposits, self.funding = card_deposits(
            batches, store_of, stores, self.codes.brands, dict(self.terms.lags), self.bank_days, bank
        )
        cash = self.codes.tenders.index("cash") if "cash" in self.codes.tenders else len(self.codes.tenders)
        deposits += cash_deposits(payments, cash, stores, self.terms.lags.get(CASH, 1), self.bank_days)
        deposits += fee_withdrawals(batches, store_of, stores, self.terms.lags.get(FEES, 2), self.bank_days)
        statement = Statement(bank, deposits)
        statement.learn()
        kinds = {self.terms.accounts[tender]: brand for tender, brand in self.terms.brand_group.items()}
        kinds |= {self.terms.accounts.get("cash", 0): CASH, self.terms.accounts.get("accrued_fees", 0): FEES}
        deposit_postings = DepositPostings(postings, stores, dict(self.terms.accounts), kinds)
        one = unbatched(payments, lines, stores, settled, batch_of)
        counted = len(deposits)
        transit: Counter[int] = Counter()
        inferred = None
        if len(one.row):
            dues, from_bank = expect(one, stores, self.codes, deposit_postings, statement)
            journal = batch_fees(postings, stores, set(one.store.tolist()), self.terms, self.codes.brands)
            lags = [self.terms.lags.get(brand, 1) for brand in (*self.codes.brands, "")]
            inferred = Blind(one, stores, journal, lags, self.bank_days, dues).infer()
            expect_fees(one, inferred, stores, self.terms.lags.get(FEES, 2), self.bank_days, statement)
        match_statement(statement, deposit_postings)
        paid = link_deposits(statement, found)
        link_lines(lines, batch_of, batches, statement, paid, found)
        in_transit = classify_deposits(statement, self.as_of, found)
        if inferred is not None:
            link_inferred(one, inferred, lines, statement, found)
            link_ledger_batches(one, inferred, lines, journal, statement, found)
            for code, cents in classify_inferred(inferred, from_bank, self.codes, statement, self.as_of, found).items():
                transit[code] += cents
        match_ledger(statement, deposit_postings, found)
        match_orders(reader, found)
        differing = differences(
            payments, lines, postings, bank, price, [one for one in deposits[:counted]], self.schedule
        )
        if inferred is not None:
            self._unbatched(differing[BANK], one, inferred, stores)
        for deposit in in_transit:
            transit[deposit.currency] -= deposit.amount
        identities = close(found, differing, {BANK: transit}, self.codes)
        return Summary(
            as_of=EPOCH + timedelta(days=self.as_of),
            identities=identities,
            rows={},
            links={name: sum(len(block.left) for block in blocks) for name, blocks in found.links.items()},
            links_by_rule={},
            breaks=dict(sorted(Counter(one.kind for one in found.breaks).items())),
            break_cents={},
            match_rates={},
            ambiguous={},
            rules_version=self.rules.version,
            data_versions={},
        )

    def _unbatched(self, money: Counter[int], one: Unbatched, inferred: Inferred, stores: Stores) -> None:
        """Lines without a batch must reach the bank as well: their money, less fees that gross funding bills apart."""
        for code, cents in totals(one.amount, one.currency).items():
            money[code] -= cents
        gross = ~stores.net[one.store]
        for code, cents in totals(one.fee, one.currency, gross).items():
            money[code] += cents
