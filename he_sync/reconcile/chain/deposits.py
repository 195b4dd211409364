"""Stages 3 and 4: lines to batches, batches to deposits, deposits to bank lines, and what is missing or short."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.arrays import Batches, Lines, Stores
from he_sync.reconcile.chain.bank import STAGE, Receipt, Statement
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.expected import FEES, Expected
from he_sync.reconcile.chain.found import AUTOMATIC, TOLERATED, UNRESOLVED, Found
from he_sync.reconcile.chain.keys import Places, find
from he_sync.reconcile.chain.outcome import BANK

BATCH = ("batch_id", "line_names_batch")


@dataclass(frozen=True)
class Settlements:
    """What later parts need: line ids, each line's batch position (-1: none), those without one, each batch's store."""

    line_ids: NDArray[Any]
    batch_of: Places
    one: Unbatched
    store_of_batch: Places


def match_batches(lines: Lines, batches: Batches, stores: Stores, store_of: Places, found: Found) -> Places:
    """Link lines to batches, check each batch's payout against its lines; the batch position of each line or -1."""
    place = np.full(len(lines.ids), -1, np.int32)
    named = np.flatnonzero(lines.batch != 0)
    place[named] = find(batches.ids, lines.batch[named])
    named = named[place[named] >= 0]
    other = named[batches.currency[place[named]] != lines.currency[named]]
    place[other] = -1
    hit = np.flatnonzero(place >= 0)
    found.link("LB", lines.ids[hit], batches.ids[place[hit]], BATCH)
    net = np.zeros(len(batches.ids), np.int64)
    known = store_of >= 0
    pays_net = np.zeros(len(batches.ids), bool)
    pays_net[known] = stores.net[store_of[known]]
    amount = np.where(pays_net[place[hit]], lines.net[hit], lines.gross[hit])
    np.add.at(net, place[hit], amount)
    off = np.flatnonzero(net != batches.payout)
    found.add(
        "batches",
        UNRESOLVED,
        batches.ids[off],
        related=np.zeros(len(off), np.int64),
        delta=batches.payout[off] - net[off],
        evidence=[
            f"payout {have}, its lines make {want}"
            for have, want in zip(batches.payout[off].tolist(), net[off].tolist(), strict=True)
        ],
        days=batches.day[off],
        currency=batches.currency[off],
        confidence=0.5,
    )
    return place


def link_deposits(statement: Statement, found: Found) -> dict[int, list[int]]:
    """Link batches to the bank lines that paid them; positions of bank lines by batch id."""
    paid: dict[int, list[int]] = defaultdict(list)
    rows: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    ids = statement.bank.ids
    statement.tolerated = {receipt for receipt in statement.differing if _tolerated(statement, receipt, found)}
    for receipt in statement.receipts:
        kinds = (statement.deposits[i] for i in receipt.expected)
        parts = [part for deposit in kinds if deposit.kind != FEES for part in deposit.parts]
        strength = TOLERATED if receipt in statement.tolerated else AUTOMATIC
        rows[receipt.rule, strength] += [(part, int(ids[line])) for part in parts for line in receipt.lines]
        for part in parts:
            paid[part] += receipt.lines
    for rule, strength in sorted(rows):
        pairs = sorted(rows[rule, strength])
        batch, line = zip(*pairs, strict=True) if pairs else ((), ())
        found.link("BD", np.array(batch, np.int64), np.array(line, np.int64), (STAGE, rule), strength=strength)
    return paid


def _tolerated(statement: Statement, receipt: Receipt, found: Found) -> bool:
    """Whether tolerance lets a receipt's difference pass; asked once a receipt, in their order."""
    want, have = statement.amounts(receipt)
    deposit = statement.deposits[receipt.expected[0]]
    where = deposit.currency, deposit.account, deposit.day
    return found.allowance.passes("BD", BANK, where, (want, have))


def link_lines(
    settlements: Settlements, batches: Batches, statement: Statement, paid: dict[int, list[int]], found: Found
) -> None:
    """Lines to bank lines by way of their batch; a batch paid in parts pays each of its lines in parts."""
    batch_of = settlements.batch_of
    hit = np.flatnonzero(batch_of >= 0)
    names = np.array(sorted(paid), np.int64)
    place = find(batches.ids, names)
    for turn in range(max((len(paid[name]) for name in paid), default=0)):
        table = np.full(len(batches.ids), -1, np.int64)
        here = np.array([len(paid[name]) > turn for name in names.tolist()], bool) & (place >= 0)
        table[place[here]] = [paid[name][turn] for name in names[here].tolist()]
        line = table[batch_of[hit]]
        good = line >= 0
        ids = settlements.line_ids[hit[good]]
        found.link("LD", ids, statement.bank.ids[line[good]], ("batch_id", "by_way_of_batch"))


def classify_deposits(statement: Statement, as_of: int, found: Found) -> list[Expected]:
    """Missing, short and unexpected money; returns the deposits that are not due yet."""
    bank = statement.bank
    for receipt in statement.differing:
        if receipt not in statement.tolerated:
            _differs(statement, receipt, found)
    in_transit = [statement.deposits[i] for i in sorted(statement.free) if statement.deposits[i].day > as_of]
    for i in sorted(statement.free):
        deposit = statement.deposits[i]
        if deposit.day <= as_of:
            _missing(deposit, found)
    rows = np.array(sorted(statement.free_lines), np.int64)
    rows = rows[bank.amount[rows] != 0]  # what came to 0.00 was not due either
    found.add(
        "bank_lines",
        UNRESOLVED,
        bank.ids[rows],
        related=rows * 0,
        delta=bank.amount[rows],
        evidence=[f"no expected deposit for {bank.memo[row]!r}" for row in rows.tolist()],
        days=bank.day[rows],
        currency=bank.currency[rows],
        confidence=0.5,
    )
    return in_transit


def _differs(statement: Statement, receipt: Receipt, found: Found) -> None:
    bank, deposit, line = statement.bank, statement.deposits[receipt.expected[0]], receipt.lines[0]
    want, have = statement.amounts(receipt)
    short = 0 <= have < want
    found.add(
        "bank_lines",
        "short_deposit" if short else UNRESOLVED,
        bank.ids[[line]],
        related=np.zeros(1, np.int64),
        delta=np.array([have - want]),
        evidence=[f"{deposit.kind} deposit of account {deposit.account}: {have} came, {want} expected"],
        days=bank.day[[line]],
        currency=bank.currency[[line]],
        confidence=1.0 if short else 0.5,
    )


def _missing(deposit: Expected, found: Found) -> None:
    named = f", batches {deposit.parts[0]}.." if deposit.parts else f", store {deposit.owner}" if deposit.owner else ""
    text = f"{deposit.kind} deposit of account {deposit.account} due {np.datetime64(deposit.day, 'D')}{named}"
    found.add(
        "bank_lines",
        "missing_deposit",
        np.zeros(1, np.int64),
        related=np.zeros(1, np.int64),
        delta=np.array([-deposit.amount]),
        evidence=[text],
        days=np.array([deposit.day]),
        currency=np.array([deposit.currency]),
    )
