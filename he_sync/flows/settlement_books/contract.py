"""Stores and terms, from the retailer's profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from he_sync.flows.settlement_books.cards import UNKNOWN_BRAND
from he_sync.flows.settlement_books.numbers import Numbers
from he_sync.flows.settlement_books.source import Source
from he_sync.model.retailer import brand_group


def stores(source: Source, numbers: Numbers) -> list[dict[str, Any]]:
    """Stores; the books of one company are one entity."""
    return [
        {
            "store_id": numbers.stores.of(store.code),
            "entity_id": 1,
            "tz": store.timezone,
            "bank_account": numbers.accounts.of(store.bank_account),
            "pos_day_starts": store.rollover_hour,
            "batch_cut_local": store.rollover_hour,
            "funding": store.funding,
            "batch_ids_in_report": True,
            "gl_detail": "daily" if source.by_store_day else "payment",
        }
        for store in source.retailer.stores
    ]


def _brands(source: Source) -> dict[str, str]:
    """The brand group of each brand of the contract, and of a card that is not known yet."""
    return {brand.lower(): brand_group(brand) for brand in source.retailer.terms.fees} | {UNKNOWN_BRAND: "VMDD"}


def _natural(source: Source) -> dict[str, str]:
    """The account of each tender."""
    retailer, accounts = source.retailer, source.retailer.accounts
    clearing = {"AMEX": accounts.amex_clearing, "VMDD": accounts.card_clearing}
    others = {tender.kind: tender.account for tender in retailer.tenders if tender.kind != "card"}
    return {brand: clearing[group] for brand, group in _brands(source).items()} | others | {"till": accounts.cash}


def accounts_of(source: Source, tenders: Iterable[str]) -> list[str]:
    """The account that each payment's tender fills."""
    natural = _natural(source)
    return [natural[tender] for tender in tenders]


def terms(source: Source) -> dict[str, Any]:
    """The profile's contract in the form of `terms.json`."""
    retailer, accounts, brands = source.retailer, source.retailer.accounts, _brands(source)
    natural = _natural(source) | {"bank": accounts.bank, "fees": accounts.fees, "chargebacks": accounts.disputes}
    fees = {
        brand.lower(): {"bps": fee.basis_points, "per_item_cents": fee.per_item_minor}
        for brand, fee in retailer.terms.fees.items()
    }
    return {
        "currency": retailer.currency,
        "pos_day_starts_local": "04:00",
        "fees": fees | {UNKNOWN_BRAND: {"bps": 0, "per_item_cents": 0}},
        "refund_fee": "none",
        "chargeback_fee_cents": 0,
        "monthly_fee_cents": 0,
        "funding_lag_bank_days": dict(retailer.terms.funding_bank_days),
        "bank_holidays": [day.isoformat() for day in retailer.terms.bank_holidays],
        "brand_group": brands,
        "accounts": {name: int(account) for name, account in natural.items()} | {"accrued_fees": 0},
    }
