"""The seam between inference and books: which deposits blind accounts expect, and links and breaks from what was inferred."""

from __future__ import annotations

from collections import defaultdict
from itertools import permutations

import numpy as np

from he_sync.reconcile.chain.arrays import Codes, Stores
from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.bank_days import BankDays, month_end_next
from he_sync.reconcile.chain.batch_fees import BatchFees
from he_sync.reconcile.chain.blind import Due, Inferred
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.expected import FEES, Expected
from he_sync.reconcile.chain.found import SUGGESTED, UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Ints, group

RULE = ("inferred_cut_off", "natural_batch")
LEDGER = ("inferred_cut_off", "ledger_names_batch")

LegKey = tuple[int, int, int]  # bank account, brand code, currency code


def expect(
    one: Unbatched, stores: Stores, codes: Codes, postings: DepositPostings, statement: Statement
) -> tuple[dict[LegKey, list[Due]], set[LegKey]]:
    """Deposits of blind legs, appended to the statement: from the ledger, else from the bank itself (the second result)."""
    account = stores.account[one.store]
    legs = sorted(set(zip(account.tolist(), one.brand.tolist(), one.currency.tolist(), strict=True)))
    result: dict[LegKey, list[Due]] = {leg: [] for leg in legs}
    names = {(leg[0], codes.brands[leg[1]], leg[2]): leg for leg in legs if leg[1] < len(codes.brands)}
    new: list[tuple[LegKey, Expected]] = []
    for place in range(len(postings.ids)):
        key = names.get((postings.account[place], postings.kind[place], postings.currency[place]))
        if key is not None:
            day, amount = postings.day[place], postings.amount[place]
            new.append((key, Expected(key[0], codes.brands[key[1]], 0, day, amount, key[2])))
    told = {key for key, _ in new}
    from_bank = {leg for leg in legs if leg not in told}
    if from_bank:
        new += _from_bank(one, account, codes, from_bank, statement)
    for key, deposit in new:
        result[key].append(Due(len(statement.deposits), deposit.day, deposit.amount))
        statement.add(deposit)
    return result, from_bank


def _from_bank(
    one: Unbatched, account: Ints, codes: Codes, legs: set[LegKey], statement: Statement
) -> list[tuple[LegKey, Expected]]:
    """Bank lines of the legs' kinds, each expected as it came; kinds that no memo has shown are told by their totals."""
    bank, result = statement.bank, []
    for number, currency in sorted({(leg[0], leg[2]) for leg in legs}):
        mine = [
            line
            for line in sorted(statement.free_lines)
            if (int(bank.account[line]), int(bank.currency[line])) == (number, currency)
        ]
        brands = sorted(leg[1] for leg in legs if (leg[0], leg[2]) == (number, currency))
        shapes = sorted({statement.shapes[line] for line in mine if statement.shapes[line] not in statement.kind_of})
        totals = {s: sum(int(bank.amount[line]) for line in mine if statement.shapes[line] == s) for s in shapes}
        wanted = {b: int(one.amount[(account == number) & (one.brand == b)].sum()) for b in brands}
        kinds = {shape: kind for shape, kind in statement.kind_of.items()}
        ways = list(permutations(shapes, min(len(brands), len(shapes))))
        best = min(ways, key=lambda way: sum(abs(totals[s] - wanted[b]) for s, b in zip(way, brands, strict=False)))
        kinds |= {shape: codes.brands[brand] for shape, brand in zip(best, brands, strict=False)}
        for line in mine:
            for brand in brands:
                if kinds.get(statement.shapes[line]) == codes.brands[brand]:
                    key = number, brand, currency
                    deposit = Expected(
                        number, codes.brands[brand], 0, int(bank.day[line]), int(bank.amount[line]), currency
                    )
                    result.append((key, deposit))
    return result


def expect_fees(
    one: Unbatched, inferred: Inferred, stores: Stores, lag: int, bank_days: BankDays, statement: Statement
) -> None:
    """Monthly fee withdrawals of gross-funded stores without batch ids."""
    rows = np.flatnonzero(~stores.net[one.store])
    months = inferred.day[rows].astype("M8[D]").astype("M8[M]")
    totals: dict[tuple[int, int, int], int] = defaultdict(int)
    last = {int(month.astype(np.int64)): int(month.astype("M8[D]").astype(np.int64)) for month in np.unique(months)}
    keys = zip(one.store[rows].tolist(), one.currency[rows].tolist(), months.astype(np.int64).tolist(), strict=True)
    for key, fee in zip(keys, one.fee[rows].tolist(), strict=True):
        totals[key] += fee
    for (store, currency, month), fee in sorted(totals.items()):
        if fee:
            day = bank_days.one(month_end_next(last[month]), lag)
            owner = int(stores.ids[store])
            statement.add(Expected(int(stores.account[store]), FEES, owner, day, -fee, currency))


