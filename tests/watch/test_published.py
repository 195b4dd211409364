"""What is published says the same as the rules: runbooks, Prometheus' file, the dashboard; and no name is made up."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from he_sync.watch import dashboard, prometheus
from he_sync.watch.metrics import METRICS, NAMED
from he_sync.watch.rules import load
from he_sync.watch.targets import span

ROOT = Path(__file__).parents[2]
RULES = load()
BOOK = (ROOT / "docs" / "runbooks.md").read_text()
OF_ITS_OWN = {"alarms"}
"""Sections for what no rule of ours tells."""


def sections() -> dict[str, str]:
    parts = re.split(r"^### (\w+)$", BOOK, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert set(sections()) - OF_ITS_OWN == set(RULES.by_name)
    assert len(re.findall(r"^### ", BOOK, flags=re.MULTILINE)) == len(sections())
    assert [name for name, told in sections().items() if "See [" not in told and len(told.split()) < 20] == []


def test_every_section_that_a_runbook_leads_to_is_there() -> None:
    assert set(re.findall(r"\]\(#(\w+)\)", BOOK)) <= set(sections())


@pytest.mark.parametrize("page", ["runbooks", "watching"])
def test_every_figure_that_a_page_names_is_one(page: str) -> None:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    assert set(re.findall(r"\bhe_(?!sync)[a-z_]+\b", text)) <= set(NAMED)


# Prometheus


def published() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(prometheus.rules_file(RULES))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_prometheus_gets_every_rule_with_its_limit_time_severity_and_runbook() -> None:
    by_name = {rule["alert"]: rule for rule in published()}
    assert set(by_name) == set(RULES.by_name)
    wait = by_name["events_wait"]
    assert (wait["expr"], wait["for"]) == ("he_event_oldest_age_seconds > 120", "2m")
    assert wait["labels"] == {"severity": "page", "owner": "integration"}
    assert wait["annotations"]["runbook_url"] == "docs/runbooks.md#events_wait"
    assert by_name["disk_low"]["expr"] == "he_disk_free_ratio < 0.1"
    assert by_name["writes_doubtful"]["expr"] == 'he_effect_oldest_age_seconds{state="doubtful"} > 600'
    assert by_name["dead_letters"]["annotations"]["summary"] == (
        "{{ $value }} open dead letters by {{ $labels.field }}, {{ $labels.rule }}"
    )
    assert by_name["store_log_grows"]["expr"] == "he_store_wal_bytes > 67108864"


def test_a_burn_for_prometheus_asks_for_both_windows_and_for_enough_that_was_judged() -> None:
    [fast] = [rule["expr"] for rule in published() if rule["alert"] == "events_answered_fast"]
    first, second = fast.split(" or ")
    of = '{slo="events_answered"}'
    for expr, long, short, factor in ((first, "1h", "5m", "14.4"), (second, "6h", "30m", "6")):
        for window in (long, short):
            speed = f"(1 - rate(he_slo_good_total{of}[{window}]) / rate(he_slo_judged_total{of}[{window}])) / 0.01"
            assert f"{speed} > {factor}" in expr
        assert f"increase(he_slo_judged_total{of}[{long}]) >= 20" in expr


def test_every_name_and_label_in_an_expression_is_a_figure_of_ours_and_its_brackets_close() -> None:
    board = json.loads(dashboard.as_json(RULES))
    exprs = [rule["expr"] for rule in published()]
    exprs += [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    for expr in exprs:
        named = re.findall(r"\b(he_[a-z_]+)(?:\{([^}]*)\})?", expr)
        assert named, expr
        for name, labels in named:
            asked = set(re.findall(r'(\w+)="', labels))
            assert asked <= set(NAMED[name].labels), expr
        assert all(expr.count(left) == expr.count(right) for left, right in ("()", "[]", "{}")), expr
        assert all(span(window) for window in re.findall(r"\[(\w+)\]", expr)), expr


# Grafana


def test_every_figure_has_a_panel_and_the_limits_of_its_alerts_are_lines_in_it() -> None:
    board = json.loads(dashboard.as_json(RULES))
    graphs = [panel for panel in board["panels"] if panel["type"] == "timeseries"]
    shown = {name for panel in graphs for name in re.findall(r"he_[a-z_]+", panel["targets"][0]["expr"])}
    assert shown == {metric.name for metric in METRICS}
    [wait] = [panel for panel in graphs if panel["targets"][0]["expr"] == "he_event_oldest_age_seconds"]
    assert [step["value"] for step in wait["fieldConfig"]["defaults"]["thresholds"]["steps"]] == [None, 120]


def test_panels_have_numbers_of_their_own_and_none_lies_on_another() -> None:
    panels = json.loads(dashboard.as_json(RULES))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for at in (panel["gridPos"] for panel in panels):
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells


def test_the_same_rules_give_the_same_bytes() -> None:
    assert dashboard.as_json(RULES) == dashboard.as_json(load())
    assert prometheus.rules_file(RULES) == prometheus.rules_file(load())
