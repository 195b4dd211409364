"""An index stays good while records are read and compared as they were, whatever else is edited."""

from __future__ import annotations

import hashlib

import numpy as np

from he_sync.match.online import stored
from he_sync.match.online.index import index
from he_sync.match.run import match
from tests.customer_world.world import WORLDS, world

SEEN = {3: "8dfbc16fd479e314"}
"""By READING, what comes of the same customers."""


def test_customers_read_otherwise_than_before_need_a_new_reading_number():
    found = hashlib.sha256()
    for name in ("dirty", "trade"):
        left, right, _ = world(400, 3, WORLDS[name])
        known = index(match(left, right))
        found.update(known.standard().write_csv().encode())
        found.update(np.array([known.left, known.right], np.int64).tobytes() + known.levels.tobytes())
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
