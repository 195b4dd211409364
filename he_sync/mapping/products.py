"""An Epicor part as an item of the shop, and an item of the shop as the part that a person may make of it.

Pure. What a part says is projected onto the fields of an item; who owns a field decides whether the projection is
written. Wire facts: reference epicor 3.3 (Part), heartland 1.5 (Item: attributes and UPC are custom fields).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from he_sync.mapping import epicor, lengths
from he_sync.model.errors import BadRecord, FixSettings
from he_sync.model.money import to_major, to_minor
from he_sync.model.retailer import Record, Retailer

Document = Mapping[str, Any]
Owner = Literal["epicor", "heartland"]
ProductField = Literal[
    "description", "price", "active", "fractions", "upc", "tax_category", "financial_class", "grid", "color", "size"
]
OWNERS: Mapping[ProductField, Owner] = MappingProxyType(
    {
        "description": "epicor",
        "price": "epicor",
        "active": "epicor",
        "fractions": "epicor",
        "upc": "epicor",
        "tax_category": "epicor",
        "financial_class": "epicor",
        "grid": "epicor",
        "color": "epicor",
        "size": "epicor",
    }
)
"""Whose each field is. What is not named here (cost, long description, images, vendors) is the shop's own."""
CUSTOM = {"upc": "upc", "tax_category": "tax_category", "color": "color", "size": "size"}
PLAIN = {
    "description": "description",
    "price": "price",
    "active": "active",
    "fractions": "allow_fractional_qty",
    "financial_class": "financial_class_id",
}
"""Names in an item's body; a flag is read back with a question mark."""
FLAGS = ("active", "allow_fractional_qty")


class Rules(Record):
    """What differs between two companies in their products; without a file: every part, and nothing to translate."""

    classes: tuple[str, ...] = Field(default=(), description="Part.ClassID that the shop sells; none: all")
    owners: dict[ProductField, Owner] = Field(default_factory=dict, description="Fields that the shop knows better")
    tax_categories: dict[str, str] = Field(
        default_factory=dict, description="custom.tax_category by Part.TaxCatID; none: the shop's is left alone"
    )
    financial_classes: dict[str, int] = Field(
        default_factory=dict, description="financial_class_id by Part.ProdCode; none: the shop's is left alone"
    )
    fractional_units: tuple[str, ...] = Field(default=(), description="Stocking units that are sold by fractions")
    part_class: str = Field(default="", description="ClassID of parts born at the till; empty: none")

    def owner(self, name: ProductField) -> Owner:
        """Whose a field is."""
        return self.owners.get(name, OWNERS[name])


@dataclass(frozen=True)
class Product:
    """A part as the shop should have it: its fields by name, only those that Epicor owns and says something about."""

    sku: str
    fields: Mapping[str, Any]

    @property
    def grid(self) -> str:
        """The style that it is a size or colour of; empty for a plain item."""
        return str(self.fields.get("grid", ""))


