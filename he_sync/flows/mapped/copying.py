"""Records of any kind carried from Epicor to Heartland by a mapping file: a flow of its own without Python.

The flow's `record` part says where a row is read, which mapping it goes through, where it goes and by which field it is
known there. Epicor owns what is mapped: an edit of it in the shop stands until Epicor's row changes again. What Epicor
deletes stays in the shop.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from he_sync.connect import alarms
from he_sync.connect.epicor_answers import same
from he_sync.flows import plan
from he_sync.flows.case import Case, Desk, StepFunction, Steps, each, going, kept_text
from he_sync.flows.spec import Flow, Record
from he_sync.flows.steps.standing import Standing, of_entities
from he_sync.model.calendar import business_date
from he_sync.model.errors import BrokenPromise, FixInput, FixSettings
from he_sync.settings import home_and_profile, variable
from he_sync.store.applied import project
from he_sync.store.canonical import content_hash
from he_sync.store.effects import Effect

PUT = "put_record"
FACT = "mapped"
PEOPLE = ("team:integrations",)
READ, MAPPED, DECIDE = "epicor_record", "mapped", "record"
Row = Mapping[str, Any]


def record_of(flow: Flow) -> Record:
    """The flow's `record` part. Raises BrokenPromise without one; the registry refuses such a flow."""
    if flow.record is None:
        raise BrokenPromise(f"{flow.name} has no part `record`")
    return flow.record


def odd(flow: Flow) -> Iterable[str]:
    """What is wrong with a flow that carries records, or names a step that only such a flow may."""
    named = {"read": flow.read, "map.to": flow.map.to if flow.map else "", "decide": flow.decider}
    wanted = {"read": READ, "map.to": MAPPED, "decide": DECIDE}
    if flow.record is None:
        for place, name in named.items():
            if name == wanted[place]:
                yield f"attributes.{place}: {name} needs the part `record` (docs/flows.md)"
        return
    for place, name in wanted.items():
        if named[place] != name:
            yield f"attributes.{place}: is {named[place]!r}; a flow with the part `record` says {name}"
    if len(flow.trigger.topics) != 1 or not flow.trigger.topics[0].startswith("epicor/"):
        yield "attributes.trigger.topics: a flow with the part `record` has one topic, epicor/ and its table"


def kind_of(flow: Flow) -> str:
    """What its records are called: "erp_vendor" of epicor/Vendor."""
    return f"erp_{flow.trigger.topics[0].partition('/')[2].lower()}"


# reading


def _read(cases: list[Case], desk: Desk) -> list[Case]:
    record = record_of(desk.flow)
    keys = {case.entity: _key(case, record) for case in going(cases) if case.kind == kind_of(desk.flow)}
    wanted = [key for key in keys.values() if key is not None]
    rows = desk.systems.epicor.read_any(record.service, record.set, record.key, wanted) if wanted else []
    found = {row[record.key]: row for row in rows}
    return [case if case.settled else _with_row(case, found.get(keys.get(case.entity)), desk) for case in cases]


def _key(case: Case, record: Record) -> int | str | None:
    if record.key_is == "text":
        return case.number
    return int(case.number) if case.number.isdecimal() else None


def _with_row(case: Case, row: Row | None, desk: Desk) -> Case:
    if row is None:
        return case.still(f"Epicor has no {case.entity}; what the shop has of it stays")
    version = f"{int(row.get('SysRevID') or 0):020d}"
    return replace(case, document=row).know(version=version).told("read", f"as of {version}", desk, kept_text(row))


# mapping


def _mapped(cases: list[Case], desk: Desk) -> list[Case]:
    return _mapper(_folder(), record_of(desk.flow).mapping)(cases, desk)


def _folder() -> str:
    """The shelf that the console edits too."""
    home, _ = home_and_profile()
    return variable("HE_MAPPINGS", os.environ, str(home / "mappings"))


