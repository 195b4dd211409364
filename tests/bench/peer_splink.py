"""Splink 5 on DuckDB over the columns that ours compares: what `make bench` holds matching against.

Runs in an environment of its own, so it imports nothing of this tree but its neighbour `peer_pandas`:
`python peer_splink.py link|files LEFT RIGHT OUT`. `link` reads standardised Parquet before the clock starts, `files`
reads CSV and standardises with pandas inside it. Prints a JSON list as `tests/bench/measure.py` does.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import splink.comparison_library as cl
from peer_pandas import standardised
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

U_SAMPLE = 1_000_000
SEED = 1
KEYS = (
    ("user", "host"), ("digits",), ("first", "last"), ("last", "zip5"), ("firm",),
    ("number", "substr(road, 1, 6)", "zip5"),
    ("number", "last"), ("first", "zip5", "substr(last, 1, 2)"), ("substr(firm, 1, 8)", "zip5"), ("user", "last"),
    ("substr(digits, -7)", "substr(last, 1, 3)"),
)  # fmt: skip
SWAPPED = "l.first = r.last and l.last = r.first"
SURE = (block_on("user", "host"), block_on("first", "last", "zip5"), block_on("digits", "first"))


def settings() -> SettingsCreator:
    """Names and companies with term frequencies, contacts and places with near levels, twelve blocking rules."""
    return SettingsCreator(
        link_type="link_only",
        unique_id_column_name="id",
        comparisons=[
            cl.JaroWinklerAtThresholds("first", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("last", [0.92, 0.8]).configure(term_frequency_adjustments=True),
            cl.JaroWinklerAtThresholds("mail", [0.92]),
            cl.LevenshteinAtThresholds("digits", [1]),
            cl.JaroWinklerAtThresholds("street", [0.9]),
            cl.LevenshteinAtThresholds("zip5", [1]),
            cl.JaroWinklerAtThresholds("firm", [0.92]).configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[*(block_on(*key) for key in KEYS), SWAPPED],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def register(api: DuckDBAPI, frames: list[pd.DataFrame]) -> list[Any]:
    """Both sides as tables whose empty texts are missing."""
    found = []
    for place, frame in enumerate(frames):
        api.duckdb_con.register(f"raw_{place}", frame)
        texts = ", ".join(f"nullif({name}, '') AS {name}" for name in frame.columns if name != "id")
        mail, street = (
            "nullif(concat_ws('@', nullif(user, ''), nullif(host, '')), '')",
            "nullif(trim(number || ' ' || road), '')",
        )
        table = api.duckdb_con.sql(
            f"SELECT id, {texts}, {mail} AS mail, {street} AS street FROM raw_{place}"  # noqa: S608 - columns of ours
        ).to_arrow_table()
        found.append(api.register(table, dataset_display_name=f"side_{place}"))
    return found


def link(frames: list[pd.DataFrame], out: Path) -> dict[str, Any]:
    """Train without labels, predict from 0.01 upward, write. The stages' seconds come with the count."""
    api, marks = DuckDBAPI(duckdb.connect()), [time.perf_counter()]
    linker = Linker(register(api, frames), settings(), log_level=logging.ERROR)
    linker.training.estimate_probability_two_random_records_match(list(SURE), recall=0.7)
    marks.append(time.perf_counter())
    linker.training.estimate_u_using_random_sampling(max_pairs=U_SAMPLE, seed=SEED)
    marks.append(time.perf_counter())
    for rule in (block_on("user", "host"), block_on("last", "zip5")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    marks.append(time.perf_counter())
    found = linker.inference.predict(threshold_match_probability=0.01)
    marks.append(time.perf_counter())
    sql = f"SELECT id_l, id_r, match_probability FROM {found.physical_name}"  # noqa: S608 - a name that splink made
    api.duckdb_con.sql(sql).write_parquet(str(out))
    names = ("start", "u", "em", "predict")
    stages = {name: marks[place + 1] - marks[place] for place, name in enumerate(names)}
    return {"rows": sum(len(frame) for frame in frames), **stages}


def main(mode: str, left: str, right: str, out: str) -> None:
    """Measure one mode."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    frames = [pd.read_parquet(path) for path in (left, right)] if mode == "link" else []
    baseline, wall, processor = peak(), time.perf_counter(), time.process_time()
    if mode == "files":
        frames = [standardised(pd.read_csv(path, dtype=str, keep_default_na=False)) for path in (left, right)]
    figures = link(frames, Path(out))
    seconds, spent = time.perf_counter() - wall, time.process_time() - processor
    sys.stdout.write(json.dumps([seconds, spent, baseline, peak(), figures]))


def peak() -> int:
    """Bytes this process held at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
