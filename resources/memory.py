"""The memory of one installation as a resource: its lake, its store, its retailer's profile."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg

from he_sync.model.retailer import Retailer, load_retailer
from he_sync.settings import STORE_FILE, variable
from he_sync.store.database import Store, open_store
from he_sync.store.lake import Lake


class MemoryResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where this installation keeps what it knows."""

    home: str
    profile: str
    store_url: str = ""

    def lake(self) -> Lake:
        """Immutable Parquet by stage, entity and day."""
        return Lake(Path(self.home) / "lake")

    def store(self) -> Store:
        """Effects, crosswalk, dead letters, closes."""
        elsewhere = self.store_url or variable("HE_STORE_URL", os.environ, "")
        return open_store(elsewhere or Path(self.home) / STORE_FILE)

    def retailer(self) -> Retailer:
        """The profile, read anew: a correction counts from the next run."""
        return load_retailer(Path(self.profile))
