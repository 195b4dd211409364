"""What other processes run in a test; it imports little, because each of them starts afresh."""

from __future__ import annotations

from pathlib import Path

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import http_send


def check_epicor(url: str, tokens: Path) -> None:
    """One authenticated read with the machine's shared token."""
    with http_send() as sender:
        EpicorClient(url, "EPIC06", "he-sync", "sandbox", "sandbox-api-key", sender, TokenCache(tokens)).check()
