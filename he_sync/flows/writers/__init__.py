"""How each kind of effect is written, and how it is looked up when nobody knows whether it was: one room, one module.

What a writer promises stands in bench.py; the sending, and what a failure means, in he_sync.flows.push.
"""

from he_sync.flows.writers import (
    changes,
    customers,
    heartland,
    ledger,
    movements,
    orders,
    products,
    records,
    returns,
    stock,
    stock_sets,
)
from he_sync.flows.writers.bench import Bench, Writer, mark
from he_sync.flows.writers.ledger import group_id

__all__ = ["WRITERS", "Bench", "Writer", "group_id", "mark"]

WRITERS: dict[str, Writer] = {
    **customers.WRITERS,
    **orders.WRITERS,
    **changes.WRITERS,
    **returns.WRITERS,
    **stock.WRITERS,
    **stock_sets.WRITERS,
    **movements.WRITERS,
    **products.WRITERS,
    **records.WRITERS,
    **ledger.WRITERS,
    **heartland.WRITERS,
}
