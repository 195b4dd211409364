"""How far earlier runs have cut the lines of each lane: a night cuts what came since, the rest is as it was.

Taken up only where all that the cut before it hangs on is the same, told by a hash. Of 62 days of an account the last
week is cut again: 60 units of 129 x 129 places take 0.9 ms, to hash what is before takes 0.1 ms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.chain.keys import Ints, Mask

Lane = tuple[int, int, int, int]
"""Bank account, brand code, currency code, and the position of the one store that it pays, -1 for several."""


@dataclass(frozen=True)
class Begun:
    """The cut of a lane's first units: from which place each place came, a row a unit, and what the last ones cost."""

    digest: bytes
    came: NDArray[np.uint8]
    cost: Ints


@dataclass
class KnownPaths:
    """What is known, and what this run leaves for the next one; a lane counts once."""

    known: Mapping[Lane, Begun] = field(default_factory=dict)
    used: dict[Lane, Begun] = field(default_factory=dict)


def digest(wanted: Sequence[AbstractSet[int]], paid: Mask, natural: Ints, running: Ints) -> bytes:
    """A hash of all that a cut of some units hangs on; `running` up to the last place that it can look at."""
    told = repr([sorted(amounts) for amounts in wanted]).encode()
    parts = (told, paid.tobytes(), natural.tobytes(), running.tobytes())
    found = hashlib.blake2b(np.array([len(part) for part in parts]).tobytes(), digest_size=16)
    for part in parts:
        found.update(part)
    return found.digest()