@cache
def _mapper(folder: str, name: str) -> StepFunction:
    """One engine a mapping and process; it follows the live version by itself."""
    from he_sync.flows.mapped.step import Live, mapper  # noqa: PLC0415 - Polars, 0.2 s that no other flow needs
    from he_sync.mapping.shelf.versions import shelf  # noqa: PLC0415

    live = Live(shelf(Path(folder)), name, lambda why: _wrong(name, why))
    step = mapper(live)

    def run(cases: list[Case], desk: Desk) -> list[Case]:
        try:
            live()
        except FixInput as error:
            raise FixSettings(f"{error}; save it in the console or at {live.shelf.path(name)}") from None
        return step(cases, desk)

    return run


def _wrong(name: str, why: str) -> None:
    text = f"{why}; the version before it goes on"
    alarms.tell(home_and_profile()[0], alarms.Alarm(f"mapping {name} is wrong", text, PEOPLE), datetime.now(UTC))


# deciding


def decide(cases: list[Case], desk: Desk) -> list[Case]:
    """What the shop lacks of each record, against the shop's own rows."""
    record, some = record_of(desk.flow), going(cases)
    known = of_entities(desk.store, [case.entity for case in some], "heartland")
    there = _there(record, [case.facts[FACT].get(record.known_by) for case in some], desk)
    return each(lambda case, at: _decide(case, known[case.entity], there, at))(cases, desk)


def _there(record: Record, names: Iterable[Any], desk: Desk) -> dict[str, list[Row]]:
    """The shop's rows by what they are known by; more than one of a name is a person's question."""
    wanted = sorted({str(name) for name in names if name})
    found: dict[str, list[Row]] = {}
    for page in desk.systems.heartland.walk(record.into, {record.known_by: {"$in": wanted}}) if wanted else ():
        for row in page:
            found.setdefault(str(row.get(record.known_by)), []).append(row)
    return found


def _decide(case: Case, standing: Standing, there: Mapping[str, list[Row]], desk: Desk) -> Case:
    record, fields, version = record_of(desk.flow), case.facts[FACT], case.facts["version"]
    name = fields.get(record.known_by)
    if not name:
        text = f"{case.entity} has no {record.known_by}, by which {record.into} knows it"
        return case.fail(record.known_by, "is not empty", text)
    if standing.applied and version < standing.applied.version:
        return case.still(f"read as of {version}, and the shop was told of {standing.applied.version} already")
    rows = there.get(str(name), [])
    if len(rows) > 1:
        ids = ", ".join(str(row["id"]) for row in rows)
        return case.fail(
            record.known_by, "names one record", f"{record.into} {ids} are both {name}; rename all but one"
        )
    return _planned(case, standing, rows[0] if rows else {}, desk)


def _planned(case: Case, standing: Standing, row: Row, desk: Desk) -> Case:
    record, fields = record_of(desk.flow), case.facts[FACT]
    case = replace(case, applied=project(case.entity, "heartland", case.facts["version"], fields, desk.now))
    changed = {name: value for name, value in fields.items() if not same(row.get(name), value)}
    waiting = standing.unsent(PUT)
    if not changed:
        return replace(case, withdraw=waiting).still("the shop has all of this")
    diff = [{"what": name, "old": _shown(row.get(name)), "new": _shown(value)} for name, value in changed.items()]
    body = {"path": record.into, "known_by": record.known_by, "fields": fields, "diff": diff}
    content = f"{record.into}|{case.facts['version']}|{content_hash(fields)}|{standing.count(PUT)}"
    key = plan.key(desk.retailer, PUT, case.entity, content)
    said = "; ".join(f"{one['what']}: {one['old'] or 'nothing'} -> {one['new'] or 'nothing'}" for one in diff)
    text = f"{'change' if row else 'create'} {record.into} {fields[record.known_by]}: {said}"
    day = business_date(desk.now, desk.retailer.timezone, 0).isoformat()
    effect = Effect(key, PUT, "heartland", case.entity, day, body, limit_ok=True, summary=text)
    planned = replace(case, effects=(effect,), withdraw=waiting)
    return planned.told("decided", text, desk, effect_key=key)


def _shown(value: Any) -> str:
    return "" if value is None else str(value)


STEPS = Steps(readers={READ: _read}, mappers={MAPPED: _mapped}, deciders={DECIDE: decide})
