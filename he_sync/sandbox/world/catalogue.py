"""What the retailer sells: items in Heartland, parts in Epicor, grids, kits, case goods, made-to-order goods.

Choices of ours: case goods (Epicor IUM CS) are sold in threes, so that half, quarter and eighth cases stay exact
decimals in OnHandQty; cloth is sold by the quarter at prices of whole four cents, so that a line is whole cents; kits
and made-to-order goods hold no stock, a kit takes its two components out of stock in both systems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from he_sync.sandbox.world.places import FIRST_ID
from he_sync.sandbox.world.randomness import money, stream, uid
from he_sync.sandbox.world.rows import PLANT, Rows, epicor_key

if TYPE_CHECKING:
    from random import Random

    from he_sync.sandbox.state import Document
    from he_sync.sandbox.world.places import Place

EPOCH = "2025-08-04T14:00:00+00:00"
GRID = (("RED", "S"), ("RED", "M"), ("RED", "L"), ("BLU", "S"), ("BLU", "M"), ("BLU", "L"))
NOUNS = ("Jacket", "Boot", "Lantern", "Tent", "Pack", "Mug", "Blanket", "Knife", "Stove", "Sock", "Cap", "Rope")
ADJECTIVES = ("Alpine", "Harbor", "Cedar", "Granite", "Summit", "River", "Canvas", "Wool", "Field", "Coast")
DEPARTMENTS = ("Apparel", "Footwear", "Camp", "Home", "Hardware")
Kind = Literal["stock", "kit", "made"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item; prices in cents; `factor` eaches to a case where Epicor stocks it in cases, else 1."""

    index: int
    public_id: str
    description: str
    price: int
    cost: int
    kind: Kind = "stock"
    factor: int = 1
    cloth: bool = False
    grid: int = 0
    colour: str = ""
    size: str = ""
    components: tuple[int, ...] = ()

    @property
    def id(self) -> int:
        """Heartland's id."""
        return FIRST_ID + self.index

    @property
    def unit(self) -> str:
        """Epicor's stocking unit."""
        return "CS" if self.factor > 1 else "EA"

    @property
    def key(self) -> str:
        """Key of the Part row."""
        return epicor_key(self.public_id)


def catalogue(seed: int, count: int) -> tuple[Item, ...]:
    """All items: 30 % in grids, 15 % case goods, 2 % cloth, then plain, 3 % made to order, 2 % kits."""
    rng = stream(seed, "items")
    gridded = count * 30 // 100 // len(GRID) * len(GRID)
    return tuple(_item(rng, index, count, gridded) for index in range(count))


