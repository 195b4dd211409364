"""What the legacy integration pushed to Epicor: a sales order of every ticket and order, errors of its own included.

Goods that came back in an exchange are no order line (Epicor refuses negative quantities): they are a header charge
EXCH. Freight is a header charge FRT. A line whose item Epicor makes has a release with `Make` and a job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from he_sync.sandbox.world.people import WALK_IN
from he_sync.sandbox.world.randomness import midnight, money, quantity
from he_sync.sandbox.world.rows import PLANT, Rows, epicor_key
from he_sync.sandbox.world.shelves import in_unit

if TYPE_CHECKING:
    from datetime import date

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.places import Place
    from he_sync.sandbox.world.sale import Line, Sale

FIRST_ORDER = 5001


@dataclass(frozen=True)
class Push:
    """One push of a sale: the order number it got, and what went wrong with it."""

    sale: Sale
    number: int
    tax_off: int = 0
    no_discount: bool = False


def push_rows(rows: Rows, push: Push, day: date, centre: Place) -> None:
    """OrderHed with its lines, releases, charges and jobs."""
    sale, date_text = push.sale, midnight(day)
    key = epicor_key(push.number)
    rows.epicor("OrderHed", [push.number], _head(push, date_text))
    for turn, line in enumerate([line for line in sale.lines if line.milli > 0], 1):
        rows.epicor("OrderDtl", [push.number, turn], _detail(push, turn, line, date_text), parent=key)
        release = _release(push, turn, line, date_text, centre)
        rows.epicor("OrderRel", [push.number, turn, 1], release, parent=epicor_key(push.number, turn))
        if line.item.kind == "made":
            _job(rows, push, turn, line, date_text)
    for turn, (code, text, cents) in enumerate(_charges(sale), 1):
        amount = {"MiscAmt": money(cents), "DocMiscAmt": money(cents), "Type": "A", "FreqCode": "F"}
        charge = {"OrderNum": push.number, "SeqNum": turn, "MiscCode": code, "Description": text, **amount}
        rows.epicor("OHOrderMsc", [push.number, 0, turn], {**charge, "OrderLine": 0}, parent=key)


def _charges(sale: Sale) -> list[tuple[str, str, int]]:
    back = sum(line.value for line in sale.lines if line.milli < 0)
    freight = [("FRT", "Freight", sale.charge)] if sale.charge else []
    return freight + ([("EXCH", "Exchanged goods", back)] if back else [])


def _twins(**amounts: int) -> Document:
    """Base and document currency columns of the same amounts."""
    return {f"{side}{name}": money(cents) for name, cents in amounts.items() for side in ("", "Doc")}


def _head(push: Push, date_text: str) -> Document:
    """OrderAmt = TotalCharges + TotalMisc - TotalDiscount + TotalTax."""
    sale = push.sale
    sold = [line for line in sale.lines if line.milli > 0]
    charges, misc = sum(line.gross for line in sold), sum(cents for _, _, cents in _charges(sale))
    discount = 0 if push.no_discount else charges - sum(line.value for line in sold)
    tax = sale.tax + push.tax_off
    totals = _twins(
        TotalCharges=charges,
        TotalMisc=misc,
        TotalDiscount=discount,
        TotalTax=tax,
        OrderAmt=charges + misc - discount + tax,
    )
    number = sale.customer.number if sale.customer else WALK_IN
    who = {"CustNum": number, "BTCustNum": number, "ShipToCustNum": number}
    names = {"CustomerCustID": f"H{sale.customer.id}", "CustomerName": sale.customer.name} if sale.customer else {}
    return {
        "OrderNum": push.number,
        **who,
        **(names or {"CustomerCustID": "WALKIN", "CustomerName": "Walk-in"}),
        "PONum": sale.reference,
        **dict.fromkeys(("OrderDate", "RequestDate", "NeedByDate", "ChangeDate"), date_text),
        "TermsCode": "N30",
        "ShipViaCode": "UPSG",
        "FOB": "ORIG",
        "CurrencyCode": "USD",
        "ExchangeRate": 1,
        "Plant": PLANT,
        "EntryPerson": "legacy",
        "OpenOrder": sale.kind == "Order",
        "CounterSale": sale.kind != "Order",
        "TotalLines": len(sold),
        "TotalReleases": len(sold),
        **totals,
    }


def _detail(push: Push, turn: int, line: Line, date_text: str) -> Document:
    discount = 0 if push.no_discount else line.gross - line.value
    item = line.item
    kit = {"KitFlag": "P"} if item.kind == "kit" else {}
    return {
        "OrderNum": push.number,
        "OrderLine": turn,
        "LineType": "PART",
        "PartNum": item.public_id,
        "LineDesc": item.description,
        "IUM": item.unit,
        "SalesUM": "EA",
        "SellingQuantity": quantity(line.milli),
        "OrderQty": in_unit(item, line.milli),
        **_twins(UnitPrice=line.price, ExtPriceDtl=line.gross, Discount=discount),
        "OverridePriceList": True,
        "OpenLine": push.sale.kind == "Order",
        "CustNum": push.sale.customer.number if push.sale.customer else WALK_IN,
        "RequestDate": date_text,
        "NeedByDate": date_text,
        **kit,
    }


def _release(push: Push, turn: int, line: Line, date_text: str, centre: Place) -> Document:
    """A counter sale left the store at once; an order's release waits at the centre, or for its job."""
    order, item = push.sale.kind == "Order", line.item
    made, need = item.kind == "made", in_unit(line.item, line.milli)
    job = {"Make": True, "OurJobQty": need} if made else {"OurStockQty": need}
    return {
        "OrderNum": push.number,
        "OrderLine": turn,
        "OrderRelNum": 1,
        "LineType": "PART",
        "PartNum": item.public_id,
        "OurReqQty": need,
        "SellingReqQty": quantity(line.milli),
        **job,
        **({} if order else {"OurStockShippedQty": need}),
        "ReqDate": date_text,
        "NeedByDate": date_text,
        "Plant": PLANT,
        "WarehouseCode": centre.code if order else push.sale.place.code,
        "OpenRelease": order,
        "FirmRelease": True,
        "IUM": item.unit,
        "SalesUM": "EA",
    }


def _job(rows: Rows, push: Push, turn: int, line: Line, date_text: str) -> None:
    name, item = f"J{push.number:06d}-{turn}", line.item
    job = {"JobNum": name, "PartNum": item.public_id, "PartDescription": item.description, "IUM": item.unit}
    amounts = {"ProdQty": quantity(line.milli), "OrigProdQty": quantity(line.milli), "JobType": "MFG", "Plant": PLANT}
    now = {
        "JobEngineered": True,
        "JobReleased": True,
        "JobFirm": True,
        "CreateDate": date_text,
        "ReqDueDate": date_text,
    }
    who = {"CreatedBy": "legacy", "LastChangedOn": date_text, "LastChangedBy": "legacy"}
    rows.epicor("JobHead", [name], {**job, **amounts, **now, **who})
    source = {"JobNum": name, "OrderNum": push.number, "OrderLine": turn, "OrderRelNum": 1, "WarehouseCode": ""}
    target = {"TargetJobNum": "", "TargetAssemblySeq": 0, "TargetMtlSeq": 0}
    demand = {"ProdQty": quantity(line.milli), "PartNum": item.public_id, "Plant": PLANT}
    rows.epicor(
        "JobProd", [name, push.number, turn, 1, "", "", 0, 0], {**source, **target, **demand}, parent=epicor_key(name)
    )
