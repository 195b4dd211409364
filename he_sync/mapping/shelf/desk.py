"""The desk: each person's draft of a mapping, the change that waits for approval, decisions on suggestions.

Flows lie on a desk of their own with their own craft (flows/design/craft.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from he_sync.mapping.shelf.files import alone, data_of, digest, put_data
from he_sync.mapping.shelf.versions import Deed, Shelf
from he_sync.mapping.spec.comparing import Difference, differences, rebased
from he_sync.mapping.spec.compiled import engine
from he_sync.mapping.spec.editing import with_value
from he_sync.mapping.spec.model import WrongMapping
from he_sync.mapping.spec.trying import broken
from he_sync.mapping.suggest.memory import Memory, read_memory, write_memory
from he_sync.model.errors import FixInput, NotAllowed, Refused


class Stale(Refused):
    """Somebody changed it meanwhile. `theirs` is what they changed."""

    def __init__(self, message: str, theirs: list[Difference]) -> None:
        super().__init__(message)
        self.theirs = theirs


@dataclass(frozen=True)
class Draft:
    """A person's text, and the live text that it began from."""

    text: str
    base: str

    @property
    def mark(self) -> str:
        """What a page that shows it carries: an edit of an older page is refused."""
        return digest(self.text)[:16]

    @property
    def changed(self) -> bool:
        """Whether it says anything new."""
        return self.text != self.base


@dataclass(frozen=True)
class Proposal:
    """A change that waits: its text, the live text it is for, who asks, when and why."""

    text: str
    base: str
    by: str
    at: str
    note: str

    @property
    def mark(self) -> str:
        """Names the very text that a person approves."""
        return digest(self.text)[:16]


@dataclass(frozen=True)
class Craft:
    """What is done with texts of one sort.

    Attributes:
        differences: what differs between two texts, part by part.
        rebased: my changes (base, mine) on their text, and those of which theirs stays.
        numbered: a text with another version.
        sound: raises FixInput for a text that may not be live under this name.
    """

    differences: Callable[[str, str], list[Difference]]
    rebased: Callable[[str, str, str], tuple[str, list[Difference]]]
    numbered: Callable[[str, int], str]
    sound: Callable[[str, str], None]


def sound(name: str, text: str) -> None:
    """Raises WrongMapping where a text does not load, is of another mapping, or one of its tests fails."""
    made = engine(text, name)
    if made.mapping.name != name:
        raise FixInput(f"the file is of the mapping {made.mapping.name}, its folder is {name}; they must agree")
    if wrong := broken(made):
        raise WrongMapping(name, wrong)


MAPPING = Craft(differences, rebased, lambda text, number: with_value(text, "version", number), sound)


