"""What a run keeps for the next one, beside its output: small tables of what is still open, and of what was learned.

A run over books whose large relations are folders of files keeps it; it is read only by a later run of the same engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.arrays import PAY, VOID, Batches, Payments, Stores
from he_sync.reconcile.chain.deposits import Settlements
from he_sync.reconcile.chain.fallback import Fallback
from he_sync.reconcile.chain.keys import AnyInts, Ints
from he_sync.reconcile.chain.known_odds import KnownOdds
from he_sync.reconcile.chain.known_paths import Begun, KnownPaths, Lane
from he_sync.reconcile.chain.posted import Posted, documents
from he_sync.reconcile.chain.report_order import WINDOW
from he_sync.reconcile.chain.settled import Settled

LONG = ("blind", "links LB inferred", "links LD inferred", "pool_payments", "pool_lines", "lost", "voids")
"""Frames with a row for each line without a batch, or for each record that nothing has matched."""
ODDS, PATHS = "odds.npy", ("paths.npy", "paths came.npy")
WIDTH = 2 * WINDOW + 1
HEAD = [("lane", np.int64, 4), ("digest", "V16"), ("units", np.int64), ("places", np.int64), ("cost", np.int64, WIDTH)]
BLIND = ("store", "brand", "currency", "time", "timed", "amount", "fee")
BATCH = ("mid", "brand", "day", "lines", "gross", "refunds", "chargebacks", "fees", "payout", "currency")


@dataclass
class Keeper:
    """Hears from the stages what is open: a whole run's, or a touched group's."""

    frames: dict[str, Frame] = field(default_factory=dict)
    store_of_mid: AnyInts = field(default_factory=lambda: np.empty(0, np.int32))  # places, by mid
    mids: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    table: Ints = field(default_factory=lambda: np.empty((0, 0), np.int64))
    days: AnyInts = field(default_factory=lambda: np.empty(0, np.int32))  # of lines

    def hear(self, name: str, what: Any) -> None:
        """Take what a stage has done."""
        hears: dict[str, Callable[[Any], None]] = {
            "fallback": self._fallback,
            "cards": self._cards,
            "settlements": self._blind,
            "posted": self._posted,
        }
        hears[name](what)

    def _fallback(self, what: Fallback) -> None:
        payments, lines, left, right = what.payments, what.lines, what.left, what.right
        self.frames["pool_payments"] = {
            "id": payments.ids[left].astype(np.int64),
            "store": payments.store[left].astype(np.int64),
            "day": payments.day[left].astype(np.int64),
            "amount": payments.amount[left],
            "plain": payments.amount[left] - payments.tip[left],
        }
        self.frames["pool_lines"] = {
            "id": lines.ids[right].astype(np.int64),
            "mid": lines.mid[right].astype(np.int64),
            "day": lines.day[right].astype(np.int64),
            "gross": lines.gross[right],
        }

    def _cards(self, what: Settled) -> None:
        self.mids, self.table, self.store_of_mid = what.mids, what.table, what.store_of_mid
        self.days = what.lines.day
        payments = what.payments
        voids = payments.ids[payments.kind == VOID]
        undone = np.zeros(len(voids), np.int64)
        for at, sale in payments.undone(voids):
            undone[at] = sale
        self.frames["voids"] = {"id": voids.astype(np.int64), "orig": undone}

    def _blind(self, what: Settlements) -> None:
        one = what.one
        columns = {name: getattr(one, name).astype(np.int64) for name in BLIND}
        ids = what.line_ids[one.row].astype(np.int64)
        self.frames["blind"] = {"id": ids, "day": self.days[one.row].astype(np.int64), **columns}

    def _posted(self, what: Posted) -> None:
        payments, postings = what.payments, what.postings
        watched = np.union1d(what.lost, what.odd).astype(np.int64)
        named = payments.by_id.find(postings.ref[watched])
        of_ref = np.where(named >= 0, payments.order[np.maximum(named, 0)], 0) if len(payments) else watched * 0
        of_doc = documents(what.reader, postings.doc[watched])
        if what.documented is not None:
            lost, orders = what.documented
            place = np.searchsorted(watched, lost)
            of_doc[place] = orders
        self.frames["lost"] = {
            "id": postings.ids[watched].astype(np.int64),
            "doc": postings.doc[watched].astype(np.int64),
            "of_ref": of_ref.astype(np.int64),
            "of_doc": of_doc,
        }
        by_amount = np.flatnonzero((postings.source == PAY) & (what.rule_of == 2))  # noqa: PLR2004 - BY_AMOUNT
        stray = np.union1d(by_amount, np.flatnonzero((postings.source == PAY) & (what.owner < 0)))
        bare = np.union1d(np.flatnonzero((what.posting_of < 0) & what.detail), what.owner[by_amount])
        self.frames["stray"] = _where(postings, stray.astype(np.int64))
        self.frames["unposted"] = _where(payments, bare.astype(np.int64))

    def mid_frames(self, stores: Stores) -> None:
        """The merchant numbers as frames: which store each is, and what was counted."""
        known = self.store_of_mid >= 0
        self.frames["mids"] = {"mid": self.mids[known], "store": stores.ids[self.store_of_mid[known]]}
        row, column = np.nonzero(self.table)
        self.frames["counts"] = {"mid": self.mids[row], "store": column, "count": self.table[row, column]}
        self.frames["all_mids"] = {"mid": self.mids, "place": self.store_of_mid.astype(np.int64)}


def _where(table: Any, rows: Ints) -> Frame:
    columns = {name: getattr(table, name)[rows].astype(np.int64) for name in ("store", "day", "amount")}
    return {"id": table.ids[rows].astype(np.int64), **columns}


def of_batches(batches: Batches) -> Frame:
    """All batches as a frame."""
    return {"id": batches.ids, **{name: getattr(batches, name).astype(np.int64) for name in BATCH}}


def cash_of(payments: Payments, cash: int) -> Frame:
    """Cash by store, currency and business day."""
    rows = np.flatnonzero(payments.tender == cash)
    keys = np.stack([getattr(payments, name)[rows].astype(np.int64) for name in ("store", "currency", "day")])
    found, place = np.unique(keys, axis=1, return_inverse=True)
    amount = np.zeros(found.shape[1], np.int64)
    np.add.at(amount, place.ravel(), payments.amount[rows])
    columns = {"store": found[0], "currency": found[1], "day": found[2], "amount": amount}
    return {name: column[amount != 0] for name, column in columns.items()}


def write_odds(folder: Path, odds: KnownOdds) -> None:
    """Write the odds that a run used, in the order of their keys."""
    found = sorted(odds.used.items())
    table = np.zeros(len(found), [("key", "V16"), ("odds", np.float64, len(found[0][1]) if found else 0)])
    for row, (key, values) in zip(table, found, strict=True):
        row["key"], row["odds"] = key, values
    np.save(folder / ODDS, table)
    _write_paths(folder, odds.paths.used)


def _write_paths(folder: Path, paths: Mapping[Lane, Begun]) -> None:
    """One row a lane, and the rows of all their units in one table."""
    found = sorted(paths.items())
    heads = np.zeros(len(found), HEAD)
    for row, (lane, one) in zip(heads, found, strict=True):
        row["lane"], row["digest"], row["units"] = lane, one.digest, len(one.came)
        row["places"], row["cost"][: len(one.cost)] = len(one.cost), one.cost
    np.save(folder / PATHS[0], heads)
    np.save(folder / PATHS[1], np.concatenate([np.empty((0, WIDTH), np.uint8), *(one.came for _, one in found)]))


def _read_paths(folder: Path) -> KnownPaths:
    heads, came = (np.load(folder / name) for name in PATHS)
    ends = np.cumsum(heads["units"]).tolist()
    found: dict[Lane, Begun] = {}
    for row, start, end in zip(heads, [0, *ends], ends, strict=False):
        account, brand, currency, store = row["lane"].tolist()
        begun = Begun(row["digest"].tobytes(), came[start:end], row["cost"][: row["places"]])
        found[account, brand, currency, store] = begun
    return KnownPaths(found)


def read_odds(folder: Path) -> KnownOdds:
    """Read them again."""
    table = np.load(folder / ODDS)
    known = dict(zip((key.tobytes() for key in table["key"]), table["odds"], strict=True))
    return KnownOdds(known, paths=_read_paths(folder))


def write(folder: Path, frames: dict[str, Frame]) -> None:
    """Write all frames into a folder."""
    for name, frame in frames.items():
        tables.write(folder / f"{name}.arrow", frame)


def read(folder: Path) -> dict[str, Frame]:
    """Read them again."""
    return {
        path.stem: tables.read_narrow(path) if path.stem in LONG else tables.read(path)
        for path in sorted(folder.glob("*.arrow"))
    }
