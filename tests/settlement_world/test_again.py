"""A run on top of an earlier one says what a whole run says, byte for byte, whatever came, changed or went."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from he_sync.reconcile import runs
from tests.settlement_world.cut import DATED, days
from tests.settlement_world.make import make
from tests.settlement_world.spec import Spec

HARD = {"no_reference": 0.1, "lost_references": 0.1, "garbled": 0.05, "double_breaks": 0.5, "splits": 0.3}
RARE = {"duplicate_lines": 0.02, "declined": 0.02, "won_back": 0.5, "reserves": 0.5}
WORLDS = {
    "breaks of every kind": Spec(4_000, seed=71, breaks=0.1, days=30, blind=0.2, **HARD, **RARE),
    "currencies, half blind": Spec(4_000, seed=72, breaks=0.05, days=30, blind=0.5, currencies=("USD", "CAD")),
}
FIRST, NIGHTS = 24, 4  # the first night's day, and how many follow; day 20 is the first of a month
STOCK = ("pos_inventory", "erp_inventory", "uom", "inflight")
IDS = ("auth_ref", "order_id", "batch_id", "ref", "erp_doc")
CHANGES = {
    "pos_payments": ("amount_cents", "tip_cents", "auth_ref", "order_id"),
    "settlement_lines": ("gross_cents", "fee_cents", "auth_ref", "batch_id"),
    "gl_lines": ("amount_cents", "account", "ref", "erp_doc"),
    "erp_orders": ("total_cents", "order_id"),
    "batches": ("payout_cents",),
}


@pytest.fixture(scope="module", params=WORLDS)
def world(request, tmp_path_factory) -> tuple[Spec, Path]:
    spec, folder = WORLDS[request.param], tmp_path_factory.mktemp("again")
    make(spec, folder / "whole")
    for name in STOCK:
        (folder / "whole" / f"{name}.parquet").unlink()
    days(folder / "whole", folder / "days")
    return spec, folder / "days"


def until(spec: Spec, day: int) -> date:
    return spec.first_day + timedelta(days=day - 1)


def known(world: Path, last: date, into: Path, late: tuple[date, ...] = ()) -> Path:
    """The day files up to a day, without some that are late."""
    shutil.copytree(world, into)
    for name in DATED:
        for path in (into / name).glob("*.parquet"):
            if date.fromisoformat(path.stem) > last or date.fromisoformat(path.stem) in late:
                path.unlink()
    return into


def edited(path: Path, sql: str) -> None:
    """Change a day file; `sql` speaks of its rows as `rows`."""
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE rows AS FROM '{path}'")
        connection.execute(sql)
        connection.execute(f"COPY rows TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").replace(path)


def wild(books: Path, rng: random.Random) -> None:
    """Change or remove one row of any day: an amount, or what it names, to what another record names or to nothing."""
    name = rng.choice(sorted(name for name in CHANGES if (books / name).is_dir()))
    path, other = (rng.choice(sorted((books / name).glob("*.parquet"))) for _ in range(2))
    row, column = rng.randrange(50), rng.choice(CHANGES[name])
    value = f"{column} + {rng.choice((1, -1, 9, 100))}"
    if column in IDS:
        value = f"(SELECT {column} FROM '{other}' LIMIT 1 OFFSET {row % 7})" if rng.random() < 0.7 else "0"
    change = f"UPDATE rows SET {column} = coalesce({value}, 0) WHERE rowid = {row}"
    edited(path, rng.choice((change, f"DELETE FROM rows WHERE rowid = {row}")))


def said(out: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of an output by its name."""
    for path in sorted(out.rglob("*")):
        if path.is_file() and path.name != "earlier.json" and path.parent.name not in {"keys", "copies"}:
            yield str(path.relative_to(out)), path.read_bytes()


def of_an_older_form(path: Path) -> None:
    noted = json.loads(path.read_text())
    path.write_text(json.dumps({"engine": noted["engine"], "parts": {}}))


def both(books: Path, before: Path, folder: Path) -> str:
    """Run on top of an earlier run and whole; both must say the same, what they keep for the next run included."""
    how = runs.settlements(books, folder / "night", previous=before)["computed"]
    runs.settlements(books, folder / "full")
    night, full = dict(said(folder / "night")), dict(said(folder / "full"))
    assert {name for name in night.keys() | full.keys() if night.get(name) != full.get(name)} == set()
    return str(how)


