"""A mistake in a mapping file is named at its key, in file, line and column, with what was probably meant."""

from __future__ import annotations

import time

import pytest

from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.model import WrongMapping
from he_sync.mapping.spec.trying import broken

RIGHT = """\
# orders of the shop
mapping: shop_orders
version: 3
source:
  record: heartland/order
  fields:
    id: integer
    status: text
    total: decimal(2)
    discount: decimal(2)
    created_at: instant
    customer_name: text(80)
    billing.city: text
    lines: list
    lines.qty: decimal(3)
    lines.price: decimal(2)
target:
  record: epicor/OrderHed
  fields:
    PONum: text(50)
    OrderAmt: decimal(2)
    OrderDate: date
    City: text(20)
    Terms: text(4)
    Goods: decimal(2)
only: status <> 'void'
tables:
  terms:
    open: N30
    closed: COD
map:
  PONum:
    from: id
    steps:
      - prefix: WEB-
  OrderAmt:
    sql: total - coalesce(discount, 0)
  OrderDate:
    from: created_at
    steps:
      - local_date: America/New_York
  City:
    from: billing.city
    steps:
      - trim
      - cut: 20
    only: total > 100
    otherwise: NONE
  Terms:
    from: status
    steps:
      - lookup:
          table: terms
          otherwise: refuse
  Goods:
    lines:
      of: lines
      take: sum
      sql: qty * price
    steps:
      - round: 2
tests:
  - name: an order
    given: {id: 5, total: 10.50, status: open, lines: [{qty: 2, price: 3.50}]}
    expect: {PONum: WEB-5, OrderAmt: 10.5, Goods: 7}
"""
# what was right, what somebody wrote, the key that is named, and what the message must offer
MISTAKES = (
    ("mapping: shop_orders", "maping: shop_orders", "maping", "mapping"),
    ("version: 3", "verson: 3", "verson", "version"),
    ("version: 3", "version: three", "version", "whole number"),
    ("mapping: shop_orders", "mapping: Shop Orders", "mapping", "small letters"),
    ("source:\n  record", "sorce:\n  record", "sorce", "source"),
    ("target:\n  record", "traget:\n  record", "traget", "target"),
    ("  record: heartland/order", "  recrod: heartland/order", "source.recrod", "record"),
    ("  fields:\n    id", "  feilds:\n    id", "source.feilds", "fields"),
    ("    id: integer", "    id: interger", "source.fields.id", "integer"),
    ("    status: text\n", "    status: string\n", "source.fields.status", "text"),
    ("    total: decimal(2)", "    total: decimel(2)", "source.fields.total", "decimal"),
    ("    total: decimal(2)", "    total: decimal(20)", "source.fields.total", "0 to 12"),
    ("    created_at: instant", "    created_at: instnat", "source.fields.created_at", "instant"),
    ("    OrderDate: date\n", "    OrderDate: dat\n", "target.fields.OrderDate", "date"),
    ("    PONum: text(50)", "    PONum: text(50", "target.fields.PONum", "text"),
    ("only: status", "olny: status", "olny", "only"),
    ("tables:\n", "tabels:\n", "tabels", "tables"),
    ("\nmap:\n", "\nmapp:\n", "mapp", "map"),
    ("\ntests:\n", "\ntest:\n", "test", "tests"),
    ("  PONum:\n    from", "  PoNumm:\n    from", "map.PoNumm", "PONum"),
    ("  OrderAmt:\n    sql", "  OrderAmnt:\n    sql", "map.OrderAmnt", "OrderAmt"),
    ("    from: id\n", "    form: id\n", "map.PONum.form", "from"),
    ("    from: id\n", "    from: idd\n", "map.PONum.from", "id"),
    ("    from: billing.city", "    from: biling.city", "map.City.from", "billing.city"),
    ("    sql: total -", "    sqll: total -", "map.OrderAmt.sqll", "sql"),
    ("    sql: total - coalesce", "    sql: totl - coalesce", "map.OrderAmt.sql", "total"),
    ("coalesce(discount, 0)", "coalesc(discount, 0)", "map.OrderAmt.sql", "coalesce"),
    ("coalesce(discount, 0)", "coalesce(discuont, 0)", "map.OrderAmt.sql", "discount"),
    ("coalesce(discount, 0)", "coalesce(discount, 'x')", "map.OrderAmt.sql", "do not go together"),
    ("    only: total > 100", "    only: total > 'a'", "map.City.only", "do not go together"),
    ("    only: total > 100", "    onyl: total > 100", "map.City.onyl", "only"),
    ("    otherwise: NONE", "    otherwis: NONE", "map.City.otherwis", "otherwise"),
    ("      - trim\n", "      - trimm\n", "map.City.steps.0", "trim"),
    ("      - cut: 20", "      - cutt: 20", "map.City.steps.1", "cut"),
    ("      - cut: 20", "      - cut: twenty", "map.City.steps.1.cut.to", "whole number from 1"),
    ("      - cut: 20", "      - cut: {too: 20}", "map.City.steps.1.cut.too", "to"),
    (
        "local_date: America/New_York",
        "local_date: America/NewYork",
        "map.OrderDate.steps.0.local_date.zone",
        "America/New_York",
    ),
    ("          table: terms", "          table: term", "map.Terms.steps.0.lookup.table", "terms"),
    ("          otherwise: refuse", "          otherwise: refuze", "map.Terms.steps.0.lookup.otherwise", "refuse"),
    ("      of: lines", "      of: line", "map.Goods.lines.of", "lines"),
    ("      take: sum", "      take: sumn", "map.Goods.lines.take", "sum"),
    ("      sql: qty * price", "      sql: qty * prise", "map.Goods.lines.sql", "price"),
    ("      - round: 2", "      - rond: 2", "map.Goods.steps.0", "round"),
    ("    expect: {PONum", "    expect: {PoNum", "tests.0.expect", "PONum"),
    ("    given: {id", "    givn: {id", "tests.0.givn", "given"),
    ("status <> 'void'", "statsu <> 'void'", "only", "status"),
    ("    steps:\n      - local_date: America/New_York\n", "", "map.OrderDate", "date"),
    ("    from: id\n", "    from: id\n    from: total\n", "map.PONum.from", "twice"),
)


