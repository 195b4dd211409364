"""Which records a change of files can touch: the rows of the files, and all that a rule could join with one of them.

Rows of files that came stand in schema `came`, of files that went (changed ones are both) in `went`, the new books in
`main`. Each leg gives two schemas, `<leg>_now` and `<leg>_was`: the touched records as they are and as they were.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from he_sync.reconcile.again import tables
from he_sync.reconcile.again.reach import Reach
from he_sync.reconcile.again.tables import Frame
from he_sync.reconcile.chain.card_classes import LATEST_BATCH

KEYS = {
    "pos_payments": "payment_id",
    "settlement_lines": "line_id",
    "gl_lines": "gl_id",
    "pos_orders": "order_id",
    "erp_orders": "erp_doc",
}


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
        self.found = 0  # rows, so far
        self._seen: dict[str, int] = {}
        self.run(f"CREATE SCHEMA {name}_now; CREATE SCHEMA {name}_was; CREATE SCHEMA {name}_more")
        for one, where in relations.items():
            self.run(f"CREATE TABLE {name}_more.{one} AS FROM came.{one} LIMIT 0")
            for schema, source in (("now", "came"), ("was", "went")):
                self.run(
                    f"CREATE VIEW {name}_{schema}.{one} AS FROM {source}.{one} WHERE {where}"
                    f" UNION ALL FROM {name}_more.{one}"
                )

    def both(self, relation: str) -> str:
        """The touched rows of a relation, new and removed, as a source."""
        gone = f"FROM went.{relation} WHERE {self.where[relation]}"
        return f"(FROM {self.name}_now.{relation} UNION ALL {gone})"

    def fetch(self, relation: str, columns: str, keys: str, where: str = ANY) -> None:
        """Take rows of the books that did not come whose `columns` are among the rows of the query `keys`.

        Dates are asked for as days since 1970.
        """
        asked = tables.fetch(self.run, keys)
        names = self.reach.names(relation, columns, asked)
        if not names:
            return
        tables.show(self.reach.connection, "asked", asked)
        on = " AND ".join(f"{_day(mine)} = w.{theirs}" for mine, theirs in zip(columns.split(", "), asked, strict=True))
        here, key = f"{self.name}_more.{relation}", KEYS[relation]
        source = self.reach.source(relation, names)
        ((new,),) = self.run(
            f"INSERT INTO {here} SELECT t.* FROM {source} t SEMI JOIN asked w ON {on} ANTI JOIN {here} h"
            f" ON t.{key} = h.{key} WHERE {where}"
        ).fetchall()
        self.found += int(new)

    def closed(self, *searches: Callable[[Leg], object]) -> None:
        """Search until nothing leads to anything more; a search is not repeated where no row came since it began."""
        while any(self._seen.get(one.__name__) != self.found for one in searches):
            for one in searches:
                if self._seen.get(one.__name__) != self.found:
                    self._seen[one.__name__] = self.found
                    one(self)


def _day(column: str) -> str:
    """A column as it is asked for."""
    return f"({column} - DATE '1970-01-01')" if column.endswith("_date") else column


def touched_orders(reach: Reach) -> None:
    """Schemas `sale_*`: both sides' orders of every order id that came or went."""
    leg = Leg(reach, "sale", pos_orders=ANY, erp_orders=ANY)
    ids = f"SELECT order_id FROM {leg.both('pos_orders')} UNION SELECT order_id FROM {leg.both('erp_orders')}"
    leg.run(f"CREATE OR REPLACE TEMP TABLE sold AS {ids}")
    leg.fetch("pos_orders", "t.order_id", "FROM sold")
    leg.fetch("erp_orders", "t.order_id", "FROM sold")


def touched_cards(reach: Reach, kept: Mapping[str, Frame], known: int) -> None:
    """Schemas `card_*`: payments and lines that share a reference, a void, or may be matched by amount.

    `kept` are the earlier run's `pool_payments` and `pool_lines`, what references had left, and `mids`; `known` is the
    last day it knew of: what it held to be under way is looked at again.
    """
    for name in ("pool_payments", "pool_lines", "mids", "voids"):
        tables.show(reach.connection, f"kept_{name}", kept[name])
    leg = Leg(reach, "card", pos_payments=ANY, settlement_lines=ANY)
    leg.fetch("settlement_lines", "t.batch_id", "SELECT id FROM batches_touched WHERE id <> 0")
    way = f"SELECT id FROM kept_pool_payments WHERE day + {LATEST_BATCH} > {known}"
    leg.fetch("pos_payments", "t.payment_id", way)
    leg.closed(_shared, _voided, _pooled)


