"""The Kinetic client against the stand-in over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.retry import Patience
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import HttpSend, http_send
from he_sync.sandbox.server import Sandbox
from tests.connect.kinetic import COMPANY, KEY, PASSWORD, USER


@pytest.fixture
def send() -> Iterator[HttpSend]:
    with http_send(total_deadline=10) as sender:
        yield sender


@pytest.fixture
def sleeps() -> list[float]:
    return []


@pytest.fixture
def client(sandbox: Sandbox, send: HttpSend, sleeps: list[float], tmp_path: Path) -> EpicorClient:
    tokens = TokenCache(tmp_path / "shared.db")
    patience = Patience(sleep=sleeps.append)
    return EpicorClient(sandbox.epicor, COMPANY, USER, PASSWORD, KEY, send, tokens, patience=patience)
