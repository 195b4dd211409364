"""Every sign of every pair of two tables as one array: what the learned weights are multiplied with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from he_sync.mapping.suggest.features import Side, name_signs, value_signs
from he_sync.mapping.suggest.meanings import Meanings
from he_sync.mapping.suggest.profiles import Floats, profile
from he_sync.mapping.suggest.tables import Table
from he_sync.mapping.suggest.thesaurus import Thesaurus, thesaurus
from he_sync.mapping.suggest.words import Wording


@dataclass(frozen=True)
class Signs:
    """`arrays` by sign, each of source fields by target fields; `sides` are what they were taken from."""

    arrays: dict[str, Floats]
    source: Side
    target: Side

    def stacked(self, names: list[str]) -> Floats:
        """Source by target by sign."""
        return np.stack([self.arrays[name] for name in names], axis=2)


def signs(source: Table, target: Table, known: Thesaurus | None = None) -> Signs:
    """All signs; with `known` without meanings, those of the thesaurus say nothing."""
    known = known or thesaurus()
    wording = Wording(known, [*source.names(), *target.names()])
    left, right = (
        Side(tuple(wording.words(field.name) for field in one.fields), tuple(profile(field) for field in one.fields))
        for one in (source, target)
    )
    arrays = {**name_signs(left, right, Meanings(known)), **value_signs(left, right)}
    return Signs({**arrays, **_together(arrays)}, left, right)


def _together(found: dict[str, Floats]) -> dict[str, Floats]:
    """What names and values say together is more than the sum: a near name with like values is hardly chance."""
    name = np.maximum(found["meant"], found["called"])
    value = np.maximum(found["shared"], found["shape"] * np.maximum(found["sizes"], found["vocabulary"]))
    return {
        "name": name,
        "name_and_shape": name * found["shape"] * found["kind"],
        "name_and_shared": name * found["within"],
        "name_and_sizes": name * found["sizes"],
        "value": value,
        "unnamed_source": (1 - found["meant_source"]) * (1 - found["called"]),
    }
