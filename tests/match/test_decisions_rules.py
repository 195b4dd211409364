"""What no score overrides: pairs that only a person joins, and pairs that a person always sees."""

from __future__ import annotations

import numpy as np
import pytest

from he_sync.match.decide import MATCH, NO, REVIEW, Policy, decisions
from he_sync.match.levels import FIELDS

ALIKE = {"first name": "same", "last name": "same", "address": "same street and place", "generation": "none"}
FIRM = {"company": "same", "phone": "same"}


CALM = (1.0, 1.0, 1.0)
"""Household pairs beside each match, by kind of pair, as in two files of which most are in both."""


def decided(score: float, crowd: tuple[float, ...] = CALM, **said: str) -> int:
    """The decision of a pair of these levels and score in a cluster, among a thousand plain matches."""
    told = {name.replace("_", " ").replace("e mail", "e-mail"): level for name, level in said.items()}
    one = {field.name: field.at(told[field.name]) if field.name in told else 0 for field in FIELDS}
    plain = {field.name: field.at(ALIKE.get(field.name, field.levels[0])) for field in FIELDS}
    levels = {name: np.array([one[name]] + [plain[name]] * 1_000, np.uint8) for name in one}
    found, _ = decisions(
        np.array([score] + [0.9999] * 1_000), levels, np.array([score >= 0.5] + [True] * 1_000), Policy(), crowd
    )
    assert (found[1:] == MATCH).all() or crowd != CALM
    return int(found[0])


@pytest.mark.parametrize(
    "said",
    [
        {**ALIKE, "first_name": "different", "phone": "same", "e_mail": "same"},
        {**ALIKE, "generation": "different", "e_mail": "same"},
        {**ALIKE, "generation": "only one says", "e_mail": "same"},
        {**ALIKE, "generation": "namesake in the house has one"},
        {**ALIKE, "phone": "different", "e_mail": "different"},
        {**ALIKE, "middle_initial": "different"},
        {**FIRM, "address": "different"},
        {**FIRM, "address": "other state, street missing"},
        {**FIRM, "company": "different", "address": "same street and place"},
        {**ALIKE, "birth_date": "a generation apart", "e_mail": "same"},
    ],
)
def test_what_a_household_or_a_company_shares_is_linked_by_no_score(said: dict[str, str]):
    assert decided(0.9999, **{name.replace(" ", "_"): level for name, level in said.items()}) == REVIEW


@pytest.mark.parametrize(
    "said", [{**ALIKE, "phone": "different", "e_mail": "same"}, {**FIRM, "address": "same street, other place"}]
)
def test_one_contact_in_common_is_enough_for_a_namesake_of_the_house_and_a_street_for_a_firm(said: dict[str, str]):
    assert decided(0.9999, **{name.replace(" ", "_"): level for name, level in said.items()}) == MATCH


@pytest.mark.parametrize("generation", ["only one says", "namesake in the house has one"])
def test_one_of_two_generations_in_a_house_is_never_a_silent_no(generation: str):
    there = {name.replace(" ", "_"): level for name, level in ALIKE.items()} | {"generation": generation}
    assert decided(0.001, **there) == REVIEW
    assert decided(0.001, **there | {"address": "different"}) == NO
    assert decided(0.001, **there | {"generation": "different"}) == NO


def test_where_households_outnumber_matches_a_link_needs_a_contact_in_common():
    named = {name.replace(" ", "_"): level for name, level in ALIKE.items()}
    few_duplicates = (10.0, 1.0, 1.0)
    assert decided(0.9995, **named) == MATCH
    assert decided(0.9995, few_duplicates, **named) == REVIEW
    assert decided(0.9995, few_duplicates, **named, sources="across") == MATCH, "of the kind that is not crowded"
    assert decided(0.9999, few_duplicates, **named, phone="same", e_mail="same") == MATCH
    assert decided(1.0, few_duplicates, **named) == MATCH, "a person said so"
