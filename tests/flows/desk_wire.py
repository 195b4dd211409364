"""Systems over a wire that a test may bend: what comes back is changed on its way, the request has been served."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

from he_sync.cli import house
from he_sync.connect.breaker import Breaker
from he_sync.connect.epicor import EpicorClient
from he_sync.connect.heartland import HeartlandClient
from he_sync.connect.permit import permitted
from he_sync.connect.processor import ProcessorClient
from he_sync.connect.retry import Patience
from he_sync.connect.systems import Systems
from he_sync.connect.throttle import Limit, Throttle
from he_sync.connect.tokens import TokenCache
from he_sync.connect.wire import Request, Response, Send, http_send
from he_sync.settings import Settings
from tests.flows.desk import Desk

RATE = Limit(1e5, 1e5)


def bent(send: Send, method: str, route: str, change: Callable[[Response], Response], first: int = 1) -> Send:
    """A `Send` that changes the first answers of a route."""
    seen = count(1)

    def sent(request: Request) -> Response:
        response = send(request)
        fits = request.method == method and re.search(route, request.url.split("?", 1)[0])
        return change(response) if fits and next(seen) <= first else response

    return sent


def html(response: Response) -> Response:
    """A sign-in page in place of the answer."""
    return replace(response, status=200, body=b"<html><body>Sign in</body></html>")


def empty(response: Response) -> Response:
    """No body at all."""
    return replace(response, body=b"")


def complaint(response: Response) -> Response:
    """A success whose body says that it was none."""
    return replace(response, body=b'{"ErrorMessage": "Something happened"}')


def another(response: Response) -> Response:
    """A success that names a document of somebody else."""
    return replace(response, body=re.sub(rb'"OrderNum":\s*\d+', b'"OrderNum":1', response.body))


@contextmanager
def systems_over(
    desk: Desk, folder: Path, bend: Callable[[Send], Send] = lambda send: send, clock: Callable[[], float] | None = None
) -> Iterator[Systems]:
    """Clients of the desk's sandbox over a bent wire, with throttle and breaker of their own on a clock of the test."""
    settings = house.settings_of(desk.environment)
    with http_send(total_deadline=10) as wire:
        yield _systems(settings, permitted(bend(wire)), folder / "shared.db", clock)


def _systems(settings: Settings, send: Send, shared: Path, clock: Callable[[], float] | None) -> Systems:
    timed = {"clock": clock} if clock else {}
    throttle = Throttle(shared, {"epicor": RATE, "heartland": RATE}, **timed)
    breaker, tokens = Breaker(shared, **timed), TokenCache(shared)
    user, password, key = settings.epicor_user, settings.epicor_password, settings.epicor_api_key
    patience = Patience(sleep=lambda _: None)
    return Systems(
        HeartlandClient(
            settings.heartland_url, settings.heartland_token, send, throttle, patience=patience, breaker=breaker
        ),
        ProcessorClient(settings.gp_url, settings.gp_app_id, settings.gp_app_key, send, tokens, throttle),
        EpicorClient(
            settings.epicor_url,
            settings.epicor_company,
            user,
            password,
            key,
            send,
            tokens,
            throttle,
            patience=patience,
            breaker=breaker,
        ),
    )
