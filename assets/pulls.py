"""Raw pulls: one asset an entity at its source, as immutable Parquet by business date."""

import dagster as dg

from assets.days import DAYS, ONE_RUN, OWNERS, RETRY, days_of
from assets.guard import retries_only_what_can_help
from he_sync.flows.pull import pull
from he_sync.flows.sources import SOURCES, Ask, Source
from he_sync.store.lake import Snapshot
from resources.connections import ConnectionsResource
from resources.memory import MemoryResource

KINDS = {"heartland": {"parquet"}, "processor": {"parquet"}, "epicor": {"parquet"}}


def facts(snapshot: Snapshot) -> dict[str, dg.MetadataValue | int | str]:
    """What the asset page shows of a snapshot."""
    return {
        "dagster/partition_row_count": snapshot.rows,
        **{name: value for name, value in snapshot.facts.items() if isinstance(value, int | str)},
        "file": path(snapshot),
    }


def path(snapshot: Snapshot) -> str:
    """Where the frame lies in the lake; the file is named by its content."""
    return f"{snapshot.stage}/{snapshot.entity}/{snapshot.day}/{snapshot.file}"


def _asset(source: Source) -> dg.AssetsDefinition:
    system, name = source.entity.split("/")

    @dg.asset(
        name=name,
        key_prefix=system,
        group_name=f"1_pull_{system}",
        kinds=KINDS[system],
        owners=OWNERS,
        description=source.about,
        partitions_def=DAYS,
        backfill_policy=ONE_RUN,
        pool=f"{system}_api",
        retry_policy=RETRY,
        code_version="1",
    )
    def pulled(context: dg.AssetExecutionContext, memory: MemoryResource, connections: ConnectionsResource) -> None:
        with retries_only_what_can_help(), connections.systems() as systems:
            for day in days_of(context):
                snapshot = pull(source, Ask(systems, memory.retailer(), day), memory.lake())
                context.add_asset_metadata(facts(snapshot), partition_key=day.isoformat())

    return pulled


PULLS = [_asset(source) for source in SOURCES.values()]
