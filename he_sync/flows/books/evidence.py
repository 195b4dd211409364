"""The evidence of store-days as tables: all that a reviewer needs to follow a cent from its source to the ledger.

Source hashes and counts, rules, matches by leg, open items, journals with ERP numbers, approvals, late items, direct
entries, tolerance totals, the audit of it all (reference accounting 4.8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from he_sync.flows import compare
from he_sync.flows.books import clearing_sheets, exceptions_sheets, tills_sheets
from he_sync.flows.books import ledger as books_ledger
from he_sync.flows.books.ground import Books
from he_sync.flows.books.look import LEDGER, Looked, look
from he_sync.flows.books.pulled import NAMES
from he_sync.flows.books.totals import totals
from he_sync.flows.sources import SOURCES
from he_sync.model.contract import records
from he_sync.model.errors import FixInput
from he_sync.model.money import to_major
from he_sync.reconcile.evidence.sheets import Cell, Sheet
from he_sync.store import audit, books
from he_sync.store.books import Journal

HASHES = (*sorted(NAMES), LEDGER)
WATCHED = ("card_clearing", "amex_clearing", "cash")

Rows = Iterator[tuple[Cell, ...]]


@dataclass(frozen=True)
class Evidence:
    """Facts of some store-days, as tables."""

    office: Books
    days: tuple[str, ...]
    stores: tuple[str, ...]

    @cached_property
    def looked(self) -> list[Looked]:
        """The store-days as they stand."""
        return [one for day in self.days for one in look(self.office, day, self.stores)]

    @cached_property
    def journals(self) -> list[Journal]:
        """Their journals that are not withdrawn, in the order of keys: the same for the same books."""
        return sorted((one for each in self.looked for one in each.journals), key=lambda one: one.key)

    def money(self, minor: int) -> Decimal:
        """An amount as it is written."""
        return to_major(minor, self.office.retailer.currency)

    def sheets(self) -> list[Sheet]:
        """All tables, in the order of reading."""
        made = {
            "store_days": (
                (
                    *("date", "store", "state", "tickets", "taken", "signed_by", "signed_at", "reason", "rules"),
                    *("because", *(f"hash_{name}" for name in HASHES), "audit_head"),
                ),
                self._store_days(),
            ),
            "proof": (("date", "store", "account", "others", "ours", "ledger", "should_be", "differs"), self._proof()),
            "journals": (
                (
                    *("key", "state", "amount", "number", "posting_date", "prepared_by", "approved_by", "reason"),
                    *("approved_at", "posted_at", "what", "late", "content", "rules"),
                    *("undoes", "replaces", "undone_by"),
                ),
                (self._journal(one) for one in self.journals),
            ),
            "lines": (("key", "account", "debit", "credit", "about", "text"), self._lines()),
            "late": (
                ("key", "business_date", "posting_date", "amount", "state", "text"),
                (self._late(one) for one in self.journals if one.late),
            ),
            "matches": (("date", "leg", "store", "rule", "payments", "amount"), self._matches()),
            "open_items": (("date", "leg", "class", "subject", "store", "amount", "evidence", "action"), self._open()),
            "direct_entries": (("date", "line", "account", "store", "amount", "description"), self._direct()),
            "totals": (("month", "what", "journals", "amount"), self._totals()),
            "sources": (("date", "stage", "entity", "rows", "source_total", "read_at", "sha256"), self._sources()),
            "audit": (("seq", "at", "actor", "action", "subject", "detail", "hash"), self._audit()),
        }
        own = [Sheet(name, columns, tuple(rows)) for name, (columns, rows) in made.items()]
        of = (self.office, self.days, self.stores)
        return [*own, *exceptions_sheets.sheets(*of), *clearing_sheets.sheets(*of), *tills_sheets.sheets(*of)]

    def _store_days(self) -> Rows:
        for one in self.looked:
            row, day = one.row, one.ground.day
            signed = one.standing.state == "signed"
            told = (row.signed_by, _at(row.signed_at), row.signed_reason) if signed else ("", "", "")
            hashes = tuple(row.ground.get(name, "") for name in HASHES)
            counted: tuple[Cell, ...] = (day.tickets, self.money(day.tendered_minor))
            because = one.standing.because
            yield (
                *(row.business_date, row.store, one.standing.state, *counted, *told, row.rules, because),
                *(*hashes, row.signed_head if signed else ""),
            )

    def proof(self) -> Rows:
        """By date, store and account: what others posted, what we did, what the ledger has, and what it should have."""
        return self._proof()

    def _proof(self) -> Rows:
        """What others posted and what we did, against what the two were to make together."""
        for day in self.days:
            if (now := self._ledger(day)) is None:
                continue
            for one in (each for each in self.looked if each.row.business_date == day):
                others, ours = now.standing(one.store), now.posted(one.store)
                wanted = _planned(one.journals)
                for account in sorted({*others, *ours, *wanted}):
                    theirs = others.get(account, 0)
                    stands, should = theirs + ours.get(account, 0), theirs + wanted.get(account, 0)
                    amounts = (theirs, ours.get(account, 0), stands, should, stands - should)
                    yield (day, one.store, account, *(self.money(cents) for cents in amounts))

    def _ledger(self, day: str) -> books_ledger.Ledger | None:
        try:
            return books_ledger.kept(self.office, day)
        except FixInput:
            return None

    def _journal(self, one: Journal) -> tuple[Cell, ...]:
        return (
            *(one.key, one.state, self.money(one.amount_minor), one.erp_number, one.posting_date, one.prepared_by),
            *(one.approved_by or "", one.reason, _at(one.approved_at), _at(one.posted_at), one.what),
            *("late" if one.late else "", one.content, one.rules, one.undoes, one.replaces, one.undone_by),
        )

    def _lines(self) -> Rows:
        for one in self.journals:
            for line in one.body["lines"]:
                cents = int(line["amount_minor"])
                sides = (self.money(max(cents, 0)), self.money(max(-cents, 0)))
                yield (one.key, line["account"], *sides, line["about"], line["text"])

    def _late(self, one: Journal) -> tuple[Cell, ...]:
        return (one.key, one.business_date, one.posting_date, self.money(one.amount_minor), one.state, one.text)

    def _matches(self) -> Rows:
        """Card payments that have their settlement line, by the rule that found it; what has none is an open item."""
        for day in self.days:
            links, payments = (self._read("canonical", name, day) for name in ("settlement_links", "payments"))
            rule = dict(zip(links["payment_id"], links["rule"], strict=True))
            found: Counter[tuple[str, str]] = Counter()
            sums: Counter[tuple[str, str]] = Counter()
            for row in records(payments[payments["payment_id"].isin(rule.keys())]):
                if not self.stores or row.store in self.stores:
                    place = (row.store, str(rule[row.payment_id]))
                    found[place] += 1
                    sums[place] += int(row.amount_minor)
            for place, count in sorted(found.items()):
                yield (day, "settlements", *place, count, self.money(sums[place]))

    def _open(self) -> Rows:
        """What the comparisons of each leg found and nobody corrected in the pulled data: it waits or was accepted."""
        for day in self.days:
            for leg in compare.LEGS:
                for one in compare.from_frame(self._read("reconcile", leg, day)):
                    if not self.stores or one.store in self.stores:
                        amount = self.money(one.delta_minor)
                        yield (day, leg, one.klass, one.subject, one.store, amount, one.evidence, one.action)

    def _direct(self) -> Rows:
        accounts = {getattr(self.office.retailer.accounts, name) for name in WATCHED}
        for day in self.days:
            now = self._ledger(day)
            for row in now.direct(accounts) if now else ():
                if not self.stores or row.store in self.stores:
                    told = (row.line_id, row.account, row.store)
                    yield (day, *told, self.money(int(row.amount_minor)), row.description)

    def _totals(self) -> Rows:
        for month in sorted({day[:7] for day in self.days}):
            found = totals(self.office, month)
            for who, cents in sorted(found.approved.items()):
                yield (month, f"approved by {who}", found.journals[who], self.money(cents))
            for account, cents in sorted(found.tolerances.items()):
                yield (month, f"tolerances on {account}", 0, self.money(cents))
            for rule, cents in sorted(found.written_off.items()):
                yield (month, f"exceptions written off under {rule}", 0, self.money(cents))

    def _sources(self) -> Rows:
        for day in self.days:
            for stage, names in (("raw", tuple(SOURCES)), ("canonical", tuple(NAMES))):
                for name in names:
                    try:
                        kept = self.office.lake.current(stage, name, day)
                    except FixInput:
                        continue
                    total = int(kept.facts.get("source_total", kept.rows))
                    yield (day, stage, name, kept.rows, total, str(kept.facts.get("began", "")), kept.digest)

    def _read(self, stage: str, name: str, day: str) -> Any:
        return self.office.lake.read(stage, name, day)

    def _audit(self) -> Rows:
        subjects = {one.row.subject for one in self.looked} | {one.key for one in self.journals}
        for row in audit.entries_of(self.office.store, subjects):
            yield (row.seq, _at(row.at), row.actor, row.action, row.subject, row.detail, row.hash)

    def rules(self) -> dict[str, Any]:
        """Every set of rules that one of the journals or store-days names, whole."""
        named = {one.rules for one in self.journals} | {one.row.rules for one in self.looked if one.row.rules}
        return {version: books.rules_of(self.office.store, version) for version in sorted(named)}


def _planned(journals: Sequence[Journal]) -> dict[str, int]:
    """By account, what the journals that are posted or were are to have moved."""
    sums: dict[str, int] = {}
    for one in journals:
        if one.state in {"posted", "reversed"}:
            for line in one.body["lines"]:
                account = line["account"].partition("|")[0]
                sums[account] = sums.get(account, 0) + int(line["amount_minor"])
    return sums


def _at(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else ""
