"""Returns in Epicor: the authorisation with its lines, then a credit memo that says what was refunded.

The authorisation carries the sale's reference in XRefRMANumber and is found by it. The price of an order line is not
what was refunded for it, so the memo's lines are set to the refund and its tax stands beside them as charges; posting
the memo is the ledger's business and not done here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from he_sync.connect.epicor_answers import parameters
from he_sync.connect.epicor_query import equals
from he_sync.flows.writers.bench import Bench, Body, Writer, stored
from he_sync.flows.writers.customers import number_of_customer
from he_sync.flows.writers.order_reads import Order, lines, whole
from he_sync.model.errors import BrokenPromise, LookUpFirst
from he_sync.model.money import show, to_major, to_minor

SERVICE, INVOICES = "Erp.BO.RMAProcSvc", "Erp.BO.ARInvoiceSvc"
REFERENCE = "XRefRMANumber"
RMA = ("RMANum", "InvoiceNum", REFERENCE)
LINES = "RMADtls($select=RMALine,PartNum,ReturnQty,InvoiceNum,InvoiceLine)"


def _rma(bench: Bench, body: Body) -> dict[str, Any] | None:
    """The return that carries the reference. Raises BrokenPromise where there are several."""
    asked = equals(REFERENCE, body["reference"])
    rows = bench.systems.epicor.read(SERVICE, "RMAProcs", filter=asked, select=RMA, expand=LINES)
    if len(rows) > 1:
        numbers = ", ".join(str(row["RMANum"]) for row in rows)
        raise BrokenPromise(f"returns {numbers} carry the same {body['reference']}; delete all but one")
    return rows[0] if rows else None


def _details(rma: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(rma.get("RMADtls") or [], key=lambda row: int(row["RMALine"]))


def _find(bench: Bench, _key: str, body: Body) -> str | None:
    """Found means complete: all lines are there, and where money went back the memo comes to it."""
    rma = _rma(bench, body)
    if rma is None or len(_details(rma)) != len(body["lines"]):
        return None
    done = not body["credit"] or _credited(bench, rma) == int(body["amount_minor"])
    return str(rma["RMANum"]) if done else None


def _write(bench: Bench, _key: str, body: Body) -> str:
    """The return unless it is there, the lines that it lacks, the memo's lines, its charges, then its total."""
    rma = _rma(bench, body) or _new(bench, body)
    number, there = int(rma["RMANum"]), {int(row["RMALine"]) for row in _details(rma)}
    for place, line in enumerate(_rows(bench, body), start=1):
        if place not in there:
            bench.systems.epicor.insert(SERVICE, "RMADtls", {**_key_of(bench, number), "RMALine": place, **line})
    if body["credit"]:
        _credit(bench, body)
    return str(number)


def _key_of(bench: Bench, number: int) -> Body:
    return {"Company": bench.retailer.epicor.company, "RMANum": number}


def _new(bench: Bench, body: Body) -> dict[str, Any]:
    head = {
        "CustNum": number_of_customer(bench, body["customer"]),
        "RMADate": f"{body['date']}T00:00:00",
        REFERENCE: body["reference"],
        "RMAComment": f"Heartland {body['owner']}",
        "RMADtls": _rows(bench, body),
    }
    bench.systems.epicor.insert(SERVICE, "RMAProcs", head)
    if made := _rma(bench, body):
        return made
    raise LookUpFirst(f"return {body['reference']} was accepted and cannot be read back yet")


def _rows(bench: Bench, body: Body) -> list[Body]:
    """The lines as Epicor takes them; each names the order line it comes from, where the order is known."""
    sold = lines(whole(bench, body["order_owner"])) if body.get("order_owner") else []
    return [_row(line, _sold(line, sold)) for line in body["lines"]]


def _sold(line: Body, sold: list[Order]) -> Body:
    """The first order line of the part that had as much; a return of more than one line stays without."""
    for one in sold:
        if one["PartNum"] == line["part"] and Decimal(one["OrderQty"]) >= Decimal(line["qty"]):
            return {"OrderNum": int(one["OrderNum"]), "OrderLine": int(one["OrderLine"]), "OrderRelNum": 1}
    return {}