def read_rules(path: Path) -> Rules:
    """Read the rules in YAML. Raises FixSettings with file, place and rule of the first thing that is wrong."""
    try:
        return Rules.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except OSError as error:
        raise FixSettings(f"{path}: cannot read the product rules ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise FixSettings(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    except ValidationError as error:
        first = error.errors()[0]
        raise FixSettings(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error


def product(part: Document, rules: Rules, retailer: Retailer) -> Product:
    """The part as an item. Raises BadRecord for a unit, price or code that has no meaning in the shop."""
    sku, unit = str(part["PartNum"]), str(part.get("IUM") or retailer.units.base)
    list(epicor.part(part, retailer))  # its stocking unit has a conversion
    said: dict[ProductField, Any] = {
        "description": str(part.get("PartDescription") or "").strip() or sku,
        "price": _price(part, retailer),
        "active": not part.get("InActive"),
        "fractions": unit in rules.fractional_units,
        "upc": str(part.get("UPCCode1") or ""),
        "tax_category": _code(rules.tax_categories, part, "TaxCatID", "tax_categories"),
        "financial_class": _code(rules.financial_classes, part, "ProdCode", "financial_classes"),
        "grid": str(part.get("CommercialStyle") or ""),
        "color": str(part.get("CommercialColor") or ""),
        "size": str(part.get("CommercialSize1") or ""),
    }
    return Product(sku, {name: value for name, value in said.items() if rules.owner(name) == "epicor" and value != ""})


def _price(part: Document, retailer: Retailer) -> Decimal:
    """The price of one base unit, in whole cents."""
    where, unit = f"part {part['PartNum']}", str(part.get("SalesUM") or retailer.units.base)
    price, holds = Decimal(part.get("UnitPrice") or 0), epicor.unit_holds(part, unit, retailer)
    cents = Fraction(price) * Fraction(_per(part, where)) * 100 / holds
    if cents.denominator != 1 or cents < 0:
        raise BadRecord(f"{where}: a price of {price} for one {unit} of {holds} is no whole cents a piece; correct it")
    return to_major(cents.numerator, retailer.currency)


def _per(part: Document, where: str) -> Decimal:
    """PricePerCode: the price of one, of a hundred or of a thousand, as a factor on the price."""
    code = str(part.get("PricePerCode") or "E")
    found = {"E": Decimal(1), "C": Decimal("0.01"), "M": Decimal("0.001")}.get(code)
    if found is None:
        raise BadRecord(f"{where}: PricePerCode {code} is none of E, C and M; correct it")
    return found


def _code(table: Mapping[str, Any], part: Document, column: str, name: str) -> Any:
    """What a code of Epicor is called in the shop; "" where nothing is translated, or the part has no code."""
    code = str(part.get(column) or "")
    if not table or not code:
        return ""
    if code not in table:
        raise BadRecord(f"part {part['PartNum']}: {column} {code} has no name in the shop; add it under {name}")
    return table[code]


def body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as an item's body; the grid is an id and put in by whoever knows it."""
    custom = {CUSTOM[name]: value for name, value in fields.items() if name in CUSTOM}
    plain = {PLAIN[name]: value for name, value in fields.items() if name in PLAIN}
    return {**plain, **({"custom": custom} if custom else {})}


def differing(wanted: Product, item: Document) -> dict[str, Any]:
    """Fields that the item has otherwise; an item's grid is compared by whoever knows its id."""
    custom = item.get("custom") or {}
    found = {}
    for name, value in wanted.fields.items():
        if name in CUSTOM:
            there: Any = str(custom.get(CUSTOM[name]) or "")
        elif name in PLAIN:
            there = item.get(f"{PLAIN[name]}?" if PLAIN[name] in FLAGS else PLAIN[name])
        else:
            continue
        if not _same(there, value):
            found[name] = value
    return found


def _same(there: Any, value: Any) -> bool:
    if isinstance(value, bool):
        return bool(there) == value
    return (Decimal(there) if there is not None else None) == value if isinstance(value, Decimal) else there == value


def part_of(item: Document, rules: Rules, retailer: Retailer) -> dict[str, Any]:
    """An item of the shop as a new part, for a person to approve. Raises BadRecord for a SKU that is no part number."""
    where, base = f"item {item['id']}", retailer.units.base
    sku = lengths.key("PartNum", str(item.get("public_id") or ""), where, retailer.epicor.field_lengths)
    if not sku:
        raise BadRecord(f"{where} has no number; give it one in Heartland")
    custom = item.get("custom") or {}
    names = {
        "UPCCode1": custom.get("upc"),
        "CommercialColor": custom.get("color"),
        "CommercialSize1": custom.get("size"),
    }
    return {
        "PartNum": sku,
        "PartDescription": str(item.get("description") or sku),
        "IUM": base,
        "PUM": base,
        "SalesUM": base,
        "TypeCode": "P",
        "UnitPrice": to_major(to_minor(item.get("price") or 0, retailer.currency), retailer.currency),
        "InActive": not item.get("active?", True),
        **({"ClassID": rules.part_class} if rules.part_class else {}),
        **{name: str(value) for name, value in names.items() if value},
    }
