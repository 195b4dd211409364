"""Anomalies on worlds that nobody tuned to, beside general detectors at the same share of false alerts.

Ours draws its lines from the past. A peer's line is drawn with hindsight at exactly the budget, and its alerts on known
days are left out of account: both are in its favour.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from he_sync.quality.anomalies.duplicates import baskets, repeats
from he_sync.quality.anomalies.items import asked
from he_sync.quality.anomalies.settings import Settings
from tests.anomaly_world.days import World, world
from tests.anomaly_world.lines import EXACT, KINDS, lines
from tests.anomaly_world.lines_judged import line_outcome
from tests.anomaly_world.sales import sales
from tests.anomaly_world.volumes import LARGE, Outcome, count_stores, of_engine
from tests.bench.environments import environment, peer
from tests.bench.figures import Figure, skipped

PACKAGES = ("pyod==3.6.7", "river==0.26.1", "statsmodels==0.15.0")
SEEDS, PEER_SEEDS = range(301, 307), range(301, 303)
LINE_SEEDS = range(311, 315)
DETECTORS = ("IForest", "HalfSpaceTrees", "STL")
Numbers = npt.NDArray[np.float64]
Scores = dict[str, Numbers]


def figures(folder: Path) -> Iterator[Figure]:
    """Stores and chain, lines, sales posted twice."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder)
    python = environment("anomalies", *PACKAGES)
    if python:
        peer(python, "peer_days.py", folder)
    else:
        yield skipped("anomalies", f"{', '.join(PACKAGES)} cannot be installed")
    yield from _stores(folder if python else None)
    yield from _chain()
    yield from _lines(folder if python else None)
    yield from _twice()


def _write(folder: Path) -> None:
    for seed in PEER_SEEDS:
        made = world(seed)
        np.savez(folder / f"days-{seed}.npz", log=np.log(np.maximum(made.orders, 0.5)), judged=made.judged)
    for seed in LINE_SEEDS:
        rows, first = lines(seed)
        past, now = rows[:first], rows[first:]
        np.savez(folder / f"lines-{seed}.npz", past=_features(past, past), now=_features(now, past))


def _features(rows: pd.DataFrame, past: pd.DataFrame) -> Numbers:
    """Price and quantity against an item's median, the discount's share and the sign: what a detector is given."""
    price, count = asked(rows), np.log(np.maximum(np.abs(rows["quantity_milli"].to_numpy(dtype=np.float64)), 1))
    usual = pd.DataFrame(
        {"sku": past["sku"], "price": asked(past), "count": np.log(past["quantity_milli"].abs().clip(lower=1))}
    )
    middle = usual.groupby("sku").median()
    at = middle.reindex(rows["sku"]).fillna(middle.median())
    whole = rows["amount_minor"].abs() + rows["discount_minor"].abs()
    off = (rows["discount_minor"].abs() / whole.clip(lower=1)).to_numpy()
    sign = np.sign(rows["quantity_milli"].to_numpy()).astype(np.float64)
    return np.column_stack([price - at["price"].to_numpy(), count - at["count"].to_numpy(), off, sign])


def _stores(folder: Path | None) -> Iterator[Figure]:
    name, made = "orders a day, last year of three", [world(seed) for seed in SEEDS]
    began = time.perf_counter()
    found = of_engine(made)
    took = time.perf_counter() - began
    theirs = {one: _peers(folder, one) for one in DETECTORS} if folder else {}
    best = max(theirs, key=lambda one: theirs[one].recall("half lost", "large"), default="")
    for size in ("large", "small"):
        for kind in ("zero day", "posted twice", "half lost", "a week of 35 % less", "half again", "30 % lost"):
            value = 100 * theirs[best].recall(kind, size) if best else None
            yield Figure(name, f"{kind}, {size} stores", 100 * found.recall(kind, size), "%", best, value, "more")
    for one, other in theirs.items():
        yield Figure(name, f"half lost by {one}, large", 100 * other.recall("half lost", "large"), "%", better="")
    yield Figure(name, "false alerts a store-day", 100 * found.false_share, "%")
    yield Figure(name, "of them on known days", 100 * found.on_known_days / max(found.false, 1), "%")
    yield Figure(name, "a store-day", 1000 * took / sum(one.clean.shape[0] * 365 for one in made), "ms")


def _peers(folder: Path, detector: str) -> Outcome:
    """A detector with its line at the budget of all worlds' clean days."""
    total, budget = Outcome(), Settings().volume_budget
    for seed in PEER_SEEDS:
        made, scores = world(seed), np.load(folder / f"scores-{seed}.npz")[detector]
        count_stores(total, made, _at_budget(made, scores, budget))
    return total


