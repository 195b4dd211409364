"""Looking at letters first never changes an answer: a pair that a scorer would accept always reaches it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA, JaroWinkler

from he_sync.match.letters import letters
from he_sync.match.similar import CLOSE, Digits, may_be_misspelt, may_be_same_firm, misspelt, same_firm

NAMES = st.lists(st.text("abcé ß", min_size=1, max_size=9), min_size=2, max_size=12, unique=True)
FIRMS = st.lists(
    st.lists(st.sampled_from(["ab", "acb", "é", "cafe", "dining", "ritz"]), min_size=1, max_size=5).map(" ".join),
    min_size=2, max_size=9, unique=True,
)  # fmt: skip
NUMBERS = st.lists(st.text("0123", max_size=11), min_size=2, max_size=12, unique=True)


def every_pair(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    one, other = np.triu_indices(len(texts), 1)
    return one.astype(np.int32), other.astype(np.int32)


@given(NAMES)
def test_a_misspelt_name_is_never_left_out(names: list[str]):
    one, other = every_pair(names)
    asked = may_be_misspelt(letters(pl.Series(names)), one, other)
    left, right = ([names[k] for k in end] for end in (one, other))
    long = np.array([min(len(a), len(b)) > 1 for a, b in zip(left, right, strict=True)])
    assert not (misspelt(left, right) & long & ~asked).any()


@given(FIRMS)
def test_another_spelling_or_order_of_a_company_is_never_left_out(names: list[str]):
    one, other = every_pair(names)
    left, right = ([names[k] for k in end] for end in (one, other))
    assert not (same_firm(left, right) & ~may_be_same_firm(letters(pl.Series(names)), one, other)).any()


def test_words_of_a_company_in_another_order_or_left_out_are_the_same_from_three_on():
    wanted = {
        ("dining room ritz carlton buckhead", "ritz carlton dining room"): True,
        ("evans and sons", "sons and evans"): True,
        ("restaurant katsu", "katsu"): False,
        ("north shore dental", "south shore dental"): False,
    }
    for (one, other), same in wanted.items():
        assert same_firm([one, other], [other, one]).tolist() == [same, same], (one, other)


@pytest.mark.parametrize("least", [0.8, 0.92])
@given(names=NAMES)
def test_the_bounds_hold_for_every_similarity_and_number_of_edits(least: float, names: list[str]):
    one, other = every_pair(names)
    known = letters(pl.Series(names))
    alike, near = known.within_similarity(one, other, least), known.within_edits(one, other, 1)
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        assert alike[place] or JaroWinkler.similarity(names[a], names[b]) < least
        assert near[place] or OSA.distance(names[a], names[b]) > 1


def test_a_common_beginning_counts_as_much_as_the_scorer_makes_it():
    known = letters(pl.Series(["abcdefg", "abcdefxy"]))
    assert JaroWinkler.similarity("abcdefg", "abcdefxy") >= CLOSE
    assert known.within_similarity(np.array([0], np.int32), np.array([1], np.int32), CLOSE).all()


def test_most_names_are_seen_to_differ_without_a_scorer():
    names = ["krochmal", "vasquez", "oberlin", "smith", "hutchinson"]
    assert not may_be_misspelt(letters(pl.Series(names)), *every_pair(names)).any()


@given(NUMBERS)
def test_one_digit_off_is_one_digit_or_two_neighbours_exchanged(numbers: list[str]):
    one, other = every_pair(numbers)
    found = Digits(pl.Series(numbers)).one_off(one, other)
    for place, (a, b) in enumerate(zip(one, other, strict=True)):
        same_length = len(numbers[a]) == len(numbers[b])
        assert found[place] == (same_length and OSA.distance(numbers[a], numbers[b]) == 1)
