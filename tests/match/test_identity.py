"""Birth dates and identifiers: read as they are written, compared by what a slip does to them, and never of a twin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from he_sync.cli.columns import chosen_columns
from he_sync.match.blocking import candidates
from he_sync.match.compare import compared
from he_sync.match.levels import BIRTH, IDENTIFIER
from he_sync.match.reading import customers
from he_sync.match.run import match
from he_sync.match.standardise import standardised
from he_sync.match.table import table
from tests.customer_world.world import WORLDS, world
from tests.match.people import records, written


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("1961-03-07", "19610307"),
        ("1961-3-7T00:00:00", "19610307"),
        ("03/07/1961", "19610307"),
        ("23.4.1961", "19610423"),
        ("19610307", "19610307"),
        ("1900-01-01", ""),
        ("7 March", ""),
        ("", ""),
    ],
)
def test_birth_dates_are_read_as_they_are_written(given: str, wanted: str):
    assert standardised(records({}).with_columns(birth_date=pl.lit(given)))["birth"].to_list() == [wanted]


@pytest.mark.parametrize(
    ("given", "wanted"), [("12-3456789", "123456789"), (" aB 77 ", "ab77"), ("000-00", ""), ("-", "")]
)
def test_an_identifier_is_its_letters_and_digits(given: str, wanted: str):
    assert standardised(records({}).with_columns(identifier=pl.lit(given)))["identifier"].to_list() == [wanted]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1961-03-07", "1961-03-07", "same"),
        ("1961-03-07", "1961-07-03", "day and month exchanged"),
        ("1961-03-07", "1961-03-27", "one digit off"),
        ("1961-03-07", "1916-03-07", "one digit off"),
        ("1961-03-07", "1961-11-27", "different"),
        ("1961-03-07", "1988-11-27", "a generation apart"),
        ("1961-03-07", "", "missing"),
    ],
)
def test_birth_dates_compare_by_what_a_slip_does(one: str, other: str, level: str):
    assert levels("birth_date", one, other)["birth date"] == BIRTH.at(level)


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("7161189", "7161189", "same"),
        ("7161189", "7161199", "one character off"),
        ("7161189", "7116189", "one character off"),
        ("7161189", "71611899", "different"),
        ("7161189", "9341716", "different"),
    ],
)
def test_identifiers_compare_by_what_a_slip_does(one: str, other: str, level: str):
    assert levels("identifier", one, other)["identifier"] == IDENTIFIER.at(level)


def levels(column: str, one: str, other: str) -> dict[str, int]:
    frame = records({}, {}).with_columns(pl.Series(column, [one, other]))
    known = table(standardised(frame), np.array([0, 1]))
    found = compared(known, np.array([0]), np.array([1]))
    return {name: int(level[0]) for name, level in found.items()}


def test_columns_name_the_birth_date_and_the_identifier(tmp_path: Path):
    file = written(tmp_path, "a.csv", records({}).with_columns(born=pl.lit("1961-03-07"), tax=pl.lit("12-3")))
    read = customers(file, chosen_columns(["birth_date=born,identifier=tax"]))
    assert read.select("birth_date", "identifier").row(0) == ("1961-03-07", "12-3")


@pytest.mark.parametrize(
    ("column", "value", "names"),
    [
        ("identifier", "7161189", ("Odette Marchbank", "Harold Wexford")),
        ("birth_date", "1961-03-07", ("Odette Marchbank", "Oda Wexford")),
        ("birth_date", "1961-03-07", ("Odette Marchbank", "Harold Mallory")),
    ],
)
def test_a_number_or_a_birth_date_with_a_letter_brings_two_records_together(
    column: str, value: str, names: tuple[str, str]
):
    called = (dict(zip(("first_name", "last_name"), name.split(), strict=True)) for name in names)
    frame = records(*called).with_columns(pl.lit(value).alias(column))
    assert len(candidates(table(standardised(frame), np.array([0, 1])))) == 1


def test_a_birth_date_and_a_number_find_who_changed_the_name_and_twins_stay_two():
    left, right, truth = world(2_000, 31, WORLDS["middling"])
    home = {"street": "41 Birch Lane", "city": "Marietta", "state": "OH", "zip": "45750", "phone": "740-373-1188"}
    person = {"first_name": "Odette", "last_name": "Marchbank"}, {"first_name": "Odette", "last_name": "Tolliver"}
    twins = ({"first_name": name, "last_name": "Wexford", **home} for name in ("Ida", "Harold"))
    ones, others = (
        records(*some, prefix=letter) for some, letter in zip(zip(person, twins, strict=True), "XY", strict=True)
    )
    found = match(
        pl.concat([born(left, truth), told(ones, "2000-17", "7000")]),
        pl.concat([born(right, truth), told(others, "2000-17", "8311")]),
    )
    of = dict(zip(found.records["id"].to_list(), found.cluster.tolist(), strict=True))
    assert of["X0000"] == of["Y0000"]
    assert of["X0001"] != of["Y0001"]


def born(frame: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """The frame with a birth date and a number for each customer; a family's dates differ in one digit."""
    key = pl.col("entity_id").cast(pl.Int64)
    date = pl.date(1940 + key % 60, 1 + key // 60 % 12, 1 + key // 720 % 28).cast(pl.String)
    known = frame.join(truth.select("id", "entity_id"), on="id", maintain_order="left")
    return known.with_columns(birth_date=date, identifier=(key * 7907).cast(pl.String)).drop("entity_id")


def told(frame: pl.DataFrame, one: str, other: str) -> pl.DataFrame:
    return frame.with_columns(birth_date=pl.Series(["1961-03-07", "1990-05-05"]), identifier=pl.Series([one, other]))
