"""Portico over SOAP: batch close and the reports, in decimal dollars, over the same transactions as GP-API.

Our choices: a `GatewayTxnId` is GP-API's transaction id and a `BatchId` its batch id, so that both views can be joined;
`skapi_sandbox` reaches every merchant id and `skapi_sandbox_<mid>` one; of the five-part credentials `DeviceId` is the
merchant id. A close takes the oldest open batch in reach.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date, datetime, timedelta

from he_sync.model.money import to_major
from he_sync.sandbox.http import Answer, Call, Routes
from he_sync.sandbox.processor import batches, filters, soap
from he_sync.sandbox.processor.history import reader
from he_sync.sandbox.processor.problems import stamp
from he_sync.sandbox.processor.switches import PORTICO_ROWS_MAX
from he_sync.sandbox.state import Document, field

PATH = "/Hps.Exchange.PosGateway/PosGatewayService.asmx"
KEY = "skapi_sandbox"
USER, PASSWORD = "he-sync", "sandbox"
SERVICES = {"PREAUTHORIZED": "CreditAuth", "REFUND": "CreditReturn", "SALE": "CreditSale"}
STATUSES = {"BATCHED": "C", "FUNDED": "C", "REVERSED": "R", "DECLINED": "I", "REJECTED": "I"}
CRITERIA = {
    "Criteria/BatchId": filters.equals("batch_id"),
    "Criteria/RefNbr": filters.equals("payment_method.card.brand_reference"),
    "Criteria/InvoiceNbr": filters.equals("order_reference"),
    "Criteria/ClientTxnId": filters.equals("reference"),
    "Criteria/AuthCode": filters.equals("payment_method.card.authcode"),
    "Criteria/GatewayTxnId": filters.equals("id"),
}


Row = list[tuple[str, soap.Tree]]
SHOWN = ("SettlementAmt", "BatchSeqNbr")
"""Criteria that are compared with what the row shows, because no stored field holds it."""


class Refusal(Exception):
    """A gateway response code other than 0. Code 5 is known; -2, 1 and 3 with their texts are our choice."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def _dollars(minor: str | int) -> str:
    return str(to_major(int(minor or 0)))


def _mid(call: Call, asked: soap.Asked) -> str:
    header = asked.header
    key = header.get("SecretAPIKey", "")
    expired = call.fault is not None and call.fault.name == "expired_token"
    if not expired and key == KEY:
        return ""
    if not expired and key.startswith(f"{KEY}_"):
        return key.removeprefix(f"{KEY}_")
    if not expired and (header.get("UserName"), header.get("Password")) == (USER, PASSWORD):
        return header.get("DeviceId", "")
    raise Refusal("-2", "Authentication error. Verify and correct credentials.")


def _sequence(call: Call, batch_id: str) -> str:
    """BatchSeqNbr: the how manieth batch of its merchant id; empty for what is in no batch yet."""
    batch = call.state.get(batches.TABLE, batch_id) if batch_id else None
    if batch is None:
        return ""
    earlier = f"{field('mid')} = ? AND ({field('time_created')}, key) <= (?, ?)"
    return str(call.state.count(batches.TABLE, earlier, (batch["mid"], batch["time_created"], batch["id"])))


def _row(sale: Document, time_zone: str, sequence: str) -> Row:
    """One report row. A stored sale has one amount, tip included, so the parts of it are zero."""
    card = sale.get("payment_method", {}).get("card", {})
    entry = sale.get("payment_method", {}).get("entry_mode", "")
    merchant = time_zone == "Merchant"
    amount = _dollars(sale["amount"])
    kind = "PREAUTHORIZED" if sale["status"] == "PREAUTHORIZED" else sale["type"]
    status = STATUSES.get(sale["status"], "A")
    return [
        ("GatewayTxnId", sale["id"]),
        ("OriginalGatewayTxnId", sale.get("parent_resource_id") or "0"),
        ("ServiceName", SERVICES.get(kind, kind)),
        ("DeviceId", sale["system"]["mid"]),
        ("TxnUtcDT", sale["time_created"]),
        ("RspDT", sale.get("time_created_reference", "") if merchant else sale["time_created"]),
        ("Status", status),
        ("TxnStatus", status),
        ("Amt", amount),
        ("AuthAmt", amount),
        ("SettlementAmt", _dollars(0) if status in "RI" else amount),
        ("AuthCode", card.get("authcode", "")),
        ("RefNbr", card.get("brand_reference", "")),
        ("ClientTxnId", sale.get("reference", "")),
        ("MaskedCardNbr", card.get("masked_number_first6last4", "")),
        ("CardType", card.get("brand", "")),
        ("CardSwiped", "Y" if "SWIPE" in entry else "N"),
        ("InvoiceNbr", sale.get("order_reference", "")),
        ("CustomerID", ""),
        ("Description", sale.get("description", "")),
        ("BatchId", sale.get("batch_id", "")),
        ("BatchSeqNbr", sequence),
        ("BatchCloseDT", sale.get("batch_time_created", "")),
        ("GatewayRspCode", "0"),
        ("GatewayRspMsg", "Success"),
        ("IssuerRspCode", sale.get("payment_method", {}).get("result", "")),
        ("IssuerRspText", sale.get("payment_method", {}).get("message", "")),
        *((f"{part}AmtInfo", "0.00") for part in ("Gratuity", "Convenience", "Shipping", "Surcharge")),
        *((name, "") for name in ("TaxType", "UserName", "ClerkID")),
        ("UniqueDeviceId", sale["system"]["mid"]),
    ]


