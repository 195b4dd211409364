"""A period that is still running: what is under way is expected, not missing."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from he_sync.reconcile import runs
from tests.settlement_world.cut import cut
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

SPEC = Spec(20_000, seed=5, breaks=0, blind=0)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("running") / "world"
    make(SPEC, folder)
    return folder


@pytest.mark.parametrize("days", [10, 12, 20, 34])  # a Thursday, a Saturday, a Sunday, the last Sunday of sales
def test_what_is_under_way_is_no_exception(world, tmp_path, days):
    """Deposits of the last bank days, payments after the last cut-off and lines that slipped are still to come."""
    cut(world, SPEC.first_day + timedelta(days=days), tmp_path / "known")
    runs.settlements(tmp_path / "known", tmp_path / "out")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT break_class, count(*) FROM read_parquet(?) GROUP BY 1", [str(tmp_path / "out" / "breaks.parquet")]
        ).fetchall()
    assert found == []
    assert set(json.loads((tmp_path / "out" / "summary.json").read_text())["unexplained_cents"].values()) == {0}
