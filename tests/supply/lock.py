"""The packages that a lock names: version, hashes of its files, and what the installed package says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BLOCK = re.compile(r"\n(?=\S)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "colorama": "BSD-3-Clause",
    "pyreadline3": "BSD-3-Clause",
    "pywin32": "PSF-2.0",
}
"""Packages of other platforms or Python versions, whose licence no installation here can tell: looked up by hand."""


@dataclass(frozen=True)
class Package:
    """One locked package. `licence` is "" where nobody says one; `needs` are the names that it asks for."""

    name: str
    version: str
    hashes: tuple[str, ...]
    licence: str
    needs: tuple[str, ...]


def packages(lock: Path) -> list[Package]:
    """By name, each name and version once."""
    found: dict[tuple[str, str], Package] = {}
    for block in BLOCK.split(lock.read_text(encoding="utf-8").strip()):
        asked = Requirement(block.split(" \\\n")[0])
        [pin] = asked.specifier
        name = canonicalize_name(asked.name)
        licence, needs = _installed(name)
        found[name, pin.version] = Package(name, pin.version, tuple(HASH.findall(block)), licence, needs)
    return [found[key] for key in sorted(found)]


def _installed(name: str) -> tuple[str, tuple[str, ...]]:
    try:
        there = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return ELSEWHERE.get(name, ""), ()
    needs = {canonicalize_name(Requirement(one).name) for one in there.requires or () if "extra ==" not in one}
    return _licence(there.metadata), tuple(sorted(needs))


def _licence(said: metadata.PackageMetadata) -> str:
    """The expression where there is one, else the classifiers, else the first line of the free text."""
    classifiers = [
        one.rpartition(" :: ")[2] for one in said.get_all("Classifier") or () if one.startswith("License ::")
    ]
    free = (said.get("License") or "").strip().partition("\n")[0][:80]
    return said.get("License-Expression") or " OR ".join(classifiers) or free
