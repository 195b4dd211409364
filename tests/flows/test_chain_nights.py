"""A night of the chain costs by what changed: other dates' books are not made again, and the outcome is the same.

The lake is `tests/bench/reconcile_lake`'s: eight dates of three stores. A night on top of the one before is held
against one that knows nothing of it but its numbers.
"""

import shutil
from datetime import date, timedelta

import pandas as pd
import pyarrow.parquet as pq
import pytest

from he_sync.flows import chain
from he_sync.model.errors import FixInput
from he_sync.reconcile.runs import links_of
from he_sync.sandbox.world.places import SIZES, retailer
from he_sync.store.lake import Lake
from tests.bench.reconcile_lake import fill

SHOP = retailer(SIZES["small"])
DAYS = [(date(2026, 11, 9) + timedelta(days=number)).isoformat() for number in range(8)]
MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY, LAST = DAYS
SALES = 12


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A lake, and the home in which all dates but the last were compared."""
    root = tmp_path_factory.mktemp("nights")
    fill(Lake(root / "lake"), SHOP, list(map(date.fromisoformat, DAYS)), SALES)
    chain.run(Lake(root / "lake"), root / "home", SUNDAY, SHOP)
    return root


@pytest.fixture
def shop(opened, tmp_path):
    shutil.copytree(opened, tmp_path / "one", symlinks=True)
    return Shop(tmp_path / "one")


class Shop:
    def __init__(self, root):
        self.root, self.lake = root, Lake(root / "lake")

    def night(self, window=chain.WINDOW):
        """The last date's night; what it left, and what it opened."""
        found = chain.run(self.lake, self.root / "home", LAST, SHOP, window)
        assert len(found.opened) == len(set(found.opened))
        return found

    def whole_night(self, window=chain.WINDOW):
        """What the same night leaves in a copy that has no night before it."""
        copy = Shop(self.root.with_name("whole"))
        shutil.copytree(self.root, copy.root, symlinks=True)
        for known in copy.root.glob(f"home/chain/*/{chain.KNOWN}"):
            known.unlink()
        found = copy.night(window)
        assert set(found.dates) <= set(found.made)
        return copy.left()

    def left(self):
        """Every file of the books and of what was found, by its content."""
        (books,) = (self.root / "home" / "chain" / chain.BOOKS / LAST).iterdir()
        out = self.root / "home" / "chain" / LAST
        files = {str(path.relative_to(books)): path.read_bytes() for path in books.rglob("*") if path.is_file()}
        return files | {path.name: path.read_bytes() for path in (out / "breaks.parquet", *links_of(out))}

    def book(self, relation, day):
        (books,) = (self.root / "home" / "chain" / chain.BOOKS / LAST).iterdir()
        return pq.read_table(books / relation / f"{day}.parquet").to_pandas()

    def rows(self, name, day):
        return self.lake.read("canonical", name, day)

    def pull(self, name, day, rows):
        """What a later pull of the date brings."""
        self.lake.write("canonical", name, day, rows.reset_index(drop=True))

    def move(self, name, day, to, row=0, **changed):
        """A record that is of another date now: both were pulled again, or only `to` (`day` None)."""
        rows = self.rows(name, day)
        self.pull(name, day, rows.drop(index=row))
        self.add(name, to, rows.loc[[row]].assign(**changed))
        return rows.loc[row]

    def add(self, name, day, rows):
        self.pull(name, day, pd.concat([self.rows(name, day), rows]))


def test_a_new_date_opens_its_own_frames_and_those_of_the_dates_that_its_deposits_pay(shop):
    whole = shop.whole_night()
    found = shop.night()
    assert shop.left() == whole
    assert found.figures["computed"].startswith("on top of")
    assert set(found.made) == {THURSDAY, FRIDAY, SATURDAY, SUNDAY, LAST}  # Amex is paid on the second bank day
    assert {day for _, day in found.opened} == set(found.made)


def test_a_date_that_leaves_the_window_takes_the_deposits_of_its_sales_along(shop):
    whole = shop.whole_night(window=7)
    found = shop.night(window=7)
    assert found.dates == tuple(DAYS[1:])
    assert shop.left() == whole
    assert set(found.made) == {*DAYS[1:3], THURSDAY, FRIDAY, SATURDAY, SUNDAY, LAST}


def corrected(shop):
    """A date pulled again after a till was corrected."""
    rows = shop.rows("payments", TUESDAY)
    rows.loc[3, "amount_minor"] += 100
    shop.pull("payments", TUESDAY, rows)


def booked_later(shop):
    """A sales order that was entered two days after its sale."""
    shop.move("erp_orders", TUESDAY, THURSDAY, business_date=THURSDAY)


def booked_before(shop):
    """A sales order that was entered the day before its sale."""
    shop.move("erp_orders", FRIDAY, THURSDAY, business_date=THURSDAY)


