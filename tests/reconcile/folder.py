"""A day of one shop as a folder of files, small enough to add up by hand, in CSV or Parquet."""

import csv
import json
from datetime import date, datetime
from functools import partial

import duckdb

TERMS = {
    "currency": "USD",
    "pos_day_starts_local": "04:00",
    "fees": {"visa": {"bps": 190, "per_item_cents": 10}, "amex": {"bps": 260, "per_item_cents": 10}},
    "refund_fee": "per_item only",
    "chargeback_fee_cents": 1500,
    "monthly_fee_cents": 2500,
    "funding_lag_bank_days": {"VMDD": 1, "AMEX": 2, "CASH": 1, "FEES": 2},
    "bank_holidays": ["2025-02-17"],
    "brand_group": {"visa": "VMDD", "amex": "AMEX"},
    "accounts": {"visa": 1200, "amex": 1210, "cash": 1050, "bank": 1010, "fees": 6100, "accrued_fees": 2300,
                 "chargebacks": 6110},
}  # fmt: skip
MONDAY, TUESDAY = date(2025, 2, 10), date(2025, 2, 11)
FILES = {
    "stores": (
        "store_id entity_id tz bank_account pos_day_starts batch_cut_local funding batch_ids_in_report gl_detail",
        [(1, 1, "America/New_York", 9001, 4, 22, "net", True, "payment")],
    ),
    "pos_payments": (
        "payment_id order_id store_id ts_utc business_date tender kind amount_cents tip_cents auth_ref orig_payment_id",
        [
            (100, 500, 1, datetime(2025, 2, 10, 17, 0), MONDAY, "visa", "sale", 1000, 0, 9100, 0),  # noqa: DTZ001 - a UTC column
            (101, 501, 1, datetime(2025, 2, 10, 18, 0), MONDAY, "cash", "sale", 500, 0, 0, 0),  # noqa: DTZ001 - same
            (102, 502, 1, datetime(2025, 2, 10, 19, 0), MONDAY, "visa", "sale", 2000, 0, 9102, 0),  # noqa: DTZ001 - same
        ],
    ),
    "settlement_lines": (
        "line_id batch_id mid brand_group txn_date settle_date type auth_ref gross_cents fee_cents net_cents",
        [
            (200, 300, 7000001, "VMDD", MONDAY, MONDAY, "SALE", 9100, 1000, 29, 971),
            (201, 300, 7000001, "VMDD", MONDAY, MONDAY, "SALE", 9102, 2000, 48, 1952),
        ],
    ),
    "batches": (
        "batch_id mid brand_group batch_date lines gross_cents refunds_cents chargebacks_cents fees_cents payout_cents",
        [(300, 7000001, "VMDD", MONDAY, 2, 3000, 0, 0, 77, 2923)],
    ),
    "bank_lines": (
        "bank_id bank_account value_date amount_cents memo",
        [(400, 9001, TUESDAY, 2923, "MERCHANT BANKCD DEP 300"), (401, 9001, TUESDAY, 500, "BRANCH CASH DEP 1")],
    ),
    "gl_lines": (
        "gl_id erp_doc posting_date account store_id ref amount_cents source",
        [
            (600, 700, MONDAY, 1200, 1, 100, 1000, "PAY"),
            (601, 701, MONDAY, 1050, 1, 101, 500, "PAY"),
            (602, 702, MONDAY, 1200, 1, 102, 2000, "PAY"),
            (610, 0, MONDAY, 6100, 1, 300, 77, "BATCH"),
            (611, 0, MONDAY, 1200, 1, 300, -77, "BATCH"),
            (620, 0, TUESDAY, 1010, 1, 0, 2923, "DEPOSIT"),
            (621, 0, TUESDAY, 1200, 1, 0, -2923, "DEPOSIT"),
            (622, 0, TUESDAY, 1010, 1, 0, 500, "DEPOSIT"),
            (623, 0, TUESDAY, 1050, 1, 0, -500, "DEPOSIT"),
        ],
    ),
    "pos_orders": (
        "order_id store_id business_date subtotal_cents discount_cents tax_cents total_cents",
        [(500, 1, MONDAY, 925, 0, 75, 1000), (501, 1, MONDAY, 463, 0, 37, 500), (502, 1, MONDAY, 2000, 150, 150, 2000)],
    ),
    "erp_orders": (
        "order_id store_id business_date subtotal_cents discount_cents tax_cents total_cents erp_doc",
        [
            (500, 1, MONDAY, 925, 0, 75, 1000, 700),
            (501, 1, MONDAY, 463, 0, 37, 500, 701),
            (502, 1, MONDAY, 2000, 150, 150, 2000, 702),
        ],
    ),
    "pos_inventory": ("sku location available_ea", [(0, 0, 40), (1, 0, 60), (0, 1, 5)]),
    "erp_inventory": (
        "sku location on_hand reserved uom",
        [(0, 0, 43, 2, "EA"), (1, 0, 5, 0, "CS"), (0, 1, 5, 0, "EA")],
    ),
    "uom": ("sku stock_uom eaches", [(0, "EA", 1), (1, "CS", 12)]),
    "inflight": ("sku location qty_ea", [(0, 0, -1)]),
}  # fmt: skip


def write(folder, suffix, files=None, terms=None):
    """Write the folder; `files` replaces whole files by name, None leaves one out."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "terms.json").write_text(json.dumps(terms or TERMS))
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, content in (FILES | (files or {})).items():
            if content is not None:
                path = folder / f"{name}.{suffix}"
                (_write_csv if suffix == "csv" else partial(_write_parquet, connection))(
                    path, content[0].split(), content[1]
                )
    return folder


def _write_csv(path, columns, rows):
    with path.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(columns)
        out.writerows(rows)


def _write_parquet(connection, path, columns, rows):
    names = ", ".join(columns)
    marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
    connection.execute(
        f"COPY (SELECT * FROM (VALUES {marks}) t({names})) TO '{path}' (FORMAT parquet)",  # noqa: S608 - our own names
        [value for row in rows for value in row],
    )


def changed(name, row, column, value):
    """The file with one value changed, for `write`; rows count from 1."""
    columns, rows = FILES[name]
    place = columns.split().index(column)
    new = [(*one[:place], value, *one[place + 1 :]) if n == row else one for n, one in enumerate(rows, 1)]
    return {name: (columns, new)}


def with_column(name, column, values):
    """The file with one more column."""
    columns, rows = FILES[name]
    return {name: (f"{columns} {column}", [(*row, value) for row, value in zip(rows, values, strict=True)])}
