"""Links are written beside the stages, each relation in its turn, and an error of the file ends the run."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import numpy as np
import pytest
from pyarrow import parquet

from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.stages import side_by_side
from he_sync.reconcile.chain.write import LinkWriter

RULE = ("exact_key", "payment_id")


def test_relations_stand_in_the_file_in_the_order_in_which_they_were_complete(tmp_path: Path) -> None:
    writer = LinkWriter(tmp_path / "links.parquet")
    found = Found(writer)
    for relation, count in (("VO", 300_000), ("PL", 2), ("PG", 1)):
        found.link(relation, np.arange(count), np.arange(count), RULE)
        found.complete(relation)
    writer.close()
    written = parquet.read_table(tmp_path / "links.parquet", columns=["rel"])["rel"].to_pylist()
    assert written == ["VO"] * 300_000 + ["PL", "PL", "PG"]


def test_relations_stand_in_the_file_in_their_order_whichever_is_found_first(tmp_path: Path) -> None:
    writer = LinkWriter(tmp_path / "links.parquet")
    found = Found(writer)
    for number, relation in enumerate(("PG", "PL", "VO")):
        found.link(relation, np.array([7, 8]), np.array([number, number]), RULE)
        found.complete(relation)
    writer.close()
    written = parquet.read_table(tmp_path / "links.parquet").to_pydict()
    assert written["rel"] == ["VO", "VO", "PL", "PL", "PG", "PG"]
    assert written["right_id"] == [2, 2, 1, 1, 0, 0]


@pytest.mark.parametrize("others", [(0, 2), (0, [5]), ([4], 0), ([1], [3]), (7, 7)])
def test_each_link_keeps_its_own_count_of_alternatives(tmp_path: Path, others: tuple[int | list[int], ...]) -> None:
    """Blocks say one number for all of their links, or one a link; they stand in the file by id, not by block."""
    writer = LinkWriter(tmp_path / "links.parquet")
    found = Found(writer)
    one, other = (np.array(many) if isinstance(many, list) else many for many in others)
    found.link("VO", np.array([2]), np.array([20]), RULE, alternatives=other)
    found.link("VO", np.array([3]), np.array([30]), RULE, alternatives=one)
    found.link("VO", np.array([1]), np.array([10]), RULE, alternatives=one)
    found.complete("VO")
    writer.close()
    written = parquet.read_table(tmp_path / "links.parquet").to_pydict()
    first, second = (many[0] if isinstance(many, list) else many for many in others)
    assert list(zip(written["right_id"], written["alternatives"], strict=True)) == [
        (10, first),
        (20, second),
        (30, first),
    ]


@pytest.mark.parametrize("threads", [1, 2])
def test_the_first_works_error_counts_though_the_second_fails_before_it(threads: int) -> None:
    second_failed = Event()

    def first() -> None:
        if threads > 1:
            second_failed.wait(10)
        raise ValueError("first")

    def second() -> None:
        second_failed.set()
        raise KeyError("second")

    with pytest.raises(ValueError, match="first"):
        side_by_side(threads, first, second)


def test_links_that_cannot_be_written_end_the_run(tmp_path: Path) -> None:
    writer = LinkWriter(tmp_path / "links.parquet")
    found = Found(writer)
    found.link("VO", np.array([1]), np.array([1, 2]), RULE)
    found.complete("VO")
    with pytest.raises(ValueError, match="length"):
        writer.close()
