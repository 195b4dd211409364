"""A proposed rule: what it says, on how many rows it could have failed, and which rows it did fail on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from he_sync.model.errors import FixInput
from he_sync.quality.rules.breaking import BREAKS, Flags, Frames

Kind = Literal["key", "identity", "dependency", "reference", "range", "order", "domain", "account"]
KINDS: tuple[str, ...] = get_args(Kind)
EXCEPTIONS = 0.03
"""Share of rows that may break a rule and leave it one: what people type wrong, not what they mean otherwise. A wrong
value in 1 row of 100 of each of its three columns breaks an identity in 3."""


@dataclass(frozen=True)
class Rule:
    """`support` counts rows on which it could have failed, `exceptions` are places of the rows on which it did.

    `facts` hold what the kind's function in breaking.py needs beside the columns; all of it is data, so that a rule can
    be written down, accepted, and held against later frames.
    """

    entity: str
    kind: Kind
    columns: tuple[str, ...]
    text: str
    support: int = 0
    exceptions: tuple[int, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def id(self) -> str:
        """Eight letters that stay the same from run to run: of what it says, not of what it was found on."""
        said = f"{self.entity}\x1f{self.kind}\x1f{self.text}"
        return blake2b(said.encode(), digest_size=4).hexdigest()

    def flags(self, frames: Frames) -> Flags:
        """True for rows that break it. Raises FixInput where a frame or a column is missing or is of another kind."""
        self._there(frames)
        try:
            return BREAKS[self.kind](frames[self.entity], self.columns, self.facts, frames)
        except (TypeError, ValueError, KeyError) as error:
            raise FixInput(f"{self.entity}: {self.text}: cannot be held against this frame ({error})") from error

    def broken(self, frames: Frames) -> list[int]:
        """Places of the rows of these frames that break it: next month's, say."""
        return [int(place) for place in np.flatnonzero(self.flags(frames))]

    def _there(self, frames: Frames) -> None:
        wanted = [(self.entity, name) for name in self.columns]
        if self.kind == "reference":
            wanted.append((self.facts["entity"], self.facts["column"]))
        for entity, name in wanted:
            if entity not in frames:
                raise FixInput(f"{entity}: is not among the files, and `{self.text}` needs it")
            if name not in frames[entity].columns:
                raise FixInput(f"{entity}: has no column {name}, and `{self.text}` needs it")

    def plain(self, frame: pd.DataFrame | None = None, key: str = "", shown: int = 10) -> dict[str, Any]:
        """For JSON; ten exceptions, with their frame each named by its `key` and its values, are enough to look at."""
        some = self.exceptions[:shown]
        told = {"id": self.id, "entity": self.entity, "kind": self.kind, "columns": list(self.columns)}
        counts = {"rule": self.text, "support": self.support, "exceptions": len(self.exceptions)}
        rows: list[Any] = list(some) if frame is None else [named(frame, place, key, self.columns) for place in some]
        return {**told, **counts, "rows": rows, "facts": dict(self.facts)}


def named(frame: pd.DataFrame, place: int, key: str, columns: tuple[str, ...]) -> dict[str, str]:
    """A row by its number in the file, the header being row 1, by its key where there is one, and by its values."""
    record = {"record": str(frame[key].iloc[place])} if key else {}
    return {"row": str(place + 2), **record, **{name: str(frame[name].iloc[place]) for name in columns}}


def proposed(rule: Rule, broken: Flags, support: int) -> Rule:
    """A rule with what its test said on the frames at hand."""
    where = tuple(int(place) for place in np.flatnonzero(broken))
    return Rule(rule.entity, rule.kind, rule.columns, rule.text, support, where, rule.facts)
