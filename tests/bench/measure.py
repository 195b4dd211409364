"""One work in a fresh process: what it gave, how long it took, and the most memory it ever held.

`python -m tests.bench.measure MODULE:FUNCTION ARGUMENT`. The function is a context manager that makes everything ready
and yields what is measured: a callable that gives a dict of figures.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.bench.company import ROOT

KIBIBYTE = 1024
STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Measure:
    """Seconds of wall and processor time, bytes before the work began and at the peak, and the work's own figures."""

    seconds: float
    processor_seconds: float
    baseline: int
    peak: int
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def growth(self) -> int:
        """Bytes over the process that was ready to begin."""
        return self.peak - self.baseline

    @property
    def rows(self) -> int:
        """How many rows the work handled."""
        return int(self.figures["rows"])

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def measured(work: str, argument: str, environment: Mapping[str, str]) -> Measure:
    """Run a work in its own process. Its errors are its own: they go to stderr and end the bench."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.measure", work, argument],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Measure(*json.loads(done.stdout))


def peak_bytes() -> int:
    """The most memory this process held. Linux keeps a parent's peak in ru_maxrss over fork and exec, VmHWM not."""
    if STATUS.exists():
        line = next(line for line in STATUS.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * KIBIBYTE
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * KIBIBYTE


def main(work: str, argument: str) -> None:
    """Make ready, take the baseline, work, and print the measure as JSON."""
    module, name = work.split(":")
    with getattr(importlib.import_module(module), name)(argument) as run:
        baseline = peak_bytes()
        wall, processor = time.perf_counter(), time.process_time()
        figures = run()
        seconds, spent = time.perf_counter() - wall, time.process_time() - processor
    sys.stdout.write(json.dumps([seconds, spent, baseline, peak_bytes(), figures]))


if __name__ == "__main__":
    main(*sys.argv[1:])
