"""Orders of a small shop as the flows read them, and the fields of the ERP's order that they are mapped to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from he_sync.mapping.spec.inferring import inferred
from he_sync.mapping.spec.writing import block
from he_sync.store import story
from he_sync.store.canonical import canonical_json
from he_sync.store.database import Store

NAME, ORDERS, SEED = "shop_orders", 205, 20
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
TARGETS = {
    "PONum": "text(50)",
    "OrderDate": "date",
    "NeedByDate": "date",
    "CustName": "text(50)",
    "EMailAddress": "text(50)",
    "PhoneNum": "text(20)",
    "OTSAddress1": "text(50)",
    "OTSCity": "text(50)",
    "OTSState": "text(50)",
    "OTSZIP": "text(10)",
    "OTSCountry": "text(50)",
    "TermsCode": "text(4)",
    "ShipViaCode": "text(4)",
    "DocOrderAmt": "decimal(2)",
    "DocTotalTax": "decimal(2)",
    "DocTotalDiscount": "decimal(2)",
    "DocTotalMisc": "decimal(2)",
    "TotalLines": "integer",
    "Plant": "text(8)",
    "OrderComment": "text(200)",
    "SalesRepCode1": "text(8)",
    "OrderHeld": "boolean",
    "CurrencyCode": "text(4)",
}
BY_KEYBOARD = {
    "PONum": "= 'WEB-' || id",
    "OrderDate": "= created_at",
    "CustName": "= trim(customer.first_name) || ' ' || trim(customer.last_name)",
    "EMailAddress": "customer.email",
    "PhoneNum": "customer.phone",
    "OTSAddress1": "shipping.line_1",
    "OTSCity": "shipping.city",
    "OTSState": "shipping.state",
    "OTSZIP": "shipping.postal_code",
    "OTSCountry": '"USA"',
    "TermsCode": "= case when total > 500 then 'N30' else 'COD' end",
    "ShipViaCode": "= left(shipping_method, 4)",
    "DocOrderAmt": "total",
    "DocTotalTax": "= coalesce(tax_total, 0)",
    "DocTotalDiscount": "discount_total",
    "DocTotalMisc": "= coalesce(shipping_total, 0)",
    "Plant": '"MfgSys"',
    "OrderComment": "note",
    "SalesRepCode1": "sales_rep",
    "CurrencyCode": '"USD"',
}
"""What a person types for twenty fields."""


def order(number: int) -> dict[str, Any]:
    """One order; every tenth has no e-mail, every fifth a discount."""
    dice = random.Random(SEED * 10_000 + number)  # noqa: S311 - examples
    quantity, price = dice.randint(1, 5), Decimal(dice.randint(500, 30_000)) / 100
    goods, tax = quantity * price, Decimal(dice.randint(0, 2_000)) / 100
    discount = (goods / 10).quantize(Decimal("0.01")) if number % 5 == 0 else None
    city, state, postal = dice.choice(
        [("New York", "NY", "10012"), ("Austin", "TX", "78701"), ("Salem", "OR", "97301")]
    )
    return {
        "id": 117_000 + number,
        "status": dice.choice(["open", "open", "pending", "complete"]),
        "created_at": (NOON - timedelta(minutes=7 * number)).isoformat(),
        "customer": {
            "first_name": dice.choice(["Ada", "Grace ", "Edsger"]),
            "last_name": dice.choice(["Byron", "Hopper", "Dijkstra"]),
            "email": "" if number % 10 == 0 else f"person{number}@example.com",
            "phone": f"212-555-{number:04}",
        },
        "shipping": {"line_1": f"{number + 1} Main Street", "city": city, "state": state, "postal_code": postal},
        "shipping_method": dice.choice(["GROUND", "AIR"]),
        "total": goods + tax - (discount or 0),
        "tax_total": tax,
        "discount_total": discount,
        "shipping_total": None if number % 3 else Decimal("5.90"),
        "note": dice.choice(["", "leave at the door"]),
        "sales_rep": dice.choice(["", "KIM"]),
        "lines": [{"sku": f"A{dice.randint(1, 9)}", "quantity": quantity, "unit_price": price}],
    }


def mapping(entries: dict[str, Any] | None = None, version: int = 1) -> str:
    """The mapping's file, with nothing mapped unless told."""
    fields = inferred([order(number) for number in range(20)])
    whole = {
        "mapping": NAME,
        "version": version,
        "source": {"record": "heartland/order", "fields": fields},
        "target": {"record": "epicor/SalesOrder", "fields": TARGETS},
    }
    return "\n".join([*block(whole, 0), *(block({"map": entries}, 0) if entries else ["map: {}"]), ""])


def tell(store: Store, orders: int = ORDERS) -> None:
    """The story of orders that were read, the oldest first; the newest order of each is what a mapping is tried on."""
    steps = [
        story.Step(f"order {117_000 + number}", NOON, "read", "read", canonical_json(order(number)))
        for number in reversed(range(orders))
    ]
    with store.begin() as connection:
        story.tell(connection, steps)
