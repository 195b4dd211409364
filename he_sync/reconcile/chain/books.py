"""What the engine asks of its input: checked relations on one DuckDB connection. `given.open_books` provides it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from he_sync.reconcile.chain.terms import Terms

if TYPE_CHECKING:
    import duckdb

# Views over Parquet or tables over CSV, columns and types as in the samples. A currency column (VARCHAR) is optional in
# pos_payments, settlement_lines, batches, bank_lines, gl_lines and stores; without it the terms' currency holds.
RELATIONS = (
    "stores",
    "pos_orders",
    "erp_orders",
    "pos_payments",
    "settlement_lines",
    "batches",
    "bank_lines",
    "gl_lines",
)


class Books(Protocol):
    """Checked input of one run. `versions` names the content of each relation; inventory relations may be there too."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The connection that holds the relations."""

    @property
    def terms(self) -> Terms:
        """The contract."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Content digest by relation name; `terms` is one of them."""

    @property
    def folder(self) -> Path:
        """Where the files are."""
