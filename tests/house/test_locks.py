"""The locks are hashed, in step with pyproject.toml, and say nothing about the machine that made them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.tree import ROOT

LOCKS = {"requirements.lock": False, "requirements-dev.lock": True}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}( \\)?")


@dataclass(frozen=True)
class Pin:
    """One locked package: its version, its marker and extras, its hash lines, and who asked for it."""

    requirement: Requirement
    hashes: int
    direct: bool

    @property
    def version(self) -> Version:
        (specifier,) = self.requirement.specifier
        assert specifier.operator == "=="
        return Version(specifier.version)


def pins(lock: str) -> list[Pin]:
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    return [
        Pin(Requirement(block.split(" \\\n")[0]), len(HASH.findall(block)), "he-sync (pyproject.toml)" in block)
        for block in blocks
    ]


def declared(*, development: bool) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["dev"] if development else []
    return [Requirement(line) for line in (*project["dependencies"], *extra)]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_is_pinned_to_one_version_with_its_hashes(lock: str) -> None:
    locked = pins(lock)
    assert len(locked) > 100
    assert [pin.requirement.name for pin in locked if not pin.hashes or not pin.version] == []


@pytest.mark.parametrize(("lock", "development"), LOCKS.items())
def test_a_lock_answers_every_declared_dependency_and_no_other(lock: str, development: bool) -> None:
    wanted = declared(development=development)
    direct = {canonicalize_name(pin.requirement.name) for pin in pins(lock) if pin.direct}
    assert direct == {canonicalize_name(each.name) for each in wanted}
    for each in wanted:
        found = [pin for pin in pins(lock) if canonicalize_name(pin.requirement.name) == canonicalize_name(each.name)]
        assert all(each.specifier.contains(pin.version, prereleases=True) for pin in found), each
        assert all(each.extras <= pin.requirement.extras for pin in found), (
            f"{each}: pip 23 needs the extras in the lock"
        )


def test_the_development_lock_holds_the_runtime_lock_as_it_is() -> None:
    runtime, development = ({(pin.requirement.name, pin.version, pin.hashes) for pin in pins(lock)} for lock in LOCKS)
    assert runtime <= development


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_registry_and_no_path(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert re.findall(r"\w+://\S+|--(?:index|extra|find|trusted)\S*|(?<=[\s\"'])/\S+", text) == []
