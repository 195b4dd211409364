"""The bank's side of a night: units that are open or were touched are done again, the others stand as they were."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.day_links import difference
from he_sync.reconcile.again.manifest import SMALL
from he_sync.reconcile.again.part import AHEAD
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.again.units import DAYS, Redone, Side, joined, key, support, votes
from he_sync.reconcile.chain.arrays import BankLines, Batches
from he_sync.reconcile.chain.bank import Statement
from he_sync.reconcile.chain.bank_days import month_end_next
from he_sync.reconcile.chain.close import Cents
from he_sync.reconcile.chain.deposits import Settlements
from he_sync.reconcile.chain.expected import CASH, FEES, FEES_LAG, Funding, Ways, banked, fee_withdrawals
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask
from he_sync.reconcile.chain.stages import Stages

if TYPE_CHECKING:
    from he_sync.reconcile.again.night import Night


COMPANY = 0
"""What ledger lines have as store that belong to none; its account is 0 too."""


class Bank:
    """Deposits, bank lines and their postings, as far as they are redone."""

    def __init__(self, night: Night, settlements: Settlements) -> None:
        self.night, self.stages, self.settlements = night, night.stages, settlements
        self.noted: Mapping[str, Any] = night.before.noted["bank"]
        self.funding = self.stages.funding(settlements.store_of_batch)
        self.found, self.side = Found(keep=True), Side()
        self.blind = np.unique(self.stages.stores.account[settlements.one.store])
        self.redone = self._redone()

    def run(self) -> Cents:
        """Match the redone units; all of them, where memos are to be read in another way than before."""
        transit = self._match()
        kinds, known = self.noted["kinds"], self.noted["shapes"]
        if not self.redone.all and any(kinds.get(one) != self.side.kinds.get(one) for one in known):
            self.redone = Redone(np.empty(0, np.int64), self.blind, all_of_them=True)
            transit = self._match()
        return transit

    def _match(self) -> Cents:
        bank = self._bank()
        deposits, funding = self._deposits(bank)
        known = votes(self.redone.kept(self.night.frames["votes"]), self.noted["texts"])
        self.found, self.side = Found(allowance=self.stages.found.allowance, keep=True), Side()
        part = copy(self.stages)
        part.bank, part.found, part.differing = bank, self.found, {}
        part.keep = lambda _, what: self.side.hear(what)
        self.stages.odds = part.odds = part.odds.anew()
        part.reader = self.stages.reader.within(self._booked(), AHEAD["bank"])
        booked = part.deposits_and_fees(part.reader.postings(), set(self.settlements.one.store.tolist()))
        transit = part.received(self.settlements, funding, Statement(bank, deposits, known), booked, self.found)
        self.stages.differing |= part.differing
        return transit

    def _redone(self) -> Redone:
        """Open units, those of what came, went and changed, and all of accounts with lines without a batch."""
        accounts = np.union1d(self.blind, np.array(self.noted["blind"], np.int64))
        if self._other():
            return Redone(np.empty(0, np.int64), accounts, all_of_them=True)
        still = self.night.frames["open"]
        units = [key(still["account"], still["day"]), *self._of_batches(), self._of_cash()]
        units += [self._of_rows(query) for query in (_BANK, _BOOKED)]
        return Redone(np.concatenate(units), accounts)

    def _other(self) -> bool:
        """Whether what all units depend on is another, or an earlier state of small relations is not known."""
        reach, before = self.night.reach, self.night.before
        small = any(name not in reach.books.noted or before.went[name] for name in SMALL)
        return small or self.noted["money"] != money_of(self.stages)

    def _of_batches(self) -> list[Ints]:
        """Units of batches that are others than before, and of the fees of their months."""
        found = []
        for frame in self.night.batches_changed:
            store = self.night.store_of(frame["mid"], self.night.parts["card_now"])
            rows = np.flatnonzero(store >= 0)
            account = self.stages.stores.account[store[rows]]
            some = {name: column[rows] for name, column in frame.items()}
            found.append(key(account, self._value(some["brand"], some["day"])))
            gross = ~self.stages.stores.net[store[rows]]
            found.append(key(account[gross], self._billed(some["day"][gross])))
        return found

    def _value(self, brand: AnyInts, day: AnyInts) -> Ints:
        value = np.zeros(len(day), np.int64)
        for code, name in enumerate(self.funding.brands):
            here = brand == code
            value[here] = self.funding.bank_days.after(day[here], self.funding.lags.get(name, 1))
        return value

    def _billed(self, day: AnyInts) -> Ints:
        """When gross funding bills the fees of the days' months."""
        lag = self.funding.lags.get(FEES, FEES_LAG)
        months, place = np.unique(day.astype("M8[D]").astype("M8[M]"), return_inverse=True)
        firsts = months.astype("M8[D]").astype(np.int64).tolist()
        due = [self.funding.bank_days.one(month_end_next(first), lag) for first in firsts]
        return np.array(due, np.int64)[place] if due else np.empty(0, np.int64)

    def _of_cash(self) -> Ints:
        found = tables.fetch(self.night.run, _CASH)
        return key(found["account"], self.funding.bank_days.after(found["day"], self.funding.lags.get(CASH, 1)))

    def _of_rows(self, query: str) -> Ints:
        found = tables.fetch(self.night.run, query)
        return key(found["account"], found["day"])

    def _bank(self) -> BankLines:
        """The redone units' lines."""
        bank = self.stages.bank
        rows = np.flatnonzero(self.redone(bank.account, bank.day))
        columns = {one.name: getattr(bank, one.name) for one in fields(BankLines) if one.name != "memo"}
        some = {name: column[rows] for name, column in columns.items()}
        return BankLines(**some, memo=[bank.memo[row] for row in rows.tolist()])

    def _deposits(self, bank: BankLines) -> tuple[list[Any], Funding]:
        """The redone units' deposits; an account that has shown to be funded in another way is redone whole."""
        store_of, stores, batches = self.funding.store_of, self.stages.stores, self.funding.batches
        known = np.flatnonzero(store_of >= 0)
        account = stores.account[store_of[known]]
        value = self.funding.value_dates(known)
        before = self.night.frames["ways"]
        while True:
            funding = self._funding(known[self.redone(account, value)], bank)
            ways = Ways(funding)
            exact = support(ways, self.redone.kept(before))
            was = support(ways, before, alone=True)
            other = np.argmax(exact, axis=0) != np.argmax(was, axis=0) if exact.shape[1] else np.empty(0, bool)
            accounts = np.setdiff1d(ways.legs[0][other], self.redone.accounts)
            if self.redone.all or not len(accounts):
                break
            self.redone = Redone(self.redone.units, np.union1d(self.redone.accounts, accounts))
            bank = self._bank()
        gross = known[~stores.net[store_of[known]]]
        billed = self.redone(stores.account[store_of[gross]], self._billed(batches.day[gross]))
        cash = self.night.frames["cash"]
        here = self._cash_redone(cash)
        some = {name: column[here] for name, column in cash.items()}
        due = banked(some["store"], some["currency"], some["day"], some["amount"], self.funding)
        return ways.deposits(exact) + due + fee_withdrawals(self._funding(gross[billed], bank)), funding

    def _cash_redone(self, cash: Frame) -> Mask:
        place = self.stages.stores.places(cash["store"])
        account = np.where(place >= 0, self.stages.stores.account[np.maximum(place, 0)], 0)
        return self.redone(account, self.funding.bank_days.after(cash["day"], self.funding.lags.get(CASH, 1)))

    def _funding(self, rows: Ints, bank: BankLines) -> Funding:
        """How some batches become money."""
        batches = self.funding.batches
        some = Batches(**{one.name: getattr(batches, one.name)[rows] for one in fields(Batches)})
        return replace(self.funding, batches=some, store_of=self.funding.store_of[rows], bank=bank)

    def _booked(self) -> str:
        """A schema with the redone units' deposit postings, and the fee journals of stores without batch ids."""
        run, blind = self.night.run, self.stages.stores.ids[np.unique(self.settlements.one.store)].tolist()
        run("CREATE SCHEMA IF NOT EXISTS bank_now")
        kept = " UNION ALL ".join(f"FROM main.booked {what}" for what in self._kept(_listed(blind)))
        run(f"CREATE OR REPLACE TABLE bank_now.gl_lines AS {kept}")
        return "bank_now"

    def _kept(self, blind: str) -> list[str]:
        """Which postings these are: each a condition that is told while the copies are read, of which few stay."""
        fees = f"WHERE source = 'BATCH' AND store_id IN ({blind})"
        if self.redone.all:
            return [fees, "WHERE source = 'DEPOSIT'"]
        stores, units = self.stages.stores, self.redone.units
        ids, held = (np.append(one, COMPANY) for one in (stores.ids, stores.account))
        whole = np.isin(held, self.redone.accounts)
        order = np.flatnonzero(~whole)[np.argsort(held[~whole], kind="stable")]
        first, last = (np.searchsorted(held[order], units >> DAYS, side) for side in ("left", "right"))
        unit = np.repeat(np.arange(len(units)), last - first)
        nth = np.arange(len(unit)) - np.searchsorted(unit, unit)
        pairs = key(ids[order[first[unit] + nth]], units[unit] & ((1 << DAYS) - 1))
        tables.show(self.night.reach.connection, "redone_days", {"unit": pairs})
        some = f"SEMI JOIN redone_days ON store_id * {1 << DAYS} + (posting_date - DATE '1970-01-01') = unit"
        stay = f"store_id IN ({_listed(ids[whole].tolist())})"
        return [fees, f"WHERE source = 'DEPOSIT' AND {stay}", f"{some} WHERE source = 'DEPOSIT'"]

    def links(self, name: str, side: str, earlier: Frame) -> tuple[Frame, Frame, Frame]:
        """Links of BD or DG: all as they are now, those that are no more, and those that are new."""
        bank = self.stages.bank
        gone = np.full(len(earlier["left"]), self.redone.all)
        if not self.redone.all:
            ids = bank.ids[self.redone(bank.account, bank.day)]
            gone = np.isin(earlier[side], ids)
        fresh = self.night.links.frame(name, self.found.links[name])
        stay = {column: values[~gone] for column, values in earlier.items()}
        less, more = difference({column: values[gone] for column, values in earlier.items()}, fresh)
        now = {column: np.concatenate((stay[column], fresh[column])) for column in fresh}
        return self.night.links.ordered(now), less, more

    def state(self) -> tuple[dict[str, Frame], dict[str, Any]]:
        """Frames and figures for the next run."""
        frames = self.night.frames
        stay = {name: self.redone.kept(frames[name]) for name in ("ways", "votes")}
        merged, texts = joined(stay, self.noted["texts"], self.side)
        shapes = self.side.shapes if self.redone.all else self.side.shapes | set(self.noted["shapes"])
        return merged, figures(self.stages, self.side, self.blind, texts, shapes)


