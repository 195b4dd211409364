"""General detectors over the same daily orders and lines: PyOD's forest, river's trees, STL.

Runs in its own environment: `python peer_days.py FOLDER`. FOLDER holds days-N.npz (log: store x day, judged: first
judged day) and lines-N.npz (past, now: rows x features); scores go to scores-N.npz, the higher the stranger. Each
learns from the days before the judged ones and sees a judged day with those before it. Prints a JSON list as
`tests/bench/measure.py` does.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from pyod.models.iforest import IForest
from river.anomaly import HalfSpaceTrees
from statsmodels.tsa.seasonal import STL

WEEK, BACK, SHORT = 7, 28, 182


def features(log: np.ndarray) -> np.ndarray:
    """Against yesterday, a week ago, the mean of four such weekdays and the median of four weeks; day x feature."""
    days = np.arange(BACK, len(log))
    weeks = np.stack([log[days - WEEK * n] for n in range(1, 5)])
    month = np.array([np.median(log[day - BACK : day]) for day in days])
    found = np.full((len(log), 4), 0.0)
    found[days] = np.column_stack(
        [log[days] - log[days - 1], log[days] - weeks[0], log[days] - weeks.mean(0), log[days] - month]
    )
    return found


def forest(rows: np.ndarray, judged: int) -> np.ndarray:
    """PyOD's IForest, learned on the rows before `judged`."""
    model = IForest(n_estimators=100, random_state=7, contamination=0.01).fit(rows[BACK:judged])
    return np.asarray(model.decision_function(rows[judged:]))


def trees(rows: np.ndarray, judged: int) -> np.ndarray:
    """river's HalfSpaceTrees, learning on day by day; features scaled to what the learned days had."""
    low, high = np.quantile(rows[BACK:judged], [0.001, 0.999], axis=0)
    scaled = np.clip((rows - low) / np.maximum(high - low, 1e-9), 0, 1)
    model = HalfSpaceTrees(n_trees=15, height=8, window_size=60, seed=7)
    found = []
    for place in range(BACK, len(rows)):
        row = dict(enumerate(scaled[place].tolist()))
        if place >= judged:
            found.append(model.score_one(row))
        model.learn_one(row)
    return np.array(found)


def decomposed(log: np.ndarray, judged: int) -> np.ndarray:
    """The last remainder of a robust weekly STL over half a year up to the day, against the others' median."""
    found = []
    for day in range(judged, len(log)):
        left = STL(log[day - SHORT : day + 1], period=WEEK, robust=True).fit().resid
        found.append(abs(left[-1]) / max(float(np.median(np.abs(left[:-1]))), 1e-3))
    return np.array(found)


def main(folder: Path) -> None:
    """Score every file of FOLDER."""
    warnings.simplefilter("ignore")
    wall, spent = time.perf_counter(), time.process_time()
    for path in sorted(folder.glob("days-*.npz")):
        given = np.load(path)
        log, judged = given["log"], int(given["judged"])
        rows = [features(one) for one in log]
        np.savez(
            path.with_name(path.name.replace("days", "scores")),
            IForest=np.stack([forest(one, judged) for one in rows]),
            HalfSpaceTrees=np.stack([trees(one, judged) for one in rows]),
            STL=np.stack([decomposed(one, judged) for one in log]),
        )
    for path in sorted(folder.glob("lines-*.npz")):
        given = np.load(path)
        model = IForest(n_estimators=100, random_state=7).fit(given["past"])
        np.savez(
            path.with_name(path.name.replace("lines", "line-scores")), IForest=model.decision_function(given["now"])
        )
    taken = [time.perf_counter() - wall, time.process_time() - spent]
    sys.stdout.write(json.dumps([*taken, 0, 0, {}]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
