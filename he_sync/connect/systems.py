"""The three systems as clients, built from settings: what every flow is handed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from he_sync.connect.breaker import Breaker
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
BYTE_CAP = 256 * 1024 * 1024


@dataclass(frozen=True)
class Systems:
    """Clients of the three systems."""

    heartland: HeartlandClient
    processor: ProcessorClient
    epicor: EpicorClient


def limits(rates: Mapping[str, float]) -> dict[str, Limit]:
    """How fast each system may be called, and as many at once; one call at least."""
    return {system: Limit(rate, max(rate, 1.0)) for system, rate in rates.items()}


@contextmanager
def connect(settings: Settings) -> Iterator[Systems]:
    """Clients that share one connection pool, and throttle, breaker and tokens with every process of this machine."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shared = settings.home / "shared.db"
    tokens, throttle, breaker = TokenCache(shared), Throttle(shared, limits(settings.rates)), Breaker(shared)
    with http_send(total_deadline=TOTAL_DEADLINE_SECONDS, byte_cap=BYTE_CAP) as wire:
        send = permitted(wire)
        yield Systems(
            HeartlandClient(settings.heartland_url, settings.heartland_token, send, throttle, breaker=breaker),
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
                breaker=breaker,
            ),
        )
