"""Which records a change of files can touch: the rows of the files, and all that a rule could join with one of them.

Rows of files that came stand in schema `came`, of files that went (changed ones are both) in `went`, the new books in
`main`. Each leg gives two schemas, `<leg>_now` and `<leg>_was`: the touched records as they are and as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.alike import alike
from he_sync.reconcile.again.reach import Reach
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.card_classes import LATEST_BATCH
from he_sync.reconcile.chain.keys import Ints, among, find

KEYS = {
    "pos_payments": "payment_id",
    "settlement_lines": "line_id",
    "gl_lines": "gl_id",
    "pos_orders": "order_id",
    "erp_orders": "erp_doc",
}


NEEDED = {
    ("post", "erp_orders"): "erp_doc, order_id",
    ("post", "pos_payments"): "payment_id, order_id, store_id, business_date, tender, kind, amount_cents, currency",
}
"""By leg and relation the columns that are asked for, where these are few: each of an older file has to be decoded."""
ABOUT = 3
"""Days between the dates of records that an amount may join: a day beside, each a day off its local day."""


ANY = "true"
NAMING = "('SALE', 'REFUND', 'REJECT')"
"""Types of lines whose reference leads to a payment; a chargeback's stands for itself."""


class Leg:
    """The touched records of some relations while they are gathered."""

    def __init__(self, reach: Reach, name: str, **relations: str) -> None:
        """`relations` are those of which rows are touched, with the condition on what came and went of each."""
        self.run, self.name, self.reach, self.where = reach.run, name, reach, relations
        self.found = dict.fromkeys(relations, 0)  # rows, so far
        self._known: dict[str, int] = {}  # of these, those that the search at hand has seen before
        self._asked: dict[str, list[Ints]] = {}  # sorted keys of each search
        self.kept: Mapping[str, Frame] = {}  # of the earlier run
        self.run(f"CREATE SCHEMA {name}_now; CREATE SCHEMA {name}_was; CREATE SCHEMA {name}_more")
        for one, where in relations.items():
            columns = self._columns(one)
            self.run(f"CREATE TABLE {name}_more.{one} AS SELECT {columns} FROM came.{one} LIMIT 0")
            for schema, source in (("now", "came"), ("was", "went")):
                self.run(
                    f"CREATE VIEW {name}_{schema}.{one} AS SELECT {columns} FROM {source}.{one} WHERE {where}"
                    f" UNION ALL FROM {name}_more.{one}"
                )

    def _columns(self, relation: str) -> str:
        return NEEDED.get((self.name, relation), "*")

    def both(self, relation: str) -> str:
        """The touched rows of a relation, new and removed, as a source."""
        gone = f"SELECT {self._columns(relation)} FROM went.{relation} WHERE {self.where[relation]}"
        return f"(FROM {self.name}_now.{relation} UNION ALL {gone})"

    @property
    def first(self) -> bool:
        """Whether the search at hand sees all rows for the first time."""
        return not self._known

    def fresh(self, relation: str) -> str:
        """Those that the search at hand has not seen yet; what single rows lead to need not be asked again."""
        if self.first:
            return self.both(relation)
        return f"(FROM {self.name}_more.{relation} WHERE rowid >= {self._known[relation]})"

    def fetch(self, relation: str, columns: str, keys: str | Frame, where: str = ANY) -> None:
        """Take rows of the books that did not come whose `columns` are among the rows of `keys`, a query or its rows.

        Dates are asked for as days since 1970.
        """
        here, key = f"{self.name}_more.{relation}", KEYS[relation]
        if isinstance(keys, str):
            known = f"FROM ({keys}) w(id) ANTI JOIN {here} h ON w.id = h.{key}"
            keys = tables.fetch(self.run, known if columns == f"t.{key}" else keys)
        asked = self._unasked(f"{relation} {columns} {where}", keys)
        names, asked = self.reach.names(relation, columns, asked)
        if not names:
            return
        tables.show(self.reach.connection, "asked", asked)
        on = " AND ".join(f"{_day(mine)} = w.{theirs}" for mine, theirs in zip(columns.split(", "), asked, strict=True))
        source = self.reach.source(relation, names)
        ((new,),) = self.run(
            f"INSERT INTO {here} SELECT {self._columns(relation)} FROM {source} t SEMI JOIN asked w ON {on}"
            f" ANTI JOIN {here} h ON t.{key} = h.{key} WHERE {where}"
        ).fetchall()
        self.found[relation] += int(new)

    def take(self, relation: str, ids: Ints) -> None:
        """Take the rows with some ids, if there are any: to ask for none took 2 ms, a dozen times a night."""
        if len(ids):
            tables.show(self.reach.connection, "wanted_ids", {"id": ids})
            self.fetch(relation, f"t.{KEYS[relation]}", "FROM wanted_ids")

    @property
    def was_nothing(self) -> bool:
        """Whether no older row is touched, and none went: then there is nothing to be matched as it was."""
        return not any(self.found.values()) and not any(self.reach.before.went[one] for one in self.where)

    def _unasked(self, what: str, keys: Frame) -> Frame:
        """Keys that were not asked for before: the rows of the others are here. 0 stands for none."""
        if len(keys) > 1:
            return keys
        ((name, wanted),) = keys.items()
        new = np.sort(wanted)
        new = new[(new != 0) & (np.diff(new, prepend=0) != 0)]
        before = self._asked.setdefault(what, [])
        for one in before:
            new = new[one[np.minimum(np.searchsorted(one, new), len(one) - 1)] != new]
        if len(new):
            before.append(new)
        return {name: new}

    def closed(self, *searches: Callable[[Leg], object]) -> None:
        """Search until nothing leads to anything more; a search is not repeated where no row came since it began."""
        seen: dict[str, dict[str, int]] = {}
        while any(seen.get(one.__name__) != self.found for one in searches):
            for one in searches:
                self._known = seen.get(one.__name__, {})
                if self._known != self.found:
                    seen[one.__name__] = dict(self.found)
                    one(self)


