"""The chain over what nights pulled: every cent is explained, and each record is known by its own name."""

import shutil
from contextlib import closing

import pandas as pd
import pytest

from he_sync.flows import chain
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.model.errors import FixInput
from he_sync.reconcile import runs
from he_sync.reconcile.runs import links_of
from tests.flows.nights import DAYS, compared


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with compared(tmp_path_factory.mktemp("nights")) as shop:
        yield shop


def run(shop, home, day):
    return chain.run(shop.lake, home, day, shop.retailer)


def test_each_date_is_compared_with_all_before_it_and_every_cent_is_explained(shop, tmp_path):
    for place, day in enumerate(DAYS, start=1):
        found = run(shop, tmp_path, day)
        assert found.dates == tuple(DAYS[:place])
        assert set(found.figures["unexplained_cents"].values()) == {0}
        assert found.report.is_file()


def test_what_was_compared_night_by_night_is_what_is_compared_at_once(shop, tmp_path):
    for day in DAYS:
        run(shop, tmp_path / "nights", day)
    run(shop, tmp_path / "once", DAYS[-1])
    nights, once = (breaks_of(tmp_path / name / "chain" / DAYS[-1]) for name in ("nights", "once"))
    assert nights == once


def breaks_of(folder):
    """Class, record and cents of each break; numbers differ between installations, names do not."""
    with closing(Numbers(folder.parent / chain.NUMBERS)) as numbers:
        breaks = chain.named(pd.read_parquet(folder / "breaks.parquet"), numbers)
    return sorted(breaks[["break_class", "subject", "delta_cents"]].to_numpy().tolist())


def test_a_night_builds_on_the_night_before_and_says_what_a_whole_run_says(shop, tmp_path):
    for day in DAYS:
        found = run(shop, tmp_path, day)
    assert found.figures["computed"].startswith("on top of")
    night = tmp_path / "chain" / DAYS[-1]
    shutil.copytree(night, tmp_path / "night")
    (books,) = (tmp_path / "chain" / chain.BOOKS / DAYS[-1]).iterdir()
    runs.settlements(books, tmp_path / "whole")
    names = ("breaks.parquet", *(str(path.relative_to(night)) for path in links_of(night)))
    for name in names:
        assert (tmp_path / "night" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_the_same_date_again_gives_the_same_files(shop, tmp_path):
    run(shop, tmp_path, DAYS[0])
    outputs = []
    for _ in range(2):
        run(shop, tmp_path, DAYS[1])
        folder = tmp_path / "chain" / DAYS[1]
        outputs.append([path.read_bytes() for path in (*links_of(folder), folder / "breaks.parquet")])
    assert outputs[0] == outputs[1]


def test_a_break_names_the_record_as_the_night_does(shop, tmp_path):
    assert subjects(shop, run(shop, tmp_path, DAYS[-1]), "ledger", "missing_gl", DAYS)


def test_what_may_still_settle_is_the_nights_exception_and_not_yet_the_chains(shop, tmp_path):
    """After two dates it is due, and both name it."""
    assert subjects(shop, run(shop, tmp_path, DAYS[-1]), "settlements", "unsettled_payment", DAYS[:1])


def subjects(shop, found, leg, klass, days):
    """The records of a class, where the chain and the nights of these days name the same."""
    nights = pd.concat([shop.lake.read("reconcile", leg, day) for day in days])
    of_nights = set(nights[nights["klass"] == klass]["subject"])
    assert of_nights == set(found.breaks[found.breaks["break_class"] == klass]["subject"])
    return of_nights


def test_a_date_that_no_night_pulled_is_refused_and_leaves_nothing(shop, tmp_path):
    with pytest.raises(FixInput, match="has no data for 2020-01-01"):
        run(shop, tmp_path, "2020-01-01")
    assert not list(tmp_path.glob("chain/*"))


def test_dates_behind_a_gap_are_another_window(shop, tmp_path):
    lake = type(shop.lake)(tmp_path / "lake")
    shutil.copytree(shop.lake.root, lake.root)
    shutil.rmtree(lake.root / "canonical" / "payments" / DAYS[1])
    assert chain.pulled(lake, DAYS[2]) == (DAYS[2],)
