"""`he-sync anomalies`: alerts over files of orders, lines, payments and fees, and mutes that end."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from he_sync.model.errors import FixInput
from he_sync.quality.anomalies.alert import Alert
from he_sync.quality.anomalies.check import Span, check
from he_sync.quality.anomalies.known_days import us_retail
from he_sync.quality.anomalies.mutes import ANY, mute, muted_by, read_mutes, write_mutes
from he_sync.quality.anomalies.reading import Records, records
from he_sync.quality.anomalies.settings import read_settings

app = typer.Typer(no_args_is_help=True)
FOUND = 1
SHOWN = 20
MutesOf = Annotated[Path | None, typer.Option("--mutes", metavar="FILE.json", help="Made by `anomalies mute`")]


@app.callback()
def verbs() -> None:
    """Unusual days, shares and lines."""


@app.command("check")
def check_files(  # noqa: PLR0913, PLR0917 - one argument an option
    orders: Annotated[Path, typer.Argument(metavar="ORDERS", help="CSV or Parquet: all dates, the past too")],
    out: Annotated[Path, typer.Option("--out", metavar="ALERTS.json", help="Where the alerts go, with their rows")],
    day: Annotated[str, typer.Option("--day", help="Business date that is judged; the last one there without it")] = "",
    since: Annotated[str, typer.Option("--since", help="First judged date, where it is more than one")] = "",
    lines: Annotated[Path | None, typer.Option("--lines", help="Lines of the orders: prices, quantities")] = None,
    payments: Annotated[Path | None, typer.Option("--payments", help="Payments: tender mix")] = None,
    fees: Annotated[Path | None, typer.Option("--fees", help="Settled amounts and fees: fee rate")] = None,
    days: Annotated[
        Path | None, typer.Option("--days", metavar="DAYS.csv", help="Known days: columns date and name")
    ] = None,
    us: Annotated[bool, typer.Option("--us-holidays", help="Know the United States' shopping days too")] = False,
    settings: Annotated[Path | None, typer.Option("--settings", metavar="FILE.yaml", help="Budgets, limits")] = None,
    mutes: MutesOf = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON")] = False,
) -> None:
    """Judge dates by the dates before them; exit 1 where an alert is not muted."""
    _writable(out)
    chosen, quiet = read_settings(settings), read_mutes(mutes)
    given = records({"orders": orders, "lines": lines, "payments": payments, "fees": fees})
    span = _span(given, day, since, orders)
    known = _known(days, given, span, us=us)
    found = [(one, muted_by(one, quiet)) for one in check(given, span, known, chosen)]
    _write(out, [one.plain() | {"muted": why.reason if why else ""} for one, why in found])
    _said([one for one, why in found if why is None], len(found), as_json)


@app.command("mute")
def mute_alerts(
    mutes: Annotated[Path, typer.Argument(metavar="MUTES.json", help="Made at the first mute")],
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="The last business date that is muted")],
    reason: Annotated[str, typer.Option("--reason", help="Why nobody needs to hear of it")],
    check_name: Annotated[str, typer.Option("--check", help="One check, as alerts name it; all without it")] = ANY,
    subject: Annotated[str, typer.Option("--subject", help="One store or item; all without it")] = ANY,
) -> None:
    """Say that alerts of a check, a subject or both need nobody until a date."""
    _writable(mutes)
    write_mutes(mutes, [*read_mutes(mutes), mute(check_name, subject, until, reason)])


def _span(given: Records, day: str, since: str, path: Path) -> Span:
    if given.orders.empty:
        raise FixInput(f"{path}: no rows; what is usual is learned from them")
    last = _date("--day", day) if day else date.fromisoformat(str(given.orders["business_date"].max()))
    first = _date("--since", since) if since else last
    if first > last:
        raise FixInput(f"--since {first} is after --day {last}")
    return Span(first, last)


def _date(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise FixInput(f"{option} {text!r} is no date; write YYYY-MM-DD") from None


def _known(path: Path | None, given: Records, span: Span, *, us: bool) -> dict[date, str]:
    """Names by date of the file; they win over holidays."""
    start = date.fromisoformat(str(given.orders["business_date"].min()))
    known = us_retail(start, span.last) if us else {}
    if path is None:
        return known
    if not path.is_file():
        raise FixInput(f"{path}: no such file")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {"date", "name"} <= set(rows.fieldnames or ()):
            raise FixInput(f"{path}: row 1: known days have the columns date and name")
        for number, row in enumerate(rows, 2):
            known |= {_day_of(path, number, row): str(row["name"]).strip()}
    return known


def _day_of(path: Path, number: int, row: dict[str, Any]) -> date:
    try:
        day = date.fromisoformat(str(row["date"]).strip())
    except ValueError:
        raise FixInput(f"{path}: row {number}: date {row['date']!r} is no date; write YYYY-MM-DD") from None
    if not str(row["name"] or "").strip():
        raise FixInput(f"{path}: row {number}: a known day has a name; the same day of another year has the same one")
    return day


def _writable(path: Path) -> None:
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise FixInput(f"{path}: is a folder, or in none that is there")


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _said(loud: Sequence[Alert], whole: int, as_json: bool) -> None:
    counts = {"alerts": len(loud), "muted": whole - len(loud)}
    if as_json:
        typer.echo(json.dumps(counts))
    else:
        shown = Table("check", "subject", "date", "expected", "seen", "why")
        for one in loud[:SHOWN]:
            shown.add_row(one.check, one.subject, one.business_date, one.expected, one.seen, one.why)
        if loud:
            Console().print(shown)
        typer.echo(f"{counts['alerts']} alerts, {counts['muted']} muted")
    if loud:
        raise typer.Exit(FOUND)
