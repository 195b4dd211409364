"""The tables of stock and products: what was last published about a subject, and which movements were booked."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text

from he_sync.store.tables import Instant, metadata

published = Table(
    "published",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("content", Text, nullable=False),
    Column("effect_key", String(64), ForeignKey("effects.key"), nullable=True),
    Column("at", Instant, nullable=False),
    Index("published_by_effect", "effect_key"),
)
"""One row a subject. Without an effect the other side said the same already; with one it counts when that is done."""

stock_movements = Table(
    "stock_movements",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("sku", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("milli", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
    Column("effect_key", String(64), ForeignKey("effects.key"), nullable=True),
    Column("why", Text, nullable=False),
    Column("moved_at", Instant, nullable=False),
    Index("stock_movements_of", "sku", "place"),
    Index("stock_movements_by_effect", "effect_key"),
)
"""One row a line of the shop's ledger of movements, by its id there; `why` says why one has no effect."""
