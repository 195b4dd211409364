"""Rules in a file: proposals to read through, and the accepted ones with who accepted them and when."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from he_sync.model.errors import FixInput
from he_sync.quality.rules.rule import KINDS, Kind, Rule

FILE = "rules.json"
"""Below an installation's home: the rules that its canonical frames are held to."""


@dataclass(frozen=True)
class Accepted:
    """A rule that a person took; `at` is an instant in UTC, ISO."""

    rule: Rule
    by: str
    at: str

    def plain(self) -> dict[str, Any]:
        """For JSON; what it was found on is not kept."""
        told = self.rule.plain()
        kept = {name: told[name] for name in ("id", "entity", "kind", "columns", "rule", "facts")}
        return {**kept, "accepted_by": self.by, "accepted_at": self.at}


def read_rules(path: Path) -> list[Rule]:
    """The rules of a file of proposals or of accepted ones. Raises FixInput with the number of one that is none."""
    return [_rule(path, number, one) for number, one in enumerate(_listed(path), 1)]


def read_accepted(path: Path) -> list[Accepted]:
    """A file that is not there holds none. Raises FixInput where it is of another form."""
    if not path.exists():
        return []
    given = [(_rule(path, number, one), one) for number, one in enumerate(_listed(path), 1)]
    for number, (_, one) in enumerate(given, 1):
        if not one.get("accepted_by"):
            raise FixInput(f"{path}: rule {number} was accepted by nobody; `he-sync rules accept` takes proposals over")
    return [Accepted(rule, str(one["accepted_by"]), str(one.get("accepted_at", ""))) for rule, one in given]


def with_accepted(known: Sequence[Accepted], more: Iterable[Accepted]) -> list[Accepted]:
    """In the order of entity, kind and text; one that was accepted before keeps who did."""
    found = {one.rule.id: one for one in (*more, *known)}
    return sorted(found.values(), key=lambda one: (one.rule.entity, one.rule.kind, one.rule.text))


def chosen(path: Path, rules: Sequence[Rule], wanted: Sequence[str]) -> list[Rule]:
    """Rules by their ids or as much of them as is unique. Raises FixInput for one that there is not."""
    found = []
    for one in wanted:
        fits = [rule for rule in rules if one and rule.id.startswith(one.lower())]
        if len(fits) != 1:
            raise FixInput(f"{path}: {len(fits)} rules have an id that begins with {one!r}; each has its `id` there")
        found += fits
    return found


def for_entity(path: Path, entity: str) -> list[Rule]:
    """The accepted rules of one entity; none where no file is."""
    return [one.rule for one in read_accepted(path) if one.rule.entity == entity]


def _listed(path: Path) -> list[Mapping[str, Any]]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))["rules"]
    except OSError as error:
        raise FixInput(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FixInput(
            f"{path}: is no file of rules; it holds `rules`, a list that `he-sync rules infer` wrote"
        ) from None
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise FixInput(f"{path}: `rules` is no list of rules")
    return given


def _rule(path: Path, number: int, one: Mapping[str, Any]) -> Rule:
    try:
        columns, facts = tuple(map(str, one["columns"])), dict(one["facts"])
        kind, text = str(one["kind"]), str(one["rule"])
        rule = Rule(str(one["entity"]), cast("Kind", kind), columns, text, int(one.get("support", 0)), (), facts)
    except (KeyError, TypeError, ValueError) as error:
        raise FixInput(f"{path}: rule {number} lacks {error} or has another form of it") from None
    if kind not in KINDS or not columns:
        raise FixInput(f"{path}: rule {number} is of kind {kind!r}; there are {', '.join(KINDS)}")
    return rule
