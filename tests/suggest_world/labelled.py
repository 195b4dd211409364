"""Labelled pairs of tables: our own of `tests/data/suggest`, or a folder of samples with their `pairs.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

import yaml

from he_sync.mapping.suggest.profiles import KINDS, profile
from he_sync.mapping.suggest.reading import read_table
from he_sync.mapping.suggest.tables import Field, Table
from tests.suggest_world.values import column, filler

HERE = Path(__file__).parents[1] / "data" / "suggest"
EPICOR = Path(__file__).parents[2] / "he_sync" / "sandbox" / "epicor" / "tables"
TYPES = {"boolean": "bool", "int32": "int", "int64": "int", "decimal": "decimal", "date": "date", "string": "string"}
ROWS = 100


@dataclass(frozen=True)
class Labelled:
    """Two tables and what is right: accepted targets by source field, none where there is no counterpart."""

    name: str
    source: Table
    target: Table
    right: dict[str, frozenset[str]]

    @property
    def systems(self) -> tuple[str, str]:
        """Of a file of ours: `shopify`, `netsuite`."""
        words = self.name.split("_")
        return words[0], words[2]


def own(folder: Path = HERE) -> list[Labelled]:
    """Our pairs with invented values; `folder` may be the one of the second domain, which nothing is learned from."""
    return [_made(path) for path in sorted(folder.glob("*.yaml"))]


def untouched() -> list[Labelled]:
    """Shopify to ERPNext: read by the evaluation only."""
    return own(HERE / "untouched")


def samples(folder: Path) -> Iterator[Labelled]:
    """`ENTITY_heartland.csv`, `ENTITY_epicor.csv` and `pairs.csv` with `|` between accepted targets."""
    rows = list(csv.DictReader((folder / "pairs.csv").open(encoding="utf-8")))
    for entity in dict.fromkeys(row["entity"] for row in rows):
        right = {
            row["heartland_field"]: frozenset({row["epicor_field"], *row["also_accepted"].split("|")} - {""})
            for row in rows
            if row["entity"] == entity
        }
        sides = (read_table(folder / f"{entity}_{side}.csv") for side in ("heartland", "epicor"))
        yield Labelled(f"heartland_{entity}_epicor_{entity}", *sides, right)


def scrambled(one: Labelled) -> Labelled:
    """The same, with every word and code of the source's values written otherwise: shapes stay, nothing is shared."""
    turned = str.maketrans(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "qwertzuiopasdfghjklyxcvbnmQWERTZUIOPASDFGHJKLYXCVBNM"
    )
    keep = {"true", "false", "t", "f"}
    fields = tuple(
        replace(
            field,
            values=tuple(
                text if text.lower() in keep or text[:1].isdigit() else text.translate(turned) for text in field.values
            ),
        )
        for field in one.source.fields
    )
    return replace(one, source=Table(one.source.where, fields))


def thinned(one: Labelled) -> Labelled:
    """As where a company leaves fields unused: each fifth of the target and each seventh of the source is empty."""
    sides = [
        Table(
            side.where,
            tuple(_emptied(field) if crc32(field.name.encode()) % nth == 0 else field for field in side.fields),
        )
        for side, nth in ((one.source, 7), (one.target, 5))
    ]
    return replace(one, source=sides[0], target=sides[1])


def _emptied(field: Field) -> Field:
    plain = "0" if profile(field).kinds[3] > 0.5 else ""  # a decimal that nobody fills is zero
    return replace(field, values=tuple(plain for _ in field.values))


def names_only(one: Labelled) -> Labelled:
    """As from two schemas: names and types, no value."""
    bare = [
        Table(side.where, tuple(replace(field, values=(), kind=_type(field)) for field in side.fields))
        for side in (one.source, one.target)
    ]
    return replace(one, source=bare[0], target=bare[1])


def _type(field: Field) -> str:
    kinds = profile(field).kinds
    return "" if kinds[0] else KINDS[int(kinds.argmax())]


def _made(path: Path) -> Labelled:
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    left, right = given.get("styles", ["heartland", "epicor"])
    source, target, pairs = [], {}, {}
    for line in given["fields"].strip().splitlines():
        name, rest = line.split(" > ")
        accepted, kind = rest.rsplit(":", 1)
        kind, seed = kind.strip(), f"{path.stem}/{name}"
        source.append(Field(name.strip(), tuple(column(kind, left, ROWS, seed))))
        target |= {
            one: Field(one, tuple(column(kind, right, ROWS, seed))) for one in accepted.split() if one not in target
        }
        pairs[name.strip()] = frozenset(accepted.split())
    for name, kind in _others(given):
        target.setdefault(name, Field(name, tuple(filler(kind, right, ROWS, f"{path.stem}/{name}"))))
    named = Table(f"{path.stem}.target", tuple(target[name] for name in sorted(target)))
    return Labelled(path.stem, Table(f"{path.stem}.source", tuple(source)), named, pairs)


def _others(given: dict[str, str]) -> Iterator[tuple[str, str]]:
    for one in given.get("others", "").split():
        name, kind = one.split(":")
        yield name, kind
    if "table" in given:
        yield from epicor_names(given["table"])


def epicor_names(table: str) -> Iterator[tuple[str, str]]:
    """Names and kinds of one of Epicor's tables, as the sandbox knows them."""
    kind = ""
    for word in (EPICOR / f"{table}.txt").read_text(encoding="utf-8").split():
        if word.endswith(":"):
            kind = word[:-1]
        elif kind in TYPES:
            yield word, TYPES[kind]


def epicor_table(name: str) -> Table:
    """One of Epicor's tables with values that mean nothing."""
    fields = (Field(one, tuple(filler(kind, "epicor", ROWS, f"{name}/{one}"))) for one, kind in epicor_names(name))
    return Table(name, tuple(fields))
