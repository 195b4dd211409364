"""A run's files into the customer master: clusters, households and the pairs that wait for people."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from he_sync.match.decide import REVIEW, WORDS
from he_sync.match.reading import table
from he_sync.model.errors import FixInput
from he_sync.model.survivorship import FIELDS, Source
from he_sync.store.master import Found, Pair, Record, pair_of

PLACES = {"left": 0, "right": 1}
KINDS = ("csv", "parquet")


def found_in(folder: Path, records: Sequence[Source], sides: Sequence[str]) -> Found:
    """A run's clusters, households and review pairs, with the records that it read; `sides` are LEFT's and RIGHT's.

    Raises FixInput where the folder is not complete, or is not of these records.
    """
    kind = kind_of(folder)
    cluster = _grouped(table(folder / f"clusters.{kind}"), "cluster_id", sides)
    if missing := set(cluster) ^ {Record(one.side, one.id) for one in records}:
        raise FixInput(f"{folder}: {min(missing)} is not in both the run and the files; name the files that it read")
    household = _grouped(table(folder / f"households.{kind}"), "household_id", sides)
    return Found(_digest(folder, kind), records, cluster, household, _review(folder, kind, sides))


def kind_of(folder: Path) -> str:
    """The format of a run's files. Raises FixInput where the folder holds no complete run."""
    kind = next((kind for kind in KINDS if (folder / f"clusters.{kind}").is_file()), "")
    if not kind or not (folder / "report.html").is_file():
        raise FixInput(f"{folder}: holds no complete run; `he-sync match customers ... --out {folder}` makes one")
    return kind


def source(side: str, row: Mapping[str, str]) -> Source:
    """A record as the master keeps it, from a row in the columns that a match reads."""
    return Source(side, row["id"], {name: row[name] for name in FIELDS if row[name]}, row["created"])


def _grouped(frame: pl.DataFrame, column: str, sides: Sequence[str]) -> dict[Record, str]:
    rows = frame.select(pl.col("side", "id", column).cast(pl.String)).rows()
    return {Record(sides[PLACES[side]], number): name for side, number, name in rows}


def _review(folder: Path, kind: str, sides: Sequence[str]) -> list[Pair]:
    """Pairs across the sides, and duplicates within one, that the run leaves to people."""
    across = table(folder / f"pairs.{kind}")
    own = folder / f"duplicates.{kind}"
    both = ("left", "right" if own.is_file() else "left")
    frames = [across.with_columns(one=pl.lit(both[0]), other=pl.lit(both[1]))]
    if own.is_file():
        frames.append(table(own).with_columns(one=pl.col("side"), other=pl.col("side")))
    found = []
    for frame in frames:
        asked = frame.filter(pl.col("decision") == WORDS[REVIEW])
        for row in asked.iter_rows(named=True):
            ends = (
                Record(sides[PLACES[row[at]]], str(row[number]))
                for at, number in (("one", "left_id"), ("other", "right_id"))
            )
            found.append(Pair(*pair_of(*ends), round(float(row["score"]) * 1_000_000), row["reasons"]))
    return found


def _digest(folder: Path, kind: str) -> str:
    parts = [(folder / f"{name}.{kind}").read_bytes() for name in ("clusters", "pairs")]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()
