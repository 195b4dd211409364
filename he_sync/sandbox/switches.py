"""What the reference marks "not found" is our choice here: a documented switch with a default.

Each stand-in declares its switches in its own `switches.py`; `he-sync sandbox switches` prints them all; the admin port
sets them. A client must get along with every value.
"""

from __future__ import annotations

from dataclasses import dataclass

from he_sync.sandbox.state import State


@dataclass(frozen=True)
class Switch:
    """One choice: its name (`system.topic`), default, allowed values (empty = free) and why it is a choice."""

    name: str
    default: str
    values: tuple[str, ...]
    why: str

    def read(self, state: State) -> str:
        """The value in force."""
        return state.setting(f"switch.{self.name}", self.default)

    def set(self, state: State, value: str) -> None:
        """Change it. Raises ValueError for a value that is not allowed."""
        if self.values and value not in self.values:
            raise ValueError(f"{self.name} takes {', '.join(self.values)}, not {value!r}")
        state.set_setting(f"switch.{self.name}", value)
