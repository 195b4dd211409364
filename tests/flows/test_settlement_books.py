"""What nights pulled, as the chain's files: it finds there what each night found, and every cent closes."""

from collections import Counter
from datetime import date

import duckdb
import pytest

from he_sync.flows.settlement_books.folder import write_folder
from he_sync.flows.settlement_books.source import FRAMES, read_source
from he_sync.model.errors import FixInput
from he_sync.reconcile import runs
from he_sync.reconcile.given import open_books
from he_sync.store.lake import Lake
from tests.flows.nights import DAYS, compared

LEGS = ("settlements", "ledger", "orders")


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Three nights in the lake of a small shop, and their folder."""
    root = tmp_path_factory.mktemp("nights")
    with compared(root) as shop:
        folder = root / "books"
        folder.mkdir()
        write_folder(read_source(shop.lake, DAYS, shop.retailer), folder)
        yield shop, folder


@pytest.fixture(scope="module")
def found(shop, tmp_path_factory):
    """The chain's figures and its breaks by class."""
    out = tmp_path_factory.mktemp("out") / "run"
    figures = runs.settlements(shop[1], out)
    with duckdb.connect() as connection:
        counts = connection.execute(f"SELECT break_class, count(*) FROM '{out}/breaks.parquet' GROUP BY ALL").fetchall()  # noqa: S608 - our own path
    return figures, dict(counts)


def test_the_chain_finds_the_classes_that_the_nights_found(shop, found):
    lake = shop[0].lake
    nights = Counter(name for day in DAYS for leg in LEGS for name in lake.read("reconcile", leg, day)["klass"])
    nights["unsettled_payment"] -= sum(unsettled(lake, day) for day in DAYS[1:])  # it may yet settle for two days
    chain = {name: count for name, count in found[1].items() if name in nights}
    assert chain == dict(nights)


def unsettled(lake, day):
    return int((lake.read("reconcile", "settlements", day)["klass"] == "unsettled_payment").sum())


def test_every_cent_of_the_nights_closes(found):
    assert set(found[0]["unexplained_cents"].values()) == {0}


def test_deposits_of_earlier_sales_are_left_out_with_their_bank_lines(shop):
    with open_books(shop[1]) as books:
        first = books.connection.execute("SELECT min(txn_date) FROM settlement_lines").fetchall()
        early = books.connection.execute(
            "SELECT count(*) FROM bank_lines WHERE value_date <= ?", [date.fromisoformat(DAYS[0])]
        )
        assert (first, early.fetchall()) == ([(date.fromisoformat(DAYS[0]),)], [(0,)])


def test_a_split_payment_is_two_payments_with_two_references(shop):
    with open_books(shop[1]) as books:
        twice = books.connection.execute(
            "SELECT count(*) FROM (SELECT auth_ref FROM pos_payments WHERE auth_ref > 0 GROUP BY 1 HAVING count(*) > 1)"
        )
        assert twice.fetchall() == [(0,)]


def test_a_day_that_no_night_pulled_is_refused(tmp_path, shop):
    with pytest.raises(FixInput, match="has no data for 2020-01-01"):
        read_source(Lake(tmp_path), ["2020-01-01"], shop[0].retailer)
    with pytest.raises(FixInput, match="no business date given"):
        read_source(Lake(tmp_path), [], shop[0].retailer)


def test_days_without_deposits_still_make_a_whole_folder(tmp_path, shop):
    lake = Lake(tmp_path / "lake")
    for name in FRAMES:
        lake.write("canonical", name, DAYS[0], shop[0].lake.read("canonical", name, DAYS[0]).iloc[0:0])
    write_folder(read_source(lake, DAYS[:1], shop[0].retailer), tmp_path)
    with open_books(tmp_path) as books:
        assert set(books.rows.values()) == {0, len(shop[0].retailer.stores)}
