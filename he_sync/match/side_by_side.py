"""Work on several cores: numpy and polars let go of the interpreter while they compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Found = TypeVar("Found")

CORES = max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))
"""More would wait for memory, not compute."""


def side_by_side(work: Callable[[One], Found], parts: Iterable[One]) -> list[Found]:
    """What the work finds for each part, in the order of the parts whichever is done first."""
    waiting = list(parts)
    if len(waiting) == 1 or CORES == 1:
        return [work(part) for part in waiting]
    with ThreadPoolExecutor(min(CORES, len(waiting))) as pool:
        return list(pool.map(work, waiting))
