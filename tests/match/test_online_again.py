"""New, changed and removed records join a run: its result is that of comparing everything once more."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pytest

from he_sync.match import blocking
from he_sync.match.codes import SEED
from he_sync.match.online.again import again
from he_sync.match.online.blocks import blocks, keys_of
from he_sync.match.online.change import Change, Late
from he_sync.match.online.index import Index, index
from he_sync.match.online.keeping import Joined, kept
from he_sync.match.online.merging import Moves, merged
from he_sync.match.online.patching import patched
from he_sync.match.online.splice import spliced
from he_sync.match.online.stored import _arrays, opened, save, stamp
from he_sync.match.run import Outcome, match
from he_sync.match.writing import frames, write
from tests.customer_world.world import WORLDS, world


def forgetful(known: Index) -> Index:
    """The same models, with nothing kept that could be used again: every record is read and every pair compared."""
    return replace(known, raw=np.zeros_like(known.raw))


def results(outcome: Outcome) -> dict[str, list]:
    return {name: frame.sort(pl.all()).rows() for name, frame in frames(outcome).items() if name != "blocking"}


def patches(outcome: Outcome, last: Path, batch: int, folder: Path) -> set[str]:
    """From the second batch on the files of records and pairs are made of the last one's."""
    found = patched(outcome, last, folder) if isinstance(outcome, Joined) else set()
    assert found == ({"pairs", "duplicates", "clusters", "households", "golden"} if batch else set())
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def same(one: Index, other: Index) -> bool:
    """All that is kept of both runs, but for the last bits of what rivals leave."""
    arrays, others = _arrays(one), _arrays(other)
    close = [np.allclose(arrays[name], array, rtol=0, atol=1e-9) for name, array in others.items()]
    tables = one.records.equals(other.records.select(one.records.column_names)) and one.texts.equals(other.texts)
    return all(close) and tables and arrays.keys() == others.keys() and one.blocks.levels == other.blocks.levels


