"""`he-sync rules routes` and `adopt`: approval thresholds and account rules from history, tested before anyone asks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Shown

from he_sync.cli.rules_files import given
from he_sync.flows.spec import parsed, read
from he_sync.mapping.shelf.files import put
from he_sync.mapping.suggest.memory import write_whole
from he_sync.model.errors import FixInput
from he_sync.quality.rules.accounts import Tested, accounts
from he_sync.quality.rules.history import AGAINST, History, column_of, history, was_against
from he_sync.quality.rules.thresholds import Seen, Threshold, thresholds

WIDE = 140
"""Characters of a line where the output is no terminal."""
LIKELY = {
    "amount": r"^(order_?)?(amount|total|value|worth)(_minor|_cents)?$",
    "new": r"new",
    "margin": r"margin",
    "decision": r"^(decision|outcome|state|status|approved)$",
    "account": r"^(gl_?)?account(_?(no|number|id|code))?$",
}
"""By what a history is asked for: how its column is usually called."""


def routes(  # noqa: PLR0913, PLR0917 - one argument an option
    past: Annotated[Path, typer.Argument(metavar="HISTORY", help="Decisions, or ledger lines: CSV or Parquet")],
    out: Annotated[Path, typer.Option("--out", metavar="OUT.json", help="Where the suggestions go")],
    decision: Annotated[str, typer.Option("--decision", help="Column of what was decided")] = "",
    against: Annotated[str, typer.Option("--against", help="Decisions in which a person stepped in")] = ",".join(
        AGAINST
    ),
    amount: Annotated[str, typer.Option("--amount", help="Column of what an order comes to")] = "",
    account: Annotated[str, typer.Option("--account", help="Column of the account of a ledger line")] = "",
    date: Annotated[str, typer.Option("--date", help="Column of dates; none: the first one")] = "",
    encoding: Annotated[str, typer.Option("--encoding", help="Of CSV files")] = "utf-8",
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON")] = False,
) -> None:
    """Suggest approval thresholds and account rules; only what the later part of the history confirms is proposed."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise FixInput(f"{out}: cannot be written; name a file in a folder that exists")
    [(entity, frame)] = given([past], encoding).frames.items()
    told = history(str(past), frame, date)
    named = {"decision": decision, "amount": amount, "account": account}
    columns = {what: column_of(str(past), frame, named.get(what, ""), likely) for what, likely in LIKELY.items()}
    if not columns["decision"] and not columns["account"]:
        raise FixInput(f"{past}: has neither decisions nor accounts; name a column with --decision or --account")
    limits = _thresholds(str(past), told, columns, against.split(","))
    booked = accounts(entity, told, columns["account"]) if columns["account"] else []
    left = [*(one.plain() for one in limits if not one.holds), *(one.plain() for one in booked if not one.holds)]
    rules, found = [one.plain() for one in booked if one.holds], [one.plain() for one in limits if one.holds]
    write_whole(out, {"rules": rules, "routes": found, "left_out": left})
    counts = {"routes": len(found), "account_rules": len(rules), "left_out": len(left)}
    typer.echo(json.dumps(counts)) if as_json else _show(limits, booked, counts)


def _thresholds(name: str, past: History, columns: Mapping[str, str], words: Sequence[str]) -> list[Threshold]:
    if not columns["decision"]:
        return []
    against = was_against(past.rows[columns["decision"]], words)
    if not against.any():
        raise FixInput(f"{name}: no {columns['decision']} is one of {', '.join(words)}; name yours with --against")
    return list(thresholds(past, against, {what: columns[what] for what in ("amount", "new", "margin")}))


def adopt(
    suggestions: Annotated[Path, typer.Argument(metavar="OUT.json", help="What `rules routes` wrote")],
    rule: Annotated[str, typer.Option("--rule", metavar="ID", help="The route's id")],
    flow: Annotated[Path, typer.Option("--flow", metavar="FILE", help="A flow file (docs/flows.md)")],
) -> None:
    """Put a suggested route into a flow file as its first, and raise the flow's version; nothing else of it changes."""
    found = _route(suggestions, rule)
    text = read(flow)
    parsed(text, flow)
    line = "- {" + ", ".join(f"{name}: {_quoted(name, value)}" for name, value in found.items()) + "}"
    made = _with_route(text, line, flow)
    parsed(made, flow)
    put(flow, made)
    typer.echo(f"{flow}: {line}")


def _route(path: Path, wanted: str) -> dict[str, str]:
    try:
        listed = json.loads(path.read_text(encoding="utf-8"))["routes"]
        fits = [one["route"] for one in listed if str(one["id"]).startswith(wanted.lower())]
    except OSError as error:
        raise FixInput(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, KeyError, TypeError):
        raise FixInput(f"{path}: is no file of routes; `he-sync rules routes` writes one") from None
    if len(fits) != 1:
        raise FixInput(f"{path}: {len(fits)} routes have an id that begins with {wanted!r}; each has its `id` there")
    return {str(name): str(value) for name, value in fits[0].items()}


def _quoted(name: str, value: str) -> str:
    """Amounts and words in quotes: YAML reads a bare amount inexactly."""
    return value if name in {"when", "to"} else json.dumps(value)


def _with_route(text: str, line: str, flow: Path) -> str:
    """Before the routes that stand there, or before `push` where there is none. Raises FixInput for another layout."""
    routed = re.search(r"^( *)route:[ ]*\n( *)- ", text, flags=re.MULTILINE)
    version = re.search(r"^( *version: *)(\d+)", text, flags=re.MULTILINE)
    pushed = re.search(r"^( *)push:", text, flags=re.MULTILINE)
    if version and routed:
        at = routed.end(2) - len(routed[2])
        text = f"{text[:at]}{routed[2]}{line}\n{text[at:]}"
    elif version and pushed and not re.search(r"^ *route:", text, flags=re.MULTILINE):
        text = f"{text[: pushed.start()]}{pushed[1]}route:\n{pushed[1]}  {line}\n{text[pushed.start() :]}"
    else:
        raise FixInput(f"{flow}: its `route` is no list of one line each; add `{line}` by hand")
    return text[: version.start(2)] + str(int(version[2]) + 1) + text[version.end(2) :]


def _show(limits: Sequence[Threshold], booked: Sequence[Tested], counts: Mapping[str, int]) -> None:
    title = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    shown = Shown(title=title, title_justify="left")
    for name in ("id", "suggestion", "earlier", "later", ""):
        shown.add_column(name)
    for limit in limits:
        text = f"{limit.when} {limit.option} {limit.value:,f}: ask"
        shown.add_row(limit.id, text, _said(limit.earlier), _said(limit.later), "" if limit.holds else "left out")
    for one in booked:
        earlier, later = (f"{rows} rows, {off} elsewhere" for rows, off in _rows(one))
        shown.add_row(one.rule.id, one.rule.text, earlier, later, "" if one.holds else "left out")
    Console(width=max(Console().width, WIDE)).print(shown)


def _rows(one: Tested) -> list[tuple[Any, ...]]:
    return [(one.rule.support, len(one.rule.exceptions)), (one.later, one.elsewhere)]


def _said(seen: Seen) -> str:
    return f"asks {seen.asked} of {seen.rows}, {seen.rejected} rejected; {seen.let_through} let through"
