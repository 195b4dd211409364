"""Whatever is merged, taken back, edited, linked and erased: the books of the master stay consistent, step by step.

Every record belongs to one living customer, links never cross customers, an un-merge restores what was, what was erased
is in no table, and the money that hangs on customers is the same sum.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import Source, survive
from he_sync.store import audit, effects, master
from he_sync.store.database import Store, open_store
from he_sync.store.master import Record
from he_sync.store.master_tables import master_members, master_records, masters
from he_sync.store.tables import metadata
from tests.store.customers import DANA, holding, money, name, order, take
from tests.store.customers import links as linked

PEOPLE = 5
WHO = st.integers(0, PEOPLE - 1)
NAMES = ("Ada", "Bob", "Eve", "Joe", "Kim")


def person(number: int, edit: int = 0) -> list[Source]:
    """A shop record and an Epicor record; everybody's values are their own, edited ones too."""
    told = {"first_name": NAMES[number], "last_name": f"Q{number}x{edit}q", "email": f"w{number}x{edit}@q.example"}
    return [
        Source("heartland", str(number + 10), told),
        Source("epicor", f"H{number + 10}", {"phone": f"55501{number}{edit:02}99"}),
    ]


class Books(RuleBasedStateMachine):
    """One store with five people, whose two records are a customer each, and an order for each."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        with store.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name not in ("audit", "cursors"):
                    connection.execute(delete(table))
        self.edits = dict.fromkeys(range(PEOPLE), 0)
        self.erased: set[str] = set()
        self.gone: set[Record] = set()
        self.everybody()
        effects.plan(store, [order(number, f"H{number + 10}", 100 + number) for number in range(PEOPLE)])
        self.sum = money(store)

    def everybody(self) -> None:
        """A run that finds what the master has, with the records as they are now."""
        groups: dict[Any, list[Source]] = {}
        for number in range(PEOPLE):
            for one in person(number, self.edits[number]):
                groups.setdefault(master.whose(self.store, name(one)) or f"new {number}", []).append(one)
        take(self.store, *groups.values())

    def of(self, number: int) -> int:
        found = master.whose(self.store, Record("heartland", str(number + 10)))
        assert found is not None
        return found

    def shown(self) -> Any:
        """All that an un-merge must bring back."""
        with self.store.begin() as connection:
            living = connection.execute(select(masters.c.id).where(masters.c.ended_at.is_(None))).scalars().all()
        told = [(each.effect, each.state) for each in effects.listing(self.store)]
        return {one: master.customer(self.store, one) for one in living}, linked(self.store), told

    @rule(loser=WHO, survivor=WHO, back=st.booleans())
    def merge(self, loser: int, survivor: int, back: bool) -> None:
        ends = self.of(loser), self.of(survivor)
        if ends[0] == ends[1]:
            return
        before = self.shown()
        try:
            master.merge(self.store, *ends, DANA)
        except FixInput:
            assert self.shown() == before
            return
        assert self.shown() != before
        if back:
            master.unmerge(self.store, ends[0], DANA)
            assert self.shown() == before

    @rule(which=st.integers(0, 9))
    def unmerge(self, which: int) -> None:
        """A merge of long ago, under whatever was merged since."""
        with self.store.begin() as connection:
            ended = connection.execute(select(masters.c.id).where(masters.c.ended_at.is_not(None))).scalars().all()
        if not ended:
            return
        loser = ended[which % len(ended)]
        try:
            done = master.unmerge(self.store, loser, DANA)
        except FixInput:
            return
        assert set(master.customer(self.store, loser).members) >= set(done.moved)
        with self.store.begin() as connection:
            still = connection.execute(select(masters.c.id).where(masters.c.ended_at.is_not(None))).scalars().all()
        assert set(still) == set(ended) - {loser}, "merges on top of it stand"
        assert not done.moved or any(
            not one.same and len({one.left, one.right} & set(done.moved)) == 1 for one in master.standing(self.store)
        ), "the next run keeps the two apart"

    @rule(who=WHO)
    def edit(self, who: int) -> None:
        self.edits[who] += 1
        self.everybody()

    @rule(one=WHO, other=WHO, same=st.booleans())
    def say(self, one: int, other: int, same: bool) -> None:
        ends = Record("heartland", str(one + 10)), Record("epicor", f"H{other + 10}")
        before = master.standing(self.store)
        try:
            master.decide(self.store, *ends, DANA, same=same)
        except FixInput:
            assert master.standing(self.store) == before

    @rule(who=WHO)
    def part(self, who: int) -> None:
        one = Record("epicor", f"H{who + 10}")
        before = master.whose(self.store, one)
        try:
            master.split(self.store, [one], DANA)
        except FixInput:
            return
        assert master.whose(self.store, one) != before

    @rule(who=WHO)
    def erase(self, who: int) -> None:
        number = self.of(who)
        mine = master.customer(self.store, number)
        for each in effects.listing(self.store):
            if each.state in ("planned", "waiting_approval"):
                effects.withdraw(self.store, each.effect.key, "dana", "settled")
        master.erase(self.store, number, DANA)
        self.gone |= set(mine.members)
        values = {value for one in mine.records for key, value in one.fields.items() if key != "first_name"}
        self.erased |= values

    @invariant()
    def every_record_belongs_to_one_living_customer(self) -> None:
        with self.store.begin() as connection:
            now = connection.execute(select(master_members).where(master_members.c.until.is_(None))).all()
            known = connection.execute(select(master_records.c.side, master_records.c.record_id)).all()
            ended = set(connection.execute(select(masters.c.id).where(masters.c.ended_at.is_not(None))).scalars())
        assert sorted((row.side, row.record_id) for row in now) == sorted(map(tuple, known))
        assert not {row.master for row in now} & ended

    @invariant()
    def a_link_never_crosses_customers(self) -> None:
        for shop, account in linked(self.store).items():
            theirs = master.whose(self.store, Record("epicor", account))
            assert theirs in (None, master.whose(self.store, Record("heartland", shop)))

    @invariant()
    def what_people_decided_never_contradicts_itself(self) -> None:
        group: dict[Record, Record] = {}

        def of(one: Record) -> Record:
            while one in group:
                one = group[one]
            return one

        said = master.standing(self.store)
        for each in (one for one in said if one.same and of(one.left) != of(one.right)):
            group[of(each.left)] = of(each.right)
        assert not [one for one in said if not one.same and of(one.left) == of(one.right)]

    @invariant()
    def the_golden_record_is_what_survives_of_the_records(self) -> None:
        for customer in self.shown()[0].values():
            assert customer.golden == survive(customer.records)

    @invariant()
    def what_was_erased_is_nowhere(self) -> None:
        for value in self.erased:
            assert holding(self.store, value) == []

    @invariant()
    def the_money_is_the_same_and_hangs_on_accounts_that_somebody_has(self) -> None:
        assert money(self.store) == self.sum
        for each in effects.listing(self.store):
            assert master.whose(self.store, Record("epicor", each.effect.body["customer"])) is not None

    @invariant()
    def the_log_holds(self) -> None:
        assert audit.first_broken(self.store) is None


# Every step is several transactions: shrinking a failure would take minutes, so the steps are shown as they fell.
QUICK = settings(
    max_examples=8,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_random_merges_un_merges_edits_links_and_erasures_keep_the_books(tmp_path: Any) -> None:
    with open_store(tmp_path / "store.db") as store:
        run_state_machine_as_test(lambda: Books(store), settings=QUICK)
