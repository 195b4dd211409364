"""A profile with two stores for store-days."""

DAY = "2026-11-20"


def _store(code: str, location: int) -> dict[str, object]:
    return {
        "code": code,
        "name": code,
        "location_id": location,
        "timezone": "America/Chicago",
        "warehouse": code,
        "stock_owner": "heartland",
    }


PROFILE = {
    "name": "acme",
    "timezone": "America/Chicago",
    "heartland_adjustment_reason_id": 1,
    "stores": [_store("S001", 1), _store("S002", 2)],
    "tenders": [
        {"payment_type": "Cash", "kind": "cash", "account": "1155"},
        {"payment_type": "Card", "kind": "card", "account": "1150"},
        {"payment_type": "Gift card", "kind": "gift_card", "account": "2300"},
        {"payment_type": "Deposit", "kind": "deposit", "account": "2310"},
    ],
    "terms": {"fees": {}, "funding_bank_days": {"VMDD": 2, "AMEX": 2}},
    "epicor": {"company": "ACME", "walk_in_customer": "WALKIN"},
}
