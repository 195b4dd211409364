"""Customers: every POS customer that changed is in the ERP with the same fields; by CustID, then e-mail and name."""

from __future__ import annotations

from typing import Any

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference

FIELDS = ("name", "email", "phone")


def plain(field: str, text: str) -> str:
    """A field as it is compared: a phone's digits, else without case and doubled spaces."""
    return _digits(text) if field == "phone" else " ".join(text.split()).casefold()


def _digits(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits  # noqa: PLR2004 - a US number with its country code


class Known:
    """ERP customers, found by the link they carry or by e-mail and name."""

    def __init__(self, erp_customers: pd.DataFrame) -> None:
        self.by_link = {row.link: row for row in records(erp_customers)}
        self._by_email: dict[tuple[str, str], str] = {
            _who(row): row.link for row in records(erp_customers) if row.email
        }

    def twin(self, customer: Any) -> str:
        """The link of the ERP customer with the same e-mail and name, "" where there is none."""
        return self._by_email.get(_who(customer), "")


def _who(customer: Any) -> tuple[str, str]:
    return customer.email.casefold(), customer.name.casefold()


def compare(day: str, customers: pd.DataFrame, erp_customers: pd.DataFrame) -> list[Difference]:
    """Differences of the POS customers that changed on a business date against all ERP customers."""
    known = Known(erp_customers)
    return [found for row in records(customers) if (found := _difference(day, row, known))]


def _difference(day: str, row: Any, known: Known) -> Difference | None:
    subject = f"customer {row.customer_id}"
    if theirs := known.by_link.get(row.link):
        changed = [
            field for field in FIELDS if plain(field, getattr(row, field)) != plain(field, getattr(theirs, field))
        ]
        text = _changes(row, theirs, changed)
        found = Difference(day, "customer_field_differs", subject, "", 0, 0, text, "update_customer")
        return found if changed else None
    if twin := known.twin(row):
        text = f"same e-mail and name as the customer of {twin}"
        return Difference(day, "customer_duplicate_in_pos", subject, "", 0, 0, text, "review")
    text = "no customer with this CustID or e-mail"
    return Difference(day, "customer_missing_in_erp", subject, "", 0, 0, text, "create_customer")


def _changes(ours: object, theirs: object, changed: list[str]) -> str:
    return "; ".join(f"{field}: {getattr(theirs, field)!r} -> {getattr(ours, field)!r}" for field in changed)
