"""Stock on both sides in DuckDB: what is expected against what is there, without a cause. `python ... DIR OUT`."""

from __future__ import annotations

import sys

import duckdb

STOCK = """
COPY (
SELECT coalesce(p.sku, e.sku) AS sku, coalesce(p.location, e.location) AS location, available_ea, expected
FROM '{dir}/pos_inventory.parquet' p FULL JOIN (
    SELECT e.sku, e.location, (on_hand - reserved) * eaches + coalesce(qty_ea, 0) AS expected
    FROM '{dir}/erp_inventory.parquet' e JOIN '{dir}/uom.parquet' USING (sku)
    LEFT JOIN '{dir}/inflight.parquet' i USING (sku, location)) e USING (sku, location)
WHERE available_ea IS DISTINCT FROM expected
) TO '{out}'
"""


def main(folder: str, out: str) -> None:
    """One query."""
    with duckdb.connect() as connection:
        connection.execute(STOCK.format(dir=folder, out=out))


if __name__ == "__main__":
    main(*sys.argv[1:])
