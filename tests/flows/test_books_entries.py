"""The worked entries stand in the sandbox's ledger line by line; nights and store-days come to the same cents."""

from collections import Counter

import pytest

from he_sync.flows import push
from he_sync.flows.benches import bench
from he_sync.flows.books import deciding, proposing
from he_sync.flows.writers import group_id
from he_sync.sandbox.server import running
from he_sync.store import effects
from he_sync.store.effects import Effect, effect_key
from tests.flows.close_shop import APPROVAL, DAY, FRIDAY
from tests.flows.test_night import Retailer
from tests.reconcile.journals.test_worked_entries import WORKED

ABROAD = "J8"
"""Its clearing account is in foreign currency, and the sandbox's chart of accounts has none."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("entries")
    with running(root / "sandbox") as sandbox:
        one = Retailer(sandbox, root / "home")
        one.open("small", seed=7, day=FRIDAY, history=0)
        one.retailer = one.retailer.model_copy(update={"approval": APPROVAL})
        yield one
        one.store.close()


def effect(name, entry):
    lines = [
        {"account": f"{line.account}|S001", "amount_minor": line.amount_minor, "text": name} for line in entry.lines
    ]
    body = {"store": "S001", "date": DAY, "text": name, "lines": lines}
    key = effect_key("tests", "epicor", "journal", name, "post_store_day", entry.content)
    return Effect(key, "post_store_day", "epicor", f"journal {name}", DAY, body, limit_ok=True, summary=name)


def test_after_a_night_has_corrected_single_payments_no_store_day_lacks_a_cent_and_all_are_signed(shop):
    """Two ways to the same ledger: payment by payment, and by the sums of a store's day."""
    shop.night()
    shop.approve()
    shop.push()
    found = shop.do(proposing.propose_day, DAY, "he-sync")
    assert [(one.new, one.refused) for one in found] == [((), "")] * 3
    assert shop.do(deciding.sign_day, DAY, "cora", "looked at").refused == ()


def test_every_worked_entry_is_posted_as_it_stands_and_an_account_that_is_not_there_is_named(shop):
    planned = {name: effect(name, entry) for name, (entry, _) in WORKED.items()}
    effects.plan(shop.store, list(planned.values()))
    shop.do(lambda office: push.push(office.store, bench(office.store, office.systems, office.retailer), "test"))
    ledger = {}
    for row in shop.sandbox.state.select("epicor/GLJrnDtl"):
        if row.get("GroupID"):
            sums = ledger.setdefault(row["GroupID"], Counter())
            sums[row["GLAccount"]] += int((row.get("DebitAmount", 0) - row.get("CreditAmount", 0)) * 100)
    for name, one in planned.items():
        status = effects.find(shop.store, one.key)
        if name.startswith(ABROAD):
            assert (status.state, "1152|S001" in status.reason or "GL Account" in status.reason) == ("rejected", True)
            continue
        wanted = Counter()
        for line in one.body["lines"]:
            wanted[line["account"]] += line["amount_minor"]
        assert status.state == "confirmed", status.reason
        assert ledger[group_id(one.key)] == wanted
    assert len(planned) >= 18
