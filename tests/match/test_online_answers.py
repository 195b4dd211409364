"""What people answered reaches every later question: the look-up before a create, and the run that joins."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pytest

from he_sync.match.correction import _EDGES, Correction
from he_sync.match.decide import REVIEW
from he_sync.match.decided import Decided
from he_sync.match.levels import FIELDS
from he_sync.match.online.again import again
from he_sync.match.online.asking import asked, match_one
from he_sync.match.online.forms import forms
from he_sync.match.online.index import Index, index
from he_sync.match.online.stored import opened, save
from he_sync.match.run import Options, Outcome, match
from tests.customer_world.world import WORLDS, world


@cache
def files() -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    left, right, truth = world(3_000, 61, WORLDS["dirty"])
    return left, right, dict(zip(truth["id"], truth["entity_id"], strict=True))


@cache
def unreviewed() -> Outcome:
    left, right, _ = files()
    return match(left, right)


@cache
def reviewed() -> tuple[Outcome, list[tuple[str, str, bool]]]:
    """A run that was told of 400 pairs that waited for people, and what it was told: half of it by a file of labels."""
    left, right, entity = files()
    first = unreviewed()
    pairs, side = first.scores.pairs, first.table.side
    waiting = np.flatnonzero((first.decision == REVIEW) & (side[pairs.left] != side[pairs.right]))[:400]
    ends = [first.records["id"].gather(end[waiting]).to_list() for end in (pairs.left, pairs.right)]
    said = [(one, other, entity[one] == entity[other]) for one, other in zip(*ends, strict=True)]
    decided = [Decided(0, one, 1, other, same) for one, other, same in said[::2]]
    with TemporaryDirectory() as folder:
        return match(left, right, Options(decided=decided, answers=labelled(Path(folder), said[1::2]))), said


def labelled(folder: Path, said: list[tuple[str, str, bool]]) -> Path:
    rows = [(one, other, ("no", "match")[same]) for one, other, same in said]
    pl.DataFrame(rows, schema=["left_id", "right_id", "label"], orient="row").write_csv(folder / "labels.csv")
    return folder / "labels.csv"


def kept(outcome: Outcome, tmp_path: Path) -> Index:
    save(index(outcome), tmp_path)
    return opened(tmp_path)


def test_a_run_that_joins_the_reviewed_one_obeys_the_same_answers_and_scores_by_what_they_taught(tmp_path):
    left, right, _ = files()
    outcome, _ = reviewed()
    assert outcome.lesson.refitted or outcome.lesson.corrected
    second, _ = again(kept(outcome, tmp_path), left, right)
    assert np.allclose(second.score, outcome.score, atol=1e-9)
    assert second.decision.tolist() == outcome.decision.tolist()
    third, _ = again(index(second, opened(tmp_path)), left, right)
    assert third.decision.tolist() == outcome.decision.tolist()


def test_decisions_that_were_taken_back_hold_no_longer_in_the_next_run_and_labels_do(tmp_path):
    left, right, _ = files()
    outcome, said = reviewed()
    known = kept(outcome, tmp_path)
    apart = next((one, other) for one, other, same in said if not same)
    together, _ = again(known, left, right, [Decided(0, apart[0], 1, apart[1], same=True)])
    assert one_customer(together, *apart)
    without = index(again(known, left, right, [])[0], known).answers
    assert (len(without), without["source"].unique().to_pylist()) == (200, ["labels"])


def test_labels_of_the_next_run_stand_in_place_of_the_earlier_ones(tmp_path):
    left, right, _ = files()
    outcome, said = reviewed()
    known = kept(outcome, tmp_path)
    apart = next(one for one in said[1::2] if not one[2])
    answers = labelled(tmp_path, [(apart[0], apart[1], True)])
    second, _ = again(known, left, right, None, answers)
    assert one_customer(second, apart[0], apart[1])
    assert index(second, known).answers["source"].to_pylist().count("labels") == 1


def test_two_records_that_blocking_never_brings_together_are_one_customer_where_people_say_so(tmp_path):
    left, right, _ = files()
    strangers = left["id"][3], right["id"][9]
    known = kept(unreviewed(), tmp_path)
    assert not one_customer(unreviewed(), *strangers)
    assert one_customer(
        again(known, left, right, [Decided(0, strangers[0], 1, strangers[1], same=True)])[0], *strangers
    )


def one_customer(outcome: Outcome, left: str, right: str) -> bool:
    where = dict(zip(outcome.records.select("side", "id").rows(), outcome.cluster.tolist(), strict=True))
    return where[0, left] == where[1, right]


@pytest.mark.parametrize("side", [0, 1])
def test_a_look_up_of_a_record_that_people_spoke_of_obeys_them_from_either_side(tmp_path, side):
    records = {row["id"]: row for row in files()[side].to_dicts()}
    outcome, said = reviewed()
    known = kept(outcome, tmp_path)
    for pair in said[:60]:
        found = {each.id: each for each in match_one(known, records[pair[side]], side) if each.side != side}
        other = pair[1 - side]
        if pair[2]:
            assert (found[other].decision, found[other].score) == ("match", 1.0)
        else:
            assert other not in found or found[other].decision == "no"


def test_a_record_that_blocking_would_not_find_is_found_where_people_joined_it(tmp_path):
    record = {"id": "P-new", "first_name": "Zebulon", "last_name": "Quagmire"}
    other = files()[1]["id"][7]
    known = kept(told(Decided(0, "P-new", 1, other, same=True)), tmp_path)
    found = match_one(known, record)
    assert [(one.id, one.decision) for one in found if one.decision == "match"] == [(other, "match")]
    assert match_one(known, record, side=1) == [], "a record of the other side that is called the same"


def test_a_record_that_people_parted_from_one_record_of_a_customer_does_not_join_that_customer():
    outcome, side = unreviewed(), unreviewed().table.side
    rights = np.bincount(outcome.cluster[side == 1], minlength=len(side))
    place = next(k for k in np.flatnonzero((side == 0) & (rights[outcome.cluster] > 1)).tolist() if joins(outcome, k))
    one = outcome.records.row(
        int(np.flatnonzero((outcome.cluster == outcome.cluster[place]) & (side == 1))[0]), named=True
    )
    record = outcome.records.row(place, named=True) | {"id": "P-new"}
    customer = outcome.names(outcome.cluster, "C-")[place]
    found = match_one(index(told(Decided(0, "P-new", 1, one["id"], same=False))), record)
    mine = [each for each in found if each.cluster == customer]
    assert len(mine) > 1
    assert all(each.score < 0.5 and each.decision != "match" for each in mine)


def joins(outcome: Outcome, place: int) -> bool:
    """Whether somebody who says what this record says would be its customer."""
    found = match_one(index(outcome), outcome.records.row(place, named=True) | {"id": "P-new"})
    same = [each for each in found if each.cluster == outcome.names(outcome.cluster, "C-")[place]]
    return len(same) > 2 and all(each.score >= 0.5 for each in same)


def test_a_look_up_is_scored_by_what_answers_taught():
    left, _, _ = files()
    known = index(unreviewed())
    likelier = np.zeros(sum(map(len, FIELDS)) + 2)
    likelier[-1] = 2.0
    taught = Correction(likelier, np.ones(len(_EDGES) + 1))
    corrected = replace(known, learned=replace(known.learned, correction=taught))
    asking = forms(left.head(150), known.learned.known), np.zeros(150, np.int64)
    plain, after = asked(known, *asking), asked(corrected, *asking)
    joined = plain.together & after.together
    doubtful = joined & (plain.score > 0.6) & (plain.score < 0.98)
    assert doubtful.sum() > 5
    higher = after.score[doubtful] > plain.score[doubtful]
    assert higher.mean() > 0.95, "a candidate may lose a little to another one of its record, no more"
    assert (after.score[joined & (plain.score > 0.98)] == plain.score[joined & (plain.score > 0.98)]).all()


def told(*said: Decided) -> Outcome:
    """The run that nobody reviewed, as if these decisions had been known to it."""
    return replace(unreviewed(), options=Options(decided=said))
