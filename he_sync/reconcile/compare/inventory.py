"""Stock: what the POS may sell equals (on hand - reserved) x eaches + in flight of the ERP, else with its cause.

One outer join reads both sides once; only rows that differ leave it. The causes stand in the order in which they
are asked; a drift of just the reservation cannot be told from a reservation that the POS ignores, and the confidence
says how many of those are among them.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from he_sync.model.errors import FixInput
from he_sync.reconcile.compare.cells import Cells, all_known, cells

Connection = duckdb.DuckDBPyConnection
RESULT = "inventory_breaks"
BASE_UNIT = "EA"
CAUSES = (
    ("inv_missing_in_pos", "available IS NULL"),
    ("inv_missing_in_erp", "on_hand IS NULL"),
    ("inv_sign_flip", "available = -expected"),
    (
        "inv_uom_error",
        # counted in eaches where cases were meant, on either side: the factor is in one of the two figures only
        """eaches > 1 AND (available = expected * eaches
        OR available - in_flight IN (on_hand - reserved * eaches, on_hand - reserved))""",
    ),
    ("inv_reserved_ignored", "reserved <> 0 AND available = on_hand * eaches + in_flight"),
    ("inv_quantity_drift", "true"),
)
ACTIONS = {
    "inv_missing_in_pos": "add the item to the POS location",
    "inv_missing_in_erp": "add the part to the warehouse, or take it out of the POS",
    "inv_sign_flip": "correct the sign on the negative side",
    "inv_uom_error": "count again in the stock unit and correct the factor",
    "inv_reserved_ignored": "send the available quantity, not the quantity on hand",
    "inv_quantity_drift": "adjust the side that does not own the stock",
}
_EACHES = f"CASE WHEN e.uom = u.stock_uom THEN u.eaches WHEN e.uom = '{BASE_UNIT}' THEN 1 END"
_ROW = "available: p.available_ea, on_hand: e.on_hand, reserved: e.reserved, uom: e.uom, in_flight: e.in_flight"


def _joined(cell: Cells) -> str:
    """Both sides in one outer join: how many rows of each it met, and those that differ."""
    keys = "".join(f"{name}: coalesce(p.{name}, e.{name}), " for name in cell.key)
    return f"""
    CREATE OR REPLACE TEMP TABLE stock_joined AS
    SELECT count(p.available_ea) AS in_pos, count(e.expected) AS in_erp,
      list({{{keys}{_ROW}}}) FILTER (p.available_ea IS DISTINCT FROM e.expected) AS rows
    FROM (SELECT {cell.columns("p")}, available_ea FROM pos_inventory p) p FULL JOIN (
      SELECT e.*, coalesce(i.qty_ea, 0) AS in_flight, worth + coalesce(i.qty_ea, 0) AS expected
      FROM (
        SELECT {cell.columns("e")}, e.on_hand, e.reserved, e.uom, (e.on_hand - e.reserved) * {_EACHES} AS worth
        FROM erp_inventory e JOIN uom u ON u.sku = e.sku
      ) e LEFT JOIN (SELECT {cell.columns("i")}, qty_ea FROM inflight i) i ON {cell.same("i", "e")}
    ) e ON {cell.same("p", "e")}
    """


def _collected(cell: Cells) -> str:
    return f"""
    CREATE OR REPLACE TEMP TABLE stock AS
    WITH e AS (
      SELECT {cell.sku} AS sku, {cell.location} AS location, available, on_hand, reserved, uom, in_flight
      FROM (SELECT unnest(rows, recursive := true) FROM stock_joined)
    ),
    u AS (SELECT *, row_number() OVER (ORDER BY sku) - 1 AS place, count(*) OVER () AS items FROM uom)
    SELECT e.*, {_EACHES} AS eaches, (on_hand - reserved) * {_EACHES} + in_flight AS expected, u.sku IS NULL AS unknown,
      location * items + place AS record_id
    FROM e LEFT JOIN u ON u.sku = e.sku
    """


_SUSPICIONS = "SELECT count(*) - count(DISTINCT (sku, location)), count_if(unknown) FROM stock"
_NOTHING = "coalesce(available, 0) = 0 AND coalesce(on_hand, 0) = 0 AND coalesce(reserved, 0) = 0"
"""A place that has nothing of an item, in one system by a row and in the other by none, is no difference."""


_CONFIDENCE = """greatest(0.5, round(1 - (count_if(reserved <> 0 AND available = expected - reserved * eaches) OVER ()
  + 0.1) / (count_if(break_class = 'inv_reserved_ignored') OVER () + 2), 2))"""
"""A drift goes either way alike, and minus the reservation it can be nothing else: so many among the ignored ones are
drifts too. Where there are none of either, 0.95."""


def compare(connection: Connection, rows: Mapping[str, int]) -> None:
    """Compare into the temporary table `inventory_breaks`, with the columns of all breaks.

    `rows` counts pos_inventory and erp_inventory. The record is location * items + the item's place among the sorted
    items of `uom`; the delta counts eaches, POS less expected, and is 0 where one side has no row. Raises Repeated, and
    FixInput for a unit without a factor.
    """
    if not all_known(connection):
        _refuse_unknown_parts(connection)
    cell = cells(connection)
    connection.execute(_joined(cell))
    (met,) = connection.execute("SELECT in_pos, in_erp FROM stock_joined").fetchall()
    if met != (rows["pos_inventory"], rows["erp_inventory"]):
        _refuse_unknown_units(connection)
        raise _repeated(connection)
    connection.execute(_collected(cell))
    ((twice, items),) = connection.execute(_SUSPICIONS).fetchall()
    if twice:  # twice on one side and never on the other is the one case that leaves the counts right
        raise _repeated(connection)
    if items:
        _refuse_unknown_items(connection)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {RESULT} AS {_classified()}")
    connection.execute("DROP TABLE stock; DROP TABLE stock_joined")


def _classified() -> str:
    cases = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in CAUSES)
    actions = " ".join(f"WHEN '{name}' THEN '{action}'" for name, action in ACTIONS.items())
    return f"""
    WITH found AS (SELECT *, CASE {cases} END AS break_class FROM stock WHERE NOT ({_NOTHING}))
    SELECT 'inventory' AS "table", record_id, break_class, 0::BIGINT AS related_id,
      coalesce(available - expected, 0)::BIGINT AS delta_cents,
      CASE break_class WHEN 'inv_reserved_ignored' THEN {_CONFIDENCE} ELSE 1.0 END::DOUBLE AS confidence,
      concat('item ', sku, ' at ', location, ': POS ', coalesce(available::VARCHAR, 'nothing'), ', ERP ',
        CASE WHEN on_hand IS NULL THEN 'nothing' ELSE concat('(', on_hand, ' - ', reserved, ') x ', eaches, ' ', uom,
        ' + ', in_flight, ' = ', expected) END) AS evidence,
      0::BIGINT AS age_days, CASE break_class {actions} END AS next_action
    FROM found
    """


def _refuse_unknown_parts(connection: Connection) -> None:
    sql = "SELECT sku, location FROM erp_inventory e ANTI JOIN uom USING (sku) ORDER BY ALL LIMIT 1"
    for sku, location in connection.execute(sql).fetchall():
        raise FixInput(f"uom: item {sku} at {location} in erp_inventory is not there; add it")


def _refuse_unknown_units(connection: Connection) -> None:
    sql = f"""
    SELECT sku, location, uom FROM erp_inventory e JOIN uom u USING (sku) WHERE {_EACHES} IS NULL ORDER BY ALL LIMIT 1
    """
    for sku, location, unit in connection.execute(sql).fetchall():
        raise FixInput(f"uom: unit {unit!r} of item {sku} at {location} in erp_inventory has no factor; add it there")


def _refuse_unknown_items(connection: Connection) -> None:
    sql = "SELECT sku, location FROM stock WHERE unknown ORDER BY ALL LIMIT 1"
    for sku, location in connection.execute(sql).fetchall():
        raise FixInput(f"uom: item {sku} at {location} in pos_inventory is not there; add it")


class Repeated(FixInput):
    """An item is twice at one location; told by the join's own counts, which cost nothing."""


def _repeated(connection: Connection) -> Repeated:
    for name in ("pos_inventory", "erp_inventory"):
        found = connection.execute(
            f"SELECT sku, location FROM {name} GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL LIMIT 1"
        ).fetchall()
        for sku, location in found:
            return Repeated(f"{name}: item {sku} at location {location} is there twice; each may be there once")
    return Repeated("uom or inflight: an item is there twice; each may be there once")
