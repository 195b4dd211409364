"""What a value of a mapping may be. One kind of number: a decimal of at most 38 digits, never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import polars as pl

from he_sync.mapping.expressions.bounds import LONGEST_CELL, USUAL_CELL

DIGITS = 38
USUAL_SCALE = 6
"""Decimals of a `decimal` that names none: tills keep prices of up to five."""
MOST_SCALE = 12
DECLARED = re.compile(r"(text|decimal)\((\d{1,5})\)$")
NAMES = ("text", "integer", "decimal", "boolean", "date", "instant", "list")


@dataclass(frozen=True)
class Kind:
    """A kind. `scale`: a number's decimals; `longest`: a text's characters; `bare`: a decimal that names no scale."""

    name: str
    scale: int = 0
    longest: int = 0
    bare: bool = False

    @property
    def dtype(self) -> pl.DataType:
        """How a column holds it."""
        return {
            "text": pl.String(),
            "number": pl.Decimal(DIGITS, self.scale),
            "boolean": pl.Boolean(),
            "date": pl.Date(),
            "instant": pl.Datetime("us", "UTC"),
            "nothing": pl.Null(),
        }[self.name]

    @property
    def plain(self) -> str:
        """As messages name it."""
        return {"number": "a number", "boolean": "yes or no", "nothing": "nothing"}.get(self.name, f"a {self.name}")

    def sized(self, longest: int) -> Kind:
        """A text of another greatest length."""
        return replace(self, longest=longest)


TEXT, WHOLE = Kind("text", longest=USUAL_CELL), Kind("number")
BOOLEAN, DATE, INSTANT, NOTHING = Kind("boolean"), Kind("date"), Kind("instant"), Kind("nothing")
PLAIN = {"text": TEXT, "integer": WHOLE, "boolean": BOOLEAN, "date": DATE, "instant": INSTANT}


def number(scale: int, *, bare: bool = False) -> Kind:
    """A number with so many decimals."""
    return Kind("number", scale=scale, bare=bare)


def declared(text: str) -> Kind | None:
    """The kind that a file names: `text`, `text(50)`, `integer`, `decimal`, `decimal(2)`...; None for no kind."""
    if text == "decimal":
        return number(USUAL_SCALE, bare=True)
    if match := DECLARED.match(text):
        size = int(match[2])
        if match[1] == "text":
            return TEXT.sized(size) if 1 <= size <= LONGEST_CELL else None
        return number(size) if size <= MOST_SCALE else None
    return PLAIN.get(text)


def written(kind: Kind) -> str:
    """As a file names it."""
    if kind.name == "number":
        return "decimal" if kind.bare else f"decimal({kind.scale})" if kind.scale else "integer"
    return f"text({kind.longest})" if kind.name == "text" and kind.longest != USUAL_CELL else kind.name


def common(kinds: list[Kind]) -> Kind | None:
    """The kind that holds all of them; None where they do not go together. Nothing goes with everything."""
    known = [kind for kind in kinds if kind.name != "nothing"]
    if not known:
        return NOTHING
    if len({kind.name for kind in known}) > 1:
        return None
    longest, scale = max(kind.longest for kind in known), max(kind.scale for kind in known)
    return replace(known[0], longest=longest, scale=scale, bare=any(kind.bare for kind in known))
