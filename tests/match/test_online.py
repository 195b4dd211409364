"""Before a customer is created, one look-up says whether it is there already, as the batch would."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest

from he_sync.match.blocking import Pairs, candidates
from he_sync.match.compare import compared
from he_sync.match.contest import LIKELY, UNSEEN_ERROR, _rivals
from he_sync.match.online.asking import asked, match_many, match_one
from he_sync.match.online.forms import forms
from he_sync.match.online.index import COUNTED, Index, index
from he_sync.match.online.rivals import bounded, odds_of, strength
from he_sync.match.online.stored import opened, save
from he_sync.match.run import Outcome, match
from he_sync.match.table import table
from he_sync.model.errors import FixInput
from tests.customer_world.world import WORLDS, world
from tests.match.people import records


@cache
def resident(name: str = "middling", size: int = 6_000) -> tuple[Index, pl.DataFrame, Outcome, dict[str, str]]:
    """An index without some left records, these records, the run, and the truth."""
    left, right, truth = world(size, 41, WORLDS[name])
    apart = left.gather_every(40)
    outcome = match(left.filter(~left["id"].is_in(apart["id"].implode())), right)
    return index(outcome), apart, outcome, dict(zip(truth["id"], truth["entity_id"], strict=True))


def test_a_returning_customer_is_found_and_a_new_one_is_not_taken_for_another():
    known, apart, outcome, entity = resident()
    there = {entity[name] for name in outcome.records["id"]}
    right = wrong = missed = 0
    for record in apart.to_dicts():
        found = match_one(known, record)
        linked = found[0] if found and found[0].score >= 0.5 else None
        right += linked is not None and entity[linked.id] == entity[record["id"]]
        wrong += linked is not None and entity[linked.id] != entity[record["id"]]
        missed += linked is None and entity[record["id"]] in there
    assert right >= 60
    assert wrong <= 0.06 * right
    assert missed <= 0.15 * right


def test_a_look_up_explains_itself_and_names_the_customer():
    known, apart, outcome, _ = resident()
    found = [match_one(known, record) for record in apart.to_dicts()]
    best = next(one[0] for one in found if one and one[0].decision == "match")
    place = outcome.records["id"].to_list().index(best.id)
    assert best.cluster == outcome.names(outcome.cluster, "C-")[place]
    assert best.why.steps
    assert "against" in str(best.why)


def test_a_record_that_says_nothing_finds_nobody():
    assert match_one(resident()[0], {"id": "new"}) == []


@pytest.mark.parametrize("name", ["middling", "dirty", "families", "trade"])
def test_one_record_in_plain_python_is_judged_bit_for_bit_as_by_columns(name):
    known, apart, _, _ = resident(name, 2_500)
    for record, many in zip(apart.to_dicts(), match_many(known, apart), strict=True):
        assert match_one(known, record) == many


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("name", ["middling", "dirty", "families", "trade"])
def test_a_pair_has_the_candidates_levels_and_score_that_the_batch_gives_it(name, side):
    known, apart, outcome, _ = resident(name, 2_500)
    for record in apart.head(6).iter_slices(1):
        as_the_batch(known, outcome, record, side)


def test_a_block_that_the_run_split_is_split_the_same_way():
    states = {"state": "OH", "phone": "614"}, {"state": "GA", "phone": "404"}
    many = [
        {"first_name": "John", "last_name": "Smith", "street": f"{k} Elm St", "zip": f"{10000 + k}"}
        | {name: f"{text}55{k:05d}" if name == "phone" else text for name, text in states[k % 2].items()}
        for k in range(80)
    ]
    people, _, _ = world(300, 3, WORLDS["clean"])
    outcome = match(pl.concat([people, records(*many, prefix="S")]))
    known = index(outcome)
    new = records({"first_name": "John", "last_name": "Smith", "state": "OH"})
    assert len(as_the_batch(known, outcome, new, 0)) == 40


def as_the_batch(known: Index, outcome: Outcome, record: pl.DataFrame, side: int) -> list[int]:
    """The record's candidates, after candidates and levels are seen to be those of a run with one record more."""
    standard, sides = outcome.table.standard, outcome.table.side
    at = int((sides <= side).sum())
    mine = forms(record, known.learned.known)
    found = asked(known, mine, np.array([side]))
    whole = table(pl.concat([standard[:at], mine, standard[at:]]), np.insert(sides, at, side))
    pairs = candidates(whole)
    ours = np.flatnonzero((pairs.left == at) | (pairs.right == at))
    theirs = pairs.left[ours] + pairs.right[ours] - at
    order = np.argsort(theirs)
    assert (theirs - (theirs > at))[order].tolist() == found.record.tolist()
    levels = compared(whole, pairs.left, pairs.right)
    for field, level in found.levels.items():
        assert level.tolist() == levels[field][ours][order].tolist(), field
    return found.record.tolist()


