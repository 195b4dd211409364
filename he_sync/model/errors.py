"""The error tree, named for what the caller should do.

HeSyncError
├── FixInput       a person must change what was given (file, row, mapping, setting); retrying is useless
│   ├── FixSettings    a setting or credential is missing or wrong
│   └── BadRecord      one record breaks its contract; set it aside, the others go on
├── TryLater       the same call may work later; nothing was done
│   └── Throttled      the other side asked for a pause (seconds in `.retry_after`)
├── LookUpFirst    bytes left and the outcome is unknown; look the effect up before anything else
├── Refused        the other side understood and said no; the request must change
│   ├── NotFound       there is no such record
│   └── NotAllowed     the account lacks a permission
└── BrokenPromise  the other side or we broke an invariant (a page loop, a count that differs); stop
"""

from __future__ import annotations


class HeSyncError(Exception):
    """Root of everything he-sync raises on purpose. The message is one clear line: what, where, what to do."""


class FixInput(HeSyncError):
    """A person must change what was given; retrying is useless."""


class FixSettings(FixInput):
    """A setting or credential is missing or wrong."""


class BadRecord(FixInput):
    """One record breaks its contract: set it aside with the reason, the others go on."""


class TryLater(HeSyncError):
    """The same call may work later; nothing was done at the other side."""


class Throttled(TryLater):
    """The other side asked for a pause."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LookUpFirst(HeSyncError):
    """Request bytes left and the outcome is unknown: look the effect up by its key before anything else."""


class Refused(HeSyncError):
    """The other side understood and said no; the request must change before it is sent again."""

    def __init__(self, message: str, status: int = 0, kind: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class NotFound(Refused):
    """There is no such record."""


class NotAllowed(Refused):
    """The account lacks a permission or the credentials are not accepted."""


class BrokenPromise(HeSyncError):
    """An invariant does not hold (a page loop, a count that differs): stop, nothing further is written."""
