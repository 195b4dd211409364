"""How stored documents look at each address: the part of a transaction, the sums of a deposit, both dispute shapes."""

from __future__ import annotations

from typing import Any

from he_sync.sandbox.http import Call
from he_sync.sandbox.processor import switches
from he_sync.sandbox.state import Document

SETTLEMENT_ONLY = frozenset(
    ("deposit_id", "deposit_status", "deposit_time_created", "deposit_amount", "batch_time_created"),
)
OURS = frozenset(("capture_mode", "notifications", "account_id"))
FUNDING_ONLY = frozenset(("deposit_id", "deposit_time_created", "deposit_status", "funding_type"))
MERCHANT_ONLY = frozenset(
    ("merchant_id", "account_id", "time_created", "status_time_created", "payment_method_provider", "documents"),
)


def transaction(_: Call, stored: Document) -> Document:
    """A transaction as the till knows it: without batch date and deposit."""
    return {name: value for name, value in stored.items() if name not in SETTLEMENT_ONLY | OURS}


def settled(_: Call, stored: Document) -> Document:
    """A transaction as settlement knows it."""
    blank = {"deposit_id": "", "deposit_status": "", "deposit_time_created": ""}
    return {**blank, **{name: value for name, value in stored.items() if name not in OURS}}


def _blank(amount: Any) -> str:
    """GP-API leaves a sum that is zero empty."""
    return "" if str(amount or "0").lstrip("-").strip("0") == "" else str(amount)


def _sum(stored: Document, name: str) -> Document:
    held = stored.get(name) or {}
    return {"count": int(held.get("count") or 0), "amount": _blank(held.get("amount"))}


def deposit(call: Call, stored: Document) -> Document:
    """A deposit with every sum in place. Stored: fees negative and inside `amount`; the switches show other habits."""
    disputes = stored.get("disputes") or {}
    fees = int((stored.get("fees") or {}).get("amount") or 0)
    inside = switches.FEES_IN_AMOUNT.read(call.state) == "yes"
    shown_fees = fees if switches.FEES_SIGN.read(call.state) == "negative" else -fees
    return {
        **stored,
        "amount": stored["amount"] if inside else str(int(stored["amount"] or 0) - fees),
        **{name: _sum(stored, name) for name in ("sales", "refunds", "discounts", "tax")},
        "disputes": {name: _sum(disputes, name) for name in ("chargebacks", "reversals")},
        "fees": {"amount": _blank(shown_fees)},
    }


def dispute(_: Call, stored: Document) -> Document:
    """A dispute as the case handling shows it."""
    return {name: value for name, value in stored.items() if name not in FUNDING_ONLY}


def settled_dispute(_: Call, stored: Document) -> Document:
    """A dispute as funding shows it: funded or delayed, with its deposit, times without a zone."""
    kept = {name: value for name, value in stored.items() if name not in MERCHANT_ONLY}
    sale = dict(stored.get("transaction") or {})
    sale["merchant_time_created"] = _zoneless(sale.get("time_created", ""))
    sale.pop("time_created", None)
    return {
        **{name: _zoneless(value) if name.endswith("_time_created") else value for name, value in kept.items()},
        "status": stored.get("deposit_status") or "FUNDED",
        "funding_type": stored.get("funding_type") or "DEBIT",
        "deposit_id": stored["deposit_id"],
        "deposit_time_created": stored.get("deposit_time_created", ""),
        "transaction": sale,
    }


def _zoneless(text: Any) -> Any:
    return text.removesuffix("Z") if isinstance(text, str) else text
