"""The bank's side by unit, that is a bank account and a value date: which are done, and what they said of the rest.

A unit is done where each of its deposits, bank lines and postings has its one partner of the same amount on the day, so
that no rule looks at it again. All others are open, and so are the accounts with lines that no batch is known of.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.bank import Statement, Votes
from he_sync.reconcile.chain.bank_ledger import EXACT
from he_sync.reconcile.chain.deposit_postings import DepositPostings
from he_sync.reconcile.chain.expected import Funding, Ways
from he_sync.reconcile.chain.found import Found
from he_sync.reconcile.chain.keys import AnyInts, Ints, Mask, among, find, pack

ON_DAY = "amount_on_value_date"
DAYS = 20  # bits of a day in a unit's key


def key(account: AnyInts, day: AnyInts) -> Ints:
    """One number for a unit; two that share one are one unit, which only makes more work."""
    with np.errstate(over="ignore"):
        return (account.astype(np.int64) << DAYS) + day.astype(np.int64)


@dataclass
class Side:
    """What a run says of the bank's side for the next one."""

    frames: dict[str, Frame] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)  # shapes and kinds of the votes
    kinds: dict[str, str] = field(default_factory=dict)  # what each memo shape stands for
    shapes: set[str] = field(default_factory=set)

    def hear(self, what: tuple[Funding, Statement, DepositPostings, Found]) -> None:
        """Take a run's statement."""
        funding, statement, postings, found = what
        self.frames["open"] = _open(statement, postings, found)
        self.frames["ways"] = _ways(Ways(funding))
        self._vote(statement)
        self.kinds, self.shapes = dict(statement.kind_of), set(statement.shapes)

    def _vote(self, statement: Statement) -> None:
        lines = np.array([line for line, _, _ in statement.voted], np.int64)
        self.texts = sorted({text for _, *texts in statement.voted for text in texts})
        place = {text: i for i, text in enumerate(self.texts)}
        columns = [statement.bank.account[lines], statement.bank.day[lines].astype(np.int64)]
        columns.append(np.array([place[shape] for _, shape, _ in statement.voted], np.int64))
        columns.append(np.array([place[kind] for _, _, kind in statement.voted], np.int64))
        self.frames["votes"] = _counted(("account", "day", "shape", "kind"), columns, np.ones(len(lines), np.int64))


def _open(statement: Statement, postings: DepositPostings, found: Found) -> Frame:
    """The units that are not done."""
    bank, deposits = statement.bank, statement.deposits
    unit = key(bank.account, bank.day)
    due = key(np.array([one.account for one in deposits], np.int64), np.array([one.day for one in deposits], np.int64))
    booked = key(np.array(postings.account, np.int64), np.array(postings.day, np.int64))
    exact = [one for one in statement.receipts if one.rule == ON_DAY and not statement.parted & set(one.expected)]
    received = _mask(len(deposits), [one.expected[0] for one in exact])
    paid = _mask(len(bank.ids), [one.lines[0] for one in exact])
    blocks = [one for one in found.links["DG"] if (one.stage, one.rule) == EXACT]
    posted = np.concatenate([np.empty(0, np.int64), *(one.left for one in blocks)])
    told = np.concatenate([np.empty(0, np.int64), *(one.right for one in blocks)])
    lines = unit[~(paid & np.isin(bank.ids, posted))]
    rest = booked[~np.isin(np.array(postings.ids, np.int64), told)]
    units = np.unique(np.concatenate((lines, due[~received], rest)))
    return {"account": units >> DAYS, "day": units & ((1 << DAYS) - 1)}


def _mask(count: int, places: list[int]) -> Mask:
    mask = np.zeros(count, bool)
    mask[places] = True
    return mask


