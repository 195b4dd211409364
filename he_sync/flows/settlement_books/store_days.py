"""Where the close posts store-days (profile: `epicor.ledger: store_days`): one line a store, date and tender's account.

What the ledger has of one are its versions and their reversals, on whatever date an open period let them stand; here
they are one line of the business date, under the key of the last version, and its payments must make its amount. One
of which nothing is posted is a line of nothing, under the key without a version, so that what lacks is said once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import CLOSED, Source
from he_sync.model.contract import records
from he_sync.reconcile.clearing.words import OURS

Place = tuple[int, str]
"""A store's number and an account."""


def dates(source: Source, day: str) -> list[str]:
    """Business dates of store-days that a date's ledger lines post, other than the date."""
    if not source.by_store_day:
        return []
    named = map(OURS.match, source.frame("ledger_lines", day)["description"])
    return sorted({one[2] for one in named if one} - {day})


def lines(
    source: Source, day: str, summed_by: Sequence[str], places: Iterable[Place], numbers: Numbers
) -> list[dict[str, Any]]:
    """Postings of the date's store-days, one for each place that has payments or a posting.

    `summed_by` are dates whose ledger lines post it too, `places` those of the payments.
    """
    amounts: dict[Place, int] = dict.fromkeys(places, 0)
    versions: dict[Place, int] = defaultdict(int)
    own = source.retailer.accounts
    for row, version in _posted(source, day, summed_by):
        account = own.cash if row.account == own.over_short else str(row.account)
        place = numbers.stores.of(row.store), account
        amounts[place] = amounts.get(place, 0) + int(row.amount_minor)
        versions[place] = max(versions[place], version)
    codes = numbers.stores.texts({store for store, _ in amounts})
    company = source.retailer.epicor.company
    found = []
    for (store, account), amount in sorted(amounts.items()):
        version = versions[store, account]
        key = (company, codes[store], day, "store_day", account, *([f"v{version}"] if version else []))
        found.append(_line(numbers.postings.of("|".join(key)), day, store, account, amount))
    return found


def _posted(source: Source, day: str, summed_by: Sequence[str]) -> Iterator[tuple[Any, int]]:
    """The tenders' lines of the date's store-days, each with its version, also those that the close has read since.

    Cash is booked as it was counted: what it was over or short, on an account of its own, belongs to it.
    """
    pulled = (source.frame("ledger_lines", one) for one in (day, *summed_by))
    rows = pd.concat([*pulled, source.frame(CLOSED, day)]).drop_duplicates("line_id").sort_values("line_id")
    for row in records(rows[rows["description"].str.startswith("HE ")]):
        named = OURS.match(row.description)
        if named and named[2] == day and row.account in {named[3], source.retailer.accounts.over_short}:
            yield row, int(named[4])


def _line(number: int, day: str, store: int, account: str, amount: int) -> dict[str, Any]:
    return {
        "gl_id": number,
        "erp_doc": number,
        "posting_date": day,
        "account": int(account),
        "store_id": store,
        "ref": 0,
        "amount_cents": amount,
        "source": "DAY",
    }
