"""The chain as one would write it in DuckDB: the stages that have a key, differences by a CASE, nothing inferred.

`python -m tests.bench.peer_chain DIR OUT`: payments to ledger, payments to lines, lines to batches, batches to the bank
by account and amount, orders on both sides. Writes what differs; no links, no cut-offs, no classes that need evidence.
"""

from __future__ import annotations

import sys

import duckdb

STAGES = """
COPY (
SELECT 'ledger' AS stage, coalesce(payment_id, ref) AS id, CASE WHEN gl_id IS NULL THEN 'missing'
    WHEN payment_id IS NULL THEN 'extra' WHEN g.amount_cents <> p.amount_cents THEN 'amount' ELSE 'date' END AS kind
FROM (SELECT payment_id, amount_cents, business_date FROM '{dir}/pos_payments.parquet'
    SEMI JOIN (FROM '{dir}/stores.parquet' WHERE gl_detail = 'payment') USING (store_id)) p
FULL JOIN (SELECT gl_id, ref, amount_cents, posting_date FROM '{dir}/gl_lines.parquet' WHERE source = 'PAY') g
    ON ref = payment_id
WHERE gl_id IS NULL OR payment_id IS NULL OR g.amount_cents <> p.amount_cents OR posting_date <> business_date
UNION ALL
SELECT 'settled', coalesce(payment_id, line_id), CASE WHEN line_id IS NULL THEN 'missing'
    WHEN payment_id IS NULL THEN 'extra' ELSE 'amount' END
FROM (SELECT payment_id, auth_ref, amount_cents FROM '{dir}/pos_payments.parquet'
    WHERE auth_ref > 0 AND kind <> 'void') p
FULL JOIN (SELECT line_id, auth_ref, gross_cents FROM '{dir}/settlement_lines.parquet'
    WHERE type IN ('SALE', 'REFUND')) l USING (auth_ref)
WHERE line_id IS NULL OR payment_id IS NULL OR gross_cents <> amount_cents
UNION ALL
SELECT 'batch', batch_id, 'total' FROM (
    SELECT batch_id, count(*) AS n, sum(gross_cents) AS gross, sum(fee_cents) AS fees
    FROM '{dir}/settlement_lines.parquet' WHERE batch_id > 0 GROUP BY 1)
FULL JOIN '{dir}/batches.parquet' b USING (batch_id)
WHERE n IS DISTINCT FROM b.lines OR fees IS DISTINCT FROM fees_cents
    OR gross IS DISTINCT FROM gross_cents + refunds_cents + chargebacks_cents
UNION ALL
SELECT 'bank', bank_account, 'no batches' FROM '{dir}/bank_lines.parquet' ANTI JOIN (
    SELECT bank_account, sum(payout_cents) AS amount_cents FROM '{dir}/batches.parquet'
    JOIN '{dir}/stores.parquet' ON mid = 7000000 + store_id GROUP BY bank_account, brand_group, batch_date)
    USING (bank_account, amount_cents)
UNION ALL
SELECT 'orders', coalesce(p.order_id, e.order_id), CASE WHEN e.order_id IS NULL THEN 'missing' ELSE 'total' END
FROM '{dir}/pos_orders.parquet' p FULL JOIN '{dir}/erp_orders.parquet' e USING (order_id)
WHERE e.order_id IS NULL OR p.order_id IS NULL OR p.total_cents <> e.total_cents
) TO '{out}'
"""


def main(folder: str, out: str) -> None:
    """All stages as one query."""
    with duckdb.connect() as connection:
        connection.execute(STAGES.format(dir=folder, out=out))


if __name__ == "__main__":
    main(*sys.argv[1:])
