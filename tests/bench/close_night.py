"""The nightly close of a hundred stores through Dagster: how long it takes, and what of that is the wire.

The sandbox is a process of its own on the same two cores, so that the wire is what the other systems take to answer.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from he_sync.flows import night
from he_sync.flows.books import deciding
from he_sync.model.retailer import dump_retailer
from he_sync.settings import read_settings
from he_sync.store import books
from tests.bench.close_plot import draw
from tests.bench.environments import HOME
from tests.bench.figures import Figure
from tests.bench.measure import Measure, measured
from tests.bench.process import ROOT
from tests.close_world.other_side import OtherSide
from tests.close_world.shape import HUNDRED, SHAPES, Shape
from tests.close_world.stand_in import stand_in

DAY = HUNDRED.dates[-1].isoformat()
TEN_MINUTES = 600.0
PLOT = HOME / "close-night.png"
STAGES = {
    "heartland": "pull",
    "processor": "pull",
    "epicor": "pull",
    "canonical": "read",
    "reconcile": "compare",
    "stock": "compare",
    "push": "write back",
    "close": "store-days: propose, approve, post",
}
"""Which stage an asset belongs to, by the first part of its key."""
QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
APPROVAL = {
    "roles": {"controller": {}},
    "people": {"cora": "controller", "carl": "controller"},
    "automatic": [{"name": "all tenders", "limit_minor": 10**9, "month_limit_minor": 10**12}],
}


def figures(folder: Path, shape: Shape = HUNDRED) -> Iterator[Figure]:
    """One night; the ledger is then held against what the stores took."""
    with happened(folder, shape) as (environment, side):
        found = measured("tests.bench.close_night:through_dagster", shape.dates[-1].isoformat(), environment)
        off = {account for account, cents in side.booked().items() if cents != side.should_stand()[account]}
        off |= side.should_stand().keys() - side.booked().keys()
    if off or found.figures["signed"] != shape.size.stores:
        raise RuntimeError(
            f"{found.figures['signed']} of {shape.size.stores} store-days signed; off: {sorted(off)[:5]}"
        )
    yield from shown(found, shape)


def shown(found: Measure, shape: Shape) -> Iterator[Figure]:
    """The figures of a night, and its picture."""
    name, told = f"nightly close of {shape.size.stores} stores", found.figures
    draw(told, name, PLOT)
    sys.stderr.write(f"wire and engine by stage: {PLOT.relative_to(ROOT)}\n")
    total = told["seconds"]
    yield Figure(name, "all of it, through Dagster", total, "s", "ten minutes", TEN_MINUTES)
    for what in ("wire", "engine", "Dagster"):
        yield Figure(name, f"of that {what}", told[what], "s", "all of it", total)
    yield Figure(name, "signing by a person", told["signing"], "s")
    yield Figure(name, "calls to other systems", told["calls"], "")
    yield Figure(name, "processor time of the engine", found.processor_seconds, "s", "all of it", total)
    yield Figure(name, "peak memory", found.peak / (1024 * 1024), "MiB")


@contextmanager
def happened(folder: Path, shape: Shape) -> Iterator[tuple[dict[str, str], OtherSide]]:
    """A sandbox to which the shape's dates happened, and the settings of who closes the last; the close posts them."""
    with stand_in(folder / "sandbox", shape) as there:
        side = OtherSide(there, shape)
        for day in shape.dates:
            side.happen(day, posted_by_others=False)
        for day in shape.dates[:-1]:
            side.wanted.pop(day.isoformat())  # nobody closes it
        environment = there.environment(folder / "home")
        profile = yaml.safe_load(dump_retailer(side.retailer))
        profile["epicor"]["ledger"], profile["approval"] = "store_days", APPROVAL
        Path(environment["HE_PROFILE"]).write_text(yaml.safe_dump(profile), encoding="utf-8")
        yield environment, side


@contextmanager
def through_dagster(day: str) -> Iterator[Any]:
    """The night's job in this process, everything of it: pulls to posted store-days; then a person signs."""
    # Dagster reads the time zone of its partitions from the environment when its definitions are imported.
    import definitions  # noqa: PLC0415
    from resources.house import build_resources  # noqa: PLC0415
    from tests.bench.wire_watch import WATCH, WatchedConnections  # noqa: PLC0415

    plain = build_resources()
    fields = {name: getattr(plain["connections"], name) for name in type(plain["connections"]).model_fields}
    defs = definitions.build(resources={**plain, "connections": WatchedConnections(**fields)})
    job = defs.resolve_job_def("nightly_close")

    def run() -> dict[str, Any]:
        with dg.DagsterInstance.ephemeral() as instance:
            began = time.time()
            result = job.execute_in_process(instance=instance, partition_key=day, run_config=QUIET)
            ended = time.time()
            steps = _steps(instance, result.run_id)
        stages: dict[str, Counter[str]] = {}
        for key, begin, end in steps:
            wire, calls = WATCH.within(begin, end)
            stage = stages.setdefault(STAGES[key.replace("__", "_").partition("_")[0]], Counter())
            stage.update({"wire": wire, "engine": end - begin - wire, "calls": calls})
        wire, engine = (sum(one[name] for one in stages.values()) for name in ("wire", "engine"))
        told = {"stages": stages, "seconds": ended - began, "wire": wire, "engine": engine}
        told |= {"Dagster": ended - began - wire - engine, "calls": sum(one["calls"] for one in stages.values())}
        return told | {"steps": [(key, end - begin) for key, begin, end in steps]} | _sign(day)

    yield run


def _steps(instance: dg.DagsterInstance, run: str) -> list[tuple[str, float, float]]:
    """Every step of a run with its begin and end in seconds since 1970."""
    stats = instance.get_run_step_stats(run)
    return [(one.step_key, one.start_time, one.end_time) for one in stats if one.start_time and one.end_time]


def _sign(day: str) -> dict[str, Any]:
    """A person signs all stores; gives how many, and the seconds."""
    with night.open_office(read_settings()) as office:
        began = time.time()
        deciding.sign_day(office, day, "carl", "looked at")
        signed = [one for one in books.listing(office.store, day, day) if one.state == "signed"]
        return {"signed": len(signed), "signing": time.time() - began}


def main(name: str, folder: str) -> None:
    """A sandbox that waits: prints the settings that reach it, for a night that is measured from elsewhere."""
    with happened(Path(folder), SHAPES[name]) as (environment, _):
        sys.stdout.write("".join(f"export {key}='{value}'\n" for key, value in environment.items()))
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
