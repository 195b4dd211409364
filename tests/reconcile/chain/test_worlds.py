"""Whole generated worlds: links and classes are right, money closes, and the same books give the same bytes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from he_sync.reconcile.chain.found import RELATIONS
from he_sync.reconcile.chain.outcome import Outcome
from he_sync.reconcile.chain.rules import RuleSet, built_in
from he_sync.reconcile.chain.run import reconcile
from he_sync.reconcile.given import open_books
from tests.reconcile.chain.shop import read
from tests.settlement_world.make import make
from tests.settlement_world.measures import Score, score
from tests.settlement_world.spec import Spec

SMALL = 12_000
BIG_TABLES = ("pos_payments", "settlement_lines", "gl_lines", "bank_lines", "batches", "pos_orders", "erp_orders")
EXACT = ("PG", "PS", "PL", "VO")


def run(folder: Path, out: Path, threads: int = 2) -> Outcome:
    out.mkdir(parents=True, exist_ok=True)
    with open_books(folder, threads=threads) as books:
        return reconcile(books, built_in(), out, threads=threads)


def chain_f1(found: Score) -> float:
    """Macro F1 of the classes that the chain and orders have; stock is compared elsewhere."""
    rates = [one.f1 for name, one in found.classes.items() if not name.startswith("inv_")]
    return sum(rates) / len(rates)


@pytest.fixture(scope="module")
def blind(tmp_path_factory) -> Path:
    """A world with blind accounts, lost references, slips and breaks."""
    folder = tmp_path_factory.mktemp("worlds") / "blind"
    make(Spec(SMALL, seed=41, blind=0.6, no_reference=0.05), folder)
    return folder


def test_links_classes_and_money_are_right_in_a_blind_world(blind, tmp_path):
    outcome = run(blind, tmp_path)
    found = score(blind, tmp_path)
    for name in EXACT:
        assert (found.pairs_equal[name].precision, found.pairs_equal[name].recall) == (1.0, 1.0), name
        assert found.pairs[name].recall >= 0.9999, name
    assert chain_f1(found) >= 0.999
    assert found.false_exceptions == 0
    assert outcome.summary.closes
    assert found.all_blind.precision >= 0.9995
    assert found.all_blind.found >= 0.99 * found.all_blind.true


@pytest.mark.parametrize(
    "more",
    [
        {"double_breaks": 0.5, "breaks": 0.03},
        {"currencies": ("USD", "CAD"), "reserves": 0.5, "won_back": 0.5},
        {"splits": 0.3},
        {"garbled": 0.02},
    ],
    ids=["two breaks on a record", "currencies, reserves, disputes won", "deposits in parts", "garbled references"],
)
def test_what_the_samples_lack_is_right_as_well(more, tmp_path):
    make(Spec(SMALL, seed=42, blind=0, **more), tmp_path / "world")
    outcome = run(tmp_path / "world", tmp_path / "out")
    found = score(tmp_path / "world", tmp_path / "out")
    for name in (*EXACT, "LB", "BD", "LD"):
        assert (found.pairs_equal[name].precision, found.pairs_equal[name].recall) == (1.0, 1.0), name
    assert chain_f1(found) >= 0.999
    assert outcome.summary.closes


def test_a_world_without_breaks_has_no_exception(tmp_path):
    make(Spec(SMALL, seed=43, breaks=0, blind=0), tmp_path / "world")
    assert run(tmp_path / "world", tmp_path / "out").summary.breaks == {}


def test_a_line_settled_twice_or_taken_back_has_a_class_of_its_own(tmp_path):
    make(Spec(SMALL, seed=44, breaks=0, blind=0, duplicate_lines=0.005, declined=0.005), tmp_path / "world")
    outcome = run(tmp_path / "world", tmp_path / "out")
    found = score(tmp_path / "world", tmp_path / "out")
    assert found.classes["duplicate_settlement_line"].f1 == 1.0
    assert found.classes["offline_declined"].f1 == 1.0
    assert found.unresolved == (0, 0)
    assert outcome.summary.closes


def test_shuffled_rows_and_other_thread_counts_give_the_same_bytes(blind, tmp_path):
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    (shuffled / "terms.json").write_bytes((blind / "terms.json").read_bytes())
    with duckdb.connect() as connection:
        for path in sorted(blind.glob("*.parquet")):
            turned = "order by hash(columns(*)::varchar)" if path.stem in BIG_TABLES else ""
            connection.execute(
                f"copy (select * from '{path}' {turned}) to '{shuffled / path.name}' (row_group_size 2048)"
            )
    outs = []
    for number, (folder, threads) in enumerate(((blind, 2), (blind, 1), (shuffled, 2), (shuffled, 1))):
        out = tmp_path / str(number)
        run(folder, out, threads)
        outs.append([(out / name).read_bytes() for name in ("links.parquet", "breaks.parquet")])
    assert all(one == outs[0] for one in outs)
    rows = [(row["rel"], row["left_id"], row["right_id"]) for row in read(tmp_path / "0" / "links.parquet")]
    assert rows == sorted(rows, key=lambda row: (RELATIONS.index(row[0]), *row[1:]))


def test_an_unchanged_folder_takes_the_earlier_result_over(blind, tmp_path):
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    before = run(blind, first).summary
    (first / "links.parquet").write_bytes(b"mark")  # only a copy can have this
    for out in (second, third):
        out.mkdir()
    with open_books(blind) as books:
        assert reconcile(books, built_in(), second, previous=first).summary == before
        assert (second / "links.parquet").read_bytes() == b"mark"
        other = RuleSet("other", built_in().rules)
        reconcile(books, other, third, previous=first)
    assert (third / "links.parquet").read_bytes() != b"mark"


def without(folder: Path, out: Path, sources: str) -> Path:
    """The same folder with a ledger that lacks some sources."""
    out.mkdir()
    for path in folder.iterdir():
        if path.name != "gl_lines.parquet":
            (out / path.name).symlink_to(path)
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * from '{folder}/gl_lines.parquet' where source not in ({sources}))"
            f" to '{out}/gl_lines.parquet'"
        )
    return out


@pytest.mark.parametrize("sources", ["'BATCH'", "'BATCH', 'DEPOSIT'"], ids=["no fee journal", "no deposits either"])
def test_less_evidence_asserts_less_not_worse(blind, tmp_path, sources):
    """Without the ledger's fee journal a slip is known only where one set of lines explains it."""
    folder = without(blind, tmp_path / "world", sources)
    outcome = run(folder, tmp_path / "out")
    found = score(folder, tmp_path / "out")
    assert outcome.summary.closes
    assert found.all_blind.precision >= 0.999
    assert found.all_blind.found >= 0.7 * found.all_blind.true
    assert found.asserted["LD"].found < found.pairs["LD"].found
