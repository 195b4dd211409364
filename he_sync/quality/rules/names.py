"""What a column's name says: whether it calls a thing, and whether a number of it is an amount or a count."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KEY = re.compile(r"(?:^|_)(?:id|key|number|num|no|code|sku|uuid)$|(?:ID|Num|Number|Code|Key|Id)$")
"""Names of columns that call a thing by a number or a code."""
OPEN = _words(
    "account batch bin brand carrier cashier clerk company customer cust driver employee invoice item line location"
    " manufacturer merchant mid order part payment plant product register rep route salesperson shop site sku store"
    " supplier table terminal ticket till upc vendor warehouse"
)
"""Last words of names of things that come and go: their list is never closed."""
CLASSES = _words(
    "category class country department dept division group postal postcode region season seq state tender territory zip"
    " zone"
)
"""Last words of names of classes. Numbers of a class or a thing name it though they do not say `id`."""
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def calls_a_thing(name: str) -> bool:
    """Whether values of a column of this name are names: `customer`, `store_no`, `CustNum`; not `item_price`."""
    return bool(KEY.search(name)) or last_word(name) in OPEN | CLASSES


def comes_and_goes(name: str) -> bool:
    """Whether next year may bring another: a store, an item, a customer."""
    return last_word(name) in OPEN


def last_word(name: str) -> str:
    """The last of its words, "" where it has none."""
    return next(reversed(words_of(name)), "")


def words_of(name: str) -> list[str]:
    """In lower case, of snake_case and CamelCase."""
    return [word.lower() for word in WORD.findall(name)]
