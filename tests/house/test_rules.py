"""The checkers find nothing in the tree, and each finds the violation that is seeded into a copy of it.

Tree and seed are checked in one run: whatever is reported outside the seeded files is a violation of ours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.house.tree import ROOT, Ran, copy, function_lengths, product, run

WRONG_TYPE = '"""Seeded."""\n\n\ndef count() -> int:\n    """Not a number."""\n    return "one"\n'
UNUSED_IMPORT = '"""Seeded."""\n\nimport os\n'
UNFORMATTED = '"""Seeded."""\n\nONE   =  1\n'
IMPORTS = {
    "he_sync/model/seeded_up.py": '"""Seeded."""\n\nfrom he_sync import store as store\n',
    "he_sync/quality/seeded_across.py": '"""Seeded."""\n\nfrom he_sync import mapping as mapping\n',
    "he_sync/store/seeded_dagster.py": '"""Seeded."""\n\nimport dagster as dagster\n',
    "he_sync/store/seeded_roof.py": '"""Seeded."""\n\nimport definitions as definitions\n',
    "he_sync/store/seeded_http.py": '"""Seeded."""\n\nimport httpx as httpx\n',
}


def outside_the_seed(ran: Ran, marker: str = "error:") -> list[str]:
    return [line for line in ran.output.splitlines() if marker in line and "seeded" not in line]


def test_the_type_checker_finds_a_wrong_return_and_nothing_else(tmp_path: Path) -> None:
    tree = copy(tmp_path, {"he_sync/seeded_type.py": WRONG_TYPE})
    ran = run(tree, "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), "--no-error-summary")
    assert outside_the_seed(ran) == []
    assert "he_sync/seeded_type.py:6: error: Incompatible return value type" in ran.output, ran.output


def test_the_linter_finds_an_unused_import_and_nothing_else(tmp_path: Path) -> None:
    tree = copy(tmp_path, {"he_sync/seeded_lint.py": UNUSED_IMPORT})
    ran = run(tree, "ruff", "check", "--output-format", "concise", "--no-cache", ".")
    assert outside_the_seed(ran, ".py:") == []
    assert "he_sync/seeded_lint.py:3:8: F401" in ran.output


def test_the_formatter_finds_an_unformatted_file_and_no_other(tmp_path: Path) -> None:
    tree = copy(tmp_path, {"he_sync/seeded_format.py": UNFORMATTED})
    ran = run(tree, "ruff", "format", "--check", "--output-format", "concise", "--no-cache", ".")
    assert outside_the_seed(ran, ".py:") == []
    assert "he_sync/seeded_format.py:3:5: unformatted" in ran.output


def test_every_import_of_the_tree_goes_down_the_stairs(tmp_path: Path) -> None:
    ran = run(copy(tmp_path, {}), "lint-imports", "--no-cache")
    assert ran.code == 0, ran.output


def test_an_import_upwards_or_across_of_dagster_or_of_httpx_breaks_its_contract(tmp_path: Path) -> None:
    ran = run(copy(tmp_path, IMPORTS), "lint-imports", "--no-cache")
    assert ran.code == 1
    for broken in (
        "One-way stairs",
        "The engine knows no Dagster",
        "Nothing imports definitions",
        "httpx is imported in one module",
    ):
        assert [line for line in ran.output.splitlines() if line.startswith(broken) and "BROKEN" in line], broken
    for seed in IMPORTS:
        assert seed.removesuffix(".py").replace("/", ".") in ran.output, ran.output


@pytest.mark.parametrize("limit", [35])
def test_nine_functions_in_ten_are_shorter_than_35_lines(limit: int) -> None:
    lengths = [length for path in product() for length in function_lengths(path.read_text())]
    long = sum(length >= limit for length in lengths)
    assert long * 10 <= len(lengths), f"{long} of {len(lengths)} functions have {limit} lines or more"


def test_a_long_function_is_counted_as_long() -> None:
    assert function_lengths(
        "def f():\n" + "    x = 1\n" * 39 + "\n\nclass A:\n    async def g(self):\n        pass\n"
    ) == [40, 2]
