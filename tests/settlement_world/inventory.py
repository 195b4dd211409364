"""Stock by SKU and location: the POS counts eaches that it may sell, the ERP what lies there in its stock unit."""

from __future__ import annotations

import numpy as np

from tests.settlement_world.spec import Spec
from tests.settlement_world.stores import Frame

LOCATIONS = 200
UNITS, CASES = 0.56, (6, 12, 24, 144)
CASE_SHARES = (0.33, 0.33, 0.22, 0.12)
RESERVED, IN_FLIGHT = 0.134, 0.0275
CELLS_BROKEN = 0.2  # a class, at a break rate of 1
NAMES = (
    "inv_quantity_drift",
    "inv_uom_error",
    "inv_reserved_ignored",
    "inv_missing_in_pos",
    "inv_missing_in_erp",
    "inv_sign_flip",
)


def stock(spec: Spec) -> dict[str, Frame]:
    """Tables `pos_inventory`, `erp_inventory`, `uom`, `inflight`, and `labels` of what is broken."""
    rng, skus = spec.stream("inventory"), max(10, spec.payments // LOCATIONS)
    eaches = np.where(rng.random(skus) < UNITS, 1, rng.choice(CASES, skus, p=CASE_SHARES))
    cells = np.arange(skus * LOCATIONS)
    each = np.tile(eaches, LOCATIONS)
    on_hand = rng.poisson(40, len(cells))
    reserved = np.where(rng.random(len(cells)) < RESERVED, rng.integers(1, 3, len(cells)), 0)
    steps = rng.integers(1, 6, len(cells)) * rng.choice((-1, 1), len(cells))
    moving = np.where(rng.random(len(cells)) < IN_FLIGHT, steps * each, 0)
    true = {"each": each, "on_hand": on_hand, "reserved": reserved, "moving": moving}
    shown = (on_hand - reserved) * each + moving
    chosen = _choose(spec, rng, true)
    available, labels = _broken(rng, true, shown, chosen)
    return {**_tables(eaches, true, available, chosen), "labels": labels}


def _choose(spec: Spec, rng: np.random.Generator, true: Frame) -> dict[str, np.ndarray]:
    """Cells by class. A class that fits few cells takes its picks from all of them, as chance would."""
    free = true["on_hand"] > true["reserved"]
    fits = {
        "inv_uom_error": (true["each"] > 1) & (true["reserved"] == 0),
        "inv_reserved_ignored": true["reserved"] > 0,
    }
    chosen, count = {}, round(spec.breaks * CELLS_BROKEN * len(free))
    for name in NAMES:
        found = rng.choice(np.flatnonzero(free), min(count, int(free.sum())), replace=False)
        found = found[fits[name][found]] if name in fits else found
        free[found] = False
        chosen[name] = found
    return chosen


def _broken(
    rng: np.random.Generator, true: Frame, shown: np.ndarray, chosen: dict[str, np.ndarray]
) -> tuple[np.ndarray, Frame]:
    available = shown.copy()
    drift = chosen["inv_quantity_drift"]
    available[drift] += rng.integers(1, 9, len(drift)) * rng.choice((-1, 1), len(drift))
    units = chosen["inv_uom_error"]
    true["on_hand"][units] *= true["each"][units]
    ignored = chosen["inv_reserved_ignored"]
    available[ignored] += true["reserved"][ignored] * true["each"][ignored]
    available[chosen["inv_sign_flip"]] *= -1
    delta = available - (true["on_hand"] - true["reserved"]) * true["each"] - true["moving"]
    missing = np.concatenate([chosen["inv_missing_in_pos"], chosen["inv_missing_in_erp"]])
    delta[missing] = 0
    record = np.concatenate([chosen[name] for name in NAMES])
    names = np.repeat(NAMES, [len(chosen[name]) for name in NAMES])
    return available, {"record_id": record, "break_class": names, "delta_cents": delta[record]}


def _tables(eaches: np.ndarray, true: Frame, available: np.ndarray, chosen: dict[str, np.ndarray]) -> dict[str, Frame]:
    cells, skus = np.arange(len(available)), len(eaches)
    in_pos = ~np.isin(cells, chosen["inv_missing_in_pos"])
    in_erp = ~np.isin(cells, chosen["inv_missing_in_erp"])
    moving = true["moving"] != 0

    def at(mask: np.ndarray) -> Frame:
        return {"sku": cells[mask] % skus, "location": cells[mask] // skus}

    unit = np.where(eaches > 1, "CS", "EA")
    return {
        "pos_inventory": {**at(in_pos), "available_ea": available[in_pos]},
        "erp_inventory": {
            **at(in_erp),
            "on_hand": true["on_hand"][in_erp],
            "reserved": true["reserved"][in_erp],
            "uom": unit[cells[in_erp] % skus],
        },
        "uom": {"sku": np.arange(skus), "stock_uom": unit, "eaches": eaches},
        "inflight": {**at(moving), "qty_ea": true["moving"][moving]},
    }
