"""What the pages of mappings work with: shelf, desk, recorded documents, and texts looked at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request

from he_sync.flows.mapped.recorded import MOST, Recorded, recorded, samples
from he_sync.mapping.shelf.desk import Desk, Draft
from he_sync.mapping.shelf.versions import Deed, Shelf, shelf
from he_sync.mapping.spec.compiled import Engine, usable
from he_sync.mapping.spec.model import Complaint, WrongMapping
from he_sync.model.errors import FixInput
from he_sync.settings import variable
from he_sync.store import audit
from he_sync.web.console.forms import LONGEST_REASON, Form
from he_sync.web.console.place import Place, place_of
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
class Room:
    """Mappings of an installation, for the person who looks."""

    place: Place
    shelf: Shelf
    desk: Desk
    another: bool = False
    """Whether people have names here, so that another approves than who asks."""

    @property
    def who(self) -> str:
        """The person."""
        return self.place.who

    def draft(self, name: str) -> Draft:
        """The person's draft. Raises FixInput where there is no such mapping."""
        one = self.desk.draft(name, self.who)
        if not one.text:
            raise FixInput(f"there is no mapping {name[:40]!r}")
        return one

    def documents(self, name: str, record: str, most: int = MOST) -> list[Recorded]:
        """What is recorded of a kind of record, newest first; else the samples beside the mapping."""
        return recorded(self.place.look, record, most) or samples(self.shelf.path(name).parent)[:most]

    def deed(self, note: str) -> Deed:
        """Of the person, now."""
        return Deed(self.who, "", self.place.now().isoformat(timespec="seconds"), note[:LONGEST_REASON])

    def audited(self, action: str, name: str, detail: dict[str, str]) -> None:
        """Keep in the audit what was decided about a mapping."""
        with self.place.store.begin() as connection:
            audit.record(connection, self.who, action, f"mapping {name}", detail)


def room_of(request: Request) -> Room:
    """The room that a request is about. HE_MAPPINGS names the shelf's folder; else it is in the home folder."""
    place = place_of(request)
    ours = _shelf(Path(variable("HE_MAPPINGS", place.environ, str(place.home / "mappings"))))
    return Room(place, ours, Desk(place.home / "mapping-desk", ours), bool(request.app.state.users.known()))


@lru_cache(LOOKED_AT)
def _shelf(folder: Path) -> Shelf:
    return shelf(folder)


def named(request: Request) -> str:
    """The mapping of an address."""
    return str(request.path_params["name"])


def raw(form: Form, field: str) -> str:
    """A field as it was typed, spaces too; a browser sends the ends of lines as CR LF."""
    return form.fields.get(field, [""])[0].replace("\r\n", "\n")


def record_of(documents: Sequence[Recorded], asked: str) -> Recorded | None:
    """The document that an address names, else the newest."""
    return next((one for one in documents if one.entity == asked), documents[0] if documents else None)


__all__ = ["Looked", "Room", "done", "looked", "named", "raw", "record_of", "room_of"]
