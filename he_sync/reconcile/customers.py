"""Customers: every POS customer that changed is in the ERP with the same fields; by CustID, then e-mail and name."""

from __future__ import annotations

import pandas as pd

from he_sync.model.contract import records
from he_sync.model.difference import Difference

FIELDS = ("name", "email", "phone")


def _same(field: str, left: str, right: str) -> bool:
    if field == "phone":
        return _digits(left) == _digits(right)
    return " ".join(left.split()).casefold() == " ".join(right.split()).casefold()


def _digits(text: str) -> str:
    digits = "".join(character for character in text if character.isdigit())
    return digits[1:] if len(digits) == 11 and digits.startswith("1") else digits  # noqa: PLR2004 - a US number with its country code


def compare(day: str, customers: pd.DataFrame, erp_customers: pd.DataFrame) -> list[Difference]:
    """Differences of the POS customers that changed on a business date against all ERP customers."""
    theirs = {row.link: row for row in records(erp_customers)}
    by_email = {(row.email.casefold(), row.name.casefold()): row.link for row in records(erp_customers) if row.email}
    found = []
    for row in records(customers):
        subject = f"customer {row.customer_id}"
        twin = by_email.get((row.email.casefold(), row.name.casefold()))
        if row.link in theirs:
            changed = [
                field for field in FIELDS if not _same(field, getattr(row, field), getattr(theirs[row.link], field))
            ]
            if changed:
                found.append(
                    Difference(
                        day,
                        "customer_field_differs",
                        subject,
                        "",
                        0,
                        0,
                        _changes(row, theirs[row.link], changed),
                        "update_customer",
                    )
                )
        elif twin:
            text = f"same e-mail and name as the customer of {twin}"
            found.append(Difference(day, "customer_duplicate_in_pos", subject, "", 0, 0, text, "review"))
        else:
            found.append(
                Difference(
                    day,
                    "customer_missing_in_erp",
                    subject,
                    "",
                    0,
                    0,
                    "no customer with this CustID or e-mail",
                    "create_customer",
                )
            )
    return found


def _changes(ours: object, theirs: object, changed: list[str]) -> str:
    return "; ".join(f"{field}: {getattr(theirs, field)!r} -> {getattr(ours, field)!r}" for field in changed)