def posted_later(shop):
    """A posting of Tuesday's that Wednesday's books have, as Tuesday's night found it."""
    line = shop.move("ledger_lines", TUESDAY, WEDNESDAY, posting_date=WEDNESDAY)
    shop.add("ledger_elsewhere", TUESDAY, pd.DataFrame([line]).assign(posting_date=WEDNESDAY))


def posted_in_future(shop):
    """A posting of a date that no night has pulled yet."""
    line = shop.rows("ledger_lines", TUESDAY).loc[[0]]
    shop.add("ledger_elsewhere", TUESDAY, line.assign(posting_date="2026-12-01", line_id="2026-XX-1-1"))


def settled_after_midnight(shop):
    """A card of Tuesday whose line is Wednesday's."""
    line = shop.move("settlement_lines", TUESDAY, WEDNESDAY, business_date=WEDNESDAY)
    for day in (WEDNESDAY, THURSDAY):
        rows = shop.rows("deposit_lines", day)
        rows.loc[rows["line_id"] == line["line_id"], "business_date"] = WEDNESDAY
        shop.pull("deposit_lines", day, rows)


def charged_back(shop):
    """A deposit of Thursday with a chargeback and more than the contract's fees."""
    rows = shop.rows("deposits", THURSDAY)
    rows.loc[0, ["chargebacks_minor", "fees_minor", "amount_minor"]] = [-500, -9_000, rows["sales_minor"][0] - 9_500]
    shop.pull("deposits", THURSDAY, rows)


def sold_twice(shop):
    """Tuesday's ticket and payment once more on Thursday, as a till's clock that went wrong leaves them."""
    for name in ("tickets", "payments"):
        shop.add(name, THURSDAY, shop.rows(name, TUESDAY).loc[[0]].assign(business_date=THURSDAY))


def test_what_changed_is_made_again_and_nothing_else(shop):
    for change in (corrected, booked_later, booked_before, posted_later, posted_in_future):
        change(shop)
    later, before = shop.rows("erp_orders", THURSDAY)["order_num"].iloc[-2:]
    whole = shop.whole_night()
    found = shop.night()
    assert shop.left() == whole
    assert set(found.made) == {TUESDAY, WEDNESDAY, "2026-12-01", *DAYS[3:]}
    for order, of_its_sale in ((later, TUESDAY), (before, FRIDAY)):  # and not where it was entered as well
        assert [day for day in DAYS if order in set(shop.book("erp_orders", day)["erp_doc"])] == [of_its_sale]
    assert len(shop.book("gl_lines", "2026-12-01")) == 1
    assert set(found.figures["unexplained_cents"].values()) == {0}


def test_what_cards_leave_on_other_dates_is_found_there(shop):
    """By brand and reference after midnight; fees and chargebacks of a deposit on one of its lines and beside them."""
    settled_after_midnight(shop)
    charged_back(shop)
    whole = shop.whole_night()
    found = shop.night()
    assert shop.left() == whole
    assert set(found.made) == set(DAYS)  # Wednesday is a bank holiday: Thursday pays the three dates before it
    assert set(found.figures["unexplained_cents"].values()) == {0}
    payments, late = shop.book("pos_payments", TUESDAY), shop.book("settlement_lines", WEDNESDAY)
    cards = payments[payments["auth_ref"] > 0]
    assert "card" not in set(cards["tender"])
    assert set(late["auth_ref"]) & set(cards["auth_ref"])
    lines, batches = (pd.concat([shop.book(name, day) for day in DAYS[:3]]) for name in ("settlement_lines", "batches"))
    assert lines["gross_cents"][lines["type"] == "CHARGEBACK"].tolist() == [-500]
    assert -500 in set(batches["chargebacks_cents"])
    assert 9_000 in set(batches["fees_cents"])


def test_without_its_numbers_a_night_makes_all_dates_anew(shop):
    """Else a new record would get the number that another has in the books of before."""
    (shop.root / "home" / "chain" / chain.NUMBERS).unlink()
    found = shop.night()
    assert set(found.made) == set(DAYS)
    assert len(found.breaks) == len(found.breaks["subject"].unique())


def test_numbers_that_are_no_database_are_refused_with_what_to_do(shop):
    (shop.root / "home" / "chain" / chain.NUMBERS).write_text("not one" * 1000)
    with pytest.raises(FixInput, match=r"numbers\.db: file is not a database; remove the file"):
        shop.night()


def test_a_record_of_two_dates_is_the_earlier_ones_until_that_lets_go_of_it(shop):
    sold_twice(shop)
    shop.night()
    twice = shop.rows("payments", TUESDAY)["payment_id"].iloc[0]
    assert twice in set(shop.book("pos_payments", TUESDAY)["payment_id"])
    assert twice not in set(shop.book("pos_payments", THURSDAY)["payment_id"])
    for name in ("tickets", "payments"):
        shop.pull(name, TUESDAY, shop.rows(name, TUESDAY).drop(index=0))
    whole = shop.whole_night()
    shop.night()
    assert shop.left() == whole
    assert twice in set(shop.book("pos_payments", THURSDAY)["payment_id"])
