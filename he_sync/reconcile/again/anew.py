"""What is matched anew each night, being little: deposits with the bank and the ledger, and lines without a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from he_sync.reconcile.again import kept, tables
from he_sync.reconcile.again.bank import Bank
from he_sync.reconcile.again.day_links import difference
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.again.touched import ANY, KEYS, Leg
from he_sync.reconcile.chain.bank import STAGE
from he_sync.reconcile.chain.blind_lines import Unbatched
from he_sync.reconcile.chain.close import Cents
from he_sync.reconcile.chain.deposits import Settlements

if TYPE_CHECKING:
    from he_sync.reconcile.again.night import Night

WAY = ("batch_id", "by_way_of_batch", "automatic")
OPEN = {
    "card": {
        "pool_payments": "pos_payments",
        "voids": "pos_payments",
        "pool_lines": "settlement_lines",
        "blind": "settlement_lines",
    },
    "post": {"lost": "gl_lines", "stray": "gl_lines", "unposted": "pos_payments"},
}
"""What stays open, by the leg that says so and the relation whose records it names."""


class Anew:
    """The bank's side of a night."""

    def __init__(self, night: Night) -> None:
        self.night = night
        self.kept: dict[str, Frame] = {}  # links by deposit, for the next run
        self.bank_frames: dict[str, Frame] = {}

    def cents_in_transit(self) -> Cents:
        """All deposits anew, from batches, bank lines, deposit postings, and lines that no batch is known of."""
        night, stages = self.night, self.night.stages
        self._merge_open()
        self._merge_cash()
        one = _unbatched(night.frames["blind"])
        count = len(one.row)
        store_of = night.store_of(stages.batches.mid, night.parts["card_now"])
        settlements = Settlements(
            night.frames["blind"]["id"].astype(np.int64), np.full(count, -1, np.int32), one, store_of
        )
        self.bank = Bank(night, settlements)
        return self.bank.run()

    def _merge_open(self) -> None:
        """What is open after this run: what was, less what was touched, and what is of it now."""
        for leg, names in OPEN.items():
            keeper = self.night.parts[f"{leg}_now"].keeper
            for name, relation in names.items():
                touched = f"SELECT {KEYS[relation]} AS id FROM {leg}_was.{relation}"
                gone = tables.fetch(self.night.run, touched)["id"]
                self.night.frames[name] = tables.merged(self.night.frames[name], gone, keeper.frames[name])

    def _merge_cash(self) -> None:
        """Cash of files that came is more, of files that went is less."""
        night = self.night
        tables.show(night.books.connection, "kept_cash", night.frames["cash"])
        moved = " UNION ALL ".join(
            f"SELECT store_id, list_position(?, currency) - 1, business_date - DATE '1970-01-01', {sign}amount_cents"
            f" FROM {schema}.pos_payments WHERE tender = 'cash'"
            for schema, sign in (("came", ""), ("went", "-"))
        )
        sql = (
            f"SELECT store, currency, day, sum(amount)::BIGINT AS amount FROM (FROM kept_cash UNION ALL {moved})"
            " GROUP BY ALL HAVING sum(amount) <> 0 ORDER BY ALL"
        )
        names = list(night.codes.currencies)
        night.frames["cash"] = tables.fetch(night.run, sql, [names, names])

    def links(self) -> None:
        """Links by deposit that are others than before, and the lines of batches that were paid otherwise before."""
        night, found, bank = self.night, self.bank.found.links, self.night.stages.bank
        night.dated({"BD": ("right", bank.ids, bank.day), "DG": ("left", bank.ids, bank.day)})
        before = self._earlier("BD")
        self._changed("BD", *self.bank.links("BD", "right", before))
        self._changed("DG", *self.bank.links("DG", "left", self._earlier("DG")))
        lines = "left", night.frames["blind"]["id"], night.frames["blind"]["day"]
        night.dated({"LB": lines, "LD": lines})
        for name in ("LB", "LD"):
            frame = night.links.frame(name, found[name])
            self._changed(f"{name} inferred", frame, *difference(self._earlier(f"{name} inferred"), frame))
        self._paid_lines(before, self.kept["BD"])

    def _changed(self, name: str, frame: Frame, less: Frame, more: Frame) -> None:
        """Take links as they are now, those that are no more, and those that are new."""
        self.kept[name] = frame
        self.night.less.setdefault(name.split(maxsplit=1)[0], []).append(less)
        self.night.more.setdefault(name.split(maxsplit=1)[0], []).append(more)

    def _earlier(self, name: str) -> Frame:
        """The earlier run's links of one kept frame, its kinds numbered as this run numbers them."""
        frame = self.night.frames[f"links {name}"]
        own = [self.night.links.kind_of((stage, rule, how)) for stage, rule, how in self.night.before.noted["kinds"]]
        return {**frame, "kind": np.array(own, np.int32)[frame["kind"]]}

    def _paid_lines(self, was: Frame, now: Frame) -> None:
        """Touched lines, and those of batches that other bank lines paid before, to the bank lines of their batch."""
        night = self.night
        paid = [self._by_statement(frame) for frame in (was, now)]
        tables.show(night.books.connection, "kept_paid", paid[0])
        tables.show(night.books.connection, "paid", paid[1])
        other = np.union1d(*(one["batch"] for one in difference(*paid)))
        tables.show(night.books.connection, "paid_otherwise", {"id": other})
        tables.show(night.books.connection, "batches_now", kept.of_batches(night.stages.batches))
        leg = Leg(night.reach, "way", settlement_lines=ANY)
        night.run("INSERT INTO way_more.settlement_lines FROM card_more.settlement_lines")
        leg.fetch("settlement_lines", "t.batch_id", "FROM paid_otherwise")
        night.less.setdefault("LD", []).append(self._way("way_was", "kept_paid", "kept_batches"))
        night.more.setdefault("LD", []).append(self._way("way_now", "paid", "batches_now"))

    def _by_statement(self, links: Frame) -> Frame:
        """Batches and the bank lines that paid them, found on the statement."""
        stage = [place for place, kind in enumerate(self.night.links.kinds) if kind[0] == STAGE]
        here = np.isin(links["kind"], stage)
        return {"batch": links["left"][here], "bank": links["right"][here]}

    def _way(self, schema: str, paid: str, batches: str) -> Frame:
        """Lines to bank lines by way of their batch."""
        sql = (
            'SELECT txn_date - DATE \'1970-01-01\' AS day, line_id AS "left", bank AS "right"'
            f" FROM {schema}.settlement_lines l JOIN {paid} p ON l.batch_id = p.batch JOIN {batches} b"
            " ON b.id = l.batch_id AND b.currency = list_position(?, l.currency) - 1"
        )
        frame = tables.fetch(self.night.run, sql, [list(self.night.codes.currencies)])
        count = len(frame["left"])
        frame |= {"kind": np.full(count, self.night.links.kind_of(WAY), np.int64), "others": np.zeros(count, np.int64)}
        return self.night.links.ordered(frame)


def _unbatched(frame: Frame) -> Unbatched:
    """The kept lines without a batch in the order of their ids."""
    return Unbatched(
        row=np.arange(len(frame["id"]), dtype=np.int32),
        store=frame["store"].astype(np.int32),
        brand=frame["brand"].astype(np.int16),
        currency=frame["currency"].astype(np.int16),
        time=frame["time"].astype(np.int64),
        timed=frame["timed"].astype(np.bool_),
        amount=frame["amount"].astype(np.int64),
        fee=frame["fee"].astype(np.int64),
    )
