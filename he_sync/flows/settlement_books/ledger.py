"""Bank lines, postings and orders."""

from __future__ import annotations

from typing import Any

from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.model.contract import records
from he_sync.reconcile.orders import ROUNDING_MINOR, Sale, sales


def bank_lines(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Bank transactions; a reference that is a deposit's id is followed by the number of that deposit's last batch."""
    paid = source.frames["deposit_lines"].sort_values("batch_id")
    batch = dict(zip(paid["deposit_id"], paid["batch_id"], strict=True))
    return [
        {
            "bank_id": numbers.bank_lines.of(row.line_id),
            "bank_account": numbers.accounts.of(row.bank_account),
            "value_date": row.value_date,
            "amount_cents": row.amount_minor,
            "memo": f"{row.reference} {numbers.batches.of(batch[row.reference])}"
            if row.reference in batch
            else row.reference,
        }
        for row in records(source.frames["bank_lines"].drop_duplicates("line_id").sort_values("line_id"))
    ]


def postings(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Postings that name a payment, and those of the bank account; the sales side of a journal is not compared."""
    rows = source.frames["ledger_lines"].drop_duplicates("line_id").sort_values("line_id")
    bank = source.retailer.accounts.bank
    return [
        {
            "gl_id": numbers.postings.of(row.line_id),
            "erp_doc": numbers.postings.of(row.line_id.rpartition("-")[0]),
            "posting_date": row.posting_date,
            "account": int(row.account),
            "store_id": numbers.stores.known.get(row.store, 0),
            "ref": row.payment_id,
            "amount_cents": row.amount_minor,
            "source": "PAY" if row.payment_id else "DEPOSIT",
        }
        for row in records(rows[(rows["payment_id"] > 0) | (rows["account"] == bank)])
    ]


def _sold(source: Source) -> dict[str, tuple[Sale, str]]:
    """The sales of the days by what the ERP calls them, with their business date."""
    tickets, orders = source.frames["tickets"], source.frames["orders"]
    days = {f"ticket {row.ticket_id}": row.business_date for row in records(tickets)}
    days |= {f"order {row.order_id}": row.business_date for row in records(orders)}
    return {name: (sale, days[name]) for name, sale in sales(tickets, orders, source.retailer.epicor).items()}


def pos_orders(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Sales as the ERP should have them."""
    return [
        _order(numbers.orders.of(name), numbers.stores.of(sale.store), day, sale.amount_minor, sale.discount_minor)
        for name, (sale, day) in sorted(_sold(source).items())
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


def erp_orders(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Sales orders of POS sales; beyond a dropped discount, what differs in the total stands in the tax."""
    sold = _sold(source)
    rows = source.frames["erp_orders"].drop_duplicates("order_num").sort_values("order_num")
    found = []
    for row in records(rows[(rows["source"] != "") & ~rows["voided"]]):
        sale, day = sold.get(row.source, (None, row.business_date))
        discount, total = (sale.discount_minor, sale.amount_minor) if sale else (0, row.total_minor)
        kept = 0 if discount and abs(row.total_minor - total - discount) <= ROUNDING_MINOR else discount
        order = _order(
            numbers.orders.of(row.source), numbers.stores.of(sale.store) if sale else 1, day, total, discount
        )
        changed = {"discount_cents": kept, "total_cents": row.total_minor}
        tax = row.total_minor - order["subtotal_cents"] + kept
        found.append(order | changed | {"tax_cents": tax, "erp_doc": row.order_num})
    return found
