"""Available to sell: the terms make the number, nothing is counted twice, and the bulk run says the same."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.model.errors import BadRecord, FixSettings
from he_sync.model.quantity import MILLI
from he_sync.stock import grid
from he_sync.stock.available import documents, explain
from he_sync.stock.figures import Held, Item
from he_sync.stock.policy import Buffer, Policy, read_policy
from tests.stock.shelf import BOOT, TODAY, cell, figure, held, inbound

BARE = Policy()


def units(answer):
    """Terms as name and whole units."""
    return {term.name: term.milli // MILLI for term in answer.terms}


def test_every_term_names_its_source_its_time_and_its_record():
    policy = Policy(inbound_days=7, buffers=(Buffer(units=1),))
    one = cell(9, reserved=3, committed=2, moved=(figure(-1),), inbound=(inbound("2026-11-25", 4),))
    answer = explain(BOOT, one, policy, TODAY)
    assert units(answer) == {
        "on hand": 9,
        "moved since": -1,
        "reserved": -3,
        "committed": -2,
        "held by both": 2,
        "buffer": -1,
        "inbound": 4,
    }
    assert all(term.source and term.record and term.at.tzinfo for term in answer.terms if term.name != "held by both")
    assert answer.published_milli == 8 * MILLI


def test_an_order_that_both_systems_hold_is_counted_once_and_one_that_only_one_holds_in_full():
    policy = Policy(commitments="documents")
    both = (*held("epicor", **{"HR-O1": 2, "SO-7": 3}), *held("heartland", **{"HR-O1": 2, "HR-O2": 1}))
    answer = explain(BOOT, cell(20, reserved=5, committed=3, held=both), policy, TODAY)
    assert units(answer) == {"on hand": 20, "reserved": -5, "committed": -3, "held by both": 2}
    [again] = [term for term in answer.terms if term.name == "held by both"]
    assert again.record == "HR-O1"


def test_allocations_count_where_the_policy_says_so():
    one = cell(9, reserved=3, allocated=2)
    assert explain(BOOT, one, BARE, TODAY).raw_milli == 6 * MILLI
    assert explain(BOOT, one, Policy(allocated=True), TODAY).raw_milli == 4 * MILLI


@pytest.mark.parametrize(
    ("one", "cause"),
    [
        (cell(-2), "epicor counts -2 on hand"),
        (cell(3, moved=(figure(-5),)), "epicor counts -2 on hand"),
        (cell(3, reserved=5), "5 are held of 3 on hand"),
        (cell(3, reserved=3), ""),
    ],
)
def test_what_is_below_zero_is_published_as_zero_with_its_cause(one, cause):
    answer = explain(BOOT, one, BARE, TODAY)
    assert (answer.published_milli, answer.cause) == (0, cause)


def test_a_buffer_that_is_larger_than_the_stock_is_no_exception():
    answer = explain(BOOT, cell(2), Policy(buffers=(Buffer(units=5),)), TODAY)
    assert (answer.raw_milli, answer.published_milli, answer.cause) == (-3 * MILLI, 0, "")


def test_the_buffer_is_the_largest_of_units_percent_and_days_of_cover_up_to_whole_units():
    sold = (70, 28)
    kept = [Buffer(units=2), Buffer(percent="7.5"), Buffer(days=3), Buffer(units=2, percent="7.5", days=3)]
    found = [explain(BOOT, cell(50, sold=sold), Policy(buffers=(one,)), TODAY) for one in kept]
    assert [units(one)["buffer"] for one in found] == [-2, -4, -8, -8]
    [term] = [term for term in found[-1].terms if term.name == "buffer"]
    assert term.why == "the largest of 2 units, 7.5 % of 50, 3 days of cover at 70 in 28"


def test_the_first_buffer_that_fits_class_location_and_channel_counts():
    policy = Policy(
        buffers=(
            Buffer(classes=("shoes",), channels=("web",), units=3),
            Buffer(locations=("S001",), units=2),
            Buffer(units=1),
        )
    )
    asked = [("shoes", "S001", "web"), ("shoes", "S001", ""), ("hats", "S001", "web"), ("hats", "S002", "web")]
    assert [policy.buffer(*one).units for one in asked] == [3, 2, 2, 1]


def test_inbound_counts_within_the_days_and_the_rest_is_noted():
    arriving = (inbound("2026-11-20", 1), inbound("2026-11-23", 2), inbound("2026-11-30", 3), inbound("2026-12-01", 4))
    answer = explain(BOOT, cell(0, inbound=(*arriving, inbound(None, 5))), Policy(inbound_days=7), TODAY)
    assert answer.published_milli == 5 * MILLI
    assert [term.why for term in answer.noted] == ["due 2026-11-20, overdue", "due 2026-12-01", "due on no known day"]


@pytest.mark.parametrize(
    ("on_hand", "arriving", "day"),
    [(1, (), 23), (-2, (), 33), (-2, (("2026-11-27", 2), ("2026-11-28", 1)), 28), (-2, (("2026-12-20", 9),), 33)],
)
def test_what_is_made_to_order_is_orderable_and_promised_for_the_first_day_that_something_is_left(
    on_hand, arriving, day
):
    item = Item("BOOT-11", lead_days=10)
    answer = explain(item, cell(on_hand, inbound=tuple(inbound(*one) for one in arriving)), BARE, TODAY)
    assert answer.orderable
    assert answer.promise == date(2026, 11, 1) + timedelta(days=day - 1)


def test_half_a_pair_of_boots_is_refused_with_its_record_and_half_a_metre_of_cloth_is_not():
    one = cell("2.5")
    with pytest.raises(BadRecord, match=r"PartWhse BOOT-11 in W01: 2.5 of item BOOT-11, which is sold by whole units"):
        explain(BOOT, one, BARE, TODAY)
    assert explain(Item("BOOT-11", fractional=True), one, BARE, TODAY).published_milli == 2500


def test_a_misspelt_rule_is_refused_with_its_place(tmp_path):
    path = tmp_path / "stock.yaml"
    path.write_text("buffers: [{units: 2}, {unit: 3}]\n")
    with pytest.raises(FixSettings, match=r"stock.yaml: buffers.1.unit: Extra inputs"):
        read_policy(path)


# properties

COUNT = st.integers(-60, 60)
SOME = st.integers(0, 40)
DOCUMENTS = st.dictionaries(st.sampled_from(["HR-O1", "HR-O2", "SO-7"]), st.integers(1, 9))
PLACES = st.tuples(COUNT, st.lists(st.integers(-5, 5), max_size=2), DOCUMENTS, DOCUMENTS, SOME, SOME, SOME, SOME, SOME)
POLICIES = st.builds(
    Policy,
    commitments=st.sampled_from(["larger", "documents"]),
    allocated=st.booleans(),
    inbound_days=st.sampled_from([None, 0, 5]),
    buffers=st.lists(
        st.builds(
            Buffer,
            units=st.integers(0, 5),
            percent=st.decimals(0, 50, places=2),
            days=st.integers(0, 9),
            classes=st.sampled_from([(), ("shoes",), ("hats",)]),
            channels=st.sampled_from([(), ("web",)]),
        ),
        max_size=2,
    ).map(tuple),
)


def place(*drawn):
    """A cell whose totals are its documents and a rest that no document names."""
    on_hand, moved, ours, theirs, here, there, allocated, arriving, sold = drawn
    return cell(
        on_hand,
        moved=tuple(figure(one) for one in moved),
        reserved=sum(ours.values()) + here,
        allocated=allocated,
        committed=sum(theirs.values()) + there,
        held=(*held("epicor", **ours), *held("heartland", **theirs)),
        inbound=(inbound("2026-11-25", arriving),),
        sold=(sold, 28),
    )


@settings(max_examples=200, deadline=None)
@given(one=PLACES, policy=POLICIES)
def test_the_terms_add_up_and_what_is_offered_is_never_below_zero(one, policy):
    answer = explain(BOOT, place(*one), policy, TODAY, "web")
    assert answer.raw_milli == sum(term.milli for term in answer.terms)
    assert answer.published_milli == max(0, answer.raw_milli)


@settings(max_examples=200, deadline=None)
@given(ours=DOCUMENTS, theirs=DOCUMENTS)
def test_each_order_is_held_once_whatever_it_is_in(ours, theirs):
    """Of an order that both systems have the larger part is held; nothing else is."""
    one = place(0, (), ours, theirs, 0, 0, 0, 0, 0)
    answer = explain(BOOT, one, Policy(commitments="documents"), TODAY)
    expected = sum(max(ours.get(key, 0), theirs.get(key, 0)) for key in ours.keys() | theirs.keys())
    assert answer.raw_milli == -expected * MILLI


@settings(max_examples=100, deadline=None)
@given(one=PLACES, order=st.integers(1, 9), side=st.sampled_from(["epicor", "heartland"]))
def test_a_further_order_never_adds_to_what_is_offered(one, order, side):
    before = place(*one)
    total = {"epicor": "reserved", "heartland": "committed"}[side]
    grown = figure(order).milli + getattr(before, total).milli
    more = (*before.held, Held(side, "HR-O9", figure(order, side, "HR-O9")))
    after = replace(before, held=more, **{total: figure(grown // MILLI, side, total)})
    policies = Policy(commitments="documents"), BARE
    assert all(explain(BOOT, after, p, TODAY).raw_milli <= explain(BOOT, before, p, TODAY).raw_milli for p in policies)


@settings(max_examples=150, deadline=None)
@given(places=st.lists(PLACES, min_size=1, max_size=6), policy=POLICIES)
def test_many_cells_at_once_get_the_numbers_that_each_gets_alone(places, policy):
    cells = [place(*one) for one in places]
    answers = [explain(BOOT, one, policy, TODAY, "web") for one in cells]
    kept = grid.buffers(policy, "web", ["hats", "shoes"], ["S001"], np.array([[1, 0]] * len(cells)))
    found = grid.levels(as_arrays(cells, policy), kept, policy, sold_days=28)
    assert found.raw.tolist() == [one.raw_milli for one in answers]
    assert found.published.tolist() == [one.published_milli for one in answers]
    assert (found.free < 0).tolist() == [bool(one.cause) for one in answers]


def as_arrays(cells, policy):
    by_side = [documents(one) for one in cells]
    proven = [sum(min(s["epicor"][k], s["heartland"][k]) for k in s["epicor"].keys() & s["heartland"]) for s in by_side]

    def array(values):
        return np.array(list(values), np.int64)

    return grid.Cells(
        on_hand=array(one.on_hand.milli for one in cells),
        moved=array(sum(each.milli for each in one.moved) for one in cells),
        reserved=array(one.reserved.milli for one in cells),
        allocated=array(one.allocated.milli for one in cells),
        committed=array(one.committed.milli for one in cells),
        proven=array(proven),
        named_epicor=array(sum(s["epicor"].values()) for s in by_side),
        named_heartland=array(sum(s["heartland"].values()) for s in by_side),
        inbound=array(
            sum(each.figure.milli for each in one.inbound) if policy.inbound_days == 5 else 0 for one in cells
        ),
        sold=array(one.sold.figure.milli for one in cells),
        whole=np.ones(len(cells), bool),
    )


def test_one_bad_figure_of_many_is_refused_with_its_cell():
    cells = as_arrays([cell(4, reserved=0, allocated=0, committed=0, sold=(0, 28))] * 3, BARE)
    cells.committed[1] = 1500
    none = grid.Buffers(*(np.zeros(3, np.int64) for _ in range(3)))
    with pytest.raises(BadRecord, match="cell 1: committed 1500 milli is out of range or a fraction"):
        grid.levels(cells, none, BARE)


def test_two_hundred_thousand_cells_get_exact_whole_numbers():
    rng, count = np.random.default_rng(5), 200_000
    figures = {name: rng.integers(0, 40, count) * MILLI for name in ("on_hand", "reserved", "committed", "sold")}
    zero = np.zeros(count, np.int64)
    rest = dict.fromkeys(("moved", "allocated", "proven", "named_epicor", "named_heartland", "inbound"), zero)
    policy = Policy(buffers=(Buffer(percent="10", days=2),))
    kept = grid.buffers(policy, "", [""], ["S001"], np.zeros((count, 2), np.int64))
    found = grid.levels(grid.Cells(**figures, **rest, whole=np.ones(count, bool)), kept, policy, 28)
    held_once = np.maximum(figures["reserved"], figures["committed"])
    buffer = np.maximum(-(-figures["on_hand"] // 10_000), -(-2 * figures["sold"] // 28_000)) * MILLI
    assert found.published.dtype == np.int64
    assert (found.published == np.maximum(figures["on_hand"] - held_once - buffer, 0)).all()
