"""Each side's customers as they are now: read whole once a week, by change in between, kept in the lake.

A change of a child (an address in Heartland) may leave its customer's own time as it was, and what was deleted says
nothing: the whole read of the week finds both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any

import pandas as pd

from he_sync.connect import strict_json
from he_sync.flows.pull import pull
from he_sync.flows.sources import Ask, Page, Source
from he_sync.mapping import customer_records
from he_sync.model.contract import frame
from he_sync.model.customer import CustomerRecords
from he_sync.model.errors import FixInput
from he_sync.quality.contracts import Failure, check, read_records
from he_sync.store.lake import Lake, Snapshot

STAGE, NOW = "match", "now"
KEY = "record_id"
WHOLE_EVERY = timedelta(days=7)
AT_ONCE = 20_000
"""Documents that are held at a time; a million of them would be two gigabytes."""
EPICOR = ("Erp.BO.CustomerSvc", "Customers")
EPICOR_FIELDS = [
    *("Company", "CustNum", "CustID", "Name", "EMailAddress", "PhoneNum", "Inactive", "ChangeDate", "SysRevID"),
    *("Address1", "Address2", "Address3", "City", "State", "Zip"),
]


@dataclass(frozen=True)
class Side:
    """One system's customers: pages and count of what changed since a place ("" from the start), a row's place.

    Places are in the order of `order`, of which the newest is where the next read begins; `timed` places are instants.
    """

    name: str
    pages: Callable[[Ask, str], Iterator[Page]]
    count: Callable[[Ask, str], int]
    place: Callable[[Mapping[str, Any]], str]
    key: str
    read: Callable[[Any], Iterator[customer_records.Row]]
    order: Callable[[str], Any] = str
    timed: bool = False


def _changed(since: str) -> dict[str, Any]:
    return {"updated_at": {"$gte": since}} if since else {}


def _revised(since: str) -> str:
    return f"SysRevID ge {since}" if since else ""


SIDES: dict[str, Side] = {
    "heartland": Side(
        "heartland",
        lambda ask, since: ask.systems.heartland.walk("customers", _changed(since), include=("addresses",)),
        lambda ask, since: ask.systems.heartland.count("customers", _changed(since)),
        lambda row: str(row.get("updated_at") or ""),
        "id",
        customer_records.heartland,
        timed=True,
    ),
    "epicor": Side(
        "epicor",
        lambda ask, since: ask.systems.epicor.walk(*EPICOR, filter=_revised(since), select=EPICOR_FIELDS),
        lambda ask, since: ask.systems.epicor.count(*EPICOR, filter=_revised(since)),
        lambda row: str(row["SysRevID"]),
        "CustNum",
        customer_records.epicor,
        int,
    ),
}


@dataclass(frozen=True)
class Roster:
    """A side's customers after a read. `changed` counts records whose content differs, by what happened to them."""

    snapshot: Snapshot
    whole: bool
    read: int
    changed: Mapping[str, int]
    failures: tuple[Failure, ...]


def refresh(name: str, ask: Ask, lake: Lake, *, whole: bool = False) -> Roster:
    """Read what changed since the last read, or everything, and keep the customers as they are now.

    Raises FixInput where a side has no customer at all: an empty answer would part everything that was ever joined.
    """
    side, before = SIDES[name], current(lake, name)
    whole = whole or before is None or _old(before, ask.day)
    since = "" if whole or before is None else str(before.facts["again_from"])
    raw = pull(_source(side, since), ask, lake)
    read = _read(side, lake.payloads(raw.entity, ask.day.isoformat()), raw.entity)
    old = None if before is None else rows(lake, name)
    kept = read.rows if whole or old is None else _merged(old, read.rows)
    if not len(kept):
        raise FixInput(f"{name} has no customers that could be read; look at its dead letters and its permissions")
    facts = _facts(side, before, read.until, ask.day, whole=whole)
    snapshot = lake.write(STAGE, f"{name}_customers", NOW, kept, facts)
    return Roster(snapshot, whole, raw.rows, _difference(old, kept), read.failures)


def current(lake: Lake, name: str) -> Snapshot | None:
    """The last read of a side; None where it was never read."""
    try:
        return lake.current(STAGE, f"{name}_customers", NOW)
    except FixInput:
        return None


def rows(lake: Lake, name: str) -> pd.DataFrame:
    """A side's customers (CustomerRecords), by record id. Raises FixInput where it was never read."""
    return lake.read(STAGE, f"{name}_customers", NOW)


def _source(side: Side, since: str) -> Source:
    return Source(
        f"{side.name}/customer_changes",
        lambda row: str(row[side.key]),
        lambda ask: side.pages(ask, since),
        lambda ask: side.count(ask, since),
        f"Customers changed since {since}" if since else "All customers",
        daily=False,
    )


@dataclass(frozen=True)
class _Read:
    """Records of documents, what was wrong with the others, and the newest place."""

    rows: pd.DataFrame
    failures: tuple[Failure, ...]
    until: str


def _read(side: Side, documents: Iterator[tuple[str, str]], entity: str) -> _Read:
    """A record that changed while it was read comes twice; the later reading counts."""
    frames, failures, until = [frame(CustomerRecords, [])], list[Failure](), ""
    while some := list(islice(documents, AT_ONCE)):
        found, bad = read_records(entity, some, strict_json.loads, side.read)
        made = frame(CustomerRecords, found.get(customer_records.FRAME, [])).drop_duplicates(KEY, keep="last")
        checked = check(customer_records.FRAME, CustomerRecords, made.reset_index(drop=True), KEY)
        frames.append(checked.good)
        failures += [*bad, *checked.failures]
        until = _latest(side, until, *(side.place(strict_json.loads(payload)) for _, payload in some))
    newest = pd.concat(frames).drop_duplicates(KEY, keep="last")
    return _Read(_sorted(newest), tuple(failures), until)


def _latest(side: Side, *places: str) -> str:
    return max((place for place in places if place), key=side.order, default="")


def _sorted(some: pd.DataFrame) -> pd.DataFrame:
    return some.sort_values(KEY, kind="stable", ignore_index=True)


def _old(before: Snapshot, today: date) -> bool:
    return today - date.fromisoformat(before.facts["whole_on"]) >= WHOLE_EVERY


def _merged(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    return _sorted(pd.concat([old[~old[KEY].isin(new[KEY])], new]))


def _facts(side: Side, before: Snapshot | None, newest: str, today: date, *, whole: bool) -> dict[str, Any]:
    """`again_from` is where the read before this one ended: what was committed late behind its place is read again."""
    was = str(before.facts["until"]) if before else ""
    until = _latest(side, was, newest)
    if side.timed:
        until = min(until, f"{today}T00:00:00+00:00")  # a clock that is ahead would hide every change until then
    return {
        "until": until,
        "again_from": until if whole else was,
        "whole_on": today.isoformat() if whole or before is None else before.facts["whole_on"],
        "about": f"Customers of {side.name.capitalize()} as they are now",
    }


def _difference(old: pd.DataFrame | None, now: pd.DataFrame) -> dict[str, int]:
    """How many records are new, changed by content, gone, and the same."""
    before, after = (_hashes(frame) for frame in (now.iloc[:0] if old is None else old, now))
    both = before.index.intersection(after.index)
    same = int((before[both] == after[both]).sum())
    return {
        "new": len(after) - len(both),
        "changed": len(both) - same,
        "gone": len(before) - len(both),
        "unchanged": same,
    }


def _hashes(some: pd.DataFrame) -> pd.Series[Any]:
    return pd.Series(pd.util.hash_pandas_object(some, index=False).to_numpy(), index=some[KEY])
