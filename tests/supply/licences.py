"""What each package may be used under, and which licences must not come in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tests.supply.lock import Package

DENIED = tuple(
    (re.compile(pattern, re.IGNORECASE), why)
    for pattern, why in (
        (r"affero|\bagpl", "serving it to others would open our source"),
        (r"\bgpl|(?<!lesser )general public(?!.*lesser)", "it would open our source"),
        (r"sspl|server side public|busl|business source|elastic license|commons clause", "no open licence"),
        (r"non-?commercial|proprietary|all rights reserved", "not for a business"),
    )
)
CHOICE = re.compile(r"\s+OR\s+")
"""Of a choice one permitted licence is enough."""


def denied(some: Sequence[Package]) -> Iterator[str]:
    """One line for each package that must not be there, and for each that says nothing."""
    for one in some:
        reasons = [_why_not(licence) for licence in CHOICE.split(one.licence.strip("() "))]
        if not one.licence or one.licence == "UNKNOWN":
            yield f"{one.name} {one.version}: says no licence; look it up and name it in tests/supply/lock.py"
        elif all(reasons):
            yield f"{one.name} {one.version}: {one.licence} ({reasons[0]}); take another package"


def _why_not(licence: str) -> str:
    return next((why for pattern, why in DENIED if pattern.search(licence)), "")


def listed(some: Sequence[Package]) -> str:
    """The list, one line a package."""
    return "".join(f"{one.name} {one.version}\t{one.licence}\n" for one in some)
