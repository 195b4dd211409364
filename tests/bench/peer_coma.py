"""Valentine's COMA with schema and instances over the tables that ours matches.

Runs in an environment of its own: `python peer_coma.py FOLDER OUT`. FOLDER holds NAME.source.csv and NAME.target.csv;
OUT gets the targets of each source column, the likeliest first. Prints a JSON list as `tests/bench/measure.py` does.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import nltk
import pandas as pd
from valentine import valentine_match
from valentine.algorithms import Coma

STOPWORDS = """
i me my we our you your he him his she her it its they them their what which who this that these those am is
are was were be been being have has had do does did a an the and but if or because as until while of at by for
with about against between into through during before after above below to from up down in out on off over
under again further then once here there when where why how all any both each few more most other some such no
nor not only own same so than too very can will just should now
"""
"""COMA reads NLTK's list of these, which no package brings; where it cannot be downloaded this one stands in."""


def main(folder: Path, out: Path) -> None:
    """Rank every pair of tables and measure it."""
    warnings.simplefilter("ignore")
    _stopwords(out.parent / "nltk_data")
    pairs = {path.name[: -len(".source.csv")]: path for path in sorted(folder.glob("*.source.csv"))}
    frames = {name: [_frame(path), _frame(path.with_name(f"{name}.target.csv"))] for name, path in pairs.items()}
    baseline, wall, processor = peak(), time.perf_counter(), time.process_time()
    found = {name: _ranked(*both) for name, both in frames.items()}
    seconds, spent = time.perf_counter() - wall, time.process_time() - processor
    out.write_text(json.dumps(found), encoding="utf-8")
    sys.stdout.write(json.dumps([seconds, spent, baseline, peak(), {"rows": len(found)}]))


def _frame(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, low_memory=False)


def _ranked(source: pd.DataFrame, target: pd.DataFrame) -> dict[str, list[str]]:
    """Delta and threshold let every pair through, so that nothing is cut off before the fifth place."""
    found = valentine_match([source, target], Coma(use_instances=True, delta=1.0, threshold=0.0))
    ranks: dict[str, list[tuple[float, str]]] = {}
    for pair, score in found.items():
        ranks.setdefault(pair.source_column, []).append((-score, pair.target_column))
    return {name: [target for _, target in sorted(some)] for name, some in ranks.items()}


def _stopwords(data: Path) -> None:
    nltk.data.path.insert(0, str(data))
    listed = data / "corpora" / "stopwords" / "english"
    if not listed.exists():
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("\n".join(STOPWORDS.split()), encoding="ascii")


def peak() -> int:
    """Bytes this process held at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
