"""Money stays exact: what an expression computes is what Python's Decimal computes, or it is refused."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from hypothesis import given, settings
from hypothesis import strategies as st

from he_sync.mapping.spec.applying import TOO_LARGE, apply
from he_sync.mapping.spec.compiled import Engine, engine

FORM = """
mapping: sums
version: 1
source:
  record: till/sale
  fields: {{a: decimal(5), b: decimal(3), n: integer, lines: list, lines.q: decimal(4), lines.p: decimal(2)}}
target:
  record: erp/sale
  fields: {{x: {kind}}}
map:
  x: {{{start}}}
"""
A = st.decimals(-(10**9), 10**9, places=5)
B = st.decimals(-(10**6), 10**6, places=3)
N = st.integers(-(10**12), 10**12)
EXACT = Context(prec=100)


def computing(start: str, kind: str = "decimal(12)") -> Engine:
    return engine(FORM.format(start=start, kind=kind))


def units(value: Decimal, decimals: int) -> Decimal:
    with localcontext(EXACT):
        return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


SUM = computing('sql: "a + b - n * b"')
PRODUCT = computing('sql: "a * b"')
QUOTIENT = computing('sql: "round(a / b, 4)"')
ROUNDED = computing('sql: "round(a * b, 2)"')
SCALED = computing('from: a, steps: [{times: "1.0825"}, {plus: "0.005"}, {round: 2}]')
LINES = computing('lines: {of: lines, take: sum, sql: "q * p"}')


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(A, B, N), min_size=1, max_size=40))
def test_sums_products_and_quotients_are_those_of_decimal_to_the_last_digit(
    rows: list[tuple[Decimal, Decimal, int]],
) -> None:
    records = [{"a": a, "b": b, "n": n} for a, b, n in rows]
    with localcontext(EXACT):
        wanted = [
            (SUM, [a + b - n * b for a, b, n in rows]),
            (PRODUCT, [a * b for a, b, _ in rows]),
            (QUOTIENT, [units(a / b, 4) if b else None for a, b, _ in rows]),
            (ROUNDED, [units(a * b, 2) for a, b, _ in rows]),
            (SCALED, [units(a * Decimal("1.0825") + Decimal("0.005"), 2) for a, _, _ in rows]),
        ]
    for work, expected in wanted:
        found = [None if one is None else one["x"] for one in apply(work, records).records]
        assert found == expected


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.decimals(-(10**6), 10**6, places=4), st.decimals(-(10**6), 10**6, places=2)), max_size=9))
def test_a_sum_over_lines_is_exact_and_no_lines_come_to_nothing(lines: list[tuple[Decimal, Decimal]]) -> None:
    [record] = apply(LINES, [{"lines": [{"q": q, "p": p} for q, p in lines]}]).records
    assert record is not None
    assert record["x"] == sum((q * p for q, p in lines), Decimal(0))


def test_halves_are_rounded_away_from_zero_as_the_ledger_does() -> None:
    halves = computing('sql: "round(a / 8, 2)"', "decimal(2)")
    made = apply(halves, [{"a": Decimal(1)}, {"a": Decimal(-1)}, {"a": Decimal(3)}]).records
    assert [one and one["x"] for one in made] == [Decimal("0.13"), Decimal("-0.13"), Decimal("0.38")]


def test_a_number_with_more_decimals_than_a_field_is_refused_and_not_rounded() -> None:
    made = apply(computing("from: a", "decimal(2)"), [{"a": Decimal("1.25")}, {"a": Decimal("1.255")}])
    assert made.records[1] is None
    assert [(one.row, one.field, one.text) for one in made.failures] == [
        (1, "x", "'1.25500' has more than 2 decimals; round it")
    ]
    given_too_fine = apply(computing("from: b", "decimal(3)"), [{"b": Decimal("1.2345")}])
    assert given_too_fine.failures[0].text == "'1.2345' is no number with at most 3 decimals"


def test_a_float_is_refused_by_name_because_it_is_inexact_already() -> None:
    made = apply(PRODUCT, [{"a": 0.1, "b": Decimal(1)}, {"a": Decimal(2), "b": Decimal(3)}])
    assert made.records == (None, {"x": Decimal(6)})
    assert "floats are inexact" in made.failures[0].text


def test_a_number_of_more_than_38_digits_fails_its_record_and_no_other() -> None:
    huge = computing('sql: "n * n * n * n"', "integer")
    made = apply(huge, [{"n": 2}, {"n": 10**15}, {"n": -3}, {"n": 10**12}])
    assert made.records == ({"x": 16}, None, {"x": 81}, None)
    assert {(one.row, one.text) for one in made.failures} == {(1, TOO_LARGE), (3, TOO_LARGE)}


def test_a_number_as_text_has_the_digits_of_its_field_and_none_behind_them_where_it_names_none() -> None:
    texts = engine(
        FORM.replace("{{x: {kind}}}", "{{x: text, y: text}}").format(start="sql: a || ''") + "  y: {sql: \"b || ''\"}\n"
    )
    rows = [{"a": Decimal(one), "b": Decimal(one)} for one in ("100", "0", "10.5", "-1200")]
    made = [(one["x"], one["y"]) for one in apply(texts, rows).records if one]
    assert made == [
        ("100.00000", "100.000"),
        ("0.00000", "0.000"),
        ("10.50000", "10.500"),
        ("-1200.00000", "-1200.000"),
    ]
    bare = engine(
        FORM.replace("a: decimal(5)", "a: decimal").replace("{{x: {kind}}}", "{{x: text}}").format(start="from: a")
    )
    assert [one and one["x"] for one in apply(bare, rows).records] == ["100", "0", "10.5", "-1200"]
