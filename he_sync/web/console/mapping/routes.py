"""The addresses of the canvas."""

from __future__ import annotations

from starlette.routing import Route

from he_sync.web.console.forms import posts
from he_sync.web.console.mapping import canvas, changes, field, listing, text, versions

ROUTES = [
    Route("/mappings", listing.listing, methods=["GET"]),
    Route("/mappings", posts(listing.begin), methods=["POST"]),
    Route("/mappings/{name}", canvas.canvas, methods=["GET"]),
    Route("/mappings/{name}", posts(canvas.decide), methods=["POST"]),
    Route("/mappings/{name}/changes", changes.changes, methods=["GET"]),
    Route("/mappings/{name}/changes", posts(changes.decide), methods=["POST"]),
    Route("/mappings/{name}/versions", versions.versions, methods=["GET"]),
    Route("/mappings/{name}/versions", posts(versions.restore), methods=["POST"]),
    Route("/mappings/{name}/yaml", text.text_page, methods=["GET"]),
    Route("/mappings/{name}/yaml", posts(text.write), methods=["POST"]),
    Route("/mappings/{name}/tests", text.tests, methods=["GET"]),
    Route("/mappings/{name}/tests", posts(text.add_test), methods=["POST"]),
    Route("/mappings/{name}/fields/{target}", field.field, methods=["GET"]),
    Route("/mappings/{name}/fields/{target}", posts(field.change), methods=["POST"]),
]
