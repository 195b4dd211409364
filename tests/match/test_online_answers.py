"""What people answered reaches every later question: the look-up before a create, and the run that joins."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from he_sync.match.decide import REVIEW
from he_sync.match.decided import Decided
from he_sync.match.online.again import again
from he_sync.match.online.asking import match_one
from he_sync.match.online.index import Index, index
from he_sync.match.online.stored import opened, save
from he_sync.match.run import Options, Outcome, match
from tests.customer_world.world import WORLDS, world


@cache
def files() -> tuple[pl.DataFrame, pl.DataFrame, dict[str, str]]:
    left, right, truth = world(3_000, 61, WORLDS["dirty"])
    return left, right, dict(zip(truth["id"], truth["entity_id"], strict=True))


@cache
def reviewed() -> tuple[Outcome, list[tuple[str, str, bool]]]:
    """A run that was told of 400 pairs that waited for people, and what it was told."""
    left, right, entity = files()
    first = match(left, right)
    pairs, side = first.scores.pairs, first.table.side
    waiting = np.flatnonzero((first.decision == REVIEW) & (side[pairs.left] != side[pairs.right]))[:400]
    ends = [first.records["id"].gather(end[waiting]).to_list() for end in (pairs.left, pairs.right)]
    said = [(one, other, entity[one] == entity[other]) for one, other in zip(*ends, strict=True)]
    return match(left, right, Options(decided=[Decided(0, one, 1, other, same) for one, other, same in said])), said


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


def test_decisions_that_were_taken_back_hold_no_longer_in_the_next_run(tmp_path):
    left, right, _ = files()
    outcome, said = reviewed()
    known = kept(outcome, tmp_path)
    apart = next((one, other) for one, other, same in said if not same)
    together, _ = again(known, left, right, [Decided(0, apart[0], 1, apart[1], same=True)])
    where = {one: place for place, one in enumerate(together.records["id"].to_list())}
    assert together.cluster[where[apart[0]]] == together.cluster[where[apart[1]]]
    assert len(index(again(known, left, right, [])[0], known).answers) == 0


def test_a_look_up_of_a_record_that_people_spoke_of_obeys_them(tmp_path):
    left, _, _ = files()
    outcome, said = reviewed()
    known = kept(outcome, tmp_path)
    records = {row["id"]: row for row in left.to_dicts()}
    for one, other, same in said[:60]:
        found = {each.id: each for each in match_one(known, records[one]) if each.side == 1}
        if same:
            assert (found[other].decision, found[other].score) == ("match", 1.0)
        else:
            assert other not in found or found[other].decision == "no"


def test_a_record_that_blocking_would_not_find_is_found_where_people_joined_it(tmp_path):
    left, right, _ = files()
    record = {"id": "P-new", "first_name": "Zebulon", "last_name": "Quagmire"}
    other = right["id"][7]
    outcome = match(left, right, Options(decided=[Decided(0, "P-new", 1, other, same=True)]))
    found = match_one(kept(outcome, tmp_path), record)
    assert [(one.id, one.decision) for one in found if one.decision == "match"] == [(other, "match")]
