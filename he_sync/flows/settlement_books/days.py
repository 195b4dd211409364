"""Date by date from canonical frames to the folder's relations: a date is made anew only if what it is made of changed.

A date is made of its own snapshots, of those snapshots of other dates that have rows of it, and of the few facts in
`Reach`. What they were is kept as a hash beside the names of the files that were made of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books import cards, contract, ledger, reach, store_days
from he_sync.flows.settlement_books.cards import Linked, Open, Paid
from he_sync.flows.settlement_books.notes import Note, note
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.reach import Reach
from he_sync.flows.settlement_books.source import CLOSED, FRAMES, Source, hashed
from he_sync.flows.settlement_books.tables import KEY_OF, table

FORM = 1  # changes with what is made of a date's snapshots, so that nothing made otherwise is kept
Sink = Callable[[str, str, pd.DataFrame], str]
"""Takes the rows of a relation on a date and gives the name of the file that has them; "" where there are none."""


@dataclass(frozen=True)
class Known:
    """What is kept of a date: hashes of what it was made of, its note, what it left open, and its files by relation.

    `held` are hashes of the ids of its records by relation; `twice` are ids that an earlier date has too and keeps.
    """

    own: str
    note: Note = field(default_factory=Note)
    settled: str = ""
    open: Open = field(default_factory=Open)
    made_of: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    sums: Sequence[Sequence[Any]] = ()
    batches: str = ""
    held: Mapping[str, str] = field(default_factory=dict)
    twice: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**vars(self), "note": self.note.plain(), "open": vars(self.open)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Known:
        """The reverse of `plain`."""
        return cls(**{**plain, "note": Note.of(plain["note"]), "open": Open(**plain["open"])})


class Days:
    """Makes the relations of all dates of a source, on top of what an earlier run kept."""

    def __init__(self, source: Source, numbers: Numbers, before: Mapping[str, Known] | None = None) -> None:
        self.source, self.numbers, self.before = source, numbers, before or {}
        self.known: dict[str, Known] = {}
        self.made: list[str] = []  # dates that were made anew
        self._paid: dict[str, Paid] = {}
        self._also: set[str] = set()  # dates that have a record of one that was made anew

    def write(self, sink: Sink) -> dict[str, Known]:
        """Give what is new to `sink`; returns what is to be kept, by date."""
        for store in self.source.retailer.stores:
            self.numbers.stores.of(store.code)
        self._look()
        for day, one in self._reaches():
            self._make(day, one, sink)
        self._batches(sink)
        return self.known

    def _look(self) -> None:
        """Note what changed dates say of others."""
        form = hashed((FORM, self.source.retailer.model_dump_json(), self.source.cash_is_banked))
        for day in self.source.days:
            self._known(day, form + self.source.digest((*FRAMES, CLOSED), [day]))
        for day in {*reach.paying(self._notes, self.source.days[0]), *reach.posting(self._notes)} - self.known.keys():
            self._known(day, form)

    def _known(self, day: str, own: str) -> None:
        known = self.before.get(day)
        if known is None or known.own != own:
            self.numbers.begin(day)
            known = Known(own, note(self.source, day, self.numbers) if self._is_pulled(day) else Note())
        self.known[day] = known

    def _is_pulled(self, day: str) -> bool:
        """Whether it is a date of the source; of others it has rows too, but what those hold it cannot say."""
        return day in self.source.days

    @property
    def _notes(self) -> dict[str, Note]:
        return {day: self.known[day].note for day in self.source.days}

    def _reaches(self) -> Iterator[tuple[str, Reach]]:
        """Each date, in order, with what it must know of the others."""
        notes = self._notes
        paid_on, posted = reach.paying(notes, self.source.days[0]), reach.posting(notes)
        booked, summed = reach.booked(notes, self.numbers), reach.summing(notes)
        batches, gone = reach.at_bank(notes)
        for day in sorted(self.known):
            self._settle(day, paid_on.get(day, ()))
        across = cards.link_across(self.known[day].open for day in sorted(self.known))
        for day in sorted(self.known):
            yield (
                day,
                Reach(
                    paid_on.get(day, ()),
                    posted.get(day, ()),
                    booked.by.get(day, ()),
                    summed.get(day, ()),
                    booked.away.get(day, ()),
                    batches.get(day, {}),
                    gone.get(day, ()),
                    reach.unpaid(notes, paid_on.get(day, ())),
                    _of_day(across, self.known[day].open),
                ),
            )

    def _settle(self, day: str, paid_on: Sequence[str]) -> None:
        """See what a date's own match of payments and lines leaves open."""
        of = self.source.digest(("payments", "settlement_lines"), [day]) + self.source.digest(
            ("deposit_lines",), paid_on
        )
        if self.known[day].settled != of:
            rows = cards.alive(self.source, day), cards.settled(self.source, day, paid_on)
            self.known[day] = replace(self.known[day], settled=of, open=cards.link(*rows)[1])

    def _make(self, day: str, one: Reach, sink: Sink) -> None:
        """Make a date anew where it has to be."""
        known = self.known[day]
        others = ((("deposit_lines", "deposits"), one.paid_on), (("ledger_elsewhere",), one.posted_by),
                  (("erp_orders",), one.booked_by), (("ledger_lines",), one.summed_by))  # fmt: skip
        made_of = hashed((known.own, asdict(one), [self.source.digest(*some) for some in others]))
        changed = made_of != known.made_of
        twice = known.twice
        if not changed and (twice or day in self._also):
            twice = self.numbers.earlier(day, self.source.days[0])
        if not changed and twice == known.twice:
            return
        self.made.append(day)
        rows = self._rows(day, one)
        held = self._hold(day, rows, known)
        twice = self.numbers.earlier(day, self.source.days[0])
        for name, ids in twice.items():
            rows[name] = rows[name][~rows[name][KEY_OF[name]].isin(ids)].reset_index(drop=True)
        files = {name: sink(name, day, some) for name, some in rows.items()}
        kept = {name: known.files[name] for name in ("batches",) if name in known.files}
        sums = cards.sums(rows["settlement_lines"], day)
        self.known[day] = replace(known, made_of=made_of, files=kept | files, sums=sums, held=held, twice=twice)

    def _rows(self, day: str, one: Reach) -> dict[str, pd.DataFrame]:
        source, numbers = self.source, self.numbers
        numbers.begin(day)
        taken, settled = cards.alive(source, day), cards.settled(source, day, one.paid_on)
        own, _ = cards.link(taken, settled)
        linked = Linked({**own.brands, **one.linked.brands}, {**own.payments, **one.linked.payments})
        paid = [self._paid_on(other) for other in one.paid_on]
        made: dict[str, Any] = {
            "pos_payments": cards.payments(source, taken, numbers, linked),
            "settlement_lines": cards.lines(source, settled, numbers, linked, paid),
            "bank_lines": ledger.bank_lines(source, day, numbers, one.batches, one.gone),
            "gl_lines": ledger.postings(source, day, one.posted_by, numbers),
            "pos_orders": ledger.pos_orders(source, day, numbers),
            "erp_orders": ledger.erp_orders(source, day, numbers, one.booked_by, one.away),
        }
        tables = {name: table(name, rows) for name, rows in made.items()}
        if source.by_store_day:
            taken = tables["pos_payments"]
            places = zip(taken["store_id"], contract.accounts_of(source, taken["tender"]), strict=True)
            sums = table("gl_lines", store_days.lines(source, day, one.summed_by, places, numbers))
            tables["gl_lines"] = pd.concat([tables["gl_lines"], sums], ignore_index=True)
        return tables

    def _paid_on(self, day: str) -> Paid:
        if day not in self._paid:
            self._paid[day] = cards.paid(self.source, day)
        return self._paid[day]

    def _hold(self, day: str, rows: Mapping[str, pd.DataFrame], known: Known) -> dict[str, str]:
        held: dict[str, str] = {}
        for name, some in rows.items():
            ids = some[KEY_OF[name]].tolist()
            held[name] = hashed(sorted(ids))
            if known.held.get(name) != held[name]:
                self.numbers.hold(name, day, ids, all_of_it=self._is_pulled(day))
        self._also |= self.numbers.sharing(day)
        return held

    def _batches(self, sink: Sink) -> None:
        """Batches of all dates, from what their lines add to them: a few a store and date."""
        parts = (part for day in sorted(self.known) for part in self.known[day].sums)
        by_day: dict[str, list[dict[str, Any]]] = {day: [] for day in self.known}
        for one in cards.batches(self.source, parts, self.numbers):
            by_day[one["batch_date"]].append(one)
        for day, rows in by_day.items():
            known = self.known[day]
            if (of := hashed(rows)) != known.batches:
                files = {**known.files, "batches": sink("batches", day, table("batches", rows))}
                self.known[day] = replace(known, batches=of, files=files)


def _of_day(across: Linked, left: Open) -> Linked:
    payments, lines = {row[0] for row in left.payments}, {row[0] for row in left.lines}
    return Linked(
        {one: across.brands[one] for one in sorted(payments & across.brands.keys())},
        {one: across.payments[one] for one in sorted(lines & across.payments.keys())},
    )
