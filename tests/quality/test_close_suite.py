"""The suite of a close says what our contracts and rules say, names the rows that break them, and loads nothing."""

import json
import re

import pandas as pd
import pytest

from he_sync.model.contract import frame
from he_sync.model.deposit import Deposits
from he_sync.model.ledger_line import LedgerLines
from he_sync.model.payment import Payments
from he_sync.model.settlement_line import SettlementLines
from he_sync.model.ticket import Tickets
from he_sync.quality.close_suite.rules import Table, equal, nothing, of_contract, once, one_of
from he_sync.quality.close_suite.run import validate

DAY = "2026-11-20"
LINE = {"posting_date": DAY, "amount_minor": 100, "payment_id": 0, "description": "x", "group_id": "", "store": "S001"}
RULES = (one_of("posting_date", [DAY], "one date"), nothing("off_minor", "it balances"))


def lines(*changes):
    rows = [LINE | {"line_id": f"GJ-{number}", "account": "1150"} | one for number, one in enumerate(changes)]
    return frame(LedgerLines, rows)


def tables(rows):
    own = Table("ledger_lines", rows, (*of_contract(LedgerLines), RULES[0]), "line_id")
    places = pd.DataFrame({"place": ["1150 S001", "1151 S001"], "off_minor": [0, 7], "should": [1, 1], "has": [1, 2]})
    rules = (RULES[1], equal("should", "has", "both say the same"), once(("place", "off_minor"), "each place once"))
    return [own, Table("clearing", places, rules, "place")]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A date on which one line has no account, one is of another date and one is there twice."""
    out = tmp_path_factory.mktemp("pages")
    bad = lines({}, {"account": ""}, {"posting_date": "2026-11-21"}, {"line_id": "GJ-0"})
    return out, validate(tables(bad), DAY, out)


def broken(found):
    return {(one.table, one.column, one.kind.removeprefix("expect_")): one.examples for one in found if not one.success}


def test_each_broken_rule_is_named_with_its_rows_and_no_other(published):
    assert broken(published[1]) == {
        ("ledger_lines", "account", "column_value_lengths_to_be_between"): ("GJ-1, ",),
        ("ledger_lines", "line_id", "column_values_to_be_unique"): ("GJ-0", "GJ-0"),
        ("ledger_lines", "posting_date", "column_values_to_be_in_set"): ("GJ-2, 2026-11-21",),
        ("clearing", "off_minor", "column_values_to_be_in_set"): ("1151 S001, 7",),
        ("clearing", "should, has", "column_pair_values_to_be_equal"): ("1151 S001, 1, 2",),
    }


def test_a_clean_table_meets_all_that_its_contract_says(tmp_path):
    [own, _] = tables(lines({}, {}))
    assert all(one.success for one in validate([own], DAY, tmp_path))


@pytest.mark.parametrize("contract", [Tickets, Payments, SettlementLines, Deposits, LedgerLines])
def test_every_check_of_a_contract_is_an_expectation(contract):
    """A check of a kind that the suite does not know fails here, not on a night."""
    columns = contract.to_schema().columns
    wanted = sum(1 + bool(column.unique) + len(column.checks) for column in columns.values())
    assert len(list(of_contract(contract))) == 1 + wanted


def test_the_pages_load_nothing_from_elsewhere_and_run_no_script(published):
    out, _ = published
    pages = list(out.rglob("*.html"))
    assert {page.parent.name for page in pages} >= {out.name, "expectations"}
    for page in pages:
        text = page.read_text()
        assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", text)
        assert "<script" not in text
        assert not re.findall(r"\son\w+=", text)


def test_the_index_leads_to_each_table_and_says_what_is_not_met(published):
    out, found = published
    index = (out / "index.html").read_text()
    assert f"Close of {DAY}: 5 of {len(found)} expectations are not met" in index
    links = re.findall(r"<a href=\"([^\"]+)\"", index)
    assert len(links) == 2
    assert all((out / link).is_file() for link in links)
    assert len(json.loads((out / "expectations.json").read_text())["expectations"]) == len(found)
