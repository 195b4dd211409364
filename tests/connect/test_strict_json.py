"""Strict JSON: exact decimals, and no document that two parsers read differently."""

from __future__ import annotations

import json
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from he_sync.connect.strict_json import NotStrict, dumps, loads

HOSTILE = {
    "not a number": "[NaN]",
    "infinity": "[-Infinity]",
    "overflow to infinity": "[1e999]",
    "underflow to zero": "[1e-999]",
    "zero with a huge exponent": "[0E400]",
    "an integer past 64 bits": "[9223372036854775808]",
    "5,000 digits": "9" * 5000,
    "the same key twice": '{"amount": 1, "amount": 2}',
    "the same key twice, one escaped": '{"amount": 1, "amoun\\u0074": 2}',
    "half a pair": '["\\ud800"]',
    "half a pair as a key": '{"\\udc00": 1}',
    "NUL": '["a\\u0000b"]',
    "raw control character": '["a\x01b"]',
    "deep arrays": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "byte order mark": "\ufeff{}",
    "not UTF-8": b'["\xff"]',
    "UTF-16": '["a"]'.encode("utf-16"),
    "cut in the middle": '{"total": 1, "resu',
    "two documents": "{}{}",
    "a comment": "{} // done",
    "HTML": "<html>Service Unavailable</html>",
    "nothing": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_document_is_refused_quickly(text: str | bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(NotStrict):
        loads(text)
    assert time.perf_counter() - began < 0.5


def test_money_keeps_every_digit_and_its_trailing_zeros() -> None:
    text = b'{"a":1234567890123456.78,"b":201.40,"c":-0.05,"d":9223372036854775807}'
    assert loads(text) == {
        "a": Decimal("1234567890123456.78"),
        "b": Decimal("201.40"),
        "c": Decimal("-0.05"),
        "d": 2**63 - 1,
    }
    assert dumps(loads(text)) == text


def test_names_of_the_world_are_read_as_they_are() -> None:
    assert loads('["\\ud83d\\ude00", "Zo\\u00eb", "\\\\ud800"]') == ["😀", "Zoë", "\\ud800"]


def test_no_float_ever_goes_out_as_infinity() -> None:
    with pytest.raises(ValueError, match=r"JSON|range|inf|Out"):
        dumps({"amount": Decimal("Infinity")})


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.decimals(-(10**15), 10**15, places=4)
    # no NUL and no surrogates: those are refused
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab\\"é', max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(documents)
def test_what_is_written_is_read_back_exactly(document: object) -> None:
    assert loads(dumps(document)) == document


def test_a_page_of_500_tickets_is_read_in_a_few_hundredths_of_a_second() -> None:
    """100,000 tickets in one pull must not wait for the parser: the floor is 5,000 a second, measured 45,000."""
    line = {"id": 1, "type": "ItemLine", "qty": 1, "unit_price": 72.5, "unit_cost": 21.67, "item_description": "Boot"}
    ticket = {"id": 117060, "status": "complete", "total": 201.4, "voided?": False, "lines": [line] * 3}
    page = json.dumps({"total": 1, "pages": 1, "results": [ticket] * 500}).encode()
    began = time.perf_counter()
    loads(page)
    assert time.perf_counter() - began < 0.1
