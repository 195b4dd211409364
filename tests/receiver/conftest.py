"""A receiver on a store of each engine, and the store beside it to look into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from he_sync.store.database import Store, open_store
from tests.receiver.running import Running, receiving


@pytest.fixture(params=["sqlite", "postgres"])
def any_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        return url
    return f"sqlite:///{tmp_path / 'he_sync.db'}"


@pytest.fixture
def any_store(any_store_url: str) -> Iterator[Store]:
    with open_store(any_store_url) as opened:
        yield opened


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "he_sync.db") as opened:
        yield opened


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Running]:
    with receiving(tmp_path) as running:
        yield running
