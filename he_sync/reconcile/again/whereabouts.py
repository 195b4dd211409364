"""Which files of a folder hold a key, so that a night opens only these: sorted keys, each with its file's number.

A column of a relation has one table, written by a whole run, and further ones for what came since. Neighbours of one
file are kept as one span, so that ids which count up take a few bytes a file; random references take eight a row. A
span may hold keys that are in no file, and a file may be gone: an answer says where to look, never that a key is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from he_sync.reconcile.again import tables
from he_sync.reconcile.chain.keys import AnyInts, Ints

Packed = NDArray[np.uint64]
Bits = NDArray[np.uint8]

BITS = 16  # of a file's number; the other 48 are the key's lowest
MOST_FILES = 1 << BITS
SUFFIXES = (".first.npy", ".last.npy", ".there.npy")
MANY, CLOSE = 1 << 14, 8  # keys of which each has a bit, and the room a key that this may take
FEW = 4  # spans are kept as first and last key where they are at most one of so many keys


def pack(keys: AnyInts, files: AnyInts) -> Packed:
    """Keys and the numbers of their files as sorted whole numbers."""
    packed = shifted(keys)
    packed |= files.astype(np.uint64)
    if not bool(np.all(packed[1:] >= packed[:-1])):
        packed.sort()
    return packed


def shifted(keys: AnyInts) -> Packed:
    """Keys with room for a file's number, in their order."""
    return keys.astype(np.int64).view(np.uint64) << np.uint64(BITS)


@dataclass(frozen=True)
class Spans:
    """Sorted keys, `first` to `last` of each span in one file; both are the same array where each span is one key."""

    first: Packed
    last: Packed
    there: Bits | None = None  # of keys that lie close together, from the first on: whether it is there, a bit each

    @classmethod
    def of(cls, packed: Packed) -> Spans:
        """Put neighbours of one file together where that saves room."""
        files = packed & np.uint64(MOST_FILES - 1)
        starts = np.flatnonzero(np.append(True, files[1:] != files[:-1])[: len(packed)])
        if len(starts) * FEW > len(packed):
            return cls(packed, packed, _bits(packed))
        return cls(packed[starts], packed[np.append(starts[1:], len(packed))[: len(starts)] - 1])

    def holding(self, keys: Ints) -> NDArray[np.bool_]:
        """By number, the files that may hold one of the keys."""
        return self.found(keys)[0]

    def found(self, keys: Ints) -> tuple[NDArray[np.bool_], list[Packed]]:
        """The same, and the keys that may be there, as `pack` has them with a file's number of 0."""
        hit: list[Packed] = []
        wanted = np.sort(self._possible(shifted(keys)))
        at = np.searchsorted(self.last, wanted, "left")
        found = np.zeros(MOST_FILES, bool)
        while len(at):  # one turn, and one more for each further file of a key
            inside = at < len(self.first)
            at, wanted = at[inside], wanted[inside]
            first = self.first[at]
            here = first <= wanted | np.uint64(MOST_FILES - 1)
            found[(first[here] & np.uint64(MOST_FILES - 1)).astype(np.int64)] = True
            at, wanted = at[here] + 1, wanted[here]
            hit.append(wanted)
        return found, hit[:1]

    def _possible(self, wanted: Packed) -> Packed:
        """Those that may be here: a new day's keys are in few earlier files, and a bit says so without a search."""
        if self.there is None:
            return wanted
        place = (wanted >> np.uint64(BITS)) - _lowest(self.first)  # one below it is far above
        inside = place < len(self.there) * 8
        wanted, place = wanted[inside], place[inside]
        bit = self.there[place >> np.uint64(3)] >> (place & np.uint64(7)).astype(np.uint8)
        found: Packed = wanted[(bit & 1).astype(np.bool_)]
        return found

    def write(self, path: Path) -> None:
        """Write it; `path` has no suffix."""
        np.save(_named(path, ".first.npy"), self.first)
        if self.there is not None:
            np.save(_named(path, ".there.npy"), self.there)
        if self.last is not self.first:
            np.save(_named(path, ".last.npy"), self.last)

    @classmethod
    def read(cls, path: Path) -> Spans:
        """Map it into memory: a night touches few of its pages."""
        parts = {
            suffix: np.load(file, mmap_mode="r") for suffix in SUFFIXES if (file := _named(path, suffix)).is_file()
        }
        first = parts[SUFFIXES[0]]
        return cls(first, parts.get(SUFFIXES[1], first), parts.get(SUFFIXES[2]))

    @staticmethod
    def link(old: Path, new: Path) -> None:
        """The same table under another name: tables are never changed."""
        for suffix in SUFFIXES:
            if (one := _named(old, suffix)).is_file():
                tables.link(one, _named(new, suffix))


def _lowest(packed: Packed) -> np.uint64:
    """The lowest key but 0, which stands for none."""
    return np.uint64(packed[np.searchsorted(packed, np.uint64(1 << BITS))] >> np.uint64(BITS))


def _bits(packed: Packed) -> Bits | None:
    """Which keys are there, from the lowest on. None where they are few or far apart."""
    keys = packed[np.searchsorted(packed, np.uint64(1 << BITS)) :] >> np.uint64(BITS)
    if len(keys) < MANY or int(keys[-1] - keys[0]) >= CLOSE * len(keys):
        return None
    there = np.zeros(int(keys[-1] - keys[0]) + 1, bool)
    there[keys - keys[0]] = True
    return np.packbits(there, bitorder="little")


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
