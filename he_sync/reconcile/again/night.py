"""The run itself: touched groups as they were and as they are, deposits anew, and the earlier result between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from he_sync.reconcile.again import breaks as kept_breaks
from he_sync.reconcile.again import kept, tables
from he_sync.reconcile.again.day_links import DayLinks, difference
from he_sync.reconcile.again.kept import BATCH, BLIND, Keeper
from he_sync.reconcile.again.manifest import ORDERS, Earlier
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.again.touched import KEYS, Leg, touched_cards, touched_orders, touched_postings
from he_sync.reconcile.chain.arrays import BankLines, Batches, Codes
from he_sync.reconcile.chain.bank import STAGE
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.close import Cents, close
from he_sync.reconcile.chain.deposits import BATCH as BY_BATCH
from he_sync.reconcile.chain.deposits import Settlements, match_batches
from he_sync.reconcile.chain.expected import banked
from he_sync.reconcile.chain.found import Break, Found
from he_sync.reconcile.chain.keys import Places, find
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


class Fallen(Exception):  # noqa: N818 - no error: the whole run is made instead
    """What was learned from all records is another than before, so that untouched ones may end otherwise."""


@dataclass
class Result:
    """What a run over parted books found; `earlier` is what it built on."""

    stages: Stages
    identities: dict[str, dict[str, Identity]]
    breaks: list[Break]
    counts: Counter[tuple[str, str, str, str]]
    noted: dict[str, Any]
    frames: dict[str, Frame]


class Part:
    """Stages over the touched records of one schema."""

    def __init__(self, night: Night, schema: str, when: Mapping[str, int]) -> None:
        self.schema, self.found, self.keeper = schema, Found(keep=True), Keeper()
        self._night = night
        with self.here():
            self.stages = Stages(night.books, night.rules, self.found, night.codes)
        self.stages.as_of, self.stages.last_line = when["as_of"], when["known"]
        self.stages.keep = self.keeper.hear

    @contextmanager
    def here(self) -> Iterator[None]:
        """Names of relations mean this schema's."""
        run = self._night.books.connection.execute
        run(f"SET schema = '{self.schema}'")
        try:
            yield
        finally:
            run("SET schema = 'main'")

    def cents(self, name: str) -> Counter[str]:
        """An identity's difference by currency name."""
        found = self.stages.coming if name == "coming" else self.stages.differing.get(name, Counter())
        return Counter({self._night.codes.currencies[code]: cents for code, cents in found.items()})


