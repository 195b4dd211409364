"""What one process may do at a time in a folder: a lock that ends with its process, however it ends."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from he_sync.model.errors import FixInput


@contextmanager
def only_one(lock: Path, taken: Callable[[], str]) -> Iterator[TextIO]:
    """Hold the file `lock` in a folder that is there. Raises FixInput with what `taken` says while another holds it."""
    with lock.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FixInput(taken()) from None
        yield file
