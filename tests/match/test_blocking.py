"""Blocking proposes few pairs, loses few true ones, and says what it left out."""

from __future__ import annotations

import numpy as np
import polars as pl

from he_sync.match.blocking import _keys, candidates
from he_sync.match.keys import RULES
from he_sync.match.standardise import standardised
from he_sync.match.table import table
from tests.customer_world.world import WORLDS, world
from tests.match.people import records


def blocked(*rows: dict[str, str]):
    frame = records(*rows)
    return candidates(table(standardised(frame), np.zeros(len(frame), np.int64)))


def found(*rows: dict[str, str]) -> set[tuple[int, int]]:
    pairs = blocked(*rows)
    return set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def test_a_name_on_thousands_of_records_stays_bounded_and_is_reported():
    pairs = blocked(*({"first_name": "John", "last_name": "Smith"} for _ in range(20_000)))
    names = next(cost for cost in pairs.costs if cost.rule == "first and last name")
    assert len(pairs) == 0
    assert (names.largest, names.skipped, names.skipped_pairs) == (20_000, 1, 20_000 * 19_999 // 2)
    assert names.example == "john smith"


def test_a_block_that_is_too_large_is_split_before_anything_is_dropped():
    states = ("OH", "GA", "OR", "ME")
    rows = [
        {"first_name": "John", "last_name": "Smith", "state": states[k % 4], "phone": f"61455{k:05d}"}
        for k in range(160)
    ]
    names = next(cost for cost in blocked(*rows).costs if cost.rule == "first and last name")
    assert (names.split, names.skipped, names.pairs) == (1, 0, 4 * 40 * 39 // 2)


def test_each_pair_comes_once_with_the_lower_position_left():
    person = {"first_name": "Ann", "last_name": "Lee", "email": "ann@lee.com", "phone": "6145551234", "zip": "43001"}
    pairs = blocked(person, person, person)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]


def test_pairs_are_found_across_nicknames_exchange_maiden_names_and_slips():
    ann = {"first_name": "William", "last_name": "Krochmal"}
    for other in (
        {"first_name": "Bill", "last_name": "Krochmal"},
        {"first_name": "Krochmal", "last_name": "William"},
        {"first_name": "William", "last_name": "Krochmal-Voss"},
        {"first_name": "William", "last_name": "Krohcmal"},
        {"first_name": "W", "last_name": "Krochmal"},
    ):
        assert found(ann, other) == {(0, 1)}, other


def test_records_that_say_nothing_meet_nobody():
    assert found({}, {}, {"first_name": "Ann"}, {"last_name": "Lee"}) == set()


def test_a_rule_names_itself_once():
    assert len({rule.name for rule in RULES}) == len(RULES) <= 1 << 5


def test_records_share_a_key_of_hashes_where_they_share_one_of_texts():
    left, right, _ = world(300, 3, WORLDS["dirty"])
    odd = records(
        {"first_name": "Lee", "last_name": "Ann"}, {"first_name": "Ann", "last_name": "Lee"}, {}, {"zip": "1"}
    )
    frame = pl.concat([left, right, odd], how="diagonal_relaxed").select(odd.columns).fill_null("")
    known = table(standardised(frame), np.zeros(len(frame), np.int64))
    for rule in RULES:
        for key in rule.of:
            mine, theirs = _keys(known, key), known.standard.select(key.expression.alias("key"))["key"].to_numpy()
            assert ((mine == 0) == (theirs == 0)).all(), rule.name
            assert len(set(mine)) == len(set(theirs)) == len(set(zip(mine, theirs, strict=True))), rule.name


def test_a_missing_state_is_the_one_that_most_records_of_the_place_give():
    there = [*[{"zip": "43001", "state": "OH"}] * 3, {"zip": "43002", "state": "GA"}, {"zip": "43003", "state": "GA"}]
    frame = records(*there, {"zip": "43009"})
    state = table(standardised(frame), np.zeros(len(frame), np.int64)).codes["state"]
    assert state.texts[int(state.at[-1])] == "oh"
