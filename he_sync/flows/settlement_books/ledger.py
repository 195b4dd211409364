"""Bank lines, postings and orders of a date."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd

from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.model.contract import records
from he_sync.reconcile.orders import ROUNDING_MINOR, Sale, sales


def bank_lines(
    source: Source, day: str, numbers: Numbers, batches: Mapping[str, str], gone: Collection[Any]
) -> list[dict[str, Any]]:
    """Bank transactions; a reference that is a deposit's id is followed by the number of that deposit's last batch.

    `batches` are last batches by deposit; `gone` are references and (account, amount) of deposits of earlier sales.
    """
    return [
        {
            "bank_id": numbers.bank_lines.of(row.line_id),
            "bank_account": numbers.accounts.of(row.bank_account),
            "value_date": row.value_date,
            "amount_cents": row.amount_minor,
            "memo": f"{row.reference} {numbers.batches.of(batches[row.reference])}"
            if row.reference in batches
            else row.reference,
        }
        for row in records(source.frame("bank_lines", day).sort_values("line_id"))
        if (row.reference or (row.bank_account, int(row.amount_minor))) not in gone
    ]


def postings(source: Source, day: str, brought_by: Sequence[str], numbers: Numbers) -> dict[str, Any]:
    """Postings that name a payment, and those of the bank account; the sales side of a journal is not compared.

    `brought_by` are dates whose nights found postings of this date.
    """
    brought = (source.frame("ledger_elsewhere", one) for one in brought_by)
    every = [source.frame("ledger_lines", day), *(rows[rows["posting_date"] == day] for rows in brought)]
    rows = pd.concat(every).drop_duplicates("line_id").sort_values("line_id")
    rows = rows[(rows["payment_id"] > 0) | (rows["account"] == source.retailer.accounts.bank)]
    known = {store.code for store in source.retailer.stores}
    return {
        "gl_id": numbers.postings.all(rows["line_id"]),
        "erp_doc": numbers.postings.all(line.rpartition("-")[0] for line in rows["line_id"]),
        "posting_date": rows["posting_date"],
        "account": [int(account) for account in rows["account"]],
        "store_id": numbers.stores.all(code if code in known else "" for code in rows["store"]),
        "ref": rows["payment_id"],
        "amount_cents": rows["amount_minor"],
        "source": ["PAY" if payment else "DEPOSIT" for payment in rows["payment_id"]],
    }


def sold(source: Source, day: str) -> dict[str, Sale]:
    """The sales of a date by what the ERP calls them."""
    return sales(source.frame("tickets", day), source.frame("orders", day), source.retailer.epicor)


def pos_orders(source: Source, day: str, numbers: Numbers) -> list[dict[str, Any]]:
    """Sales as the ERP should have them."""
    return [
        _order(numbers.orders.of(name), numbers.stores.of(sale.store), day, sale.amount_minor, sale.discount_minor)
        for name, sale in sorted(sold(source, day).items())
    ]


def _order(number: int, store: int, day: str, total: int, discount: int) -> dict[str, Any]:
    """An order whose parts are not compared: only totals and the discount are the same thing in both systems."""
    return {
        "order_id": number,
        "store_id": store,
        "business_date": day,
        "subtotal_cents": total + discount,
        "discount_cents": discount,
        "tax_cents": 0,
        "total_cents": total,
    }


def erp_orders(
    source: Source, day: str, numbers: Numbers, brought_by: Sequence[str], away: Collection[str]
) -> list[dict[str, Any]]:
    """Sales orders of a date's sales; beyond a dropped discount, what differs in the total stands in the tax.

    `brought_by` are dates of sales orders of this date's sales, `away` the sales of other dates that its own are of.
    """
    known = sold(source, day)
    own = source.frame("erp_orders", day)
    others = (source.frame("erp_orders", one) for one in brought_by)
    every = [own[~own["source"].isin(away)], *(rows[rows["source"].isin(known)] for rows in others)]
    rows = pd.concat(every).drop_duplicates("order_num").sort_values("order_num")
    found = []
    for row in records(rows[(rows["source"] != "") & ~rows["voided"]]):
        sale = known.get(row.source)
        discount, total = (sale.discount_minor, sale.amount_minor) if sale else (0, row.total_minor)
        kept = 0 if discount and abs(row.total_minor - total - discount) <= ROUNDING_MINOR else discount
        order = _order(
            numbers.orders.of(row.source), numbers.stores.of(sale.store) if sale else 1, day, total, discount
        )
        changed = {"discount_cents": kept, "total_cents": row.total_minor}
        tax = row.total_minor - order["subtotal_cents"] + kept
        found.append(order | changed | {"tax_cents": tax, "erp_doc": row.order_num})
    return found