def _listed(numbers: list[int]) -> str:
    """Whole numbers for IN; -1, which is none, keeps it from being empty."""
    return ", ".join(map(str, [-1, *numbers]))


def figures(stages: Stages, side: Side, blind: Ints, texts: list[str], shapes: set[str]) -> dict[str, Any]:
    """What is to be noted of the bank's side."""
    return {
        "kinds": side.kinds,
        "shapes": sorted(shapes),
        "texts": texts,
        "blind": blind.tolist(),
        "money": money_of(stages),
    }


def money_of(stages: Stages) -> dict[str, Any]:
    """What decides in which currency deposits arrive."""
    held: set[tuple[int, int]] = set()
    if len(stages.codes.currencies) > 1:
        held = set(zip(stages.bank.account.tolist(), stages.bank.currency.tolist(), strict=True))
    return {"rates": stages.books.versions.get("rates", ""), "held": [list(one) for one in sorted(held)]}


_ACCOUNT = "coalesce(s.bank_account, 0)::BIGINT AS account"
_BANK = "SELECT bank_account::BIGINT AS account, value_date - DATE '1970-01-01' AS day FROM came.bank_lines"
_BOOKED = (
    f"SELECT DISTINCT {_ACCOUNT}, posting_date - DATE '1970-01-01' AS day FROM"
    " (FROM came.gl_lines UNION ALL FROM went.gl_lines) g LEFT JOIN main.stores s USING (store_id)"
    " WHERE source = 'DEPOSIT'"
)
_CASH = (
    f"SELECT DISTINCT {_ACCOUNT}, business_date - DATE '1970-01-01' AS day FROM"
    " (FROM came.pos_payments UNION ALL FROM went.pos_payments) p LEFT JOIN main.stores s USING (store_id)"
    " WHERE tender = 'cash'"
)
