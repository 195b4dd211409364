"""Which failure Dagster may retry: the error's type says what the caller should do (he_sync.model.errors)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from he_sync.model.errors import HeSyncError, TryLater


@contextmanager
def retries_only_what_can_help() -> Iterator[None]:
    """TryLater goes through to the retry policy; every other error of ours fails the step at once with its one line."""
    try:
        yield
    except TryLater:
        raise
    except HeSyncError as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
