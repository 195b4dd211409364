"""A watched installation on each engine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from he_sync.store.database import Store, open_store
from he_sync.store.engines import engine_at
from tests.watch.house import EVERYBODY, House


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables, to copy: making them takes half a second."""
    path = tmp_path_factory.mktemp("empty") / "he_sync.db"
    open_store(path).close()
    return path


@pytest.fixture
def house(tmp_path: Path, empty: Path) -> Iterator[House]:
    """On SQLite, with people to tell."""
    shutil.copy(empty, tmp_path / "he_sync.db")
    with Store(engine_at(tmp_path / "he_sync.db")) as store:
        one = House(tmp_path, store, f"sqlite:///{tmp_path / 'he_sync.db'}")
        one.rules(EVERYBODY)
        yield one


@pytest.fixture(params=["sqlite", "postgres"])
def any_house(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[House]:
    """On either engine."""
    url = f"sqlite:///{tmp_path / 'he_sync.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    else:
        shutil.copy(empty, tmp_path / "he_sync.db")
    with open_store(url) as store:
        yield House(tmp_path, store, url)
