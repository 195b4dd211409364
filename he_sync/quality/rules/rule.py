"""A proposed rule: what it says, on how many rows it could have failed, and which rows it did fail on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["key", "identity", "dependency", "reference", "range", "order", "domain"]
Flags = npt.NDArray[np.bool_]
Frames = dict[str, pd.DataFrame]
KEY = re.compile(r"(?:^|_)(?:id|key|number|num|no|code|sku|uuid)$|(?:ID|Num|Number|Code|Key|Id)$")
"""Names of columns that call a thing by a number or a code."""
EXCEPTIONS = 0.02
"""Share of rows that may break a rule and leave it one: what people type wrong, not what they mean otherwise."""


@dataclass(frozen=True)
class Rule:
    """`support` counts rows on which it could have failed, `exceptions` are places of the rows on which it did."""

    entity: str
    kind: Kind
    columns: tuple[str, ...]
    text: str
    support: int
    exceptions: tuple[int, ...]
    breaks: Callable[[Frames], Flags] = field(repr=False, compare=False)

    def broken(self, frames: Frames) -> list[int]:
        """Places of the rows of these frames that break it: next month's, say."""
        return [int(place) for place in np.flatnonzero(self.breaks(frames))]

    def plain(self) -> dict[str, Any]:
        """For JSON; ten exceptions are enough to look at."""
        return {
            "entity": self.entity,
            "kind": self.kind,
            "columns": list(self.columns),
            "rule": self.text,
            "support": self.support,
            "exceptions": len(self.exceptions),
            "rows": list(self.exceptions[:10]),
        }


def proposed(entity: str, kind: Kind, columns: tuple[str, ...], text: str, tested: Tested) -> Rule:
    """A rule from what its test said on the frames at hand."""
    where = tuple(int(place) for place in np.flatnonzero(tested.broken))
    return Rule(entity, kind, columns, text, tested.support, where, tested.breaks)


@dataclass(frozen=True)
class Tested:
    """A test's outcome on the frames at hand, and the test itself for later ones."""

    broken: Flags
    support: int
    breaks: Callable[[Frames], Flags]

    @property
    def holds(self) -> bool:
        """Whether few enough rows break it."""
        return self.support > 0 and float(self.broken.sum()) <= EXCEPTIONS * self.support
