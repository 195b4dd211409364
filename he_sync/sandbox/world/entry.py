"""What the rest of the sandbox asks of the world: create it, let a day happen, describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from he_sync.sandbox.heartland.webhooks import announce_loaded
from he_sync.sandbox.state import State, decode
from he_sync.sandbox.world.catalogue import item_rows
from he_sync.sandbox.world.day import make_day
from he_sync.sandbox.world.diary import Diary, close_diary, open_diary, write_truth
from he_sync.sandbox.world.furniture import epicor_furniture, gift_cards, heartland_furniture
from he_sync.sandbox.world.people import customer_rows, epicor_customer, walk_in
from he_sync.sandbox.world.rows import Rows
from he_sync.sandbox.world.shelves import opening
from he_sync.sandbox.world.whole import World, whole

if TYPE_CHECKING:
    from datetime import date

    from he_sync.model.retailer import Retailer

COUNTED = (
    *(
        "heartland/sales/tickets",
        "heartland/sales/orders",
        "heartland/payments",
        "heartland/customers",
        "heartland/items",
    ),
    *(
        "processor/transactions",
        "processor/deposits",
        "epicor/OrderHed",
        "epicor/Customer",
        "epicor/Part",
        "epicor/GLJrnDtl",
    ),
)


def create(state: State, *, size: str = "small", seed: int = 7) -> None:
    """Master data of all three systems, as of the evening before the first day.

    Creating the same world again does nothing. Raises ValueError for an unknown size and where another world stands.
    """
    world, diary = whole(seed, size), open_diary(state)
    if diary is not None:
        if (diary.seed, diary.size) != (seed, size):
            raise ValueError(f"{state.folder} holds the {diary.size} world of seed {diary.seed}; take another folder")
        return
    rows = Rows(seed)
    with state.transaction("world"):
        _furnish(rows, world)
        rows.flush(state)
        close_diary(state, Diary(seed, size))
    write_truth(state)


def _furnish(rows: Rows, world: World) -> None:
    heartland_furniture(rows, world.places)
    epicor_furniture(rows, world.places)
    gift_cards(rows, world.seed, world.size.customers // 8)
    item_rows(rows, world.seed, world.items)
    walk_in(rows)
    for customer in world.people:
        customer_rows(rows, world.seed, customer)
        epicor_customer(rows, customer)
    opening(rows, world)


def happen(state: State, day: date) -> dict[str, Any]:
    """Let one business day happen in all three systems; returns counts. A day happens once.

    Registered webhooks hear of it where a stand-in serves this state. The same day again returns `{"already": True}`
    and writes nothing. Raises ValueError for a day before the last one and where no world was created.
    """
    with state.transaction("world"):
        diary, world = _known(state)
        again, rows = diary.happened(day), Rows(world.seed)
        made = {"already": True} if again else make_day(state, world, diary, day, rows)
    write_truth(state)
    announce_loaded(state, rows.touched)
    return made


def profile(state: State) -> Retailer:
    """The retailer's profile that fits this world."""
    return _known(state)[1].retailer


def describe(state: State) -> dict[str, Any]:
    """Size, seed, days that happened, addresses, documents of the main tables, the retailer's profile."""
    diary, world = _known(state)
    return {
        "size": diary.size,
        "seed": diary.seed,
        "days": diary.days,
        "urls": decode(state.setting("urls", "{}")),
        "counts": {table: state.count(table) for table in COUNTED},
        "retailer": world.retailer.model_dump(mode="json"),
    }


def _known(state: State) -> tuple[Diary, World]:
    diary = open_diary(state)
    if diary is None:
        raise ValueError(f"{state.folder} holds no world yet; create one first")
    return diary, whole(diary.seed, diary.size)
