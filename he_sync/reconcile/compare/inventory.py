"""Stock: what the POS may sell equals (on hand - reserved) x eaches + in flight of the ERP, else with its cause.

One outer join reads both sides once; only rows that differ leave it. The causes stand in the order in which they
are asked; a drift of just the reservation cannot be told from a reservation that the POS ignores.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from he_sync.model.errors import FixInput

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
_ROW = (
    "pos_sku: p.sku, erp_sku: e.sku, pos_location: p.location, erp_location: e.location, available: p.available_ea,"
    " on_hand: e.on_hand, reserved: e.reserved, uom: e.uom, in_flight: e.in_flight"
)
_JOINED = f"""
CREATE OR REPLACE TEMP TABLE stock_joined AS
SELECT count(*) AS pairs, count(p.available_ea) + count(e.on_hand) - count(*) AS matched,
  list({{{_ROW}}}) FILTER (p.available_ea IS DISTINCT FROM e.expected) AS rows
FROM pos_inventory p FULL JOIN (
  SELECT e.*, coalesce(i.qty_ea, 0) AS in_flight,
    (e.on_hand - e.reserved) * {_EACHES} + coalesce(i.qty_ea, 0) AS expected
  FROM erp_inventory e LEFT JOIN uom u ON u.sku = e.sku
  LEFT JOIN inflight i ON i.sku = e.sku AND i.location = e.location
) e ON p.sku = e.sku AND p.location = e.location
"""
_COLLECTED = f"""
CREATE OR REPLACE TEMP TABLE stock AS
WITH e AS (
  SELECT coalesce(row.pos_sku, row.erp_sku) AS sku, coalesce(row.pos_location, row.erp_location) AS location, row.*
  FROM (SELECT unnest(rows) AS row FROM stock_joined)
)
SELECT e.sku, location, available, on_hand, reserved, e.uom, {_EACHES} AS eaches, in_flight,
  (on_hand - reserved) * {_EACHES} + in_flight AS expected, u.sku IS NULL AS unknown
FROM e LEFT JOIN uom u ON u.sku = e.sku
"""
_SUSPICIONS = """
SELECT count(*) - count(DISTINCT (sku, location)), count_if(on_hand IS NOT NULL AND eaches IS NULL), count_if(unknown)
FROM stock
"""
_NOTHING = "coalesce(available, 0) = 0 AND coalesce(on_hand, 0) = 0 AND coalesce(reserved, 0) = 0"
"""A place that has nothing of an item, in one system by a row and in the other by none, is no difference."""


def compare(connection: Connection, rows: Mapping[str, int]) -> None:
    """Compare into the temporary table `inventory_breaks`, with the columns of all breaks.

    `rows` counts pos_inventory and erp_inventory. The record is location * items + the item's place among the sorted
    items of `uom`; the delta counts eaches, POS less expected, and is 0 where one side has no row. Raises Repeated, and
    FixInput for a unit without a factor.
    """
    connection.execute(_JOINED)
    ((pairs, matched),) = connection.execute("SELECT pairs, matched FROM stock_joined").fetchall()
    if pairs != rows["pos_inventory"] + rows["erp_inventory"] - matched:
        raise _repeated(connection)
    connection.execute(_COLLECTED)
    ((twice, units, items),) = connection.execute(_SUSPICIONS).fetchall()
    if twice:  # twice on one side and never on the other is the one case that leaves the counts right
        raise _repeated(connection)
    if units or items:
        _refuse_unknown_units(connection)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {RESULT} AS {_classified()}")
    connection.execute("DROP TABLE stock; DROP TABLE stock_joined")


def _classified() -> str:
    cases = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in CAUSES)
    actions = " ".join(f"WHEN '{name}' THEN '{action}'" for name, action in ACTIONS.items())
    return f"""
    WITH items AS (SELECT sku, row_number() OVER (ORDER BY sku) - 1 AS place, count(*) OVER () AS items FROM uom),
    found AS (
      SELECT s.*, location * items.items + place AS record_id, CASE {cases} END AS break_class
      FROM stock s LEFT JOIN items USING (sku) WHERE NOT ({_NOTHING})
    )
    SELECT 'inventory' AS "table", record_id, break_class, 0::BIGINT AS related_id,
      coalesce(available - expected, 0)::BIGINT AS delta_cents,
      CASE break_class WHEN 'inv_reserved_ignored' THEN 0.95 ELSE 1.0 END::DOUBLE
        AS confidence,
      concat('item ', sku, ' at ', location, ': POS ', coalesce(available::VARCHAR, 'nothing'), ', ERP ',
        CASE WHEN on_hand IS NULL THEN 'nothing' ELSE concat('(', on_hand, ' - ', reserved, ') x ', eaches, ' ', uom,
        ' + ', in_flight, ' = ', expected) END) AS evidence,
      0::BIGINT AS age_days, CASE break_class {actions} END AS next_action
    FROM found
    """


def _refuse_unknown_units(connection: Connection) -> None:
    strange = connection.execute(
        "SELECT sku, location, uom FROM stock WHERE on_hand IS NOT NULL AND eaches IS NULL ORDER BY ALL LIMIT 1"
    ).fetchall()
    for sku, location, unit in strange:
        raise FixInput(f"uom: unit {unit!r} of item {sku} at {location} in erp_inventory has no factor; add it there")
    unknown = connection.execute("SELECT sku, location FROM stock WHERE unknown ORDER BY ALL LIMIT 1").fetchall()
    for sku, location in unknown:
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
