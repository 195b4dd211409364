"""An index on disk: mapped arrays beside the results of its run, opened in milliseconds by any process of this engine.

An engine that reads records otherwise would answer with the old run's figures, so its index is refused. What decides is
declared: the numbers FORMAT and READING, and the words of the model. An edit that changes none of it leaves indexes as
good as they were.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from pyarrow import ipc

from he_sync.match.blocking import Cost
from he_sync.match.classes import FIRMS, PEOPLE
from he_sync.match.codes import SEED
from he_sync.match.correction import Correction
from he_sync.match.decide import Policy
from he_sync.match.keys import RULES
from he_sync.match.latent import Model
from he_sync.match.levels import FIELDS, FIRM_FIELDS, PEOPLE_FIELDS
from he_sync.match.online.blocks import Blocks, Level
from he_sync.match.online.forms import Known
from he_sync.match.online.index import COUNTED, Counts, Index, Learned, Seen
from he_sync.match.online.rivals import Book
from he_sync.match.standardise import Habits
from he_sync.model.errors import FixInput

FORMAT = 5
"""Of the files of an index."""
READING = 3
"""Of how records are read, blocked and compared. A new number where a test finds other forms or levels of the same
customers: the figures that an index keeps would be of another reading."""
FOLDER, FILES = "index", "files.json"
KEPT = (
    "lengths", "cluster", "size", "sides", "beside", "raw", "left", "right", "levels", "row", "probability", "decision",
    "household",
)  # fmt: skip
SHAPES = {"people": (PEOPLE_FIELDS, PEOPLE), "companies": (FIRM_FIELDS, FIRMS)}
Arrays = dict[str, npt.NDArray[Any]]


def save(known: Index, run: Path) -> Path:
    """Write the index into the folder of its run, in place of an older one; about 700 bytes a record."""
    folder, part = run / FOLDER, run / f".{FOLDER}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _write(part / "records.arrow", known.records)
    _write(part / "texts.arrow", pa.table({"text": known.texts}))
    _write(part / "answers.arrow", known.answers)
    names = [
        (field, name, n) for field, counts in known.learned.known.habits.names.items() for name, n in counts.items()
    ]
    columns = {"field": pa.array([row[0] for row in names], pa.large_string())}
    columns |= {
        "name": pa.array([row[1] for row in names], pa.large_string()),
        "n": pa.array([row[2] for row in names]),
    }
    _write(part / "names.arrow", pa.table(columns))
    for name, array in _arrays(known).items():
        np.save(part / f"{name}.npy", array)
    (part / "learned.json").write_text(json.dumps(_learned(known)) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    return part.rename(folder)


def stamp(run: Path) -> None:
    """Say which CSV files are of the run whose index this is: size and time of each, once all are written."""
    told = {path.name: _stat(path) for path in run.glob("*.csv")}
    (run / FOLDER / FILES).write_text(json.dumps(told) + "\n", encoding="utf-8")


def stamped(run: Path) -> set[str]:
    """Names of the CSV files that are as the index's own run wrote them: a later run may have left its own there."""
    try:
        told = json.loads((run / FOLDER / FILES).read_text(encoding="utf-8"))
        return {path.name for path in run.glob("*.csv") if told.get(path.name) == _stat(path)}
    except (OSError, ValueError, AttributeError):
        return set()


