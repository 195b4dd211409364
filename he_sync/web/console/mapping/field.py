"""One target field: where its value comes from, its steps with a form each, its condition, and what records become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from he_sync.flows.mapped.recorded import Recorded
from he_sync.mapping.expressions.kinds import written
from he_sync.mapping.spec.columns import picked
from he_sync.mapping.spec.compiled import Engine
from he_sync.mapping.spec.editing import with_entry
from he_sync.mapping.spec.model import TAKES, Place, StepUse
from he_sync.mapping.spec.parameters import Parameter, zones
from he_sync.mapping.spec.steps import STEPS
from he_sync.mapping.spec.writing import entry_data, step_data
from he_sync.model.errors import FixInput
from he_sync.web.console.forms import Form
from he_sync.web.console.mapping.canvas import previewed, told
from he_sync.web.console.mapping.cells import OPERATORS, condition, parameter_text, parameter_value, shown, typed
from he_sync.web.console.mapping.drawing import read_by
from he_sync.web.console.mapping.room import looked, named, raw, room_of
from he_sync.web.console.render import done, page

TRIED = 5
"""Records that are shown as they become."""
NOWHERE = Place(0, 0, "")
WAYS = {"from": "a field", "sql": "an expression", "value": "a value", "lines": "its lines"}


@dataclass(frozen=True)
class Input:
    """One parameter of a step as an input of the form."""

    parameter: Parameter
    name: str
    text: str


@dataclass(frozen=True)
class Shown:
    """One step of the form."""

    number: int
    name: str
    words: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True)
class Tried:
    """One record: what the field reads of it, and what it becomes or why not."""

    entity: str
    reads: str
    becomes: str
    wrong: str


def field(request: Request) -> Response:
    """GET /mappings/NAME/fields/TARGET: the page."""
    room, name, target = room_of(request), named(request), str(request.path_params["target"])
    draft = room.draft(name)
    seen = looked(draft.text, name)
    if seen.engine is None or target not in seen.engine.mapping.target.fields:
        raise FixInput(f"{name} has no target field {target[:60]}, or its YAML cannot be read")
    mapping = seen.engine.mapping
    entry = mapping.entries.get(target)
    data = entry_data(entry) if entry else {}
    values: dict[str, Any] = {
        "which": name,
        "target": target,
        "kind": written(mapping.target.fields[target]),
        "draft": draft,
        "mapping": mapping,
        "way": next((way for way in WAYS if way in data), "from"),
        "ways": WAYS,
        "takes": TAKES,
        "data": data,
        "value": shown(data.get("value")),
        "otherwise": shown(data.get("otherwise")),
        "steps": [_shown(number, use) for number, use in enumerate(entry.steps)] if entry else [],
        "known": STEPS,
        "operators": OPERATORS,
        "zones": zones(),
        "wrong": seen.at(f"map.{target}"),
        "tried": _tried(seen.engine, target, room.documents(name, mapping.source.record, TRIED)),
    }
    return page(request, "mapping_field", f"{target} of {name}", **values)


def _shown(number: int, use: StepUse) -> Shown:
    step = STEPS[use.name]
    inputs = [Input(one, f"step:{number}:{one.name}", parameter_text(one, use.given)) for one in step.parameters]
    return Shown(number, step.name, step.words, tuple(inputs))


def _tried(engine: Engine, target: str, documents: Sequence[Recorded]) -> list[Tried]:
    entry = engine.mapping.entries.get(target)
    reads = [one for one in read_by(entry) if one in engine.mapping.source.fields] if entry else []
    found = []
    for one in documents:
        values, failures = previewed(engine, one)
        seen = ", ".join(f"{name} {told(picked([one.document], name)[0])!r}" for name in reads)
        why = "; ".join(failures[key] for key in (target, *reads, "") if key in failures)
        found.append(Tried(one.entity, seen, told(values.get(target)), why))
    return found


def change(request: Request, form: Form) -> Response:
    """POST /mappings/NAME/fields/TARGET: `do` is keep, add, remove:N, up:N, condition or forget."""
    room, name, target, what = room_of(request), named(request), str(request.path_params["target"]), form.one("do")
    draft = room.draft(name)
    engine = looked(draft.text, name).engine
    if engine is None:
        raise FixInput("the draft is no YAML at the moment; mend it on its YAML page first")
    data = None if what == "forget" else _data(form, engine, what)
    room.desk.edit(name, room.who, form.one("mark"), lambda text: with_entry(text, target, data))
    where = "" if what == "keep" else "#steps" if what.split(":")[0] in {"add", "remove", "up"} else "#condition"
    if what == "forget":
        return done(f"/mappings/{name}", f"{target} is not mapped any more")
    return done(f"/mappings/{name}/fields/{target}{where}", "kept in your draft")


def _data(form: Form, engine: Engine, what: str) -> dict[str, Any]:
    data, steps = _start(form), _steps(form)
    verb, _, number = what.partition(":")
    place = int(number) if number.isdecimal() else 0
    if verb == "add" and form.one("new") in STEPS:
        steps.append(_begun(form.one("new"), engine))
    elif verb == "remove" and place < len(steps):
        del steps[place]
    elif verb == "up" and 0 < place < len(steps):
        steps[place - 1], steps[place] = steps[place], steps[place - 1]
    only = raw(form, "only").strip()
    if verb == "condition":
        only = _added(form, engine, only)
    data |= {"steps": steps} if steps else {}
    data |= {"only": only} if only else {}
    otherwise = typed(raw(form, "otherwise"))
    return data | ({"otherwise": otherwise} if only and otherwise is not None else {})


def _start(form: Form) -> dict[str, Any]:
    way = form.one("way")
    if way == "from":
        return {"from": form.one("from")}
    if way == "sql":
        return {"sql": raw(form, "sql").strip()}
    if way == "value":
        return {"value": typed(raw(form, "value"))}
    texts = {key: raw(form, f"lines.{key}").strip() for key in ("of", "take", "sql", "only")}
    by = raw(form, "lines.by")
    return {
        "lines": {key: text for key, text in texts.items() if text} | ({"by": by} if texts["take"] == "join" else {})
    }


def _steps(form: Form) -> list[Any]:
    found = []
    for number, name in enumerate(form.many("step")):
        if name in STEPS:
            given = {
                one.name: parameter_value(one, raw(form, f"step:{number}:{one.name}")) for one in STEPS[name].parameters
            }
            found.append(step_data(StepUse(name, given, NOWHERE)))
    return found


def _begun(name: str, engine: Engine) -> Any:
    """A step just added: what must be given begins with something that is right."""
    firsts: Mapping[str, Any] = {
        "field": next(iter(engine.mapping.source.fields), ""),
        "fields": list(engine.mapping.source.fields)[:1],
        "table": next(iter(engine.mapping.tables), ""),
        "zone": "UTC",
        "exact": 1,
        "any": 0,
        "text": "-",
    }
    given = {
        one.name: one.choices[0] if one.choices else max(one.low, 1) if one.kind == "whole" else firsts[one.kind]
        for one in STEPS[name].parameters
        if one.default is None
    }
    return step_data(StepUse(name, given, NOWHERE))


def _added(form: Form, engine: Engine, only: str) -> str:
    field_name = form.one("condition.field")
    kind = engine.mapping.source.fields.get(field_name)
    if kind is None:
        raise FixInput(f"choose the field of the condition; there is no {field_name[:60]!r}")
    fresh = condition(field_name, kind, form.one("condition.operator"), form.one("condition.value"))
    return f"({only}) AND {fresh}" if " or " in only.lower() else f"{only} AND {fresh}" if only else fresh
