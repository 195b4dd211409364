"""Who calls, for which company and plant, over which state: what every business object and hook gets first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from he_sync.sandbox.http import Call
from he_sync.sandbox.state import State

COMPANY = "EPIC06"
PLANT = "MfgSys"
# Tables whose indexes stand, by state. A rollback takes an index with it, so it empties the set.
INDEXED: WeakKeyDictionary[State, set[str]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Context:
    """One call's surroundings. `call` is None for work that no request started (a posting agent)."""

    state: State
    user: str = "he-sync"
    company: str = COMPANY
    plant: str = PLANT
    call: Call | None = None
    pending: dict[str, Callable[[], None]] = field(default_factory=dict)
    open: list[bool] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)

    def today(self) -> str:
        """The sandbox's date as Kinetic writes dates: midnight without offset."""
        return f"{self.state.now().date().isoformat()}T00:00:00"

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the oracle notes the request. Nested ones join the outermost, which settles, then commits."""
        outermost = not self.open
        with self.state.transaction("api", f"{self.call.method} {self.call.url}" if self.call else ""):
            self.open.append(True)
            try:
                yield
                if outermost:
                    self.settle()
            except BaseException:
                INDEXED.pop(self.state, None)
                raise
            finally:
                self.open.pop()
                if outermost:
                    self.pending.clear()

    def at_end(self, key: str, work: Callable[[], None]) -> None:
        """Do the work once before the commit, however often it was asked for under that key (an order's totals)."""
        self.pending[key] = work

    def settle(self) -> None:
        """Do now what waits for the end, for an answer that must show it."""
        while self.pending:
            self.pending.pop(next(iter(self.pending)))()
