"""Links are written beside the stages: in the order in which they came, and an error of the file ends the run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from he_sync.reconcile.chain.found import Found
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


def test_links_that_cannot_be_written_end_the_run(tmp_path: Path) -> None:
    writer = LinkWriter(tmp_path / "links.parquet")
    found = Found(writer)
    found.link("VO", np.array([1]), np.array([1, 2]), RULE)
    found.complete("VO")
    with pytest.raises(ValueError, match="length"):
        writer.close()