def _item(rng: Random, index: int, count: int, gridded: int) -> Item:
    price = rng.choice((rng.randrange(299, 4999, 100), rng.randrange(1250, 9950, 50), rng.randrange(4900, 24900, 100)))
    name = f"{ADJECTIVES[index % len(ADJECTIVES)]} {NOUNS[index // 3 % len(NOUNS)]} {index + 1}"
    code, cost = f"HP{index + 1:05d}", price * rng.randrange(38, 62) // 100
    if index < gridded:
        grid, (colour, size) = index // len(GRID) + 1, GRID[index % len(GRID)]
        return Item(index, f"HG{grid:04d}-{colour}-{size}", name, price, cost, grid=grid, colour=colour, size=size)
    share = index * 100 // count
    if share < 45:  # noqa: PLR2004 - the shares of catalogue()
        return Item(index, code, name, rng.randrange(199, 899, 10), 90, factor=rng.choice((6, 12, 24)))
    if share < 47:  # noqa: PLR2004 - the shares of catalogue()
        return Item(index, code, f"{name} Cloth", price // 4 * 4, cost, cloth=True)
    if share < 95:  # noqa: PLR2004 - the shares of catalogue()
        return Item(index, code, name, price, cost)
    if share < 98:  # noqa: PLR2004 - the shares of catalogue()
        return Item(index, code, f"{name} Made to Order", price + 15000, cost + 6000, kind="made")
    return Item(
        index,
        code,
        f"{name} Set",
        price + 2000,
        cost + 800,
        kind="kit",
        components=(index * 3 % gridded, gridded - 1 - index % 7),
    )


def carries(place: Place, item: Item, share: int) -> bool:
    """Whether a place has an item in its range; the distribution centre has all stock items."""
    return item.kind == "stock" and (not place.sells or (item.index + 7 * place.number) % share == 0)


def not_yet(place: Place, item: Item) -> bool:
    """One in ten goods of a place's range has not come in yet, in neither system."""
    return (item.index * 31 + place.number * 17) % 10 == 0


def item_rows(rows: Rows, seed: int, items: tuple[Item, ...]) -> None:
    """Items, grids and their Epicor parts, plants and units."""
    for grid in sorted({item.grid for item in items if item.grid}):
        rows.add("heartland/item_grids", FIRST_ID + grid - 1, _grid(items[(grid - 1) * len(GRID)], grid))
    for item in items:
        rows.add("heartland/items", item.id, _heartland(seed, item, items))
        rows.add("heartland/items.vendors", item.id, _vendor(item), parent=item.id)
    for item in items:
        rows.epicor("Part", [item.public_id], _part(item))
        rows.epicor("PartPlant", [item.public_id, PLANT], _part_plant(item), parent=item.key)
        for unit, factor in (("EA", 1), ("CS", item.factor)):
            if unit == "EA" or item.factor > 1:
                document = {
                    "PartNum": item.public_id,
                    "UOMCode": unit,
                    "ConvFactor": factor,
                    "ConvOperator": "*",
                    "Active": True,
                }
                rows.epicor("PartUOM", [item.public_id, unit], document, parent=item.key)


def _grid(first: Item, grid: int) -> Document:
    return {
        "id": FIRST_ID + grid - 1,
        "item_description": first.description,
        "item_price": money(first.price),
        "item_cost": money(first.cost),
        "item_primary_vendor_id": FIRST_ID,
        "long_description": "",
        "custom": {"department": DEPARTMENTS[grid % len(DEPARTMENTS)]},
        "created_at": EPOCH,
        "updated_at": EPOCH,
    }


def _heartland(seed: int, item: Item, items: tuple[Item, ...]) -> Document:
    """Every item field of the reference; nulls where a retailer leaves them empty."""
    nothing = (
        "original_price",
        "dynamic_margin",
        "primary_image_id",
        "financial_class_id",
        "import_batch_id",
        "import_set_id",
    )
    sizes = ("weight", "weight_unit", "width", "width_unit", "height", "height_unit", "depth", "depth_unit")
    kit = [{"item_id": items[part].id, "public_id": items[part].public_id, "qty": 1} for part in item.components]
    return {
        "id": item.id,
        "public_id": item.public_id,
        "uuid": uid(seed, "item", item.id),
        "type": "regular",
        "product_type": "simple",
        "description": item.description,
        "long_description": "",
        "cost": money(item.cost),
        "price": money(item.price),
        "active?": True,
        "track_inventory?": item.kind == "stock",
        "allow_fractional_qty?": item.cloth,
        "available_online?": item.index % 4 == 0,
        "prompt_for_price?": False,
        "prompt_for_description?": False,
        "use_dynamic_margin?": False,
        "has_images?": None,
        "primary_barcode": f"SR{item.id}",
        "primary_vendor_id": FIRST_ID + item.index % 4,
        "grid_id": FIRST_ID + item.grid - 1 if item.grid else None,
        "default_lookup_id": item.id,
        "default_price_list_id": 1,
        "sort_key": 6000000 + item.index,
        "add_on_for_items_matching_filter?": False,
        "add_on_item_filter": None,
        **dict.fromkeys((*nothing, *sizes)),
        "metadata": {"kit": kit} if kit else {},
        "metadata_private": None,
        "created_by_user_id": FIRST_ID,
        "updated_by_user_id": FIRST_ID,
        "created_at": EPOCH,
        "updated_at": EPOCH,
        "custom": _custom(item),
    }


def _vendor(item: Item) -> Document:
    """Where the item is bought; the vendor's part number is ours."""
    bought = {"id": item.id, "item_id": item.id, "vendor_id": FIRST_ID + item.index % 4, "part_number": item.public_id}
    return {**bought, "cost": money(item.cost), "created_at": EPOCH, "updated_at": EPOCH}


def _custom(item: Item) -> Document:
    custom = {"upc": f"{840000000000 + item.index * 10:012d}", "department": DEPARTMENTS[item.index % len(DEPARTMENTS)]}
    return {**custom, "tax_category": "Yes", **({"color": item.colour, "size": item.size} if item.grid else {})}


def _part(item: Item) -> Document:
    return {
        "PartNum": item.public_id,
        "PartDescription": item.description,
        "SearchWord": item.description.split()[0].upper(),
        "ClassID": "RTL",
        "ProdCode": DEPARTMENTS[item.index % len(DEPARTMENTS)].upper()[:8],
        "TypeCode": {"stock": "P", "kit": "K", "made": "M"}[item.kind],
        "IUM": item.unit,
        "PUM": item.unit,
        "SalesUM": "EA",
        "UOMClassID": "COUNT",
        "UnitPrice": money(item.price),
        "UPCCode1": f"{840000000000 + item.index * 10:012d}",
        "NonStock": item.kind != "stock",
        "QtyBearing": item.kind == "stock",
        "ChangedOn": EPOCH[:19],
    }


def _part_plant(item: Item) -> Document:
    return {
        "PartNum": item.public_id,
        "Plant": PLANT,
        "PrimWhse": "D001",
        "SourceType": {"stock": "P", "kit": "K", "made": "M"}[item.kind],
        "NonStock": item.kind != "stock",
        "QtyBearing": item.kind == "stock",
    }
