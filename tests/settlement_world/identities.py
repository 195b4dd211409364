"""The four identities of a folder with truth, in cents: each is 0 once the labels are applied.

Found by trying what is 0 on the shared samples:

- gl_minus_pos: ledger lines of the sources PAY and DAY, minus all payments (sales, voids, refunds, every tender). A
  payment of a day summary counts through its summary. Explained by missing_gl, duplicate_posting, duplicate_order_push,
  wrong_amount_transposed, wrong_amount_sign and currency_rounding (wrong_account and timing_next_period move no cents).
- settled_minus_pos_card: gross of SALE, REFUND and REJECT lines, minus card payments (a void cancels its sale).
  Explained by unsettled_payment, tip_adjust_lost, orphan_refund, duplicate_settlement_line and offline_declined.
- fees_minus_schedule: fees of all lines, minus the contract's: a sale its tender's basis points of the line's gross,
  half up, plus its item fee; a refund the item fee; a chargeback and a month their fixed fees. Explained by
  fee_overcharge.
- bank_minus_expected: bank lines, minus what was due: all lines' net (also where funding is gross: fees are withdrawn
  once a month) plus cash payments. Explained by missing_deposit and short_deposit. Where an account has another
  currency than its stores, due is what the processor converted, which is what the ledger posted to the bank.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

EXPLAINED_BY = {
    "gl_minus_pos": (
        "missing_gl",
        "duplicate_posting",
        "duplicate_order_push",
        "wrong_amount_transposed",
        "wrong_amount_sign",
        "currency_rounding",
    ),
    "settled_minus_pos_card": (
        "unsettled_payment",
        "tip_adjust_lost",
        "orphan_refund",
        "duplicate_settlement_line",
        "offline_declined",
    ),
    "fees_minus_schedule": ("fee_overcharge",),
    "bank_minus_expected": ("missing_deposit", "short_deposit"),
}
_CONTRACT = """(VALUES ('visa', 190, 10), ('mastercard', 195, 10), ('amex', 260, 10), ('discover', 200, 10),
    ('debit', 80, 22)) f(tender, bps, item)"""
DIFFERENCES = {
    "gl_minus_pos": """
        SELECT (SELECT sum(amount_cents) FROM gl_lines WHERE source IN ('PAY', 'DAY'))
             - (SELECT sum(amount_cents) FROM pos_payments)""",
    "settled_minus_pos_card": f"""
        SELECT (SELECT sum(gross_cents) FROM settlement_lines WHERE type IN ('SALE', 'REFUND', 'REJECT'))
             - (SELECT sum(amount_cents) FROM pos_payments JOIN {_CONTRACT} USING (tender))""",
    "fees_minus_schedule": f"""
        SELECT sum(fee_cents - CASE
            WHEN l.type = 'SALE' THEN (l.gross_cents * bps + 5000) // 10000 + item
            WHEN l.type = 'REFUND' THEN coalesce(item, 10)
            WHEN l.type = 'CHARGEBACK' THEN 1500 WHEN l.type = 'MONTHLY_FEE' THEN 2500 ELSE 0 END)
        FROM settlement_lines l
        LEFT JOIN (SELECT left_id, right_id FROM links WHERE rel = 'PL'
            UNION ALL SELECT related_id, record_id FROM labels WHERE break_class = 'duplicate_settlement_line') pl
            ON right_id = line_id
        LEFT JOIN pos_payments p ON p.payment_id = left_id LEFT JOIN {_CONTRACT} ON f.tender = p.tender""",
    "bank_minus_expected": """
        SELECT (SELECT sum(amount_cents) FROM bank_lines)
             - (SELECT sum(net_cents) FROM settlement_lines)
             - coalesce((SELECT sum(amount_cents) FROM pos_payments WHERE tender = 'cash'), 0)
             - (SELECT coalesce(sum(amount_cents), 0) FROM gl_lines WHERE source = 'DEPOSIT')""",
}


def connect(folder: Path) -> duckdb.DuckDBPyConnection:
    """A folder's files as views by name."""
    connection = duckdb.connect()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".csv", ".parquet"}:
            connection.execute(f"CREATE VIEW {path.stem} AS FROM '{path}'")
    return connection


def identities(folder: Path) -> dict[str, int]:
    """Cents that are left of each identity once its labels are taken off."""
    with connect(folder) as connection:
        made = {}
        for name, classes in EXPLAINED_BY.items():
            (difference,) = connection.execute(DIFFERENCES[name]).fetchone() or (0,)
            (explained,) = connection.execute(
                "SELECT coalesce(sum(delta_cents), 0) FROM labels WHERE list_contains(?, break_class)", [list(classes)]
            ).fetchone() or (0,)
            made[name] = int(difference or 0) - int(explained)
        return made
