"""Invented values of a field by what it holds, as one system or the other would write them. No row is on both sides."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random

FIRST = [
    "Ana",
    "Ben",
    "Carla",
    "Derek",
    "Elena",
    "Felix",
    "Grace",
    "Hugo",
    "Iris",
    "Jonas",
    "Kira",
    "Leon",
    "Mara",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sam",
    "Tessa",
    "Victor",
]
LAST = [
    "Abbott",
    "Becker",
    "Castro",
    "Dunn",
    "Ellis",
    "Fisher",
    "Grant",
    "Huber",
    "Ito",
    "Jensen",
    "Khan",
    "Lopez",
    "Meyer",
    "Novak",
    "Ortiz",
    "Park",
    "Quinn",
    "Reyes",
]
STREETS = [
    "Oak Ave",
    "Maple St",
    "Harbor Rd",
    "Mill Ln",
    "Station Blvd",
    "Hill Dr",
    "Market St",
    "River Rd",
    "College Way",
]
CITIES = {
    "Denver": "CO 802",
    "Austin": "TX 787",
    "Boston": "MA 021",
    "Tampa": "FL 336",
    "Omaha": "NE 681",
    "Salem": "OR 973",
    "Fresno": "CA 937",
    "Toledo": "OH 436",
    "Reno": "NV 895",
}
GOODS = ["Boot", "Hat", "Belt", "Scarf", "Lamp", "Mug", "Tent", "Jacket", "Sock", "Glove", "Bag", "Shirt"]
KINDS = ["Trail", "Summit", "Coastal", "Urban", "Classic", "Alpine", "Vintage", "Prairie"]
COLORS = ["Red", "Blue", "Black", "White", "Green", "Grey", "Tan"]
BRANDS = ["Northway", "Kelso", "Brightline", "Ardent", "Wexley", "Tamarack"]
NOTES = [
    "leave at the back door",
    "call first",
    "customer picks up",
    "gift, no prices",
    "fragile",
    "deliver after 5 pm",
]
PRICES = (9.99, 14.5, 19.99, 24.95, 29.5, 39.99, 49.95, 65.0, 89.95, 120.0, 199.0)
START = datetime(2026, 1, 5, 8)  # noqa: DTZ001 - invented days, of no zone
LATER = {"created": 0, "updated": 9, "due": 30}
DAY = {
    "heartland": "%Y-%m-%dT%H:%M:%S+00:00",
    "epicor": "%Y-%m-%dT00:00:00",
    "shopify": "%Y-%m-%dT%H:%M:%S-05:00",
    "netsuite": "%m/%d/%Y",
    "square": "%Y-%m-%dT%H:%M:%S.120Z",
    "odoo": "%Y-%m-%d %H:%M:%S",
    "erpnext": "%Y-%m-%d %H:%M:%S.214000",
}
TRUTH = {
    "heartland": "true false",
    "epicor": "True False",
    "shopify": "true false",
    "netsuite": "T F",
    "square": "true false",
    "odoo": "True False",
    "erpnext": "1 0",
}
PREFIX = {
    "heartland": "SO-1",
    "epicor": "5",
    "shopify": "#1",
    "netsuite": "SO2",
    "square": "ORD7",
    "odoo": "S00",
    "erpnext": "SAL-ORD-0",
}
ERP = ("epicor", "netsuite", "odoo", "erpnext")


def column(kind: str, style: str, rows: int, seed: str) -> list[str]:
    """`rows` values of one kind. The same seed gives the same values."""
    random = Random(f"{seed}/{kind}/{style}")  # noqa: S311 - invented, not secret
    if kind in LATER:
        return [_day(random, style, LATER[kind]) for _ in range(rows)]
    if kind in CHOICES:
        return [random.choice(CHOICES[kind].split("|")) for _ in range(rows)]
    if kind in SHARES:
        yes, no = TRUTH[style].split()
        return [yes if random.random() < SHARES[kind] else no for _ in range(rows)]
    make = MAKERS[kind]
    return [make(random, style, number) for number in range(rows)]


def filler(kind: str, style: str, rows: int, seed: str) -> list[str]:
    """Values of a field that no other field belongs to: mostly empty, zero or one value, now and then all sorts."""
    random = Random(f"{seed}/filler/{style}")  # noqa: S311 - same
    chance = random.random()
    if kind == "bool":
        yes, no = TRUTH[style].split()
        return [no] * rows if chance < 0.7 else [random.choice((yes, no)) for _ in range(rows)]
    if kind == "date":
        return [""] * rows if chance < 0.5 else [_day(random, style, random.choice((0, 0, 40))) for _ in range(rows)]
    if kind in {"int", "decimal"}:
        digits = 2 if kind == "decimal" else 0
        return (
            ["0"] * rows
            if chance < 0.6
            else [f"{random.choice((0, 0, 1, random.uniform(1, 500))):.{digits}f}" for _ in range(rows)]
        )
    if chance < 0.55:
        return [""] * rows
    codes = ["", *("".join(random.choices(string.ascii_uppercase, k=random.randint(1, 4))) for _ in range(4))]
    return [random.choice(codes) for _ in range(rows)] if chance < 0.85 else [random.choice(NOTES) for _ in range(rows)]


def _day(random: Random, style: str, later: int) -> str:
    when = START + timedelta(
        days=random.randrange(300) + (random.randrange(later) if later else 0), minutes=random.randrange(600)
    )
    return when.strftime(DAY[style])


def _person(random: Random, _: str, __: int) -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


def _phone(random: Random, style: str, _: int) -> str:
    area, number = random.randint(201, 989), random.randint(1000, 9999)
    return {"heartland": f"({area}) 555-{number}", "epicor": f"{area}-555-{number}"}.get(style, f"+1{area}555{number}")


def _amount(random: Random, style: str, low: float, high: float) -> str:
    value = round(random.choice(PRICES) * random.uniform(low, high), 2)
    return (
        str(int(value * 100))
        if style == "square"
        else f"{value:.2f}"
        if style in {"shopify", "erpnext"}
        else str(value)
    )


def _price(random: Random, style: str, _: int) -> str:
    value = random.choice(PRICES)
    return str(int(value * 100)) if style == "square" else f"{value:.2f}" if style == "shopify" else str(value)


def _id(random: Random, style: str, number: int) -> str:
    base = {
        "heartland": 100_000,
        "epicor": 100_000,
        "shopify": 6_230_001_000_000,
        "netsuite": 6_230_001_000_000,
        "erpnext": 6_230_001_000_000,
    }
    if style in {"square", "odoo"}:
        return "".join(random.choices(string.ascii_uppercase + string.digits, k=12))
    return str(base[style] + number * 7 + (3 if style in ERP else 0))


def _zip(random: Random, _: str, __: int) -> str:
    return f"{random.choice(list(CITIES.values()))[3:]}{random.randint(1, 30):02d}"


def _country(random: Random, style: str, _: int) -> str:
    return random.choice({"epicor": ("USA",), "erpnext": ("United States",)}.get(style, ("US", "US", "CA")))


def _party(random: Random, style: str, _: int) -> str:
    return str(
        {"heartland": 210_000, "epicor": 1_000, "shopify": 207_119_000, "netsuite": 3_100}.get(style, 40)
        + random.randrange(120)
    )


MAKERS: dict[str, Callable[[Random, str, int], str]] = {
    "item_no": lambda random, style, n: (
        str(100_000 + n + (120 if style in ERP else 0))
        if style in {"heartland", "epicor"}
        else f"{random.choice(KINDS)[:3].upper()}-{random.randint(100, 999)}"
    ),
    "own_id": _id,
    "party_id": _party,
    "party_no": lambda random, *_: f"V{random.randint(1000, 1199)}",
    "order_no": lambda _, style, n: f"{PREFIX[style]}{n + 4000:05d}",
    "order_ref": lambda _, style, n: str({"heartland": 300_000}.get(style, 5_000) + n),
    "po": lambda random, *_: f"PO-{random.randint(10_000, 99_999)}",
    "product": lambda random, *_: f"{random.choice(KINDS)} {random.choice(GOODS)} - {random.choice(COLORS)}",
    "prose": lambda random, *_: (
        f"A {random.choice(KINDS).lower()} {random.choice(GOODS).lower()} in {random.choice(COLORS).lower()},"
        f" made to last by {random.choice(BRANDS)}."
    ),
    "person": _person,
    "first": lambda random, *_: random.choice(FIRST),
    "last": lambda random, *_: random.choice(LAST),
    "company": lambda random, *_: (
        f"{random.choice(LAST)} {random.choice(('Outfitters', 'Supply Co', 'Trading LLC', 'Sports Inc'))}"
    ),
    "email": lambda random, style, n: (
        f"{random.choice(FIRST).lower()}.{random.choice(LAST).lower()}{n}{style[0]}@example.com"
    ),
    "phone": _phone,
    "street": lambda random, *_: f"{random.randint(10, 980)} {random.choice(STREETS)}",
    "suite": lambda random, *_: random.choice(("", "", "", "Apt 4", "Suite 240", "Unit B")),
    "city": lambda random, *_: random.choice(list(CITIES)),
    "state": lambda random, *_: random.choice(list(CITIES.values()))[:2],
    "zip": _zip,
    "country": _country,
    "price": _price,
    "amount": lambda random, style, _: _amount(random, style, 1, 9),
    "small_amount": lambda random, style, _: _amount(random, style, 0.1, 0.3) if random.random() < 0.7 else "0",
    "tax": lambda random, style, _: _amount(random, style, 0.06, 0.6),
    "tip": lambda random, style, _: _amount(random, style, 0.1, 0.2) if random.random() < 0.3 else "0",
    "discount": lambda random, style, _: str(random.choice((0, 0, 0, 5, 10)) * (100 if style == "square" else 1)),
    "rate": lambda random, *_: f"{random.uniform(0.9, 1.4):.4f}",
    "qty": lambda random, *_: str(random.choice((1, 1, 2, 3, 4, 6, 12))),
    "stock": lambda random, *_: str(random.choice((0, 0, random.randint(1, 90)))),
    "few": lambda random, *_: str(random.choice((0, 0, 0, 1, 2, 5))),
    "minimum": lambda random, *_: str(random.choice((0, 2, 5, 10))),
    "maximum": lambda random, *_: str(random.choice((20, 40, 100))),
    "small": lambda random, *_: str(random.randint(1, 60)),
    "line_no": lambda random, *_: str(random.randint(1, 6)),
    "weight": lambda random, *_: f"{random.uniform(0.1, 4):.2f}",
    "size_number": lambda random, *_: f"{random.uniform(2, 40):.1f}",
    "barcode": lambda random, *_: str(random.randint(10**11, 10**12 - 1)),
    "tariff": lambda random, *_: f"{random.randint(4200, 6500)}.{random.randint(10, 99)}",
    "masked": lambda random, style, _: f"{'************' if style == 'epicor' else ''}{random.randint(1000, 9999)}",
    "approval": lambda random, *_: f"{random.randint(0, 999_999):06d}",
    "processor": lambda random, *_: str(random.randint(10**9, 10**10 - 1)),
    "month": lambda random, *_: str(random.randint(1, 12)),
    "year": lambda random, *_: str(random.choice((2026, 2026, 2027, 2028))),
    "batch": lambda random, *_: f"B{random.randint(100, 140)}",
    "lot": lambda random, *_: random.choice(("", f"L{random.randint(1000, 9999)}")),
    "tax_id": lambda random, *_: random.choice(("", str(random.randint(10**8, 10**9 - 1)))),
    "uuid": lambda random, *_: f"{random.getrandbits(32):08x}-1f2e-4a5b-8c9d-{random.getrandbits(48):012x}",
    "ip": lambda random, *_: ".".join(str(random.randint(1, 250)) for _ in range(4)),
    "birthday": lambda random, *_: (
        f"{random.randint(1950, 2004)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
    ),
    "web": lambda random, *_: random.choice(("", f"https://{random.choice(LAST).lower()}.example.com")),
    "image": lambda _, style, n: f"img{n}.jpg" if style in ERP else f"https://cdn.example.com/img{n}.jpg",
    "code": lambda random, *_: "".join(random.choices(string.ascii_uppercase + string.digits, k=5)),
    "word": lambda random, *_: random.choice(GOODS).lower(),
    "store": lambda random, style, _: random.choice(
        ("1", "2", "4") if style in {"heartland", "shopify"} else ("WEB", "BOS", "DEN")
    ),
    "store_name": lambda random, *_: f"{random.choice(list(CITIES))} store",
}
CHOICES = {
    "unit": "EA|PR|CS",
    "weight_unit": "LB|OZ",
    "terms": "N30|COD|CC|N60",
    "carrier": "UPS|FEDG|USPS|WILL",
    "rep": "KLEE|AWILL|DSTO|MRUI",
    "territory": "NE|SW|MW",
    "group": "VIP|RET|WHS",
    "currency": "USD",
    "tax_category": "TX|EX|FOOD",
    "tax_region": "MA|CO|TX",
    "department": "APPR|ACC|HOME|FTW",
    "class_code": "100|200|310",
    "color": "|".join(COLORS),
    "size": "S|M|L|XL",
    "style": "Slim|Loose|Regular",
    "brand": "|".join(BRANDS),
    "season": "SS26|FW26",
    "warranty": "1Y|2Y|NONE",
    "bin": "A-01|B-02|C-11",
    "abc": "A|B|C",
    "card": "VISA|MC|AMEX",
    "bank": "MAIN|OPER",
    "tender": "CASH|CARD|CHECK|GIFT",
    "user": "kjones|manager|lsmith",
    "note": "|" + "|".join(NOTES),
    "line_type": "Ticket|Return",
    "order_status": "OPEN|CLOSED",
    "pay_status": "paid|pending|refunded",
    "percent": "0|0|0|10|15",
    "credit": "0|1000|5000",
    "project": "|PRJ1|PRJ7",
    "promo": "|SAVE10|WELCOME",
    "policy": "deny|continue|web",
    "language": "en|es",
    "account_state": "enabled|invited|disabled",
    "blank": "",
    "zero": "0",
}
SHARES = {"mostly": 0.95, "half": 0.5, "rarely": 0.05}