def _day(column: str) -> str:
    """A column as it is asked for."""
    return f"({column} - DATE '1970-01-01')" if column.endswith("_date") else column


def touched_orders(reach: Reach) -> Leg:
    """Schemas `sale_*`: both sides' orders of every order id that came or went."""
    leg = Leg(reach, "sale", pos_orders=ANY, erp_orders=ANY)
    ids = f"SELECT order_id FROM {leg.both('pos_orders')} UNION ALL SELECT order_id FROM {leg.both('erp_orders')}"
    leg.run(f"CREATE OR REPLACE TEMP TABLE sold AS {ids}")
    leg.fetch("pos_orders", "t.order_id", "FROM sold")
    leg.fetch("erp_orders", "t.order_id", "FROM sold")
    return leg


def touched_cards(reach: Reach, kept: Mapping[str, Frame], known: int) -> None:
    """Schemas `card_*`: payments and lines that share a reference, a void, or may be matched by amount.

    `kept` are the earlier run's `pool_payments` and `pool_lines`, what references had left, and `mids`; `known` is the
    last day it knew of: what it held to be under way is looked at again.
    """
    for name in ("pool_payments", "mids", "voids"):
        tables.show(reach.connection, f"kept_{name}", kept[name])
    leg = Leg(reach, "card", pos_payments=ANY, settlement_lines=ANY)
    leg.kept = {**kept, "pool_lines": _with_store(kept["pool_lines"], kept["mids"])}
    leg.fetch("settlement_lines", "t.batch_id", "SELECT id FROM batches_touched WHERE id <> 0")
    way = f"SELECT id FROM kept_pool_payments WHERE day + {LATEST_BATCH} > {known}"
    leg.fetch("pos_payments", "t.payment_id", way)
    leg.closed(_shared, _voided, _pooled)


def _shared(leg: Leg) -> None:
    """Records with a reference of a touched one."""
    payments, lines = leg.fresh("pos_payments"), leg.fresh("settlement_lines")
    refs = tables.fetch(
        leg.run, f"SELECT auth_ref FROM {payments} UNION ALL SELECT auth_ref FROM {lines} WHERE type IN {NAMING}"
    )
    leg.fetch("pos_payments", "t.auth_ref", refs)
    leg.fetch("settlement_lines", "t.auth_ref", refs)


def _voided(leg: Leg) -> None:
    """Voids of touched sales, sales of touched voids."""
    payments = leg.fresh("pos_payments")
    sales = f"SELECT orig_payment_id AS id FROM {payments} WHERE kind = 'void' AND orig_payment_id <> 0"
    voids = f"SELECT id FROM kept_voids WHERE orig IN (SELECT payment_id FROM {payments})"
    leg.fetch("pos_payments", "t.payment_id", f"{sales} UNION {voids}")


