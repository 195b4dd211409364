"""Epicor rows to canonical rows. Wire facts: reference epicor 2.2 (types), 3 (entities); of dates the date part."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from he_sync.model.errors import BadRecord
from he_sync.model.money import to_minor
from he_sync.model.quantity import to_milli
from he_sync.model.retailer import Retailer

Document = Mapping[str, Any]
Row = tuple[str, dict[str, Any]]
SOURCE = re.compile(r"^HR-([TO])(\d+)$")
PAYMENT = re.compile(r"^HR PAY (\d+)\b")
OWNERS = {"T": "ticket", "O": "order"}


def po_number(owner: str) -> str:
    """The PONum that carries our key: ticket 117060 -> HR-T117060."""
    kind, number = owner.split(" ")
    return f"HR-{kind[0].upper()}{number}"


def owner_of(po_num: str) -> str:
    """The reverse of `po_number`; empty for an order born in the ERP."""
    found = SOURCE.match(po_num or "")
    return f"{OWNERS[found[1]]} {found[2]}" if found else ""


def _day(value: Any) -> str:
    return str(value)[:10] if value else ""


def sales_order(document: Document, retailer: Retailer) -> Iterator[Row]:
    """An ERP sales order's head: the totals are the documents' own, tax is a fact of the POS."""
    money = {name: to_minor(document.get(field) or 0, retailer.currency) for name, field in TOTALS.items()}
    yield (
        "erp_orders",
        {
            "order_num": int(document["OrderNum"]),
            "source": owner_of(document.get("PONum") or ""),
            "customer_num": int(document.get("CustNum") or 0),
            "business_date": _day(document["OrderDate"]),
            "voided": bool(document.get("VoidOrder")),
            **money,
            "revision": int(document["SysRevID"]),
        },
    )


TOTALS = {
    "charges_minor": "TotalCharges",
    "discount_minor": "TotalDiscount",
    "misc_minor": "TotalMisc",
    "tax_minor": "TotalTax",
    "total_minor": "OrderAmt",
}


def customer(document: Document) -> Iterator[Row]:
    """An ERP customer."""
    yield (
        "customers",
        {
            "side": "epicor",
            "customer_id": int(document["CustNum"]),
            "link": str(document.get("CustID") or ""),
            "name": str(document.get("Name") or "").strip(),
            "email": str(document.get("EMailAddress") or "").strip(),
            "phone": str(document.get("PhoneNum") or "").strip(),
            "active": not document.get("Inactive"),
        },
    )


def part(document: Document, retailer: Retailer) -> Iterator[Row]:
    """A part with its warehouses and units: one product row and one stock row per known warehouse."""
    sku, unit = str(document["PartNum"]), str(document.get("IUM") or retailer.units.base)
    factor = _factor(document, sku, unit, retailer)
    yield (
        "products",
        {
            "side": "epicor",
            "sku": sku,
            "item_id": 0,
            "description": str(document.get("PartDescription") or ""),
            "unit": unit,
            "factor": factor,
            "price_minor": to_minor(document.get("UnitPrice") or 0, retailer.currency),
            "active": not document.get("InActive"),
        },
    )
    for place in document.get("PartWhses") or ():
        store = retailer.by_warehouse.get(place["WarehouseCode"])
        if store is None:
            continue
        on_hand, reserved = (_pieces(place.get(name), factor) for name in ("OnHandQty", "ReservedQty"))
        yield (
            "stock_levels",
            {
                "side": "epicor",
                "sku": sku,
                "store": store.code,
                "on_hand_milli": on_hand,
                "reserved_milli": reserved,
                "available_milli": on_hand - reserved,
                "factor": factor,
            },
        )


def _pieces(quantity: Any, factor: int) -> int:
    """Thousandths of a piece; Epicor keeps eight decimals of a case, and a third of a case of six is two pieces."""
    return to_milli((Decimal(quantity or 0) * factor).quantize(Decimal("0.001")))


def _factor(document: Document, sku: str, unit: str, retailer: Retailer) -> int:
    """Base units in one stocking unit: the part's own conversion first, then the profile's; never a guess."""
    if unit == retailer.units.base:
        return 1
    for conversion in document.get("PartUOMs") or ():
        if conversion["UOMCode"] == unit:
            factor = Decimal(conversion["ConvFactor"])
            if factor > 0 and factor == factor.to_integral_value():
                return int(factor)
            raise BadRecord(
                f"part {sku}: unit {unit} holds {factor} {retailer.units.base}, which is no whole positive number"
            )
    if unit in retailer.units.holds:
        return retailer.units.holds[unit]
    raise BadRecord(
        f"part {sku} is stocked in {unit}, which has no conversion; add PartUOM in Epicor or units in the profile"
    )


def unit_holds(document: Document, unit: str, retailer: Retailer) -> int:
    """Base units in one of any unit of a part. Raises BadRecord for a unit without a conversion."""
    return _factor(document, str(document["PartNum"]), unit, retailer)


def ledger_line(document: Document, retailer: Retailer) -> Iterator[Row]:
    """A posted ledger line; the payment is read from the description that the posting carries."""
    text = str(document.get("Description") or "")
    found = PAYMENT.match(text)
    segments = str(document["GLAccount"]).split("|")
    debit, credit = (to_minor(document.get(name) or 0, retailer.currency) for name in ("DebitAmount", "CreditAmount"))
    yield (
        "ledger_lines",
        {
            "line_id": "-".join(
                str(document[name]) for name in ("FiscalYear", "JournalCode", "JournalNum", "JournalLine")
            ),
            "account": segments[0],
            "store": segments[1] if len(segments) > 1 else "",
            "posting_date": _day(document["JEDate"]),
            "amount_minor": debit - credit,
            "payment_id": int(found[1]) if found else 0,
            "description": text,
            "group_id": str(document.get("GroupID") or ""),
        },
    )


def bank_line(document: Document, retailer: Retailer) -> Iterator[Row]:
    """A bank transaction, as the query HeSync_BankLines gives it."""
    found = {name.removeprefix("BankTran_"): value for name, value in document.items()}
    yield (
        "bank_lines",
        {
            "line_id": f"{found['BankAcctID']}-{found['TranNum']}",
            "bank_account": str(found["BankAcctID"]),
            "value_date": _day(found["TranDate"]),
            "amount_minor": to_minor(found.get("TranAmt") or 0, retailer.currency),
            "reference": str(found.get("TranRef") or ""),
        },
    )


def job(document: Document) -> Iterator[Row]:
    """A job."""
    yield (
        "jobs",
        {
            "job_num": str(document["JobNum"]),
            "sku": str(document.get("PartNum") or ""),
            "quantity_milli": to_milli(document.get("ProdQty") or 0),
            "completed_milli": to_milli(document.get("QtyCompleted") or 0),
            "complete": bool(document.get("JobComplete")),
            "closed": bool(document.get("JobClosed")),
            "revision": int(document["SysRevID"]),
        },
    )


def shipment(document: Document) -> Iterator[Row]:
    """A pack."""
    yield (
        "shipments",
        {
            "pack_num": int(document["PackNum"]),
            "order_num": int(document.get("OrderNum") or 0),
            "ship_date": _day(document.get("ShipDate")),
            "status": str(document.get("ShipStatus") or ""),
            "tracking": str(document.get("TrackingNumber") or ""),
            "voided": bool(document.get("Voided")),
            "revision": int(document["SysRevID"]),
        },
    )
