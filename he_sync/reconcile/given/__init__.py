"""The books that a reconciliation is given: a folder of CSV or Parquet files, checked, as relations in DuckDB.

What a file must hold stands in `columns`, what its content must keep in `checks`; nothing here compares two sides.
"""

from he_sync.reconcile.given.books import Books, open_books

__all__ = ["Books", "open_books"]
