"""What a posting books, by its own words: the event that ties a ledger line to what should have moved an account."""

from __future__ import annotations

import re

SUMMARY = re.compile(r"^HR DAY (\S+) (\d{4}-\d\d-\d\d)$")
"""The other side of a store-day, as a posting of single payments words it."""
OURS = re.compile(r"^HE (\S+) (\d{4}-\d\d-\d\d) (\S+) v(\d+)")
"""A journal of the close: store, date, part, version."""
OPENING = "opening"
"""What stood on an account before the first date."""
STORE_DAY, DEPOSIT, PAYMENT, BY_HAND = "store-day", "deposit", "payment", "by hand"


def store_day(date: str, store: str) -> str:
    """`store-day 2026-11-20 S001`, as the audit has it."""
    return f"{STORE_DAY} {date} {store}"


def deposit(identity: str) -> str:
    """`deposit DEP_1`."""
    return f"{DEPOSIT} {identity}"


def payment(number: int) -> str:
    """`payment 77`."""
    return f"{PAYMENT} {number}"


def store_day_of(text: str) -> tuple[str, str] | None:
    """Date and store of the store-day that a posting's text names."""
    named = SUMMARY.match(text) or OURS.match(text)
    return (named[2], named[1]) if named else None
