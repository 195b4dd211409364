"""The admin port refuses what would break the stand-ins later, in one clear line, and changes nothing then."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from he_sync.sandbox.admin import SWITCHES
from he_sync.sandbox.server import Sandbox
from tests.sandbox.heartland_http import Retail


def put(sandbox: Sandbox, path: str, body: Any) -> httpx.Response:
    return httpx.put(f"{sandbox.urls['admin']}/{path}", json=body)


def refused(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    line: str = answer.json()["error"]
    assert line
    assert "\n" not in line
    return line


@pytest.mark.parametrize("wrong", ["many", "", "-1", "1e3", "NaN", None, [5], True, 10**12])
def test_a_figure_takes_no_word_and_nothing_beyond_its_ends(sandbox: Sandbox, wrong: Any) -> None:
    numeric = [switch for switch in SWITCHES if switch.numbers]
    assert len(numeric) > 20
    for switch in numeric:
        assert switch.name in refused(put(sandbox, "switches", {switch.name: wrong}))
        assert switch.read(sandbox.state) == switch.default


def test_every_switch_takes_its_own_default(sandbox: Sandbox) -> None:
    assert put(sandbox, "switches", {switch.name: switch.default for switch in SWITCHES}).status_code == 200


def test_every_free_switch_that_starts_as_a_figure_takes_figures_only_except_a_merchant_id() -> None:
    free = [one.name for one in SWITCHES if not one.values and not one.numbers and one.default.isdigit()]
    assert free == ["processor.default_mid"]


def test_a_number_counts_as_its_text(sandbox: Sandbox) -> None:
    asked = {"heartland.validation_status": 422, "heartland.per_page_default": 1, "heartland.webhook_loss_share": 0.5}
    assert put(sandbox, "switches", asked).status_code == 200
    assert Retail(sandbox).get("items") == {"total": 0, "pages": 0, "results": []}


def test_switches_are_set_together_or_not_at_all(sandbox: Sandbox) -> None:
    asked = {"heartland.per_page_default": "7", "heartland.no_such": "x"}
    assert "heartland.no_such" in refused(put(sandbox, "switches", asked))
    shown = {row["name"]: row["value"] for row in httpx.get(f"{sandbox.urls['admin']}/switches").json()}
    assert shown["heartland.per_page_default"] == "20"


@pytest.mark.parametrize("path", ["switches", "clock", "faults"])
def test_a_body_of_another_shape_is_refused(sandbox: Sandbox, path: str) -> None:
    shapes: list[Any] = [5, "x", [[]], ["x"], [5]]
    for body in shapes:
        refused(put(sandbox, path, body))


@pytest.mark.parametrize(
    "clock", [{"frozen": "soon"}, {"frozen": "2026-11-20T10:00:00"}, {"offset": "x"}, {"offset": 1e15}]
)
def test_a_clock_that_cannot_be_read_is_refused_and_time_goes_on(sandbox: Sandbox, clock: Any) -> None:
    refused(put(sandbox, "clock", clock))
    assert Retail(sandbox).post("items", {})


@pytest.mark.parametrize(
    "rule", [{"route": "("}, {"probability": "often"}, {"seconds": "x"}, {"status": []}, {"colour": 1}]
)
def test_a_fault_that_cannot_fire_is_refused(sandbox: Sandbox, rule: Any) -> None:
    refused(put(sandbox, "faults", [{"name": "latency", **rule}]))
    assert Retail(sandbox).get("items")["total"] == 0


def test_a_fault_from_json_fires_with_its_figures(sandbox: Sandbox) -> None:
    rules = [{"name": "latency", "seconds": 0.01, "probability": 0.999999, "remaining": 1}]
    assert put(sandbox, "faults", rules).status_code == 200
    assert Retail(sandbox).get("items")["total"] == 0
