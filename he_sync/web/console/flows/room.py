"""What the pages of flows work with: shelf, desk, and how each flow stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from starlette.requests import Request

from he_sync.flows import last_good
from he_sync.flows.design.craft import FLOWS, craft
from he_sync.mapping.shelf.desk import Desk
from he_sync.model.errors import FixInput
from he_sync.settings import variable
from he_sync.web.console import drafts
from he_sync.web.console.drafts import shelf_of
from he_sync.web.console.place import place_of

LINGER = "60"
"""Seconds, as assets/drain.py has it where HE_LINGER_SECONDS says nothing."""


@dataclass(frozen=True)
class Room(drafts.Room):
    """Flows of an installation, for the person who looks."""

    base: ClassVar[str] = "/flows"
    macros: ClassVar[str] = "flow_macros.html"

    @property
    def linger(self) -> str:
        """Seconds that an idle drain waits for the next event, of whichever flow."""
        return variable("HE_LINGER_SECONDS", self.place.environ, LINGER)

    def runs(self, name: str) -> bool:
        """Whether the flow's file lies where those lie that run."""
        return (self.shelf.folder / name / FLOWS.file).exists()

    def broken(self) -> Mapping[str, str]:
        """By name: what is wrong with a live file, and what goes on in its place."""
        try:
            found = last_good.usable(self.place.look, self.shelf.folder, keep=False).broken
        except FixInput as error:
            return {name: str(error) for name in self.shelf.names() if f"/{name}/" in str(error)}
        return {one.file: one.text for one in found}

    def stands(self, name: str, broken: Mapping[str, str]) -> str:
        """How a flow stands: runs, switched off, wrong (what goes on is said beside), new."""
        if not self.shelf.live(name):
            return "new"
        return "wrong" if name in broken else "runs" if self.runs(name) else "switched off"


def room_of(request: Request) -> Room:
    """The room that a request is about."""
    place = place_of(request)
    desk = Desk(place.home / "flow-desk", shelf_of(place.flows, FLOWS), craft(place.flows))
    return Room(place, desk.shelf, desk, bool(request.app.state.users.known()))
