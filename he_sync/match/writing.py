"""Results out: pairs, duplicates, clusters, households, golden records, blocking and a summary, in one folder.

Files are written beside their final names and moved at the end, report last: a folder with a report is complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from he_sync.match.blocking import listed
from he_sync.match.codes import Bools, Floats, Ints
from he_sync.match.decide import MATCH, REVIEW, WORDS
from he_sync.match.drift import Figures, drift, figures
from he_sync.match.explain import lines, reasons
from he_sync.match.preflight import filled
from he_sync.match.report import page
from he_sync.match.run import Outcome
from he_sync.match.traps import traps

WORTH = 0.01
"""Score from which a candidate is written."""
CHUNK = 1 << 14
"""Pairs made and written at a time."""
SIDES = ("left", "right")
MODEL = "model.json"
MOVED = 5
"""Fields of which the summary says how far they moved."""


def write(  # noqa: PLR0913 - one argument an option
    outcome: Outcome,
    folder: Path,
    kind: str = "csv",
    before: Figures | None = None,
    more: Mapping[str, Any] | None = None,
    *,
    patched: Callable[[Path], set[str]] = lambda _: set(),
) -> dict[str, Any]:
    """Write all files of a run; `kind` is csv or parquet. Returns the summary, with `more` that is said in it.

    `before` is the model of an earlier run, of which the summary says what moved. Where the tables are CSV, `patched`
    may write some as `.NAME.csv.part`, and says which.
    """
    folder.mkdir(parents=True, exist_ok=True)
    there = patched(folder) if kind == "csv" else set()
    names = [f"{name}.{kind}" for name in there]
    for name, parts in tables(outcome, there):
        names.append(f"{name}.{kind}")
        _written(parts, folder / f".{name}.{kind}.part", kind)
    model = figures(outcome.scores)
    told = summary(outcome) | moved(before, model) | dict(more or {})
    (folder / f".{MODEL}.part").write_text(json.dumps(model) + "\n", encoding="utf-8")
    (folder / ".summary.json.part").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / ".report.html.part").write_text(page(outcome, told), encoding="utf-8")
    for name in (*names, MODEL, "summary.json", "report.html"):
        (folder / f".{name}.part").replace(folder / name)
    return told


def moved(before: Figures | None, now: Figures) -> dict[str, Any]:
    """For the summary: the fields that moved most since an earlier run's model."""
    if before is None:
        return {}
    rows = drift(before, now)[:MOVED]
    return {"model_drift": {"moved": round(rows[0]["moved"], 6) if rows else 0.0, "most": rows}}


def _written(parts: Iterator[pl.DataFrame], path: Path, kind: str) -> None:
    """A table that is made and written a part at a time: whole, golden records alone are 400 bytes a customer."""
    if kind == "csv":
        with path.open("wb") as out:
            for place, part in enumerate(parts):
                part.write_csv(out, include_header=place == 0)
        return
    first = next(parts)
    register_io_source(lambda *_: chain([first], parts), schema=first.schema).sink_parquet(path)


def frames(outcome: Outcome) -> dict[str, pl.DataFrame]:
    """The tables of a run by file name, whole."""
    return {name: pl.concat(parts) for name, parts in tables(outcome)}


def tables(outcome: Outcome, without: Collection[str] = ()) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
    """The tables of a run by file name, each in parts of which the next is made when it is asked for."""
    for make in (_of_pairs, _of_records):
        yield from make(outcome, without)
    if "golden" not in without:
        yield "golden", outcome.golden()
    yield "blocking", iter([listed(outcome.costs)])


def _of_pairs(outcome: Outcome, without: Collection[str]) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
    shown = {name: take for name, take in _shown(outcome).items() if name not in without}
    lines = lines_of(outcome, np.flatnonzero(outcome.score >= WORTH)) if shown else {}
    for name, take in shown.items():
        sides = pl.Series("side", SIDES) if name == "duplicates" else None
        yield name, pair_rows(outcome, np.flatnonzero(take), lines, sides)


def _of_records(outcome: Outcome, without: Collection[str]) -> Iterator[tuple[str, Iterator[pl.DataFrame]]]:
    if {"clusters", "households"} <= set(without):
        return
    sides = pl.Series("side", SIDES)
    ids = outcome.records.select("id", sides.gather(outcome.table.side))
    customers = outcome.names(outcome.cluster, "C-").alias("cluster_id")
    if "clusters" not in without:
        yield "clusters", iter([ids.with_columns(customers)])
    if "households" not in without:
        households = outcome.names(outcome.household, "H-").alias("household_id")
        yield "households", iter([ids.with_columns(households, customers)])


def _shown(outcome: Outcome) -> dict[str, Bools]:
    """Candidates that are worth a row, by table."""
    worth, pairs, side = outcome.score >= WORTH, outcome.scores.pairs, outcome.table.side
    if not outcome.linked:
        return {"pairs": worth}
    across = side[pairs.left] != side[pairs.right]
    return {"pairs": across & worth, "duplicates": ~across & worth}


