"""What every page works with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request

from he_sync.flows.folder import flows_folder
from he_sync.model.retailer import Retailer, load_retailer
from he_sync.settings import home_and_profile
from he_sync.store.board import looking
from he_sync.store.database import Store
from he_sync.store.lake import Lake
from he_sync.web.console.sessions import Session


@dataclass(frozen=True)
class Place:
    """An installation and the person who looks at it. `dagster` is the address of its UI, "" where it is not known.

    The application's own names who runs the console; a request's, who signed in.
    """

    store: Store
    environ: Mapping[str, str] = field(repr=False)
    who: str
    dagster: str = ""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    flows: Path = field(default_factory=flows_folder)
    """The folder of the flow files that run."""

    @property
    def look(self) -> Store:
        """The store for pages that only read."""
        return looking(self.store)

    @property
    def home(self) -> Path:
        """The installation's folder."""
        return home_and_profile(self.environ)[0]

    @property
    def lake(self) -> Lake:
        """What was pulled and found."""
        return Lake(self.home / "lake")

    def retailer(self) -> Retailer:
        """The profile as it stands now. Raises FixSettings where there is none."""
        return load_retailer(home_and_profile(self.environ)[1])


def place_of(request: Request) -> Place:
    """The place that a request is about, and who asks; nobody before they signed in."""
    place: Place = request.app.state.place
    session: Session | None = getattr(request.state, "session", None)
    return replace(place, who=session.who if session else "")
