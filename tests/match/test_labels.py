"""What a person answered holds in the next run, and teaches it about the rest."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from he_sync.match.correction import _EDGES, Correction
from he_sync.match.decide import MATCH, REVIEW
from he_sync.match.labels import Labels
from he_sync.match.latent import Evidence
from he_sync.match.levels import FIELDS
from he_sync.match.run import Options, Outcome, match
from he_sync.match.teaching import Lesson, taught
from he_sync.match.teaching import answered as answered_by
from he_sync.model.errors import FixInput
from tests.customer_world.world import WORLDS, world


@cache
def unlabelled() -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str], Outcome]:
    left, right, truth = world(6_000, 51, WORLDS["dirty"])
    return left, right, dict(zip(truth["id"], truth["entity_id"], strict=True)), match(left, right)


def asked(count: int) -> tuple[pl.DataFrame, np.ndarray]:
    """The first pairs that wait for a person, with their places."""
    _, _, _, outcome = unlabelled()
    pairs, side = outcome.scores.pairs, outcome.table.side
    waiting = np.flatnonzero((outcome.decision == REVIEW) & (side[pairs.left] != side[pairs.right]))[:count]
    ids = outcome.records["id"]
    return pl.DataFrame(
        {"left_id": ids.gather(pairs.left[waiting]), "right_id": ids.gather(pairs.right[waiting])}
    ), waiting


def answered(tmp_path: Path, pairs: pl.DataFrame, answers: list[bool]) -> Outcome:
    path = tmp_path / "answers.csv"
    pairs.with_columns(label=pl.Series(["match" if one else "no" for one in answers])).write_csv(path)
    left, right, _, _ = unlabelled()
    return match(left, right, Options(answers=path))


@pytest.mark.parametrize("answer", [True, False])
def test_an_answer_holds_whatever_the_score_was(tmp_path, answer):
    pairs, waiting = asked(40)
    outcome = answered(tmp_path, pairs[:1], [answer])
    assert bool(outcome.together[waiting[0]]) == answer
    assert (outcome.decision[waiting[0]] == MATCH) == answer
    assert outcome.score[waiting[0]] == float(answer)


def test_what_was_parted_stays_apart_also_through_a_third_record():
    known = Labels(np.array([0, 2]), np.array([1, 3]), np.array([True, False]), np.array([True, True]))
    assert list(known.said.together) == [(0, 1)]
    assert list(known.said.apart) == [(2, 3)]


def test_hundreds_of_answers_correct_pairs_that_nobody_was_asked_about(tmp_path):
    _, _, entity, before = unlabelled()
    pairs, waiting = asked(500)
    truth = [entity[one] == entity[other] for one, other in pairs.rows()]
    after = answered(tmp_path, pairs, truth)
    rest = np.setdiff1d(np.flatnonzero((before.score > 0.02) & (before.score < 0.98)), waiting)
    ids, ends = before.records["id"].to_list(), before.scores.pairs
    same = np.array([entity[ids[ends.left[k]]] == entity[ids[ends.right[k]]] for k in rest])
    assert np.mean((after.score[rest] - same) ** 2) < np.mean((before.score[rest] - same) ** 2)


def test_answers_about_nobody_and_in_other_words_are_refused_by_row(tmp_path):
    left, right, _, _ = unlabelled()
    for line, said in (("A9,B9,match", "row 2: there is no customer 'A9'"), ("A,B,perhaps", "row 2: label 'perhaps'")):
        path = tmp_path / "bad.csv"
        path.write_text(f"left_id,right_id,label\n{line}\n")
        with pytest.raises(FixInput, match=said):
            match(left, right, Options(answers=path))


def test_one_pair_with_both_answers_is_refused_and_twice_the_same_counts_once(tmp_path):
    pairs, _ = asked(1)
    left, right, _, _ = unlabelled()
    row = ",".join(pairs.row(0))
    path = tmp_path / "twice.csv"
    path.write_text(f"left_id,right_id,label\n{row},match\n{row},match\n")
    assert match(left, right, Options(answers=path)).lesson.answers == 1
    path.write_text(f"left_id,right_id,label\n{row},match\n{row},no\n")
    with pytest.raises(FixInput, match="rows 2 and 3 answer one pair with match and with no"):
        match(left, right, Options(answers=path))


def brier(score: np.ndarray, same: np.ndarray, rest: np.ndarray) -> float:
    return float(np.mean((score[rest] - same[rest]) ** 2))


@pytest.mark.parametrize("count", [60, 1_000])
@pytest.mark.parametrize("drawn", ["of links", "of all", "of the doubtful"])
def test_answers_never_make_the_rest_worse_however_they_were_drawn(drawn, count):
    before, same = known_world()
    pools = {
        "of links": before.score >= 0.5,
        "of all": before.score >= 0.01,
        "of the doubtful": before.decision == REVIEW,
    }
    pool = np.flatnonzero(pools[drawn])
    place = np.sort(np.random.default_rng(1).choice(pool, min(count, len(pool)), replace=False))
    after, lesson = learned(before, place, same[place])
    rest = np.setdiff1d(np.flatnonzero((before.score > 0.02) & (before.score < 0.98)), place)
    assert lesson.answers == len(place)
    assert brier(after, same, rest) <= brier(before.scores.probability, same, rest) + 0.001


def test_answers_that_contradict_what_the_file_shows_teach_nothing():
    before, same = known_world()
    rng = np.random.default_rng(2)
    place = np.sort(rng.choice(np.flatnonzero(before.decision == REVIEW), 400, replace=False))
    after, lesson = learned(before, place, rng.random(len(place)) < 0.5)
    rest = np.setdiff1d(np.arange(len(same)), place)
    if not (lesson.refitted or lesson.corrected):
        assert (after[rest] == before.scores.probability[rest]).all()
    assert lesson.gain >= 0


def test_answers_as_the_scores_foretell_them_have_nothing_to_teach():
    before, _ = known_world()
    pool, taught_by = np.flatnonzero(before.decision == REVIEW), []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        place = np.sort(rng.choice(pool, 200, replace=False))
        _, lesson = learned(before, place, rng.random(len(place)) < before.scores.probability[place])
        taught_by += [lesson.refitted, lesson.corrected]
    assert sum(taught_by) <= 1, "what a lesson says of the answers that it was taught proves nothing"


def test_in_the_fit_answers_count_by_how_far_they_are_from_what_was_expected():
    expected, matching = np.array([[0.5], [0.3], [0.2]]), np.array([True, False, False])
    as_expected = Evidence(np.array([0]), np.array([50.0]), np.array([50.0]), 3.0)
    assert as_expected.added(expected, matching) == pytest.approx(np.zeros((3, 1)))
    all_yes = Evidence(np.array([0]), np.array([100.0]), np.array([0.0]), 3.0)
    assert all_yes.added(expected, matching).ravel() == pytest.approx([150.0, -90.0, -60.0])


def test_what_was_learned_corrects_doubtful_scores_alone_and_answers_stand_above_it():
    before, _ = known_world()
    likelier = np.zeros(sum(map(len, FIELDS)) + 2)
    likelier[-1] = 2.0
    scores = replace(before.scores, correction=Correction(likelier, np.ones(len(_EDGES) + 1)))
    plain, after = scores.probability, answered_by(scores, None)
    odds = plain / (1 - np.minimum(plain, 0.99))
    doubtful = (plain > 0.02) & (plain < 0.98)
    assert after[doubtful] == pytest.approx((odds * np.exp(2) / (1 + odds * np.exp(2)))[doubtful])
    assert (after[~doubtful] == plain[~doubtful]).all()
    said = np.flatnonzero(doubtful)[:2]
    left, right = scores.pairs.left[said].astype(np.int64), scores.pairs.right[said].astype(np.int64)
    known = Labels(left, right, np.array([True, False]), np.ones(2, bool))
    assert answered_by(scores, known)[said].tolist() == [1.0, 0.0]


def test_fewer_than_fifty_answers_hold_and_teach_nothing():
    before, same = known_world()
    place = np.flatnonzero(before.decision == REVIEW)[:49]
    after, lesson = learned(before, place, ~same[place])
    rest = np.setdiff1d(np.arange(len(same)), place)
    assert (after[rest] == before.scores.probability[rest]).all()
    assert (lesson.answers, lesson.refitted, lesson.corrected) == (49, False, False)


def test_where_duplicates_are_few_three_hundred_answers_mend_the_model():
    left, _, truth = world(6_000, 61, WORLDS["families"])
    before = match(left)
    same = of_one(before, truth)
    place = np.sort(np.random.default_rng(3).choice(np.flatnonzero(before.decision == REVIEW), 300, replace=False))
    after, lesson = learned(before, place, same[place])
    rest = np.setdiff1d(np.flatnonzero((before.score > 0.02) & (before.score < 0.98)), place)
    assert lesson.refitted
    assert brier(after, same, rest) < 0.9 * brier(before.scores.probability, same, rest)


def test_links_that_nobody_was_asked_about_hold_and_teach_nothing():
    before, same = known_world()
    place = np.flatnonzero(same & (before.score > 0.02) & (before.score < 0.98))[:300]
    after, lesson = learned(before, place, same[place], asked=False)
    assert (after[place] == 1.0).all()
    rest = np.setdiff1d(np.arange(len(same)), place)
    assert (after[rest] == before.scores.probability[rest]).all()
    assert (lesson.answers, lesson.refitted, lesson.corrected) == (300, False, False)


def of_one(outcome: Outcome, truth: pl.DataFrame) -> np.ndarray:
    """Which candidates are one customer."""
    entity = outcome.records.join(truth, on="id", how="left", maintain_order="left")["entity_id"].to_numpy()
    return entity[outcome.scores.pairs.left] == entity[outcome.scores.pairs.right]


@cache
def known_world() -> tuple[Outcome, np.ndarray]:
    _, _, entity, before = unlabelled()
    return before, of_one(before, pl.DataFrame({"id": entity.keys(), "entity_id": entity.values()}))


def learned(before: Outcome, place: np.ndarray, same: np.ndarray, *, asked: bool = True) -> tuple[np.ndarray, Lesson]:
    pairs = before.scores.pairs
    left, right = pairs.left[place].astype(np.int64), pairs.right[place].astype(np.int64)
    known = Labels(left, right, same, np.full(len(place), asked))
    scores, lesson = taught(before.scores, known, before.table.side)
    return answered_by(scores, known), lesson
