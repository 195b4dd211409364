"""A minimal till: sale, refund, capture and reversal, enough for the official SDK's charge, authorize and refund."""

from __future__ import annotations

import re
import secrets
from typing import Any

from he_sync.sandbox.http import Answer, Call, Routes
from he_sync.sandbox.processor import batches, notify, shapes, switches
from he_sync.sandbox.processor.actions import change
from he_sync.sandbox.processor.problems import Problem, body_of, missing, not_found, stamp, unexpected
from he_sync.sandbox.processor.tokens import app_of, check_account
from he_sync.sandbox.state import Document, field

TABLE = batches.SALES
DECLINING_CARD = "4000120000001154"
MANDATORY = ("type", "channel", "amount", "currency", "reference", "payment_method")
BRANDS = {"4": "VISA", "5": "MASTERCARD", "2": "MASTERCARD", "3": "AMEX", "6": "DISCOVER"}
MONEY_TAKEN = ("CAPTURED", "BATCHED", "FUNDED")


def _create(call: Call) -> Answer:
    body = body_of(call)
    check_account(app_of(call)[1], str(body.get("account_id") or ""), str(body.get("account_name") or ""))
    _check(body)

    def work() -> Document:
        sale = _new(call, body)
        declined = str((body["payment_method"].get("card") or {}).get("number", "")) == DECLINING_CARD
        later = sale["type"] == "SALE" and sale["capture_mode"] in {"LATER", "MULTIPLE"}
        sale["status"] = "DECLINED" if declined else "PREAUTHORIZED" if later else "CAPTURED"
        if declined:
            sale["payment_method"] |= {"result": "51", "message": "DECLINED"}
        return _store(call, sale)

    kind = "REFUND" if body["type"] == "REFUND" else "SALE"
    return _told(call, change(call, "TRANSACTIONS", kind, work))


def _check(body: dict[str, Any]) -> None:
    for name in MANDATORY:
        if not body.get(name):
            raise missing(name)
    if body["type"] not in {"SALE", "REFUND"}:
        raise unexpected("type")
    if body["channel"] not in {"CP", "CNP"}:
        raise unexpected("channel")
    _check_types(body)
    _amount(body, "amount", 0)


def _check_types(body: dict[str, Any]) -> None:
    paid_with = body["payment_method"]
    objects = [("payment_method", paid_with), *((name, body.get(name) or {}) for name in ("order", "notifications"))]
    if isinstance(paid_with, dict):
        objects.append(("card", paid_with.get("card") or {}))
    wrong = [name for name, value in objects if not isinstance(value, dict)]
    wrong += [name for name in ("currency", "reference") if not isinstance(body[name], str)]
    if wrong:
        raise unexpected(wrong[0])


def _amount(body: dict[str, Any], name: str, default: int) -> int:
    text = str(body.get(name) or default)
    if not re.fullmatch("[0-9]{1,15}", text):
        raise unexpected(name)
    return int(text)


def _new(call: Call, body: dict[str, Any]) -> Document:
    now = stamp(call.state.now())
    return {
        "id": f"TRN_{secrets.token_hex(12)}",
        "time_created": now,
        "time_created_reference": now,
        "status": "INITIATED",
        "type": body["type"],
        "channel": body["channel"],
        "capture_mode": body.get("capture_mode", "AUTO"),
        "amount": str(_amount(body, "amount", 0) + _amount(body, "gratuity_amount", 0)),
        "currency": body["currency"],
        "reference": body["reference"],
        "description": body.get("description") or "",
        "order_reference": (body.get("order") or {}).get("reference", ""),
        "batch_id": "",
        "country": body.get("country", "US"),
        "parent_resource_id": "",
        "system": _system(call),
        "payment_method": _paid_with(body["payment_method"]),
        "notifications": body.get("notifications") or {},
    }


def _system(call: Call) -> Document:
    mid = switches.DEFAULT_MID.read(call.state)
    return {"mid": mid, "hierarchy": "055-70-024-011-019", "name": "SANDBOX", "dba": "SANDBOX"}


