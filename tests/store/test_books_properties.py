"""However a store-day changes between proposals, approvals and postings, the ledger ends at what it last was."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.reconcile.journals.correction import Posted, Step, propose
from he_sync.reconcile.journals.entry import Entry, lines_of
from he_sync.store import books
from he_sync.store.books import Approval, Journal
from he_sync.store.database import Store, open_store

DAY = "2026-11-20"
stores = count(1)
parts = st.sampled_from(["1150", "1155", "sales"])
WAYS = (("propose",), ("propose", "approve"), ("approve",), ("propose", "approve", "post"), ("post",))
steps = st.lists(st.tuples(parts, st.integers(0, 3), st.sampled_from(WAYS), st.integers(1, 4)), min_size=2, max_size=8)
"""A day changes, the close comes so far, a posting is cut off after so many journals."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("books") / "he_sync.db") as opened:
        yield opened


class Day:
    """One store-day: what is wanted of it now, and the books that follow."""

    def __init__(self, store: Store) -> None:
        self.store, self.code, self.wanted = store, f"S{next(stores)}", Counter[str]()

    def entry(self, part: str, cents: int) -> Entry:
        return Entry(
            "store_day", "ACME", self.code, DAY, "business", lines_of((part, cents), ("1199", -cents)), part=part
        )

    def want(self, part: str, cents: int) -> None:
        self.wanted[part] = cents

    def propose(self, *_: object) -> None:
        kept = books.history(self.store, DAY, self.code)
        entries = {
            one.key: self.entry(one.name.split("|")[4], one.amount_minor) for some in kept.values() for one in some
        }
        posted = {
            name: [Posted(entries[one.key], one.version, one.erp_number, one.undone_by) for one in some]
            for name, some in kept.items()
        }
        wanted = [self.entry(part, cents) for part, cents in self.wanted.items() if cents]
        books.propose(self.store, DAY, self.code, {}, "1", [self.journal(step) for step in propose(wanted, posted)])

    def journal(self, step: Step) -> Journal:
        one, lines = step.entry, [(line.account, line.amount_minor) for line in step.entry.lines]
        names = {"name": one.name, "version": step.version, "what": step.what, "undoes": step.undoes}
        dated = {"business_date": DAY, "store": self.code, "posting_date": DAY, "late": False, "text": step.key}
        said = {"body": {"lines": lines}, "content": one.content, "amount_minor": one.amount_minor, "rules": "1"}
        return Journal(key=step.key, **names, **dated, **said, replaces=step.replaces, prepared_by="ana")

    def approve(self, *_: object) -> None:
        waiting = books.of_day(self.store, DAY, self.code, ["proposed"])
        assert all(books.approve_many(self.store, [Approval(one.key, one.content, "bo", "x") for one in waiting]))

    def post(self, _: str, many: int) -> None:
        """The first so many, reversals first: a close may be killed between any two."""
        going = sorted(books.of_day(self.store, DAY, self.code, ["approved"]), key=lambda one: one.what != "reverse")
        books.settle(self.store, {one.key: "7" for one in going[:many]})

    def ledger(self) -> Counter[str]:
        sums = Counter[str]()
        for one in books.of_day(self.store, DAY, self.code, ["posted", "reversed"]):
            sums.update({account: cents for account, cents in one.body["lines"] if account != "1199"})
        return Counter({part: cents for part, cents in sums.items() if cents})


@settings(deadline=None, max_examples=60)
@given(steps)
def test_whatever_happens_in_between_the_ledger_ends_at_what_the_day_last_was(store, ways):
    day = Day(store)
    for part, cents, way, many in ways:
        day.want(part, cents)
        for verb in way:
            getattr(day, verb)("", many)
        alive = books.of_day(store, DAY, day.code)
        assert len({one.key for one in alive}) == len(alive)
        for versions in books.history(store, DAY, day.code).values():
            assert sum(one.state == "posted" for one in versions) <= 1
            assert [one.version for one in versions] == list(range(1, len(versions) + 1))
    day.propose()
    day.approve()
    day.post("", 99)
    assert day.ledger() == Counter({part: cents for part, cents in day.wanted.items() if cents})
