"""Lines that break a rule whatever the past was: sign, price of nothing, discount over the limit. All in integers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from he_sync.model.money import show
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.daily import Flags
from he_sync.quality.anomalies.settings import Settings

FREE = 0.1
"""Share of an item's past lines at nothing from which it is a gift, and a line at nothing no mistake."""
SEEN_FREE = 3


def rule_alerts(lines: pd.DataFrame, past: pd.DataFrame, settings: Settings) -> Iterator[Alert]:
    """One alert a line and rule; `kind`, `parent_id` and `discount_minor` speak only where they are there."""
    yield from _said("sign", lines, wrong_sign(lines), "a sale's goods go out, a return's come back", _quantity)
    yield from _said("zero_price", lines, at_nothing(lines, past), "this item is not given away", _price)
    limit = f"no discount is over {settings.discount_limit_percent} %"
    yield from _said("discount", lines, over_limit(lines, settings.discount_limit_percent), limit, _discount)


def wrong_sign(lines: pd.DataFrame) -> Flags:
    """Goods against the kind of document, an amount against its quantity, or a price below zero.

    An exchange has both signs: a sale that names the document it refers to (`parent_id`) may take goods back.
    """
    quantity, amount = lines["quantity_milli"].to_numpy(), lines["amount_minor"].to_numpy()
    wrong = (np.sign(quantity) * np.sign(amount) < 0) | (lines["unit_price_minor"].to_numpy() < 0)
    if "kind" in lines:
        back = lines["kind"].astype(str).str.lower().isin(("return", "refund")).to_numpy()
        alone = lines["parent_id"].to_numpy() == 0 if "parent_id" in lines else np.ones(len(lines), dtype=bool)
        wrong |= (back & (quantity > 0) & alone) | (~back & (quantity < 0) & alone)
    return np.asarray(wrong, dtype=bool)


def at_nothing(lines: pd.DataFrame, past: pd.DataFrame) -> Flags:
    """Sold at a price of zero, though the item is no gift."""
    free = (past["unit_price_minor"] == 0).groupby(past["sku"]).agg(["mean", "sum"])
    gifts = set(free.index[(free["mean"] >= FREE) & (free["sum"] >= SEEN_FREE)])
    nothing = (lines["unit_price_minor"] == 0) & (lines["quantity_milli"] != 0) & ~lines["sku"].isin(gifts)
    return np.asarray(nothing, dtype=bool)


def over_limit(lines: pd.DataFrame, percent: int) -> Flags:
    """Stated discount against the amount before it."""
    if "discount_minor" not in lines:
        return np.zeros(len(lines), dtype=bool)
    off, left = np.abs(lines["discount_minor"].to_numpy()), np.abs(lines["amount_minor"].to_numpy())
    return np.asarray(off * 100 > percent * (off + left), dtype=bool)


def _quantity(row: dict[str, object]) -> str:
    return f"quantity {int(str(row['quantity_milli'])) / 1000:g}, amount {show(int(str(row['amount_minor'])))}"


def _price(row: dict[str, object]) -> str:
    return f"price {show(int(str(row['unit_price_minor'])))}"


def _discount(row: dict[str, object]) -> str:
    off, left = (abs(int(str(row[name]))) for name in ("discount_minor", "amount_minor"))
    return f"{show(off)} off {show(off + left)}, {100 * off / (off + left):.0f} %"


def _said(check: str, lines: pd.DataFrame, wrong: Flags, expected: str, seen) -> Iterator[Alert]:  # type: ignore[no-untyped-def] # noqa: ANN001
    for row in lines[wrong].to_dict("records"):
        why = f"line {row['line_id']} of {row['owner']} in {row['store']} breaks a rule that knows no exception"
        yield Alert(check, str(row["sku"]), str(row["business_date"]), expected, seen(row), why, (str(row["line_id"]),))
