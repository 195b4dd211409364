"""A run: both sides matched under the decisions that stand, beside the figures of the last run that was taken.

What a run was made from names its folder: the two rosters by content, the decisions, the rules. Where the last run
that was taken was made from the same, nothing runs.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from he_sync.flows.customer_matching import roster
from he_sync.flows.customer_matching.records import Side, comparable
from he_sync.flows.customer_matching.taking import found_in, source
from he_sync.match.decide import WORDS
from he_sync.match.decided import Decided
from he_sync.match.run import Options, match
from he_sync.match.writing import MODEL, write
from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store import master
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store
from he_sync.store.lake import Lake
from he_sync.store.master import Deed, Taken

RULES = 1
"""Of what turns rosters into customers; a new number matches everything again."""
TAKEN = "taken.json"
SUMMARY, FACTS = "summary.json", "facts.json"
KIND = "parquet"
BINS = 20


@dataclass(frozen=True)
class Run:
    """A finished run and the last one taken before it. `same` where nothing ran because nothing had changed."""

    folder: Path
    summary: Mapping[str, Any]
    model: Mapping[str, Any]
    made_from: Mapping[str, Any]
    sides: tuple[str, ...]
    left_out: Mapping[str, Mapping[str, int]]
    before: Run | None = None
    same: bool = False

    def table(self, name: str) -> pl.DataFrame:
        """One of its tables: pairs, clusters, households, golden, blocking; `duplicates` within the sides, if any."""
        return pl.read_parquet(self.folder / f"{name}.{KIND}")

    def histogram(self) -> dict[str, list[int]]:
        """Pairs by decision and score, in BINS bins from 0 to 1."""
        place = (pl.col("score") * BINS).floor().clip(0, BINS - 1).cast(pl.Int64)
        pairs = self.table("pairs").select("decision", place.alias("bin"))
        counts = {(word, at): many for word, at, many in pairs.group_by("decision", "bin").len().rows()}
        return {word: [counts.get((word, place), 0) for place in range(BINS)] for word in WORDS}


def run(lake: Lake, store: Store, home: Path, retailer: Retailer) -> Run:
    """Match the customers of both sides; nothing where the last run taken was made from the same.

    Raises FixInput where a side was never read, and where nobody is left to be matched.
    """
    before, made_from = last(home), _made_from(lake, store, retailer)
    if before is not None and before.made_from == made_from:
        return replace(before, before=before, same=True)
    sides = _sides(lake, retailer)
    left, *others = (one.records for one in sides.values())
    outcome = match(left, others[0] if others else None, Options(decided=_decided(store, list(sides))))
    folder = home / "matching" / _name(made_from)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".run-", dir=folder.parent) as held:
        part = Path(held) / "run"
        write(outcome, part, KIND, before.model if before else None)
        facts = {"made_from": made_from, "left_out": {name: side.left_out for name, side in sides.items()}}
        (part / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    _tidy(folder, before)
    return _read(folder, before)


def take(lake: Lake, store: Store, home: Path, retailer: Retailer, deed: Deed) -> Taken:
    """Bring the newest run into the master. Raises FixInput where it did not match the customers that there are now."""
    newest = _newest(home)
    if newest is None or newest.made_from["rosters"] != _rosters(lake):
        raise FixInput("the customers were read again since they were matched; launch match_customers once more")
    sides = _sides(lake, retailer)
    records = [source(name, row) for name, side in sides.items() for row in side.records.iter_rows(named=True)]
    taken = master.take(store, found_in(newest.folder, records, list(sides)), deed)
    part = home / "matching" / f".{TAKEN}"
    part.write_text(json.dumps({"folder": newest.folder.name}), encoding="utf-8")
    part.replace(home / "matching" / TAKEN)
    return taken


def last(home: Path) -> Run | None:
    """The last run that was taken into the master."""
    try:
        name = json.loads((home / "matching" / TAKEN).read_text(encoding="utf-8"))["folder"]
        return _read(home / "matching" / name, None)
    except FileNotFoundError:
        return None


def _newest(home: Path) -> Run | None:
    folders = [facts.parent for facts in (home / "matching").glob(f"*/{FACTS}")]
    return _read(max(folders, key=_age), None) if folders else None


def _age(folder: Path) -> int:
    return (folder / FACTS).stat().st_mtime_ns


def _read(folder: Path, before: Run | None) -> Run:
    summary, model, facts = (
        json.loads((folder / name).read_text(encoding="utf-8")) for name in (SUMMARY, MODEL, FACTS)
    )
    return Run(folder, summary, model, facts["made_from"], tuple(facts["left_out"]), facts["left_out"], before)


def _tidy(newest: Path, before: Run | None) -> None:
    """Runs that were not taken are no use once there is a newer one."""
    for folder in {facts.parent for facts in newest.parent.glob(f"*/{FACTS}")}:
        if folder != newest and (before is None or folder != before.folder):
            shutil.rmtree(folder)


# what a run is made from


def _sides(lake: Lake, retailer: Retailer) -> dict[str, Side]:
    """The sides that have somebody to be matched, in the order LEFT, RIGHT."""
    found = comparable({name: roster.rows(lake, name) for name in roster.SIDES}, retailer)
    there = {name: side for name, side in found.items() if len(side.records)}
    if not there:
        raise FixInput("no side has a customer that is active and no walk-in; there is nobody to be matched")
    return there


def _decided(store: Store, sides: Sequence[str]) -> list[Decided]:
    at = {side: place for place, side in enumerate(sides)}
    return [
        Decided(at[one.left.side], one.left.id, at[one.right.side], one.right.id, one.same, one.asked)
        for one in master.constraints(store)
        if one.left.side in at and one.right.side in at
    ]


def _made_from(lake: Lake, store: Store, retailer: Retailer) -> dict[str, Any]:
    said = sorted([*one.left, *one.right, one.same] for one in master.constraints(store))
    digest = hashlib.sha256(canonical_json(said).encode()).hexdigest()
    walk_ins = sorted({retailer.epicor.walk_in_customer, *(one.walk_in_customer for one in retailer.stores)} - {""})
    return {"rules": RULES, "rosters": _rosters(lake), "decisions": [len(said), digest], "walk_ins": walk_ins}


def _rosters(lake: Lake) -> dict[str, str]:
    found = {name: roster.current(lake, name) for name in roster.SIDES}
    if missing := [name for name, one in found.items() if one is None]:
        raise FixInput(f"the customers of {missing[0]} were never read; materialise match/{missing[0]} first")
    return {name: one.digest for name, one in found.items() if one is not None}


def _name(made_from: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical_json(made_from).encode()).hexdigest()[:16]
