"""How the process keeps memory for its next arrays: pages that went back and came again were a tenth of a link's time.

Beside `memory.py`, which has large arrays go back: this is about those below its bound, a few megabytes each and
thousands of them in a run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from he_sync.match.memory import return_arrays

KEPT, USUAL = 32 << 20, 128 << 10
"""Bytes at the end of the heap that wait for the next array; glibc's own bound."""
_TRIM_THRESHOLD = -1
"""glibc's M_TRIM_THRESHOLD."""


@contextmanager
def kept_pages() -> Iterator[None]:
    """Pages of smaller arrays are kept until the work is done, and then all that are free go back.

    Other C libraries have no such bounds; there nothing happens.
    """
    return_arrays()
    library = ctypes.CDLL(None)
    bound, trim = getattr(library, "mallopt", None), getattr(library, "malloc_trim", None)
    if bound is None or trim is None:
        yield
        return
    bound(_TRIM_THRESHOLD, KEPT)
    try:
        yield
    finally:
        bound(_TRIM_THRESHOLD, USUAL)
        trim(0)
