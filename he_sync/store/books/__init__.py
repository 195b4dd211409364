"""The books of the close: where every store-day stands, its journals from proposal to posting, the rules they follow.

A journal's way: proposed -> approved -> posted -> reversed, or withdrawn while it is not sent. Nothing is edited: a
correction reverses version n and posts n + 1, linked by `undoes`, `replaces` and `undone_by`. Who may do what, up to
which limit, is decided by the caller; that preparer and approver differ is held here and by the tables.
"""

from he_sync.store.books.days import StoreDay, get, listing, moved, reopen, rules_of, save_rules, sign
from he_sync.store.books.journals import (
    Approval,
    Journal,
    approve,
    approve_many,
    approved_in_month,
    history,
    of_day,
    of_month,
    propose,
    recall,
    send,
    settle,
    unfinished,
)

__all__ = [
    "Approval",
    "Journal",
    "StoreDay",
    "approve",
    "approve_many",
    "approved_in_month",
    "get",
    "history",
    "listing",
    "moved",
    "of_day",
    "of_month",
    "propose",
    "recall",
    "reopen",
    "rules_of",
    "save_rules",
    "send",
    "settle",
    "sign",
    "unfinished",
]
