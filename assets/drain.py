"""The job `drain`: one run that answers events as they come, and names each of them in its lineage."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.guard import retries_only_what_can_help
from he_sync.connect import alarms
from he_sync.flows import drain as flow
from he_sync.flows import last_good
from he_sync.flows.drain import Drained
from he_sync.flows.observed import MicroBatch
from he_sync.flows.run import Works
from he_sync.settings import seconds
from he_sync.store import lanes
from he_sync.store.database import Store
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

LINGER = 60.0
LONGEST = 1800
"""Seconds. Half of `max_runtime_seconds` in dagster.yaml: a drain that never idles ends by itself, the sweep begins the
next, and no run's log grows for ever."""
ASKED_EVERY = 2.0
"""Seconds between two looks whether the run was cancelled: Python may lose the interrupt that says so, when it comes
within a callback of a weak reference; a look takes 2 ms."""
NAMED = 200
"""Events in one materialization; a content hash has 64 letters, so that is 13 kB of a row."""
SHOWN, TOLD = 20, 5
PEOPLE = ("team:operations",)
Context = dg.OpExecutionContext | dg.AssetExecutionContext


class DrainConfig(dg.Config):
    """`linger_seconds`: how long an idle drain waits for the next event; HE_LINGER_SECONDS where it is not said."""

    linger_seconds: float | None = None
    longest_seconds: float = LONGEST


@dg.op(name="drain_inbox", description="Events in micro-batches through their flows, and what comes of them pushed")
def drain_inbox(
    context: dg.OpExecutionContext, config: DrainConfig, memory: MemoryResource, connections: ConnectionsResource
) -> None:
    """Drain until idle for a while. Ends at once where another drain is at it; fails where a person is needed."""
    asked = config.linger_seconds
    linger = seconds("HE_LINGER_SECONDS", LINGER) if asked is None else asked
    drain(context, memory, connections, linger=linger, longest=config.longest_seconds)


@dg.job(
    name="drain",
    executor_def=dg.in_process_executor,
    description="Answers what waits in the inbox and lingers for more; one at a time",
    # No second try of a drain that died: its lease ends, and the sweep begins another.
    tags={"he/at_once": "true", "dagster/max_retries": "0"},
)
def drain_job() -> None:
    """One op: a micro-batch is no step, it takes 50 ms."""
    drain_inbox()


def drain(
    context: Context, memory: MemoryResource, connections: ConnectionsResource, *, linger: float, longest: float
) -> None:
    """Drain with every micro-batch told to Dagster. Raises Failure where a person is needed."""
    run = context.run.run_id
    began, end = time.process_time(), _End(context, longest)
    with retries_only_what_can_help(), memory.store() as store, connections.systems() as systems:
        flows = last_good.Watched(store, lambda broken: _wrong(memory, broken))
        works = Works(store, systems, memory.retailer(), flows.flows)
        with _unless_cancelled(context):
            done = flow.drain(
                works,
                f"drain {run[:8]}",
                linger_seconds=linger,
                stop=end,
                observe=lambda batch: _observed(context, memory, batch),
                run_id=run,
                flows=flows,
            )
            _report(context, done, store, time.process_time() - began)
            if end.cancelled:
                raise dg.DagsterExecutionInterruptedError


class _End:
    """Whether a drain has to stop: after `longest` seconds, or because its run was cancelled."""

    def __init__(self, context: Context, longest: float) -> None:
        self.cancelled, self._context = False, context
        self._until, self._asked = time.monotonic() + longest, time.monotonic()

    def __call__(self) -> bool:
        now = time.monotonic()
        if now - self._asked > ASKED_EVERY:
            self._asked, self.cancelled = now, _canceling(self._context)
        return self.cancelled or now > self._until


def _canceling(context: Context) -> bool:
    run = context.instance.get_run_by_id(context.run.run_id)
    return run is None or run.status == dg.DagsterRunStatus.CANCELING


def _observed(context: Context, memory: MemoryResource, batch: MicroBatch) -> None:
    """Named in the run's lineage; people hear of records that wait for them, once an hour and flow.

    Of a flow that stands still they hear once, not of each record; its events are named when they are answered.
    """
    if batch.stopped:
        text = f"{batch.stopped}. Its events wait, none is lost or parked; it goes on by itself within half a minute"
        alarm = alarms.Alarm(f"flow {batch.flow} stands still", text, PEOPLE)
        alarms.tell(Path(memory.home), alarm, datetime.now(UTC))
        return
    tell(context.log_event, batch)
    if batch.problems:
        more = f" and {len(batch.problems) - TOLD} more" if len(batch.problems) > TOLD else ""
        text = f"{'; '.join(batch.problems[:TOLD])}{more}; see `he-sync events letters list`"
        alarm = alarms.Alarm(f"{batch.flow}: records wait for a person", text, PEOPLE)
        alarms.tell(Path(memory.home), alarm, datetime.now(UTC))


def _wrong(memory: MemoryResource, broken: last_good.Broken) -> None:
    """One alarm an hour for each flow file that is wrong; what was right before it goes on."""
    alarm = alarms.Alarm(f"flow file {broken.file} is wrong", broken.text, PEOPLE)
    alarms.tell(Path(memory.home), alarm, datetime.now(UTC))


@contextmanager
def _unless_cancelled(context: Context) -> Iterator[None]:
    """Stopped by `he-sync down` or Ctrl-C is no failure: another drain goes on. A cancelled run is Dagster's."""
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        if _canceling(context):
            raise
        context.log.info("stopped; what waits is left to the next drain")


def _report(context: Context, done: Drained, store: Store, spent: float) -> None:
    if done.held:
        who = lanes.holder(store, flow.LANE, datetime.now(UTC)) or "another drain"
        context.log.info("%s has the lane and sees what is due; nothing to do here", who)
        return
    context.add_output_metadata(
        {
            "micro-batches": done.batches,
            "events": dict(done.events),
            "effects": dict(done.effects),
            "processor seconds": round(spent, 3),
            "problems": done.problems[:SHOWN],
        }
    )
    if done.alarm:
        raise dg.Failure(description=done.alarm, allow_retries=False)


def tell(log: Callable[[dg.AssetMaterialization], None], batch: MicroBatch) -> None:
    """One materialization of `flow/<name>` a micro-batch, more where it has more events than one may name."""
    for start in range(0, len(batch.events), NAMED):
        named = batch.events[start : start + NAMED]
        log(dg.AssetMaterialization(["flow", batch.flow], metadata={"events": list(named), **_facts(batch, named)}))


def _facts(batch: MicroBatch, named: Sequence[str]) -> dict[str, dg.MetadataValue | int | float]:
    text = dg.MetadataValue.text
    facts: dict[str, dg.MetadataValue | int | float] = {
        "event count": len(named),
        "flow version": batch.version,
        "entities": text(", ".join(batch.entities[:NAMED])),
        "outcomes": dg.MetadataValue.json(dict(batch.outcomes)),
        "effects": dg.MetadataValue.json(dict(batch.effects)),
        "effects confirmed": batch.effects["confirmed"],
        "problems": text("\n".join(batch.problems[:SHOWN]) or "none"),
    }
    if batch.latencies:
        facts["latency p50 (s)"] = round(statistics.median(batch.latencies), 3)
        facts["latency p95 (s)"] = round(sorted(batch.latencies)[math.ceil(0.95 * len(batch.latencies)) - 1], 3)
    return facts
