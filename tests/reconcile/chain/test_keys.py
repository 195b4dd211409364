"""Finding by key gives what a plain search gives, whatever the keys look like."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from he_sync.reconcile.chain.keys import Index, find, pack, sorting
from he_sync.reconcile.chain.pairing import pair_ranked, pairs_of

DENSE = st.lists(st.integers(0, 40), max_size=60)
MIXED = st.lists(st.one_of(st.integers(0, 40), st.integers(9 * 10**11, 9 * 10**11 + 9)), max_size=60)
SPARSE = st.lists(st.integers(-(2**62), 2**62), max_size=40)


@given(st.one_of(DENSE, MIXED, SPARSE), st.one_of(DENSE, MIXED, SPARSE))
def test_find_gives_the_lowest_position_and_never_finds_none(keys, wanted):
    found = find(np.array(keys, np.int64), np.array(wanted, np.int64))
    assert found.tolist() == [keys.index(one) if one and one in keys else -1 for one in wanted]


@given(st.sets(st.integers(1, 10**12), min_size=1, max_size=50))
def test_sorting_puts_ids_in_order(ids):
    shuffled = np.array(list(ids), np.int64)
    order = sorting(shuffled)
    assert (shuffled if order is None else shuffled[order]).tolist() == sorted(ids)


@given(st.lists(st.tuples(*[st.integers(-(2**61), 2**61)] * 3), min_size=1, max_size=30), st.data())
def test_packed_keys_are_equal_exactly_where_all_columns_are(rows, data):
    others = data.draw(st.lists(st.sampled_from(rows), max_size=10))
    columns = [(np.array([r[i] for r in rows]), np.array([r[i] for r in others], np.int64)) for i in range(3)]
    mine, theirs = pack(*columns)
    for a, left in zip(mine.tolist(), rows, strict=True):
        assert a != 0
        for b, right in zip(theirs.tolist(), others, strict=True):
            assert (a == b) == (left == right)


def test_an_index_of_sparse_references_with_strays_is_found_through():
    keys = np.concatenate([np.arange(10**11, 10**11 + 5000), np.array([0, 7, 9 * 10**11])])
    index = Index(keys)
    assert index.find(np.array([10**11 + 4999, 0, 7, 9 * 10**11, 8])).tolist() == [4999, -1, 5001, 5002, -1]


@given(DENSE, DENSE)
def test_pairs_of_is_every_pair(left, right):
    one, other = pairs_of(np.array(left, np.int64), np.array(right, np.int64))
    found = sorted(zip(one.tolist(), other.tolist(), strict=True))
    assert found == sorted((i, j) for i, a in enumerate(left) for j, b in enumerate(right) if a == b)


@given(DENSE, DENSE)
def test_pairs_by_rank_use_every_record_once_and_as_many_as_can_be(left, right):
    a, b = np.array(left, np.int64), np.array(right, np.int64)
    one, other, rivals, even = pair_ranked((a,), (b,), np.arange(len(a)), np.arange(len(b)))
    assert len(set(one.tolist())) == len(one)
    assert len(set(other.tolist())) == len(other)
    assert all(left[i] == right[j] for i, j in zip(one.tolist(), other.tolist(), strict=True))
    assert len(one) == sum(min(left.count(key), right.count(key)) for key in set(left))
    for i, rival, same in zip(one.tolist(), rivals.tolist(), even.tolist(), strict=True):
        counts = left.count(left[i]), right.count(left[i])
        assert (rival, same) == (max(counts) - 1, counts[0] == counts[1])
