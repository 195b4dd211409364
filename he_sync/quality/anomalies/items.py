"""Prices and quantities that are not an item's own, each held against a line learned from days before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from he_sync.model.money import show
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.daily import Flags, Numbers
from he_sync.quality.anomalies.settings import Settings

KNOWN = 5
"""Past lines from which an item has a price of its own; a newer one is held against its department."""
RECENT_LINES = 80
"""An item's last lines, between whose lowest and highest twentieth its price is usual."""
PRICE_SLACK = 0.05
"""Least scale of a price's logarithm: a rise of a twentieth is no news."""
CHECKS = ("price", "new_item_price", "quantity")
CUSTOMER_LINES = 4
"""Past lines from which a customer has a habit."""
SHRUNK = 12
"""Lines' worth of what is usual elsewhere that an item's own scatter is mixed with."""
CALIBRATED = 0.25
"""Last part of the past that lines are drawn from, by what is learned of the rest."""
NEVER = 0.0
PRICE_CHANGE, AGREEING = 0.2, 3
"""A new price within this logarithm that so many of an item's lines of a day agree on is a price change."""


@dataclass(frozen=True)
class Scores:
    """By line: how far from usual, in scales of the item; `usual` is that price or quantity. 0: nothing to say."""

    far: dict[str, Numbers]
    usual: dict[str, Numbers]


def item_alerts(lines: pd.DataFrame, past: pd.DataFrame, settings: Settings) -> Iterator[Alert]:
    """One alert a line and check, for lines whose sign and price the rules have passed."""
    found, edges = scores(lines, past), edges_of(past, settings)
    for check in CHECKS:
        usual = found.usual[check]
        for place in np.flatnonzero(found.far[check] > edges[check]):
            row = {str(name): value for name, value in lines.iloc[int(place)].items()}
            yield _alert(check, row, float(usual[place]), float(found.far[check][place]) / edges[check])


def edges_of(past: pd.DataFrame, settings: Settings) -> dict[str, float]:
    """The score that the budget lets pass, by check: a third of it each. Infinite where the past is too short."""
    cut = _date_at(past, 1 - CALIBRATED)
    before = past[past["business_date"] < cut]
    after = past[past["business_date"] >= cut]
    share = settings.line_budget / len(CHECKS)
    if before.empty or len(after) * share < 1:
        return dict.fromkeys(CHECKS, np.inf)
    found = scores(after, before)
    return {check: max(float(np.quantile(found.far[check], 1 - share)), 1.0) for check in CHECKS}


def _date_at(past: pd.DataFrame, share: float) -> str:
    days = np.sort(past["business_date"].to_numpy(dtype=str))
    return str(days[int(share * (len(days) - 1))]) if len(days) else ""


def scores(lines: pd.DataFrame, past: pd.DataFrame) -> Scores:
    """Of every line by what is known of days before; 0 for lines that break a rule or come back."""
    ok = (lines["quantity_milli"].to_numpy() > 0) & (lines["unit_price_minor"].to_numpy() > 0)
    good = past[(past["quantity_milli"] > 0) & (past["unit_price_minor"] > 0)]
    price, new, usual, usual_new = _prices(lines, good)
    quantity, usual_quantity = _quantities(lines, good)
    far = dict(zip(CHECKS, (price, new, quantity), strict=True))
    far = {check: np.where(ok, np.nan_to_num(one), NEVER) for check, one in far.items()}
    far["price"] = np.where(_agreed(lines, usual), NEVER, far["price"])
    return Scores(far, dict(zip(CHECKS, (usual, usual_new, usual_quantity), strict=True)))


def asked(lines: pd.DataFrame) -> Numbers:
    """Logarithm of the price of one before any stated discount, in minor units."""
    amount = np.abs(lines["amount_minor"].to_numpy(dtype=np.float64))
    if "discount_minor" in lines:
        amount = amount + np.abs(lines["discount_minor"].to_numpy(dtype=np.float64))
        one = 1000 * amount / np.maximum(np.abs(lines["quantity_milli"].to_numpy(dtype=np.float64)), 1)
    else:
        one = lines["unit_price_minor"].to_numpy(dtype=np.float64)
    return np.asarray(np.log(np.maximum(one, 0.5)))


