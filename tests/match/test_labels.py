"""What a person answered holds in the next run, and teaches it about the rest."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from he_sync.match.decide import MATCH, REVIEW
from he_sync.match.labels import Labels
from he_sync.match.run import Options, Outcome, match
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
    known = Labels(np.array([0, 2]), np.array([1, 3]), np.array([True, False]))
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
