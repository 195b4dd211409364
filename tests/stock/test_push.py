"""Epicor's counts to the shop: only what is news, against the latest read, once, and never from a stale plan."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.model.quantity import MILLI
from he_sync.stock.figures import Item
from he_sync.stock.push import OLDEST, Read, Stale, Target, fresh, plan
from tests.stock.shelf import NIGHT, figure


def epicors(klass, location):
    """Hats are the shop's own; of the rest two places are Epicor's."""
    return "heartland" if klass == "hats" else {"S001": "epicor", "S002": "epicor"}.get(location, "")


def target(sku, count, spot=("S001", ""), *, revision="1", unknown=0):
    """`spot` is the place and the item's class."""
    counted = figure(count, record=f"PartWhse {sku}")
    return Target(Item(sku, spot[1]), spot[0], counted, revision, unknown * MILLI)


def read(count, version="1", at=NIGHT):
    return Read(7, figure(count, "heartland", "inventory value", at), version)


def test_a_preview_says_what_changes_from_what_to_what():
    found = plan([target("A", 12), target("B", 3)], {("A", "S001"): read(9), ("B", "S001"): read(3)}, {}, epicors)
    assert list(found.preview()) == ["item A @ S001: 9 -> 12 (+3)"]
    assert found.left == {"equal": 1}


def test_a_count_that_was_sent_is_no_news_whatever_the_shop_sold_since():
    news = target("A", 12)
    found = plan([news], {("A", "S001"): read(5, "9")}, {news.spot: news.content}, epicors)
    assert (found.sets, found.left) == ((), {"unchanged": 1})


def test_a_count_that_went_and_came_back_is_news_since_the_shop_may_have_seen_one_of_the_two():
    before = target("A", 12, revision="1")
    found = plan([target("A", 12, revision="3")], {("A", "S001"): read(11)}, {before.spot: before.content}, epicors)
    assert list(found.preview()) == ["item A @ S001: 11 -> 12 (+1)"]


def test_what_the_shop_sold_and_epicor_does_not_know_is_not_given_back():
    found = plan([target("A", 12, unknown=-3)], {("A", "S001"): read(5)}, {}, epicors)
    assert [line.new_milli for line in found.sets[0].lines] == [9 * MILLI]


def test_an_order_that_one_side_does_not_hold_yet_is_held_by_the_other_and_never_given_back():
    """Epicor counts 10 of each: of A the till committed 4 and Epicor reserved 1, of B Epicor alone holds 3."""
    only_here = Target(Item("A"), "S001", figure(10), "1", 0, 1 * MILLI)
    only_there = Target(Item("B"), "S001", figure(10), "1", 0, 3 * MILLI)
    reads = {("A", "S001"): Read(7, figure(10), "1", 4 * MILLI), ("B", "S001"): Read(8, figure(10), "1")}
    found = plan([only_here, only_there], reads, {}, epicors)
    assert list(found.preview()) == ["item B @ S001: 10 -> 7 (-3)"]


def test_a_change_over_the_limit_waits_and_the_others_go():
    reads = {("A", "S001"): read(0), ("B", "S001"): read(0)}
    found = plan([target("A", 9), target("B", 4)], reads, {}, epicors, most_milli=5 * MILLI)
    assert [line.sku for one in found.sets for line in one.lines] == ["B"]
    assert list(found.preview())[-1] == "item A @ S001: 0 -> 9 (+9) waits, more than the limit"


def test_only_places_and_classes_that_epicor_owns_are_written():
    counts = [target("A", 1), target("A", 1, ("S009", "")), target("H", 1, ("S001", "hats"))]
    reads = {one.spot: read(0) for one in counts}
    found = plan(counts, reads, {}, epicors)
    assert list(found.preview()) == ["item A @ S001: 0 -> 1 (+1)"]
    assert found.left == {"not sent by Epicor": 2}


def test_one_bad_count_is_refused_by_name_and_the_others_go_on():
    counts = [target("A", 1), target("B", "0.5"), target("C", 2), target("C", 3)]
    found = plan(counts, {("B", "S001"): read(0), ("C", "S001"): read(0)}, {}, epicors)
    assert list(found.preview()) == [
        "item C @ S001: 0 -> 2 (+2)",
        "item A @ S001: refused, PartWhse A: no item of the shop; create the item before its stock",
        "item B @ S001: refused, PartWhse B: 0.5 there, 0 here, and the item is sold by whole units",
        "item C @ S001: refused, PartWhse C: a second count of this item and place; one may be its master",
    ]


