"""The chain as one would write it in DuckDB: every stage that has a key, differences by a CASE, nothing inferred.

`python -m tests.bench.peer_chain DIR OUT`: voids netted, payments to the ledger and to its day summaries, payments to
lines with the expected fee, lines to batches, batches by value date to the bank, bank and batches to the ledger, orders
by four columns. Writes what differs; no links, no fallback keys, no cut-offs, no classes that need evidence.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb

TABLES = ("stores", "pos_payments", "settlement_lines", "batches", "bank_lines", "gl_lines", "pos_orders", "erp_orders")
CALENDAR = """
CREATE TABLE bank_days AS SELECT day, row_number() OVER (ORDER BY day) AS number FROM (
    SELECT unnest(generate_series(DATE '2025-01-02', DATE '2026-12-31', INTERVAL 1 DAY))::DATE AS day)
WHERE isodow(day) < 6 AND NOT list_contains(?, day::VARCHAR)
"""
STAGES = """
CREATE TABLE differing (stage VARCHAR, id BIGINT, kind VARCHAR);
CREATE TEMP TABLE voided AS SELECT orig_payment_id AS payment_id FROM pos_payments WHERE kind = 'void';
INSERT INTO differing SELECT 'ledger', coalesce(payment_id, ref), CASE WHEN gl_id IS NULL THEN 'missing'
    WHEN payment_id IS NULL THEN 'extra' WHEN g.amount_cents <> p.amount_cents THEN 'amount'
    WHEN g.account <> p.account THEN 'account' ELSE 'date' END
FROM (SELECT payment_id, amount_cents, business_date, account FROM pos_payments JOIN tenders USING (tender)
    SEMI JOIN (FROM stores WHERE gl_detail = 'payment') USING (store_id)) p
FULL JOIN (SELECT gl_id, ref, amount_cents, posting_date, account FROM gl_lines WHERE source = 'PAY') g
    ON ref = payment_id
WHERE gl_id IS NULL OR payment_id IS NULL OR g.amount_cents <> p.amount_cents OR posting_date <> business_date
    OR g.account <> p.account;
INSERT INTO differing SELECT 'posted twice', ref, 'duplicate' FROM gl_lines WHERE source = 'PAY' AND ref > 0
GROUP BY ref HAVING count(*) > 1;
INSERT INTO differing SELECT 'day', coalesce(p.store_id, g.store_id), 'total' FROM (
    SELECT store_id, business_date, account, sum(amount_cents) AS amount FROM pos_payments JOIN tenders USING (tender)
    SEMI JOIN (FROM stores WHERE gl_detail = 'daily') USING (store_id) GROUP BY ALL) p
FULL JOIN (SELECT store_id, posting_date, account, sum(amount_cents) AS amount FROM gl_lines
    WHERE source = 'DAY' GROUP BY ALL) g
    ON p.store_id = g.store_id AND business_date = posting_date AND p.account = g.account
WHERE p.amount IS DISTINCT FROM g.amount;
INSERT INTO differing SELECT 'settled', coalesce(payment_id, line_id), CASE WHEN line_id IS NULL THEN 'missing'
    WHEN payment_id IS NULL THEN 'extra' WHEN gross_cents <> amount_cents THEN 'amount' ELSE 'fee' END
FROM (SELECT payment_id, auth_ref, amount_cents, bps, item FROM pos_payments JOIN tenders USING (tender)
    ANTI JOIN voided USING (payment_id) WHERE auth_ref > 0 AND kind <> 'void') p
FULL JOIN (SELECT line_id, auth_ref, gross_cents, fee_cents FROM settlement_lines
    WHERE type IN ('SALE', 'REFUND')) l USING (auth_ref)
WHERE line_id IS NULL OR payment_id IS NULL OR gross_cents <> amount_cents
    OR fee_cents <> item + CASE WHEN gross_cents > 0 THEN (gross_cents * bps + 5000) // 10000 ELSE 0 END;