def pair_rows(
    outcome: Outcome, take: Ints, lines: Mapping[str, pl.Series], sides: pl.Series | None
) -> Iterator[pl.DataFrame]:
    """Rows of some pairs by what `lines_of` says of their patterns; with the side where `sides` names them."""
    pairs, ids = outcome.scores.pairs, outcome.records["id"]
    for start in range(0, max(len(take), 1), CHUNK):
        some = take[start : start + CHUNK]
        columns = {
            "left_id": ids.gather(pairs.left[some]),
            "right_id": ids.gather(pairs.right[some]),
            "score": outcome.score[some].round(6),
            "decision": pl.Series(WORDS).gather(outcome.decision[some]),
            "reasons": _explained(outcome, some, lines),
        }
        own = {} if sides is None else {"side": sides.gather(outcome.table.side[pairs.left[some]])}
        yield pl.DataFrame(columns | own)


def lines_of(outcome: Outcome, some: Ints) -> dict[str, pl.Series]:
    """What the patterns of some pairs say, people and companies by their own model; once a pattern."""
    scores = outcome.scores
    firms, found = scores.strata[some], {}
    for name, model in scores.models.items():
        found[name] = lines(model, scores.seen[name], np.unique(scores.row[some[firms == (name == "companies")]]))
    return found


def _explained(outcome: Outcome, take: Ints, said: Mapping[str, pl.Series]) -> pl.Series:
    """The reasons of some pairs."""
    scores = outcome.scores
    firms = scores.strata[take]
    parts, order = [], []
    for name, text in said.items():
        mine = np.flatnonzero(firms == (name == "companies"))
        some = take[mine]
        changed = _log10_odds(outcome.score[some]) - _log10_odds(scores.before_of(some))
        parts.append(reasons(text.gather(scores.row[some]), changed))
        order.append(mine)
    return pl.concat(parts).gather(np.argsort(np.concatenate(order))).alias("reasons")


def _log10_odds(score: Floats) -> Floats:
    clipped = np.clip(score, 1e-9, 1 - 1e-9)
    odds: Floats = np.log10(clipped / (1 - clipped))
    return odds


def summary(outcome: Outcome) -> dict[str, Any]:
    """Counts, rates, thresholds and the fitted model's shares; no times, so that a second run writes the same bytes."""
    side, sizes = outcome.table.side, np.bincount(outcome.cluster, minlength=len(outcome.table))
    decisions = np.bincount(outcome.decision[_shown(outcome)["pairs"]], minlength=len(WORDS)).tolist()
    linked = _linked(outcome)
    return {
        "records": {SIDES[k]: int((side == k).sum()) for k in range(1 + int(outcome.linked))},
        "filled": filled(outcome.records),
        "candidates": len(outcome.scores.pairs),
        "decisions": dict(zip(WORDS, decisions, strict=True)),
        "expected_matches": round(float(outcome.score.sum()), 1),
        "match_from": round(outcome.threshold, 6),
        "review_from": outcome.options.policy.review_from,
        "customers": int((sizes > 0).sum()),
        "largest_cluster": int(sizes.max()),
        "match_rate": {SIDES[k]: round(float(linked[side == k].mean()), 4) for k in range(1 + int(outcome.linked))},
        "households": len(np.unique(outcome.household)),
        "contacts": [asdict(contact) for contact in outcome.contacts],
        "traps": traps(outcome.scores.levels, outcome.score, outcome.decision, _about(outcome)),
        **({"answers": asdict(outcome.lesson)} if outcome.answers is not None else {}),
        "skipped_blocks": sum(cost.skipped for cost in outcome.costs),
        "skipped_pairs": sum(cost.skipped_pairs for cost in outcome.costs),
        "model": {
            name: {kind.name: round(float(share), 5) for kind, share in zip(model.kinds, model.shares, strict=True)}
            for name, model in outcome.scores.models.items()
        },
    }


def _about(outcome: Outcome) -> Bools:
    """Candidates that `pairs` is about: across the sides, or all of the one side."""
    side, pairs = outcome.table.side, outcome.scores.pairs
    found: Bools = (side[pairs.left] != side[pairs.right]) | (not outcome.linked)
    return found


def _linked(outcome: Outcome) -> Bools:
    """Records with a customer on the other side, or with a duplicate where there is only one."""
    side, cluster, count = outcome.table.side, outcome.cluster, len(outcome.table)
    by_side = [np.bincount(cluster[side == k], minlength=count) for k in (0, 1)]
    found: Bools = (by_side[0][cluster] > 0) & (by_side[1][cluster] > 0) if outcome.linked else by_side[0][cluster] > 1
    return found


def decided(outcome: Outcome) -> dict[str, int]:
    """Pairs that link by themselves and pairs for a person."""
    return {"match": int((outcome.decision == MATCH).sum()), "review": int((outcome.decision == REVIEW).sum())}