def _pooled(leg: Leg) -> None:
    """What references left, in the store, with an amount and about the day of a touched record.

    A line is compared with the payments of its day and the days beside it, and a payment's local day may be the one
    beside its business date. Brand and fee narrow it further.
    """
    payments, lines = leg.fresh("pos_payments"), leg.fresh("settlement_lines")
    of_lines = f"SELECT store, gross_cents, txn_date FROM {lines} JOIN kept_mids USING (mid)"
    of_payments = f"SELECT store_id, unnest([amount_cents, amount_cents - tip_cents]), business_date FROM {payments}"
    rows = f"SELECT s, c, d - DATE '1970-01-01' AS d FROM ({of_payments} UNION ALL {of_lines}) t(s, c, d)"
    amounts = tables.fetch(leg.run, rows)
    mine = alike(leg.kept["pool_payments"], ("amount", "plain"), amounts, ABOUT)
    theirs = alike(leg.kept["pool_lines"], ("gross",), amounts, ABOUT)
    leg.take("pos_payments", mine)
    leg.take("settlement_lines", theirs)


def _with_store(lines: Frame, mids: Frame) -> Frame:
    """Lines whose merchant number is known, with its store."""
    place = find(mids["mid"], lines["mid"])
    here = np.flatnonzero(place >= 0)
    return {"store": mids["store"][place[here]], **{name: column[here] for name, column in lines.items()}}


def touched_postings(reach: Reach, kept: Mapping[str, Frame]) -> None:
    """Schemas `post_*`: payments and postings that name each other, an order's, a day line's, or equal amounts.

    `kept` are the earlier run's `lost` postings (those whose payment their document tells, or nothing), and
    `unposted` and `stray`, which only their amount could pair.
    """
    tables.show(reach.connection, "kept_lost", kept["lost"])
    leg = Leg(reach, "post", pos_payments=ANY, gl_lines="source IN ('PAY', 'DAY')", erp_orders=ANY)
    leg.kept = kept
    leg.closed(_named, _of_day, _of_orders, _of_amounts)
    leg.fetch("erp_orders", "t.erp_doc", f"SELECT erp_doc FROM {leg.both('gl_lines')} WHERE erp_doc <> 0")


def _named(leg: Leg) -> None:
    """Postings of touched payments, payments of touched postings."""
    ids = f"SELECT payment_id AS id FROM {leg.fresh('pos_payments')}"
    leg.fetch("gl_lines", "t.ref", ids, "t.source = 'PAY'")
    known = f"SELECT payment_id FROM {leg.both('pos_payments')}"
    refs = f"SELECT ref AS id FROM {leg.fresh('gl_lines')} WHERE source = 'PAY' AND ref NOT IN ({known})"
    leg.fetch("pos_payments", "t.payment_id", refs)


def _of_day(leg: Leg) -> None:
    """A day line stands for all payments of its store and day."""
    daily = "(SELECT store_id FROM main.stores WHERE gl_detail = 'daily')"
    days = (
        f"SELECT store_id, business_date - DATE '1970-01-01' AS d FROM {leg.fresh('pos_payments')}"
        f" WHERE store_id IN {daily} UNION"
        f" SELECT store_id, posting_date - DATE '1970-01-01' FROM {leg.fresh('gl_lines')} WHERE source = 'DAY'"
    )
    leg.run("CREATE TEMP TABLE IF NOT EXISTS days_done AS SELECT 0::BIGINT AS store_id, 0::BIGINT AS d")
    leg.run(f"CREATE OR REPLACE TEMP TABLE days AS SELECT * FROM ({days}) ANTI JOIN days_done USING (store_id, d)")
    leg.run("INSERT INTO days_done FROM days")
    leg.fetch("pos_payments", "t.store_id, t.business_date", "FROM days")
    leg.fetch("gl_lines", "t.store_id, t.posting_date", "FROM days", "t.source = 'DAY'")