INSERT INTO differing SELECT 'batch', batch_id, 'total' FROM (
    SELECT batch_id, count(*) AS n, sum(gross_cents) AS gross, sum(fee_cents) AS fees
    FROM settlement_lines WHERE batch_id > 0 GROUP BY 1) FULL JOIN batches b USING (batch_id)
WHERE n IS DISTINCT FROM b.lines OR fees IS DISTINCT FROM fees_cents
    OR gross IS DISTINCT FROM gross_cents + refunds_cents + chargebacks_cents;
CREATE TEMP TABLE due AS SELECT bank_account, value.day AS value_date, brand_group, sum(payout_cents) AS amount_cents
FROM batches JOIN stores ON mid = 7000000 + store_id ASOF JOIN bank_days b ON batch_date >= b.day
JOIN bank_days value ON value.number = b.number + CASE brand_group WHEN 'AMEX' THEN 2 ELSE 1 END GROUP BY ALL;
INSERT INTO differing SELECT 'bank', coalesce(bank_account, account), CASE WHEN bank_id IS NULL THEN 'missing'
    ELSE 'not due' END FROM bank_lines FULL JOIN (SELECT bank_account AS account, value_date, amount_cents FROM due) d
    ON account = bank_account AND d.value_date = bank_lines.value_date AND d.amount_cents = bank_lines.amount_cents
WHERE bank_id IS NULL OR account IS NULL;
INSERT INTO differing SELECT 'bank ledger', coalesce(bank_id, gl_id), 'only one side' FROM bank_lines FULL JOIN (
    SELECT gl_id, bank_account AS own, posting_date, amount_cents AS posted FROM gl_lines JOIN stores USING (store_id)
    WHERE source = 'DEPOSIT' AND account = 1010) ON own = bank_account AND posting_date = value_date
    AND posted = amount_cents WHERE bank_id IS NULL OR gl_id IS NULL;
INSERT INTO differing SELECT 'batch ledger', batch_id, 'fees' FROM batches FULL JOIN (SELECT ref, sum(amount_cents) AS
    fees FROM gl_lines WHERE source = 'BATCH' AND account = 6100 GROUP BY ref) ON ref = batch_id
WHERE fees IS DISTINCT FROM fees_cents;
INSERT INTO differing SELECT 'orders', coalesce(p.order_id, e.order_id), CASE WHEN e.order_id IS NULL THEN 'missing'
    WHEN p.tax_cents <> e.tax_cents THEN 'tax' WHEN p.discount_cents <> e.discount_cents THEN 'discount'
    ELSE 'total' END
FROM pos_orders p FULL JOIN erp_orders e USING (order_id)
WHERE e.order_id IS NULL OR p.order_id IS NULL OR p.total_cents <> e.total_cents OR p.tax_cents <> e.tax_cents
    OR p.discount_cents <> e.discount_cents OR p.subtotal_cents <> e.subtotal_cents;
INSERT INTO differing SELECT 'pushed twice', order_id, 'duplicate' FROM erp_orders
GROUP BY order_id HAVING count(*) > 1;
"""


def main(folder: str, out: str) -> None:
    """One stage after the other, then what differs as one file."""
    terms = json.loads((Path(folder) / "terms.json").read_text())
    priced = [
        (name, terms["accounts"][name], *terms["fees"].get(name, {"bps": 0, "per_item_cents": 0}).values())
        for name in ("visa", "mastercard", "amex", "discover", "debit", "cash", "gift", "house")
    ]
    with duckdb.connect() as connection:
        for name in TABLES:
            connection.execute(f"CREATE VIEW {name} AS FROM '{folder}/{name}.parquet'")
        connection.execute("CREATE TABLE tenders (tender VARCHAR, account BIGINT, bps BIGINT, item BIGINT)")
        connection.executemany("INSERT INTO tenders VALUES (?, ?, ?, ?)", priced)
        connection.execute(CALENDAR, [terms["bank_holidays"]])
        connection.execute(STAGES)
        connection.execute(f"COPY differing TO '{out}'")


if __name__ == "__main__":
    main(*sys.argv[1:])