def _stat(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def opened(run: Path) -> Index:
    """The index of a run. Raises FixInput where there is none, or one of another engine."""
    folder = run / FOLDER
    try:
        told = json.loads((folder / "learned.json").read_text(encoding="utf-8"))
        if told["engine"] != engine():
            raise FixInput(
                f"{folder}: was written by another version of the matching engine, which reads names otherwise; "
                f"run `he-sync match customers ... --out {run} --index` again"
            )
        return _opened(folder, told)
    except FileNotFoundError:
        raise FixInput(
            f"{run}: holds no index; `he-sync match customers ... --out {run} --index` writes one with the run"
        ) from None
    except (OSError, ValueError, KeyError, pa.ArrowInvalid) as error:
        text = str(error).splitlines()[0][:200]
        raise FixInput(f"{folder}: is damaged ({text}); run `he-sync match customers` with --index again") from None


@cache
def engine() -> str:
    """What decides if an index may be used: FORMAT, READING, the words of the model, and the hashes that polars gives.

    The figures of the model are no part of it: an index brings its own.
    """
    fields = {field.name: (field.levels, field.blank) for field in FIELDS}
    kinds = {name: [(kind.name, kind.match) for kind in shape[1]] for name, shape in SHAPES.items()}
    rules = [(rule.name, rule.cap, rule.split, rule.budget) for rule in RULES]
    declared = [FORMAT, READING, fields, kinds, rules, str(pl.Series(["he-sync"]).hash(SEED)[0])]
    return hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()


def _write(path: Path, table: pa.Table) -> None:
    with ipc.new_file(path, table.schema) as out:
        out.write_table(table, max_chunksize=max(1, len(table)))


def _arrays(known: Index) -> Arrays:
    found: Arrays = {"key": known.blocks.key, "member": known.blocks.member}
    found |= {name: getattr(known, name) for name in KEPT}
    found |= {f"book_{name}": getattr(known.book, name) for name in ("start", "other", "probability", "lift")}
    for name, seen in known.seen.items():
        found |= {f"seen_{name}": seen.levels, f"often_{name}": seen.counts}
    for name in COUNTED:
        counts = known.counts[name]
        found |= {f"stats_{name}": known.stats[name], f"key_{name}": counts.key, f"count_{name}": counts.count}
    return found


def _learned(known: Index) -> dict[str, Any]:
    learned, reading = known.learned, known.learned.known
    return {
        "engine": engine(),
        "records": len(known),
        "levels": [asdict(level) for level in known.blocks.levels],
        "endings": sorted(reading.habits.endings),
        "short": dict(reading.short),
        "usual": {name: dict(states) for name, states in reading.usual.items()},
        "mails": sorted(reading.mails),
        "phones": sorted(reading.phones),
        "models": {name: _model(model) for name, model in learned.models.items()},
        "people": learned.people,
        "policy": asdict(learned.policy),
        "threshold": learned.threshold,
        "clean": sorted(learned.clean),
        "linked": learned.linked,
        "fitted": learned.fitted,
        "changed": learned.changed,
        "crowd": learned.crowd,
        "costs": [asdict(cost) for cost in learned.costs],
        "correction": learned.correction
        and {"weights": learned.correction.weights.tolist(), "trust": learned.correction.trust.tolist()},
    }


def _model(model: Model) -> dict[str, Any]:
    tables = [[field.tolist() for field in table] for table in model.tables]
    return {
        "shares": model.shares.tolist(),
        "tables": tables,
        "chance": [field.tolist() for field in model.chance],
        "rounds": model.rounds,
    }


def _opened(folder: Path, told: Mapping[str, Any]) -> Index:
    arrays = {path.stem: _array(path) for path in folder.glob("*.npy")}
    records = _mapped(folder / "records.arrow")
    if len(records) != told["records"] or len(arrays["cluster"]) != told["records"]:
        raise ValueError(f"{told['records']:,} records were written, {len(records):,} are there")
    counts = {name: Counts(arrays[f"key_{name}"], arrays[f"count_{name}"]) for name in COUNTED}
    return Index(
        _relearned(told, _names(folder)),
        records,
        _mapped(folder / "texts.arrow")["text"].chunk(0),
        Blocks(tuple(Level(**level) for level in told["levels"]), arrays["key"], arrays["member"]),
        Book(*(arrays[f"book_{name}"] for name in ("start", "other", "probability", "lift"))),
        counts,
        {name: arrays[f"stats_{name}"] for name in COUNTED},
        **{name: arrays[name] for name in KEPT},
        answers=_mapped(folder / "answers.arrow"),
        seen={name: Seen(arrays[f"seen_{name}"], arrays[f"often_{name}"]) for name in SHAPES},
    )


def _array(path: Path) -> npt.NDArray[Any]:
    """A mapped array as a plain one: numpy's own class for it takes 50 us a slice, of some hundred."""
    found: npt.NDArray[Any] = np.load(path, mmap_mode="r").view(np.ndarray)
    return found


def _mapped(path: Path) -> pa.Table:
    return ipc.open_file(pa.memory_map(str(path))).read_all()


def _names(folder: Path) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {"first": {}, "last": {}}
    rows = _mapped(folder / "names.arrow")
    for field, name, count in zip(*(rows[column].to_pylist() for column in ("field", "name", "n")), strict=True):
        found[field][name] = count
    return found


def _relearned(told: Mapping[str, Any], names: Mapping[str, Mapping[str, int]]) -> Learned:
    habits = Habits(frozenset(told["endings"]), names)
    reading = Known(habits, told["short"], told["usual"], frozenset(told["mails"]), frozenset(told["phones"]))
    models = {name: _remodelled(name, one) for name, one in told["models"].items()}
    policy = Policy(**told["policy"])
    once = {name: told[name] for name in ("people", "threshold", "linked", "fitted", "changed")}
    kept = told["correction"]
    corrects = Correction(np.array(kept["weights"]), np.array(kept["trust"])) if kept else None
    return Learned(
        reading,
        models,
        policy=policy,
        clean=frozenset(told["clean"]),
        correction=corrects,
        crowd=tuple(told["crowd"]),
        costs=tuple(Cost(**cost) for cost in told["costs"]),
        **once,
    )


def _remodelled(name: str, told: Mapping[str, Any]) -> Model:
    fields, kinds = SHAPES[name]
    tables = [[np.array(field) for field in table] for table in told["tables"]]
    chance = [np.array(field) for field in told["chance"]]
    return Model(fields, kinds, np.array(told["shares"]), tables, chance, told["rounds"])