def _paid_with(asked: dict[str, Any]) -> Document:
    shown: Document = {
        "result": "00",
        "message": "APPROVAL",
        "entry_mode": asked.get("entry_mode", "ECOM"),
        "name": asked.get("name") or "",
    }
    number = str((asked.get("card") or {}).get("number", ""))
    if number:
        shown["card"] = {
            "brand": BRANDS.get(number[0], "UNKNOWN"),
            "authcode": secrets.token_hex(3).upper(),
            "brand_reference": secrets.token_hex(6).upper(),
            "arn": "",
            "masked_number_last4": "X" * (len(number) - 4) + number[-4:],
            "masked_number_first6last4": number[:6] + "X" * (len(number) - 10) + number[-4:],
        }
    return shown


def _store(call: Call, sale: Document) -> Document:
    if sale["status"] == "CAPTURED":
        sale["batch_id"] = batches.join(call.state, sale)
    call.state.put(TABLE, sale["id"], sale)
    return shapes.transaction(call, sale)


def _known(call: Call, allowed: tuple[str, ...]) -> Document:
    sale = call.state.get(TABLE, call.path["id"])
    if sale is None:
        raise not_found("Transactions", call.path["id"], call)
    if sale["status"] not in allowed:
        message = f"{sale['id']} is {sale['status']}, so it takes no {call.url.rsplit('/', 1)[-1]}"
        raise Problem("INVALID_TRANSACTION_ACTION", "40290", message)
    return sale


def _capture(call: Call) -> Answer:
    body = body_of(call)

    def work() -> Document:
        sale = _known(call, ("PREAUTHORIZED",))
        amount = _amount(body, "amount", int(sale["amount"])) + _amount(body, "gratuity", 0)
        return _store(call, {**sale, "amount": str(amount), "status": "CAPTURED"})

    return _told(call, change(call, "TRANSACTIONS", "CAPTURE", work))


def _refund(call: Call) -> Answer:
    body = body_of(call)

    def work() -> Document:
        sale = _known(call, MONEY_TAKEN)
        amount = _amount(body, "amount", int(sale["amount"]))
        if sale["type"] != "SALE" or amount + _refunded(call, sale["id"]) > int(sale["amount"]):
            raise Problem("INVALID_REQUEST_DATA", "40087", f"A refund may not take more than is left of {sale['id']}")
        return _store(call, _refund_of(call, sale, amount))

    return _told(call, change(call, "TRANSACTIONS", "REFUND", work))


def _refunded(call: Call, sale_id: str) -> int:
    rows = call.state.select(TABLE, f"{field('parent_resource_id')} = ?", (sale_id,))
    return sum(int(row["amount"]) for row in rows if row["type"] == "REFUND" and row["status"] != "REVERSED")


def _refund_of(call: Call, sale: Document, amount: int) -> Document:
    now = stamp(call.state.now())
    kept = {name: value for name, value in sale.items() if name not in shapes.SETTLEMENT_ONLY}
    return {
        **kept,
        "id": f"TRN_{secrets.token_hex(12)}",
        "time_created": now,
        "time_created_reference": now,
        "type": "REFUND",
        "status": "CAPTURED",
        "amount": str(amount),
        "parent_resource_id": sale["id"],
    }


def _reverse(call: Call) -> Answer:
    body = body_of(call)

    def work() -> Document:
        sale = _known(call, ("PREAUTHORIZED", "CAPTURED"))
        if _amount(body, "amount", int(sale["amount"])) != int(sale["amount"]):
            raise unexpected("amount")
        if sale["status"] == "CAPTURED":
            batches.leave(call.state, sale)
        return _store(call, {**sale, "status": "REVERSED"})

    return change(call, "TRANSACTIONS", "REVERSE", work)


def _told(call: Call, answer: Answer) -> Answer:
    if answer.content["status"] == "CAPTURED":
        stored = call.state.get(TABLE, answer.content["id"]) or {}
        notify.post(call, stored.get("notifications", {}).get("status_url", ""), answer.content)
    return answer


def add(routes: Routes) -> None:
    """Register the writing addresses."""
    routes.add("POST", "/ucp/transactions", _create)
    routes.add("POST", "/ucp/transactions/{id}/capture", _capture)
    routes.add("POST", "/ucp/transactions/{id}/refund", _refund)
    routes.add("POST", "/ucp/transactions/{id}/reversal", _reverse)
