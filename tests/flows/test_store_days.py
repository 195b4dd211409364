"""Store-days over nights of the sandbox: all balance, and the ledger differs by exactly what was planted in it."""

import pytest

from he_sync.flows import compare, store_days
from he_sync.model.contract import records
from tests.flows.nights import DAYS, compared


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with compared(tmp_path_factory.mktemp("nights")) as shop:
        yield shop


@pytest.mark.parametrize("day", DAYS)
def test_every_store_of_every_night_balances_and_its_journal_moves_what_was_taken(shop, day):
    found = store_days.run(shop.lake, day, shop.retailer)
    assert found.unbalanced == ()
    assert (
        sum(one.tendered_minor for one in found.days)
        == shop.lake.read("canonical", "payments", day).query("not voided")["amount_minor"].sum()
    )
    assert all(one.entry for one in found.days if one.tendered_minor)


@pytest.mark.parametrize("day", DAYS)
def test_the_ledger_differs_in_the_stores_where_the_nights_own_leg_found_something(shop, day):
    """Two ways to the same cents: by payment in the ledger leg, by account and store here."""
    found = store_days.run(shop.lake, day, shop.retailer)
    leg = [one for one in compare.compare("ledger", shop.lake, day, shop.retailer) if one.klass != "orphan_posting"]
    moved = {one.store for one in leg}
    differs = {one.store for one in found.accounts if one.differs_minor}
    assert differs == moved


def test_the_same_night_gives_the_same_keys_and_contents(shop):
    first, second = (store_days.run(shop.lake, DAYS[0], shop.retailer) for _ in range(2))
    assert first.lines.digest == second.lines.digest
    rows = list(records(shop.lake.read("reconcile", "store_days", DAYS[0])))
    assert len({row.key for row in rows}) == len({row.store for row in rows})