def edited(rng: Random, frame: pl.DataFrame) -> pl.DataFrame:
    """Some records gone, some changed, some new: namesakes and neighbours of those that are there."""
    rows = [row for row in frame.to_dicts() if rng.random() > 0.01]
    for row in rng.sample(rows, len(rows) // 120):
        row[rng.choice(("phone", "email", "street", "last_name"))] = rng.choice(("", "5035550188", "12 Oak Street"))
    alike = [row | {"id": f"{row['id']}-{rng.random()}"} for row in rng.sample(rows, len(rows) // 120)]
    for row in alike:
        row |= {rng.choice(("phone", "email", "street", "last_name")): rng.choice(("", "Jones Jr", "12 Oak Street"))}
    return pl.DataFrame(rows + alike, schema=frame.schema)


def test_files_that_another_run_left_beside_an_index_are_not_patched(tmp_path):
    left, right, _ = world(300, 4, WORLDS["clean"])
    first = match(left, right)
    save(index(first), tmp_path)
    write(first, tmp_path)
    stamp(tmp_path)
    outcome, _ = again(opened(tmp_path), left.head(-3), right)
    assert "golden" in patched(outcome, tmp_path, tmp_path)
    write(match(left.with_columns(phone=pl.lit("")), right), tmp_path)
    assert patched(outcome, tmp_path, tmp_path) == set()


def test_without_a_change_nothing_is_compared_and_everything_stays():
    left, right, _ = world(2_500, 41, WORLDS["families"])
    first = match(left, right)
    second, drift = again(index(first), left, right)
    assert (drift.new, drift.changed, drift.removed, drift.compared, drift.share) == (0, 0, 0, 0, 0.0)
    assert not drift.due
    assert second.score == pytest.approx(first.score, abs=1e-9)
    assert second.decision.tolist() == first.decision.tolist()
    assert results(second)["clusters"] == results(first)["clusters"]


@pytest.mark.parametrize("seed", range(4))
def test_batches_one_after_the_other_give_what_comparing_everything_gives(seed, tmp_path, monkeypatch):
    """The first batch is too large to follow what it touches; with a small budget blocks come over their cap."""
    monkeypatch.setattr(blocking, "FREE", 100_000 if seed % 2 else 500)
    rng, name = Random(seed), list(WORLDS)[seed]  # noqa: S311 - reproducible, not secret
    left, right, _ = world(1_500, seed, WORLDS[name])
    part = left.sample(fraction=0.85, seed=seed)
    known = index(match(part, right.sample(fraction=0.9, seed=seed)))
    whole, touched, last = known, 0, tmp_path
    for batch in range(3):
        left, right = edited(rng, left), edited(rng, right)
        outcome, drift = again(known, left, right)
        assert isinstance(outcome.table.codes, Late) == (batch > 0)
        everything, all_of = again(forgetful(whole), left, right)
        assert results(outcome) == results(everything)
        assert np.allclose(outcome.scores.probability, everything.scores.probability, rtol=0, atol=1e-9)
        assert all_of.compared == len(everything.score)
        touched += drift.compared / all_of.compared / 3
        write(outcome, now := tmp_path / f"{batch}", patched=partial(patches, outcome, last, batch))
        write(outcome, tmp_path / "whole")
        assert files(now) == files(tmp_path / "whole")
        last = save(kept(outcome, known, drift.since), now).parent
        stamp(last)
        known, whole = opened(last), index(everything, whole)
        assert same(known, index(outcome, whole, drift.since))
    assert touched < 0.5


@pytest.mark.parametrize("free", [300, 100_000])
def test_blocks_after_records_came_and_left_are_those_that_a_run_over_all_would_make(free, monkeypatch):
    """Caps move with the budget, blocks are split and made whole, and whose block is another one is named."""
    monkeypatch.setattr(blocking, "FREE", free)
    rng = np.random.default_rng(5)
    known = index(match(*world(800, 12, WORLDS["families"])[:2]))
    everyone, turned_at_all = known.standard(), 0
    for gone, come in ((20, 60), (150, 10), (0, 90)):
        at = np.sort(rng.choice(len(everyone), come, replace=False))
        fresh, stay = everyone[at], np.ones(len(everyone), bool)
        stay[rng.choice(len(everyone), gone, replace=False)] = False
        place = np.sort(rng.choice(stay.sum() + 1, come))
        change = Change(replace(known, blocks=blocks(everyone)), spliced(stay, place), fresh, np.zeros(0))
        now = pl.concat([everyone, fresh])[change.splice.source]

        def hashes(column: str, places: np.ndarray, now: pl.DataFrame = now) -> np.ndarray:
            return now[places][column].hash(SEED).to_numpy()

        moves = Moves(change.now, len(now), change.splice.came, keys_of(fresh)[0], hashes)
        found, turned = merged(change.before.blocks, moves)
        wanted = blocks(now)
        assert found.levels == wanted.levels
        assert np.array_equal(found.key, wanted.key)
        assert np.array_equal(found.member, wanted.member)
        turned_at_all += len(turned)
        everyone = now
    assert (turned_at_all > 0) == (free == 300)


def test_a_customer_keeps_its_name_whoever_joins_or_leaves():
    left, right, _ = world(1_500, 3, WORLDS["middling"])
    first = match(left, right)
    known = index(first)
    sizes = np.bincount(first.cluster, minlength=len(first.cluster))
    lead = int(np.flatnonzero(sizes >= 3)[0])
    gone = first.records["id"].to_list()[lead]
    outcome, _ = again(known, left.filter(pl.col("id") != gone), right.filter(pl.col("id") != gone))
    before = dict(zip(first.records["id"], first.names(first.cluster, "C-"), strict=True))
    after = dict(zip(outcome.records["id"], outcome.names(outcome.cluster, "C-"), strict=True))
    rest = first.records["id"].gather(np.flatnonzero(first.cluster == lead)[1:]).to_list()
    assert {after[one] for one in rest} == {before[gone]}
    assert sum(after[one] == before[one] for one in after) >= 0.99 * len(after)
    assert outcome.called.n_unique() == len(np.unique(outcome.cluster))


def test_a_full_run_is_due_when_much_has_changed_or_customers_are_others():
    left, right, _ = world(2_500, 41, WORLDS["middling"])
    known = index(match(left, right))
    strange, _, _ = world(2_500, 7, WORLDS["strangers"])
    few = strange.head(100).with_columns(id="N" + pl.col("id"))
    _, drift = again(known, pl.concat([left, few]), right)
    assert (drift.new, drift.due) == (100, False)
    other = strange.with_columns(id="N" + pl.col("id"))
    assert again(known, pl.concat([left, other]), right)[1].due
