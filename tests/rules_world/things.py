"""Things that lines name (items, stores, customers) with attributes that they decide, drawn by a seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

THINGS = {
    "item": (60, 500, ("description", "department", "brand", "unit_of_measure", "list_price", "season", "hs_code")),
    "customer": (50, 400, ("customer_name", "rep", "terms", "price_level", "credit_class", "territory")),
    "store": (12, 60, ("region", "zone", "currency", "district", "price_book")),
    "vendor": (40, 150, ("vendor_name", "vendor_country", "incoterm", "buyer")),
    "employee": (30, 90, ("employee_name", "shift_group", "home_team")),
    "carrier_service": (8, 25, ("carrier", "speed_class", "label_format")),
}
BELOW = {
    "department": "division", "region": "manager", "terms": "net_days", "unit_of_measure": "decimals",
    "vendor_country": "trade_bloc", "territory": "sales_area", "carrier": "carrier_country",
}  # fmt: skip
STYLES = ("{name}", "{name}_id", "{name}_no", "{camel}Num", "{camel}Code")


@dataclass
class Thing:
    """A kind of thing: its column, how its codes look, and a table with a row a thing."""

    column: str
    table: pd.DataFrame
    decided: list[tuple[str, str]] = field(default_factory=list)
    popular: np.ndarray = field(default_factory=lambda: np.zeros(0))


def camel(name):
    return "".join(part.title() for part in name.split("_"))


def thing(name, draw, style):
    low, high, attributes = THINGS[name]
    count = int(draw.integers(low, high))
    whole = int(count * 1.15)  # the last ones come next year
    column = style(STYLES[draw.integers(len(STYLES))], name)
    table = pd.DataFrame({column: codes(whole, draw)})
    made = Thing(column, table)
    for attribute in draw.permutation(attributes)[: draw.integers(2, 5)]:
        own = style("{name}", str(attribute))
        table[own] = values(str(attribute), whole, draw)
        made.decided.append((column, own))
        if attribute in BELOW and draw.random() < 0.6:
            below = style("{name}", BELOW[str(attribute)])
            table[below] = lower(table[own], draw)
            made.decided.append((own, below))
    weights = draw.pareto(1.3, whole) + 0.05 if draw.random() < 0.5 else np.ones(whole)
    made.popular = np.where(np.arange(whole) < count, weights, 0)
    return made


def codes(count, draw):
    """Texts with leading zeros, whole numbers in order, or whole numbers with gaps."""
    match draw.integers(3):
        case 0:
            return [f"{'ABCDEF'[draw.integers(6)]}{number:05d}" for number in range(count)]
        case 1:
            return np.arange(1, count + 1) + 10 ** int(draw.integers(2, 6))
        case _:
            return np.sort(draw.choice(90_000, count, replace=False)) + 10_000


def values(attribute, count, draw):
    if attribute.endswith(("name", "description")):
        return [f"{attribute[0].upper()}{number} {'abcdefgh'[number % 8]}" for number in range(count)]
    if attribute == "list_price":
        return draw.integers(99, 40_000, count)
    kinds = int(draw.integers(3, 13))
    weights = draw.dirichlet(np.full(kinds, 2.0))
    return np.array([f"{attribute[:3].upper()}{number}" for number in range(kinds)])[
        draw.choice(kinds, count, p=weights)
    ]


def lower(column, draw):
    """What each value of a column is part of: fewer, and at least two."""
    kinds = sorted(set(column))
    groups = max(2, len(kinds) // int(draw.integers(1, 4)))
    given = {kind: f"G{number % groups}" for number, kind in enumerate(draw.permutation(kinds))}
    return [given[one] for one in column]