def _at_budget(made: World, scores: Numbers, budget: float) -> npt.NDArray[np.bool_]:
    known = np.array([day in made.names for day in made.days[made.judged :]])
    closed = (made.clean[:, made.judged :] == 0) | known[None, :]
    large = made.clean[:, made.judged :].mean(axis=1) >= LARGE
    clean = ~closed
    for store, day, length, _ in made.faults:
        clean[store, day - made.judged : day - made.judged + length] = False
    alerts = np.zeros(scores.shape, dtype=bool)
    for size in (large, ~large):
        edge = np.quantile(scores[size][clean[size]], 1 - budget)
        alerts[size] = (scores[size] > edge) & ~closed[size]
    return alerts


def _chain() -> Iterator[Figure]:
    found = of_engine(world(seed, whole_chain=True) for seed in SEEDS)
    for kind in ("zero day", "posted twice", "half lost"):
        yield Figure("orders a day, whole chain", kind, 100 * found.recall(kind, "chain"), "%", better="more")
    yield Figure("orders a day, whole chain", "false alerts a day", 100 * found.false_share, "%")


def _lines(folder: Path | None) -> Iterator[Figure]:
    name, outcomes, bare, theirs = "lines, a month after eleven", [], [], []
    for seed in LINE_SEEDS:
        rows, first = lines(seed)
        outcomes.append(line_outcome(rows, first))
        bare.append(line_outcome(rows.drop(columns="discount_minor"), first))
        if folder:
            fault = rows["fault"][first:].to_numpy()
            scores = np.load(folder / f"line-scores-{seed}.npz")["IForest"]
            edge = np.quantile(scores[fault == ""], 1 - Settings().line_budget)
            theirs.append({kind: float((scores[fault == kind] > edge).mean()) for kind in KINDS})
    who = "IForest" if theirs else ""
    for kind in ("mean of ten kinds", *KINDS):
        ours, other = (_mean(some, kind) for some in ([one for one, _ in outcomes], theirs))
        yield Figure(name, kind, 100 * ours, "%", who, 100 * other if theirs else None, "more")
    exact = min(one[kind] for one, _ in outcomes for kind in EXACT)
    yield Figure(name, "sign, zero, over the limit: the least of all worlds", 100 * exact, "%", better="more")
    yield Figure(name, "mean without stated discounts", 100 * _mean([one for one, _ in bare], ""), "%", better="more")
    yield Figure(name, "false alerts a line", 100 * float(np.mean([share for _, share in outcomes])), "%")
    yield Figure(name, "the same without stated discounts", 100 * float(np.mean([share for _, share in bare])), "%")


def _mean(outcomes: list[dict[str, float]], kind: str) -> float:
    """Of a kind, or of all kinds for what is none."""
    return float(np.mean([one[name] for one in outcomes for name in KINDS if kind == name or kind not in KINDS] or [0]))


def _twice() -> Iterator[Figure]:
    for shape, left_out in (
        ("", ()),
        (", no tills named", ("register",)),
        (", dates alone", ("register", "completed_at")),
    ):
        found = [_of_sales(seed, list(left_out)) for seed in LINE_SEEDS]
        name = f"sales posted twice{shape}"
        yield Figure(name, "recall", 100 * float(np.mean([one for one, _ in found])), "%", better="more")
        yield Figure(name, "precision", 100 * float(np.mean([two for _, two in found])), "%", better="more")
    ceiling = float(np.mean([_most_that_dates_tell(seed) for seed in LINE_SEEDS]))
    yield Figure(name, "the most that dates allow at 95 % right, by hindsight", 100 * ceiling, "%", better="")


def _of_sales(seed: int, left_out: list[str]) -> tuple[float, float]:
    orders, rows, first = sales(seed)
    late = (orders["business_date"] >= first).to_numpy()
    found = repeats(orders.drop(columns=left_out), baskets(orders, rows), Settings()).twice & late
    twice = orders["twice"].to_numpy() & late
    return float(found[twice].mean()), float(twice[found].mean())


def _most_that_dates_tell(seed: int) -> float:
    """Recall at precision 0.95 of who is told how many of each group are honest.

    A group is what dates tell of a repeat: a customer named or not, how often the sale comes, days since the last one.
    """
    orders, rows, first = sales(seed)
    sold = orders.assign(
        basket=baskets(orders, rows), day=pd.to_datetime(orders["business_date"]), named=orders["customer_id"] > 0
    )
    same = sold.sort_values("day", kind="stable").groupby(["store", "customer_id", "basket"])
    sold = sold.assign(gap=same["day"].diff().dt.days, often=np.log2(same["day"].transform("size")).astype(int))
    late = sold[sold["business_date"] >= first]
    near = late[late["gap"] <= Settings().duplicate_within_days]
    groups = near.groupby(["named", "often", "gap"])["twice"].agg(["sum", "size"])
    best = groups.loc[(groups["sum"] / groups["size"]).sort_values(ascending=False).index].cumsum()
    right = best[best["sum"] >= 0.95 * best["size"]]
    return float(right["sum"].max() / late["twice"].sum())
