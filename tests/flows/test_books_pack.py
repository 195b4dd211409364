"""The evidence pack: whole, the same bytes for the same books, and no file of it can be changed unseen."""

import csv
import json
import shutil
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from he_sync.flows.books.pack import known, write_pack
from he_sync.flows.close import renew_exceptions
from he_sync.flows.exceptions.deciding import Desks, decide, wish
from he_sync.flows.exceptions.finding import desk
from he_sync.model.errors import FixInput
from he_sync.reconcile.evidence.manifest import read_manifest, wrong
from he_sync.reconcile.evidence.sheets import Sheet, write_csv, write_workbook
from tests.flows.close_shop import DAY, opened


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with opened(tmp_path_factory.mktemp("pack")) as one:
        one.anew(tmp_path_factory.mktemp("books"))
        one.closed()
        renew_exceptions(one.store, one.lake, DAY)
        with desk(one.store, one.lake) as at:
            desks, numbers = Desks(at, one.store, one.retailer), [at.listing()[0].id]
            decide(desks, numbers, wish("take", "cora", "asks the processor"))
            decide(desks, numbers, wish("explain", "carl", "paid with the next batch"))
        yield one


@pytest.fixture(scope="module")
def pack(shop, tmp_path_factory):
    out = tmp_path_factory.mktemp("out") / "pack"
    shop.do(write_pack, [DAY], (), out, "carl")
    return out


def rows(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_pack_holds_every_journal_with_its_number_its_approver_and_its_lines(shop, pack):
    journals = rows(pack, "journals")
    assert {one["key"] for one in journals} == {one.key for one in shop.journals()}
    assert all(one["number"] and one["approved_by"] == "cora" and one["prepared_by"] == "he-sync" for one in journals)
    for one in journals:
        lines = [line for line in rows(pack, "lines") if line["key"] == one["key"]]
        assert sum(Decimal(line["debit"]) for line in lines) == sum(Decimal(line["credit"]) for line in lines)
        assert sum(Decimal(line["debit"]) for line in lines) == Decimal(one["amount"])


def test_the_proof_of_a_signed_day_differs_by_nothing_on_every_account_of_every_store(shop, pack):
    proof = rows(pack, "proof")
    assert {one["differs"] for one in proof} == {"0.00"}
    ledger = {f"{one['account']}|{one['store']}": Decimal(one["ledger"]) for one in proof if Decimal(one["ledger"])}
    assert ledger == {account: Decimal(cents) / 100 for account, cents in shop.booked().items()}


def test_the_pack_names_signatures_sources_rules_totals_and_the_audit(pack):
    days = rows(pack, "store_days")
    assert {(one["state"], one["signed_by"], one["reason"]) for one in days} == {("signed", "cora", "looked at")}
    assert all(one["rows"] == one["source_total"] for one in rows(pack, "sources") if one["stage"] == "raw")
    assert set(json.loads((pack / "rules.json").read_text())) == {one["rules"] for one in days}
    assert rows(pack, "totals")[0]["what"] == "approved by cora"
    assert {"journal proposed -> approved", "store-day posted -> signed"} <= {
        one["action"] for one in rows(pack, "audit")
    }
    assert days[0]["audit_head"] in {one["hash"] for one in rows(pack, "audit")}


def test_each_open_item_is_an_exception_and_each_decision_about_one_has_its_person_and_reason(pack):
    found = rows(pack, "exceptions")
    assert sorted((one["class"], one["subject"], one["amount"]) for one in found) == sorted(
        (one["class"], one["subject"], one["amount"]) for one in rows(pack, "open_items")
    )
    [one] = [one for one in found if one["status"] != "open"]
    assert (one["status"], one["owner"], one["because"]) == ("explained", "cora", "paid with the next batch")
    steps = [step for step in rows(pack, "exception_steps") if step["id"] == one["id"]]
    assert [(step["who"], step["what"], step["reason"]) for step in steps] == [
        ("he-sync", "exception found", ""),
        ("cora", "exception taken", "asks the processor"),
        ("carl", "exception explained", "paid with the next batch"),
    ]


def test_every_card_payment_of_the_day_is_a_match_under_its_rule_or_an_open_item(shop, pack):
    payments = shop.lake.read("canonical", "payments", DAY)
    cards = payments[(payments["kind"] == "card") & ~payments["voided"]]
    matched = sum(int(one["payments"]) for one in rows(pack, "matches"))
    waiting = [one for one in rows(pack, "open_items") if one["class"] == "unsettled_payment"]
    assert matched + len(waiting) == len(cards)
    assert sum(Decimal(one["amount"]) for one in rows(pack, "matches")) > 0


def test_the_same_books_give_the_same_bytes_in_every_file(shop, pack, tmp_path):
    with time_machine.travel(timedelta(days=400)):
        shop.do(write_pack, [DAY], (), tmp_path / "again", "carl")
    names = {path.name for path in pack.iterdir()}
    assert {path.name for path in (tmp_path / "again").iterdir()} == names
    assert [name for name in names if (pack / name).read_bytes() != (tmp_path / "again" / name).read_bytes()] == []


def test_the_paper_and_the_workbook_open(pack):
    assert (pack / "close.pdf").read_bytes().startswith(b"%PDF-")
    with zipfile.ZipFile(pack / "close.xlsx") as book:
        names = book.read("xl/workbook.xml").decode()
    assert all(f'name="{one}"' in names for one in ("store_days", "journals", "proof", "audit"))


def test_a_pack_is_known_to_its_books_by_its_manifest(shop, pack):
    manifest, digest = read_manifest(pack)
    assert list(wrong(pack, manifest)) == []
    assert known(shop, digest)
    assert not known(shop, digest[::-1])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "journals.csv").write_text("key\n"), "journals.csv was changed since"),
        (lambda folder: (folder / "close.pdf").unlink(), "close.pdf is missing"),
        (lambda folder: (folder / "extra.csv").write_text(""), "extra.csv is not of the pack"),
    ],
)
def test_a_file_that_was_changed_taken_or_slipped_in_is_named(pack, tmp_path, spoil, said):
    shutil.copytree(pack, tmp_path / "copy")
    spoil(tmp_path / "copy")
    manifest, _ = read_manifest(tmp_path / "copy")
    [line] = wrong(tmp_path / "copy", manifest)
    assert said in line


def test_a_folder_that_is_no_pack_is_refused_and_one_that_holds_something_else_is_not_replaced(shop, tmp_path):
    with pytest.raises(FixInput, match="name a folder that he-sync close pack wrote"):
        read_manifest(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(FixInput, match="is there and is no output of he-sync"):
        shop.do(write_pack, [DAY], (), tmp_path / "mine", "carl")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_text_that_a_spreadsheet_would_run_is_not_run(tmp_path):
    sheet = Sheet("texts", ("text", "amount"), (("=1+1", Decimal("-0.01")), ("@sum", Decimal(5))))
    assert write_csv(sheet, tmp_path).read_text() == "text,amount\n'=1+1,-0.01\n'@sum,5\n"
    with zipfile.ZipFile(write_workbook([sheet], tmp_path / "texts.xlsx")) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode()
