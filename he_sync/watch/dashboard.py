"""A Grafana dashboard made from the figures themselves: each has a panel, with the limits of its alerts as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from he_sync.watch.metrics import METRICS, Metric
from he_sync.watch.rules import Rules, Slo

COLUMNS, WIDTH, HEIGHT = 3, 8, 7
TITLES = {
    "events": "Events",
    "letters": "Dead letters",
    "polls": "Polls and missed events",
    "effects": "Writes",
    "days": "Finance",
    "house": "The machine",
    "systems": "The other systems",
    "watching": "Watching itself",
    "": "Figures that are missing",
}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SPAN = "1h"
"""Over which the panels of objectives show how fast the budget goes."""


def as_json(rules: Rules) -> str:
    """A dashboard to import or to provision; the same rules give the same bytes."""
    board = {
        "uid": "he-sync",
        "title": "he-sync",
        "tags": ["he-sync"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": list(_numbered(rules)),
    }
    return json.dumps(board, indent=1, sort_keys=True) + "\n"


def _numbered(rules: Rules) -> Iterator[dict[str, Any]]:
    """Panels in rows of three under the title of their group."""
    top, number = 0, 0
    for title, panels in _rows(rules):
        number += 1
        place = {"x": 0, "y": top, "w": COLUMNS * WIDTH, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        for at, panel in enumerate(panels):
            number += 1
            spot = {"x": at % COLUMNS * WIDTH, "y": top + 1 + at // COLUMNS * HEIGHT, "w": WIDTH, "h": HEIGHT}
            yield {"id": number, "gridPos": spot, **panel}
        top += 1 + -(-len(panels) // COLUMNS) * HEIGHT


def _rows(rules: Rules) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    yield "Objectives", [_objective(slo) for slo in rules.slos]
    for group, some in groupby(METRICS, key=lambda one: one.group):
        yield TITLES[group], [_panel(metric, rules) for metric in some]


def _panel(metric: Metric, rules: Rules) -> dict[str, Any]:
    of = metric.name if metric.kind == "gauge" else f"rate({metric.name}[5m])"
    legend = " ".join(f"{{{{{label}}}}}" for label in metric.labels) or metric.name
    limits = sorted({rule.above for rule in rules.by_name.values() if rule.metric == metric.name and rule.above})
    lows = sorted({rule.below for rule in rules.by_name.values() if rule.metric == metric.name and rule.below})
    return _graph(metric.says, f"{of}", legend, metric.unit, _steps(limits, lows))


def _objective(slo: Slo) -> dict[str, Any]:
    bad = (
        f'1 - rate(he_slo_good_total{{slo="{slo.slo}"}}[{SPAN}]) / rate(he_slo_judged_total{{slo="{slo.slo}"}}[{SPAN}])'
    )
    title = f"{slo.says} ({slo.objective:.1%}): speed of the error budget"
    return _graph(title, f"({bad}) / {1 - slo.objective:.6g}", slo.slo, "short", _steps([1.0], []))


def _steps(above: list[float], below: list[float]) -> list[dict[str, Any]]:
    """Thresholds as Grafana wants them: from the lowest up, the first without a value."""
    if below:
        return [{"color": "red", "value": None}, {"color": "green", "value": below[-1]}]
    return [{"color": "green", "value": None}, *({"color": "red", "value": limit} for limit in above)]


def _graph(title: str, of: str, legend: str, unit: str, steps: list[dict[str, Any]]) -> dict[str, Any]:
    custom = {"thresholdsStyle": {"mode": "line" if len(steps) > 1 else "off"}}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": SOURCE,
        "targets": [{"refId": "A", "datasource": SOURCE, "expr": of, "legendFormat": legend}],
        "fieldConfig": {
            "defaults": {"unit": unit, "custom": custom, "thresholds": {"mode": "absolute", "steps": steps}},
            "overrides": [],
        },
    }
