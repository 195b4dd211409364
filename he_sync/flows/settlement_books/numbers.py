"""Numbers for what both systems name by texts, and which date holds which record; kept in one file from run to run.

A record keeps its number, so that a date that did not change gives the same rows again. What is asked is what a date
names: the file's size is no matter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from he_sync.model.errors import FixInput, TryLater

FIRST = {
    "orders": 50_000_001,
    "lines": 20_000_001,
    "batches": 30_000_001,
    "bank_lines": 40_000_001,
    "postings": 60_000_001,
    "references": 1,
    "mids": 7_000_001,
    "accounts": 9_001,
    "stores": 1,
}
"""The kinds, and from where on the texts of each are numbered in the order in which they are met."""
LASTING = ("mids", "accounts", "stores")
"""Kinds that are never forgotten: there are as many as places."""
TABLES = """
CREATE TABLE IF NOT EXISTS names (kind TEXT, text TEXT, number INTEGER, day TEXT, PRIMARY KEY (kind, text))
  WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS names_by_number ON names (kind, number);
CREATE INDEX IF NOT EXISTS names_by_day ON names (day);
CREATE TABLE IF NOT EXISTS next (kind TEXT PRIMARY KEY, number INTEGER);
CREATE TABLE IF NOT EXISTS facts (fact TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS held (relation TEXT, id INTEGER, day TEXT, PRIMARY KEY (relation, id, day)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS held_by_day ON held (day, relation);
"""
# CROSS JOIN: SQLite then takes the left side first. Without figures of its own it went through all names once a text.
WAIT = 600.0
"""Seconds for another run of the chain to write down its numbers."""


class Ids:
    """Numbers for the texts of one kind."""

    def __init__(self, numbers: Numbers, kind: str) -> None:
        self._numbers, self._kind = numbers, kind
        self._known: dict[str, int] = {}

    def of(self, text: object) -> int:
        """The text's number; 0 for none."""
        return self.all([text])[0]

    def all(self, texts: Iterable[object]) -> list[int]:
        """The number of each."""
        listed = [str(text) for text in texts]
        new = list(dict.fromkeys(text for text in listed if text and text not in self._known))
        if new:
            self._known |= self._asked(new)
            self._add([text for text in new if text not in self._known])
        return [self._known[text] if text else 0 for text in listed]

    def known(self, texts: Iterable[str]) -> dict[str, int]:
        """The numbers of those that have one."""
        return self._asked(list(texts))

    def texts(self, numbers: Iterable[int]) -> dict[int, str]:
        """What each number stands for."""
        sql = "SELECT number, text FROM json_each(?) CROSS JOIN names ON kind = ? AND number = value"
        return dict(self._numbers.run(sql, (json.dumps(list(numbers)), self._kind)).fetchall())

    def forget(self) -> None:
        """Let go of what is remembered beside the file."""
        self._known.clear()

    def _asked(self, texts: list[str]) -> dict[str, int]:
        sql = "SELECT text, number, day FROM json_each(?) CROSS JOIN names ON kind = ? AND text = value"
        found = self._numbers.run(sql, (json.dumps(texts), self._kind)).fetchall()
        now = self._numbers.day
        met_again = ((now, self._kind, text) for text, _, day in found if day and day < now)
        self._numbers.many("UPDATE names SET day = ? WHERE kind = ? AND text = ?", met_again)
        return {text: number for text, number, _ in found}

    def _add(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        ((first,),) = self._numbers.run("SELECT number FROM next WHERE kind = ?", (self._kind,)).fetchall()
        numbered = dict(zip(texts, count(first), strict=False))
        day = "" if self._kind in LASTING else self._numbers.day
        rows = ((self._kind, text, number, day) for text, number in numbered.items())
        self._numbers.many("INSERT INTO names VALUES (?, ?, ?, ?)", rows)
        self._numbers.run("UPDATE next SET number = ? WHERE kind = ?", (first + len(texts), self._kind))
        self._known |= numbered


class Numbers:
    """All the numbers, by what they stand for, in a file or only in memory.

    Nothing is written down before `keep`: what a run that failed has numbered is numbered anew. One run at a time has
    the file. Raises TryLater while another has it for long, FixInput for a file that is none.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", timeout=WAIT, isolation_level=None)
        self.run = self._connection.execute
        self.many = self._connection.executemany
        try:
            self.run("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            self.close()
            raise TryLater(f"{path}: another night of the chain has it ({error}); try again when it is done") from None
        except sqlite3.DatabaseError as error:
            self.close()
            raise FixInput(f"{path}: {error}; remove the file, and the next night makes all dates anew") from None
        for statement in filter(str.strip, TABLES.split(";")):
            self.run(statement)
        self.many("INSERT OR IGNORE INTO next VALUES (?, ?)", FIRST.items())
        self.run("INSERT OR IGNORE INTO facts VALUES ('name', ?), ('forgotten', '')", (uuid4().hex,))
        self.day = ""
        self.orders, self.lines, self.batches, self.bank_lines, self.postings, self.references = (
            Ids(self, kind) for kind in ("orders", "lines", "batches", "bank_lines", "postings", "references")
        )
        self.mids, self.accounts, self.stores = (Ids(self, kind) for kind in LASTING)

    def begin(self, day: str) -> None:
        """What is numbered next is first met on this date."""
        self.day = day
        for ids in (self.orders, self.lines, self.batches, self.bank_lines, self.postings, self.references):
            ids.forget()

    def hold(self, relation: str, day: str, ids: Iterable[int], *, all_of_it: bool = True) -> None:
        """The records of a relation that a date has: all of them, in place of what it had, or some beside it."""
        if all_of_it:
            self.run("DELETE FROM held WHERE day = ? AND relation = ?", (day, relation))
        self.many("INSERT OR IGNORE INTO held VALUES (?, ?, ?)", ((relation, one, day) for one in ids))

    def holding(self, relation: str, ids: Iterable[int], first: str, last: str) -> dict[int, str]:
        """By record the first date between two that has it."""
        sql = (
            "SELECT held.id, min(day) FROM json_each(?) AS asked CROSS JOIN held"
            " ON relation = ? AND held.id = asked.value WHERE day BETWEEN ? AND ? GROUP BY held.id"
        )
        return dict(self.run(sql, (json.dumps(list(ids)), relation, first, last)).fetchall())

    def sharing(self, day: str) -> set[str]:
        """The other dates that have a record of this one too."""
        sql = (
            "SELECT DISTINCT other.day FROM held CROSS JOIN held AS other USING (relation, id)"
            " WHERE held.day = ? AND other.day <> held.day"
        )
        return {other for (other,) in self.run(sql, (day,))}

    def earlier(self, day: str, first: str) -> dict[str, list[int]]:
        """The records of a date that one before it has too, from `first` on, by relation."""
        sql = (
            "SELECT DISTINCT held.relation, held.id FROM held CROSS JOIN held AS other USING (relation, id)"
            " WHERE held.day = ? AND other.day < held.day AND other.day >= ? ORDER BY 1, 2"
        )
        found: dict[str, list[int]] = {}
        for relation, one in self.run(sql, (day, first)):
            found.setdefault(relation, []).append(one)
        return found

    def forget(self, first: str) -> None:
        """Forget what was last met before a date; its numbers are not given again."""
        self.run("DELETE FROM names WHERE day < ? AND day <> ''", (first,))
        self.run("DELETE FROM held WHERE day < ?", (first,))
        self.run("UPDATE facts SET value = max(value, ?) WHERE fact = 'forgotten'", (first,))

    def mark(self) -> dict[str, Any]:
        """By what `knows` tells whether all that was numbered up to now is still known."""
        return {"name": self._fact("name"), "next": dict(self.run("SELECT kind, number FROM next"))}

    def knows(self, mark: Mapping[str, Any], first: str) -> bool:
        """Whether this is the file of a mark, no older, and has forgotten nothing from `first` on.

        A file that was lost or brought back from a copy would give a number to a second text.
        """
        now = self.mark()
        same = mark["name"] == now["name"] and all(now["next"][kind] >= mark["next"][kind] for kind in FIRST)
        return same and self._fact("forgotten") <= first

    def _fact(self, name: str) -> str:
        ((value,),) = self.run("SELECT value FROM facts WHERE fact = ?", (name,)).fetchall()
        return str(value)

    def keep(self) -> None:
        """Write down what was numbered since the last time."""
        self.run("COMMIT")
        self.run("BEGIN IMMEDIATE")

    def close(self) -> None:
        """Let go of the file; what was not kept is lost."""
        self._connection.close()
