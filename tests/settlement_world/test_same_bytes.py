"""The same books give the same bytes, in whatever order their rows come and however many threads read them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from he_sync.reconcile import runs
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

WRITTEN = ("links.parquet", "breaks.parquet")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("same") / "world"
    make(Spec(20_000, 8, 0.02, no_reference=0.05, blind=0.5, garbled=0.005, splits=0.1), folder)
    return folder


def shuffled(world: Path, into: Path, seed: float) -> Path:
    """The same files, their rows in another order."""
    into.mkdir()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SELECT setseed(?)", [seed])
        for path in sorted(world.iterdir()):
            if path.suffix == ".parquet":
                connection.execute(f"COPY (FROM '{path}' ORDER BY random()) TO '{into / path.name}'")
            else:
                (into / path.name).write_bytes(path.read_bytes())
    return into


def written(folder: Path, out: Path, threads: int) -> list[bytes]:
    runs.settlements(folder, out, threads=threads)
    return [(out / name).read_bytes() for name in WRITTEN]


def test_shuffled_rows_and_another_number_of_threads_give_the_same_bytes(world, tmp_path):
    first = written(world, tmp_path / "first", 1)
    assert written(world, tmp_path / "two threads", 2) == first
    for number in (1, 2):
        books = shuffled(world, tmp_path / f"shuffled {number}", number / 10)
        assert written(books, tmp_path / f"out {number}", number) == first
