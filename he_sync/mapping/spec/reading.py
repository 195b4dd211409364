"""A text as a mapping, with everything that is wrong with it at its key and place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import Any

import yaml

from he_sync.mapping.expressions.kinds import NAMES, Kind, declared
from he_sync.mapping.expressions.names import did_you_mean
from he_sync.mapping.spec.document import Notes, Part, composed, expression, place, plain
from he_sync.mapping.spec.model import (
    TAKES,
    Complaint,
    Each,
    Entry,
    From,
    Lines,
    Mapping,
    Place,
    Side,
    Sql,
    StepUse,
    Try,
    Written,
)
from he_sync.mapping.spec.steps import STEPS

KEYS = ("mapping", "version", "description", "source", "target", "only", "tables", "map", "tests")
SIDE = ("record", "fields")
STARTS = ("from", "sql", "value", "lines", "each")
ENTRY = (*STARTS, "map", "steps", "only", "otherwise")
LINES = ("of", "take", "sql", "only", "by")
TRY = ("name", "given", "expect", "refused", "left_out")
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}$")
MOST_FIELDS, MOST_STEPS, MOST_TESTS, MOST_ROWS = 2_000, 20, 200, 10_000
LONGEST_FIELD = 120


def read(text: str, file: str) -> tuple[Mapping, list[Complaint]]:
    """The mapping as far as it can be read, and what is wrong with its form. Raises WrongMapping for no YAML."""
    notes = Notes(text.split("\n"))
    whole = Part(composed(text, file), "", notes, KEYS)
    name, version = whole.text("mapping", needed=True), _version(whole)
    if name and not NAME.match(name):
        whole.complain(whole.inner["mapping"], "mapping", "is a name of small letters, digits and _, at most 60")
    source, target = (_side(whole, one) for one in ("source", "target"))
    tables = _tables(whole)
    entries = dict(_entries(whole, source, target))
    tests = tuple(_tests(whole, target))
    found = Mapping(name, version, whole.text("description"), source, target, whole.sql("only"), tables, entries, tests)
    return found, notes.wrong


def _version(whole: Part) -> int:
    node = whole.inner.get("version")
    if node is None:
        whole.complain(whole.node, "version", "is missing; begin with version: 1")
        return 1
    found = plain(node)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        whole.complain(node, "version", "is a whole number from 1 on")
        return 1
    return found


def _side(whole: Part, name: str) -> Side:
    if name not in whole.inner:
        whole.complain(
            whole.node, name, f"is missing; it names the record and its fields: {name}: {{record: ..., fields: ...}}"
        )
        return Side("", {})
    part = Part(whole.inner[name], name, whole.notes, SIDE)
    record = part.text("record", needed=True)
    if "fields" not in part.inner:
        part.complain(part.node, "fields", "is missing; name each field with its kind")
        return Side(record, {})
    listed = Part(part.inner["fields"], f"{name}.fields", whole.notes)
    if len(listed.inner) > MOST_FIELDS:
        listed.complain(listed.node, "", f"are {len(listed.inner)}, the most is {MOST_FIELDS}")
    return _fields(record, listed)


def _fields(record: str, listed: Part) -> Side:
    fields: dict[str, Kind] = {}
    lists: dict[str, dict[str, Kind]] = {}
    for name, node in listed.inner.items():
        kind = listed.text(name)
        if not kind:
            continue
        if kind == "list":
            lists[name] = {}
        elif not 1 <= len(name) <= LONGEST_FIELD:
            listed.complain(node, name, f"a field's name has 1 to {LONGEST_FIELD} characters")
        elif (found := declared(kind)) is None:
            listed.complain(node, name, _no_kind(kind))
        elif (outer := next((one for one in lists if name.startswith(f"{one}.")), None)) is not None:
            lists[outer][name.removeprefix(f"{outer}.")] = found
        else:
            fields[name] = found
    return Side(record, fields, lists, {name: place(node, listed.path(name)) for name, node in listed.inner.items()})


def _no_kind(kind: str) -> str:
    bare, _, size = kind.partition("(")
    if size and bare in NAMES:
        return f"there is no {kind}; text takes 1 to 20000 characters, decimal 0 to 12 decimals, others no size"
    return f"there is no kind {kind}{did_you_mean(bare, NAMES)}"


def _tables(whole: Part) -> dict[str, dict[str, Any]]:
    if "tables" not in whole.inner:
        return {}
    listed, found = Part(whole.inner["tables"], "tables", whole.notes), {}
    for name, node in listed.inner.items():
        rows = Part(node, f"tables.{name}", whole.notes)
        if not rows.inner or len(rows.inner) > MOST_ROWS:
            rows.complain(node, "", f"a table has 1 to {MOST_ROWS:,} rows, each `what is there: what it becomes`")
        for key, inner in rows.inner.items():
            if not isinstance(inner, yaml.ScalarNode):
                rows.complain(inner, key, "is one value")
        found[name] = {key: plain(inner) for key, inner in rows.inner.items() if isinstance(inner, yaml.ScalarNode)}
    return found


def _entries(whole: Part, source: Side, target: Side) -> Iterator[tuple[str, Entry]]:
    if "map" not in whole.inner:
        whole.complain(whole.node, "map", "is missing; it says for each target field where it comes from")
        return
    listed = Part(whole.inner["map"], whole.path("map"), whole.notes)
    keys = {name.value: name for name, _ in listed.node.value} if isinstance(listed.node, yaml.MappingNode) else {}
    for name, node in listed.inner.items():
        if target.fields and name not in target.fields and name not in target.lists:
            near = did_you_mean(name, [*target.fields, *target.lists])
            listed.complain(keys[name], name, f"{target.record or 'the target'} has no field {name}{near}")
        entry = _entry(name, Part(node, listed.path(name), whole.notes, ENTRY), source, target)
        if entry is not None:
            yield name, entry


def _entry(target: str, part: Part, source: Side, sides: Side) -> Entry | None:
    if not isinstance(part.node, yaml.MappingNode):
        return None
    starts = [name for name in STARTS if name in part.inner]
    if len(starts) != 1:
        has = f"has {' and '.join(starts)}" if starts else "says not where the value comes from"
        part.complain(
            part.inner[starts[1]] if starts else part.node,
            starts[1] if starts else "",
            f"{has}; give one of {', '.join(STARTS)}",
        )
        return None
    if (starts[0] == "each") != (target in sides.lists):
        words = "is a list; write each: and map:" if target in sides.lists else "is no list; each goes with one"
        part.complain(part.inner[starts[0]], starts[0], f"{target} {words}")
        return None
    if starts[0] == "each":
        each = _each(part, source, Side(target, sides.lists[target]))
        return Entry(target, each, (), None, None, each.place) if each else None
    start = _start(starts[0], part, source)
    if start is None:
        return None
    otherwise = part.inner.get("otherwise")
    if otherwise is not None and "only" not in part.inner:
        part.complain(otherwise, "otherwise", "goes with only, the condition")
    return Entry(
        target,
        start,
        tuple(_steps(part)),
        part.sql("only"),
        plain(otherwise) if otherwise is not None else None,
        place(part.node, part.key),
    )


def _start(name: str, part: Part, source: Side) -> From | Written | Lines | Sql | None:
    node, where = part.inner[name], place(part.inner[name], part.path(name))
    if name == "from":
        field = part.text("from")
        if field in source.lists:
            part.complain(node, name, f"{field} is a list; write lines: {{of: {field}, take: ...}}")
        elif field and field not in source.fields:
            part.complain(
                node, name, f"{source.record or 'the source'} has no field {field}{did_you_mean(field, source.fields)}"
            )
        return From(field, where) if field else None
    if name == "sql":
        return part.sql("sql")
    if name == "value":
        if not isinstance(node, yaml.ScalarNode):
            part.complain(node, name, "is one value")
            return None
        return Written(plain(node), where)
    return _lines(Part(node, part.path(name), part.notes, LINES), source)


def _each(part: Part, source: Side, target: Side) -> Each | None:
    of = part.text("each")
    for name in ("steps", "otherwise"):
        if name in part.inner:
            part.complain(part.inner[name], name, "does not go with each; say it of the fields within map")
    if of not in source.lists:
        part.complain(part.inner["each"], "each", f"{source.record} has no list {of}{did_you_mean(of, source.lists)}")
        return None
    line = Side(of, source.lists[of])
    inner = Mapping("", 1, "", line, target, part.sql("only"), {}, dict(_entries(part, line, target)), ())
    return Each(of, inner, place(part.node, part.key))


def _lines(part: Part, source: Side) -> Lines | None:
    of, take = part.text("of", needed=True), part.text("take", needed=True)
    if of and of not in source.lists:
        part.complain(part.inner["of"], "of", f"{source.record} has no list {of}{did_you_mean(of, source.lists)}")
    if take and take not in TAKES:
        part.complain(part.inner["take"], "take", f"there is no {take}{did_you_mean(take, TAKES)}")
    sql = part.sql("sql")
    if take in TAKES and take != "count" and sql is None:
        part.complain(part.node, "sql", f"is missing; {take} of what?")
        return None
    if of not in source.lists or take not in TAKES:
        return None
    by = part.text("by") if "by" in part.inner else ", "
    return Lines(of, take, sql, part.sql("only"), by, place(part.node, part.key))


def _steps(part: Part) -> Iterator[StepUse]:
    node = part.inner.get("steps")
    if node is None:
        return
    if not isinstance(node, yaml.SequenceNode) or len(node.value) > MOST_STEPS:
        part.complain(node, "steps", f"is a list of at most {MOST_STEPS} steps")
        return
    for number, inner in enumerate(node.value):
        step = _step(inner, f"{part.key}.steps.{number}", part.notes)
        if step is not None:
            yield step


def _step(node: yaml.Node, key: str, notes: Notes) -> StepUse | None:
    """`trim`, `cut: 30` for a step with one parameter that must be given, `replace: {old: a, new: b}`."""
    if isinstance(node, yaml.ScalarNode):
        name, inner = str(node.value), None
    elif isinstance(node, yaml.MappingNode) and len(node.value) == 1:
        name, inner = str(node.value[0][0].value), node.value[0][1]
    else:
        notes.wrong.append(Complaint(place(node, key), "is one step: `- trim` or `- cut: 30`"))
        return None
    if name not in STEPS:
        notes.wrong.append(Complaint(place(node, key), f"there is no step {name}{did_you_mean(name, STEPS)}"))
        return None
    parameters, where = STEPS[name].parameters, place(node, f"{key}.{name}")
    inside: dict[str, yaml.Node] = {}
    if isinstance(inner, yaml.MappingNode):
        inside = Part(inner, where.key, notes, tuple(one.name for one in parameters)).inner
    elif inner is not None and plain(inner) is not None and parameters:
        inside = {parameters[0].name: inner}
    elif inner is not None and plain(inner) is not None:
        notes.wrong.append(Complaint(where, "takes nothing"))
    given = {one: plain(value) for one, value in inside.items()}
    return StepUse(name, given, where, {one: place(value, f"{where.key}.{one}") for one, value in inside.items()})


def _tests(whole: Part, target: Side) -> Iterator[Try]:
    node = whole.inner.get("tests")
    if node is None:
        return
    if not isinstance(node, yaml.SequenceNode) or len(node.value) > MOST_TESTS:
        whole.complain(node, "tests", f"is a list of at most {MOST_TESTS} tests")
        return
    for number, inner in enumerate(node.value):
        part = Part(inner, f"tests.{number}", whole.notes, TRY)
        if isinstance(inner, yaml.MappingNode):
            yield _test(part, number, target)


def _test(part: Part, number: int, target: Side) -> Try:
    expect, left_out = _data(part, "expect"), "left_out" in part.inner and plain(part.inner["left_out"]) is True
    refused = part.text("refused")
    if "given" not in part.inner:
        part.complain(part.node, "given", "is missing: the record that goes in")
    if ("expect" in part.inner) + bool(refused) + left_out != 1:
        part.complain(part.node, "", "says one of expect (what comes out), refused (which field) and left_out: true")
    names = [(one, part.inner["expect"]) for one in expect] + ([(refused, part.inner["refused"])] if refused else [])
    for name, node in names:
        if name not in target.fields and name not in target.lists:
            part.complain(node, "expect", f"{target.record} has no field {name}{did_you_mean(name, target.fields)}")
    return Try(
        part.text("name") or f"test {number + 1}",
        _data(part, "given"),
        expect,
        refused,
        left_out,
        place(part.node, part.key),
    )


def _data(part: Part, name: str) -> Map[str, Any]:
    node = part.inner.get(name)
    if node is None:
        return {}
    if not isinstance(node, yaml.MappingNode):
        part.complain(node, name, "holds fields with their values")
        return {}
    found: Map[str, Any] = plain(node)
    return found


__all__ = ["Place", "expression", "read"]
