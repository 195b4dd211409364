"""Evidence packs: asked for by dates and stores, written meanwhile, given out file by file as they were written."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from he_sync.flows.back_fill.kept import ask
from he_sync.model.errors import FixInput, Refused
from he_sync.reconcile.evidence.manifest import MANIFEST, read_manifest, wrong
from he_sync.web.console.asked_packs import NAME, Wanted, folder_of, wanted
from he_sync.web.console.forms import Form, day_asked, posts
from he_sync.web.console.place import Place, place_of
from he_sync.web.console.render import done, page
from he_sync.web.console.work import start

LOOKS_AGAIN = 2
KINDS = {"pdf": "application/pdf", "csv": "text/csv; charset=utf-8", "json": "application/json"}
OTHER = "application/octet-stream"


def listing(request: Request) -> Response:
    """GET /packs: the form, and those that are there."""
    place = place_of(request)
    names = [path.stem for path in (place.home / "packs").glob("*.asked") if NAME.fullmatch(path.stem)]
    rows = sorted((wanted(place.home, name) for name in names), key=lambda one: one.at, reverse=True)
    ready = {one.name for one in rows if (folder_of(place.home, one.name) / MANIFEST).is_file()}
    stores = [store.code for store in place.retailer().stores]
    return page(request, "packs", "Evidence", rows=rows, ready=ready, stores=stores, day=day_asked(request))


def asked(request: Request, form: Form) -> Response:
    """POST /packs: write one, or write it anew; what is there stays until the new one is whole."""
    place, codes = place_of(request), {store.code for store in place_of(request).retailer().stores}
    stores = () if form.one("all") else tuple(sorted(set(form.many("store"))))
    if unknown := set(stores) - codes:
        raise FixInput(f"the profile names no store {min(unknown)[:40]}")
    if not stores and not form.one("all"):
        raise FixInput("tick the stores, or all of them")
    dates = ask(form.one("first"), form.one("last") or form.one("first"), stores, "day", place.who)
    one = Wanted(dates.first, dates.last, stores, place.who, datetime.now(UTC).isoformat())
    _begin(place, one)
    return done(f"/packs/{one.name}", "The pack is being written.")


def _begin(place: Place, one: Wanted) -> None:
    folder = folder_of(place.home, one.name)
    folder.parent.mkdir(exist_ok=True)
    folder.with_suffix(".failed").unlink(missing_ok=True)
    folder.with_suffix(".asked").write_text(json.dumps(asdict(one)), encoding="utf-8")
    start(place, "pack", one.name)


def one(request: Request) -> Response:
    """GET /packs/NAME: its files, whether they are as they were written, and how to ask the books about them."""
    place, name = place_of(request), request.path_params["name"]
    told, folder = wanted(place.home, name), folder_of(place.home, name)
    failed = folder.with_suffix(".failed")
    line = failed.read_text(encoding="utf-8") if failed.is_file() else ""
    found = _found(folder)
    answer = page(request, "pack", _title(told), pack=name, asked=told, line=line, **found)
    fresh = found["written"] is not None and found["written"] >= told.at[:19]
    if not (line or fresh or request.query_params.get("still")):
        answer.headers["refresh"] = str(LOOKS_AGAIN)
    return answer


def _title(told: Wanted) -> str:
    return f"Evidence of {told.first}" + (f" to {told.last}" if told.last != told.first else "")


def _found(folder: Path) -> dict[str, Any]:
    if not (folder / MANIFEST).is_file():
        return {"files": {}, "digest": "", "bad": [], "written": None}
    manifest, digest = read_manifest(folder)
    written = datetime.fromtimestamp((folder / MANIFEST).stat().st_mtime, UTC).isoformat()
    read_first = sorted(manifest["files"].items(), key=lambda each: (not each[0].startswith("close."), each[0]))
    return {"files": dict(read_first), "digest": digest, "bad": list(wrong(folder, manifest)), "written": written}


def file(request: Request) -> Response:
    """GET /packs/NAME/FILE: a file of the manifest, or itself, as a download. Raises Refused for a changed one."""
    name, asked_for = request.path_params["name"], request.path_params["file"]
    folder = folder_of(place_of(request).home, name)
    manifest, _ = read_manifest(folder)
    if asked_for not in {*manifest["files"], MANIFEST}:
        raise FixInput(f"{name} has no file {asked_for[:40]!r}")
    if bad := [line for line in wrong(folder, manifest) if line.startswith(f"{asked_for} ")]:
        raise Refused(bad[0])
    kind = KINDS.get(asked_for.rpartition(".")[2], OTHER)
    heads = {"content-disposition": f'attachment; filename="{name}_{asked_for}"'}
    return Response((folder / asked_for).read_bytes(), media_type=kind, headers=heads)


ROUTES = [
    Route("/packs", listing, methods=["GET"]),
    Route("/packs", posts(asked), methods=["POST"]),
    Route("/packs/{name}", one, methods=["GET"]),
    Route("/packs/{name}/{file}", file, methods=["GET"]),
]
