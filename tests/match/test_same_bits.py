"""The same customers give the same bytes: shuffled, with another number of threads, once more."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.customer_world.world import WORLDS, world
from tests.match.people import written


def bytes_of(left: Path, right: Path, out: Path, threads: int) -> dict[str, str]:
    environment = os.environ | {
        "POLARS_MAX_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
        "PYTHONHASHSEED": str(threads),
    }
    command = [sys.executable, "-m", "he_sync.cli", "match", "customers", str(left), str(right), "--out", str(out)]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    left, right, _ = world(5_000, 31, WORLDS["dirty"])
    written(folder, "left.csv", left)
    written(folder, "right.csv", right)
    written(folder, "left_shuffled.csv", left.sample(fraction=1.0, shuffle=True, seed=1))
    written(folder, "right_shuffled.csv", right.sample(fraction=1.0, shuffle=True, seed=2))
    return folder


def test_shuffled_files_and_one_thread_give_the_bytes_of_two(files: Path, tmp_path: Path):
    first = bytes_of(files / "left.csv", files / "right.csv", tmp_path / "first", 2)
    again = bytes_of(files / "left_shuffled.csv", files / "right_shuffled.csv", tmp_path / "again", 1)
    assert again == first
    assert {
        "pairs.csv",
        "clusters.csv",
        "households.csv",
        "golden.csv",
        "blocking.csv",
        "summary.json",
        "report.html",
    } <= set(first)
