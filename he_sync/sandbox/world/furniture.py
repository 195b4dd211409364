"""What stands in the three systems before the first day besides goods and people: places, staff, codes, accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from he_sync.model.retailer import Accounts
from he_sync.sandbox.world.catalogue import EPOCH
from he_sync.sandbox.world.people import FIRST_NAMES, LAST_NAMES
from he_sync.sandbox.world.places import FIRST_ID, HOUSE_ACCOUNT, TENDERS, Place
from he_sync.sandbox.world.randomness import money, stream
from he_sync.sandbox.world.rows import PLANT, Rows, epicor_key

if TYPE_CHECKING:
    from he_sync.sandbox.state import Document

PAYMENT_TYPES = {tender.payment_type: FIRST_ID + place for place, tender in enumerate(TENDERS)}
STAMPS = {"created_at": EPOCH, "updated_at": EPOCH}
STAFF = 8
CARD_BALANCE = 15000
SETTINGS = {
    "company_name": "Harbor & Pine Outfitters",
    "company.logo_url": "",
    "pos.tickets.customer_required": False,
    "pos.tickets.sales_rep_required": True,
    "springboard.feature_flags": [],
}
CUSTOM_FIELDS = (("item", "upc"), ("item", "department"), ("item", "tax_category"), ("item", "color"), ("item", "size"))
CUSTOM_FIELDS_MORE = (("customer", "company"), ("customer", "epicor_id"), ("sales.transaction", "epicor_order"))


def staff() -> tuple[str, ...]:
    """Names of the users that ring up sales."""
    return tuple(f"{FIRST_NAMES[3 * n % 26]} {LAST_NAMES[5 * n % 26]}" for n in range(STAFF))


def heartland_furniture(rows: Rows, places: tuple[Place, ...]) -> None:
    """Locations, stations, users, codes, settings, fields, taxes, vendors, shipping methods."""
    for place in places:
        rows.add("heartland/locations", place.store.location_id, _location(place))
        for turn, station in enumerate(place.stations, 1):
            document = {
                "id": station,
                "name": f"{place.code} Register {turn}",
                "location_id": place.store.location_id,
                "active?": True,
            }
            rows.add("heartland/stations", station, document | STAMPS)
    for n, name in enumerate(staff()):
        first, last = name.split()
        user = {
            "id": FIRST_ID + n,
            "login": f"{first}.{last}".lower(),
            "first_name": first,
            "last_name": last,
            "active?": True,
        }
        rows.add("heartland/users", FIRST_ID + n, user | STAMPS)
    for offset, login in enumerate(("he-sync", "he-sync-readonly"), STAFF):
        number = FIRST_ID + offset
        person = {"id": number, "login": login, "first_name": "He", "last_name": "Sync", "active?": True}
        rows.add("heartland/users", number, person | STAMPS)
    for key, value in SETTINGS.items():
        rows.add("heartland/settings", key, {"key": key, "value": value})
    _lists(rows, places)


def _location(place: Place) -> Document:
    return {
        "id": place.store.location_id,
        "public_id": place.code,
        "name": place.store.name,
        "timezone": place.store.timezone,
        "active?": True,
        "address": {
            "city": place.city.name,
            "state": place.city.state,
            "postal_code": place.city.postal,
            "country": "US",
        },
        "phone": f"{place.city.area}-555-{place.number:04d}",
        "custom": {},
        **STAMPS,
    }


def _numbered(rows: Rows, table: str, documents: list[Document]) -> None:
    for offset, document in enumerate(documents):
        rows.add(f"heartland/{table}", FIRST_ID + offset, {"id": FIRST_ID + offset, **document, **STAMPS})


def _lists(rows: Rows, places: tuple[Place, ...]) -> None:
    _numbered(rows, "payment_types", [{"name": name, "active?": True} for name in PAYMENT_TYPES])
    reasons = ("he-sync correction", "Cycle count", "Damaged", "Received in error")
    _numbered(
        rows, "reason_codes/inventory_adjustment_reasons", [{"name": name, "description": name} for name in reasons]
    )
    reasons = ("Sold", "Redeemed", "Store credit", "Correction")
    _numbered(
        rows, "reason_codes/gift_card_adjustment_reasons", [{"name": name, "description": name} for name in reasons]
    )
    _numbered(rows, "shipping_methods", [{"name": name, "active?": True} for name in ("Ground", "Two Day", "Pickup")])
    _taxes(rows, places)
    vendors = ("Cascade Supply", "Pioneer Textile", "Lakeshore Tools", "Blue Ridge Footwear")
    _numbered(
        rows,
        "purchasing/vendors",
        [{"public_id": f"V{n + 1:03d}", "name": v, "active?": True} for n, v in enumerate(vendors)],
    )
    _numbered(
        rows, "custom_fields", [_custom_field(group, key) for group, key in (*CUSTOM_FIELDS, *CUSTOM_FIELDS_MORE)]
    )


def _taxes(rows: Rows, places: tuple[Place, ...]) -> None:
    """Jurisdictions with their own rates; the rule of a location holds the sum, as a fraction."""
    stores = [place for place in places if place.sells]
    rates = dict(tax for place in stores for tax in place.city.taxes)
    parts = [{"name": name, "rate": fraction(points), "description": name} for name, points in rates.items()]
    _numbered(rows, "tax_jurisdictions", parts)
    rules = [(place, sum(points for _, points in place.city.taxes)) for place in stores]
    whole = [
        {
            "name": f"Sales tax {place.code}",
            "location_id": place.store.location_id,
            "rate": fraction(points),
            "active?": True,
        }
        for place, points in rules
    ]
    _numbered(rows, "tax_rules", whole)


def fraction(points: int) -> Decimal:
    """Basis points as a fraction: 825 is 0.0825."""
    return Decimal(points).scaleb(-4)


def _custom_field(group: str, key: str) -> Document:
    kind: Document = {"required": False, "unique": False, "validation_type": None, "metadata": {}}
    return {"key": key, "name": key.replace("_", " ").title(), "group_id": group, **kind}


def gift_cards(rows: Rows, seed: int, count: int) -> None:
    """Cards sold before the first day, with money left on them."""
    rng = stream(seed, "gift cards")
    for offset in range(count):
        card = {
            "id": FIRST_ID + offset,
            "number": f"GC{rng.randrange(10**10):010d}{offset:05d}",
            "balance": money(CARD_BALANCE),
            "active?": True,
        }
        rows.add("heartland/gift_cards", FIRST_ID + offset, card | STAMPS)


def epicor_furniture(rows: Rows, places: tuple[Place, ...]) -> None:
    """Plant, warehouses, bins, reasons, bank accounts and the chart of accounts."""
    rows.epicor("Plant", [PLANT], {"Plant": PLANT, "Name": "Main"})
    rows.epicor(
        "Reason", ["M", "POS"], {"ReasonType": "M", "ReasonCode": "POS", "Description": "Point of sale correction"}
    )
    for code, text in (
        ("DISC", "Order discount"),
        ("RND", "Rounding"),
        ("FRT", "Freight"),
        ("TAX", "Sales tax of the POS"),
        ("EXCH", "Exchanged goods"),
    ):
        rows.epicor("MiscChrg", [code], {"MiscCode": code, "Description": text})
    for place in places:
        warehouse = {"WarehouseCode": place.code, "Description": place.store.name, "Plant": PLANT, "DefBinNum": "01"}
        rows.epicor("Warehse", [place.code], warehouse)
        shop_floor = {"WarehouseCode": place.code, "BinNum": "01", "Description": "Shop floor"}
        rows.epicor("WhseBin", [place.code, "01"], shop_floor, parent=epicor_key(place.code))
        if place.sells:
            number, account = f"9{place.number:09d}", place.store.bank_account
            bank = {"BankAcctID": account, "Description": f"Deposits {place.code}", "CheckingAccount": number}
            rows.epicor("BankAcct", [account], bank | {"CurrencyCode": "USD"})
    _chart(rows, places)


def _chart(rows: Rows, places: tuple[Place, ...]) -> None:
    names = {number: name.replace("_", " ").capitalize() for name, number in Accounts().model_dump().items()}
    names[HOUSE_ACCOUNT] = "House accounts receivable"
    codes = [(1, number, name) for number, name in names.items()] + [
        (2, place.code, place.store.name) for place in places
    ]
    for segment, code, name in codes:
        document = {
            "COACode": "MAIN",
            "SegmentNbr": segment,
            "SegmentCode": code,
            "SegmentName": name,
            "ActiveFlag": True,
        }
        rows.epicor("COASegValues", ["MAIN", segment, code], document)
    for number, name in names.items():
        for place in places:
            account = f"{number}|{place.code}"
            text = {
                "GLAccount": account,
                "AccountDesc": f"{name} {place.code}",
                "SegValue1": number,
                "SegValue2": place.code,
            }
            rows.epicor("GLAccount", ["MAIN", account], {"COACode": "MAIN", **text, "Active": True})
