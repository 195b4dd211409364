"""The flows that may run now: each file as it is, and of one that is wrong the version before it (reference F100).

What runs is never stopped by an edit. A file that is wrong keeps its last good version; a new one that never was right
is left out; files that are right alone and wrong together keep what they were. Only an installation that never had a
good set, or whose files are gone, cannot begin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from he_sync.flows import registry, spec
from he_sync.flows.folder import flows_folder
from he_sync.flows.spec import Flow
from he_sync.model.errors import FixInput
from he_sync.store import good_flows
from he_sync.store.database import Store
from he_sync.store.good_flows import Good

Mark = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Broken:
    """A file that is not used as it is: `why` with file, line and rule, `instead` what goes on in its place.

    `flow` is the name of the flow that goes on, "" for none.
    """

    file: str
    why: str
    instead: str
    flow: str = ""

    @property
    def text(self) -> str:
        """One text for people."""
        return f"{self.why}; {self.instead}; mend the file, `he-sync flows check` says when it is right"


@dataclass(frozen=True)
class Usable:
    """Flows to run with, in the order of their files, and what is wrong with the files."""

    flows: tuple[Flow, ...]
    broken: tuple[Broken, ...] = ()


@dataclass(frozen=True)
class _File:
    """A flow file as it is: its text and flow, or why it has none; and the last version of it that was right."""

    path: Path
    text: str
    flow: Flow | None
    why: str
    good: Good | None

    @property
    def name(self) -> str:
        return self.path.parent.name

    def doubted(self, why: str) -> _File:
        """The file as one that is wrong, where it was edited since it was right."""
        edited = self.good is None or good_flows.digest_of(self.text) != self.good.digest
        return replace(self, flow=None, why=self.why or why) if edited else self

    def used(self) -> tuple[str, Flow] | None:
        """Text and flow to run with; None where there is none, or this he-sync does not know the older one's steps."""
        if self.flow:
            return self.text, self.flow
        try:
            return (self.good.text, registry.known(self.good.text, self.path)) if self.good else None
        except FixInput:
            return None


def usable(store: Store, folder: Path | None = None, *, keep: bool = True) -> Usable:
    """The flows to run with now; their files are kept as the good set unless the caller only looks.

    Raises FixInput with a line for each problem where there is nothing to go on with.
    """
    kept, folder = good_flows.listing(store), folder or flows_folder()
    files = [_read(path, kept) for path in registry.files(folder)]
    if odd := _odd(files, folder):
        files = [file.doubted(odd) for file in files]
    lost = [file for file in files if file.why and not file.used() and (file.good or not kept)]
    if lost or _odd(files, folder):
        raise FixInput("\n".join(dict.fromkeys(file.why for file in files if file.why)))
    used = {file.name: found for file in files if (found := file.used())}
    texts = {name: text for name, (text, _) in used.items()}
    if keep and texts != {name: good.text for name, good in kept.items()}:
        good_flows.keep(store, texts)
    broken = tuple(_broken(file, used.get(file.name)) for file in files if file.why)
    return Usable(tuple(flow for _, flow in used.values()), broken)


def _odd(files: Sequence[_File], folder: Path) -> str:
    """What is wrong with the flows to be used only beside each other."""
    flows = [found[1] for file in files if (found := file.used())]
    return "\n".join(f"{folder}: {line}" for line in registry.at_odds(flows))


def _read(path: Path, kept: Mapping[str, Good]) -> _File:
    text, good = "", kept.get(path.parent.name)
    try:
        text = spec.read(path)
        return _File(path, text, registry.known(text, path), "", good)
    except FixInput as error:
        return _File(path, text, None, str(error), good)


def _broken(file: _File, used: tuple[str, Flow] | None) -> Broken:
    if used is None or file.good is None:
        return Broken(file.name, file.why, "it was never right and is left out")
    instead = f"version {used[1].version} of {file.good.since:%Y-%m-%d %H:%M} ({file.good.digest[:10]}) goes on"
    return Broken(file.name, file.why, instead, used[1].name)


@dataclass
class Watched:
    """Flow files under watch, for a process that runs for long.

    `told` hears of each file that is wrong, once for each look at files that changed.
    """

    store: Store
    told: Callable[[Broken], None]
    folder: Path = field(default_factory=flows_folder)
    flows: tuple[Flow, ...] = ()
    mark: Mark = ()

    def __post_init__(self) -> None:
        self.mark = _mark(self.folder)
        self.flows = self._look()

    def __call__(self) -> tuple[Flow, ...]:
        """The flows to run with from now on: as before while no file changed, or where nothing of the new is usable."""
        if (mark := _mark(self.folder)) != self.mark:
            try:
                self.flows = self._look()
            except FixInput as error:
                self.told(Broken(self.folder.name, str(error), "the flows go on as they were"))
            self.mark = mark
        return self.flows

    def _look(self) -> tuple[Flow, ...]:
        found = usable(self.store, self.folder)
        for one in found.broken:
            self.told(one)
        return found.flows


def _mark(folder: Path) -> Mark:
    """What changes when a file is edited, added or taken away; asking costs 0.1 ms."""
    found = []
    for path in sorted(folder.glob("*/defs.yaml")):
        with suppress(OSError):
            state = path.stat()
            found.append((str(path), state.st_mtime_ns, state.st_size))
    return tuple(found)
