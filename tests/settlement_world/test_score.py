"""The scorer sees what is wrong: a run that is right scores 1, and each planted fault lowers the figure it is about."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.settlement_world.make import make
from tests.settlement_world.measures import Score, score
from tests.settlement_world.spec import Spec

LINKS = """CREATE TABLE made_links AS WITH links AS (FROM '{world}/links.parquet'),
    shown AS (SELECT batch_id FROM '{world}/batches.parquet'), pairs AS (
    FROM links WHERE rel NOT IN ('LB', 'BD')
    UNION ALL FROM links SEMI JOIN shown ON batch_id = right_id WHERE rel = 'LB'
    UNION ALL FROM links SEMI JOIN shown ON batch_id = left_id WHERE rel = 'BD'
    UNION ALL SELECT 'LD', lb.left_id, bd.right_id FROM links lb JOIN links bd ON bd.left_id = lb.right_id
    WHERE lb.rel = 'LB' AND bd.rel = 'BD')
    SELECT *, 'a' AS stage, 'a' AS rule, 'automatic' AS strength, 0 AS alternatives FROM pairs"""
BREAKS = """CREATE TABLE made_breaks AS SELECT * REPLACE (
        CASE WHEN break_class = 'missing_deposit' THEN 0 ELSE record_id END AS record_id)
    FROM '{world}/labels.parquet' WHERE "table" <> 'inventory'"""


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("scored") / "world"
    make(Spec(8_000, seed=4, blind=0.5), folder)  # one blind entity of four stores, two that show their batches
    return folder


def held(world: Path, out: Path, *faults: str) -> Score:
    """The score of a right run into which the faults were put."""
    with duckdb.connect() as connection:
        connection.execute(LINKS.format(world=world))
        connection.execute(BREAKS.format(world=world))
        for fault in faults:
            connection.execute(fault)
        connection.execute(f"COPY made_links TO '{out}/links.parquet'")
        connection.execute(f"COPY made_breaks TO '{out}/breaks.csv'")
    return score(world, out, "chain")


def test_a_right_run_scores_one(world, tmp_path):
    found = held(world, tmp_path)
    assert {one.f1 for one in (*found.pairs.values(), *found.pairs_equal.values(), *found.classes.values())} == {1.0}
    assert found.accepted_wrong == 0
    assert found.false_exceptions == 0
    assert found.deposits.recall == found.all_blind.precision == found.all_blind.recall == 1.0
    assert set(found.explained_wrong.values()) == {0}


def test_a_wrong_link_lowers_its_relation_and_no_other(world, tmp_path):
    fault = """UPDATE made_links SET right_id = (SELECT max(right_id) FROM made_links WHERE rel = 'PL') WHERE rel = 'PL'
        AND left_id = (SELECT min(left_id) FROM made_links WHERE rel = 'PL')"""
    found = held(world, tmp_path, fault)
    assert [name for name, one in found.pairs.items() if one.f1 < 1] == ["PL"]
    assert found.pairs["PL"].found - found.pairs["PL"].right == 1
    assert found.accepted_wrong > 0


def test_a_suggested_wrong_link_is_not_accepted(world, tmp_path):
    fault = """UPDATE made_links SET right_id = right_id + 1, strength = 'suggested' WHERE rel = 'PL'
        AND left_id = (SELECT min(left_id) FROM made_links WHERE rel = 'PL')"""
    found = held(world, tmp_path, fault)
    assert found.accepted_wrong == 0
    assert found.pairs["PL"].precision < 1


def test_a_line_in_another_deposit_is_seen_by_entity_and_deposit(world, tmp_path):
    fault = f"""UPDATE made_links SET right_id = (SELECT max(right_id) FROM made_links WHERE rel = 'LD')
        WHERE rel = 'LD' AND left_id = (SELECT min(left_id) FROM made_links
        JOIN '{world}/settlement_lines.parquet' ON line_id = left_id WHERE rel = 'LD' AND batch_id = 0)"""
    found = held(world, tmp_path, fault)
    assert found.all_blind.found - found.all_blind.right == 1
    assert found.deposits.true - found.deposits.right == 2


def test_two_lines_that_change_places_are_seen(world, tmp_path):
    """Both deposits keep their number of lines."""
    two = (
        "(SELECT min(left_id) FROM made_links WHERE rel = 'LD'), (SELECT max(left_id) FROM made_links WHERE rel = 'LD')"
    )
    fault = f"""UPDATE made_links SET right_id = (SELECT min(right_id) + max(right_id) FROM made_links
        WHERE rel = 'LD' AND left_id IN ({two})) - right_id WHERE rel = 'LD' AND left_id IN ({two})"""
    found = held(world, tmp_path, fault)
    assert found.pairs["LD"].found - found.pairs["LD"].right == 2
    assert found.deposits.true - found.deposits.right == 2


def test_a_break_in_the_wrong_class_counts_on_both_and_moves_cents(world, tmp_path):
    fault = """UPDATE made_breaks SET break_class = 'fee_overcharge' WHERE record_id =
        (SELECT min(record_id) FROM made_breaks WHERE break_class = 'wrong_amount_sign')"""
    found = held(world, tmp_path, fault)
    assert {name for name, one in found.classes.items() if one.f1 < 1} == {"fee_overcharge", "wrong_amount_sign"}
    assert found.false_exceptions == 1
    assert found.explained_wrong["gl_minus_pos"] == -found.explained_wrong["fees_minus_schedule"]


def test_a_missing_deposit_counts_by_its_cents(world, tmp_path):
    fault = "UPDATE made_breaks SET delta_cents = delta_cents + 1 WHERE break_class = 'missing_deposit'"
    found = held(world, tmp_path, fault)
    assert found.classes["missing_deposit"].right == 0
