"""How the process gives memory back: what the allocator kept for later was a fifth of a large run's peak."""

from __future__ import annotations

import ctypes

POLARS = ("_RJEM_MALLOC_CONF", "dirty_decay_ms:50,muzzy_decay_ms:0")
"""For the environment, before polars is loaded: its own allocator keeps freed pages for 50 ms and not for seconds."""
LARGE = 8 << 20
"""Bytes of an array that is given back to the system as soon as it is freed."""
_THRESHOLD = -3
"""glibc's M_MMAP_THRESHOLD."""


def return_arrays() -> None:
    """Large arrays go back when they are freed, for the rest of the process.

    By itself glibc raises that bound to the largest array that was ever freed, up to 32 MiB, and keeps the pages of all
    smaller ones: a fifth of the peak at a million a side. Other C libraries have no such bound; there nothing happens.
    """
    bound = getattr(ctypes.CDLL(None), "mallopt", None)
    if bound is not None:
        bound(_THRESHOLD, LARGE)
