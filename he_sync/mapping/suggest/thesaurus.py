"""What tills, shops and ERP systems call things: abbreviations, words of one meaning, names of one field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("thesaurus.yaml")


@dataclass(frozen=True)
class Thesaurus:
    """`words` and `fields` are lines of names, each a text of words; both empty where meanings are switched off."""

    abbreviations: Mapping[str, str]
    words: tuple[tuple[str, ...], ...]
    fields: tuple[tuple[str, ...], ...]
    vocabulary: frozenset[str]

    def without_meanings(self) -> Thesaurus:
        """The abbreviations alone."""
        return Thesaurus(self.abbreviations, (), (), self.vocabulary)


@cache
def thesaurus(path: Path = FILE) -> Thesaurus:
    """The one that ships, or a file of the same form."""
    given: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    short = {str(one): str(long) for one, long in given["abbreviations"].items()}
    words, fields = (tuple(tuple(map(str, line)) for line in given[name]) for name in ("words", "fields"))
    known = {word for line in (*words, *fields) for name in line for word in name.split() if len(word) > 1}
    return Thesaurus(short, words, fields, frozenset(known))
