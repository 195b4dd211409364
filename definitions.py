"""The code location: the only place that knows everything. `build` takes overrides; a test replaces, never patches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.canonical import CANONICAL
from assets.pulls import PULLS
from assets.push import PUSH
from assets.reconcile import RECONCILE
from resources.house import build_resources
from sensors.schedules import nightly_close

COMPARED = dg.AssetSelection.assets(["reconcile", "customers"], ["reconcile", "inventory"])
WRITTEN = dg.AssetSelection.assets(["push", "plan"], ["push", "epicor"], ["push", "heartland"])
MASTER_DATA = COMPARED.upstream() | dg.AssetSelection.assets(["canonical", "products"]) | WRITTEN


ALONE = {"he/entity": "close"}
"""One run at a time (dagster.yaml limits the tag): two that plan from one stock would both correct its drift."""


def jobs() -> list[Any]:
    """`nightly_close` is a whole business date; `full_sync` brings customers, products and stock in step."""
    night = dg.define_asset_job(
        "nightly_close",
        dg.AssetSelection.all(),
        description="Pull, compare, write back and close one business date",
        tags=ALONE,
    )
    full = dg.define_asset_job(
        "full_sync",
        MASTER_DATA,
        description="Customers, products and stock of both sides, compared and brought in step",
        tags=ALONE,
    )
    return [night, full]


def build(*, resources: Mapping[str, Any] | None = None, assets: Sequence[Any] | None = None) -> dg.Definitions:
    """Everything as one Definitions; keyword arguments replace parts."""
    night, full = jobs()
    return dg.Definitions(
        assets=[*PULLS, *CANONICAL, *RECONCILE, *PUSH] if assets is None else assets,
        jobs=[night, full],
        schedules=[nightly_close(night)],
        resources=build_resources() if resources is None else resources,
        executor=dg.in_process_executor,
    )


defs = build()
