"""What line checks find and what they cry for nothing."""

from __future__ import annotations

import pandas as pd

from he_sync.quality.anomalies.items import CHECKS, edges_of, scores
from he_sync.quality.anomalies.rules import at_nothing, over_limit, wrong_sign
from he_sync.quality.anomalies.settings import Settings
from tests.anomaly_world.lines import KINDS


def line_outcome(rows: pd.DataFrame, first: int) -> tuple[dict[str, float], float]:
    """Recall by kind, and the share of clean lines with an alert, over the lines from place `first` on."""
    settings = Settings()
    past, now = rows[:first], rows[first:].reset_index(drop=True)
    alerts = wrong_sign(now) | at_nothing(now, past) | over_limit(now, settings.discount_limit_percent)
    found, edges = scores(now, past), edges_of(past, settings)
    for check in CHECKS:
        alerts |= found.far[check] > edges[check]
    planted = now["fault"].to_numpy()
    return {kind: float(alerts[planted == kind].mean()) for kind in KINDS}, float(alerts[planted == ""].mean())