def _sales(call: Call, mid: str, clauses: list[str], params: list[str | int]) -> list[Document]:
    if mid:
        clauses, params = [*clauses, f"{field('system.mid')} = ?"], [*params, mid]
    order, most = f"+{field('time_created')}, key", int(PORTICO_ROWS_MAX.read(call.state))
    return reader(call).select(batches.SALES, " AND ".join(clauses), params, order=order, limit=most)


def _span(asked: soap.Asked, start: str, end: str, now: datetime) -> tuple[list[str], list[str | int]]:
    """Half-open in time; a report without a start begins a day ago, our choice."""
    begin = asked.fields.get(start) or (now - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S")
    clauses, params = [f"{field('time_created')} >= ?"], [_time(begin)]
    if asked.fields.get(end):
        clauses, params = [*clauses, f"{field('time_created')} < ?"], [*params, _time(asked.fields[end])]
    return clauses, [*params]


def _time(text: str) -> str:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise Refusal("1", f"{text!r} is not a time") from None
    return text.removesuffix("Z")


def _rows(call: Call, sales: list[Document], asked: soap.Asked) -> list[Row]:
    sequences = {key: _sequence(call, key) for key in {str(sale.get("batch_id") or "") for sale in sales}}
    zone = asked.fields.get("TzConversion", "UTC")
    return [_row(sale, zone, sequences[str(sale.get("batch_id") or "")]) for sale in sales]


def _details(call: Call, sales: list[Document], asked: soap.Asked) -> soap.Tree:
    return [("Details", row) for row in _rows(call, sales, asked)]


def _close(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:  # noqa: ARG001 - one shape for every operation
    where, params = batches.OPEN, []
    if mid:
        where, params = f"{batches.OPEN} AND {field('mid')} = ?", [mid]
    with call.state.transaction("api", "BatchClose"):
        found = call.state.select(batches.TABLE, where, params, f"{field('time_created')}, key", 1)
        if not found:
            raise Refusal("5", "Transaction was rejected because it requires a batch to be open.")
        closed = batches.close(call.state, found[0])
    sequence = _sequence(call, closed["id"])
    total, count = _dollars(closed["amount"]), str(closed["transaction_count"])
    return [
        ("BatchId", closed["id"]),
        ("TxnCnt", count),
        ("TotalAmt", total),
        ("BatchSeqNbr", sequence),
        ("HostBatchNbr", sequence),
        ("HostTotalCnt", count),
        ("HostTotalAmt", total),
        ("ProcessedDeviceId", closed["mid"]),
    ]


def _activity(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:
    clauses, params = _span(asked, "RptStartUtcDT", "RptEndUtcDT", call.state.now())
    return _details(call, _sales(call, mid or asked.fields.get("DeviceId", ""), clauses, params), asked)


def _find(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:
    used = [name for name in CRITERIA if asked.fields.get(name)]
    clauses: list[str] = [CRITERIA[name].sql for name in used]
    params: list[str | int] = [asked.fields[name] for name in used]
    if not used or asked.fields.get("Criteria/StartUtcDT"):
        span, edges = _span(asked, "Criteria/StartUtcDT", "Criteria/EndUtcDT", call.state.now())
        clauses, params = [*span, *clauses], [*edges, *params]
    rows = _rows(call, _sales(call, mid, clauses, params), asked)
    shown = [(name, wanted) for name in SHOWN if (wanted := asked.fields.get(f"Criteria/{name}"))]
    return [("Transactions", row) for row in rows if all(dict(row)[name] == wanted for name, wanted in shown)]


def _detail(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:
    found = _sales(call, mid, [f"{field('id')} = ? AND key = ?"], [asked.fields.get("TxnId", "")] * 2)
    if not found:
        raise Refusal("3", "Transaction rejected because the referenced original transaction is invalid.")
    row = _rows(call, found, asked)[0]
    return [*row[:5], ("Data", row[5:])]


def _batch(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:
    clause = f"{field('batch_id')} = ?"
    return _details(call, _sales(call, mid, [clause], [asked.fields.get("BatchId", "")]), asked)


def _open_auths(call: Call, asked: soap.Asked, mid: str) -> soap.Tree:
    clause = f"{field('status')} = ?"
    return _details(call, _sales(call, mid, [clause], ["PREAUTHORIZED"]), asked)


def _unknown(_: Call, asked: soap.Asked, mid: str) -> soap.Tree:  # noqa: ARG001 - one shape for every operation
    raise Refusal("1", f"{asked.name} is not known to this gateway")


OPERATIONS: dict[str, Callable[[Call, soap.Asked, str], soap.Tree]] = {
    "BatchClose": _close,
    "ReportActivity": _activity,
    "FindTransactions": _find,
    "ReportTxnDetail": _detail,
    "ReportBatchDetail": _batch,
    "ReportOpenAuths": _open_auths,
}


def _header(call: Call, code: str, message: str) -> soap.Tree:
    now = stamp(call.state.now()).removesuffix("Z")
    return [
        ("GatewayTxnId", str(secrets.randbelow(10**10))),
        ("GatewayRspCode", code),
        ("GatewayRspMsg", message),
        ("RspDT", now),
    ]


def _serve(call: Call) -> Answer:
    kind = {"content-type": "text/xml; charset=utf-8"}
    try:
        asked = soap.read(call.body)
        tree = OPERATIONS.get(asked.name, _unknown)(call, asked, _mid(call, asked))
    except Refusal as refusal:
        return Answer(200, soap.write(_header(call, refusal.code, refusal.message), None), kind)
    except ValueError as error:
        return Answer(400, f"Bad request: {error}".encode())
    return Answer(200, soap.write(_header(call, "0", "Success"), [(asked.name, tree)]), kind)


def add(routes: Routes) -> None:
    """Register the gateway's one address."""
    routes.add("POST", PATH, _serve)
