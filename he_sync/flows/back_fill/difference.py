"""What a back-fill would do: by date and store the journals it would reverse and post, and cents by account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from he_sync.flows.back_fill.kept import Asked
from he_sync.flows.books.proposing import Would, would
from he_sync.flows.night import Office
from he_sync.model.errors import FixSettings, HeSyncError
from he_sync.store.books import Journal

Row = dict[str, Any]
CHART = ("Erp.BO.GLAccountSvc", "GLAccounts", "GLAccount1")
SHOWN = (
    "key",
    "name",
    "what",
    "content",
    "amount_minor",
    "posting_date",
    "late",
    "text",
    "undoes",
    "replaces",
    "rules",
)
"""Of a journal: enough to know it again when it is really proposed."""


def find(office: Office, asked: Asked, tell: Callable[[str], None] = lambda _: None) -> Row:
    """The whole difference: `days`, and `refused` for dates of which nothing can be said. Nothing is proposed."""
    days: list[Row] = []
    refused: list[Row] = []
    for day in asked.days:
        tell(f"{day}: read the ledger and compare")
        try:
            days.append({"day": day, "stores": [_store(one) for one in of_day(office, asked, day)]})
        except FixSettings:
            raise
        except HeSyncError as error:
            refused.append({"day": day, "why": str(error)})
    tell("look for the accounts in Epicor")
    _strike_unknown(office, days)
    return {"days": days, "refused": refused}


def _strike_unknown(office: Office, days: Iterable[Row]) -> None:
    """A store-day with an account that Epicor would refuse moves nothing: its reversal would stand alone."""
    stores = [store for day in days for store in day["stores"]]
    used = {account for store in stores for one in store["journals"] for account, _, _ in one["lines"]}
    found = office.systems.epicor.read_any(*CHART, sorted(used), select=["GLAccount1", "Active"]) if used else []
    lacking = used - {str(row["GLAccount1"]) for row in found if row["Active"]}
    for store in stores:
        own = {account for one in store["journals"] for account, _, _ in one["lines"]} & lacking
        if own:
            why = f"{', '.join(sorted(own))} is no active account in Epicor; create it there, then look again"
            store.update(refused=why, journals=[])


def of_day(office: Office, asked: Asked, day: str) -> list[Would]:
    """The same of one date, as journals."""
    return would(office, day, asked.who, asked.stores, asked.rules)


def _store(one: Would) -> Row:
    return {"store": one.store, "refused": one.refused, "journals": [journal(each) for each in one.journals]}


def journal(one: Journal) -> Row:
    """A journal as it is shown and known again."""
    lines = [[line["account"], int(line["amount_minor"]), line["about"]] for line in one.body["lines"]]
    return {name: getattr(one, name) for name in SHOWN} | {"lines": lines}


def journals(difference: Mapping[str, Any]) -> list[Row]:
    """Every journal of a difference."""
    return [one for day in difference["days"] for store in day["stores"] for one in store["journals"]]


def by_account(those: Iterable[Row]) -> list[tuple[str, int, int]]:
    """(natural account, cents in, cents out) of journals: what moves, before it does."""
    debit: Counter[str] = Counter()
    credit: Counter[str] = Counter()
    for one in those:
        for account, cents, _ in one["lines"]:
            name = account.partition("|")[0]
            debit[name] += max(cents, 0)
            credit[name] += max(-cents, 0)
    return [(name, debit[name], credit[name]) for name in sorted(debit.keys() | credit.keys())]