def said(text: str) -> tuple[list[str], float]:
    started = time.process_time()
    try:
        found = [one.said("shop.yaml") for one in broken(engine(text, "shop.yaml"))]
    except WrongMapping as error:
        found = str(error).split("\n")
    return found, time.process_time() - started


def test_the_file_without_a_mistake_is_right_and_its_test_holds() -> None:
    assert said(RIGHT)[0] == []


@pytest.fixture(scope="module")
def answers() -> list[tuple[tuple[str, str, str, str], list[str], float]]:
    found = []
    for one in MISTAKES:
        assert RIGHT.count(one[0]) >= 1, one[0]
        found.append((one, *said(RIGHT.replace(one[0], one[1], 1))))
    return found


def test_of_forty_seeded_mistakes_95_in_100_are_named_at_their_key_with_the_nearest_valid_value(
    answers: list[tuple[tuple[str, str, str, str], list[str], float]],
) -> None:
    assert len(answers) >= 40
    missed = [
        (key, hint, lines)
        for (_, _, key, hint), lines, _ in answers
        if not any(f": {key}: " in line and hint in line.split(f": {key}: ")[1] for line in lines)
    ]
    assert len(missed) <= len(answers) * 0.05, missed


def test_each_is_found_within_a_second_and_at_the_line_that_was_mistaken(
    answers: list[tuple[tuple[str, str, str, str], list[str], float]],
) -> None:
    assert [seconds for *_, seconds in answers if seconds > 1] == []
    for (right, wrong, key, _), lines, _ in answers:
        place = RIGHT.index(right) + next((n for n, (a, b) in enumerate(zip(right, wrong, strict=False)) if a != b), 0)
        line = RIGHT[:place].count("\n") + 1
        numbers = [int(one.split(":")[1]) for one in lines if f": {key}: " in one]
        assert any(abs(number - line) <= 1 for number in numbers), (key, line, lines)
