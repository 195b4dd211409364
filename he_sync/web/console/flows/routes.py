"""The addresses of the flow designer."""

from __future__ import annotations

from starlette.routing import Route

from he_sync.web.console.flows import changes, designer, listing, text
from he_sync.web.console.forms import posts

ROUTES = [
    Route("/flows", listing.listing, methods=["GET"]),
    Route("/flows", posts(listing.begin), methods=["POST"]),
    Route("/flows/{name}", designer.designer, methods=["GET"]),
    Route("/flows/{name}", posts(designer.decide), methods=["POST"]),
    Route("/flows/{name}/changes", changes.changes, methods=["GET"]),
    Route("/flows/{name}/changes", posts(changes.decide), methods=["POST"]),
    Route("/flows/{name}/yaml", text.text_page, methods=["GET"]),
    Route("/flows/{name}/yaml", posts(text.write), methods=["POST"]),
    Route("/flows/{name}/versions", text.versions, methods=["GET"]),
    Route("/flows/{name}/versions", posts(text.restore), methods=["POST"]),
]