def _ways(ways: Ways) -> Frame:
    """Batches in deposits that came to the cent, by way, leg and value date."""
    columns: list[list[Ints]] = [[], [], [], [], []]
    counts = []
    for number, (leg, value, count) in enumerate(ways.came()):
        account, brand, currency = ways.legs[:, leg]
        rows = (np.full(len(leg), number), account, brand, currency, value)
        for column, one in zip(columns, rows, strict=True):
            column.append(one.astype(np.int64))
        counts.append(count.astype(np.int64))
    joined = [np.concatenate(column) if column else np.empty(0, np.int64) for column in columns]
    return _counted(("way", "account", "brand", "currency", "day"), joined, np.concatenate(counts))


def _counted(names: tuple[str, ...], columns: list[Ints], counts: Ints) -> Frame:
    """Sums by the columns, in their order."""
    order = np.lexsort(columns[::-1])
    new = np.ones(len(order), bool)
    new[1:] = np.logical_or.reduce([column[order][1:] != column[order][:-1] for column in columns])
    starts = np.flatnonzero(new)
    sums = np.add.reduceat(counts[order], starts) if len(order) else counts
    return {name: column[order][starts] for name, column in zip(names, columns, strict=True)} | {"count": sums}


class Redone:
    """The units that a night does again."""

    def __init__(self, units: Ints, accounts: Ints, *, all_of_them: bool = False) -> None:
        """`units` are their keys, `accounts` those of which all units are redone."""
        self.units, self.accounts, self.all = np.unique(units), np.unique(accounts), all_of_them

    def __call__(self, account: AnyInts, day: AnyInts) -> Mask:
        """Which of these are redone."""
        if self.all:
            return np.ones(len(account), bool)
        return np.asarray(among(self.units, key(account, day)) | among(self.accounts, account.astype(np.int64)))

    def kept(self, frame: Frame) -> Frame:
        """The rows of a frame of units that are not redone."""
        stay = ~self(frame["account"], frame["day"])
        return {name: column[stay] for name, column in frame.items()}


def support(ways: Ways, kept: Frame, *, alone: bool = False) -> Ints:
    """Of each way and leg, batches in exact deposits: of redone units, and of the others as kept, or these alone."""
    exact = ways.exact()
    if alone:
        exact[:] = 0
    names = ("account", "brand", "currency")
    mine, theirs = pack(*((leg, kept[name]) for leg, name in zip(ways.legs, names, strict=True)))
    place = find(mine, theirs)
    here = place >= 0
    np.add.at(exact, (kept["way"][here], place[here]), kept["count"][here])
    return exact


def votes(kept: Frame, texts: list[str]) -> Votes:
    """The kept votes by shape and kind."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    sums = _counted(("shape", "kind"), [kept["shape"], kept["kind"]], kept["count"])
    for shape, kind, count in zip(*(column.tolist() for column in sums.values()), strict=True):
        found[texts[shape]][texts[kind]] += count
    return found


def joined(kept: dict[str, Frame], texts: list[str], side: Side) -> tuple[dict[str, Frame], list[str]]:
    """What the units that were not redone said, with what a run says of those that were; and the texts of the votes."""
    ways = _merged(kept["ways"], side.frames["ways"])
    used = {texts[at] for name in ("shape", "kind") for at in np.unique(kept["votes"][name]).tolist()}
    names = sorted(used | set(side.texts))
    old, new = (
        {
            **frame,
            **{
                name: np.array([place.get(text, -1) for text in some], np.int64)[frame[name]]
                for name in ("shape", "kind")
            },
        }
        for place in [{text: i for i, text in enumerate(names)}]
        for frame, some in ((kept["votes"], texts), (side.frames["votes"], side.texts))
    )
    return {"open": side.frames["open"], "ways": ways, "votes": _merged(old, new)}, names


def _merged(one: Frame, other: Frame) -> Frame:
    """Rows of both in the order of their columns."""
    names = tuple(name for name in other if name != "count")
    columns = [np.concatenate((one[name], other[name])) for name in names]
    return _counted(names, columns, np.concatenate((one["count"], other["count"])))
