"""Every threat of docs/security.md names the tests that hold it off, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "security.md"
ROW = re.compile(r"^\| (T\d+) \|.*\| (.*) \|$", re.MULTILINE)
NAMED = re.compile(r"`([\w/]+)::(test_\w+)`")
OPEN: set[str] = set()
"""Threats that nothing holds off yet; the page says so."""


def rows() -> dict[str, str]:
    return dict(ROW.findall(PAGE.read_text(encoding="utf-8")))


def test_each_of_the_44_threats_is_listed_once_in_order_with_its_tests() -> None:
    assert [name for name, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))] == [f"T{one}" for one in range(1, 45)]
    assert {name for name, held in rows().items() if not NAMED.search(held)} == OPEN
    assert {name for name, held in rows().items() if held == "nothing yet"} == OPEN


def test_every_test_that_is_named_is_there() -> None:
    named = [each for held in rows().values() for each in NAMED.findall(held)]
    assert len(named) > len(rows())
    gone = [f"{file}::{name}" for file, name in named if not is_there(file, name)]
    assert gone == []
    assert not is_there("console/test_access", "test_no_such_thing")


def is_there(file: str, name: str) -> bool:
    path = TESTS / f"{file}.py"
    return path.is_file() and f"\ndef {name}(" in path.read_text(encoding="utf-8")
