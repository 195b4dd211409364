"""The run itself: touched groups as they were and as they are, deposits anew, and the earlier result between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from he_sync.reconcile.again import kept, tables
from he_sync.reconcile.again.anew import Anew
from he_sync.reconcile.again.breaks import Breaks
from he_sync.reconcile.again.day_links import DayLinks, difference
from he_sync.reconcile.again.kept import BATCH
from he_sync.reconcile.again.manifest import BREAKS, FOLDER, ORDERS, SMALL, Earlier
from he_sync.reconcile.again.part import Part, codes_of
from he_sync.reconcile.again.reach import Reach
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.again.touched import ANY, Leg, touched_cards, touched_orders, touched_postings
from he_sync.reconcile.chain.arrays import Batches, Codes
from he_sync.reconcile.chain.close import Cents, close
from he_sync.reconcile.chain.deposits import match_batches
from he_sync.reconcile.chain.found import Break, Found
from he_sync.reconcile.chain.keys import AnyInts, Places, find
from he_sync.reconcile.chain.orders import match_orders
from he_sync.reconcile.chain.outcome import BANK, FEES, GL, SETTLED, Identity
from he_sync.reconcile.chain.rules import RuleSet
from he_sync.reconcile.chain.settled import Learned
from he_sync.reconcile.chain.stages import Stages
from he_sync.reconcile.given import Books

ROWWISE = ("VO", "PL", "PG", "PS")
BY_DEPOSIT = ("LB", "BD", "DG", "LD")
INFERRED = "inferred_cut_off"
WAY = ("batch_id", "by_way_of_batch")


class Fallen(Exception):
    """What was learned from all records is another than before, so that untouched ones may end otherwise."""


@dataclass
class Result:
    """What a run over parted books found; `earlier` is what it built on."""

    stages: Stages
    identities: dict[str, dict[str, Identity]]
    breaks: Breaks
    counts: Counter[tuple[str, str, str, str]]
    noted: dict[str, Any]
    frames: dict[str, Frame]


class Night:
    """One run on top of an earlier one. Raises Fallen where that cannot be shown to give the whole run's result."""

    def __init__(self, books: Books, rules: RuleSet, before: Earlier) -> None:
        self.books, self.rules, self.before = books, rules, before
        self.run = books.connection.execute
        self.frames = kept.read(before.out / FOLDER)
        self.found = Found(keep=True)
        self.reach = Reach(books, before)
        self.stages = Stages(books, rules, self.found, self._codes())
        self.stages.odds = kept.read_odds(before.out / FOLDER)
        self.codes: Codes = self.stages.codes
        if list(self.codes.currencies) != before.noted["currencies"]:
            raise Fallen("there are other currencies")
        self.now = {"as_of": self.stages.as_of, "known": max(self.stages.as_of, self.reach.last_line)}
        self.was = {name: before.noted[name] for name in ("as_of", "known")}
        self.minus: list[Break] = []
        self.plus: list[Break] = []
        self.parts: dict[str, Part] = {}
        self.links = DayLinks()
        self.less: dict[str, list[Frame]] = {}
        self.more: dict[str, list[Frame]] = {}
        self.checked: set[int] = set()  # batches
        self.anew = Anew(self)

    def result(self) -> Result:
        """Run every leg and put the result together."""
        self._batches_touched()
        self._orders()
        self._cards()
        self._postings()
        transit = self.anew.cents_in_transit()
        self.anew.links()
        return self._together(transit)

    def _codes(self) -> Codes | None:
        """Codes of the whole books; None where only all rows tell: several currencies, of which one may have gone."""
        if all("currency" not in raw.types for raw in self.books.raws.values()):
            return codes_of(self.books, set(), ())
        if any(self.before.went.values()) or not all(name in self.books.noted for name in SMALL):
            return None
        return codes_of(self.books, set(self.before.noted["currencies"]), ("came",))

    def _batches_touched(self) -> None:
        tables.show(self.books.connection, "kept_batches", self.frames["batches"])
        mine = kept.of_batches(self.stages.batches)
        self.batches_changed = difference(self.frames["batches"], mine)
        ids = np.union1d(*(one["id"] for one in self.batches_changed))
        tables.show(self.books.connection, "batches_touched", {"id": ids})

    def _part(self, leg: str, side: str) -> Part:
        part = Part(self.stages, f"{leg}_{side}", self.now if side == "now" else self.was)
        self.parts[f"{leg}_{side}"] = part
        return part

    def _orders(self) -> None:
        if not all(name in self.before.came for name in ORDERS):
            return
        leg = touched_orders(self.reach)
        for side in ("now",) if leg.was_nothing else ("was", "now"):
            part = self._part("sale", side)
            match_orders(part.stages.reader, part.found)
            self._take_breaks(part, side)

    def _take_breaks(self, part: Part, side: str) -> None:
        found = [one for one in part.found.breaks if one.table != "batches"]
        (self.minus if side == "was" else self.plus).extend(found)

    def _cards(self) -> None:
        tables.show(self.books.connection, "kept_all_mids", self.frames["all_mids"])
        new = "FROM came.settlement_lines ANTI JOIN kept_all_mids USING (mid) LIMIT 1"
        if self.run(new).fetchall():
            raise Fallen("a merchant number is new")
        touched_cards(self.reach, self.frames, self.was["known"])
        mids, place = self.frames["all_mids"]["mid"], self.frames["all_mids"]["place"].astype(np.int32)
        table = np.zeros((len(mids), max(len(self.stages.stores.ids), 1)), np.int64)
        counts = self.frames["counts"]
        table[find(mids, counts["mid"]), counts["store"]] = counts["count"]
        if not table.any(axis=1).all():  # whose it is was learned from amounts of all lines
            raise Fallen("no reference tells whose a merchant number is")
        was = self._matched("was", Learned(mids, table * 0, place))
        table -= was.keeper.table
        now = self._matched("now", Learned(mids, table))
        if not (table + now.keeper.table).any(axis=1).all() or not np.array_equal(now.keeper.store_of_mid, place):
            raise Fallen("a merchant number is another store's")
        now.keeper.table = now.keeper.table + table
        self._payouts(now)

    def _matched(self, side: str, learned: Learned) -> Part:
        part = self._part("card", side)
        part.stages.learned = learned
        part.stages.batches = self._batches(part, side)
        payments = part.stages.reader.payments()
        part.stages.cards(payments)
        days = payments.ids, payments.day
        lines = part.stages.reader.lines()
        self.dated({"VO": ("left", *days), "PL": ("left", *days), "LB": ("left", lines.ids, lines.day)})
        self._take_breaks(part, side)
        self._take_links(part, side, "VO", "PL", "LB")
        return part

    def _batches(self, part: Part, side: str) -> Batches:
        """The batches that lines of a part name."""
        named = np.unique(part.stages.reader.lines().batch).astype(np.int64)
        if side == "now":
            return _some(self.stages.batches, named)
        frame = self.frames["batches"]
        small = {"brand": np.int16, "currency": np.int16, "day": np.int32}
        columns = {name: frame[name].astype(small.get(name, np.int64)) for name in BATCH}
        return _some(Batches(ids=frame["id"], **columns), named)

    def dated(self, days: Mapping[str, tuple[str, AnyInts, AnyInts]]) -> None:
        """Say which side of a relation's links has a day, and the days of its table."""
        self.links.dated |= days

    def _take_links(self, part: Part, side: str, *relations: str) -> None:
        for name in relations:
            frame = self.links.frame(name, part.found.links[name])
            (self.less if side == "was" else self.more).setdefault(name, []).append(frame)

    def _payouts(self, now: Part) -> None:
        """Batches that have other lines than before, or are other ones, are checked anew over all their lines."""
        leg = Leg(self.reach, "batch", settlement_lines=ANY)
        both = "SELECT batch_id AS id FROM (FROM came.settlement_lines UNION ALL FROM went.settlement_lines)"
        self.run(f"CREATE TEMP TABLE checked AS FROM batches_touched UNION {both} WHERE batch_id <> 0")
        leg.fetch("settlement_lines", "t.batch_id", "FROM checked")
        ids = tables.fetch(self.run, "FROM checked ORDER BY id")["id"]
        part = self._part("batch", "now")
        some = _some(self.stages.batches, ids)
        lines = part.stages.reader.lines()
        match_batches(lines, some, self.stages.stores, self.store_of(some.mid, now), part.found)
        self.checked = set(ids.tolist())
        self.plus += part.found.breaks

    def store_of(self, mids: AnyInts, now: Part) -> Places:
        """The position of each merchant number's store, as a whole run takes it."""
        place = find(now.keeper.mids, mids)
        found: Places = np.where(place >= 0, now.keeper.store_of_mid[place], now.keeper.store_of_mid[-1])
        return found

    def _postings(self) -> None:
        touched_postings(self.reach, self.frames)
        for side in ("was", "now"):
            part = self._part("post", side)
            payments = part.stages.reader.payments()
            part.stages.post(payments)
            self.dated(dict.fromkeys(("PG", "PS"), ("left", payments.ids, payments.day)))
            self._take_breaks(part, side)
            self._take_links(part, side, "PG", "PS")

    def _together(self, transit: Cents) -> Result:
        """Breaks, identities, counts, and what the next run builds on."""
        cards = [self.parts[f"card_{side}"] for side in ("was", "now")]
        posts = [self.parts[f"post_{side}"] for side in ("was", "now")]
        noted = {**self.before.noted, "dates": self.reach.dates}
        self.anew.bank_frames, noted["bank"] = self.anew.bank.state()
        for name, (was, now) in {"coming": cards, SETTLED: cards, FEES: cards, GL: posts}.items():
            total = Counter(noted["cents"][name])
            total.subtract(was.cents(name))
            total.update(now.cents(name))
            noted["cents"] = {**noted["cents"], name: dict(total)}
        breaks = self._breaks()
        _, self.found.breaks = breaks.totals
        stages = self.stages
        code = {name: i for i, name in enumerate(self.codes.currencies)}
        cents = {name: Counter({code[key]: value for key, value in some.items()}) for name, some in
                 noted["cents"].items()}  # fmt: skip
        stages.differing |= {name: cents[name] for name in (SETTLED, FEES, GL)}
        identities = close(self.found, stages.differing, {BANK: transit, SETTLED: cents["coming"]}, self.codes)
        due = noted["rows"]["card_payments"] + sum(
            sign * part.stages.rows["card_payments"] for sign, part in zip((-1, 1), cards, strict=True))  # fmt: skip
        stages.rows = {name: self.books.rows[name] for name in ("pos_payments", "settlement_lines", "gl_lines")}
        stages.rows["card_payments"] = due
        return Result(stages, identities, breaks, self._counts(), noted, self._kept())

    def _breaks(self) -> Breaks:
        """The earlier breaks, less those of the bank, of checked batches and of touched records, with those of now."""
        before = Breaks.read(self.before.out / FOLDER / BREAKS)
        checked = np.isin(before.numbers["record"], np.array(sorted(self.checked), np.int64))
        gone = before.coded("table", "bank_lines") | (before.coded("table", "batches") & checked)
        try:
            return before.without(np.flatnonzero(gone)).changed(self.minus, [*self.plus, *self.anew.bank.found.breaks])
        except LookupError as one:
            raise Fallen(f"an earlier break is not found again ({one})") from None

    def _counts(self) -> Counter[tuple[str, str, str, str]]:
        counts = Counter({tuple(key): count for *key, count in self.before.noted["counts"]})
        for sign, side in ((-1, self.less), (1, self.more)):
            for relation, frames in side.items():
                for frame in frames:
                    for kind, many in zip(*(part.tolist() for part in np.unique(frame["kind"], return_counts=True)),
                                          strict=True):  # fmt: skip
                        counts[relation, *self.links.kinds[kind]] += sign * many
        return Counter({key: count for key, count in counts.items() if count})

    def _kept(self) -> dict[str, Frame]:
        keeper = self.parts["card_now"].keeper
        keeper.mid_frames(self.stages.stores)
        self.frames |= {name: keeper.frames[name] for name in ("mids", "counts", "all_mids")}
        self.frames["batches"] = kept.of_batches(self.stages.batches)
        self.frames |= self.anew.bank_frames
        return self.frames | {f"links {name}": frame for name, frame in self.anew.kept.items()}

    def write_links(self, path: Path) -> None:
        """Write the files of links into a new folder. Raises Fallen, and then what it wrote is of no use."""
        path.mkdir()
        self.links.path = path
        less, more = ({name: _joined(frames) for name, frames in side.items()} for side in (self.less, self.more))
        for name in set(less) | set(more):
            empty = {key: np.empty(0, np.int64) for key in ("day", "left", "right", "kind", "others")}
            less[name], more[name] = difference(less.get(name, empty), more.get(name, empty))
        try:
            self.links.change(self.before.out / "links", less, more)
        except LookupError as relation:
            raise Fallen(f"an earlier link of {relation} is not found again") from None
        finally:
            self.links.close()


def _joined(frames: list[Frame]) -> Frame:
    return {name: np.concatenate([one[name] for one in frames]) for name in frames[0]}


def _some(batches: Batches, ids: AnyInts) -> Batches:
    """Those of some ids."""
    here = np.flatnonzero(np.isin(batches.ids, ids))
    return Batches(**{one.name: getattr(batches, one.name)[here] for one in fields(Batches)})