def _shared(leg: Leg) -> None:
    """Records with a reference of a touched one."""
    payments, lines = leg.both("pos_payments"), leg.both("settlement_lines")
    refs = f"SELECT auth_ref FROM {payments} UNION SELECT auth_ref FROM {lines} WHERE type IN {NAMING}"
    leg.run("CREATE TEMP TABLE IF NOT EXISTS refs_done AS SELECT 0::BIGINT AS auth_ref")
    leg.run(f"CREATE OR REPLACE TEMP TABLE refs AS SELECT * FROM ({refs}) ANTI JOIN refs_done USING (auth_ref)")
    leg.run("INSERT INTO refs_done FROM refs")
    leg.fetch("pos_payments", "t.auth_ref", "FROM refs")
    leg.fetch("settlement_lines", "t.auth_ref", "FROM refs")


def _voided(leg: Leg) -> None:
    """Voids of touched sales, sales of touched voids."""
    payments = leg.both("pos_payments")
    here = f"SELECT payment_id FROM {payments}"
    sales = f"SELECT orig_payment_id AS id FROM {payments} WHERE kind = 'void' AND orig_payment_id <> 0"
    voids = f"SELECT id FROM kept_voids WHERE orig IN ({here})"
    leg.fetch("pos_payments", "t.payment_id", f"SELECT id FROM ({sales} UNION {voids}) WHERE id NOT IN ({here})")


def _pooled(leg: Leg) -> None:
    """What references left, in the store, with an amount and about the day of a touched record.

    A line is compared with the payments of its day and the days beside it, and a payment's local day may be the one
    beside its business date. Brand and fee narrow it further.
    """
    payments, lines = leg.both("pos_payments"), leg.both("settlement_lines")
    of_lines = f"SELECT store, gross_cents, txn_date FROM {lines} JOIN kept_mids USING (mid)"
    of_payments = f"SELECT store_id, unnest([amount_cents, amount_cents - tip_cents]), business_date FROM {payments}"
    found = f"SELECT DISTINCT s, c, d - DATE '1970-01-01' AS d FROM ({of_payments} UNION {of_lines}) t(s, c, d)"
    leg.run(f"CREATE TEMP TABLE IF NOT EXISTS amounts_done AS FROM ({found}) LIMIT 0")
    leg.run(f"CREATE OR REPLACE TEMP TABLE amounts AS FROM ({found}) ANTI JOIN amounts_done USING (s, c, d)")
    leg.run("INSERT INTO amounts_done FROM amounts")
    near = f"AND abs(k.day - a.d) <= {ABOUT}"
    mine = (
        "SELECT DISTINCT id FROM (SELECT id, store, day, unnest([amount, plain]) AS c FROM kept_pool_payments) k"
        f" SEMI JOIN amounts a ON k.store = a.s AND k.c = a.c {near} ANTI JOIN {payments} t ON k.id = t.payment_id"
    )
    theirs = (
        "SELECT id FROM (FROM kept_pool_lines JOIN kept_mids USING (mid)) k"
        f" SEMI JOIN amounts a ON k.store = a.s AND k.gross = a.c {near} ANTI JOIN {lines} t ON k.id = t.line_id"
    )
    leg.fetch("pos_payments", "t.payment_id", mine)
    leg.fetch("settlement_lines", "t.line_id", theirs)


def touched_postings(reach: Reach, kept: Mapping[str, Frame]) -> None:
    """Schemas `post_*`: payments and postings that name each other, an order's, a day line's, or equal amounts.

    `kept` are the earlier run's `lost` postings (those whose payment their document tells, or nothing), and
    `unposted` and `stray`, which only their amount could pair.
    """
    for name in ("lost", "unposted", "stray"):
        tables.show(reach.connection, f"kept_{name}", kept[name])
    leg = Leg(reach, "post", pos_payments=ANY, gl_lines="source IN ('PAY', 'DAY')", erp_orders=ANY)
    leg.closed(_named, _of_day, _of_orders, _of_amounts)
    leg.fetch("erp_orders", "t.erp_doc", f"SELECT DISTINCT erp_doc FROM {leg.both('gl_lines')} WHERE erp_doc <> 0")


def _named(leg: Leg) -> None:
    """Postings of touched payments, payments of touched postings."""
    payments, postings = leg.both("pos_payments"), leg.both("gl_lines")
    leg.run("CREATE TEMP TABLE IF NOT EXISTS ids_done AS SELECT 0::BIGINT AS id")
    new = f"SELECT DISTINCT payment_id AS id FROM {payments} t ANTI JOIN ids_done d ON t.payment_id = d.id"
    leg.run(f"CREATE OR REPLACE TEMP TABLE new_ids AS {new}")
    leg.run("INSERT INTO ids_done FROM new_ids")
    leg.fetch("gl_lines", "t.ref", "FROM new_ids", "t.source = 'PAY'")
    refs = f"SELECT DISTINCT ref FROM {postings} t ANTI JOIN {payments} p ON p.payment_id = t.ref WHERE source = 'PAY'"
    leg.run("CREATE TEMP TABLE IF NOT EXISTS named_done AS SELECT 0::BIGINT AS ref")
    leg.run(f"CREATE OR REPLACE TEMP TABLE named AS SELECT * FROM ({refs}) ANTI JOIN named_done USING (ref)")
    leg.run("INSERT INTO named_done FROM named")
    leg.fetch("pos_payments", "t.payment_id", "FROM named")


