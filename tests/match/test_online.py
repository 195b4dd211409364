"""Before a customer is created, one look-up says whether it is there already, as the batch would."""

from __future__ import annotations

from functools import cache

import numpy as np

from he_sync.match.online import Index, index, match_one, one_customer
from he_sync.match.run import match
from tests.customer_world.world import WORLDS, world


@cache
def resident() -> tuple[Index, list[dict[str, str]], dict[str, str]]:
    """An index without some left records, these records, and the truth."""
    left, right, truth = world(6_000, 41, WORLDS["middling"])
    apart = left.gather_every(40)
    rest = left.filter(~left["id"].is_in(apart["id"].implode()))
    return index(match(rest, right)), apart.to_dicts(), dict(zip(truth["id"], truth["entity_id"], strict=True))


def test_a_returning_customer_is_found_and_a_new_one_is_not_taken_for_another():
    known, apart, entity = resident()
    there = {entity[name] for name in known.outcome.records["id"]}
    right = wrong = missed = 0
    for record in apart:
        found = match_one(known, record)
        linked = found[0] if found and found[0].score >= 0.5 else None
        right += linked is not None and entity[linked.id] == entity[record["id"]]
        wrong += linked is not None and entity[linked.id] != entity[record["id"]]
        missed += linked is None and entity[record["id"]] in there
    assert right >= 60
    assert wrong <= 0.06 * right
    assert missed <= 0.15 * right


def test_a_look_up_explains_itself_and_names_the_customer():
    known, apart, _ = resident()
    best = next(found[0] for record in apart if (found := match_one(known, record)) and found[0].decision == "match")
    assert best.cluster.startswith("C-")
    assert best.why.steps
    assert "against" in str(best.why)


def test_a_record_that_says_nothing_finds_nobody():
    assert match_one(resident()[0], {"id": "new"}) == []


def test_a_record_is_one_of_several_customers_and_records_of_one_customer_are_no_rivals():
    apart = one_customer(np.array([0.9, 0.9]), np.array([0, 1]))
    assert apart.sum() <= 1.0
    assert one_customer(np.array([0.9, 0.9]), np.array([0, 0])).min() > 0.89