def test_night_after_night_says_what_a_whole_run_says(world, tmp_path):
    spec, all_days = world
    before = tmp_path / "first"
    runs.settlements(known(all_days, until(spec, FIRST), tmp_path / "books"), before)
    for night in range(1, NIGHTS + 1):
        folder = tmp_path / str(night)
        how = both(known(all_days, until(spec, FIRST + night), folder / "books"), before, folder)
        assert how.endswith("files came, 0 went")
        before = folder / "night"


def test_a_day_that_comes_late_is_put_where_it_belongs(world, tmp_path):
    spec, all_days = world
    late, last = (until(spec, FIRST - 6),), until(spec, FIRST)
    runs.settlements(known(all_days, last, tmp_path / "books", late), tmp_path / "first")
    assert both(known(all_days, last, tmp_path / "more"), tmp_path / "first", tmp_path).startswith("on top of")


@pytest.mark.parametrize("seed", range(4))
def test_rows_changed_and_removed_in_old_days_undo_what_they_had_done(world, tmp_path, seed):
    spec, all_days = world
    runs.settlements(known(all_days, until(spec, FIRST), tmp_path / "books"), tmp_path / "first")
    books = known(all_days, until(spec, FIRST + 1), tmp_path / "more")
    rng = random.Random(seed)  # noqa: S311 - repeatable edits, no secret
    for _ in range(8):
        wild(books, rng)
    assert both(books, tmp_path / "first", tmp_path).startswith("on top of")


def test_a_new_days_ids_may_need_more_bits_than_all_before(world, tmp_path):
    """Columns are kept in 32 bits while they fit; one number above that in the last file must stay what it is."""
    spec, all_days = world
    day, far = until(spec, FIRST + 1), 3_000_000_000
    runs.settlements(known(all_days, until(spec, FIRST), tmp_path / "books"), tmp_path / "first")
    books = known(all_days, day, tmp_path / "more")
    for name, key in (("settlement_lines", "line_id"), ("gl_lines", "gl_id")):
        edited(books / name / f"{day}.parquet", f"UPDATE rows SET {key} = {key} + {far}")
    assert both(books, tmp_path / "first", tmp_path).startswith("on top of")
    with duckdb.connect() as connection:
        links = f"(FROM read_parquet('{tmp_path}/full/links/*.parquet'))"
        lines = f"read_parquet('{books}/settlement_lines/{day}.parquet')"
        for relation, side in (("PL", "right_id"), ("LB", "left_id")):
            linked = f"(SELECT DISTINCT {side} AS id FROM {links} WHERE rel = '{relation}')"
            sql = f"SELECT count(*), count_if(id IN (SELECT line_id FROM {lines})) FROM {linked} WHERE id >= {far}"
            ((many, known_ids),) = connection.execute(sql).fetchall()
            assert many == known_ids > 0


def test_the_oldest_day_may_leave(world, tmp_path):
    spec, all_days = world
    runs.settlements(known(all_days, until(spec, FIRST), tmp_path / "books"), tmp_path / "first")
    books = known(all_days, until(spec, FIRST + 1), tmp_path / "more", (until(spec, 1),))
    assert re.search(r"^on top of .* [567] went$", both(books, tmp_path / "first", tmp_path))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda books, _: (books / "terms.json").write_text((books / "terms.json").read_text() + " "), "terms"),
        (lambda books, _: edited(books / "stores.parquet", "UPDATE rows SET funding = 'net'"), "stores"),
        (lambda _, first: shutil.rmtree(first / "state"), "kept no state"),
        (lambda _, first: of_an_older_form(first / "state" / "earlier.json"), "kept no state"),
    ],
)
def test_what_every_record_depends_on_makes_the_run_whole_and_says_so(world, tmp_path, spoil, reason):
    spec, all_days = world
    runs.settlements(known(all_days, until(spec, FIRST), tmp_path / "books"), tmp_path / "first")
    books = known(all_days, until(spec, FIRST + 1), tmp_path / "more")
    spoil(books, tmp_path / "first")
    how = both(books, tmp_path / "first", tmp_path)
    assert how.startswith("whole: ")
    assert reason in how


def test_an_earlier_file_that_is_gone_makes_the_run_whole(world, tmp_path):
    spec, all_days = world
    books = known(all_days, until(spec, FIRST), tmp_path / "books")
    runs.settlements(books, tmp_path / "first")
    edited(next(iter(sorted((books / "gl_lines").glob("*.parquet")))), "DELETE FROM rows WHERE rowid = 0")
    assert "is not there any more" in both(books, tmp_path / "first", tmp_path)
