"""Between inference and books: what blind accounts expect at the bank, and links and breaks from what was inferred."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import count, groupby, permutations
from operator import itemgetter

import numpy as np

from he_sync.reconcile.chain.arrays import Stores
from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.batch_fees import BatchFees
from he_sync.reconcile.chain.blind import Blind
from he_sync.reconcile.chain.blind_fees import fee_withdrawals
from he_sync.reconcile.chain.blind_legs import Due, Dues, Inferred
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.deposits import Settlements
from he_sync.reconcile.chain.expected import Expected, Funding
from he_sync.reconcile.chain.found import AUTOMATIC, SUGGESTED, UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints, group
from he_sync.reconcile.chain.known_odds import KnownOdds

RULE = ("inferred_cut_off", "natural_batch")
LEDGER = ("inferred_cut_off", "ledger_names_batch")

LegKey = tuple[int, int, int]  # bank account, brand code, currency code


class BlindBooks:
    """Lines without a batch on their way through the bank statement."""

    def __init__(self, settlements: Settlements, funding: Funding, statement: Statement, odds: KnownOdds) -> None:
        """Places of brands in `funding.brands` are the codes that lines carry; `odds` are those of an earlier run."""
        self.odds = odds
        self.one: Unbatched = settlements.one
        self.ids: Ints = settlements.line_ids[self.one.row]
        self.stores: Stores = funding.stores
        self.funding, self.statement = funding, statement
        self.account = self.stores.account[self.one.store]
        self.legs: list[LegKey] = _legs(self.one, self.stores)
        self.exchanged: Counter[int] = Counter()  # cents by currency: due in the stores', less due in the accounts'
        self.from_bank: set[LegKey] = set()  # legs whose deposits only the bank tells

    def infer(self, postings: DepositPostings, fees: BatchFees) -> Inferred:
        """Expect deposits, infer cut-offs and batches, expect the fees that gross funding bills apart."""
        self.statement.learn()
        dues = self._expect(postings)
        brands, lags = self.funding.brands, self.funding.lags
        by_code = [lags.get(brand, 1) for brand in (*brands, "")]
        inferred = Blind(self.one, self.funding, fees, by_code, dues, self.odds).infer()
        for withdrawal in fee_withdrawals(self.one, inferred.day, self.funding, self.statement):
            self._add(withdrawal)
        return inferred

    def _expect(self, postings: DepositPostings) -> Dues:
        """Deposits of the legs, from the ledger where it tells of any, else from the bank itself."""
        brands = self.funding.brands
        names = {(leg[0], brands[leg[1]], leg[2]): leg for leg in self.legs if leg[1] < len(brands)}
        new: list[tuple[LegKey, Expected]] = []
        for place in range(len(postings.ids)):
            amount, currency = postings.cleared[place]
            key = names.get((postings.account[place], postings.kind[place], currency))
            if key is not None:
                new.append((key, self._deposit(key, postings.day[place], amount)))
        told = {key for key, _ in new}
        self.from_bank = {leg for leg in names.values() if leg not in told}
        for number, currency in sorted({(leg[0], leg[2]) for leg in self.from_bank}):
            new += self._from_bank(number, currency)
        result: dict[LegKey, list[Due]] = {leg: [] for leg in self.legs}
        for key, deposit in new:
            result[key].append(Due(len(self.statement.deposits), deposit.day, deposit.amount))
            self._add(deposit)
        return Dues(result, frozenset(self.from_bank))

    def _add(self, deposit: Expected) -> None:
        """Expect a deposit as its account will show it; what another currency makes of it is no difference."""
        arriving = self.funding.arriving(deposit)
        if arriving.currency != deposit.currency:
            self.exchanged[deposit.currency] += deposit.amount
            self.exchanged[arriving.currency] -= arriving.amount
        self.statement.add(arriving)

    def _deposit(self, leg: LegKey, day: int, amount: int) -> Expected:
        return Expected(leg[0], self.funding.brands[leg[1]], 0, day, amount, leg[2])

    def _from_bank(self, number: int, currency: int) -> list[tuple[LegKey, Expected]]:
        """An account's bank lines of the legs' kinds, each expected as it came."""
        bank, statement = self.statement.bank, self.statement
        mine = [
            line
            for line in sorted(statement.free_lines)
            if (int(bank.account[line]), int(bank.currency[line])) == (number, currency)
        ]
        legs = {
            self.funding.brands[leg[1]]: leg for leg in sorted(self.from_bank) if (leg[0], leg[2]) == (number, currency)
        }
        kinds = statement.kind_of | self._kinds_by_total(mine, legs)
        return [
            (legs[kind], self._deposit(legs[kind], int(bank.day[line]), int(bank.amount[line])))
            for line in mine
            if (kind := kinds.get(statement.shapes[line], "")) in legs
        ]

    def _kinds_by_total(self, lines: list[int], legs: dict[str, LegKey]) -> dict[str, str]:
        """Memo shapes that no exact amount has explained belong to the legs whose totals are nearest to theirs."""
        statement, one = self.statement, self.one
        shapes = sorted({statement.shapes[line] for line in lines} - set(statement.kind_of))
        totals = {
            shape: sum(int(statement.bank.amount[line]) for line in lines if statement.shapes[line] == shape)
            for shape in shapes
        }
        wanted = {
            kind: int(one.amount[(self.account == leg[0]) & (one.brand == leg[1])].sum()) for kind, leg in legs.items()
        }
        ways = permutations(shapes, min(len(legs), len(shapes)))
        best = min(ways, key=lambda way: sum(abs(totals[s] - wanted[k]) for s, k in zip(way, legs, strict=False)))
        return dict(zip(best, legs, strict=False))

    def link(self, inferred: Inferred, found: Found) -> None:
        """Lines to the bank lines that paid their inferred deposits; unsure ones are suggested."""
        paid = np.full(len(self.statement.deposits) + 1, -1, np.int64)
        for receipt in self.statement.receipts:
            if len(receipt.lines) == 1:
                paid[list(receipt.expected)] = receipt.lines[0]
        for sure, strength in ((True, AUTOMATIC), (False, SUGGESTED)):
            rows = np.flatnonzero(inferred.sure == sure)
            self._link(rows, paid[inferred.due[rows]], strength, found)
            for due, parts in sorted(inferred.parts.items()):
                rows_of = rows[inferred.due[rows] == due]
                for part in parts:
                    self._link(rows_of, np.full(len(rows_of), paid[part]), strength, found)

    def _link(self, rows: Ints, line: Ints, strength: str, found: Found) -> None:
        here = line >= 0
        bank = self.statement.bank.ids[line[here]]
        others = 0 if strength == AUTOMATIC else 1
        found.link("LD", self.ids[rows[here]], bank, RULE, strength=strength, alternatives=others)

    def link_batches(self, inferred: Inferred, fees: BatchFees, found: Found) -> None:
        """Inferred batches that the ledger's fee journal names, to the cent: lines to batch, batch to bank line."""
        one = self.one
        paid = {i: receipt.lines[0] for receipt in self.statement.receipts for i in receipt.expected}
        columns = (one.store, one.currency, inferred.day, one.brand)
        order, batch, rank = group(columns, one.row)
        starts = np.flatnonzero(rank == 0)
        stores, currencies, dates, brands = (column[order[starts]].tolist() for column in columns)
        cost = np.add.reduceat(one.fee[order], starts).tolist() if len(order) else []
        paying, bank = _paying(inferred.due[order], starts), self.statement.bank.ids
        refs, alike = np.zeros((2, len(starts)), np.int64)
        banks: dict[int, list[tuple[int, int]]] = defaultdict(list)
        of_days = zip(stores, currencies, dates, count(), strict=False)
        for (store, currency, day), batches in groupby(of_days, key=itemgetter(0, 1, 2)):
            of_day = [batch[3] for batch in batches]
            told = fees.by_brand(store, currency, day, {brands[i]: cost[i] for i in of_day})
            for i in of_day:
                fee, ref = told.get(brands[i], (0, 0))
                if ref and fee == cost[i]:
                    refs[i] = ref
                    alike[i] = others = fees.alike(store, currency, day, fee)
                    if paying[i] in paid:
                        banks[others].append((ref, int(bank[paid[paying[i]]])))
        if found.allowance.rules.uses("LB", LEDGER[1]):
            of_row = np.zeros(len(order), np.int64)
            for others in np.unique(alike[refs != 0]).tolist():
                of_row[order] = np.where(alike == others, refs, 0)[batch]
                rows = np.flatnonzero(of_row)
                self._link_named(rows, of_row[rows], banks[others], others, found)

    def _link_named(self, rows: Ints, refs: Ints, banks: list[tuple[int, int]], others: int, found: Found) -> None:
        """Batches that the journal names; where it names others that cost the same, suggested."""
        strength = SUGGESTED if others else AUTOMATIC
        found.link("LB", self.ids[rows], refs, LEDGER, strength=strength, alternatives=others)
        pairs = np.array(banks, np.int64).reshape(-1, 2)
        found.link("BD", pairs[:, 0], pairs[:, 1], LEDGER, strength=strength, alternatives=others)

    def classify(self, inferred: Inferred, as_of: int, found: Found) -> Counter[int]:
        """Residuals and missing deposits; returns cents in transit by currency."""
        brands = self.funding.brands
        paid = {i: receipt.lines[0] for receipt in self.statement.receipts for i in receipt.expected}
        for left in inferred.residuals:
            line = paid.get(left.place, -1)
            only_bank = (left.account, left.brand, left.currency) in self.from_bank
            short = only_bank and left.cents < 0 and left.place in inferred.steady
            record = int(self.statement.bank.ids[line]) if line >= 0 else 0
            kind, confidence = ("short_deposit", 0.9) if short else (UNRESOLVED, 0.5)
            found.one("bank_lines", kind, record, left.cents, (left.day, left.currency), left.evidence, confidence)
        transit: Counter[int] = Counter()
        for left in inferred.missing:
            if left.day > as_of:
                transit[left.currency] += left.cents
                continue
            due = np.datetime64(left.day, "D")
            text = f"{brands[left.brand]} deposit of account {left.account} due {due}, by inferred batches"
            found.one("bank_lines", "missing_deposit", 0, left.cents, (left.day, left.currency), text, 0.9)
        return transit


def _paying(due: Ints, starts: Ints) -> list[int]:
    """By batch the deposit that most of its lines are in, of equals the first; `due` in the order of batches."""
    if not len(due):
        return []
    found = np.minimum.reduceat(due, starts)
    ends = np.append(starts[1:], len(due))
    for i in np.flatnonzero(found != np.maximum.reduceat(due, starts)).tolist():
        found[i] = np.bincount(due[starts[i] : ends[i]] + 1).argmax() - 1
    return list(map(int, found))


def _legs(one: Unbatched, stores: Stores) -> list[LegKey]:
    """The legs that have lines: few, so that what tells them apart is counted and not sorted."""
    if not len(one.store):
        return []
    brand = one.brand.astype(np.int64) + 1  # -1 is none
    sizes = len(stores.ids), int(brand.max()) + 1, int(one.currency.max()) + 1
    there = np.flatnonzero(np.bincount(np.ravel_multi_index((one.store, brand, one.currency), sizes)))
    store, brands, currency = np.unravel_index(there, sizes)
    account = stores.account[store].tolist()
    return sorted(set(zip(account, (brands - 1).tolist(), currency.tolist(), strict=True)))