@pytest.mark.parametrize(
    ("now", "latest", "said"),
    [
        (NIGHT, {("A", "S001"): read(8, "2")}, "item A @ S001: 9 when the plan was made, 8 now"),
        (NIGHT, {("A", "S001"): read(9, "3")}, "9 when the plan was made, 9 now"),
        (NIGHT, {}, "gone"),
        (NIGHT + OLDEST + timedelta(seconds=1), {("A", "S001"): read(9)}, "too long ago"),
    ],
)
def test_a_stale_plan_is_not_sent(now, latest, said):
    """A unit sold and another brought back leave the count alone and the version not."""
    [one] = plan([target("A", 12)], {("A", "S001"): read(9)}, {}, epicors).sets
    assert fresh(one, NIGHT, {("A", "S001"): read(9)}) == one
    with pytest.raises(Stale, match=said):
        fresh(one, now, latest)


def test_the_same_changes_have_the_same_key_in_any_order_and_other_reads_another():
    counts = [target("A", 12), target("B", 3)]
    reads = {("A", "S001"): read(9), ("B", "S001"): read(0)}
    first, again = (plan(some, reads, {}, epicors).sets[0].key for some in (counts, counts[::-1]))
    other = plan(counts, {**reads, ("B", "S001"): read(0, "2")}, {}, epicors).sets[0].key
    assert first == again != other


def test_of_many_counts_only_the_changed_are_written_in_sets_of_bounded_length():
    counts = [target(f"P{n:04}", n, (f"S00{1 + n % 2}", "")) for n in range(3000)]
    sent = {one.spot: one.content for one in counts if one.count.milli // MILLI % 50}
    found = plan(counts, {one.spot: read(0) for one in counts}, sent, epicors, lines=20)
    lines = [line for one in found.sets for line in one.lines]
    assert {line.new_milli // MILLI for line in lines} == set(range(50, 3000, 50))
    assert max(len(one.lines) for one in found.sets) == 20
    assert found.left == {"unchanged": 2940, "equal": 1}


# any interleaving


@dataclass
class Shop:
    """Counts of both systems, and what the shop did that Epicor has not booked yet."""

    epicor: dict = field(default_factory=lambda: dict.fromkeys("AB", 20))
    shop: dict = field(default_factory=lambda: dict.fromkeys("AB", 20))
    version: dict = field(default_factory=lambda: dict.fromkeys("AB", 0))
    revision: dict = field(default_factory=lambda: dict.fromkeys("AB", 0))
    unbooked: dict = field(default_factory=lambda: dict.fromkeys("AB", 0))
    true: dict = field(default_factory=lambda: dict.fromkeys("AB", 20))
    sent: dict = field(default_factory=dict)
    waiting: list = field(default_factory=list)

    def sell(self, sku):
        self.shop[sku] -= 1
        self.unbooked[sku] -= 1
        self.true[sku] -= 1
        self.version[sku] += 1

    def receive(self, sku):
        """A receipt or a completed job in Epicor."""
        self.epicor[sku] += 1
        self.revision[sku] += 1
        self.true[sku] += 1

    def book(self, sku):
        """Epicor hears of what the shop sold."""
        self.epicor[sku] += self.unbooked[sku]
        self.revision[sku] += 1
        self.unbooked[sku] = 0

    def reads(self):
        return {(sku, "S001"): read(count, str(self.version[sku])) for sku, count in self.shop.items()}

    def plan(self, _):
        counts = [
            target(sku, n, revision=str(self.revision[sku]), unknown=self.unbooked[sku])
            for sku, n in self.epicor.items()
        ]
        self.waiting.extend(plan(counts, self.reads(), self.sent, epicors).sets)

    def send(self, _):
        """The oldest plan that waits, however late."""
        if not self.waiting:
            return
        one = self.waiting.pop(0)
        try:
            fresh(one, NIGHT, self.reads())
        except Stale:
            return
        for line in one.lines:
            self.shop[line.sku] += line.delta_milli // MILLI
            self.version[line.sku] += 1
            self.sent[line.sku, "S001"] = line.content

    def send_twice(self, _):
        self.waiting[:1] *= 2
        self.send(_)
        self.send(_)


STEPS = st.lists(
    st.tuples(st.sampled_from(["sell", "receive", "book", "plan", "send", "send_twice"]), st.sampled_from("AB")),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(steps=STEPS)
def test_sales_receipts_late_bookings_and_late_or_repeated_plans_end_equal_and_no_unit_is_adjusted_twice(steps):
    shop = Shop()
    for name, sku in steps:
        getattr(shop, name)(sku)
        assert all(shop.shop[one] <= shop.true[one] for one in "AB"), "a unit was adjusted twice or given back"
    while shop.waiting:
        shop.send(None)
    shop.plan(None)
    shop.send(None)
    assert shop.shop == shop.true
    for sku in "AB":
        shop.book(sku)
    shop.plan(None)
    shop.send(None)
    assert shop.shop == shop.epicor == shop.true
