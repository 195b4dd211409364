"""The rules that turn a store-day into journals: versioned, kept whole, applied again as they were."""

from __future__ import annotations

from typing import Any, Literal

from he_sync.model.errors import FixInput
from he_sync.model.retailer import Retailer
from he_sync.store import books
from he_sync.store.canonical import content_hash
from he_sync.store.database import Store

ENTRIES = "1"
"""Version of the code that makes entries; raised with every change that moves a cent or an account."""
Which = Literal["day", "today"]
"""With the rules of that day, where it was proposed before, or with today's."""


def rules(retailer: Retailer) -> dict[str, Any]:
    """What of a profile decides where a cent goes."""
    tenders = [tender.model_dump() for tender in retailer.tenders]
    return {"entries": ENTRIES, "accounts": retailer.accounts.model_dump(), "tenders": tenders}


def version(of: dict[str, Any]) -> str:
    """`1-` and twelve digits of the content: the same rules have the same version on every machine."""
    return f"{of['entries']}-{content_hash(of)[:12]}"


def chosen(store: Store, retailer: Retailer, which: Which, before: str) -> tuple[Retailer, str]:
    """The profile under the chosen rules, and their version; `before` is what the store-day was proposed with, or "".

    Raises FixInput where those of that day were made by code that is no longer here.
    """
    today = rules(retailer)
    if which == "today" or before in {"", version(today)}:
        books.save_rules(store, version(today), today)
        return retailer, version(today)
    kept = books.rules_of(store, before)
    if kept is None or kept["entries"] != ENTRIES:
        raise FixInput(f"the rules {before} are not here any more; propose with today's, or install their version")
    # Not a copy: what the profile has looked up by tender would be copied with it, and be today's.
    told = {"accounts": kept["accounts"], "tenders": kept["tenders"]}
    return Retailer.model_validate(retailer.model_dump() | told), before
