"""Write a world: `python -m tests.settlement_world.make --payments 1000000 --seed 3 --breaks 0.01 --out DIR`."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.settlement_world.build import build, terms
from tests.settlement_world.identities import identities
from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame, open_stores

TRUTH = ("labels", "links")


def make(spec: Spec, folder: Path, kind: str = "parquet") -> dict[str, Any]:
    """Write every table, terms.json and control.json into a new folder; returns what control says."""
    folder.mkdir(parents=True)
    (folder / "terms.json").write_text(json.dumps(terms(spec, open_stores(spec)), indent=1))
    rows, kept = {}, {}
    for name, table in build(spec):
        _write(folder / f"{name}.{kind}", table, kind)
        rows[name] = len(next(iter(table.values())))
        if name == "labels":
            kept = dict(zip(*np.unique(table["break_class"], return_counts=True), strict=True))
    control = {
        "rows": rows,
        "payments": rows["pos_payments"],
        "breaks": {str(one): int(count) for one, count in kept.items()},
        "identities_cents": identities(folder),
        "spec": {one.name: getattr(spec, one.name) for one in fields(spec)},
    }
    (folder / "control.json").write_text(json.dumps(control, indent=1, default=str))
    return control


def _write(path: Path, table: Frame, kind: str) -> None:
    if kind == "csv":
        pd.DataFrame({name: _text(column) for name, column in table.items()}).to_csv(path, index=False)
    else:
        pq.write_table(pa.table({name: _arrow(column) for name, column in table.items()}), path)


def _text(column: np.ndarray) -> Any:
    if column.dtype.kind != "M":
        return column
    missing = np.isnat(column)
    texts = np.array([text.replace("T", " ") for text in np.datetime_as_string(column)], dtype=object)
    texts[missing] = ""
    return texts


def _arrow(column: np.ndarray) -> pa.Array:
    """Texts as strings, dates and times in milliseconds, as pandas writes the samples."""
    if column.dtype.kind == "M":
        return pa.array(column.astype("datetime64[ms]"))
    if column.dtype.kind in "OU":
        return pa.array(column.astype(object), pa.string())
    return pa.array(column)


def parsed(arguments: list[str] | None = None) -> tuple[Spec, Path, str]:
    """The spec, where to write it, and as what."""
    parser = argparse.ArgumentParser(prog="python -m tests.settlement_world.make", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    for one in fields(Spec):
        parser.add_argument(f"--{one.name.replace('_', '-')}", type=_reader(one.default), default=one.default)
    found = vars(parser.parse_args(arguments))
    return Spec(**{one.name: found[one.name] for one in fields(Spec)}), found["out"], found["format"]


def _reader(default: object) -> Any:
    if isinstance(default, tuple):
        return lambda text: tuple(text.split(","))
    if isinstance(default, bool):
        return lambda text: {"true": True, "false": False}[text]
    return date.fromisoformat if isinstance(default, date) else type(default)


def main() -> None:
    """Write it and say what is in it."""
    spec, out, kind = parsed()
    control = make(spec, out, kind)
    print(json.dumps({name: control[name] for name in ("rows", "breaks", "identities_cents")}, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