class Night:
    """One run on top of an earlier one. Raises Fallen where that cannot be shown to give the whole run's result."""

    def __init__(self, books: Books, rules: RuleSet, before: Earlier) -> None:
        self.books, self.rules, self.before = books, rules, before
        self.run = books.connection.execute
        self.frames = kept.read(before.out / kept.FOLDER)
        self.found = Found(keep=True)
        self.stages = Stages(books, rules, self.found)
        self.codes: Codes = self.stages.codes
        if list(self.codes.currencies) != before.noted["currencies"]:
            raise Fallen("there are other currencies")
        ((last,),) = self.run("SELECT max(txn_date) - DATE '1970-01-01' FROM settlement_lines").fetchall()
        self.now = {"as_of": self.stages.as_of, "known": max(self.stages.as_of, int(last or 0))}
        self.was = {name: before.noted[name] for name in ("as_of", "known")}
        self.minus: list[Break] = []
        self.plus: list[Break] = []
        self.parts: dict[str, Part] = {}
        self.links = DayLinks()
        self.less: dict[str, list[Frame]] = {}
        self.more: dict[str, list[Frame]] = {}

    def result(self) -> Result:
        """Run every leg and put the result together."""
        self._files()
        self._orders()
        self._cards()
        self._postings()
        transit = self._deposits()
        self._by_way_of_batches()
        return self._together(transit)

    def _files(self) -> None:
        self.run("CREATE SCHEMA came; CREATE SCHEMA went")
        if "erp_orders" not in self.before.came:
            for schema in ("main", "came", "went"):
                self.run(f"CREATE TABLE {schema}.erp_orders (erp_doc BIGINT, order_id BIGINT)")
        for name in self.before.came:
            self.books.show(f"came.{name}", name, self.before.came[name])
            self.books.show(f"went.{name}", name, self.before.went[name])
        tables.show(self.books.connection, "kept_batches", self.frames["batches"])
        mine = kept.of_batches(self.stages.batches)
        one, other = difference(self.frames["batches"], mine)
        ids = np.union1d(one["id"], other["id"])
        tables.show(self.books.connection, "batches_touched", {"id": ids})

    def _schema(self, schema: str) -> None:
        """The relations that every stage asks for, where the leg has none of its own."""
        have = {name for (name,) in self.run(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", [schema]).fetchall()}  # fmt: skip
        self.run(f"CREATE VIEW {schema}.stores AS FROM main.stores")
        for name in ("bank_lines", "batches"):
            if name not in have:
                self.run(f"CREATE VIEW {schema}.{name} AS FROM main.{name} LIMIT 0")
        if self.stages.reader.has("rates"):
            self.run(f"CREATE VIEW {schema}.rates AS FROM main.rates")

    def _part(self, leg: str, side: str) -> Part:
        self._schema(f"{leg}_{side}")
        part = Part(self, f"{leg}_{side}", self.now if side == "now" else self.was)
        self.parts[f"{leg}_{side}"] = part
        return part

    def _orders(self) -> None:
        if not all(name in self.before.came for name in ORDERS):
            return
        touched_orders(self.books.connection)
        for side in ("was", "now"):
            part = self._part("sale", side)
            with part.here():
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
        touched_cards(self.books.connection, self.frames, self.was["known"])
        mids, place = self.frames["all_mids"]["mid"], self.frames["all_mids"]["place"].astype(np.int32)
        table = np.zeros((len(mids), max(len(self.stages.stores.ids), 1)), np.int64)
        counts = self.frames["counts"]
        table[find(mids, counts["mid"]), counts["store"]] = counts["count"]
        was = self._matched("was", Learned(mids, table * 0, place))
        table -= was.keeper.table
        now = self._matched("now", Learned(mids, table))
        if not np.array_equal(now.keeper.store_of_mid, place):
            raise Fallen("a merchant number is another store's")
        now.keeper.table = now.keeper.table + table
        self._payouts(now)

    def _matched(self, side: str, learned: Learned) -> Part:
        part = self._part("card", side)
        part.stages.learned = learned
        part.stages.batches = self._batches(side)
        with part.here():
            payments = part.stages.reader.payments()
            part.stages.cards(payments)
            days = payments.ids, payments.day
            lines = part.stages.reader.lines()
            self._dated({"VO": ("left", *days), "PL": ("left", *days), "LB": ("left", lines.ids, lines.day)})
        self._take_breaks(part, side)
        self._take_links(part, side, "VO", "PL", "LB")
        return part

    def _batches(self, side: str) -> Batches:
        if side == "now":
            return self.stages.batches
        frame = self.frames["batches"]
        small = {"brand": np.int16, "currency": np.int16, "day": np.int32}
        columns = {name: frame[name].astype(small.get(name, np.int64)) for name in BATCH}
        return Batches(ids=frame["id"], **columns)

    def _dated(self, days: dict[str, Any]) -> None:
        self.links.dated |= days

    def _take_links(self, part: Part, side: str, *relations: str) -> None:
        for name in relations:
            frame = self.links.frame(name, part.found.links[name])
            (self.less if side == "was" else self.more).setdefault(name, []).append(frame)

    def _payouts(self, now: Part) -> None:
        """Batches that have other lines than before, or are other ones, are checked anew over all their lines."""
        leg = Leg(self.books.connection, "batch", "settlement_lines")
        both = "SELECT batch_id AS id FROM (FROM came.settlement_lines UNION ALL FROM went.settlement_lines)"
        self.run(f"CREATE TEMP TABLE checked AS FROM batches_touched UNION {both} WHERE batch_id <> 0")
        leg.begin("settlement_lines")
        leg.fetch("settlement_lines", "t.batch_id", "FROM checked")
        ids = tables.fetch(self.books.connection, "FROM checked ORDER BY id")["id"]
        part = self._part("batch", "now")
        here = np.flatnonzero(np.isin(self.stages.batches.ids, ids))
        some = Batches(**{one.name: getattr(self.stages.batches, one.name)[here] for one in fields(Batches)})
        with part.here():
            lines = part.stages.reader.lines()
            match_batches(lines, some, self.stages.stores, self._store_of(some, now), part.found)
        self.checked = set(ids.tolist())
        self.plus += part.found.breaks

    def _store_of(self, batches: Batches, now: Part) -> Places:
        place = find(now.keeper.mids, batches.mid)
        found: Places = np.where(place >= 0, now.keeper.store_of_mid[place], now.keeper.store_of_mid[-1])
        return found

    def _postings(self) -> None:
        touched_postings(self.books.connection, self.frames)
        for side in ("was", "now"):
            part = self._part("post", side)
            with part.here():
                payments = part.stages.reader.payments()
                part.stages.post(payments)
                self._dated({name: ("left", payments.ids, payments.day) for name in ("PG", "PS")})
            self._take_breaks(part, side)
            self._take_links(part, side, "PG", "PS")

    def _deposits(self) -> Cents:
        """All deposits anew, from batches, bank lines, deposit postings, and lines that no batch is known of."""
        stages, cards = self.stages, self.parts["card_now"]
        self._merge_open()
        blind = self.frames["blind"]
        kinds = {"row": np.int32, "store": np.int32, "brand": np.int16, "currency": np.int16, "timed": np.bool_}
        columns = {name: blind[name].astype(kinds.get(name, np.int64)) for name in BLIND}
        count = len(blind["id"])
        one = Unbatched(row=np.arange(count, dtype=np.int32), **columns)
        store_of = self._store_of(stages.batches, cards)
        settlements = Settlements(blind["id"], np.full(count, -1, np.int32), one, store_of)
        cash = self.frames["cash"]
        due = banked(*(cash[name] for name in ("store", "currency", "day", "amount")), stages.funding(store_of))
        stores = ", ".join(map(str, [-1, *self.stages.stores.ids[np.unique(one.store)].tolist()]))
        self.run(
            "CREATE SCHEMA bank_now; CREATE TABLE bank_now.gl_lines AS FROM main.gl_lines"
            f" WHERE source = 'DEPOSIT' OR (source = 'BATCH' AND store_id IN ({stores}))"
        )
        self.run("SET schema = 'bank_now'")
        deposits, journal = stages.deposits_and_fees(stages.reader.postings(), set(one.store.tolist()))
        self.run("SET schema = 'main'")
        return stages.bank_side(settlements, due, deposits, journal)

    def _merge_open(self) -> None:
        """What is open after this run: what was, less what was touched, and what is of it now."""
        for leg, names in (("card", {"pool_payments": "pos_payments", "pool_lines": "settlement_lines",
            "blind": "settlement_lines"}), ("post", {"lost": "gl_lines", "stray": "gl_lines",
            "unposted": "pos_payments"})):  # fmt: skip
            keeper = self.parts[f"{leg}_now"].keeper
            for name, relation in names.items():
                touched = f"SELECT {KEYS[relation]} AS id FROM {leg}_was.{relation}"
                gone = tables.fetch(self.books.connection, touched)["id"]
                self.frames[name] = tables.merged(self.frames[name], gone, keeper.frames[name])
        self._merge_cash()

    def _merge_cash(self) -> None:
        tables.show(self.books.connection, "kept_cash", self.frames["cash"])
        day = "business_date - DATE '1970-01-01'"
        code = "list_position(?, currency) - 1"
        moved = " UNION ALL ".join(
            f"SELECT store_id, {code}, {day}, {sign}amount_cents FROM {schema}.pos_payments WHERE tender = 'cash'"
            for schema, sign in (("came", ""), ("went", "-"))
        )
        names = list(self.codes.currencies)
        sql = (
            f"SELECT store, currency, day, sum(amount)::BIGINT AS amount FROM (FROM kept_cash UNION ALL {moved})"
            " GROUP BY ALL ORDER BY ALL"
        )
        found = self.run(sql, [names, names]).fetchnumpy()
        self.frames["cash"] = {name: np.asarray(column).astype(np.int64) for name, column in found.items()}

    def _by_way_of_batches(self) -> None:
        """Lines to bank lines where their batch was paid otherwise before, or where they are touched themselves."""
        bank: BankLines = self.stages.bank
        found = self.found.links
        self._dated({"BD": ("right", bank.ids, bank.day), "DG": ("left", bank.ids, bank.day)})
        now = {name: self.links.frame(name, found[name]) for name in ("BD", "DG")}
        was = {name: self._kept_links(name) for name in ("BD", "DG")}
        line = self.frames["blind"]["id"], self._days_of_blind()
        self._dated({"LB": ("left", *line), "LD": ("left", *line)})
        for name in ("LB", "LD"):
            now[f"{name} inferred"] = self.links.frame(name, found[name])
            was[f"{name} inferred"] = self._kept_links(f"{name} inferred")
        self.anew = now
        for name, frame in now.items():
            less, more = difference(was[name], frame)
            self.less.setdefault(name.split()[0], []).append(less)
            self.more.setdefault(name.split()[0], []).append(more)
        self._paid_lines(was["BD"], now["BD"])

    def _kept_links(self, name: str) -> Frame:
        frame = dict(self.frames[f"links {name}"])
        own = {i: self.links.kind_of(tuple(kind)) for i, kind in enumerate(self.before.noted["kinds"])}
        frame["kind"] = np.array([own[one] for one in range(len(own))], np.int64)[frame["kind"]]
        return frame

    def _days_of_blind(self) -> Any:
        """Transaction dates of the lines without a batch."""
        tables.show(self.books.connection, "asked_blind", {"id": self.frames["blind"]["id"]})
        sql = (
            "SELECT line_id, txn_date - DATE '1970-01-01' AS day FROM main.settlement_lines"
            " SEMI JOIN asked_blind ON line_id = id ORDER BY line_id"
        )
        return tables.fetch(self.books.connection, sql)["day"]

    def _paid_lines(self, was: Frame, now: Frame) -> None:
        stage = {place for place, kind in enumerate(self.links.kinds) if kind[0] == STAGE}
        sides = {}
        for side, frame in (("was", was), ("now", now)):
            here = np.isin(frame["kind"], sorted(stage))
            sides[side] = {"batch": frame["left"][here], "bank": frame["right"][here]}
            tables.show(self.books.connection, f"paid_{side}", sides[side])
        other = np.union1d(*(one["batch"] for one in difference(sides["was"], sides["now"])))
        tables.show(self.books.connection, "paid_otherwise", {"id": other})
        self.run("CREATE SCHEMA way_now; CREATE SCHEMA way_was")
        leg = Leg.__new__(Leg)
        leg.connection, leg.run, leg.name, leg.turn = self.books.connection, self.run, "way", 0
        for side in ("now", "was"):
            self.run(f"CREATE TABLE way_{side}.settlement_lines AS FROM card_{side}.settlement_lines")
        leg.fetch("settlement_lines", "t.batch_id", "FROM paid_otherwise")
        self.run("DELETE FROM way_was.settlement_lines")
        self.run("INSERT INTO way_was.settlement_lines FROM went.settlement_lines")
        leg.finish("settlement_lines")
        for side, batches in (("was", "kept_batches"), ("now", "now_batches")):
            if side == "now":
                tables.show(self.books.connection, "now_batches", kept.of_batches(self.stages.batches))
            self._way(side, batches)

    def _way(self, side: str, batches: str) -> None:
        sql = (
            f"SELECT txn_date - DATE '1970-01-01' AS day, line_id AS left, bank AS right FROM"
            f" way_{side}.settlement_lines l JOIN paid_{side} p ON l.batch_id = p.batch JOIN {batches} b"
            " ON b.id = l.batch_id AND b.currency = list_position(?, l.currency) - 1"
        )
        found = self.run(sql, [list(self.codes.currencies)]).fetchnumpy()
        frame = {name: np.asarray(column).astype(np.int64) for name, column in found.items()}
        frame["kind"] = np.full(len(frame["left"]), self.links.kind_of((*WAY, "automatic")), np.int64)
        frame["others"] = np.zeros(len(frame["left"]), np.int64)
        frame = self.links.ordered(frame)
        (self.less if side == "was" else self.more).setdefault("LD", []).append(frame)

    def _together(self, transit: Cents) -> Result:
        """Breaks, identities, counts, and what the next run builds on."""
        cards = [self.parts[f"card_{side}"] for side in ("was", "now")]
        posts = [self.parts[f"post_{side}"] for side in ("was", "now")]
        noted = dict(self.before.noted)
        for name, (was, now) in {"coming": cards, SETTLED: cards, FEES: cards, GL: posts}.items():
            total = Counter(noted["cents"][name])
            total.subtract(was.cents(name))
            total.update(now.cents(name))
            noted["cents"] = {**noted["cents"], name: dict(total)}
        breaks = kept_breaks.read(self.before.out / kept.FOLDER / "breaks.parquet")
        stay = [one for one in breaks if one.table != "bank_lines" and not self._is_checked(one)]
        breaks = kept_breaks.replaced(stay, self.minus, [*self.plus, *self.found.breaks])
        self.found.breaks = breaks
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

    def _is_checked(self, one: Break) -> bool:
        return one.table == "batches" and one.record in self.checked

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
        return self.frames | {f"links {name}": frame for name, frame in self.anew.items()}

    def write_links(self, path: Path) -> None:
        """Write the files of links into a new folder."""
        path.mkdir()
        self.links.path = path
        less, more = (
            {name: _joined(frames) for name, frames in side.items()} for side in (self.less, self.more)
        )
        for name in set(less) | set(more):
            empty = {key: np.empty(0, np.int64) for key in ("day", "left", "right", "kind", "others")}
            less[name], more[name] = difference(less.get(name, empty), more.get(name, empty))
        self.links.change(self.before.out / "links", less, more)
        self.links.close()


def _joined(frames: list[Frame]) -> Frame:
    joined = {name: np.concatenate([one[name] for one in frames]) for name in frames[0]}
    return joined
