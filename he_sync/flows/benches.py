"""The bench of an installation: what its writers work with."""

from __future__ import annotations

from typing import Literal

from he_sync.connect.systems import Systems
from he_sync.flows.steps import standing
from he_sync.flows.writers import Bench
from he_sync.model.retailer import Retailer
from he_sync.store.database import Store


def bench(
    store: Store, systems: Systems, retailer: Retailer, way: Literal["composite", "function"] = "composite"
) -> Bench:
    """The numbers of sales are asked of the store, as their newest confirmed create has them."""
    return Bench(
        systems,
        retailer,
        lambda owner: standing.numbers(store, [owner]).get(owner),
        lambda owners: standing.numbers(store, owners),
        way=way,
        key_column=retailer.epicor.order_key_column,
    )