def _row(line: Body, sold: Body) -> Body:
    return {
        "PartNum": line["part"],
        "LineDesc": line["description"],
        "ReturnQty": Decimal(line["qty"]),
        "ReturnQtyUOM": line["unit"],
        "ReturnReasonCode": line["reason"],
        **sold,
    }


# the credit memo


def _memo(bench: Bench, number: int) -> dict[str, Any]:
    expand = (
        "InvcDtls($select=InvoiceLine,RMALine,DocExtPrice,DocDiscount),InvcMiscs($select=SeqNum,MiscCode,DocMiscAmt)"
    )
    asked, columns = equals("InvoiceNum", number), ("InvoiceNum", "InvoiceAmt", "Posted")
    rows = bench.systems.epicor.read(INVOICES, "ARInvoices", filter=asked, select=columns, expand=expand)
    if not rows:
        raise LookUpFirst(f"credit memo {number} cannot be read back yet")
    return rows[0]


def _credited(bench: Bench, rma: dict[str, Any]) -> int | None:
    """What the memo gives back in minor units; None while a line has none."""
    numbers = {int(row["InvoiceNum"]) for row in _details(rma)}
    if len(numbers) != 1 or not all(numbers):
        return None
    return -to_minor(_memo(bench, numbers.pop())["InvoiceAmt"], bench.retailer.currency)


def _credit(bench: Bench, body: Body) -> None:
    rma = _rma(bench, body) or {}
    for row in _details(rma):
        if not row["InvoiceNum"]:
            _credit_line(bench, int(rma["RMANum"]), int(row["RMALine"]))
    rma = _rma(bench, body) or {}
    for row, line in zip(_details(rma), body["lines"], strict=True):
        _price(bench, row, line)
    number = int(_details(rma)[0]["InvoiceNum"])
    for charge in _missing(_memo(bench, number), body.get("charges", [])):
        _charge(bench, number, charge)
    if (given := _credited(bench, rma)) != int(body["amount_minor"]):
        gives, wanted = show(given or 0), show(int(body["amount_minor"]))
        raise BrokenPromise(
            f"credit memo {number} of return {rma['RMANum']} gives {gives} instead of {wanted}; "
            "a person must look at it before it is posted"
        )


def _credit_line(bench: Bench, number: int, line: int) -> None:
    asked = {"iRMANum": number, "iRMALine": line, "iCorrection": False, "ds": {}}
    answer = parameters(bench.systems.epicor.call(SERVICE, "RMACreditAdd", asked))
    if not answer.get("iInvoiceNum"):
        raise LookUpFirst(f"the credit of return {number} line {line} was accepted without a memo's number")


def _price(bench: Bench, row: dict[str, Any], line: Body) -> None:
    """The memo's line says what was refunded, whatever the order line cost."""
    amount = -to_major(int(line["amount_minor"]), bench.retailer.currency)
    wanted = {"DocExtPrice": amount, "DocDiscount": Decimal(0)}
    memo = _memo(bench, int(row["InvoiceNum"]))
    there = next(one for one in memo["InvcDtls"] if int(one["InvoiceLine"]) == int(row["InvoiceLine"]))
    if not stored(there, wanted):
        place = {"InvoiceNum": int(row["InvoiceNum"]), "InvoiceLine": int(row["InvoiceLine"])}
        bench.systems.epicor.patch(INVOICES, "InvcDtls", place, wanted)


def _missing(memo: dict[str, Any], charges: Iterable[Body]) -> list[Body]:
    there = Counter((row["MiscCode"], Decimal(row["DocMiscAmt"])) for row in memo.get("InvcMiscs") or [])
    missing = []
    for charge in charges:
        what = (charge["code"], -Decimal(charge["amount"]))
        there[what] -= 1
        if there[what] < 0:
            missing.append(charge)
    return missing


def _charge(bench: Bench, number: int, charge: Body) -> None:
    row = {"MiscCode": charge["code"], "Description": charge["text"], "DocMiscAmt": -Decimal(charge["amount"])}
    place = {"InvoiceNum": number, "InvoiceLine": 0}
    bench.systems.epicor.insert(INVOICES, "InvcMiscs", {**place, **row, "Type": "A", "FreqCode": "F"})


WRITERS = {"create_rma": Writer(_find, _write)}
