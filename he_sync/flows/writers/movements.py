"""The shop's movements in Epicor: one inventory transaction each, and counts only where the shop owns them."""

from __future__ import annotations

from he_sync.flows.writers import stock
from he_sync.flows.writers.bench import Bench, Body, Writer
from he_sync.model.errors import Refused

ADJUST = stock.WRITERS["adjust_erp_stock"]


def _write(bench: Bench, key: str, body: Body) -> str:
    """Raises Refused for a count of the shop at a place whose count Epicor owns by now."""
    owner = bench.retailer.stock_owner(body["class"], body["place"])
    if body["counts"] and owner != "heartland":
        who = owner or "nobody"
        raise Refused(
            f"item {body['part']} @ {body['place']}: {who} owns its count, so a count of the shop is not booked; "
            "withdraw it, and count in Epicor"
        )
    return ADJUST.write(bench, key, body)


WRITERS = {"book_pos_movement": Writer(ADJUST.find, _write)}
"""Bodies are those of adjust_erp_stock, with the class of the item, its place, and whether it is a count."""
