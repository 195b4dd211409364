"""Alert rules, objectives and the people to tell, as data: ours in `rules.yaml`, an installation's own on top.

`alerts.yaml` in the home folder changes a rule by its name or turns it off (`enabled: false`), adds rules, names
targets.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from he_sync.model.errors import FixInput
from he_sync.watch.metrics import NAMED
from he_sync.watch.targets import Heartbeat, Part, Quiet, Route, Severity, Span, Target

OURS = Path(__file__).with_name("rules.yaml")
FILE = "alerts.yaml"
NAME = r"[a-z][a-z0-9_]*"


class Window(Part):
    """A burn is one while the long and the short window both use the budget `factor` times as fast as allowed.

    The long one says that it matters, the short one that it still goes on.
    """

    long: Span
    short: Span
    factor: float = Field(gt=0)


class Burn(Part):
    """How fast an objective's error budget may go. `least`: fewer judged in the long window say nothing."""

    slo: str
    windows: tuple[Window, ...] = Field(min_length=1)
    least: int = 20


JUDGED_BY = {"events_answered": "events", "writes_settled": "effects", "systems_answer": "systems"}
"""Objectives that are judged (`slo`), and the group of figures without which nothing is known of one."""


class Slo(Part):
    """An objective: the share of what is judged that is as promised."""

    slo: str = Field(pattern=NAME)
    says: str
    objective: float = Field(gt=0, lt=1)


class Rule(Part):
    """One alert.

    Attributes:
        metric, where: the figure, and values of labels that it must have.
        above, below: the limit; a value beyond it breaks the rule.
        held: for how long it must be broken before anybody is told (`for` in the file).
        calm: for how long it must be kept before it is over, so that a value at its limit does not ring all day.
        page: the console's page, where no record is named by the figure itself.
        says: one line for people; `$value` and labels as `$source` are filled in.
    """

    alert: str = Field(pattern=f"^{NAME}$")
    says: str
    severity: Severity
    owner: str
    metric: str = ""
    where: Mapping[str, str] = {}
    above: float | None = None
    below: float | None = None
    burn: Burn | None = None
    held: Span = Field(default=timedelta(0), alias="for")
    calm: Span = timedelta(minutes=2)
    page: str = "/"
    enabled: bool = True

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        if (self.burn is None) == (not self.metric):
            raise ValueError(f"{self.alert} needs a metric or a burn, and not both")
        if self.metric and (self.above is None) == (self.below is None):
            raise ValueError(f"{self.alert} needs above or below, and not both")
        if self.metric and self.metric not in NAMED:
            raise ValueError(f"{self.alert} names {self.metric}, which is no figure of ours")
        if unknown := set(self.where) - set(NAMED[self.metric].labels if self.metric else ()):
            raise ValueError(f"{self.alert}: {self.metric} has no label {', '.join(sorted(unknown))}")
        return self


class Rules(Part):
    """Everything of both files."""

    rules: tuple[Rule, ...] = ()
    slos: tuple[Slo, ...] = ()
    targets: tuple[Target, ...] = ()
    routes: tuple[Route, ...] = ()
    quiet: Quiet | None = None
    heartbeat: Heartbeat | None = None
    runbooks: str = ""
    """Where docs/runbooks.md can be read, e.g. https://docs.example.com/runbooks; "" gives its place in the tree."""

    @cached_property
    def by_name(self) -> dict[str, Rule]:
        """Rules that are on."""
        return {rule.alert: rule for rule in self.rules if rule.enabled}

    @model_validator(mode="after")
    def _names(self) -> Self:
        known = {target.name for target in self.targets}
        named = {name for route in self.routes for name in route.names} | set(
            self.heartbeat.to if self.heartbeat else ()
        )
        if missing := named - known:
            raise ValueError(f"a route or the heartbeat names {', '.join(sorted(missing))}, which no target is called")
        for what, names in (("alert", [r.alert for r in self.rules]), ("target", [t.name for t in self.targets])):
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise ValueError(f"two of {what} {twice[0]}")
        objectives = {slo.slo for slo in self.slos}
        if made_up := sorted(objectives - set(JUDGED_BY)):
            raise ValueError(f"nothing is judged by {made_up[0]}; choose {', '.join(JUDGED_BY)}")
        if lost := [rule.alert for rule in self.rules if rule.burn and rule.burn.slo not in objectives]:
            raise ValueError(f"{lost[0]} names an objective that is not there")
        return self


def load(home: Path | None = None) -> Rules:
    """Our rules with those of an installation on top. Raises FixInput naming file, place and rule of what is wrong."""
    ours = _ours()
    path = None if home is None else home / FILE
    own = _document(path) if path and path.exists() else {}
    try:
        return Rules.model_validate(_on_top(ours, own))
    except ValidationError as error:
        first = error.errors()[0]
        place = _place(first["loc"], ours, own)
        raise FixInput(f"{path or OURS}: {place}{first['msg'].removeprefix('Value error, ')}") from error


def _on_top(ours: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Rules and objectives by name: what the installation says of one replaces that word of ours."""
    merged = {**ours, **own}
    for part, name in (("rules", "alert"), ("slos", "slo")):
        kept = {one[name]: one for one in ours.get(part, [])}
        for one in own.get(part) or []:
            kept[one.get(name)] = {**_without_limit(kept.get(one.get(name), {}), one), **one}
        merged[part] = list(kept.values())
    return merged


def _without_limit(kept: Mapping[str, Any], one: Mapping[str, Any]) -> dict[str, Any]:
    """A new limit in the other direction takes the place of the old one."""
    limits = {"above", "below"}
    return {word: value for word, value in kept.items() if not (word in limits and limits & set(one))}


@cache
def _ours() -> dict[str, Any]:
    """Read once: YAML takes longer than everything else of a look together."""
    return _document(OURS)


def _document(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise FixInput(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FixInput(f"{path}: not YAML ({error})".replace("\n", " ")) from error
    lists = ("rules", "slos", "targets", "routes")
    parts = [found.get(part) or [] for part in lists] if isinstance(found, dict) else [None]
    if not all(isinstance(part, list) and all(isinstance(one, dict) for one in part) for part in parts):
        raise FixInput(f"{path}: must be a list of entries under each of {', '.join(lists)}; see docs/watching.md")
    return dict(found)


def _place(loc: tuple[int | str, ...], ours: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """`rules.events_wait.above: ` instead of a number that counts our rules as well."""
    named = [str(part) for part in loc]
    merged = _on_top(ours, own)
    if len(loc) > 1 and isinstance(loc[1], int):
        one = merged[named[0]][loc[1]]
        named[1] = str(one.get("alert") or one.get("slo") or one.get("name") or loc[1] + 1)
    return f"{'.'.join(named)}: " if named else ""
