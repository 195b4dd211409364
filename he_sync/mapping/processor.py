"""GP-API documents to canonical rows. Amounts are strings in minor units, "" is zero (reference heartland 3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from he_sync.model.calendar import business_date, read_instant
from he_sync.model.errors import BadRecord
from he_sync.model.retailer import Retailer, Store, brand_group

Document = Mapping[str, Any]
Row = tuple[str, dict[str, Any]]


def _minor(text: Any) -> int:
    return int(text) if text not in (None, "") else 0


def _store(retailer: Retailer, mid: str) -> Store:
    for store in retailer.stores:
        if store.mid and store.mid == mid:
            return store
    raise BadRecord(f"MID {mid} is at no store of the profile; add it to profile.yaml")


def settlement_line(document: Document, retailer: Retailer) -> Iterator[Row]:
    """A settled card transaction; its business date is the store day it was taken on."""
    mid = document["system"]["mid"]
    store = _store(retailer, mid)
    made = read_instant(document["time_created"])
    card = (document.get("payment_method") or {}).get("card") or {}
    kind = document["type"]
    yield (
        "settlement_lines",
        {
            "line_id": document["id"],
            "store": store.code,
            "mid": mid,
            "business_date": business_date(made, store.timezone, store.rollover_hour).isoformat(),
            "created_at": made,
            "kind": kind,
            "brand": card.get("brand") or "UNKNOWN",
            "brand_group": brand_group(card.get("brand") or ""),
            "currency": document["currency"],
            "amount_minor": (-1 if kind == "REFUND" else 1) * _minor(document["amount"]),
            "reference": document.get("reference") or "",
            "auth_code": card.get("authcode") or "",
            "batch_id": document.get("batch_id") or "",
            "deposit_id": document.get("deposit_id") or "",
        },
    )


def deposit(document: Document, retailer: Retailer) -> Iterator[Row]:
    """A deposit. The sign of `fees.amount` is not documented: it is read as money kept back, whatever its sign."""
    mid = document["system"]["mid"]
    store = _store(retailer, mid)
    disputes = document.get("disputes") or {}
    parts = [disputes.get(name) or {} for name in ("chargebacks", "reversals")]
    yield (
        "deposits",
        {
            "deposit_id": document["id"],
            "store": store.code,
            "mid": mid,
            "funding_date": document["time_created"][:10],
            "bank_account": store.bank_account,
            "currency": document["currency"],
            "amount_minor": _minor(document["amount"]),
            "sales_minor": _minor((document.get("sales") or {}).get("amount")),
            "refunds_minor": -abs(_minor((document.get("refunds") or {}).get("amount"))),
            "chargebacks_minor": sum(_minor(part.get("amount")) for part in parts),
            "fees_minor": -abs(_minor((document.get("fees") or {}).get("amount"))),
        },
    )
