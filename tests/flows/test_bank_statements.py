"""Statement files become bank lines: each once however statements overlap, on our number of the account."""

import csv

import pytest

from he_sync.flows.bank_statements import as_csv, bank_lines
from he_sync.model.errors import FixInput
from tests.connect.test_statements import BAI2, CSV, LINES, OFX

ACCOUNTS = {"000123": 9001}


def write(tmp_path, **files):
    paths = []
    for name, text in files.items():
        paths.append(tmp_path / name)
        paths[-1].write_text(text)
    return paths


def test_a_line_of_two_overlapping_statements_is_one_line(tmp_path):
    later = (
        CSV.replace("000123,2025-02-11,2923.00,MERCHANT BANKCD DEP 30000002 AND MORE,B1\n", "")
        + "000123,2025-02-13,7,X,B9\n"
    )
    lines = bank_lines(write(tmp_path, monday=CSV, tuesday=later), ACCOUNTS)
    assert sorted(line.amount_cents for line in lines) == [-45200, 700, 50000, 292300]


def test_the_same_statement_in_another_format_gives_the_same_ids(tmp_path):
    first, *others = (
        {line.bank_id for line in bank_lines(write(tmp_path, one=text), ACCOUNTS)} for text in (CSV, OFX, BAI2)
    )
    assert all(one == first for one in others)


def test_two_equal_lines_of_one_statement_are_two_lines(tmp_path):
    twice = (
        CSV.replace(",B1", ",")
        .replace(",B2", ",")
        .replace("2923.00,MERCHANT BANKCD DEP 30000002 AND MORE", "500,BRANCH CASH DEP 1")
    )
    assert len(bank_lines(write(tmp_path, one=twice), ACCOUNTS)) == len(LINES)


def test_ids_are_positive_and_fit_64_bits_signed(tmp_path):
    assert all(0 < line.bank_id < 2**62 for line in bank_lines(write(tmp_path, one=CSV), ACCOUNTS))


def test_an_account_without_a_number_is_named_with_its_row(tmp_path):
    with pytest.raises(FixInput, match="one: row 2: account 000123 has no number; add --account 000123=NUMBER"):
        bank_lines(write(tmp_path, one=CSV), {"7": 9001})


def test_the_file_has_the_columns_of_the_relation(tmp_path):
    rows = list(csv.DictReader(as_csv(bank_lines(write(tmp_path, one=CSV), ACCOUNTS)).splitlines()))
    assert set(rows[0]) == {"bank_id", "bank_account", "value_date", "amount_cents", "memo", "currency"}
    assert {(row["bank_account"], row["currency"]) for row in rows} == {("9001", "USD")}
