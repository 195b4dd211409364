"""What expressions, steps, conditions and lines make of records, and how each refuses what it cannot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from he_sync.mapping.spec.applying import apply
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.editing import with_entry
from he_sync.mapping.spec.inferring import inferred
from he_sync.mapping.spec.model import WrongMapping
from he_sync.mapping.spec.steps import STEPS
from he_sync.mapping.spec.trying import broken
from he_sync.mapping.spec.writing import block, entry_data

FIELDS = {
    "id": "integer",
    "name": "text(40)",
    "total": "decimal(2)",
    "paid": "decimal(2)",
    "open": "boolean",
    "day": "date",
    "at": "instant",
    "custom@size": "text(10)",
    "billing.city": "text(40)",
    "lines": "list",
    "lines.sku": "text(20)",
    "lines.qty": "decimal(3)",
    "lines.price": "decimal(2)",
}
ORDER: dict[str, Any] = {
    "id": 7,
    "name": " Ada  King Byron ",
    "total": Decimal("10.50"),
    "paid": Decimal("0.00"),
    "open": True,
    "day": "2026-11-30",
    "at": "2026-11-30T02:30:00Z",
    "custom@size": "XL",
    "billing": {"city": "New York"},
    "lines": [{"sku": "A", "qty": 2, "price": Decimal("3.50")}, {"sku": "B", "qty": -1, "price": Decimal("1.25")}],
}


def mapped(entry: dict[str, Any], kind: str = "text", *records: dict[str, Any], **rest: Any) -> list[Any]:
    """What one target field becomes of records; of those that fail, why."""
    sides = {
        "source": {"record": "till/order", "fields": FIELDS},
        "target": {"record": "erp/order", "fields": {"out": kind}},
    }
    whole = {"mapping": "one", "version": 1, **sides, **rest, "map": {"out": entry}}
    made = apply(engine("\n".join(block(whole, 0))), list(records) or [ORDER])
    why = {one.row: one.text for one in made.failures}
    return [why.get(row, record and record["out"]) for row, record in enumerate(made.records)]


@pytest.mark.parametrize(
    ("sql", "kind", "wanted"),
    [
        ("total - coalesce(paid, 0)", "decimal(2)", Decimal("10.50")),
        ("case when paid = 0 then 0 else round(total / paid, 2) end", "decimal(2)", Decimal(0)),
        ("paid <> 0 and round(total / paid, 2) > 1", "boolean", False),
        ("paid = 0 or round(total / paid, 2) > 1", "boolean", True),
        ("round(total / paid, 2)", "decimal(2)", "divides by zero"),
        ("\"custom@size\" || '/' || billing.city", "text", "XL/New York"),
        ("upper(left(trim(name), 3))", "text", "ADA"),
        ("day >= '2026-11-30' and day < '2026-12-01'", "boolean", True),
        ("add_days(day, -30)", "date", "2026-10-31"),
        ("extract(year from day) * 100 + extract(month from day)", "integer", 202611),
        ("case id when 6 then 'six' when 7 then 'seven' end", "text", "seven"),
        ("id in (5, 6, 7) and name like '%King%'", "boolean", True),
        ("total between 10 and 11", "boolean", True),
        ("greatest(total, paid, 11)", "decimal(2)", Decimal(11)),
        ("nullif(id, 7)", "integer", None),
        ("split_part(trim(name), ' ', 1)", "text", "Ada"),
        ("replace(name, ' ', '')", "text", "AdaKingByron"),
        ("lpad(cast(id as text), 5, '0')", "text", "00007"),
        ("cast('12.5' as decimal(1)) + 1", "decimal(1)", Decimal("13.5")),
        ("if(open, 'yes', 'no')", "text", "yes"),
        ("name = null or true", "boolean", WrongMapping),
        ("total / paid", "decimal(2)", WrongMapping),
        ("total + name", "decimal(2)", WrongMapping),
    ],
)
def test_an_expression_gives(sql: str, kind: str, wanted: Any) -> None:
    if wanted is WrongMapping:
        with pytest.raises(WrongMapping):
            mapped({"sql": sql}, kind)
    else:
        assert mapped({"sql": sql}, kind) == [wanted]


@pytest.mark.parametrize(
    ("start", "steps", "kind", "wanted"),
    [
        ("name", ["squeeze", "title"], "text", "Ada King Byron"),
        ("name", ["first_names"], "text", "Ada King"),
        ("name", ["last_name", "lower"], "text", "byron"),
        ("name", ["trim", {"part": {"by": " ", "at": -1}}], "text", "Byron"),
        ("name", ["trim", {"cut": 3}, {"prefix": "<"}, {"suffix": ">"}], "text", "<Ada>"),
        ("id", [{"pad": 5}], "text", "00007"),
        ("id", [{"times": Decimal("1.5")}, {"plus": Decimal("0.25")}, "negate"], "decimal(2)", Decimal("-10.75")),
        ("total", ["absolute", {"round": 0}], "integer", 11),
        ("total", ["text", {"replace": {"old": ".", "new": ","}}], "text", "10,50"),
        ("custom@size", [{"lookup": "sizes"}], "integer", 5),
        ("custom@size", [{"lookup": {"table": "other", "otherwise": "keep"}}], "text", "XL"),
        ("custom@size", [{"lookup": {"table": "other", "otherwise": "empty"}}, {"default": "?"}], "text", "?"),
        ("custom@size", [{"lookup": "other"}], "text", "'XL' is not in the table other"),
        ("custom@size", [{"with_fields": {"fields": ["billing.city", "id"], "by": "-"}}], "text", "XL-New York-7"),
        ("custom@size", ["number"], "decimal(2)", "'XL' is no number with at most 2 decimals"),
        ("at", [{"local_date": "America/New_York"}, {"show_date": "%m/%d/%Y"}], "text", "11/29/2026"),
        ("day", [{"add_days": 1}], "date", "2026-12-01"),
        ("at", ["text"], "text", "2026-11-30T02:30:00Z"),
        ("name", ["digits", {"default": "none"}], "text", "none"),
        ("name", ["digits", "required"], "text", "is empty and must not be"),
        ("billing.city", [], "text(3)", "'New York' is longer than 3 characters; add the step cut"),
    ],
)
def test_steps_give(start: str, steps: list[Any], kind: str, wanted: Any) -> None:
    tables = {"sizes": {"S": 1, "XL": 5}, "other": {"M": "medium"}}
    entry = {"from": start, **({"steps": steps} if steps else {})}
    assert mapped(entry, kind, tables=tables) == [wanted]
    assert {next(iter(one)) if isinstance(one, dict) else one for one in steps} <= set(STEPS)


@pytest.mark.parametrize(
    ("lines", "kind", "wanted"),
    [
        ({"take": "sum", "sql": "qty * price"}, "decimal(2)", [Decimal("5.75"), Decimal(0), Decimal(0)]),
        ({"take": "sum", "sql": "qty", "only": "qty > 0"}, "decimal(3)", [Decimal(2), Decimal(0), Decimal(0)]),
        ({"take": "count"}, "integer", [2, 0, 0]),
        ({"take": "join", "sql": "sku", "by": "+"}, "text", ["A+B", "", ""]),
        ({"take": "first", "sql": "sku"}, "text", ["A", None, None]),
        ({"take": "max", "sql": "price"}, "decimal(2)", [Decimal("3.50"), None, None]),
    ],
)
def test_of_all_lines_is_taken(lines: dict[str, Any], kind: str, wanted: list[Any]) -> None:
    made = mapped({"lines": {"of": "lines", **lines}}, kind, ORDER, {**ORDER, "lines": []}, {"id": 1})
    assert made == wanted


def test_a_sum_of_lines_of_which_one_has_no_price_is_refused_unless_it_counts_as_nothing() -> None:
    short = {**ORDER, "lines": [*ORDER["lines"], {"sku": "C", "qty": 1}]}
    why = "a line has nothing to add; coalesce(..., 0) counts it as nothing"
    total = {"of": "lines", "take": "sum", "sql": "qty * price"}
    assert mapped({"lines": total}, "decimal(2)", short, ORDER) == [why, Decimal("5.75")]
    counted = {"lines": {**total, "sql": "qty * coalesce(price, 0)"}}
    assert mapped(counted, "decimal(2)", short) == [Decimal("5.75")]


def test_where_a_fields_condition_does_not_hold_or_is_unknown_it_has_the_other_value_and_refuses_nothing() -> None:
    entry = {"sql": "round(total / paid, 2)", "only": "paid > 0", "otherwise": Decimal("1.00")}
    records = [{**ORDER, "paid": Decimal(3)}, ORDER, {**ORDER, "paid": None}]
    assert mapped(entry, "decimal(2)", *records) == [Decimal("3.50"), Decimal(1), Decimal(1)]


def test_records_for_which_the_mappings_condition_does_not_hold_are_left_out_and_refuse_nothing() -> None:
    entry = {"from": "custom@size", "steps": ["number"]}
    records = [{**ORDER, "custom@size": "12"}, {**ORDER, "open": False}, {**ORDER, "open": None}]
    assert mapped(entry, "decimal(2)", *records, only="open") == [Decimal(12), None, None]


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("id", "12x", "'12x' is no number without decimals"),
        ("id", True, "is yes or no, the source says integer"),
        ("open", "yes", "is a text, the source says boolean"),
        ("day", "2026-02-30", "'2026-02-30' is no day as %Y-%m-%d"),
        ("at", "2026-11-30T02:30:00", "'2026-11-30T02:30:00' is no time of day with its zone"),
        ("name", "x" * 41, "is longer than the 40 characters that the source declares"),
        ("name", {"first": "Ada"}, "is a record, the source says text(40)"),
    ],
)
def test_a_value_that_is_not_what_its_source_declares_fails_its_record_alone(field: str, value: Any, why: str) -> None:
    entry = {"from": field, "steps": ["text"]}
    bad, good = mapped(entry, "text", {**ORDER, field: value}, ORDER)
    assert bad.endswith(why)
    assert good


def test_the_kinds_of_a_new_mapping_are_those_of_its_records() -> None:
    second = {**ORDER, "total": Decimal("1.125"), "day": None, "open": None, "note": ""}
    assert inferred([ORDER, second]) == {
        "id": "integer",
        "name": "text",
        "total": "decimal",
        "paid": "decimal",
        "open": "boolean",
        "day": "date",
        "at": "instant",
        "custom@size": "text",
        "billing.city": "text",
        "lines": "list",
        "lines.sku": "text",
        "lines.qty": "integer",
        "lines.price": "decimal",
        "note": "text",
    }


LISTED = """
mapping: lined
version: 1
source:
  record: till/order
  fields: {id: integer, open: boolean, lines: list, lines.sku: text(20), lines.qty: decimal(3), lines.price: decimal(2)}
