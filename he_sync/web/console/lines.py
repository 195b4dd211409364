"""The console's log: one record a line, and no card number or verification code in it, whatever an error repeats."""

from __future__ import annotations

import logging
import sys

from he_sync.model.card_numbers.sweep import sweep
from he_sync.model.errors import FixInput
from he_sync.web.receiver.server import OneLine

REMOVED = "a line was removed here: it held what may not be kept"


class CleanLine(OneLine):
    """One record, one line, card numbers cut to first six and last four."""

    def format(self, record: logging.LogRecord) -> str:
        """The record; a line with a verification code or track, or one too dense to be looked through, is removed."""
        line = super().format(record)
        try:
            swept = sweep(line)
        except FixInput:
            return REMOVED
        return REMOVED if swept.sensitive else str(swept.document)


def log_cleanly() -> None:
    """Every line of this process that is worth a warning."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(CleanLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
