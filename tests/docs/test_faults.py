"""The catalogue of faults is whole, and what it names as proof is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "faults.md"
ROWS = re.findall(r"^\| F(\d+) \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), flags=re.MULTILINE)
UNSHOWN = {"open", "not on this path"}


def test_every_fault_of_the_catalogue_has_its_row_in_order():
    assert [int(number) for number, *_ in ROWS] == list(range(1, 105))


@cache
def known_in(file):
    tree = ast.parse((TESTS / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("number", "shown"), [(row[0], row[3]) for row in ROWS])
def test_what_shows_a_fault_is_a_test_of_ours(number, shown):
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", shown)
    assert named or shown in UNSHOWN, f"F{number} names no test"
    assert [name for file, name in named if name not in known_in(file)] == [], f"F{number}"
