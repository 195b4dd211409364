"""Known vulnerabilities of what is locked, asked of the service that pip-audit asks; and honest where it could not.

pip-audit says "No known vulnerabilities found" and exits 0 as well when the service knew none of the packages, which is
what an address that answers "not found" to everything gives. Only packages that were looked up count as clean.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SECONDS = 300
NOT_RUN = "not run"


@dataclass(frozen=True)
class Answer:
    """`verdict` is "clean", "found" or "not run"; `lines` are what was found, or why it did not run."""

    verdict: str
    lines: tuple[str, ...]


def ask(lock: Path) -> Answer:
    """What the service says about a lock."""
    words = ["-r", str(lock), "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "10"]
    line = [sys.executable, "-m", "pip_audit", *words, "-f", "json"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(NOT_RUN, (f"pip-audit did not answer ({type(error).__name__})",))
    try:
        return read(json.loads(done.stdout))
    except ValueError:
        said = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return Answer(NOT_RUN, (f"the service cannot be reached: {said[:160]}",))


def read(said: Mapping[str, Any]) -> Answer:
    """What pip-audit's answer means: found before not run, and clean only where every package was looked up."""
    found = [
        f"{one['name']} {one['version']}: {wrong['id']}, mended in {', '.join(wrong['fix_versions']) or 'no version'}"
        for one in said["dependencies"]
        for wrong in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in said["dependencies"] if "skip_reason" in one]
    if found:
        return Answer("found", (*found, *([f"{len(skipped)} packages were not looked up"] if skipped else [])))
    if skipped or not said["dependencies"]:
        of = len(said["dependencies"])
        return Answer(
            NOT_RUN, (f"{len(skipped)} of {of} packages are unknown to the service that answered: no network?",)
        )
    return Answer("clean", ())
