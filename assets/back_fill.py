"""Past store-days done again for finance, as one run over all dates that somebody asked for and another approved."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from assets.days import DAYS, ONE_RUN, RETRY, days_of
from assets.guard import retries_only_what_can_help
from assets.show import table
from he_sync.flows.back_fill.carrying import carry_out
from he_sync.flows.back_fill.kept import Kept
from he_sync.flows.night import Office
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource
from sensors.back_fills import ASKED

KEY, GROUP = dg.AssetKey(["close", "back_fill"]), "6_back_fill"


@dg.asset(
    key=KEY,
    group_name=GROUP,
    owners=["team:finance"],
    description="Corrections of past store-days that finance asked for in the console: exactly what was shown there",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
    retry_policy=RETRY,
    pool="epicor_api",
    code_version="1",
)
def back_fill(
    context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource
) -> Iterator[dg.MaterializeResult]:  # type: ignore[type-arg]
    """Not for materialising by hand: the sensor `back_fills` asks for it when a back-fill has its approval."""
    name, home = context.run.tags.get(ASKED, ""), Path(memory.home)
    if not name:
        raise dg.Failure(f"no back-fill is named (run tag {ASKED}); ask for one in the console", allow_retries=False)
    try:
        with retries_only_what_can_help(), connections.systems() as systems, memory.store() as store:
            office = Office(systems, store, memory.lake(), memory.retailer())
            for day in days_of(context):
                rows = carry_out(office, home, name, [day]).get(day.isoformat(), [])
                told = [{**row, "posted": len(row["posted"])} for row in rows]
                shown = {"back-fill": name, "store-days": table(told, empty="Nothing was to be corrected.")}
                context.add_asset_metadata(shown, partition_key=day.isoformat())
    except Exception as error:
        Kept(home).tell(name, f"stopped: {' '.join(str(error).split())[:300]}")
        raise
    yield dg.MaterializeResult()
