"""Families, namesakes and branches: what a matcher of two classes links is told apart, and doubt goes to a person."""

from __future__ import annotations

from functools import cache

import polars as pl

from he_sync.match.run import Outcome, match
from tests.customer_world.world import WORLDS, world
from tests.match.people import records


@cache
def background() -> tuple[pl.DataFrame, pl.DataFrame]:
    """A file of ordinary customers, from which the model learns; of 4,000 it learns too little about spouses."""
    left, right, _ = world(20_000, 11, WORLDS["middling"])
    return left, right


def pair(one: dict[str, str], other: dict[str, str]) -> tuple[float, str]:
    """Score and decision of two records among ordinary customers."""
    left, right = background()
    outcome = match(pl.concat([left, records(one, prefix="X")]), pl.concat([right, records(other, prefix="Y")]))
    return of(outcome, "X0000", "Y0000")


def of(outcome: Outcome, one: str, other: str) -> tuple[float, str]:
    ids = outcome.records["id"].to_list()
    low, high = sorted((ids.index(one), ids.index(other)))
    pairs = outcome.scores.pairs
    for place in range(len(pairs)):
        if (pairs.left[place], pairs.right[place]) == (low, high):
            return float(outcome.score[place]), ("no", "review", "match")[int(outcome.decision[place])]
    return 0.0, "no"


HOME = {"street": "41 Birch Lane", "city": "Marietta", "state": "OH", "zip": "45750", "phone": "740-373-1188"}


def test_spouses_at_one_address_with_one_phone_are_two_customers():
    score, decision = pair(
        {"first_name": "Harold", "last_name": "Wexford", **HOME},
        {"first_name": "Denise", "last_name": "Wexford", **HOME},
    )
    assert score < 0.2
    assert decision != "match"


def test_a_person_who_is_called_by_a_short_form_is_one_customer():
    score, decision = pair(
        {"first_name": "Harold", "last_name": "Wexford", **HOME},
        {"first_name": "Harry", "last_name": "Wexford", **HOME},
    )
    assert score > 0.95
    assert decision == "match"


def test_junior_beside_a_record_that_does_not_say_always_goes_to_a_person():
    mail = {"email": "hwexford@outlook.com"}
    for one, other in (("Wexford Jr", "Wexford"), ("Wexford", "Wexford Sr")):
        _, decision = pair(
            {"first_name": "Harold", "last_name": one, **HOME, **mail},
            {"first_name": "Harold", "last_name": other, **HOME, **mail},
        )
        assert decision == "review"


def test_junior_and_senior_are_two_customers():
    score, decision = pair(
        {"first_name": "Harold", "last_name": "Wexford Jr", **HOME},
        {"first_name": "Harold", "last_name": "Wexford Sr", **HOME},
    )
    assert score < 0.5
    assert decision != "match"


def test_a_branch_with_the_name_and_number_of_the_company_elsewhere_is_not_linked_by_itself():
    firm = {"company": "Wexford Marine Supply LLC", "phone": "740-373-1188"}
    _, decision = pair(
        {**firm, "street": "41 Birch Lane", "city": "Marietta", "state": "OH", "zip": "45750"},
        {**firm, "street": "900 Harbor Road", "city": "Bangor", "state": "ME", "zip": "04401"},
    )
    assert decision != "match"
