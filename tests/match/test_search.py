"""Keys that are looked for together are found where one search after the other finds them."""

from __future__ import annotations

import numpy as np
import pytest

from he_sync.match.online.search import bins, runs


@pytest.mark.parametrize("binned", [True, False])
def test_every_key_is_found_in_its_part_as_often_as_it_stands_there(binned):
    rng = np.random.default_rng(5)
    hashes = rng.integers(0, 2**64 - 1, 3_000, np.uint64, endpoint=True)
    edges = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    sizes = (2_000, 0, 1, 700)
    groups = [np.sort(rng.choice(np.r_[hashes, np.repeat(hashes[:9], 400), edges], size)) for size in sizes]
    ends = np.cumsum(sizes)
    parts = list(zip((ends - sizes).tolist(), ends.tolist(), strict=True))
    key, asked = np.concatenate(groups), np.concatenate([hashes, edges])
    for part, (start, end) in enumerate(parts):
        whole = np.full(len(asked), start), np.full(len(asked), end)
        first, size = runs(
            key, asked, *(bins(parts, key).bounds(np.full(len(asked), part), asked) if binned else whole)
        )
        assert size.tolist() == [np.count_nonzero(groups[part] == one) for one in asked]
        there = size > 0
        assert (first[there] - start).tolist() == np.searchsorted(groups[part], asked[there]).tolist()
