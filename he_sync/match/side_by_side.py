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


FEW = 30_000
"""Rows below which one core is done before another has begun: threads of short steps wait for the interpreter."""


def side_by_side(work: Callable[[One], Found], parts: Iterable[One], rows: int = FEW) -> list[Found]:
    """What the work finds for each part, in the order of the parts whichever is done first.

    `rows` is how many rows all parts have together, where those may be few.
    """
    waiting = list(parts)
    if len(waiting) == 1 or CORES == 1 or rows < FEW:
        return [work(part) for part in waiting]
    with ThreadPoolExecutor(min(CORES, len(waiting))) as pool:
        return list(pool.map(work, waiting))
