"""A sandbox in a process of its own, so that a puller's memory is its own. Imports no more than starting one takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
BULK_DAY = date(2026, 11, 19)
"""The one business date on which all bulk tickets were sold."""


@contextmanager
def company(folder: Path, size: str, *options: object) -> Iterator[dict[str, str]]:
    """Settings of a process that works with the sandbox. Its state and our home lie below `folder`.

    `size` is `bulk` with a number of rows, or a world's size with its last business date and how many days happen.
    """
    command = [sys.executable, "-m", "tests.bench.company_server", str(folder), size, *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        ready = process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the sandbox did not start: {' '.join(command)}")
        yield json.loads(ready)  # leaving the block closes its stdin, at which it ends
