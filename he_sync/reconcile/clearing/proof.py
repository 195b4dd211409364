"""The proof of each account and unit on each date: opening + added - cleared = closing, equal to its open items.

What differs is the sum of what differs by event, so that every cent has a cause: nothing is left over by construction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pandas as pd

from he_sync.model.contract import records

PLACE = ["account", "unit"]


@dataclass(frozen=True)
class Rolled:
    """An account and unit on a date, minor units, debit positive. `items` are how many stand open at its end."""

    date: str
    account: str
    unit: str
    opening_minor: int
    added_minor: int
    cleared_minor: int
    open_minor: int
    items: int

    @property
    def closing_minor(self) -> int:
        """What the ledger has at the date's end."""
        return self.opening_minor + self.added_minor - self.cleared_minor

    @property
    def differs_minor(self) -> int:
        """What the ledger has beyond the open items; 0 is the proof."""
        return self.closing_minor - self.open_minor


@dataclass(frozen=True)
class Gap:
    """What an event is in the ledger beyond what it should be, from one date until before another, "": to the end."""

    account: str
    unit: str
    event: str
    since: str
    until: str
    amount_minor: int

    def on(self, day: str) -> bool:
        """Whether it is part of a date's difference."""
        return self.since <= day and (not self.until or day < self.until)


@dataclass(frozen=True)
class OpenItem:
    """What an account still consists of: a card payment, a shortage, a pool of gift cards; since when."""

    account: str
    unit: str
    item: str
    since: str
    amount_minor: int


def roll(moves: pd.DataFrame, booked: pd.DataFrame, dates: Sequence[str], owed: Collection[str]) -> list[Rolled]:
    """Each date of each account and unit that has a move or a line. `owed` are accounts that grow by credits."""
    ours, items = _by_date(moves, dates), _counts(moves, dates)
    lines = _with_opening(booked, moves, dates[0])
    ledger = _by_date(lines, dates)
    plus, minus = (_by_date(lines[lines["amount_minor"] * side > 0], dates) for side in (1, -1))
    found = []
    for account, unit in sorted({*ours, *ledger}):
        place = (account, unit)
        balance, stands = ledger.get(place, {}).get("", 0), ours.get(place, {}).get("", 0)
        for day in dates:
            up, down = plus.get(place, {}).get(day, 0), -minus.get(place, {}).get(day, 0)
            added, cleared = (-down, -up) if account in owed else (up, down)
            stands += ours.get(place, {}).get(day, 0)
            count = items.get(place, {}).get(day, 0)
            found.append(Rolled(day, account, unit, balance, added, cleared, stands, count))
            balance += up - down
    return found


def _with_opening(booked: pd.DataFrame, moves: pd.DataFrame, first: str) -> pd.DataFrame:
    """The ledger's lines and, before them, what stood open: an account opens at what its own items say."""
    opening = moves[moves["date"] < first]
    return pd.concat([opening[[*PLACE, "date", "event", "amount_minor"]], booked], ignore_index=True)


def _by_date(rows: pd.DataFrame, dates: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """Sums by place and date; those before the first date under ""."""
    dated = rows.assign(on=rows["date"].where(rows["date"] >= dates[0], ""))
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in records(dated.groupby([*PLACE, "on"], as_index=False).agg(amount_minor=("amount_minor", "sum"))):
        found.setdefault((row.account, row.unit), {})[row.on] = int(row.amount_minor)
    return found


def _counts(moves: pd.DataFrame, dates: Sequence[str]) -> dict[tuple[str, str], dict[str, int]]:
    """How many items of each place stand open at the end of each date."""
    steps = _steps(moves, "item")
    is_open = steps["stands"] != 0
    was = is_open.groupby([steps[name] for name in (*PLACE, "item")]).shift(fill_value=False)
    steps["amount_minor"] = is_open.astype("int64") - was.astype("int64")
    found = {}
    for place, by_date in _by_date(steps, dates).items():
        count, told = by_date.get("", 0), {}
        for day in dates:
            count += by_date.get(day, 0)
            told[day] = count
        found[place] = told
    return found


def _steps(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """By place, name and date, in that order: what it moved and where it then `stands`."""
    keys = [*PLACE, by]
    grouped = rows.groupby([*keys, "date"], as_index=False)
    sums: pd.DataFrame = grouped.agg(amount_minor=("amount_minor", "sum")).sort_values([*keys, "date"])
    return sums.assign(stands=sums.groupby(keys)["amount_minor"].cumsum())


def gaps(moves: pd.DataFrame, booked: pd.DataFrame, dates: Sequence[str]) -> list[Gap]:
    """What differs by event and span of dates, up to the last of `dates`; their sum on a date is its difference.

    A span may end after the last date, where a line is known that is dated then.
    """
    first, last = dates[0], dates[-1]
    theirs = booked[[*PLACE, "date", "event", "amount_minor"]]
    mine = moves[moves["date"] >= first].drop(columns="item")
    both = pd.concat([theirs, mine.assign(amount_minor=-mine["amount_minor"])], ignore_index=True)
    steps = _steps(both, "event")
    following = steps.groupby([*PLACE, "event"])["date"].shift(-1).fillna("")
    found = [
        Gap(row.account, row.unit, row.event, row.date, until, int(row.stands))
        for row, until in zip(records(steps), following, strict=True)
        if row.stands and row.date <= last
    ]
    return sorted(_joined(found), key=lambda one: (one.account, one.unit, one.since, one.event))


def _joined(found: list[Gap]) -> list[Gap]:
    """Spans of one event and amount that touch are one."""
    joined: list[Gap] = []
    for one in found:
        before = joined[-1] if joined else None
        same = before and (before.account, before.unit, before.event) == (one.account, one.unit, one.event)
        if before and same and (before.until, before.amount_minor) == (one.since, one.amount_minor):
            joined[-1] = Gap(one.account, one.unit, one.event, before.since, one.until, one.amount_minor)
        else:
            joined.append(one)
    return joined


def open_items(moves: pd.DataFrame, until: str) -> list[OpenItem]:
    """What stands open at the end of a date, the oldest first."""
    mine = moves[moves["date"] <= until]
    grouped = mine.groupby([*PLACE, "item"], as_index=False)
    sums = grouped.agg(since=("date", "min"), amount_minor=("amount_minor", "sum"))
    left = sums[sums["amount_minor"] != 0].sort_values(["since", "account", "unit", "item"])
    return [OpenItem(row.account, row.unit, row.item, row.since, int(row.amount_minor)) for row in records(left)]