def test_rivals_take_from_a_new_record_what_the_batch_takes():
    known, apart, outcome, _ = resident()
    pairs = outcome.scores.pairs
    rivalled = 0
    for record in apart.iter_slices(1):
        found = asked(known, forms(record, known.learned.known), np.array([0]))
        left, right = np.r_[pairs.left, found.record], np.r_[pairs.right, np.full(len(found.record), len(known))]
        order = np.lexsort((right, left))
        before = np.r_[outcome.scores.before, found.before][order]
        likely = before > LIKELY
        odds, joined = odds_of(before[likely]), Pairs(left[order][likely], right[order][likely])
        rivals = (_rivals(joined, before[likely], bounded(odds)) * (1 + UNSEEN_ERROR * odds))[
            joined.right == len(known)
        ]
        kind = found.levels["sources"].astype(np.int64)
        mine = known.book.after(found.who, found.record, found.before, kind)
        weighed = found.before > LIKELY
        odds = odds_of(found.before[weighed])
        lifted = odds * np.exp(known.book.lift[kind[weighed], strength(odds)])
        assert mine[weighed] == pytest.approx(lifted / (1 + lifted + rivals), rel=1e-9)
        assert mine[~weighed].tolist() == found.before[~weighed].tolist()
        rivalled += int((rivals > 1).sum())
    assert rivalled > 50


def test_those_who_ask_together_are_no_rivals_and_a_second_question_has_the_same_answer():
    known, apart, _, _ = resident()
    twice = pl.concat([apart, apart.with_columns(id=pl.col("id") + "x")])
    answers = match_many(known, twice)
    assert answers[: len(apart)] == answers[len(apart) :] == match_many(known, apart)


def test_a_shared_contact_that_the_run_left_out_speaks_for_nobody():
    shared = [{"first_name": f"A{k:c}", "last_name": f"B{k:c}", "email": "desk@shop-hub.com"} for k in range(97, 115)]
    people, _, _ = world(300, 3, WORLDS["clean"])
    known = index(match(pl.concat([people, records(*shared, prefix="S")])))
    assert known.learned.known.mails == {"desk@shop-hub.com"}
    assert match_one(known, {"first_name": "Zoe", "last_name": "Quill", "email": "desk@shop-hub.com"}) == []


def test_a_company_with_its_words_in_another_order_is_judged_alone_as_among_many():
    firm = {"company": "Dining Room Ritz-Carlton Buckhead", "phone": "404-237-2700", "street": "3434 Peachtree Rd"}
    people, _, _ = world(300, 3, WORLDS["clean"])
    known = index(match(pl.concat([people, records(firm, prefix="S")])))
    new = records(firm | {"company": "Ritz-Carlton Dining Room"})
    (found,) = match_one(known, new.row(0, named=True))
    assert [found] == match_many(known, new)[0]
    assert "company misspelt" in str(found.why)


def test_of_a_clean_side_a_customer_has_one_record():
    known, apart, _, _ = resident()
    matched = next(
        record for record in apart.to_dicts() for one in match_one(known, record)[:1] if one.decision == "match"
    )
    customer = match_one(known, matched)[0]
    side = np.flatnonzero(known.sides[:, known.records["id"].to_pylist().index(customer.id)])
    held = replace(known, learned=replace(known.learned, clean=frozenset(side.tolist())))
    assert match_one(held, matched, int(side[0]))[0].decision == "review"


def test_an_index_on_disk_answers_as_the_one_in_memory(tmp_path):
    known, apart, _, _ = resident()
    save(known, tmp_path)
    again = opened(tmp_path)
    assert match_many(again, apart) == match_many(known, apart)
    assert [match_one(again, one) for one in apart.to_dicts()] == [match_one(known, one) for one in apart.to_dicts()]
    assert {name for name in COUNTED if len(again.counts[name].key)} == set(COUNTED)


def test_an_index_of_another_engine_a_damaged_one_and_none_are_refused(tmp_path):
    with pytest.raises(FixInput, match="holds no index; `he-sync match customers"):
        opened(tmp_path)
    folder = save(resident()[0], tmp_path)
    told = json.loads((folder / "learned.json").read_text())
    (folder / "learned.json").write_text(json.dumps(told | {"engine": "older"}))
    with pytest.raises(FixInput, match="another version of the matching engine"):
        opened(tmp_path)
    (folder / "learned.json").write_text(json.dumps(told))
    (folder / "records.arrow").write_bytes((folder / "records.arrow").read_bytes()[:2000])
    with pytest.raises(FixInput, match="is damaged"):
        opened(tmp_path)
