"""Numbers stand for texts, groups for links, and parts for whole tables, and nothing is lost by it."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest

from he_sync.match.clusters import components
from he_sync.match.codes import _ODD, numbered
from he_sync.match.columns import columns_of, joint, texts_of
from he_sync.match.writing import _written

APART_BY_LITTLE = [k * pow(int(_ODD), -1, 1 << 64) % (1 << 64) for k in range(6)]
"""Values that differ only in the bits which are cut off for the position."""


@pytest.mark.parametrize("values", [[7, 7, 3, 7, 9, 3], [5], [], APART_BY_LITTLE * 2], ids=str)
def test_values_are_numbered_in_the_order_in_which_they_come(values):
    code, place = numbered(np.array(values, np.uint64))
    seen = list(dict.fromkeys(values))
    assert code.tolist() == [seen.index(value) for value in values]
    assert place.tolist() == [values.index(value) for value in seen]


def test_columns_give_back_their_texts_and_what_is_made_of_several():
    frame = pl.DataFrame({"first": ["ann", "", "bo"] * 3, "last": ["lee", "ann", ""] * 3, "zip5": list("112233445")})
    columns = columns_of([frame.select("first", "last"), frame.select("zip5")])
    assert texts_of(columns, frame.columns).equals(frame)
    made = joint(columns, ["last", "zip5"], lambda some: some["last"] + some["zip5"])
    assert texts_of({"made": made}, ["made"])["made"].to_list() == (frame["last"] + frame["zip5"]).to_list()


def test_whoever_is_linked_by_any_chain_is_in_the_group_of_its_lowest_member():
    random = Random(4)  # noqa: S311 - reproducible, not secret
    for count in (1, 2, 9, 40, 40, 40):
        links = [(random.randrange(count), random.randrange(count)) for _ in range(random.randrange(count * 2))]
        lowest = list(range(count))
        for _ in range(count):
            for one, other in links:
                lowest[one] = lowest[other] = min(lowest[one], lowest[other])
        ends = np.array(links, np.int64).reshape(-1, 2)
        assert components(ends[:, 0], ends[:, 1], count).tolist() == lowest


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_that_is_written_in_parts_is_the_whole_table(tmp_path: Path, kind):
    whole = pl.DataFrame({"id": [f"K{k}" for k in range(1_000)], "score": np.arange(1_000) / 7})
    _written((whole[at : at + 300] for at in range(0, 1_000, 300)), tmp_path / "some", kind)
    _ = whole.write_csv(tmp_path / "all") if kind == "csv" else whole.write_parquet(tmp_path / "all")
    assert (tmp_path / "some").read_bytes() == (tmp_path / "all").read_bytes()
