"""The three systems as clients, built from settings: what every flow is handed."""

from __future__ import annotations

import os
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
from he_sync.model.errors import FixSettings
from he_sync.settings import Settings, variable

TOTAL_DEADLINE_SECONDS = 60.0
"""Longest one answer may take, connect to last byte; the quarantine of a doubtful write must be longer."""
RATES = {"heartland": 200.0, "processor": 50.0, "epicor": 300.0}
"""Calls a second, and as many at once. No system documents a limit: a 429 pauses all calls whatever stands here.

An order takes one write and a share of two reads in Epicor, and one write and a share of a read in Heartland.
"""
FASTEST = 10_000.0
BYTE_CAP = 256 * 1024 * 1024


@dataclass(frozen=True)
class Systems:
    """Clients of the three systems."""

    heartland: HeartlandClient
    processor: ProcessorClient
    epicor: EpicorClient


def limits(environ: Mapping[str, str] = os.environ) -> dict[str, Limit]:
    """How fast each system may be called: HE_HEARTLAND_RATE, HE_PROCESSOR_RATE and HE_EPICOR_RATE, or RATES."""
    return {system: _limit(f"HE_{system.upper()}_RATE", rate, environ) for system, rate in RATES.items()}


def _limit(name: str, otherwise: float, environ: Mapping[str, str]) -> Limit:
    text = variable(name, environ, str(otherwise))
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= FASTEST:
        raise FixSettings(f"{name} is {text!r}; set it to calls a second, above 0 and at most {FASTEST:g}")
    return Limit(rate, max(rate, 1.0))


@contextmanager
def connect(settings: Settings) -> Iterator[Systems]:
    """Clients that share one connection pool, and throttle, breaker and tokens with every process of this machine."""
    settings.home.mkdir(parents=True, exist_ok=True)
    shared = settings.home / "shared.db"
    tokens, throttle, breaker = TokenCache(shared), Throttle(shared, limits()), Breaker(shared)
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
