"""A table as suggestions see it: its fields with the values, types and descriptions that are known of them."""

from __future__ import annotations

from dataclasses import dataclass

from he_sync.model.errors import FixInput

WIDEST = 5_000
"""Fields a table may have at most; Epicor's widest has 541."""


@dataclass(frozen=True)
class Field:
    """A field. `values` are the sample's texts, empty ones too; `kind` is a schema's type or "" where none is given."""

    name: str
    values: tuple[str, ...] = ()
    kind: str = ""
    description: str = ""


@dataclass(frozen=True)
class Table:
    """The fields of one file, in the file's order. `where` names the file in messages."""

    where: str
    fields: tuple[Field, ...]

    def names(self) -> list[str]:
        """Names of the fields in order."""
        return [field.name for field in self.fields]


def table(where: str, fields: list[Field]) -> Table:
    """Raises FixInput for no field at all, one without a name, two of one name, and too many."""
    names = [field.name for field in fields]
    if not names:
        raise FixInput(f"{where}: no fields; give a CSV file with a header or a JSON schema with properties")
    if len(names) > WIDEST:
        raise FixInput(f"{where}: {len(names)} fields are more than {WIDEST}; is this one table?")
    seen: set[str] = set()
    for place, name in enumerate(names, 1):
        if not name:
            raise FixInput(f"{where}: field {place} has no name; name every column")
        if name in seen:
            raise FixInput(f"{where}: field {name!r} is there twice; rename one of them")
        seen.add(name)
    return Table(where, tuple(fields))
