"""Where the retailer trades: sizes of world, stores and the distribution centre, and the Retailer profile that fits.

Only time zones whose store day is over at 06:00 New York time are used (Eastern, Central, Mountain): a Pacific store's
day ends at 07:00 New York time, after the hour at which the sandbox's clock stands when a day has happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from he_sync.model.retailer import BrandFee, Epicor, Retailer, Store, Tender, Terms

FIRST_ID = 100001
HOUSE_ACCOUNT = "1300"
ZONE = "America/New_York"


@dataclass(frozen=True)
class Size:
    """How big a world is; a store stocks every item whose number fits its share (1 = all, 20 = every twentieth)."""

    stores: int
    tickets: int
    items: int
    customers: int
    share: int = 1


SIZES = {
    "small": Size(stores=3, tickets=120, items=200, customers=400),
    "medium": Size(stores=40, tickets=250, items=1500, customers=4000),
    "large": Size(stores=400, tickets=250, items=10000, customers=20000, share=20),
}


@dataclass(frozen=True)
class City:
    """A town: its zone, and its sales tax by jurisdiction in basis points."""

    name: str
    state: str
    zone: str
    postal: str
    area: str
    taxes: tuple[tuple[str, int], ...]


CITIES = (
    City("New York", "NY", "America/New_York", "10012", "212", (("New York State", 400), ("New York City", 488))),
    City("Chicago", "IL", "America/Chicago", "60614", "312", (("Illinois", 625), ("Chicago", 400))),
    City("Denver", "CO", "America/Denver", "80202", "303", (("Colorado", 290), ("Denver", 525))),
    City("Boston", "MA", "America/New_York", "02116", "617", (("Massachusetts", 625),)),
    City("Dallas", "TX", "America/Chicago", "75204", "214", (("Texas", 625), ("Dallas", 200))),
    City("Salt Lake City", "UT", "America/Denver", "84101", "801", (("Utah", 485), ("Salt Lake", 290))),
    City("Atlanta", "GA", "America/New_York", "30308", "404", (("Georgia", 400), ("Fulton", 490))),
    City("Detroit", "MI", "America/Detroit", "48226", "313", (("Michigan", 600),)),
)


@dataclass(frozen=True)
class Place:
    """One store or the distribution centre, with what the profile does not say."""

    number: int
    store: Store
    city: City
    tips: bool
    stations: tuple[int, ...]

    @property
    def code(self) -> str:
        """Our code of it, e.g. S001."""
        return self.store.code

    @property
    def sells(self) -> bool:
        """A store sells; the distribution centre does not."""
        return bool(self.store.mid)


def places(size: Size) -> tuple[Place, ...]:
    """All stores in order, the distribution centre last."""
    return (*(_store(number) for number in range(1, size.stores + 1)), _centre(size.stores + 1))


def _store(number: int) -> Place:
    """Every third store is funded net of fees, every third takes tips; each has its own MID and bank account."""
    city = CITIES[(number - 1) % len(CITIES)]
    again = (number - 1) // len(CITIES)
    store = Store(
        code=f"S{number:03d}",
        name=f"Harbor & Pine {city.name}" + (f" {again + 1}" if again else ""),
        location_id=FIRST_ID + number - 1,
        timezone=city.zone,
        warehouse=f"S{number:03d}",
        mid=f"1010239{number:05d}",
        bank_account=f"BNK{number:03d}",
        funding="net" if number % 3 == 2 else "gross",  # noqa: PLR2004 - the second of every three
        stock_owner="heartland",
    )
    return Place(number, store, city, number % 3 == 0, (FIRST_ID + 2 * number - 2, FIRST_ID + 2 * number - 1))


def _centre(number: int) -> Place:
    store = Store(
        code="D001",
        name="Harbor & Pine Distribution",
        location_id=FIRST_ID + number - 1,
        timezone=ZONE,
        warehouse="D001",
        stock_owner="epicor",
    )
    return Place(number, store, CITIES[0], False, ())


HOLIDAYS = tuple(
    date.fromisoformat(day)
    for day in (
        *("2025-09-01", "2025-10-13", "2025-11-11", "2025-11-27", "2025-12-25"),
        *("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-09-07"),
        *("2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"),
        *("2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-06-18", "2027-07-05", "2027-09-06"),
    )
)
"""Federal Reserve holidays on which no deposit is made; one that falls on a Saturday moves nothing."""

TENDERS = (
    Tender(payment_type="Cash", kind="cash", account="1155"),
    Tender(payment_type="Credit Card", kind="card", account="1150"),
    Tender(payment_type="Gift Card", kind="gift_card", account="2300"),
    Tender(payment_type="Store Credit", kind="store_credit", account="2320"),
    Tender(payment_type="House Account", kind="house", account=HOUSE_ACCOUNT),
)

TERMS = Terms(
    fees={
        "VISA": BrandFee(basis_points=190, per_item_minor=10),
        "MASTERCARD": BrandFee(basis_points=195, per_item_minor=10),
        "DISCOVER": BrandFee(basis_points=200, per_item_minor=10),
        "AMEX": BrandFee(basis_points=260, per_item_minor=10),
    },
    funding_bank_days={"VMDD": 1, "AMEX": 2},
    bank_holidays=HOLIDAYS,
)


def retailer(size: Size) -> Retailer:
    """The profile of a world of this size."""
    return Retailer(
        name="Harbor & Pine Outfitters",
        timezone=ZONE,
        heartland_adjustment_reason_id=FIRST_ID,
        stores=tuple(place.store for place in places(size)),
        tenders=TENDERS,
        terms=TERMS,
        epicor=Epicor(company="EPIC06", walk_in_customer="WALKIN"),
    )
