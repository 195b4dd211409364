"""The published pages of a close's expectations, as the night left them below the home folder."""

from __future__ import annotations

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from he_sync.flows.books.expectations import FOLDER
from he_sync.flows.books.ground import date_of
from he_sync.model.errors import FixInput
from he_sync.web.console.place import place_of

SERVED = {".html": "text/html", ".css": "text/css", ".json": "application/json"}


def pages_of(home: Path, day: str) -> Path | None:
    """Where the pages of a date begin, or None while it has none."""
    index = home / FOLDER / day / "index.html"
    return index if index.is_file() else None


def expectations(request: Request) -> Response:
    """GET /close/DATE/expectations/PATH: a file of the date's pages and no other."""
    day, home = date_of(request.path_params["day"]), place_of(request).home
    if pages_of(home, day) is None:
        raise FixInput(f"{day} was not held against its expectations yet; run he-sync close docs {day}")
    root = (home / FOLDER / day).resolve()
    path = (root / (request.path_params["path"] or "index.html")).resolve()
    if root not in path.parents or path.suffix not in SERVED or not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=SERVED[path.suffix])


ROUTES = [Route("/close/{day}/expectations/{path:path}", expectations)]
