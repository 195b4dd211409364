"""What mappings and flows share: a room with shelf and desk, and the way of a change from draft to live and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import Response

from he_sync.mapping.shelf.desk import Desk, Draft, Stale
from he_sync.mapping.shelf.versions import MAPPINGS, Deed, Shelf, Sort, shelf
from he_sync.model.errors import FixInput
from he_sync.store import audit
from he_sync.web.console.forms import LONGEST_REASON, Form
from he_sync.web.console.place import Place
from he_sync.web.console.render import done, page

SHELVES = 32


@dataclass(frozen=True)
class Room:
    """Texts of one sort of an installation, for the person who looks. `base` is their address."""

    base: ClassVar[str]
    macros: ClassVar[str]
    """The template that has the tabs of one of them."""

    place: Place
    shelf: Shelf
    desk: Desk
    another: bool = False
    """Whether people have names here, so that another approves than who asks."""

    @property
    def who(self) -> str:
        """The person."""
        return self.place.who

    @property
    def word(self) -> str:
        """What one of them is called."""
        return self.shelf.sort.word

    def draft(self, name: str) -> Draft:
        """The person's draft. Raises FixInput where there is none of that name."""
        one = self.desk.draft(name, self.who)
        if not one.text:
            raise FixInput(f"there is no {self.word} {name[:40]!r}")
        return one

    def deed(self, note: str) -> Deed:
        """Of the person, now."""
        return Deed(self.who, "", self.place.now().isoformat(timespec="seconds"), note[:LONGEST_REASON])

    def audited(self, action: str, name: str, detail: dict[str, str]) -> None:
        """Keep in the audit what was decided."""
        with self.place.store.begin() as connection:
            audit.record(connection, self.who, f"{self.word}.{action}", f"{self.word} {name}", detail)

    def common(self, name: str) -> dict[str, Any]:
        """What the templates of a draft's pages are filled with."""
        return {"which": name, "base": self.base, "macros": self.macros}


@lru_cache(SHELVES)
def shelf_of(folder: Path, sort: Sort = MAPPINGS) -> Shelf:
    """The shelf of a folder; whether git keeps it is asked once."""
    return shelf(folder, sort)


def named(request: Request) -> str:
    """The mapping or flow of an address."""
    return str(request.path_params["name"])


def raw(form: Form, field: str) -> str:
    """A field as it was typed, spaces too; a browser sends the ends of lines as CR LF."""
    return form.fields.get(field, [""])[0].replace("\r\n", "\n")


def decide_draft(room: Room, name: str, what: str, back: str) -> Response | None:
    """Drop one's draft, or put it on top of the live text of now; None for any other word."""
    if what == "drop":
        room.desk.drop(name, room.who)
        return done(f"{room.base}/{name}" if room.shelf.live(name) else room.base, "your draft is gone")
    if what == "catch_up":
        clashes = room.desk.catch_up(name, room.who)
        left = f"; of {', '.join(one.key for one in clashes)} theirs stays" if clashes else ""
        return done(back, f"your changes are on top of the live version now{left}")
    return None


def write_text(request: Request, form: Form, room: Room, wrong: Callable[[str], int]) -> Response:
    """POST .../yaml: the text as it was typed; ends of lines stay as the file has them."""
    name, text = named(request), raw(form, "text")
    ends = "\r\n" if "\r\n" in room.draft(name).text else "\n"
    draft = room.desk.edit(name, room.who, form.one("mark"), lambda _: text.replace("\n", ends))
    left = wrong(draft.text)
    return done(
        f"{room.base}/{name}/yaml", f"kept in your draft, with {left} things to mend" if left else "kept in your draft"
    )


# changes


def decide_change(request: Request, form: Form, room: Room) -> Response:
    """POST .../changes: `do` is ask, approve or withdraw."""
    name, what = named(request), form.one("do")
    acts: dict[str, Callable[[Room, str, Form], str]] = {"ask": _ask, "approve": _approve, "withdraw": _withdraw}
    if what not in acts:
        raise FixInput(f"choose {', '.join(acts)}")
    try:
        return done(f"{room.base}/{name}", acts[what](room, name, form))
    except Stale as error:
        values = {**room.common(name), "line": str(error), "theirs": error.theirs}
        return page(request, "draft_stale", "Somebody was there meanwhile", 409, **values)


def _ask(room: Room, name: str, form: Form) -> str:
    made = room.desk.propose(name, room.deed(form.reason()), form.one("mark"))
    room.audited("asked", name, {"text": made.mark, "note": made.note})
    return "your change waits for approval; what runs is as it was"


def _approve(room: Room, name: str, form: Form) -> str:
    one = room.desk.approve(name, room.who, room.deed("").at, form.one("mark"), another=room.another)
    room.audited("approved", name, {"text": one.mark, "asked_by": one.by, "note": one.note})
    newest = room.shelf.versions(name)[0]
    return f"version {newest.number} of {name} is live"


def _withdraw(room: Room, name: str, form: Form) -> str:
    note = form.reason()
    room.desk.withdraw(name)
    room.audited("withdrawn", name, {"note": note})
    return "the change is withdrawn; its draft stays"


# versions


def versions_page(request: Request, room: Room) -> Response:
    """GET .../versions?key=: who asked, who approved, and what one of them says otherwise than the live text."""
    name, key = named(request), request.query_params.get("key", "")
    rows = room.shelf.versions(name)
    diff = room.desk.craft.differences(room.shelf.text(name, key), room.shelf.live(name)) if key else []
    chosen = next((one for one in rows if one.key == key), None)
    values = {**room.common(name), "rows": rows, "chosen": chosen, "diff": diff}
    return page(request, "draft_versions", f"Versions of {name}", **values)


def restore(request: Request, form: Form, room: Room) -> Response:
    """POST .../versions: an older text becomes the draft; it goes live the way of every change."""
    name, key = named(request), form.one("key")
    if not key:
        raise FixInput("choose a version")
    room.desk.begin(name, room.who, room.shelf.text(name, key))
    return done(f"{room.base}/{name}/changes", "that version is your draft now; ask for approval to bring it back")
