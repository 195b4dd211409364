"""The review desk in a terminal: two records side by side with the reasons, one key a decision."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from he_sync.model.errors import FixInput
from he_sync.model.survivorship import FIELDS, Source
from he_sync.store import master
from he_sync.store.database import Store
from he_sync.store.master import Deed, Pair

KEYS = "[y] one customer  [n] two customers  [s] skip  [w] write the reason  [q] quit"
ENDS = ("q", "\x03", "\x04", "")
Ask = Callable[[], str]


@dataclass
class Tally:
    """What was done at the desk."""

    same: int = 0
    apart: int = 0
    skipped: int = 0
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """For people."""
        return f"{self.same} one customer, {self.apart} two customers, {self.skipped} skipped"


@dataclass(frozen=True)
class Desk:
    """Where it is shown, and where keys and lines come from."""

    console: Console
    key: Ask
    line: Ask


def sit(store: Store, desk: Desk, deed: Deed, limit: int | None = None) -> Tally:
    """Show pair after pair until none is left, `limit` were seen, or a person quits. Each decision is kept at once."""
    tally = Tally()
    waiting = master.waiting(store, limit)
    for place, pair in enumerate(waiting, 1):
        desk.console.print(view(store, pair, f"{place} of {len(waiting)}"))
        key, deed = _asked(desk, deed)
        if key in ENDS:
            break
        if key == "s":
            master.skip(store, pair)
            tally.skipped += 1
            continue
        _decide(store, pair, deed, tally, same=key == "y")
        if tally.refused:
            desk.console.print(Text(tally.refused[-1], style="red"))
    return tally


def view(store: Store, pair: Pair, title: str) -> Panel:
    """A pair side by side: fields that agree are dim, fields that differ stand out; below, the waterfall."""
    ours, theirs = master.side_by_side(store, pair)
    table = Table(box=None, pad_edge=False)
    for column in ("", str(pair.left), str(pair.right)):
        table.add_column(column)
    for name in FIELDS:
        if ours.fields.get(name) or theirs.fields.get(name):
            table.add_row(Text(name, style="bold"), *_both(name, ours, theirs))
    table.add_row("dated", ours.dated, theirs.dated)
    score = f"score {pair.score_millionths / 10_000:.1f} %"
    return Panel(Group(table, waterfall(pair.reasons), Text(KEYS, style="dim")), title=f"{title}, {score}")


def waterfall(reasons: str) -> Table:
    """The reasons as bars, strongest first: to the right for the same customer, to the left against it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for part in reasons.split("; "):
        words, _, weight = part.partition(", against")[0].rpartition(" ")
        against = part.partition(", against")[2]
        try:
            size = float(weight)
        except ValueError:
            table.add_row("", Text(part), "")
            continue
        bar = "#" * min(20, max(1, round(abs(size) * 4)))
        said = f"{words} (against {against.strip()})" if against else words
        table.add_row(
            Text(weight, style="green" if size > 0 else "red"), Text(said), Text(bar if size > 0 else f"-{bar}")
        )
    return table


@contextmanager
def terminal(console: Console) -> Iterator[Desk]:
    """Keys as they are pressed. Raises FixInput where nobody sits at a terminal."""
    if not sys.stdin.isatty():
        raise FixInput("the review desk needs a terminal; `he-sync match reviews decide` takes one decision at a time")
    import termios  # noqa: PLC0415 - not on Windows, where the other verbs must work
    import tty  # noqa: PLC0415 - same

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    tty.setcbreak(handle, termios.TCSADRAIN)
    try:
        yield Desk(console, lambda: os.read(handle, 1).decode(errors="replace"), lambda: _line(handle, console))
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def _line(handle: int, console: Console) -> str:
    """A line in the same mode as the keys: a change of mode would swallow what was typed ahead."""
    console.print("why: ", end="")
    typed = bytearray()
    while (byte := os.read(handle, 1)) not in (b"\n", b"\r", b""):
        if byte in (b"\x7f", b"\x08"):
            del typed[-1:]
        else:
            typed += byte
        console.out(byte.decode(errors="ignore"), end="")
    console.print()
    return typed.decode(errors="replace").strip()


def _asked(desk: Desk, deed: Deed) -> tuple[str, Deed]:
    """The next key that means something, and the reason as it was last written."""
    while True:
        key = desk.key().lower()
        if key in ("y", "n", "s", *ENDS):
            return key, deed
        if key == "w":
            said = desk.line()
            deed = Deed(deed.who, said) if said else deed


def _decide(store: Store, pair: Pair, deed: Deed, tally: Tally, *, same: bool) -> None:
    """A decision that contradicts an earlier one is refused with its reason, and the pair waits behind the others."""
    try:
        master.decide(store, pair.left, pair.right, deed, same=same)
    except FixInput as error:
        tally.refused.append(str(error))
        master.skip(store, pair)
        return
    tally.same += same
    tally.apart += not same


def _both(name: str, ours: Source, theirs: Source) -> tuple[Text, Text]:
    one, other = ours.fields.get(name, ""), theirs.fields.get(name, "")
    style = "dim" if one.casefold() == other.casefold() else "yellow"
    return Text(one, style=style), Text(other, style=style)
