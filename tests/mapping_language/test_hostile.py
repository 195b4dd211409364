"""No expression hangs, fills memory, reads a file or reaches a network (reference mapping 2.4)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from he_sync.mapping.expressions.bounds import LONGEST_EXPRESSION
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.model import WrongMapping
from tests.mapping_language.hostile import EXPRESSIONS, MAPPING

MEGABYTES_100 = 100 * 1024 * 1024
SECOND = 1.0
HARMLESS = {"note LIKE '%a%a%a%a%b'", "note = '" + "a" * 71}
"""These run, because they are bounded: a pattern in linear time."""


@pytest.fixture(scope="module")
def ran() -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.mapping_language.hostile"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_forty_and_more_hostile_expressions_cost_less_than_a_second_and_100_megabytes_each(
    ran: list[dict[str, Any]],
) -> None:
    assert len(ran) == len(EXPRESSIONS) >= 40
    assert [one["expression"] for one in ran if one["seconds"] > SECOND] == []
    assert [one["expression"] for one in ran if one["grown"] > MEGABYTES_100] == []


def test_none_of_them_reads_a_byte_or_opens_a_file_or_a_socket(ran: list[dict[str, Any]]) -> None:
    assert [(one["expression"], one["touched"], one["read"]) for one in ran if one["touched"] or one["read"]] == []
    assert not Path("/var/he_hostile").exists()


def test_each_is_refused_in_one_line_or_harmless_by_its_bounds(ran: list[dict[str, Any]]) -> None:
    assert {one["expression"] for one in ran if not one["why"]} <= HARMLESS
    assert [one["expression"] for one in ran if "\n" in one["why"]] == []
    assert LONGEST_EXPRESSION == 2_000


def test_steps_that_look_at_a_value_often_are_bounded_together() -> None:
    steps = ", ".join(["{default: x}"] * 18)
    text = MAPPING.replace("%s:\n    sql: |-\n      %s", f"Out: {{from: short, steps: [{steps}]}}")
    with pytest.raises(WrongMapping, match=r"map\.Out\.steps\.\d+\.default: is one step too many"):
        engine(text)