def _of_orders(leg: Leg) -> None:
    """Postings that lost their payment, or that differ from it, may be any payment's of their document's order.

    So may those that had lost it before, though it came now.
    """
    leg.take("gl_lines", _lost(leg))
    _odd(leg)
    leg.run("CREATE TEMP TABLE IF NOT EXISTS docs_done AS SELECT 0::BIGINT AS erp_doc")
    leg.run("CREATE OR REPLACE TEMP TABLE docs AS SELECT DISTINCT erp_doc FROM odd ANTI JOIN docs_done USING (erp_doc)")
    leg.run("INSERT INTO docs_done FROM docs")
    leg.fetch("erp_orders", "t.erp_doc", "FROM docs")
    unknown = f"SELECT erp_doc FROM docs ANTI JOIN {leg.both('erp_orders')} USING (erp_doc)"
    leg.fetch("gl_lines", "t.erp_doc", unknown, "t.source = 'PAY'")
    payments, postings = leg.both("pos_payments"), leg.both("gl_lines")
    again = f" UNION ALL FROM {postings} SEMI JOIN about USING (ref) SEMI JOIN docs_done USING (erp_doc)"
    orders = (
        f"SELECT order_id FROM odd WHERE order_id <> 0 UNION SELECT e.order_id FROM odd"
        f" JOIN {leg.both('erp_orders')} e USING (erp_doc) UNION SELECT p.order_id FROM"
        f" (FROM {postings} SEMI JOIN docs USING (erp_doc){'' if leg.first else again}) g"
        f" JOIN {payments} p ON p.payment_id = g.ref"
    )
    leg.fetch("pos_payments", "t.order_id", orders)


def _lost(leg: Leg) -> Ints:
    """Postings that had lost their payment, of the orders and documents of touched records."""
    lost = leg.kept["lost"]
    sold = _ranked(leg, f"SELECT coalesce(order_id, 0) AS id FROM {leg.fresh('pos_payments')}")
    named = _ranked(leg, f"SELECT erp_doc AS id FROM {leg.fresh('gl_lines')} UNION ALL"
                         f" SELECT erp_doc FROM {leg.fresh('erp_orders')}")  # fmt: skip
    hit = among(sold, lost["of_ref"]) | among(sold, lost["of_doc"]) | among(named, lost["doc"])
    return lost["id"][hit].astype(np.int64)


def _ranked(leg: Leg, query: str) -> Ints:
    """The ids of a query in their order, less 0, which stands for none."""
    found = np.sort(tables.fetch(leg.run, query)["id"])
    return np.asarray(found[found != 0])


def _odd(leg: Leg) -> None:
    """Documents and orders of postings that differ from their payment: it hangs on all rows `about` one payment."""
    payments, postings = leg.both("pos_payments"), leg.both("gl_lines")
    leg.run(
        f"CREATE OR REPLACE TEMP TABLE about AS SELECT ref FROM {leg.fresh('gl_lines')}"
        f" UNION ALL SELECT payment_id FROM {leg.fresh('pos_payments')}"
    )
    some = "" if leg.first else "SEMI JOIN about USING (ref)"
    columns = "ref, erp_doc, store_id, amount_cents, posting_date"
    leg.run(f"CREATE OR REPLACE TEMP TABLE posted AS SELECT {columns} FROM {postings} {some} WHERE source = 'PAY'")
    leg.run(
        "CREATE OR REPLACE TEMP TABLE odd AS SELECT DISTINCT g.erp_doc, p.order_id FROM posted g"
        f" LEFT JOIN {payments} p ON g.ref = p.payment_id WHERE p.payment_id IS NULL"
        " OR p.store_id <> g.store_id OR p.amount_cents <> g.amount_cents OR p.business_date <> g.posting_date"
        " OR g.ref IN (SELECT ref FROM posted GROUP BY ref HAVING count(*) > 1)"
        " UNION SELECT doc, unnest([of_ref, of_doc]) FROM kept_lost"
        f" WHERE id IN (SELECT gl_id FROM {leg.fresh('gl_lines')})"
    )


def _of_amounts(leg: Leg) -> None:
    """What nothing names, with store, day and amount of a touched record."""
    payments, postings = leg.fresh("pos_payments"), leg.fresh("gl_lines")
    rows = (
        f"SELECT s, c, d - DATE '1970-01-01' AS d FROM (SELECT store_id, amount_cents, business_date FROM {payments}"
        f" UNION ALL SELECT store_id, amount_cents, posting_date FROM {postings}) t(s, c, d)"
    )
    amounts = tables.fetch(leg.run, rows)
    leg.take("pos_payments", alike(leg.kept["unposted"], ("amount",), amounts))
    leg.take("gl_lines", alike(leg.kept["stray"], ("amount",), amounts))
