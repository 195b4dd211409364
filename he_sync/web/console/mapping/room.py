"""What the pages of mappings work with: shelf, desk, recorded documents, and texts looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from starlette.requests import Request

from he_sync.flows.mapped.recorded import MOST, Recorded, recorded, samples
from he_sync.mapping.shelf.desk import Desk
from he_sync.mapping.spec.compiled import Engine, usable
from he_sync.mapping.spec.model import Complaint, WrongMapping
from he_sync.settings import variable
from he_sync.web.console import drafts
from he_sync.web.console.drafts import named, raw, shelf_of
from he_sync.web.console.place import place_of
from he_sync.web.console.render import done

LOOKED_AT = 32
"""Texts whose engines are kept: a page and the one behind it see the same text."""


@dataclass(frozen=True)
class Looked:
    """A text, compiled as far as it can be; `engine` is None where it is no YAML at all."""

    engine: Engine | None
    wrong: tuple[Complaint, ...]

    def at(self, key: str) -> list[str]:
        """What is wrong with a key and what is below it."""
        return [one.text for one in self.wrong if one.place.key == key or one.place.key.startswith(f"{key}.")]


@lru_cache(LOOKED_AT)
def looked(text: str, name: str) -> Looked:
    """A text, compiled."""
    try:
        engine, wrong = usable(text, name)
    except WrongMapping as error:
        return Looked(None, tuple(error.complaints))
    return Looked(engine, tuple(wrong))


@dataclass(frozen=True)
class Room(drafts.Room):
    """Mappings of an installation, for the person who looks."""

    base: ClassVar[str] = "/mappings"
    macros: ClassVar[str] = "mapping_macros.html"

    def documents(self, name: str, record: str, most: int = MOST) -> list[Recorded]:
        """What is recorded of a kind of record, newest first; else the samples beside the mapping."""
        return recorded(self.place.look, record, most) or samples(self.shelf.path(name).parent)[:most]


def room_of(request: Request) -> Room:
    """The room that a request is about. HE_MAPPINGS names the shelf's folder; else it is in the home folder."""
    place = place_of(request)
    ours = shelf_of(Path(variable("HE_MAPPINGS", place.environ, str(place.home / "mappings"))))
    return Room(place, ours, Desk(place.home / "mapping-desk", ours), bool(request.app.state.users.known()))


def record_of(documents: Sequence[Recorded], asked: str) -> Recorded | None:
    """The document that an address names, else the newest."""
    return next((one for one in documents if one.entity == asked), documents[0] if documents else None)


__all__ = ["Looked", "Room", "done", "looked", "named", "raw", "record_of", "room_of"]
