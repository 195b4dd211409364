"""Reads `terms.json`, what the merchant knows from its contract, and refuses what is missing, odd or a float."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

from he_sync.model.errors import FixInput
from he_sync.reconcile.chain.terms import Fee, Terms

ROLES = frozenset({
    "bank", "fees", "accrued_fees", "chargebacks", "reserve", "disputes", "over_short", "fx", "tips", "tolerance",
    "customer_deposits", "suspense", "rejected",
})  # fmt: skip
"""Names among the accounts that are no tender: what an account is for, not what a customer pays with."""


def tenders(terms: Terms) -> frozenset[str]:
    """Every tender that the contract has an account for."""
    return (frozenset(terms.accounts) - ROLES) | frozenset(terms.brand_group)


class _Reader:
    """Takes one value after the other out of the document and refuses what is not what it should be."""

    def __init__(self, path: Path, document: Any) -> None:
        self._path = path
        if not isinstance(document, dict):
            raise FixInput(f"{path.name}: not an object of settings")
        self.left: dict[str, Any] = dict(document)

    def refuse(self, what: str, rule: str) -> FixInput:
        return FixInput(f"{self._path.name}: {what} {rule}")

    def take(self, name: str) -> Any:
        if name not in self.left:
            raise self.refuse(name, "is missing; the contract's terms must all be there")
        return self.left.pop(name)

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str) or not value:
            raise self.refuse(name, f"is {value!r}, not a text")
        return value

    def choice(self, name: str, choices: dict[str, bool]) -> bool:
        value = self.text(name)
        if value not in choices:
            raise self.refuse(name, f"is {value!r}; it may be {' or '.join(choices)}")
        return choices[value]

    def whole(self, name: str) -> int:
        return self._whole(name, self.take(name))

    def _whole(self, name: str, value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.refuse(name, f"is {value!r}, not a whole number; write money in minor units")
        return value

    def group(self, name: str) -> dict[str, Any]:
        value = self.take(name)
        if not isinstance(value, dict):
            raise self.refuse(name, f"is {value!r}, not an object")
        return value

    def wholes(self, name: str) -> dict[str, int]:
        return {key: self._whole(f"{name}.{key}", value) for key, value in self.group(name).items()}

    def texts(self, name: str) -> dict[str, str]:
        texts = self.group(name)
        for key, value in texts.items():
            if not isinstance(value, str):
                raise self.refuse(f"{name}.{key}", f"is {value!r}, not a text")
        return texts

    def fees(self, name: str) -> dict[str, Fee]:
        return {tender: self._fee(f"{name}.{tender}", value) for tender, value in self.group(name).items()}

    def _fee(self, name: str, value: Any) -> Fee:
        if not isinstance(value, dict) or set(value) != {"bps", "per_item_cents"}:
            raise self.refuse(name, "needs bps and per_item_cents")
        return Fee(**{key: self._whole(f"{name}.{key}", one) for key, one in value.items()})

    def rates(self, name: str) -> dict[str, str]:
        """Rates as texts: a JSON number would be a float before anybody could object."""
        rates = self.texts(name) if name in self.left else {}
        for currency, rate in rates.items():
            if not re.fullmatch(r"[0-9]{1,10}(\.[0-9]{1,8})?", rate) or not rate.strip("0."):
                raise self.refuse(f"{name}.{currency}", f'is {rate!r}, not a decimal text such as "1.0825"')
        return rates

    def dates(self, name: str) -> frozenset[date]:
        try:
            return frozenset(date.fromisoformat(one) for one in self.take(name))
        except (TypeError, ValueError):
            raise self.refuse(name, "must be dates, YYYY-MM-DD") from None


def read_terms(path: Path) -> Terms:
    """Read `terms.json`. Raises FixInput that names the setting and the rule."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FixInput(f"{path.name}: missing; it states fees, lags, holidays and accounts") from None
    except (ValueError, RecursionError) as error:
        raise FixInput(f"{path.name}: not JSON ({error}); the file may be cut off") from None
    take = _Reader(path, document)
    return Terms(
        currency=take.text("currency"),
        pos_day_starts=take.text("pos_day_starts_local"),
        fees=take.fees("fees"),
        chargeback_fee_cents=take.whole("chargeback_fee_cents"),
        monthly_fee_cents=take.whole("monthly_fee_cents"),
        lags=take.wholes("funding_lag_bank_days"),
        holidays=take.dates("bank_holidays"),
        brand_group=take.texts("brand_group"),
        accounts=take.wholes("accounts"),
        rates=take.rates("rates"),
        refunds_are_free=take.choice("refund_fee", {"per_item only": False, "none": True}),
    )
