"""Kits: as many as the scarcest component allows at a location, then summed over locations (reference accounting 5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from he_sync.model.errors import BadRecord
from he_sync.model.quantity import MILLI
from he_sync.stock.available import Answer
from he_sync.stock.figures import Item


def kit(item: Item, location: str, components: Mapping[str, Answer]) -> Answer:
    """A kit at one location from its components' answers there; a component without an answer is none of them."""
    if not item.components or any(per <= 0 for _, per in item.components):
        raise BadRecord(f"kit {item.sku}: each component needs a quantity above zero")
    needed: dict[str, int] = {}
    for sku, per in item.components:
        needed[sku] = needed.get(sku, 0) + per
    parts = tuple((per, components[sku]) for sku, per in needed.items() if sku in components)
    missing = sorted(needed.keys() - components.keys())
    most = 0 if missing else min(answer.published_milli // per for per, answer in parts) * MILLI
    channel = next((answer.channel for _, answer in parts), "")
    causes = [f"{answer.sku}: {answer.cause}" for _, answer in parts if answer.cause]
    causes += [f"component {sku} is not kept at {location}" for sku in missing]
    return Answer(item.sku, location, channel, (), most, most, "; ".join(causes), most > 0, parts=parts)


def total(answers: Iterable[Answer]) -> int:
    """What a channel may sell of an item, summed over its locations; one that owes takes nothing from the others."""
    return sum(answer.published_milli for answer in answers)
