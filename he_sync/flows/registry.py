"""Which steps there are, by name. A flow file can only name what is registered here: no expression, no import path.

A room brings its steps as one `Steps`; a name may be brought once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from he_sync.flows import ownership, spec
from he_sync.flows.case import StepFunction, Steps
from he_sync.flows.fulfilment.steps import STEPS as FULFILMENT
from he_sync.flows.mapped import copying
from he_sync.flows.ownership import Owner
from he_sync.flows.spec import Flow
from he_sync.flows.steps import accounts, customers, documents, orders, parts, returns, rules
from he_sync.model.errors import BrokenPromise, FixInput

KINDS = ("readers", "validators", "matchers", "mappers", "deciders", "reports")
BOTH_WAYS = ("customer", "account_fields")
FOLDER = Path(__file__).resolve().parents[2] / "assets" / "flows"


def joined(rooms: Iterable[Steps]) -> Steps:
    """The steps of several rooms as one. Raises BrokenPromise for a name that two rooms bring."""
    found: dict[str, dict[str, StepFunction]] = {kind: {} for kind in KINDS}
    for room in rooms:
        for kind, named in found.items():
            mine = getattr(room, kind)
            if twice := sorted(named.keys() & mine.keys()):
                raise BrokenPromise(f"{kind} named {', '.join(twice)} are registered twice")
            named.update(mine)
    return Steps(**found)


STEPS = joined(
    (
        documents.STEPS,
        rules.STEPS,
        customers.STEPS,
        accounts.STEPS,
        orders.STEPS,
        parts.STEPS,
        returns.STEPS,
        FULFILMENT,
        copying.STEPS,
    )
)


def unknown(flow: Flow) -> Iterator[str]:
    """One line for each step that a flow names and nobody registered: place, name, and what there is."""
    wanted = {
        "read": ("readers", (flow.read,)),
        "validate": ("validators", flow.checks),
        "match.customers": ("matchers", flow.match.customers if flow.match else ()),
        "map.to": ("mappers", (flow.map.to,) if flow.map else ()),
        "decide": ("deciders", (flow.decider,) if flow.decider else ()),
        "report_back": ("reports", flow.report_back),
    }
    for place, (kind, names) in wanted.items():
        there = getattr(STEPS, kind)
        for name in names:
            if name not in there:
                yield f"attributes.{place}: nothing is registered as {name!r}; there is {', '.join(sorted(there))}"
    if not flow.decider:
        yield "attributes.decide: name a step, or a mapping whose name says it"
    yield from copying.odd(flow)


def steps_of(flow: Flow) -> list[StepFunction]:
    """The steps of a flow in the order in which they run, after the reader; routes come between, see run.py."""
    found = [STEPS.validators[name] for name in flow.checks]
    found += [STEPS.matchers[name] for name in flow.match.customers] if flow.match else []
    found += [STEPS.mappers[flow.map.to]] if flow.map else []
    return [*found, STEPS.deciders[flow.decider]]


def load(path: Path) -> Flow:
    """A flow file, whose steps are all there. Raises FixInput with a line for each problem."""
    return known(spec.read(path), path)


def known(text: str, path: Path) -> Flow:
    """The flow in a text, whose steps are all there. Raises FixInput with a line for each problem."""
    flow = spec.parsed(text, path)
    if wrong := list(unknown(flow)):
        raise FixInput("\n".join(f"{path}: {line}" for line in wrong))
    return flow


def files(folder: Path = FOLDER) -> list[Path]:
    """Flow files of an installation, by name. Raises FixInput where there are none."""
    found = sorted(folder.glob("*/defs.yaml"))
    if not found:
        raise FixInput(f"{folder} holds no flow: a flow is a folder with a defs.yaml")
    return found


def load_all(folder: Path = FOLDER) -> tuple[Flow, ...]:
    """Every flow of an installation. Raises FixInput with a line for each problem in any file."""
    flows, wrong = [], []
    for path in files(folder):
        try:
            flows.append(load(path))
        except FixInput as error:
            wrong.append(str(error))
    wrong += [f"{folder}: {line}" for line in at_odds(flows)]
    if wrong:
        raise FixInput("\n".join(wrong))
    return tuple(flows)


def at_odds(flows: Sequence[Flow]) -> list[str]:
    """What is wrong with flows only beside each other, a line each."""
    names = [flow.name for flow in flows]
    twice = [f"two flows are called {name}" for name in sorted({n for n in names if names.count(n) > 1})]
    return [*twice, *_owners_differ(flows)]


def person_owners(flows: Iterable[Flow]) -> Mapping[str, Owner]:
    """Whose the fields of a customer are, as the flow that writes them to Epicor says."""
    said = next((flow.map.owners for flow in flows if flow.map and flow.map.to == BOTH_WAYS[0]), None)
    return ownership.owners(said)


def _owners_differ(flows: Iterable[Flow]) -> Iterator[str]:
    """Two flows write a customer's fields, one to each side: a field with two owners would go to and fro for ever."""
    said = {flow.name: flow.map.owners for flow in flows if flow.map and flow.map.to in BOTH_WAYS}
    if len({tuple(sorted(owners.items())) for owners in said.values()}) > 1:
        yield f"the flows {' and '.join(sorted(said))} name different map.owners; make them agree"