def _prices(lines: pd.DataFrame, past: pd.DataFrame) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Scores and usual prices: of known items by their last lines, of new ones by their department."""
    seen = pd.DataFrame({"sku": past["sku"].to_numpy(), "log": asked(past)})
    last = seen.groupby("sku", sort=False).tail(RECENT_LINES).groupby("sku")["log"]
    table = pd.DataFrame({share: last.quantile(share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)})
    count = last.size()
    now, key = asked(lines), lines["sku"].to_numpy()
    low, first, middle, third, high = (table[share].reindex(key).to_numpy() for share in table.columns)
    scale = np.hypot(PRICE_SLACK, (third - first) / 2)
    known = count.reindex(key).fillna(0).to_numpy() >= KNOWN
    far = np.maximum(np.maximum(now - high, low - now), 0) / scale
    if "department" not in lines:
        return np.where(known, far, NEVER), np.zeros(len(lines)), np.exp(middle), np.exp(middle)
    each = seen.assign(department=past["department"].to_numpy()).groupby("sku").median(numeric_only=True)["log"]
    whose = past.drop_duplicates("sku").set_index("sku")["department"]
    group = each.groupby(whose.reindex(each.index))
    center, wide = (one.reindex(lines["department"]).to_numpy() for one in (group.median(), group.std()))
    new = np.abs(now - center) / np.maximum(np.nan_to_num(wide, nan=1.0), 0.3)
    return np.where(known, far, NEVER), np.where(known, NEVER, new), np.exp(middle), np.exp(center)


def _agreed(lines: pd.DataFrame, usual: Numbers) -> Flags:
    """Lines at a price that AGREEING others had before them, or a near one that most of the day's lines have."""
    now = asked(lines)
    near = np.abs(now - np.log(np.maximum(np.nan_to_num(usual, nan=1.0), 0.5))) <= PRICE_CHANGE
    which = [lines["sku"], lines["business_date"], pd.Series(np.round(now, 2), index=lines.index)]
    same = lines.groupby(which)["owner"].transform("nunique")
    whole = lines.groupby(which[:2])["owner"].transform("nunique")
    said = lines.groupby([which[0], which[2]]).cumcount() >= AGREEING
    return np.asarray(said | (near & (same >= AGREEING) & (2 * same > whole)))


def _quantities(lines: pd.DataFrame, past: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Scores and usual quantities in thousandths; what a customer usually takes more than others is theirs."""
    log = np.log(past["quantity_milli"].to_numpy(dtype=np.float64))
    seen = pd.DataFrame({"sku": past["sku"].to_numpy(), "log": log})
    group = seen.groupby("sku")["log"]
    middle, count = group.median(), group.size()
    off = log - middle.reindex(seen["sku"]).to_numpy()
    pooled = float(np.mean(np.sort(off**2)[: int(0.99 * len(off))])) if len(off) else 1.0
    own = pd.Series(off**2).groupby(seen["sku"].to_numpy()).apply(_without_largest)
    wide = np.sqrt((count * own + SHRUNK * pooled) / (count + SHRUNK) + 0.02)
    key = lines["sku"].to_numpy()
    now = np.log(np.maximum(np.abs(lines["quantity_milli"].to_numpy(dtype=np.float64)), 1))
    center = middle.reindex(key).fillna(float(np.median(log)) if len(log) else 0.0).to_numpy()
    scale = wide.reindex(key).fillna(np.sqrt(pooled + 0.02)).to_numpy()
    habit = _habits(lines, past, off)
    return np.maximum(now - center - habit, 0) / scale, np.exp(center + habit)


def _without_largest(squares: pd.Series) -> float:
    """Mean without the largest hundredth, at least one: a mistake of the past widens nothing."""
    some = np.sort(squares.to_numpy())
    return float(some[: max(1, int(0.99 * len(some)))].mean())


def _habits(lines: pd.DataFrame, past: pd.DataFrame, off: Numbers) -> Numbers:
    """Logarithms that a known customer's quantities are usually above an item's."""
    if "customer_id" not in lines:
        return np.zeros(len(lines))
    whose = past["customer_id"].to_numpy()
    group = pd.Series(off[whose != 0]).groupby(whose[whose != 0])
    habit = group.quantile(0.75)[group.size() >= CUSTOMER_LINES].clip(lower=0)
    return np.asarray(habit.reindex(lines["customer_id"]).fillna(0.0).to_numpy())


def _alert(check: str, row: dict[str, object], usual: float, beyond: float) -> Alert:
    about = f"line {row['line_id']} of {row['owner']} in {row['store']}"
    if check == "quantity":
        seen, expected = int(str(row["quantity_milli"])) / 1000, usual / 1000
        text = (
            f"about {expected:g}",
            f"{seen:g}",
            f"{about}: {seen / max(expected, 1e-9):,.0f} times what is usual here",
        )
    else:
        seen = float(np.exp(asked(pd.DataFrame([row]))[0]))
        whose = "this item's last lines" if check == "price" else "items of this department, this one being new"
        text = (f"about {show(round(usual))}", show(round(seen)), f"{about}: {seen / max(usual, 1e-9):.2f} of {whose}")
    return Alert(check, str(row["sku"]), str(row["business_date"]), *text, (str(row["line_id"]),), beyond)