target:
  record: erp/order
  fields: {PONum: text(20), Dtls: list, Dtls.PartNum: text(5), Dtls.Ext: decimal(2), Dtls.Unit: text(2)}
only: open
tables: {units: {A: EA}}
map:
  PONum: {from: id}
  Dtls:
    each: lines
    only: qty > 0
    map:
      PartNum: {from: sku}
      Ext: {sql: "round(qty * price, 2)"}
      Unit: {from: sku, steps: [{lookup: {table: units, otherwise: empty}}, {default: PC}]}
"""


def test_an_orders_lines_become_lines_and_one_that_cannot_fails_its_order_alone() -> None:
    work = engine(LISTED)
    long = {**ORDER, "lines": [*ORDER["lines"], {"sku": "LONGER", "qty": 1, "price": 1}]}
    made = apply(work, [ORDER, long, {**long, "open": False}, {"id": 4, "open": True}])
    assert made.records[0] == {"PONum": "7", "Dtls": [{"PartNum": "A", "Ext": Decimal(7), "Unit": "EA"}]}
    assert [(one.row, one.field, one.text) for one in made.failures] == [
        (1, "Dtls.PartNum", "line 3: 'LONGER' is longer than 5 characters; add the step cut")
    ]
    assert made.left_out == {2}
    assert made.records[3] == {"PONum": "4", "Dtls": []}
    given = "{id: 1, open: true, lines: [{sku: B, qty: 1, price: 2}]}"
    expect = "{Dtls: [{PartNum: B, Ext: 2.0, Unit: PC}]}"
    tested = f"{LISTED}tests:\n  - {{given: {given}, expect: {expect}}}\n"
    assert broken(engine(tested)) == []


@pytest.mark.parametrize(
    ("right", "wrong", "key", "hint"),
    [
        ("each: lines", "each: lnes", "map.Dtls.each", "lines"),
        ("PartNum: {from: sku}", "PartNmu: {from: sku}", "map.Dtls.map.PartNmu", "PartNum"),
        ("from: sku}", "from: skku}", "map.Dtls.map.PartNum.from", "sku"),
        ("only: qty > 0", "only: qtty > 0", "map.Dtls.only", "qty"),
        ("Dtls:\n    each: lines", "Dtls:\n    from: id", "map.Dtls.from", "each"),
        ("PONum: {from: id}", "PONum: {each: lines, map: {}}", "map.PONum.each", "no list"),
    ],
)
def test_a_mistake_within_lines_is_named_at_its_key(right: str, wrong: str, key: str, hint: str) -> None:
    with pytest.raises(WrongMapping) as refused:
        engine(LISTED.replace(right, wrong, 1))
    assert any(f": {key}: " in line and hint in line for line in str(refused.value).split("\n")), str(refused.value)


def test_the_canvas_writes_lines_within_lines_as_it_reads_them() -> None:
    [*_, entry] = engine(LISTED).mapping.entries.values()
    there = with_entry(with_entry(LISTED, "Dtls", None), "Dtls", entry_data(entry))
    assert engine(there).mapping.entries.keys() == {"PONum", "Dtls"}
    assert apply(engine(there), [ORDER]).records == apply(engine(LISTED), [ORDER]).records
    assert with_entry(there, "Dtls", entry_data(entry)) == there
