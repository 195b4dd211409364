"""What lies in the tree: names that are ours, no secret, no path or address of the machine it was written on."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.house.tree import ROOMS, ROOT, files

# Written so that this file does not find itself.
MACHINE = re.compile(
    r"""(?<![\w.])/(?:work|opt|root|home)/[\w.]|(?<![\w.])/tmp/\w|file:/{2}|pypi[.]org|pythonhosted[.]|npmjs[.]org"""
)
SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}"
    r"|skapi_(?!sandbox)\w+|eyJ[\w-]{20,}[.]eyJ[\w-]{20,}[.]"
)
BINARY = {".png", ".ico", ".woff2", ".parquet"}


def found(pattern: re.Pattern[str], root: Path = ROOT) -> list[str]:
    hits = []
    for path in files(root):
        if path.suffix not in BINARY:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                hits += [f"{path.relative_to(root)}:{number}: {hit[0]}" for hit in pattern.finditer(line)]
    return hits


def test_no_file_names_a_path_or_a_registry_of_the_machine_it_was_written_on() -> None:
    assert found(MACHINE) == []


def test_no_file_holds_a_secret() -> None:
    assert found(SECRET) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (MACHINE, "see " + "/" + "work/main"),
        (MACHINE, "url = 'https://" + "pypi" + ".org/simple'"),
        (SECRET, "-----BEGIN RSA " + "PRIVATE KEY-----"),
        (SECRET, "key = 'skapi" + "_live_MTyMAQBiHVEAewvIzXVFcmUd2'"),
    ],
)
def test_a_seeded_path_or_secret_is_found(tmp_path: Path, pattern: re.Pattern[str], text: str) -> None:
    (tmp_path / "seeded.md").write_text(f"fine\n{text}\n")
    assert [hit.rpartition(": ")[0] for hit in found(pattern, tmp_path)] == ["seeded.md:2"]


@pytest.mark.parametrize("name", [*ROOMS, "definitions"])
def test_a_top_level_name_is_ours_and_nobody_elses(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)
    assert set(packages_distributions().get(name, ["he-sync"])) == {"he-sync"}


def test_nothing_installed_shadows_our_tests() -> None:
    assert "tests" not in packages_distributions()


def test_make_help_lists_every_verb_of_the_design() -> None:
    shown = subprocess.run(["make", "-s", "-C", str(ROOT), "help"], check=True, capture_output=True, text=True).stdout
    verbs = {line.split()[1] for line in shown.splitlines()}
    assert {"setup", "demo", "up", "down", "test", "bench", "lint", "lock", "help"} <= verbs
