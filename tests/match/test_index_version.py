"""An index stays good while records are read and compared as they were, whatever else is edited."""

from __future__ import annotations

import hashlib

import numpy as np

from he_sync.match.blocking import candidates
from he_sync.match.compare import compared
from he_sync.match.levels import FIELDS
from he_sync.match.online import stored
from he_sync.match.profile import without_shared
from he_sync.match.reading import joined
from he_sync.match.standardise import standardised
from he_sync.match.table import table
from tests.customer_world.world import WORLDS, world

SEEN = {1: "63d7f215a0333fcd"}
"""By READING, what comes of the same customers."""


def test_customers_read_otherwise_than_before_need_a_new_reading_number():
    found = hashlib.sha256()
    for name in ("dirty", "trade"):
        left, right, _ = world(400, 3, WORLDS[name])
        records = joined(left, right)
        standard, _ = without_shared(standardised(records))
        known = table(standard, records["side"].to_numpy().astype(np.int64))
        pairs = candidates(known)
        levels = compared(known, pairs.left, pairs.right)
        found.update(known.standard.write_csv().encode())
        found.update(np.array([pairs.left, pairs.right], np.int64).tobytes())
        found.update(np.array([levels[field.name] for field in FIELDS], np.uint8).tobytes())
    assert SEEN.get(stored.READING) == found.hexdigest()[:16], (
        "records are read, blocked or compared otherwise: indexes that are kept would answer wrongly. "
        "Count stored.READING up and write the new digest beside it"
    )


def test_the_version_is_one_of_what_is_declared_and_not_of_source_text(monkeypatch):
    before = stored.engine()
    stored.engine.cache_clear()
    monkeypatch.setattr(stored, "READING", stored.READING + 1)
    assert stored.engine() != before
    stored.engine.cache_clear()
    monkeypatch.undo()
    assert stored.engine() == before