def link_inferred(one: Unbatched, inferred: Inferred, ids: Ints, statement: Statement, found: Found) -> None:
    """Lines to the bank lines that paid their inferred deposits; unsure ones are suggested."""
    paid = np.full(len(statement.deposits) + 1, -1, np.int64)
    for receipt in statement.receipts:
        if len(receipt.lines) == 1:
            paid[list(receipt.expected)] = receipt.lines[0]
    for sure, strength in ((True, "automatic"), (False, SUGGESTED)):
        line = paid[inferred.due]
        here = np.flatnonzero((inferred.sure == sure) & (line >= 0))
        found.link(
            "LD",
            ids[one.row[here]],
            statement.bank.ids[line[here]],
            RULE,
            strength=strength,
            alternatives=0 if sure else 1,
        )
        _link_parts(one, inferred, ids, statement, paid, found, sure=sure)


def _link_parts(
    one: Unbatched, inferred: Inferred, ids: Ints, statement: Statement, paid: Ints, found: Found, *, sure: bool
) -> None:
    """A deposit paid in parts pays each of its lines in parts."""
    for due, parts in sorted(inferred.parts.items()):
        rows = one.row[(inferred.due == due) & (inferred.sure == sure)]
        for part in parts:
            if paid[part] >= 0:
                bank_line = np.full(len(rows), statement.bank.ids[paid[part]])
                found.link("LD", ids[rows], bank_line, RULE, strength="automatic" if sure else SUGGESTED)


def link_ledger_batches(
    one: Unbatched, inferred: Inferred, ids: Ints, fees: BatchFees, statement: Statement, found: Found
) -> None:
    """Inferred batches that the ledger's fee journal names, to the cent: lines to batch, batch to bank line."""
    paid: dict[int, int] = {}
    for receipt in statement.receipts:
        if len(receipt.lines) == 1:
            paid.update(dict.fromkeys(receipt.expected, receipt.lines[0]))
    columns = (one.store, one.currency, inferred.day, one.brand)
    order, _, rank = group(columns, one.row)
    if not len(order):
        return
    starts = np.flatnonzero(rank == 0)
    ends = [*starts[1:].tolist(), len(order)]
    near: dict[tuple[int, int, int], dict[int, int]] = defaultdict(dict)
    parts: list[tuple[tuple[int, int, int], int, Ints]] = []
    for start, stop in zip(starts.tolist(), ends, strict=True):
        rows = order[start:stop]
        i = int(rows[0])
        key = int(one.store[i]), int(one.currency[i]), int(inferred.day[i])
        near[key][int(one.brand[i])] = int(one.fee[rows].sum())
        parts.append((key, int(one.brand[i]), rows))
    left, right, batches, banks = [], [], [], []
    for key, brand, rows in parts:
        fee, ref = fees.by_brand(*key, near[key]).get(brand, (0, 0))
        if ref and fee == near[key][brand]:
            left.append(ids[one.row[rows]])
            right.append(np.full(len(rows), ref, np.int64))
            line = paid.get(int(np.bincount(inferred.due[rows] + 1).argmax()) - 1, -1)
            if line >= 0:
                batches.append(ref)
                banks.append(int(statement.bank.ids[line]))
    if left:
        found.link("LB", np.concatenate(left), np.concatenate(right), LEDGER)
        found.link("BD", np.array(batches, np.int64), np.array(banks, np.int64), LEDGER)


def classify_inferred(
    inferred: Inferred, from_bank: set[LegKey], codes: Codes, statement: Statement, as_of: int, found: Found
) -> dict[int, int]:
    """Residuals and missing deposits of blind accounts; returns cents in transit by currency."""
    transit: dict[int, int] = defaultdict(int)
    paid = {i: receipt.lines[0] for receipt in statement.receipts for i in receipt.expected}
    for place, account, currency, day, cents, text in inferred.residuals:
        line = paid.get(place, -1)
        brand = codes.brands.index(statement.deposits[place].kind)
        short = (account, brand, currency) in from_bank and cents < 0 and place in inferred.steady
        found.add(
            "bank_lines",
            "short_deposit" if short else UNRESOLVED,
            np.array([int(statement.bank.ids[line]) if line >= 0 else 0]),
            related=np.zeros(1, np.int64),
            delta=np.array([cents]),
            evidence=[f"account {account}: {text}"],
            days=np.array([day]),
            currency=np.array([currency]),
            confidence=0.9 if short else 0.5,
        )
    for account, brand, currency, day, cents in inferred.missing:
        if day > as_of:
            transit[currency] += cents
            continue
        found.add(
            "bank_lines",
            "missing_deposit",
            np.zeros(1, np.int64),
            related=np.zeros(1, np.int64),
            delta=np.array([cents]),
            evidence=[
                f"{codes.brands[brand]} deposit of account {account} due {np.datetime64(day, 'D')}, by inferred batches"
            ],
            days=np.array([day]),
            currency=np.array([currency]),
            confidence=0.9,
        )
    return transit
