"""Connections: each system asked, without changing anything, when a person wants to know."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.connect.doctor import Finding, diagnose
from he_sync.connect.doctor_probes import epicor_probes, heartland_probes, processor_probes
from he_sync.connect.systems import connect
from he_sync.model.retailer import load_retailer
from he_sync.settings import read_settings
from he_sync.web.console.forms import Form, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import page


def shown(request: Request) -> Response:
    """GET /connections: the addresses; nobody is asked yet."""
    return _page(request, None)


def tested(request: Request, form: Form) -> Response:
    """POST /connections: every system asked."""
    del form
    return _page(request, _findings(place_of(request)))


def _page(request: Request, findings: list[Finding] | None) -> Response:
    settings = read_settings(place_of(request).environ)
    addresses = {
        "Heartland Retail": settings.heartland_url,
        "Global Payments": settings.gp_url,
        "Epicor Kinetic": f"{settings.epicor_url}, company {settings.epicor_company}",
    }
    return page(request, "connections", "Connections", addresses=addresses, findings=findings, rates=settings.rates)


def _findings(place: Place) -> list[Finding]:
    """In a home of its own: a token that another process fetched would hide that the password is wrong by now."""
    settings = read_settings(place.environ)
    retailer = load_retailer(settings.profile)
    with TemporaryDirectory() as fresh, connect(replace(settings, home=Path(fresh))) as systems:
        probes = (
            heartland_probes(systems.heartland, retailer),
            processor_probes(systems.processor),
            epicor_probes(systems.epicor, retailer),
        )
        return diagnose(chain(*probes))


ROUTES = [Route("/connections", shown, methods=["GET"]), Route("/connections", posts(tested), methods=["POST"])]
