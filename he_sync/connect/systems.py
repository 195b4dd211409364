"""The three systems as clients, built from settings: what every flow is handed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from he_sync.connect.epicor import EpicorClient
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.permit import permitted
from he_sync.connect.processor import ProcessorClient
from he_sync.connect.throttle import Limit, Throttle
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import http_send
from he_sync.settings import Settings

TOTAL_DEADLINE_SECONDS = 60.0
"""Longest one answer may take, connect to last byte; the quarantine of a doubtful write must be longer."""
LIMITS = {"heartland": Limit(50, 50), "processor": Limit(50, 50), "epicor": Limit(100, 100)}
"""Calls a second and at once. Neither system documents a limit; Heartland is known to bear 10 to 20 reads at a time."""
BYTE_CAP = 256 * 1024 * 1024


@dataclass(frozen=True)
class Systems:
    """Clients of the three systems."""

    heartland: HeartlandClient
    processor: ProcessorClient
    epicor: EpicorClient


@contextmanager
def connect(settings: Settings) -> Iterator[Systems]:
    """Clients that share one connection pool, and throttle and tokens with every other process of this installation."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shared = settings.home / "shared.db"
    tokens, throttle = TokenCache(shared), Throttle(shared, LIMITS)
    with http_send(total_deadline=TOTAL_DEADLINE_SECONDS, byte_cap=BYTE_CAP) as wire:
        send = permitted(wire)
        yield Systems(
            HeartlandClient(settings.heartland_url, settings.heartland_token, send, throttle),
            ProcessorClient(settings.gp_url, settings.gp_app_id, settings.gp_app_key, send, tokens, throttle),
            EpicorClient(
                settings.epicor_url,
                settings.epicor_company,
                settings.epicor_user,
                settings.epicor_password,
                settings.epicor_api_key,
                send,
                tokens,
                throttle,
                plant=settings.epicor_plant,
            ),
        )
