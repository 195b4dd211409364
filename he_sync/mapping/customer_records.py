"""Documents of either side as records that customers are matched by: names in parts, contacts, one address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from he_sync.mapping.fields import Fields

Document = Mapping[str, Any]
Row = tuple[str, dict[str, Any]]
FRAME = "customer_records"
DAY = len("2026-11-20")
NOWHERE: Document = {}


def heartland(document: Document) -> Iterator[Row]:
    """A customer with the addresses that it was read with. Raises BadRecord for a field of another type."""
    known = Fields(document, f"customer {document['id']}")
    custom, home = known.inner("custom"), _address(known)
    row = {
        "side": "heartland",
        "record_id": str(known.whole("id")),
        "first_name": known.text("first_name"),
        "last_name": known.text("last_name"),
        "company": (custom.text("company") if custom else "") or home.text("company"),
        "name": "",
        "email": known.text("email"),
        "phone": known.text("phone_number") or home.text("phone"),
        "street": " ".join(line for name in ("line_1", "line_2") if (line := home.text(name))),
        "city": home.text("city"),
        "state": home.text("state"),
        "zip": home.text("postal_code"),
        "dated": known.text("updated_at")[:DAY],
        "active": known.flag("active?", True) and not known.has("deleted_at"),
    }
    yield FRAME, row


def _address(known: Fields) -> Fields:
    """The address that the customer names as its own, else the first."""
    rows = list(known.rows("addresses", "address"))
    own = [row for row in rows if row.document.get("address_id") == known.document.get("address_id")]
    return next(iter(own or rows), Fields(NOWHERE, known.where))


def epicor(document: Document) -> Iterator[Row]:
    """An account. Its name is one field: `name`. Raises BadRecord for a field of another type."""
    known = Fields(document, f"customer {document['CustID']}")
    row = {
        "side": "epicor",
        "record_id": known.needed("CustID"),
        "first_name": "",
        "last_name": "",
        "company": "",
        "name": known.text("Name"),
        "email": known.text("EMailAddress"),
        "phone": known.text("PhoneNum"),
        "street": " ".join(line for name in ("Address1", "Address2", "Address3") if (line := known.text(name))),
        "city": known.text("City"),
        "state": known.text("State"),
        "zip": known.text("Zip"),
        "dated": known.text("ChangeDate")[:DAY],
        "active": not known.flag("Inactive", False),
    }
    yield FRAME, row