@dataclass(frozen=True)
class Desk:
    """Drafts and proposals of an installation, in a folder of their own: they are in no repository."""

    folder: Path
    shelf: Shelf
    craft: Craft = MAPPING

    # drafts

    def draft(self, name: str, who: str) -> Draft:
        """A person's draft; the live text where there is none, or where it holds nothing new and the live moved on."""
        live, kept = self.shelf.live(name), data_of(self._draft(name, who))
        if not kept or (kept["text"] == kept["base"] != live):
            return Draft(live, live)
        return Draft(**kept)

    def edit(self, name: str, who: str, mark: str, change: Callable[[str], str]) -> Draft:
        """Change a draft that a page showed. Raises Stale where the page is an older one."""
        with alone(self._of(name)):
            old = self.draft(name, who)
            if mark and mark != old.mark:
                raise Stale("this page is older than your draft; it was changed in another window", [])
            made = replace(old, text=change(old.text))
            put_data(self._draft(name, who), asdict(made))
            return made

    def begin(self, name: str, who: str, text: str) -> None:
        """Another text as the draft, such as an older version that is to come back."""
        with alone(self._of(name)):
            put_data(self._draft(name, who), asdict(Draft(text, self.shelf.live(name))))

    def drop(self, name: str, who: str) -> None:
        """Forget a draft."""
        self._draft(name, who).unlink(missing_ok=True)

    def catch_up(self, name: str, who: str) -> list[Difference]:
        """Put a draft's changes onto the live text of now; gives those of which the live text stays."""
        with alone(self._of(name)):
            old, live = self.draft(name, who), self.shelf.live(name)
            text, clashes = self.craft.rebased(old.base, old.text, live)
            put_data(self._draft(name, who), asdict(Draft(text, live)))
            return clashes

    # changes

    def proposal(self, name: str) -> Proposal | None:
        """The change that waits, if any."""
        kept = data_of(self._proposal(name))
        return Proposal(**kept) if kept else None

    def waiting(self) -> list[tuple[str, Proposal]]:
        """Every change that waits, by mapping."""
        names = sorted(path.parent.name for path in self.folder.glob("*/proposal.json"))
        return [(name, one) for name in names if (one := self.proposal(name))]

    def propose(self, name: str, deed: Deed, mark: str) -> Proposal:
        """Let a draft wait for approval, as the next version.

        Raises FixInput for one that is not sound (of a mapping WrongMapping, its tests too), Stale where the live text
        moved on or somebody else's change waits.
        """
        with alone(self._of(name)):
            mine, live, waits = self.draft(name, deed.by), self.shelf.live(name), self.proposal(name)
            if mark and mark != mine.mark:
                raise Stale("this page is older than your draft; it was changed in another window", [])
            if not mine.changed:
                raise FixInput("the draft says nothing new")
            self._not_stale(mine.base, live)
            if waits and waits.by != deed.by:
                raise Stale(
                    f"a change by {waits.by} waits for approval; approve or withdraw it first",
                    self.craft.differences(live, waits.text),
                )
            text = self.craft.numbered(mine.text, self.shelf.sort.number(live) + 1)
            self.craft.sound(name, text)
            made = Proposal(text, live, deed.by, deed.at, deed.note)
            put_data(self._proposal(name), asdict(made))
            put_data(self._draft(name, deed.by), asdict(Draft(text, live)))
            return made

    def approve(self, name: str, who: str, at: str, mark: str, *, another: bool = False) -> Proposal:
        """Make the change live. With `another` the one who asked may not, however the name is written.

        Raises NotAllowed for that person, Stale where it is not the change that was shown or the live text moved on.
        """
        with alone(self._of(name)):
            one = self.proposal(name)
            if one is None or one.mark != mark:
                raise Stale("this change was replaced or decided meanwhile; look again", [])
            if another and same_person(one.by, who):
                raise NotAllowed(f"{name}: {who} asked for this change; another person approves")
            self._not_stale(one.base, self.shelf.live(name))
            self.craft.sound(name, one.text)
            self.shelf.keep(name, one.text, Deed(one.by, who, at, one.note))
            self._proposal(name).unlink()
            self.drop(name, one.by)
            return one

    def withdraw(self, name: str) -> None:
        """Take a waiting change back; its draft stays."""
        with alone(self._of(name)):
            self._proposal(name).unlink(missing_ok=True)

    def _not_stale(self, base: str, live: str) -> None:
        if base != live:
            theirs = self.craft.differences(base, live)
            named = ", ".join(one.key for one in theirs) or "its wording"
            raise Stale(f"the live {self.shelf.sort.word} was changed meanwhile: {named}", theirs)

    # suggestions

    def memory(self, name: str) -> Memory:
        """What was decided on suggestions for a mapping."""
        return read_memory(self._of(name) / "memory.json")

    def decide(self, name: str, accepted: list[tuple[str, str | None]], rejected: list[tuple[str, str]]) -> None:
        """Remember decisions: what was rejected does not come again."""
        with alone(self._of(name)):
            write_memory(self._of(name) / "memory.json", self.memory(name).with_decisions(accepted, rejected))

    def _of(self, name: str) -> Path:
        self.shelf.path(name)
        return self.folder / name

    def _draft(self, name: str, who: str) -> Path:
        return self._of(name) / f"draft.{re.sub(r'[^A-Za-z0-9_-]', '_', who)}.{digest(who)[:8]}.json"

    def _proposal(self, name: str) -> Path:
        return self._of(name) / "proposal.json"


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's, however they are written."""
    return one.strip().casefold() == other.strip().casefold()
