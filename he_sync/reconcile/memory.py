"""Memory and threads of a process that reconciles and ends: freed memory is kept for the next column.

A column of 5 million amounts is 40 MB. glibc maps and unmaps each one on its own, and the kernel clears every page of
it: a fifth of the processor time of 5 million payments. Nothing here changes what is computed.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8  # of mallopt(3)
KEPT = (1 << 31) - 1


def keep_freed() -> None:
    """Let freed memory stay with the process, in one arena. For a process that ends after its run; glibc only."""
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        for option, value in ((ARENA_MAX, 1), (MMAP_MAX, 0), (TRIM_THRESHOLD, KEPT)):
            mallopt(option, value)


def without_matrices() -> None:
    """Start none of the threads that wait for products of matrices: no rule has one. To be said before numpy is loaded.

    They cost 0.02 s of processor time, and on a busy machine 0.1 s.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for cycles of objects meanwhile: breaks by the 100,000 are none, and each search reads them all."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
