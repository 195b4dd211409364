"""What is watched: one installation, as its environment names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from he_sync.model.errors import TryLater
from he_sync.model.retailer import Retailer, load_retailer
from he_sync.settings import home_and_profile, store_address
from he_sync.store.board import looking
from he_sync.store.database import Store
from he_sync.store.engines import engine_at
from he_sync.store.sqlite_file import path_of


@dataclass(frozen=True)
class Watched:
    """An installation. `kept` is its store, None where it cannot be opened: that is a figure as well."""

    environ: Mapping[str, str] = field(repr=False)
    kept: Store | None = None

    @property
    def home(self) -> Path:
        """The installation's folder."""
        return home_and_profile(self.environ)[0]

    @property
    def store(self) -> Store:
        """The store for who only reads. Raises TryLater where there is none."""
        if self.kept is None:
            raise TryLater("there is no store")
        return looking(self.kept)

    def retailer(self) -> Retailer:
        """The profile as it stands now. Raises FixSettings where there is none."""
        return load_retailer(home_and_profile(self.environ)[1])


@contextmanager
def watched(environ: Mapping[str, str]) -> Iterator[Watched]:
    """An installation for one look. Its store is opened as it is, not migrated: a look takes no write lock."""
    with Store(engine_at(store_address(environ))) as store:
        path = path_of(store)
        yield Watched(environ, store if path is None or path.exists() else None)
