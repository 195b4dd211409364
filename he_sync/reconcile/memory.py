"""Memory of a process that reconciles and ends: kept for the next column instead of given back and cleared again.

A column of 5 million amounts is 40 MB. glibc maps and unmaps each one on its own, and the kernel clears every page of
it: a fifth of the processor time of 5 million payments. Nothing here changes what is computed.
"""

from __future__ import annotations

import ctypes
import gc
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
