"""From what should stand to what to do: post, nothing, or reverse and post anew; nothing is edited, nothing deleted.

A journal's key is its name and version. A correction is the reversal of version n and the posting of version n + 1,
linked to each other, so that both trails stay (reference accounting 4.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from he_sync.model.errors import BrokenPromise
from he_sync.reconcile.journals.entry import Entry


@dataclass(frozen=True)
class Posted:
    """A journal as the ledger has it; `undone_by` is the key of its reversal, "" while it stands."""

    entry: Entry
    version: int
    erp_number: str
    undone_by: str = ""


@dataclass(frozen=True)
class Step:
    """One journal to post. `undoes` and `replaces` are keys of what stands already."""

    what: Literal["post", "reverse"]
    entry: Entry
    version: int
    undoes: str = ""
    replaces: str = ""

    @property
    def key(self) -> str:
        """Under which it is looked up before it is posted; the same facts give the same key, for ever."""
        return key(self.entry, self.version) + ("|reversal" if self.what == "reverse" else "")


def key(entry: Entry, version: int) -> str:
    """`company|unit|date|kind[|part]|v3`."""
    return f"{entry.name}|v{version}"


def correct(wanted: Entry | None, history: Sequence[Posted]) -> tuple[Step, ...]:
    """Steps that make the ledger say `wanted` (None: nothing) of a name with this history, oldest version first.

    Raises BrokenPromise where two versions stand at once or one was skipped: somebody posted past us, a person looks.
    """
    _sound(history)
    stands = next((one for one in history if not one.undone_by), None)
    if stands and wanted and stands.entry.content == wanted.content:
        return ()
    version = history[-1].version + 1 if history else 1
    steps = []
    if stands:
        steps.append(Step("reverse", stands.entry.reversed(), stands.version, undoes=key(stands.entry, stands.version)))
    if wanted:
        replaces = key(history[-1].entry, history[-1].version) if history else ""
        steps.append(Step("post", wanted, version, replaces=replaces))
    return tuple(steps)


def _sound(history: Sequence[Posted]) -> None:
    if len({one.entry.name for one in history}) > 1:
        raise BrokenPromise(f"versions of {history[0].entry.name} and of another journal came together")
    if [one.version for one in history] != list(range(1, len(history) + 1)):
        raise BrokenPromise(f"{history[0].entry.name}: versions {[one.version for one in history]} leave a gap")
    if sum(not one.undone_by for one in history) > 1:
        raise BrokenPromise(f"{history[0].entry.name}: two versions stand at once; reverse one by hand, see the ledger")


def propose(wanted: Iterable[Entry], posted: Mapping[str, Sequence[Posted]]) -> Iterator[Step]:
    """Steps over all names, in their order: what is wanted and what stands without a reason any more."""
    by_name = {entry.name: entry for entry in wanted}
    for name in sorted(by_name.keys() | posted.keys()):
        yield from correct(by_name.get(name), posted.get(name, ()))
