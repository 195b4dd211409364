"""`he-sync flows`: flow files checked, one flow run over one record, what it would change, the form of a flow file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from he_sync.flows import history, registry, spec
from he_sync.flows.case import Case
from he_sync.flows.design.checking import complaints
from he_sync.flows.drain import drain
from he_sync.flows.folder import flows_folder
from he_sync.flows.run import Works, run
from he_sync.flows.spec import Flow
from he_sync.flows.workshop import works
from he_sync.model.errors import FixInput
from he_sync.settings import store_address
from he_sync.store import good_flows, inbox
from he_sync.store.canonical import canonical_json
from he_sync.store.database import open_store
from he_sync.store.effects import Effect
from he_sync.store.inbox import Arrival

BAD_INPUT = 2
KINDS = (
    *("order", "ticket", "invoice", "customer", "item", "payment"),
    *("erp_order", "erp_job", "erp_shipment", "erp_part", "erp_customer"),
)
ANY_RECORD = re.compile(r"erp_[a-z][a-z0-9_]*")
"""What a flow with the part `record` calls its records: by their table."""
app = typer.Typer(no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON")]
Name = Annotated[str, typer.Argument(help="The flow's name, e.g. order_to_fulfilment")]
Entity = Annotated[str, typer.Option(help='The record, e.g. "order 117060"')]


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Flow files; none: those of this installation")] = None,
    as_json: AsJson = False,
) -> None:
    """Check flow files: form, names of steps, values. One line a problem; exit code 2 where there is one.

    Of a file that is wrong it says too which version of it runs meanwhile.
    """
    wrong = {path: lines for path in files or registry.files(flows_folder()) if (lines := complaints(path))}
    found = [line for lines in wrong.values() for line in lines] or ([] if files else _at_odds())
    found += _instead(wrong)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    elif found:
        typer.echo("\n".join(found), err=True)
    else:
        typer.echo(f"{len(files or registry.files(flows_folder()))} flow files are right")
    if found:
        raise typer.Exit(BAD_INPUT)


def _at_odds() -> list[str]:
    """What is wrong with the installation's flows only beside each other."""
    try:
        registry.load_all(flows_folder())
    except FixInput as error:
        return str(error).split("\n")
    return []


def _instead(wrong: Iterable[Path]) -> list[str]:
    """What runs in the place of files that are wrong, where this installation has run before."""
    address = store_address()
    if isinstance(address, Path) and not address.exists():
        return []
    with open_store(address) as store:
        kept = good_flows.listing(store)
    good = [kept[path.parent.name] for path in wrong if path.parent.name in kept]
    return [f"{one.file}: as it was on {one.since:%Y-%m-%d %H:%M} ({one.digest[:10]}) it goes on" for one in good]


@app.command()
def schema() -> None:
    """The JSON schema of a flow file, for editors."""
    typer.echo(json.dumps(spec.schema(), indent=1))


@dataclass(frozen=True)
class Change:
    """What a flow would do about one record: effects with old and new, withdrawals, or why nothing."""

    flow: str
    entity: str
    problem: str = ""
    quiet: str = ""
    effects: list[dict[str, Any]] = field(default_factory=list)
    withdraws: list[str] = field(default_factory=list)


@app.command()
def diff(name: Name, entity: Entity, as_json: AsJson = False) -> None:
    """What a flow would change about one record, old -> new. Nothing is written, here or elsewhere."""
    with works() as place:
        flow = _flow(place, name)
        change = _change(place, flow, _entity(entity))
    _show(change, as_json=as_json)


@app.command("run")
def run_flow(
    name: Name,
    entity: Entity,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a flow over one record now, through the inbox like any event; a drain that runs already takes it."""
    if dry_run:
        diff(name, entity, as_json)
        return
    with works() as place:
        flow, now = _flow(place, name), datetime.now(UTC)
        source, _, topic = flow.trigger.topics[0].partition("/")
        given = f"he-sync flows run {now.isoformat()}"
        digest = sha256(given.encode()).hexdigest()
        inbox.put(place.store, [Arrival(source, topic, given, _entity(entity), "", "{}", digest, "replay")])
        drained = drain(place, "flows run", linger_seconds=0)
        told = [step for step in history.of(place.store, entity) if step.at >= now]
    if as_json:
        steps = [{"at": step.at.isoformat(), "step": step.step, "summary": step.summary} for step in told]
        typer.echo(json.dumps({"held": drained.held, "alarm": drained.alarm, "story": steps}, indent=1))
    else:
        typer.echo("\n".join(f"{step.step}: {step.summary}" for step in told) or "a drain that runs already takes it")
    if drained.alarm:
        raise FixInput(drained.alarm)


def _flow(place: Works, name: str) -> Flow:
    if flow := place.flow(name):
        return flow
    raise FixInput(f"no flow is called {name!r}; there is {', '.join(flow.name for flow in place.flows)}")


def _entity(text: str) -> str:
    kind, _, number = text.partition(" ")
    if not (kind in KINDS or ANY_RECORD.fullmatch(kind)) or not number.strip() or len(text) > 80:  # noqa: PLR2004 - the longest id and its kind
        raise FixInput(f'{text[:80]!r} names no record; write it as "order 117060" ({", ".join(KINDS)})')
    return text


def _change(place: Works, flow: Flow, entity: str) -> Change:
    [case] = run(flow, [Case(entity, ())], place.desk(flow, datetime.now(UTC)))
    quiet = case.quiet or case.later
    effects = [] if case.problem else [_effect(one) for one in case.effects]
    return Change(
        flow.name,
        entity,
        case.problem.plain if case.problem else "",
        quiet,
        effects,
        [key[:10] for key in case.withdraw],
    )


def _effect(one: Effect) -> dict[str, Any]:
    kept = {"kind": one.kind, "target": one.target, "of": one.entity, "summary": one.summary, "key": one.key[:10]}
    waits = one.waits_because if not one.limit_ok else ""
    changes = one.body.get("diff") or [{"what": one.kind, "old": "", "new": canonical_json(one.body)}]
    return {**kept, "waits": waits, "changes": changes}


def _show(change: Change, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(change), indent=1, default=str))
    else:
        _print(Console(soft_wrap=True), change)
    if change.problem:
        raise typer.Exit(1)


def _print(console: Console, change: Change) -> None:
    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    if change.problem or change.quiet:
        say(f"{change.entity}: {change.problem or change.quiet}")
    for key in change.withdraws:
        say(f"withdraw {key}")
    for effect in change.effects:
        say(f"{effect['target']}: {effect['summary']}" + (f" (waits: {effect['waits']})" if effect["waits"] else ""))
        for row in effect["changes"]:
            say(f"  {row['what']}: {row['old'] or 'nothing'} -> {row['new'] or 'nothing'}")
