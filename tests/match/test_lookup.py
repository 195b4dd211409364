"""A round of EM looks patterns up in bundles of fields; what it finds is what one field after the other gives."""

from __future__ import annotations

import numpy as np
import pytest

from he_sync.match import lookup
from he_sync.match.lookup import Lookup

SIZES, CLASSES = (36, 7, 6, 13, 3, 4), 5


@pytest.fixture(params=[1, 40, 1_000])
def levels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Two thousand patterns in no order, some levels never seen; bundles of one field, of some, of most."""
    monkeypatch.setattr(lookup, "MOST", request.param)
    chance = np.random.default_rng(3)
    return np.array([chance.integers(0, max(size - 1, 1), 2_000) for size in SIZES])


def test_a_patterns_chance_is_the_product_of_its_levels_under_each_class(levels: np.ndarray):
    chance = np.random.default_rng(4)
    tables, shares = [chance.random((CLASSES, size)) for size in SIZES], chance.random(CLASSES)
    wanted = shares[:, None] * np.prod([table[:, row] for table, row in zip(tables, levels, strict=True)], axis=0)
    np.testing.assert_allclose(Lookup(SIZES, levels, CLASSES).chances(tables, shares), wanted)


def test_weights_of_patterns_come_together_by_level_and_class(levels: np.ndarray):
    weights = np.random.default_rng(5).random((CLASSES, levels.shape[1]))
    for size, row, found in zip(SIZES, levels, Lookup(SIZES, levels, CLASSES).sums(weights), strict=True):
        wanted = [np.bincount(row, own, minlength=size) for own in weights]
        np.testing.assert_allclose(found, wanted)
