"""What a night relies on: tables that say where keys are, files known by their times, breaks kept as columns."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from he_sync.model.errors import FixInput
from he_sync.reconcile import runs
from he_sync.reconcile.again.alike import alike
from he_sync.reconcile.again.breaks import Breaks
from he_sync.reconcile.again.day_links import difference
from he_sync.reconcile.again.whereabouts import Spans, pack, shifted
from he_sync.reconcile.chain.found import Break
from he_sync.reconcile.chain.write import write_breaks
from he_sync.reconcile.given import known
from tests.settlement_world.cut import days
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec
from tests.settlement_world.test_again import STOCK, both, edited


@pytest.mark.parametrize("spread", [1, 1_000_003])
def test_a_table_names_every_file_that_has_a_key_and_few_others(tmp_path, spread):
    rng = np.random.default_rng(5)
    keys = rng.integers(-50, 5_000, 4_000) * spread
    files = rng.integers(0, 40, 4_000)
    Spans.of(pack(keys, files)).write(tmp_path / "table")
    table = Spans.read(tmp_path / "table")
    for key in rng.permutation(keys)[:200].tolist():
        named = set(np.flatnonzero(table.holding(np.array([key]))).tolist())
        assert set(files[keys == key].tolist()) <= named
        assert len(named) <= len(set(files[keys == key].tolist())) + 1


@pytest.mark.parametrize("lowest", [1, 10**11])
def test_keys_close_together_and_none_at_all_are_told_apart_without_a_search(tmp_path, lowest):
    """The key 0 stands for none and lies far below; what is asked for may lie below, above and between the keys."""
    rng = np.random.default_rng(6)
    keys = np.concatenate((np.zeros(50, np.int64), lowest + rng.permutation(60_000)[:20_000]))
    files = rng.integers(0, 40, len(keys))
    Spans.of(pack(keys, files)).write(tmp_path / "table")
    table = Spans.read(tmp_path / "table")
    assert table.there is not None
    for key in [*rng.permutation(keys[50:])[:100].tolist(), int(keys[50:].max()), int(keys[50:].min())]:
        wanted = np.array([key, 5, key + 10**12, -key])
        mask, there = table.found(wanted)
        assert set(np.flatnonzero(mask).tolist()) == set(files[np.isin(keys, wanted)].tolist())
        assert set(shifted(wanted[np.isin(wanted, keys)]).tolist()) == {one for some in there for one in some.tolist()}


def test_ids_that_count_up_take_a_span_a_file(tmp_path):
    Spans.of(pack(np.arange(10_000), np.arange(10_000) // 100)).write(tmp_path / "table")
    assert len(Spans.read(tmp_path / "table").first) == 100


@pytest.mark.parametrize("about", [0, 3])
def test_open_rows_are_found_by_store_amount_and_days_beside(about):
    rng = np.random.default_rng(7)
    pool = {name: rng.integers(0, most, 600) for name, most in (("store", 4), ("day", 60), ("gross", 30), ("net", 30))}
    pool |= {"id": np.arange(1, 601)}
    new = {"s": rng.integers(0, 5, 40), "c": rng.integers(0, 30, 40), "d": rng.choice([2, 3, 40], 40)}
    rows = list(zip(*(column.tolist() for column in new.values()), strict=True))
    columns = (pool[name].tolist() for name in ("id", "store", "gross", "net", "day"))
    wanted = {
        one
        for one, store, gross, net, day in zip(*columns, strict=True)
        if any(store == s and c in {gross, net} and abs(day - d) <= about for s, c, d in rows)
    }
    assert set(alike(pool, ("gross", "net"), new, about).tolist()) == wanted
    assert len(alike(pool, ("gross",), {name: column[:0] for name, column in new.items()}, about)) == 0


@pytest.mark.parametrize("seed", range(6))
def test_links_of_a_night_differ_by_what_came_and_went_wherever_it_lies(seed):
    """Rows come in the middle and at both ends, go, and are there twice; what is equal at the ends is never told."""
    rng = np.random.default_rng(seed)
    rows = sorted(rng.integers(0, 6, (40, 2)).tolist())
    more = sorted([row for row in rows if rng.random() < 0.9] + rng.integers(0, 6, (seed, 2)).tolist())
    one, other = ({"left": np.array(some)[:, 0], "right": np.array(some)[:, 1]} for some in (rows, more))
    counted = [Counter(map(tuple, some)) for some in (rows, more)]
    for found, wanted in zip(difference(one, other), (counted[0] - counted[1], counted[1] - counted[0]), strict=True):
        pairs = list(zip(found["left"].tolist(), found["right"].tolist(), strict=True))
        assert pairs == sorted(pairs)
        assert Counter(pairs) == wanted


def test_a_file_is_hashed_again_once_its_times_or_size_are_others(tmp_path):
    path = tmp_path / "day.parquet"
    path.write_bytes(b"one")
    assert known.sign(path) == ()  # it may change again within a tick
    time.sleep(known.SETTLED_NS / 1e9)
    old, before = known.note(path, None), path.stat()
    assert known.note(path, known.Noted("as noted", 3, old.sign)).digest == "as noted"
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    time.sleep(known.SETTLED_NS / 1e9)
    assert known.note(path, old).digest == known.digest(path)


def breaks(*rows: tuple[str, int, str, int]) -> list[Break]:
    return [
        Break(table, record, kind, 0, cents, 1.0, f"evidence of {record}", 20_000 + record, 0, "gl_minus_pos")
        for table, record, kind, cents in rows
    ]


OLD = breaks(("gl_lines", 7, "wrong_account", 0), ("gl_lines", 7, "currency_rounding", 1), ("orders", 3, "x", 5))
NEW = breaks(("gl_lines", 7, "missing_gl", 9), ("batches", 1, "y", -2), ("zz", 1, "z", 0), ("orders", 3, "x", 5))


def test_breaks_changed_as_columns_are_written_as_breaks_that_were_never_kept(tmp_path):
    Breaks.of(OLD).keep(tmp_path / "kept")
    Breaks.read(tmp_path / "kept").changed(OLD[1:2], NEW).write(20_010, tmp_path / "night.parquet")
    write_breaks([OLD[0], OLD[2], *NEW], 20_010, tmp_path / "whole.parquet")
    assert (tmp_path / "night.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


@pytest.fixture(scope="module")
def books(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("few")
    make(Spec(300, seed=5, days=6), folder / "whole")
    for name in STOCK:
        (folder / "whole" / f"{name}.parquet").unlink()
    days(folder / "whole", folder / "days")
    return folder / "days"


def test_a_payment_that_comes_after_its_posting_leaves_the_one_that_stood_in_for_it(books, tmp_path):
    """Until then the posting's document gave it to the order's other payment, as a duplicate."""
    last = max((books / "pos_payments").glob("*.parquet"))
    kept = last.read_bytes()
    last.unlink()
    try:
        runs.settlements(books, tmp_path / "first")
        last.write_bytes(kept)
        assert both(books, tmp_path / "first", tmp_path).startswith("on top of")
    finally:
        last.write_bytes(kept)


@pytest.mark.parametrize("other", ["of an old file", "of its own file"])
def test_a_new_row_with_an_id_that_is_there_already_is_refused(books, tmp_path, other):
    last = sorted((books / "pos_payments").glob("*.parquet"))[5]  # after it come few refunds
    kept = last.read_bytes()
    last.unlink()
    try:
        runs.settlements(books, tmp_path / "first")
        last.write_bytes(kept)
        first = min((books / "pos_payments").glob("*.parquet"))
        source = f"'{first}'" if other == "of an old file" else "rows"
        edited(last, f"UPDATE rows SET payment_id = (SELECT payment_id FROM {source} LIMIT 1) WHERE rowid = 1")
        with pytest.raises(FixInput, match="is there already"):
            runs.settlements(books, tmp_path / "second", previous=tmp_path / "first")
    finally:
        last.write_bytes(kept)
