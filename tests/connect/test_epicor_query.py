"""How questions to Kinetic are written: literals, lists that fit an address, header sets only."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.connect.epicor_query import (
    LONGEST_LIST,
    both,
    encoded,
    equals,
    header_set,
    in_list,
    key_path,
    lists,
    literal,
    wire_date,
)
from he_sync.model.errors import BadRecord, FixInput


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("O'Hara", "'O''Hara'"),
        ("", "''"),
        (5001, "5001"),
        (Decimal("-3.50"), "-3.50"),
        (True, "true"),
        (date(2026, 11, 20), "2026-11-20T00:00:00"),
        (datetime(2026, 11, 20, 18, 4, 5, 999, tzinfo=UTC), "2026-11-20T18:04:05"),
    ],
)
def test_values_are_written_as_odata_v4_wants_them(value: Any, text: str) -> None:
    assert literal(value) == text


@pytest.mark.parametrize("value", [1.5, None, b"x"])
def test_a_float_never_gets_into_a_question(value: Any) -> None:
    with pytest.raises(FixInput, match="no OData form"):
        literal(value)


@given(st.text())
def test_no_text_escapes_its_quotes(text: str) -> None:
    quoted = literal(text)
    assert quoted[0] == quoted[-1] == "'"
    assert "'" not in quoted[1:-1].replace("''", "")


def test_a_key_is_percent_encoded_inside_its_quotes() -> None:
    assert key_path({"Company": "EPIC06", "PartNum": "A/B 1%'&"}) == "(Company='EPIC06',PartNum='A%2FB%201%25''%26')"


def test_filters_are_joined_and_empty_ones_fall_away() -> None:
    assert both("", equals("CustNum", 2)) == "CustNum eq 2"
    assert both("A eq 1 or B eq 2", "SysRevID gt 7") == "(A eq 1 or B eq 2) and (SysRevID gt 7)"


def test_a_list_is_an_or_because_in_is_not_known_everywhere() -> None:
    assert in_list("PartNum", ["A", "B"]) == "(PartNum eq 'A' or PartNum eq 'B')"
    with pytest.raises(FixInput, match="read_any"):
        in_list("PartNum", ["x"] * 101)


@given(st.lists(st.text(max_size=60), max_size=300), st.integers(200, 7000))
def test_lists_hold_every_value_once_and_fit_the_address(values: list[str], room: int) -> None:
    made = list(lists("PartNum", values, room))
    assert [value for some in made for value in some] == list(dict.fromkeys(values))
    for some in made:
        assert len(some) <= LONGEST_LIST
        assert len(some) == 1 or len(encoded({"f": in_list("PartNum", some)})) <= room + 4


def test_a_child_set_is_refused_with_the_way_to_read_it() -> None:
    with pytest.raises(FixInput, match="read SalesOrders with expand='OrderDtls'"):
        header_set("Erp.BO.SalesOrderSvc", "OrderDtls")
    assert header_set("Erp.BO.SalesOrderSvc", "SalesOrders") == "SalesOrders"
    assert header_set("Erp.BO.UnheardOfSvc", "Things") == "Things"


@pytest.mark.parametrize("suffix", ["", "Z", "+00:00", "-06:00"])
def test_an_offset_behind_a_date_never_moves_it(suffix: str) -> None:
    assert wire_date(f"2026-11-20T00:00:00{suffix}") == date(2026, 11, 20)


def test_no_date_is_none_and_nonsense_is_a_bad_record() -> None:
    assert (wire_date(None), wire_date("")) == (None, None)
    with pytest.raises(BadRecord):
        wire_date("20.11.2026")


def test_the_query_keeps_what_odata_reads_and_encodes_the_rest() -> None:
    query = encoded({"$filter": "Name eq 'A&B #1 + 2'", "$top": "", "$select": "CustNum,Name"})
    assert query == "$filter=Name%20eq%20'A%26B%20%231%20%2B%202'&$select=CustNum,Name"
    assert "A&B #1 + 2" in unquote(query)
