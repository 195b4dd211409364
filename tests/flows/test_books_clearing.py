"""The clearing proof on a shop whose ledger the close writes: nothing off once it posted, and what is off is named."""

import json

import pandas as pd
import pytest

from he_sync.flows.books import ledger
from he_sync.flows.books.clearing import clearing
from he_sync.flows.books.fees import fees
from he_sync.flows.books.ground import Memory
from he_sync.flows.books.pack import write_pack
from he_sync.model.contract import frame
from he_sync.model.errors import FixInput
from he_sync.model.ledger_line import LedgerLines
from he_sync.reconcile.clearing.rates import WHOLE
from he_sync.sandbox.world.randomness import midnight
from tests.flows.close_shop import DAY, FRIDAY, opened
from tests.flows.nights import DAYS, compared


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("clearing")) as one:
        one.anew(tmp_path_factory.mktemp("books"))
        one.do(ledger.read, DAY)
        one.found = {"before": one.do(clearing, DAY)}
        one.closed()
        one.found["closed"] = one.do(clearing, DAY)
        typed_in(one, "1150|S001", "Debit", 12.34)
        typed_in(one, "2300|S002", "Credit", 5)
        one.do(ledger.read, DAY)
        one.found["by hand"] = one.do(clearing, DAY)
        yield one


def typed_in(shop, account, side, amount):
    """A line that somebody entered in Epicor past every journal."""
    number = 7_000 + int(amount)
    key = {"BookID": "MAIN", "FiscalYear": FRIDAY.year, "FiscalYearSuffix": "", "JournalCode": "GJ"}
    key |= {"JournalNum": number, "JournalLine": 1}
    told = {"GLAccount": account, "JEDate": midnight(FRIDAY), "Description": "month end adj", f"{side}Amount": amount}
    row = {"Company": shop.retailer.epicor.company, "SysRevID": 10**9 + number, "GroupID": "", **key, **told}
    shop.sandbox.state.load("epicor/GLJrnDtl", [(json.dumps(list(key.values())), None, row)])


def test_before_the_close_posts_all_that_was_taken_is_missing_by_store_day(shop):
    causes = shop.found["before"].open_causes
    assert {one.gap.event for one in causes} == {f"store-day {DAY} {store}" for store in ("S001", "S002", "S003")}
    assert all(one.why.endswith("the ledger has nothing of it") for one in causes)


def test_once_the_close_has_posted_every_account_equals_its_open_items(shop):
    found = shop.found["closed"]
    assert found.open_causes == ()
    assert {one.differs_minor for one in found.rolled} == {0}
    balances = {f"{one.account}|{one.unit}": one.closing_minor for one in found.last if one.closing_minor}
    assert balances.items() <= shop.wanted().items()
    assert {account.partition("|")[0] for account in balances} >= {"1150", "1151", "2300", "2310"}


def test_an_entry_by_hand_is_named_on_its_account_and_store_with_its_cents(shop):
    causes = shop.found["by hand"].open_causes
    assert [(one.gap.account, one.gap.unit, one.gap.amount_minor, one.entries) for one in causes] == [
        ("1150", "S001", 1_234, ("2026-GJ-7012",)),
        ("2300", "S002", -500, ("2026-GJ-7005",)),
    ]
    assert shop.found["by hand"].by_hand["text"].tolist() == ["month end adj"] * 2


def test_the_pack_has_the_proof_the_open_items_and_what_differs(shop, tmp_path):
    shop.do(write_pack, [DAY], ["S001"], tmp_path / "pack", "carl")
    proof = (tmp_path / "pack" / "clearing.csv").read_text().splitlines()
    assert proof[0] == "date,account,store,opening,added,cleared,closing,differs,open_items,items,mid,group"
    assert {line.split(",")[7] for line in proof[1:]} == {"0.00", "12.34"}
    [_, only] = (tmp_path / "pack" / "clearing_differences.csv").read_text().splitlines()
    assert only.startswith(f"1150,S001,by hand 2026-GJ-7012,{DAY},,12.34,12.34 was entered by hand: month end adj")
    assert len((tmp_path / "pack" / "clearing_items.csv").read_text().splitlines()) > 50


def test_a_date_that_was_not_pulled_is_refused_in_one_line(shop):
    with pytest.raises(FixInput, match=r"2026-11-21 was not pulled and compared; run he-sync close 2026-11-21"):
        shop.do(clearing, "2026-11-21")
    with pytest.raises(FixInput, match=r"without a gap they begin 2026-11-20"):
        shop.do(clearing, DAY, "2026-11-01")


def test_rates_are_of_the_deposits_that_were_paid_and_of_what_is_billed_apart_from_them(tmp_path):
    """Three nights of a shop of which one merchant's fees are kept from its deposits and the others' are billed."""
    with compared(tmp_path) as shop:
        office = Memory(shop.store, shop.lake, shop.retailer)
        before = fees(office, DAYS[-1])
        row = frame(LedgerLines, [BILL | {"posting_date": DAYS[-1]}])
        lines = shop.lake.read("canonical", "ledger_lines", DAYS[-1])
        shop.lake.write("canonical", "ledger_lines", DAYS[-1], pd.concat([lines, row], ignore_index=True))
        after = fees(office, DAYS[-1])
    net = {store.code for store in shop.retailer.stores if store.funding == "net"}
    assert {one.store for one in before.rates if one.fees_minor} == net
    assert before.drifts == ()
    [billed] = [one for one in after.rates if one.group == WHOLE]
    assert (billed.store, billed.fees_minor) == ("S001", 1_000_000)
    assert [(one.rate.store, one.than) for one in after.drifts] == [("S001", "the contract")]


BILL = {"line_id": "2026-AP-1-1", "account": "6400", "store": "S001", "amount_minor": 1_000_000, "payment_id": 0}
BILL |= {"description": "processor, November", "group_id": ""}