def _of_day(leg: Leg) -> None:
    """A day line stands for all payments of its store and day."""
    daily = "(SELECT store_id FROM main.stores WHERE gl_detail = 'daily')"
    days = (
        f"SELECT store_id, business_date - DATE '1970-01-01' AS d FROM {leg.both('pos_payments')}"
        f" WHERE store_id IN {daily} UNION"
        f" SELECT store_id, posting_date - DATE '1970-01-01' FROM {leg.both('gl_lines')} WHERE source = 'DAY'"
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
    payments, postings = leg.both("pos_payments"), leg.both("gl_lines")
    docs = f"SELECT erp_doc FROM {postings} UNION SELECT erp_doc FROM {leg.both('erp_orders')}"
    lost = (
        f"SELECT id FROM kept_lost WHERE (of_ref <> 0 AND of_ref IN (SELECT order_id FROM {payments}))"
        f" OR (of_doc <> 0 AND of_doc IN (SELECT order_id FROM {payments})) OR (doc <> 0 AND doc IN ({docs}))"
    )
    leg.fetch("gl_lines", "t.gl_id", f"SELECT * FROM ({lost}) ANTI JOIN {postings} t ON id = gl_id")
    leg.run(
        f"CREATE OR REPLACE TEMP TABLE odd AS SELECT DISTINCT g.erp_doc, p.order_id FROM {postings} g"
        f" LEFT JOIN {payments} p ON g.ref = p.payment_id WHERE g.source = 'PAY' AND (p.payment_id IS NULL"
        " OR p.store_id <> g.store_id OR p.amount_cents <> g.amount_cents OR p.business_date <> g.posting_date"
        f" OR g.ref IN (SELECT ref FROM {postings} WHERE source = 'PAY' GROUP BY ref HAVING count(*) > 1))"
        " UNION SELECT doc, unnest([of_ref, of_doc]) FROM kept_lost"
        f" WHERE id IN (SELECT gl_id FROM {postings})"
    )
    leg.run("CREATE TEMP TABLE IF NOT EXISTS docs_done AS SELECT 0::BIGINT AS erp_doc")
    leg.run("CREATE OR REPLACE TEMP TABLE docs AS SELECT DISTINCT erp_doc FROM odd ANTI JOIN docs_done USING (erp_doc)")
    leg.run("INSERT INTO docs_done FROM docs")
    leg.fetch("erp_orders", "t.erp_doc", "FROM docs")
    unknown = f"SELECT erp_doc FROM docs ANTI JOIN {leg.both('erp_orders')} USING (erp_doc)"
    leg.fetch("gl_lines", "t.erp_doc", unknown, "t.source = 'PAY'")
    orders = (
        f"SELECT order_id FROM odd WHERE order_id <> 0 UNION SELECT e.order_id FROM odd"
        f" JOIN {leg.both('erp_orders')} e USING (erp_doc) UNION SELECT p.order_id FROM odd o"
        f" JOIN {postings} g USING (erp_doc) JOIN {payments} p ON p.payment_id = g.ref"
        f" WHERE o.erp_doc IN (FROM docs_done)"
    )
    leg.run("CREATE TEMP TABLE IF NOT EXISTS orders_done AS SELECT 0::BIGINT AS order_id")
    leg.run(f"CREATE OR REPLACE TEMP TABLE orders AS SELECT * FROM ({orders}) ANTI JOIN orders_done USING (order_id)")
    leg.run("INSERT INTO orders_done FROM orders")
    leg.fetch("pos_payments", "t.order_id", "FROM orders")


def _of_amounts(leg: Leg) -> None:
    """What nothing names, with store, day and amount of a touched record."""
    payments, postings = leg.both("pos_payments"), leg.both("gl_lines")
    keys = (
        f"SELECT store_id AS s, business_date - DATE '1970-01-01' AS d, amount_cents AS c FROM {payments} UNION"
        f" SELECT store_id, posting_date - DATE '1970-01-01', amount_cents FROM {postings}"
    )
    leg.run(f"CREATE OR REPLACE TEMP TABLE equal AS {keys}")
    match = "SEMI JOIN equal e ON k.store = e.s AND k.day = e.d AND k.amount = e.c"
    mine = f"SELECT id FROM kept_unposted k {match} ANTI JOIN {payments} t ON k.id = t.payment_id"
    theirs = f"SELECT id FROM kept_stray k {match} ANTI JOIN {postings} t ON k.id = t.gl_id"
    leg.fetch("pos_payments", "t.payment_id", mine)
    leg.fetch("gl_lines", "t.gl_id", theirs)
